"""Definitions each of which calls the one before twice: the program that is compiled, derivatives included, grows with their number and does
not double with each. f_k(x) is the sum over j of (k over j) sin(x / 2**j).

# RUN: %python %s %tlc
"""

import math
import subprocess
import sys
import tempfile


def chain(k, lines):
    calls = [f"def d{i}(x: f64) -> f64 = d{i - 1}(x) + d{i - 1}(x * 0.5)" for i in range(1, k + 1)]
    return "\n".join(["def d0(x: f64) -> f64 = sin(x)", *calls, "def main() {", *[f"  print({line.replace('F', f'd{k}')})" for line in lines], "}"]) + "\n"


def tlc(source, *args):
    with tempfile.NamedTemporaryFile("w", suffix=".tl") as f:
        f.write(source)
        f.flush()
        return subprocess.run([sys.argv[1], "run", *args, f.name], capture_output=True, text=True, check=True).stdout


def expected(k, g, rate):
    return sum(math.comb(k, j) * g(0.3 / 2**j) * rate**j for j in range(k + 1))


LINES = ["F(0.3)", "grad(F)(0.3)", "grad(x -> { let (_, d) = jvp(F, x, 1); d })(0.3)"]
got = [float(x) for x in tlc(chain(12, LINES)).split()]
want = [expected(12, math.sin, 1), expected(12, math.cos, 0.5), -expected(12, math.sin, 0.25)]
assert all(abs(a - b) < 1e-10 * abs(b) for a, b in zip(got, want)), (got, want)
for line in LINES:
    short, long = (tlc(chain(k, [line]), "--emit=grad").count("\n") for k in (20, 40))
    print(f"{line}: {short} and {long} lines")
    assert long < 3 * short and long < 10000
