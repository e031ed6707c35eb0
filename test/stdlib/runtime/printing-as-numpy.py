# RUN: %python %s
# str() of arrays and scalars of every type is NumPy's: alignment, notation, elision, wrapping.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from runtime import KINDS, Check, form, samples

rng = np.random.default_rng(1)
check = Check()
small, large = {1: 80, 2: 20, 3: 8, 4: 5}, {1: 5000, 2: 90, 3: 20, 4: 9}
for dtype in KINDS:
    if dtype == "bf16":
        continue
    for _ in range(250):
        rank = int(rng.integers(1, 5))
        lowest = 0 if rng.integers(12) == 0 else 1
        shape = tuple(rng.integers(lowest, (small if rng.integers(6) else large)[rank], rank))
        a = samples(rng, dtype, int(np.prod(shape))).reshape(shape)
        check.same(form(a), str(a), (dtype, shape))
    for x in samples(rng, dtype, 300):
        check.same(form(x), str(x), (dtype, "scalar"))
check.done()
