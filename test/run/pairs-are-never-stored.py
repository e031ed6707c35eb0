"""Sums over pairs of points, and their gradients, work in memory for the points: the n x m numbers between are made and used up a tile at a
time. The values and gradients are NumPy's, and the same bits on any number of threads, optimised or not.

# RUN: %python %s %tlc
"""

import os
import tempfile

import numpy as np

from Inputs.never_stored import MAIN, peak, saved

SQUARES = "sum(for k: (x[i, k] - y[j, k]) ** 2)"
# Each family with the derivative of its value by the n x m squares of distances s.
FAMILIES = {
    f"sum(for i, j: exp(-{SQUARES}))": lambda s: (np.exp(-s).sum(), -np.exp(-s)),
    f"sum(for i: log(sum(for j: exp(-{SQUARES}))))": lambda s: (np.log(np.exp(-s).sum(1)).sum(), -np.exp(-s) / np.exp(-s).sum(1)[:, None]),
    f"sum(for i, j: sqrt(1 + {SQUARES}))": lambda s: (np.sqrt(1 + s).sum(), 0.5 / np.sqrt(1 + s)),
    f"sum(for i: min(for j: {SQUARES}))": lambda s: (s.min(1).sum(), (s == s.min(1)[:, None]).astype(float)),
}
FIXED = 5e6  # bytes of tiles

rng = np.random.default_rng(0)
with tempfile.TemporaryDirectory(prefix="tl-pairs-") as folder:
    for body, derivative in FAMILIES.items():
        with open(os.path.join(folder, "p.tl"), "w", encoding="utf-8") as f:
            f.write(f"def f(x: f64[n, d], y: f64[m, d]) -> f64 = {body}\n" + MAIN.format(type="f64[n, d]", other="f64[m, d]"))
        for n, m, d in ((500, 500, 10), (2003, 2000, 10), (1, 5, 2), (0, 3, 2)):
            x, y = rng.normal(size=(n, d)), rng.normal(size=(m, d))
            for name, z in (("x", x), ("y", y)):
                np.save(os.path.join(folder, name), z)
            most = peak(folder), peak(folder, "--with_gradient")
            value, g = derivative(((x[:, None] - y) ** 2).sum(2))
            expected = value, 2 * (g.sum(1)[:, None] * x - g @ y), 2 * (g.sum(0)[:, None] * y - g.T @ x)
            for name, z in zip(("value", "dx", "dy"), expected):
                assert np.allclose(np.load(os.path.join(folder, name + ".npy")), z, rtol=1e-9, atol=1e-9), (body, n, m, name)
            bits = saved(folder)
            for options in (["--threads", "1"], ["--threads", "3"], ["-O0"]) if n == 500 else ():
                peak(folder, "--with_gradient", options=options)
                assert saved(folder) == bits, (body, options)
            bound = 3 * 8 * (n + m) * d + FIXED
            print(f"{body}, n = {n}: value {most[0]:.0f} bytes, gradient {most[1]:.0f}, bound {bound:.0f}, all pairs {8 * n * m}")
            assert max(most) < bound and (n < 2000 or bound < 0.25 * 8 * n * m)
