# RUN: %python %s %tlc
# linalg against numpy.linalg: no rows, one row, several; matrices of low rank; stacks.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from library import Case, check
from scipy.linalg import lu_factor

rng = np.random.default_rng(3)


def square(*shape):
    return rng.normal(size=shape)


def positive(*shape):
    a = square(*shape)
    return a @ np.swapaxes(a, -1, -2) + np.eye(shape[-1])


def lower_of(a):
    """What a function sees that reads the lower triangle of a symmetric matrix."""
    return np.tril(a) + np.swapaxes(np.tril(a, -1), -1, -2)


def cholesky(a):
    return np.linalg.cholesky(lower_of(a))


def lu(a):
    f, exchanges = lu_factor(a)
    rows = list(range(len(a)))
    for i, j in enumerate(exchanges):
        rows[i], rows[j] = rows[j], rows[i]
    return f, np.array(rows)


cases = []
for n in (0, 1, 5):
    cases += [
        Case("linalg.cholesky(x)", cholesky, [positive(n, n)]),
        Case("linalg.solve(x, y)", np.linalg.solve, [square(n, n), square(n)], within=1e-11),
        Case("linalg.solve(x, y)", np.linalg.solve, [square(n, n), square(n, 3)], within=1e-11),
        Case("linalg.triangular_solve(x, y)", lambda x, y: np.linalg.solve(np.tril(x), y), [positive(n, n), square(n, 2)]),
        Case("linalg.triangular_solve(x, y, lower=false)", lambda x, y: np.linalg.solve(np.triu(x), y), [positive(n, n), square(n)]),
        Case("linalg.triangular_solve(x, y, unit=true)", lambda x, y: np.linalg.solve(np.tril(x, -1) + np.eye(len(x)), y), [square(n, n), square(n)]),
        Case("linalg.inv(x)", np.linalg.inv, [square(n, n)], within=1e-11),
        Case("linalg.det(x)", np.linalg.det, [square(n, n)]),
        Case("linalg.slogdet(x)", lambda a: tuple(map(np.asarray, np.linalg.slogdet(a))), [square(n, n)]),
        Case("let (w, v) = linalg.eigh(x); (w, (v * w) @ v.T)", lambda a: (np.linalg.eigvalsh(a), lower_of(a)), [positive(n, n)]),
        Case("let (q, r) = linalg.qr(x); (q @ r, q.T @ q, abs(r))", lambda a: (a, np.eye(a.shape[1]), abs(np.linalg.qr(a)[1])), [square(n + 2, n)]),
        Case("let (u, s, vt) = linalg.svd(x); (s, (u * s) @ vt, u.T @ u, vt @ vt.T)",
             lambda a: (np.linalg.svd(a)[1], a, np.eye(a.shape[1]), np.eye(a.shape[1])), [square(n + 1, n)]),
    ]
low_rank = np.float64(rng.integers(-4, 5, (6, 2)) @ rng.integers(-4, 5, (2, 4)))  # in f32 too
cases += [
    Case("let (u, s, vt) = linalg.svd(x); ((u * s) @ vt, u.T @ u)", lambda a: (a, np.eye(4)), [low_rank]),
    Case("linalg.lstsq(x, y)", lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0], [low_rank, square(6)], within=1e-11),
    Case("linalg.lstsq(x, y)", lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0], [square(3, 5), square(3)], within=1e-11),
    Case("linalg.lu(x)", lu, [square(6, 6)]), Case("linalg.lu(x)", lu, [square(1, 1)]),
    Case("linalg.det(x)", np.linalg.det, [np.array([[1.0, 2], [2, 4]])], within=1e-12),
    Case("linalg.cholesky(x)", cholesky, [positive(3, 4, 4)]),
    Case("vmap(linalg.cholesky)(x)", cholesky, [positive(3, 4, 4)]),
    Case("linalg.solve(x, y)", np.linalg.solve, [square(2, 4, 4), square(2, 4, 3)], within=1e-11),
    Case("vmap((a, b) -> linalg.solve(a, b))(x, y)", lambda a, b: np.linalg.solve(a, b[..., None])[..., 0], [square(2, 4, 4), square(2, 4)], within=1e-11),
    Case("linalg.inv(x)", np.linalg.inv, [square(2, 3, 3)], within=1e-11),
    Case("linalg.solve(x, y)", np.linalg.solve, [square(6, 6).astype("f4"), square(6).astype("f4")], within=1e-4),
]
single = positive(4, 4).astype("f4")
cases += [Case(expr, ref, [single], within=2e-5) for expr, ref in [
    ("linalg.cholesky(x)", cholesky), ("linalg.inv(x)", np.linalg.inv), ("linalg.det(x)", np.linalg.det),
    ("let (w, v) = linalg.eigh(x); (w, (v * w) @ v.T)", lambda a: (np.linalg.eigvalsh(a), a)),
    ("let (u, s, vt) = linalg.svd(x); (s, (u * s) @ vt)", lambda a: (np.linalg.svd(a)[1], a)),
    ("let (q, r) = linalg.qr(x); q @ r", lambda a: a), ("linalg.lstsq(x, x[0])", lambda a: np.linalg.solve(a, a[0]))]]
check(sys.argv[1], cases, ["linalg"])
