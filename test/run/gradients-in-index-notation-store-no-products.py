"""Gradients in index notation store nothing of the size of the iteration space: those of a Gaussian kernel and of pairwise distances [n, m] of
points in d dimensions work in memory for the points, their gradients and one matrix; those of a mixture of Gaussians in what its value
takes.

# RUN: %python %s %tlc
"""

import os
import re
import subprocess
import sys
import tempfile

PROGRAM = """
def kernel(x: f64[n, d], y: f64[m, d]) -> f64[n, m] = [for i, j: exp(-sum(for k: (x[i, k] - y[j, k]) ** 2))]
def distances(x: f64[n, d], y: f64[m, d]) -> f64[n, m] = [for i, j: sqrt(1e-9 + sum(for k: (x[i, k] - y[j, k]) ** 2))]
def mixture(x: f64[n, d], mu: f64[c, d]) -> f64 = sum(for i: logsumexp(for k: -0.5 * sum(for j: (x[i, j] - mu[k, j]) ** 2)))
def main(n: int, m: int, d: int) {
  let x = [for i in 0..n, k in 0..d: 0.1 * sin(f64(i * 7 + k))]
  let y = [for i in 0..m, k in 0..d: 0.1 * cos(f64(i * 5 + k))]
  BODY
}
"""
PULLBACK = """let (z, pullback) = vjp(p -> { let (a, b) = p; NAME(a, b) }, (x, y))
  let (dx, dy) = pullback(2 * z)
  print("{sum(dx)} {sum(dy)}")"""
GRAIN = 15000  # the report is in tenths of a megabyte
VALUE = 'print("{mixture(x, y)}")'
GRADIENT = 'print("{sum(grad(mu -> mixture(x, mu))(y))}")'


def peak(body, n, m, d):
    """In numbers of 8 bytes."""
    with tempfile.TemporaryDirectory(prefix="tl-space-") as folder:
        path = os.path.join(folder, "p.tl")
        with open(path, "w", encoding="utf-8") as f:
            f.write(PROGRAM.replace("BODY", body))
        done = subprocess.run([sys.argv[1], "run", "--threads", "1", "--time", path, "--", "--n", str(n), "--m", str(m), "--d", str(d)],
                              capture_output=True, text=True, check=True)
    return float(re.search(r"peak +([0-9.]+) MB", done.stderr).group(1)) * 1e6 / 8


for name in ("kernel", "distances"):
    for n, m, d in ((400, 500, 8), (400, 500, 64), (1200, 500, 16)):
        points, matrix, most = (n + m) * d, n * m, peak(PULLBACK.replace("NAME", name), n, m, d)
        bound = 2.2 * points + 1.1 * matrix + GRAIN  # points and gradients, and one matrix
        print(f"{name} n={n} m={m} d={d}: {most:.0f} numbers, bound {bound:.0f}, all products {matrix * d}")
        assert most < bound and bound < 0.3 * matrix * d
for n, c, d in ((2000, 25, 10), (8000, 25, 10), (2000, 100, 10), (2000, 25, 80)):
    value, gradient = peak(VALUE, n, c, d), peak(GRADIENT, n, c, d)
    print(f"mixture n={n} c={c} d={d}: value {value:.0f} numbers, gradient {gradient:.0f}, all products {n * c * d}")
    assert gradient < 1.1 * value + GRAIN and gradient < 0.2 * n * c * d
