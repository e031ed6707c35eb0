# RUN: %python %s %tlc
"""Elementary functions against NumPy in the next wider type, or libm's in long double: on bits taken evenly from all of f32 and f64, and densely where
a result overflows, vanishes or changes its formula. The error is in ulps, distances of neighbours of the result; signs of zeros and what is infinite
or NaN are as in the reference."""

import os
import subprocess
import sys
import tempfile

import numpy as np

import reference as r

# The function, how many ulps it may be off, and of how many numbers one is taken (libm is called for each).
FUNCTIONS = {
    "exp": (np.exp, 2, 1), "expm1": (np.expm1, 2, 1), "log": (np.log, 2, 1), "log1p": (np.log1p, 2, 1), "tanh": (np.tanh, 3, 1),
    "exp2": (np.exp2, 1, 4), "log2": (np.log2, 1, 4), "log10": (np.log10, 2, 4),
    "sigmoid": (lambda x: np.where(x >= 0, 1, np.exp(-np.abs(x))) / (1 + np.exp(-np.abs(x))), 3, 1), "softplus": (r.softplus, 4, 4),
    "sqrt": (np.sqrt, 0.5, 4), "rsqrt": (lambda x: 1 / np.sqrt(x), 2, 4), "sin": (np.sin, 1, 4), "cos": (np.cos, 1, 4), "tan": (np.tan, 2, 4),
    "asin": (np.arcsin, 1, 4), "acos": (np.arccos, 1, 4), "atan": (np.arctan, 1, 4), "sinh": (np.sinh, 2, 4), "cosh": (np.cosh, 2, 4),
    "erf": (r.erf, 1, 16), "erfc": (r.erfc, 4, 16), "lgamma": (r.lgamma, 4, 16), "digamma": (r.digamma, 8, 16),
}
PAIRS = {"atan2(x, y)": (np.arctan2, 2), "x ** y": (np.power, 1)}
CANCELS = ("digamma",)  # near the zeros of digamma, the difference of numbers of size log|x|, the error is in ulps of that
WIDER = {np.float32: np.float64, np.float64: np.longdouble}
PLACES = (0, 1, 0.3466, 0.5, 0.7071, 1.0397, 1.4142, 1.5, 2, 3, 9, 10, 22, 37, 88.72, 103.97, 709.78, 745.13, np.pi / 2, np.pi, 100 * np.pi)


def spread(dtype, count, seed):
    bits = {np.float32: np.uint32, np.float64: np.uint64}[dtype]
    return np.random.default_rng(seed).integers(0, np.iinfo(bits).max, size=count, dtype=bits, endpoint=True).view(dtype)


def values(dtype):
    bits, count = {np.float32: (np.uint32, 2 ** 19), np.float64: (np.uint64, 2 ** 18)}[dtype]
    rng = np.random.default_rng(0)
    small = np.arange(2000, dtype=bits).view(dtype)
    least = np.array([np.finfo(dtype).tiny], dtype).view(bits) + np.arange(-1000, 1000).astype(bits)
    near = np.concatenate([rng.normal(place, 1e-3, 4000) for place in PLACES] + [rng.normal(0, 100, 50000), rng.normal(0, 1, 50000)]).astype(dtype)
    ends = np.array([0.0, np.inf, np.nan, 1, np.finfo(dtype).max, 88.722839, 709.782712893384, -1, 1e5, 1e22, 1e38, 355 * 2 ** 100], dtype)
    x = np.concatenate([ends, spread(dtype, count, 0), small, least.view(dtype), near, 1 + near * dtype(1e-3)])
    return np.concatenate([x, -x])


def pairs(dtype):
    """Numbers of all magnitudes with each other, and those whose powers are in range."""
    ends = np.array([0.0, -0.0, 1, -1, 0.5, -0.5, 2, -2, 3, -3, 1e5, np.inf, -np.inf, np.nan, np.finfo(dtype).max, np.finfo(dtype).tiny, 1 + np.finfo(dtype).eps], dtype)
    rng = np.random.default_rng(1)
    base = np.exp(rng.uniform(-30, 30, 40000)).astype(dtype)
    x = np.concatenate([np.repeat(ends, len(ends)), spread(dtype, 20000, 2), base, 1 + base * dtype(1e-9), base])
    whole = np.rint(rng.uniform(-20, 20, 40000)).astype(dtype)
    y = np.concatenate([np.tile(ends, len(ends)), spread(dtype, 20000, 3), (rng.uniform(-90, 90, 40000) / np.log(base)).astype(dtype), base, whole])
    sign = np.where(rng.random(len(x)) < 0.2, dtype(-1), dtype(1))
    return x * sign, y


def errors(got, want, size=0):
    """The largest error in ulps, of numbers of at least this size, and where it is."""
    rounded = want.astype(got.dtype)
    finite = np.isfinite(rounded)
    wrong = np.where(finite, np.signbit(rounded) != np.signbit(got), ~((rounded == got) | (np.isnan(rounded) & np.isnan(got))))
    step = np.spacing(np.abs(np.where(finite, rounded, 1))).astype(want.dtype)
    step = np.maximum(step, np.spacing(np.asarray(size, got.dtype)))
    wrong &= ~finite | (np.abs(rounded) >= size * 1e-6)
    apart = np.where(finite, np.abs(got.astype(want.dtype) - want) / step, 0)
    apart = np.where(wrong | np.isnan(apart), np.inf, apart)
    worst = np.argmax(apart)
    return apart[worst], worst


def main():
    failed = False
    np.seterr(all="ignore")
    with tempfile.TemporaryDirectory(prefix="tl-accuracy-") as folder:
        for dtype, name in ((np.float32, "f32"), (np.float64, "f64")):
            wide, x, (u, v) = WIDER[dtype], values(dtype), pairs(dtype)
            lines = [f"def main() {{\n  let all: {name}[n] = load(\"all.npy\")\n  let x: {name}[m] = load(\"x.npy\")\n  let y: {name}[m] = load(\"y.npy\")"]
            for file, array in (("all", x), ("x", u), ("y", v)):
                np.save(os.path.join(folder, file + ".npy"), array)
            lines += [f'  save("{f}.npy", {f}(all))' for f in FUNCTIONS] + [f'  save("pair{i}.npy", {f})' for i, f in enumerate(PAIRS)]
            with open(os.path.join(folder, "program.tl"), "w", encoding="utf-8") as file:
                file.write("\n".join(lines + ["}", ""]))
            subprocess.run([sys.argv[1], "run", "program.tl"], check=True, cwd=folder)
            for f, (function, within, every) in FUNCTIONS.items():
                y, part = np.load(os.path.join(folder, f + ".npy"))[::every], x[::every]
                worst, at = errors(y, function(part.astype(np.longdouble if every == 16 else wide)), np.log(2 + np.abs(part)) if f in CANCELS else 0)
                print(f"{f} {name}: {worst:.2f} ulp at {part[at]!r}, {y[at]!r}")
                failed |= not worst <= within + 1e-9
            for i, (f, (function, within)) in enumerate(PAIRS.items()):
                y = np.load(os.path.join(folder, f"pair{i}.npy"))
                worst, at = errors(y, function(u.astype(wide), v.astype(wide)))
                print(f"{f} {name}: {worst:.2f} ulp at {u[at]!r}, {v[at]!r}: {y[at]!r}")
                failed |= not worst <= within
    return 1 if failed else 0


sys.exit(main())
