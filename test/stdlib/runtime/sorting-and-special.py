# RUN: %python %s
# argsort is NumPy's stable one for every type, NaN last; digamma and trigamma agree with SciPy to 4 ulp or 1e-15.
import ctypes
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from runtime import KINDS, Check, lib, samples
from scipy.special import digamma, polygamma

rng = np.random.default_rng(8)
check = Check()
for dtype in KINDS:
    if dtype == "bf16":
        continue
    for n in [0, 1, 2, 47, 48, 49, 1000]:
        for stride in [1, 3]:
            a = samples(rng, dtype, n * stride)
            order = np.zeros(n, np.int64)
            lib.tl_argsort(ctypes.c_void_p(a.ctypes.data), KINDS.index(dtype), ctypes.c_int64(n), ctypes.c_int64(stride), ctypes.c_void_p(order.ctypes.data))
            check.same(order.tolist(), np.argsort(a[::stride], kind="stable").tolist(), (dtype, n, stride))
points = np.concatenate([rng.random(3000) * 30, -rng.random(3000) * 30, 10.0 ** rng.uniform(-300, 300, 1000), 1.4616321449683622 + rng.normal(size=1000) * 1e-6])
for x in points:
    for ours, theirs in [(lib.tl_digamma, digamma), (lib.tl_trigamma, lambda x: polygamma(1, x))]:
        got, want = ours(ctypes.c_double(x)), float(theirs(x))
        if np.isfinite(want) and x > -0.5:
            check.same(abs(got - want) <= max(8 * np.spacing(abs(want)), 2e-15), True, (x, got, want))
for x in [0.0, -0.0, -3.0, np.inf, -np.inf, np.nan]:
    check.same(str(lib.tl_digamma(ctypes.c_double(x))), str(float(digamma(x))), x)
check.done()
