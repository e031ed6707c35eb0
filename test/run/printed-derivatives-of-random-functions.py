"""printed-derivatives-of-random-functions.py TLC [--seed S] [--count N] [--start NUMBER]: `tlc grad` prints the derivative of each random function (those of
random-derivatives.py) as a file that is checked without a word and gives the numbers of `grad`. A failure is printed with both files.

# RUN: %python %s %tlc --seed 1 --count 40
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

from Inputs.random_functions import HELPERS, Function


def run(folder, *command):
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100)
    return done.returncode, done.stdout, done.stderr


def program(function, source):
    """Asks both for the derivative at the point where the function's own test does."""
    test = function.text("first")
    name, rest = re.search(r"q -> (fn\d+)\(q(.*?)\), p, v\)", test).groups()
    records = "|".join(re.findall(r"^struct (\w+)", source, re.M))
    lines = [re.sub(rf"(?<![\w.])({records})(?=[\[( ])", r"original.\1", line) for line in test.splitlines() if line.startswith(("  let p", "  let (rows"))]
    lines += [f"let (got, want) = (printed.d_{name}(p{rest}), grad(q -> original.{name}(q{rest}))(p))", 'print("{norm(got - want) / (norm(want) + 1.0e-30)}")']
    return name, 'import "original.tl" as original\nimport "printed.tl" as printed\ndef main() {\n' + "\n".join(lines) + "\n}\n"


def wrong(tlc, function):
    source = HELPERS + "\n".join(function.lines) + "\n"
    name, text = program(function, source)
    within = 1e-9
    if function.is_single:
        source, text, within = source.replace("f64", "f32"), text.replace("f64", "f32"), 1e-3
    with tempfile.TemporaryDirectory(prefix="tl-printed-") as folder:
        for file, content in (("original.tl", source), ("program.tl", text)):
            with open(os.path.join(folder, file), "w", encoding="utf-8") as out:
                out.write(content)
        printed = ""
        for command in (["grad", "original.tl", "--of", name, "-o", "printed.tl"], ["check", "printed.tl"], ["run", "-O", "0", "program.tl"]):
            code, out, errors = run(folder, tlc, *command)
            if os.path.exists(os.path.join(folder, "printed.tl")):
                printed = open(os.path.join(folder, "printed.tl"), encoding="utf-8").read()
            if code or errors:
                return f"tlc {command[0]} ended with {code}\n{errors}\n{source}\n{printed}"
        difference = float(out.split()[-1])
        return "" if difference <= within else f"they differ by {difference}\n{source}\n{printed}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tlc")
    for name, default in (("--seed", 1), ("--count", 25), ("--start", 0)):
        parser.add_argument(name, type=int, default=default)
    options = parser.parse_args()
    failures = 0
    for number in range(options.start, options.start + options.count):
        reason = wrong(options.tlc, Function(options.seed, number))
        if reason:
            failures += 1
            print(f"FAILED function {number}: --seed {options.seed} --start {number} --count 1\n{reason}", flush=True)
    print(f"{options.count} functions, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
