# RUN: %python %s %tlc
"""exp, expm1, log, log1p, tanh and sigmoid, which are computed by polynomials, against NumPy in the next wider type: on bits taken evenly from all of f32
and f64, and densely where a result overflows, vanishes or changes its formula. The error is in ulps, distances of neighbours of the result."""

import os
import subprocess
import sys
import tempfile

import numpy as np

FUNCTIONS = {
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "tanh": np.tanh,
    "sigmoid": lambda x: np.where(x >= 0, 1, np.exp(-np.abs(x))) / (1 + np.exp(-np.abs(x))),
}
WITHIN = {"exp": 2, "expm1": 2, "log": 2, "log1p": 2, "tanh": 3, "sigmoid": 3}
WIDER = {np.float32: np.float64, np.float64: np.longdouble}
PLACES = (0, 1, 0.3466, 0.7071, 1.0397, 1.4142, 9, 10, 22, 37, 88.72, 103.97, 709.78, 745.13)


def values(dtype):
    bits, count = {np.float32: (np.uint32, 2 ** 19), np.float64: (np.uint64, 2 ** 18)}[dtype]
    top = np.iinfo(bits).max
    rng = np.random.default_rng(0)
    spread = rng.integers(0, top, size=count, dtype=bits, endpoint=True).view(dtype)
    small = np.arange(2000, dtype=bits).view(dtype)
    least = np.array([np.finfo(dtype).tiny], dtype).view(bits) + np.arange(-1000, 1000).astype(bits)
    near = np.concatenate([rng.normal(place, 1e-3, 4000) for place in PLACES] + [rng.normal(0, 100, 50000), rng.normal(0, 1, 50000)]).astype(dtype)
    ends = np.array([0.0, np.inf, np.nan, 1, np.finfo(dtype).max, 88.722839, 709.782712893384, -1], dtype)
    x = np.concatenate([spread, small, least.view(dtype), near, 1 + near * dtype(1e-3), ends])
    return np.concatenate([x, -x])


def errors(x, y, function):
    wide = WIDER[x.dtype.type]
    want = function(x.astype(wide))
    rounded = want.astype(x.dtype)
    special = ~np.isfinite(rounded)
    if not np.array_equal(rounded[special], y[special], equal_nan=True):
        bad = special & ~((rounded == y) | (np.isnan(rounded) & np.isnan(y)))
        return np.inf, x[bad][0]
    if np.any(np.signbit(rounded[~special]) != np.signbit(y[~special])):
        return np.inf, x[~special][np.signbit(rounded[~special]) != np.signbit(y[~special])][0]
    apart = np.zeros(x.shape)
    apart[~special] = np.abs(y.astype(wide) - want)[~special] / np.spacing(np.abs(rounded[~special])).astype(wide)
    worst = np.argmax(np.where(np.isnan(apart), np.inf, apart))
    return apart[worst], x[worst]


def main():
    failed = False
    np.seterr(all="ignore")
    with tempfile.TemporaryDirectory(prefix="tl-accuracy-") as folder:
        for dtype, name in ((np.float32, "f32"), (np.float64, "f64")):
            source, data = os.path.join(folder, name + ".tl"), os.path.join(folder, name + ".npy")
            x = values(dtype)
            np.save(data, x)
            saves = "".join(f'  save("{folder}/{name}-{f}.npy", {f}(x))\n' for f in FUNCTIONS)
            with open(source, "w", encoding="utf-8") as file:
                file.write(f'def main() {{\n  let x: {name}[n] = load("{data}")\n{saves}}}\n')
            subprocess.run([sys.argv[1], "run", source], check=True)
            for f, function in FUNCTIONS.items():
                y = np.load(os.path.join(folder, f"{name}-{f}.npy"))
                worst, at = errors(x, y, function)
                print(f"{f} {name}: {worst:.2f} ulp at {at!r}")
                failed |= not worst <= WITHIN[f]
    return 1 if failed else 0


sys.exit(main())
