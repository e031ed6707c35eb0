"""random-derivatives.py TLC [--seed S] [--count N] [--start NUMBER] [--only NUMBER [--reduce]] [--progress] [-O LEVEL]: random functions of records of arrays with loops, branches, recursion and
index notation. Forward mode is reverse mode is central differences, second derivatives too, and a batch is a loop of single calls. A failure is printed with its
program; `--only` runs one again, and `--reduce` leaves out what does not matter for its failure.

# RUN: %python %s %tlc --seed 1 --count 100 -O 0
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

from Inputs.random_functions import GROUP, HELPERS, Function


def run(options, text):
    with tempfile.TemporaryDirectory(prefix="tl-random-") as folder:
        with open(os.path.join(folder, "p.tl"), "w", encoding="utf-8") as f:
            f.write(text)
        try:
            done = subprocess.run([options.tlc, "test", "-O", str(options.O), "p.tl"], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=options.patience)
        except subprocess.TimeoutExpired as late:
            return None, (late.stdout or b"").decode("utf-8", "replace")
    return done.returncode, done.stdout.decode("utf-8", "replace")


def near(a, b, within, scale):
    return abs(a - b) <= within * scale


def judge(what, r, is_single):
    """A text if the figures disagree, "rough" where the differences say that the function bends or jumps between their points, else nothing."""
    exact, close = (1e-2 if what == "second" else 1e-3, 1e-4) if is_single else (1e-9, 1e-12)  # in f32 the modes are compared with each other alone
    if what == "batched":
        return "" if all(near(a, b, exact, 1 + abs(b)) for a, b in zip(r[:3], r[3:])) else f"batched {r[:3]}, looped {r[3:]}"
    forward, back, slopes = r[0], r[1], r[2:5]
    scale = 1 + abs(forward) + (r[8] if what == "first" else 0)
    if not near(forward, back, exact, scale):
        return f"forward {forward}, reverse {back}, differences {slopes}"
    if what == "first" and not (near(r[5], r[6], close, 1 + abs(r[5])) and near(r[5], r[7], close, 1 + abs(r[5]))):
        return f"values {r[5:8]}"
    if is_single or any(near(forward, d, 1e-6, scale) for d in slopes):
        return ""
    steady = near(slopes[0], slopes[1], 1e-5, scale) or near(slopes[1], slopes[2], 1e-5, scale)
    return f"derivative {forward}, differences {slopes}" if steady else "rough"


def verdicts(text, is_single):
    """(number, kind) -> what is wrong, for each check that has run."""
    found, before = {}, []
    for line in text.splitlines():
        ended = re.match(r"(ok|FAILED) (\d+) (\w+)$", line)
        if not ended:
            before.append(line)
            continue
        figures = re.search(r"^figures \d+ \w+ \[([^\]]*)\]", "\n".join(before), re.M)
        wrong = judge(ended[3], [float(f) for f in figures[1].split()], is_single) if figures else "\n".join(before)
        found[int(ended[2]), ended[3]], before = wrong, []
    return found


def attempt(options, functions, what=None):
    """The verdict on every check of these functions, tried together and, where that does not end well, in halves."""
    program, is_single = HELPERS + "".join(f.text(what) for f in functions), functions[0].is_single
    code, text = run(options, program.replace("f64", "f32") if is_single else program)
    found, expected = verdicts(text, is_single), [(f.number, name) for f in functions for name in f.checks if what in (None, name)]
    if all(key in found for key in expected):
        return found
    if len(functions) > 1:
        half = len(functions) // 2
        return {**attempt(options, functions[:half], what), **attempt(options, functions[half:], what)}
    if len(expected) > 1:
        return {key: wrong for _, name in expected for key, wrong in attempt(options, functions, name).items()}
    return {expected[0]: f"tlc has not ended after {options.patience} s" if code is None else f"tlc ended with {code}\n" + "\n".join(text.splitlines()[:12])}


def nature(wrong):
    """The same for failures of one cause: their words without figures, names and places."""
    return re.sub(r"[\d.e+\-\[\], ]+", " ", re.sub(r"[a-z]+\d+|nan|inf", "", "\n".join(wrong.splitlines()[:2])))


def reduced(options, function, what):
    """The function with all statements left out that its failure does not need."""
    def wrong():
        return attempt(options, [function], what).get((function.number, what), "")
    kind, size = nature(wrong()), len(function.lines)
    while kind and size:
        at = len(function.lines) - 2
        while at > 0:
            end, depth = at, function.lines[at].count("{") - function.lines[at].count("}")
            while depth > 0 and end + 1 < len(function.lines) - 1:
                end += 1
                depth += function.lines[end].count("{") - function.lines[end].count("}")
            kept = list(function.lines)
            line = kept[at]
            for instead in [[], kept[at + 1:end]] + ([[line.replace(f" + {e}", "")] for e in line.strip().split(" + ")[1:]] if at == len(kept) - 2 else []):
                if depth or instead == kept[at:end + 1]:
                    continue
                function.lines = kept[:at] + instead + kept[end + 1:]
                if nature(wrong()) == kind:
                    break
                function.lines = kept
            at -= 1
        size = 0 if len(function.lines) == size else len(function.lines)
    return function


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tlc")
    for name, default in (("--seed", 1), ("--count", 300), ("--start", 0), ("--only", -1), ("-O", 0), ("--patience", 100)):
        parser.add_argument(name, type=int, default=default)
    parser.add_argument("--reduce", action="store_true")
    parser.add_argument("--progress", action="store_true")
    options = parser.parse_args()
    numbers = [options.only] if options.only >= 0 else range(options.start, options.start + options.count)
    failures, rough, checks = 0, 0, 0
    for first in range(0, len(numbers), GROUP):
        functions = [Function(options.seed, n) for n in numbers[first:first + GROUP]]
        for (number, what), wrong in attempt(options, functions).items():
            checks, rough, failed = checks + 1, rough + (wrong == "rough"), wrong not in ("", "rough")
            failures += failed
            if failed:
                function = next(f for f in functions if f.number == number)
                if options.reduce:
                    function = reduced(options, function, what)
                print(f"FAILED {what} of function {number}: --seed {options.seed} --only {number}\n{wrong}")
                print(function.text(what) if options.only >= 0 else "\n".join(function.lines), flush=True)
        if options.progress:
            print(f"{first + len(functions)} functions, {checks} checks, {failures} failures, {rough} at bends", file=sys.stderr, flush=True)
    print(f"{len(numbers)} functions, {checks} checks, {failures} failures, {rough} at bends")
    return 1 if failures or rough * 50 > checks else 0


if __name__ == "__main__":
    sys.exit(main())
