"""Sums over pairs whose places are computed (remainders, `??`, places that only a check knows to be inside) or that are added and multiplied
along a row, and their gradients: in memory for the vectors, not for the n x n numbers and places between. The values and gradients are
NumPy's, and the same bits on any number of threads, optimised or not.

# RUN: %python %s %tlc
"""

import os
import tempfile

import numpy as np

from Inputs.never_stored import MAIN, peak, saved


# Each family with its value and the derivatives by x and y.
def at_places(places):
    def derivative(x, y):
        at = places(*np.indices((len(x), len(x))), len(x))
        e = np.exp(y[at])
        return (x[:, None] * e).sum(), e.sum(1), added(y, at, x[:, None] * e)

    return derivative


def used_twice(x, y):
    at = np.add.outer(np.arange(len(x)), np.arange(len(x))) % max(len(x), 1)
    e = np.exp(np.outer(x, y) / 10)
    return (e * y[at]).sum(), e * y[at] @ y / 10, (e * y[at]).T @ x / 10 + added(y, at, e)


def convolved(x, y):
    i, j = np.indices((len(x), len(x)))
    near = np.where(i >= j, y[np.abs(i - j)], 0)
    c = near @ x
    return (c**2).sum(), 2 * near.T @ c, added(y, np.abs(i - j), np.where(i >= j, 2 * c[:, None] * x, 0))


def multiplied(x, y):
    f = 1 + np.outer(x, y) / 100
    others = f.prod(1)[:, None] / f / 100
    return f.prod(1).sum(), others @ y, others.T @ x


def accumulated(x, y):
    s = np.cumsum(np.outer(x, y), axis=1)
    g = 2 * np.cumsum(s[:, ::-1], axis=1)[:, ::-1]
    return (s**2).sum(), g @ y, g.T @ x


def added(y, at, values):
    g = np.zeros_like(y)
    np.add.at(g, at, values)
    return g


FAMILIES = {
    "sum(for i in 0..n, j in 0..n: x[i] * exp(y[(i + j) % n]))": at_places(lambda i, j, n: (i + j) % n),
    "sum(for i in 0..n, j in 0..n: x[i] * exp(y[i * j // n]))": at_places(lambda i, j, n: i * j // n),
    "sum(for i in 0..n, j in 0..n: exp(x[i] * y[j] / 10) * y[(i + j) % n])": used_twice,
    "sum(for i in 0..n: sum(for j in 0..n: x[j] * (y[i - j] ?? 0)) ** 2)": convolved,
    "sum(for i: prod(for j: 1 + x[i] * y[j] / 100))": multiplied,
    "sum(for i: sum(cumsum([for j: x[i] * y[j]]) ** 2))": accumulated,
}
BOUND = 6e6  # bytes, of tiles above all

rng = np.random.default_rng(0)
with tempfile.TemporaryDirectory(prefix="tl-gathers-") as folder:
    for body, derivative in FAMILIES.items():
        with open(os.path.join(folder, "p.tl"), "w", encoding="utf-8") as f:
            f.write(f"def f(x: f64[n], y: f64[n]) -> f64 = {body}\n" + MAIN.format(type="f64[n]", other="f64[n]"))
        for n in (500, 2003, 1, 0):
            x, y = rng.normal(size=n), rng.normal(size=n)
            np.save(os.path.join(folder, "x"), x)
            np.save(os.path.join(folder, "y"), y)
            most = peak(folder), peak(folder, "--with_gradient")
            for name, z in zip(("value", "dx", "dy"), derivative(x, y)):
                assert np.allclose(np.load(os.path.join(folder, name + ".npy")), z, rtol=1e-9, atol=1e-9), (body, n, name)
            bits = saved(folder)
            for options in (["--threads", "1"], ["--threads", "3"], ["-O0"]) if n == 500 else ():
                peak(folder, "--with_gradient", options=options)
                assert saved(folder) == bits, (body, options)
            print(f"{body}, n = {n}: value {most[0]:.0f} bytes, gradient {most[1]:.0f}, bound {BOUND:.0f}, all pairs {8 * n * n}")
            assert max(most) < BOUND
