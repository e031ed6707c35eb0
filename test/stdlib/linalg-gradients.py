# RUN: %python %s %tlc
# Gradients of what is solved and factorised, against differences of numpy.linalg. Of vectors only what their signs do not change.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from library import Case, check

rng = np.random.default_rng(3)


def square(*shape):
    return rng.normal(size=shape)


def lower_of(a):
    """What a function sees that reads the lower triangle of a symmetric matrix."""
    return np.tril(a) + np.swapaxes(np.tril(a, -1), -1, -2)


def exp(a):
    w, v = np.linalg.eigh(lower_of(a))
    return w, (v * np.exp(w)) @ v.T


def squared(a):
    u, s, vt = np.linalg.svd(a, full_matrices=False)
    return s, (u * s**2) @ vt


a = square(4, 4)
positive = a @ a.T + np.eye(4)
stack = np.array([positive, 2 * positive + np.eye(4)])
check(sys.argv[1], [
    Case("linalg.cholesky(x)", lambda a: np.linalg.cholesky(lower_of(a)), [positive], order=1),
    Case("vmap(linalg.cholesky)(x)", lambda a: np.linalg.cholesky(lower_of(a)), [stack], order=1),
    Case("linalg.triangular_solve(x, y)", lambda x, y: np.linalg.solve(np.tril(x), y), [positive, square(4, 2)], order=1),
    Case("linalg.triangular_solve(x, y, lower=false, unit=true)", lambda x, y: np.linalg.solve(np.triu(x, 1) + np.eye(4), y), [a, square(4)], order=1),
    Case("linalg.solve(x, y)", np.linalg.solve, [a, square(4, 3)], within=1e-11, order=1),
    Case("linalg.det(x)", np.linalg.det, [a], order=1),
    Case("linalg.det(x)", np.linalg.det, [np.array([[0.0, 1, 2], [0, 3, 4], [0, 5, 7]])], order=1),    # singular
    Case("linalg.det(x)", np.linalg.det, [np.outer([1.0, 2, 3], [4, 5, 6])], within=1, order=1),
    Case("linalg.slogdet(x)", lambda a: tuple(map(np.asarray, np.linalg.slogdet(a))), [a], order=1),
    Case("linalg.qr(x)", lambda a: tuple(np.linalg.qr(a)), [square(5, 3)], order=1),
    Case("let (w, v) = linalg.eigh(x); (w, (v * exp(w)) @ v.T)", exp, [positive], within=1e-11, order=1),
    Case("let (u, s, vt) = linalg.svd(x); (s, (u * s ** 2) @ vt)", squared, [square(5, 3)], within=1e-11, order=1),
], ["linalg"])
