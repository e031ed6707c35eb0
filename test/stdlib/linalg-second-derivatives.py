# RUN: %python %s %tlc
# Second derivatives of what is solved with a matrix, against differences of differences.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from library import Case, check

rng = np.random.default_rng(5)
a, b = rng.normal(size=(4, 4)), rng.normal(size=4)
check(sys.argv[1], [
    Case("linalg.cholesky(x)", lambda x: np.linalg.cholesky(np.tril(x) + np.tril(x, -1).T), [a @ a.T + np.eye(4)], order=2),
    Case("linalg.triangular_solve(x, y)", lambda x, y: np.linalg.solve(np.tril(x), y), [a + 3 * np.eye(4), b], order=2),
    Case("linalg.solve(x, y)", np.linalg.solve, [a, b], within=1e-11, order=2),
    Case("let (_, l) = linalg.slogdet(x); l", lambda x: np.linalg.slogdet(x)[1], [a], order=2),
], ["linalg"])
