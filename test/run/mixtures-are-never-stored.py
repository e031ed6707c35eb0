"""The density of a mixture with full matrices, and its gradient, work in memory for the points and the components: neither the n x c
numbers nor the n x c x d vectors between are stored. The values and gradients are NumPy's.

# RUN: %python %s %tlc
"""

import os
import tempfile

import numpy as np

from Inputs.never_stored import peak

PROGRAM = """
def f(x: f64[n, d], m: f64[c, d], q: f64[c, d, d]) -> f64 =
  sum(for i: log(sum(for j: exp(-sum(for k: sum(for l: q[j, k, l] * (x[i, l] - m[j, l])) ** 2)))))
def main(x: f64[n, d] = load("x.npy"), m: f64[c, d] = load("m.npy"), q: f64[c, d, d] = load("q.npy"), with_gradient: bool = false) {
  if with_gradient {
    let (value, (dm, dq)) = value_and_grad(p -> { let (a, b) = p; f(x, a, b) })((m, q))
    save("value.npy", value)
    save("dm.npy", dm)
    save("dq.npy", dq)
  } else { save("value.npy", f(x, m, q)) }
}"""
FIXED = 5e6  # bytes of tiles
n, c, d = 20000, 25, 10
rng = np.random.default_rng(0)
x, m, q = rng.normal(size=(n, d)), rng.normal(size=(c, d)), rng.normal(size=(c, d, d)) / 10
e = x[:, None] - m
r = np.einsum("jkl,ijl->ijk", q, e)
w = np.exp(-(r * r).sum(2))
dr = -2 * r * (w / w.sum(1)[:, None])[:, :, None]
want = {"value": np.log(w.sum(1)).sum(), "dm": -np.einsum("jkl,ijk->jl", q, dr), "dq": np.einsum("ijk,ijl->jkl", dr, e)}
with tempfile.TemporaryDirectory(prefix="tl-mixtures-") as folder:
    for name, z in (("x", x), ("m", m), ("q", q)):
        np.save(os.path.join(folder, name), z)
    with open(os.path.join(folder, "p.tl"), "w", encoding="utf-8") as f:
        f.write(PROGRAM)
    bound = 3 * (x.nbytes + m.nbytes + q.nbytes) + FIXED
    for flags in ([], ["--with_gradient"]):
        most = peak(folder, *flags)
        print(f"{flags}: {most:.0f} bytes, bound {bound:.0f}, all pairs {8 * n * c}, all vectors {8 * n * c * d}")
        assert most < bound < 8 * n * c * d / 3
    for name, z in want.items():
        assert np.allclose(np.load(os.path.join(folder, name + ".npy")), z, rtol=1e-9, atol=1e-9), name
