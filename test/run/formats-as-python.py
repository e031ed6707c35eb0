"""Generated format specs give what Python's format gives; what Python refuses, is refused.

# RUN: %python %s %tlc
"""

import os
import random
import re
import subprocess
import sys
import tempfile

import numpy as np

FLOATS = [0.0, -0.0, 1.0, -1.5, 0.1, 1e-5, 1e16, 123456789.0, 1e22, 1e-300, 5e-324, 1.7976931348623157e308, 1 / 3, 100.0, float("inf"), -float("inf"), float("nan"), 2.5, 0.5, 1e15,
          999999.5, 0.00012345, -1234567.891, 9.9999e-5, 3.14159265358979]
INTS = [0, 1, -1, 42, -128, 127, 1000000, 9223372036854775807, -9223372036854775808, 255, -4096, 65]
TEXTS = ["", "a", "word", "déjà vu"]
VALUES = {"x": FLOATS, "k": INTS, "s": TEXTS}
TYPES = {"x": "eEfFgG%", "k": "bdoxXfeg%"}


def spec(rng, name):
    s = rng.choice(["", "*", "0", "é", " ", "_", "<"]) + rng.choice("<>^=") if rng.random() < 0.4 else ""
    s += rng.choice("+- ") if rng.random() < 0.3 else ""
    s += "#" if rng.random() < 0.25 else ""
    s += "0" if rng.random() < 0.25 else ""
    s += str(rng.choice([1, 5, 8, 12, 20, 30])) if rng.random() < 0.6 else ""
    s += rng.choice(",_") if rng.random() < 0.2 else ""
    s += "." + str(rng.choice([0, 1, 2, 3, 6, 10, 17, 20])) if rng.random() < (0.5 if name == "x" else 0.1) else ""
    return s + (rng.choice(TYPES[name]) if rng.random() < 0.85 else "")


def fits(value, s):
    try:
        return format(value, s) is not None
    except ValueError:
        return False


def main():
    rng, good, refused = random.Random(0), [], []
    for name, count in (("x", 300), ("k", 250)):
        tried = set()
        while len(tried) < count:
            s = spec(rng, name)
            if s and s not in tried:
                tried.add(s)
                (good if all(fits(v, s) for v in VALUES[name]) else refused).append((name, s))
    good += [("s", s) for s in ("", "6", "<6", ">6", "^7", "*^9", ".2", "8.3", "é>10", "s", "<5s")]
    lines = ['  let x: f64[n] = load("x.npy")\n  let k: i64[m] = load("k.npy")']
    want = []
    for name, s in good:
        if name == "s":
            lines += [f'  print("|{{t{i}:{s}}}|")' if s else f'  print("|{{t{i}}}|")' for i in range(len(TEXTS))]
        else:
            lines.append(f'  for v in {name} {{ print("|{{v:{s}}}|") }}')
        want += [(name, s, v, f"|{format(v, s)}|") for v in VALUES[name]]
    text = [f'  let t{i} = "{t}"' for i, t in enumerate(TEXTS)]
    with tempfile.TemporaryDirectory(prefix="tl-formats-") as folder:
        def run(command, body):
            with open(os.path.join(folder, "p.tl"), "w", encoding="utf-8") as f:
                f.write("\n".join(["def main() {", *body, "}", ""]))
            return subprocess.run([sys.argv[1], *command, "p.tl"], cwd=folder, capture_output=True, text=True)
        np.save(os.path.join(folder, "x.npy"), np.array(FLOATS))
        np.save(os.path.join(folder, "k.npy"), np.array(INTS))
        done = run(["run", "-O0"], text + lines)
        if done.returncode:
            sys.exit(f"tlc ended with {done.returncode}\n{done.stderr[:2000]}")
        got, wrong = done.stdout.splitlines(), 0
        for (name, s, v, w), g in zip(want, got):
            if g != w:
                wrong += 1
                if wrong < 12:
                    print(f"{v!r} as {s!r}:\n  expected {w!r}\n  got      {g!r}")
        refusals = 0
        for at in range(0, len(refused), 15):  # at most 20 errors are shown
            part = refused[at:at + 15]
            done = run(["check"], [f'  print("{{{dict(x="1.5", k="3")[name]}:{s}}}")' for name, s in part])
            said = {int(line) for line in re.findall(r"p\.tl:(\d+):", done.stderr)}
            for i, (name, s) in enumerate(part):
                if i + 2 not in said:
                    wrong += 1
                    print(f"{name} as {s!r} is accepted, Python refuses it")
                refusals += i + 2 in said
    print(f"{len(want)} texts and {refusals} refusals, {wrong} differ, {len(got)} came")
    return 1 if wrong or len(got) != len(want) or not refusals else 0


if __name__ == "__main__":
    sys.exit(main())
