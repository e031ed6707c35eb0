"""Inputs of the evals as GradBench sends them: small ones from a seed, and ADBench's files, which FileFormat.md beside them describes."""

import math

import numpy as np


def hello(_):
    return [1.0, -2.5, 1e-3]


def lse(rng):
    return [{"x": rng.uniform(-100, 100, size=n).tolist()} for n in (1, 7, 500)]


def llsq(rng):
    return [{"x": rng.uniform(size=m).tolist(), "n": n} for m, n in ((1, 2), (5, 16), (128, 33))]


def kmeans(rng):
    inputs = []
    for n, k, d in ((1, 1, 1), (40, 3, 2), (60, 7, 5)):
        points = rng.uniform(size=(n, d)).tolist()
        inputs.append({"points": points, "centroids": points[n - k:]})
    return inputs


def det(rng):
    return [{"A": rng.uniform(size=n * n).tolist(), "ell": n} for n in (1, 2, 5)]


def gmm_of(rng, d, k, n, m, gamma):
    return {
        "d": d, "k": k, "n": n, "m": m, "gamma": gamma,
        "x": rng.normal(size=(n, d)).tolist(),
        "alpha": rng.normal(size=k).tolist(),
        "mu": rng.uniform(size=(k, d)).tolist(),
        "q": rng.normal(size=(k, d)).tolist(),
        "l": rng.normal(size=(k, d * (d - 1) // 2)).tolist(),
    }


def gmm(rng):
    return [gmm_of(rng, *sizes) for sizes in ((1, 1, 1, 0, 1.0), (2, 3, 20, 0, 1.0), (4, 5, 30, 2, 1.7))]


def lstm_of(rng, layers, c, b):
    return {
        "main_params": rng.uniform(size=(2 * layers, 4 * b)).tolist(),
        "extra_params": rng.uniform(size=(3, b)).tolist(),
        "state": rng.uniform(size=(2 * layers, b)).tolist(),
        "sequence": rng.integers(2, size=(c, b)).astype(float).tolist(),
    }


def lstm(rng):
    return [lstm_of(rng, *sizes) for sizes in ((1, 2, 1), (2, 12, 3), (3, 5, 14))]


def ba(rng):
    return [{
        "n": n, "m": m, "p": p,
        "cam": (rng.normal(size=11) * [1, 1, 1, 20, 20, 20, 300, 5, 5, 0.05, 0.01]).tolist(),
        "x": (rng.normal(size=3) * 5).tolist(),
        "w": float(rng.uniform()),
        "feat": (rng.normal(size=2) * 200).tolist(),
    } for n, m, p in ((2, 3, 10), (5, 40, 97))]


# ---- ADBench's files ----

def numbers(path):
    with open(path, encoding="ascii") as file:
        return [float(word) for word in file.read().split()]


def pieces(path, heads, sizes):
    """The first `heads` numbers of the file, as ints, then arrays of the sizes that these give."""
    values = numbers(path)
    head, rest = [int(v) for v in values[:heads]], np.array(values[heads:])
    arrays = []
    for shape in sizes(*head):
        count = math.prod(shape)
        arrays.append(rest[:count].reshape(shape).tolist())
        rest = rest[count:]
    return head, arrays


def read_gmm(path):
    (d, k, n), (alpha, mu, icf, x, (gamma, m)) = pieces(
        path, 3, lambda d, k, n: ((k,), (k, d), (k, d * (d + 1) // 2), (n, d), (2,)))
    return {"d": d, "k": k, "n": n, "m": int(m), "gamma": gamma, "x": x, "alpha": alpha, "mu": mu,
            "q": [row[:d] for row in icf], "l": [row[d:] for row in icf]}


def read_lstm(path):
    _, arrays = pieces(path, 3, lambda l, c, b: ((2 * l, 4 * b), (3, b), (2 * l, b), (c, b)))
    return dict(zip(("main_params", "extra_params", "state", "sequence"), arrays))


def read_ba(path):
    (n, m, p), (cam, x, (w,), feat) = pieces(path, 3, lambda n, m, p: ((11,), (3,), (1,), (2,)))
    return {"n": n, "m": m, "p": p, "cam": cam, "x": x, "w": w, "feat": feat}


READERS = {"gmm": read_gmm, "lstm": read_lstm, "ba": read_ba}
