"""Arrays, scalars and format specs print as NumPy and Python print them.

# RUN: %python %s %tlc
"""

import os
import subprocess
import sys
import tempfile

import numpy as np

rng = np.random.default_rng(5)
SPECIAL = [0.0, -0.0, 1.0, -1.5, 0.1, 1e-5, 1e16, 1e15, 123456789.0, 1e22, 1e-300, 2.0**-1074, 1.7976931348623157e308, 3.14159265358979, 1 / 3, 100.0,
           float("inf"), -float("inf"), float("nan")]
SPECS = ["", ".3f", "8.2f", "+.1e", "10.4g", "08.3f", ".0f", "<9.1f", "^9.1f", "%", ",.2f", "e"]
INTS = [0, 1, -1, 42, -128, 127, 1000000, 9223372036854775807, -9223372036854775808]
INT_SPECS = ["", "5", "05", "<6", "^7", "+", "x", "b", ",", "o", "12,", "#x", "_"]

arrays = {
    "f64": [np.array(SPECIAL[:10]), np.array([1.0, 2.0]), np.array([0.5, np.nan, np.inf]), rng.normal(size=(3, 4)), rng.normal(size=7) * 1e10, np.array([1e-10, 1.0]),
            np.zeros((2, 0)), np.zeros(0), rng.normal(size=(2, 3, 4)), np.arange(2000.0), rng.normal(size=(40, 50)), np.array([1e300, 1.0]), np.array([[-1.0, 10.0]])],
    "f32": [np.array([0.1, 1 / 3, 2e7], "f4"), rng.normal(size=(5, 2)).astype("f4"), np.array([16777216, 0.5], "f4"), rng.normal(size=30).astype("f4")],
    "i64": [np.array([1, -2, 300]), np.arange(12).reshape(3, 4), np.arange(1001), np.array([[5]]), np.arange(30) * 1000000000000],
    "u8": [np.array([0, 255], "u1")],
    "bool": [np.array([True, False]), np.array([[True], [False]])],
}


def main():
    tlc, lines, want, files = sys.argv[1], [], [], []
    lines.append("def main() {")
    for kind, values in arrays.items():
        for a in values:
            sizes = ", ".join("_" * a.ndim)
            lines.append(f'  let a{len(files)}: {kind}[{sizes}] = load("a{len(files)}.npy")\n  print(a{len(files)})')
            want.append(str(a))
            files.append(a)
    for i, a in enumerate([np.array(SPECIAL), np.array(SPECIAL).astype("f4"), np.array(INTS)]):
        kind, text = ("f64", "f32", "i64")[i], str if i != 1 else lambda v: str(np.float32(v))
        lines.append(f'  let s{i}: {kind}[_] = load("a{len(files)}.npy")')
        files.append(a)
        for at, v in enumerate(a):
            for spec in INT_SPECS if i == 2 else SPECS:
                hole = f"{{s{i}[{at}]:{spec}}}" if spec else f"{{s{i}[{at}]}}"
                lines.append(f'  print("{hole}|{spec.replace("{", "")}")')
                want.append((format(int(v) if i == 2 else float(v), spec) if spec else text(v)) + "|" + spec)
    lines.append("}")
    with tempfile.TemporaryDirectory(prefix="tl-print-") as folder, np.errstate(all="ignore"):
        for i, a in enumerate(files):
            np.save(os.path.join(folder, f"a{i}.npy"), a)
        with open(os.path.join(folder, "p.tl"), "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")
        done = subprocess.run([tlc, "run", "p.tl"], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"tlc ended with {done.returncode}\n{done.stderr[:2000]}")
    got, expected, wrong = done.stdout.splitlines(), "\n".join(want).splitlines(), 0
    for i, (g, w) in enumerate(zip(got, expected)):
        if g != w:
            wrong += 1
            if wrong < 12:
                print(f"line {i}:\n  expected {w!r}\n  got      {g!r}")
    print(f"{len(expected)} lines, {wrong} differ, {len(got)} came")
    return 1 if wrong or len(got) != len(expected) else 0


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        sys.exit(main())
