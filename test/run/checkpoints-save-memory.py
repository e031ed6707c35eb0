"""The gradient of a loop of n steps keeps n states; that of a loop marked `@checkpoint`, one for each of about sqrt(n) segments and those
of one segment. `checkpoint(f)` keeps nothing of the inside of f. The numbers stay the same.

# RUN: %python %s %tlc
"""

import re
import subprocess
import sys
import tempfile

PROGRAM = """
def orbit(x: f64[n], steps: int) -> f64 {
  var s = x
  MARK
  for i in steps { s = sin(s) + 0.1 * x }
  sum(s)
}
def layer(v: f64[n]) -> f64[n] = sin(cumsum(v) * 0.01)
def block(v: f64[n]) -> f64[n] = v |> layer |> layer |> layer |> layer |> layer |> layer |> layer |> layer
def network(x: f64[n], steps: int) -> f64 {
  let f = CALL
  sum(f(f(f(f(f(f(x)))))))
}
def main(n: int, steps: int) {
  let x = [for i in n: 0.5 + f64(i) / f64(n)]
  print("{sum(grad(FUNCTION)(x, steps)):.12e}")
}
"""


def run(function, mark, call, steps):
    """The sum of the gradient, and the peak memory in arrays of n numbers."""
    n = 20000
    with tempfile.NamedTemporaryFile("w", suffix=".tl") as f:
        f.write(PROGRAM.replace("MARK", mark).replace("CALL", call or "block").replace("FUNCTION", function))
        f.flush()
        done = subprocess.run([sys.argv[1], "run", "--time", f.name, "--", "--n", str(n), "--steps", str(steps)], capture_output=True, text=True, check=True)
    peak = float(re.search(r"peak +([0-9.]+) MB", done.stdout + done.stderr).group(1))
    return done.stdout.splitlines()[0], peak * 1e6 / (8 * n)


for function, marks in (("orbit", [("", ""), ("@checkpoint", "")]), ("network", [("", "block"), ("", "checkpoint(block)")])):
    (plain, much), (marked, little) = (run(function, mark, call, 100) for mark, call in marks)
    (_, more) = run(function, *marks[1], 400)
    print(f"{function}: {much:.0f} arrays, with checkpoints {little:.0f}, at four times the steps {more:.0f}")
    assert plain == marked, (plain, marked)
    assert little < 0.45 * much and more < 2.5 * little
