# RUN: %python %s %t
# .npy: what NumPy writes is read (each type, both orders, big-endian, versions 1 to 3), and what is written NumPy reads.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from runtime import KINDS, Check, in_child, load, samples, save

os.makedirs(sys.argv[1], exist_ok=True)
path = os.path.join(sys.argv[1], "a.npy")
rng = np.random.default_rng(4)
check = Check()
for dtype in KINDS:
    if dtype == "bf16":
        continue
    for shape in [(), (0,), (1,), (7,), (2, 0, 3), (3, 4), (2, 3, 4, 5)]:
        a = samples(rng, dtype, int(np.prod(shape))).reshape(shape)
        for order in "CF":
            for swapped in [False, True]:
                np.save(path, np.asarray(a.astype(a.dtype.newbyteorder(">")) if swapped else a, order=order))
                check.same(load(path, dtype, [-1] * len(shape)).tobytes(), a.tobytes(), (dtype, shape, order, swapped))
        save(path, {"": a})
        back = np.load(path)
        check.same((back.dtype, back.shape, back.tobytes()), (a.dtype, a.shape, a.tobytes()), (dtype, shape))
for version in [(1, 0), (2, 0), (3, 0)]:
    with open(path, "wb") as f:
        np.lib.format.write_array(f, np.arange(6.0).reshape(2, 3), version)
    check.same(load(path, "float64", (2, 3)).tolist(), [[0, 1, 2], [3, 4, 5]], version)
for dtype, shape, want in [("float32", (-1, 3), 'expected f32[_, 3], found f64[2, 3]: load it as f64 and convert, or save it with `.astype("float32")`'),
                           ("float64", (2, 4), "expected f64[2, 4], found f64[2, 3]"), ("float64", (6,), "expected f64[6], found f64[2, 3]")]:
    code, out = in_child(lambda: load(path, dtype, shape))
    check.same((code, out), (3, f"error[E0913]: {path}: {want}\n"), (dtype, shape))
check.same(os.listdir(sys.argv[1]), ["a.npy"], "no temporary file is left")
check.done()
