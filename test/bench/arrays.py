"""arrays.py NAME RUNS: the programs of arrays.tl in NumPy, with intermediate results in place where NumPy can."""

import sys

import numpy as np

name, runs = sys.argv[1], int(sys.argv[2])
size = (512, 512) if name.startswith("matmul") else (1000, 1000) if name == "softmax" else (1000000,)
dtype = np.float64 if name == "matmul64" else np.float32
rng = np.random.default_rng(0)
a, b = rng.random(size, dtype), rng.random(size, dtype)
if name.startswith("matmul"):
    b /= 256
t = np.empty_like(a)


def softmax(a):
    np.subtract(a, a.max(axis=1, keepdims=True), out=t)
    np.exp(t, out=t)
    np.divide(t, t.sum(axis=1, keepdims=True), out=a)


for _ in range(runs):
    if name.startswith("matmul"):
        np.matmul(a, b, out=t)
        a, t = t, a
    elif name == "chain":
        np.multiply(a, b, out=t)
        t += b
        a -= 0.5
        a *= t
    elif name == "exp":
        np.negative(a, out=a)
        np.exp(a, out=a)
    elif name == "tanh":
        np.tanh(a, out=a)
    elif name == "softmax":
        softmax(a)
    else:
        a[0] = a.sum() / 1000000
print(a.ravel()[0])
