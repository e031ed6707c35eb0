"""Generated arrays of all types, ranks and sizes print as NumPy prints them: alignment, precision, exponents, elision, nothing in them.

# RUN: %python %s %tlc
"""

import os
import re
import subprocess
import sys
import tempfile

import numpy as np

SHAPES = [(1,), (0,), (5,), (30,), (1, 1), (3, 4), (0, 3), (3, 0), (2, 3, 2), (1, 0, 2), (2, 2, 2, 2), (4, 1, 3), (1, 30), (40, 3), (1001,), (1000,), (501, 2), (2, 600),
          (12, 10, 10), (3, 1, 400), (7, 7, 7, 7), (2, 1, 1, 600), (8, 8, 16), (1200, 1), (1, 1200), (0, 2000), (200, 6, 1), ()]
FLOATS, INTS = ("f8", "f4", "f2"), ("i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1")
NAMES = {"f8": "f64", "f4": "f32", "f2": "f16", "?": "bool", **{t: f"{t[0]}{8 * int(t[1])}" for t in INTS}}
rng = np.random.default_rng(5)

STYLES = [
    lambda n: rng.normal(size=n), lambda n: np.rint(rng.normal(size=n) * 20), lambda n: rng.normal(size=n) * 10.0 ** rng.integers(-12, 12, n),
    lambda n: np.round(rng.normal(size=n), 2), lambda n: rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5, -2.0], n), lambda n: rng.choice([np.nan, np.inf, 3.0], n),
    lambda n: rng.normal(size=n) * 10.0 ** rng.integers(-5, 9), lambda n: rng.choice([1e16, 1e15, 1.0, 123456789.0], n), lambda n: rng.integers(0, 1000, n) / 8,
    lambda n: rng.random(n) * 10.0 ** rng.integers(0, 6, n), lambda n: rng.choice([5e-324, 2.2e-308, 1e-310, 1.0, 1e-45, 1.1e-38], n),
    lambda n: rng.choice([0.1, 0.2, 0.30000001192092896, 1 / 3], n), lambda n: 1e8 + rng.integers(0, 2, n), lambda n: rng.choice([9999.9999, 99999.99999, 0.00010001, 0.0001, 0.00009999], n),
    lambda n: rng.choice([1e300, 1.0, 1.7976931348623157e308, 1e22, 1e-300], n),
]


def integers(kind, n, style):
    ends = np.iinfo(kind)
    lo, hi = ((ends.min, ends.max), (max(ends.min, -9), 9), (max(ends.min, -100), min(ends.max, 1000)))[style]
    return rng.integers(lo, hi, n, dtype=kind, endpoint=True)


def arrays():
    for round_ in range(6):
        for i, shape in enumerate(SHAPES):
            n = int(np.prod(shape, dtype=int))
            for k, kind in enumerate(FLOATS):
                yield STYLES[(i * 7 + round_ * 3 + k) % len(STYLES)](n).astype(kind).reshape(shape)
            for k, kind in enumerate(INTS):
                if (i + k) % 6 == round_:
                    yield integers(kind, n, (i + k) // 2 % 3).reshape(shape)
        yield (rng.random(SHAPES[round_ * 3 + 1]) < 0.5)


def text(a):
    """str() of an array with axes; a number without, as tl's numbers are: the shortest digits that read back."""
    return str(a) if a.ndim else str(a[()])


def main():
    given = list(arrays())
    keys = [(NAMES[a.dtype.str.lstrip("<|").replace("b1", "?")], a.ndim) for a in given]
    lines = []
    for kind, rank in dict.fromkeys(keys):
        array = f"{kind}[{', '.join('_' * rank)}]" if rank else kind
        lines.append(f'def show_{kind}_{rank}(i: int) {{\n  let a: {array} = load("{{i}}.npy")\n  print(a)\n  print("| {{i}}")\n}}')
    lines += ["def main() {", *[f"  show_{kind}_{rank}({i})" for i, (kind, rank) in enumerate(keys)], "}", ""]
    with tempfile.TemporaryDirectory(prefix="tl-print-") as folder:
        for i, a in enumerate(given):
            np.save(os.path.join(folder, f"{i}.npy"), a)
        with open(os.path.join(folder, "p.tl"), "w", encoding="utf-8") as f:
            f.write("\n".join(lines))
        done = subprocess.run([sys.argv[1], "run", "p.tl"], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"tlc ended with {done.returncode}\n{done.stderr[:2000]}")
    got = re.split(r"\n\| \d+\n", done.stdout)[:-1]
    wrong = [(a, g) for a, g in zip(given, got) if g != text(a)]
    for a, g in wrong[:6]:
        print(f"{a.dtype} {a.shape}: expected\n{text(a)}\ngot\n{g}\n")
    print(f"{len(given)} arrays, {len(wrong)} differ, {len(got)} came")
    return 1 if wrong or len(got) != len(given) else 0


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        sys.exit(main())
