# RUN: %python %s %tlc
# Convolutions, windows and filters against NumPy.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from library import Case, check

rng = np.random.default_rng(1)
x, w = rng.normal(size=8), rng.normal(size=3)


def lfilter(b, a, x):
    y = np.zeros(len(x))
    for i in range(len(x)):
        y[i] = (sum(b[j] * x[i - j] for j in range(len(b)) if j <= i) - sum(a[j] * y[i - j] for j in range(1, len(a)) if j <= i)) / a[0]
    return y


cases = [Case(f"signal.{name}(x, y)", ref, [*args], order=2) for args in [(x, w), (w, x[:3]), (x[:1], w[:1])] for name, ref in
         [("convolve", np.convolve), ("correlate", lambda x, w: np.correlate(x, w, "full")), ("convolve_valid", lambda x, w: np.convolve(x, w, "valid"))]]
cases += [Case(f"signal.{name}({n}) * x", lambda s, name=name, n=n: getattr(np, {"hann": "hanning"}.get(name, name))(n) * s, [np.array(2.0)], least=1)
          for name in ["hann", "hamming", "blackman", "bartlett"] for n in [0, 1, 2, 9]]
cases += [Case("signal.lfilter(x, y, z)", lfilter, [w, np.array([2, 0.3, -0.2, 0.1]), x], order=2), Case("signal.convolve(x, y)", np.convolve, [np.arange(5), np.arange(3)])]
check(sys.argv[1], cases, ["signal"])
