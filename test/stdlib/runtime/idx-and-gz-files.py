# RUN: %python %s %t
# IDX as the MNIST files have it, and packed files of any format: read as they were, refused where they were cut.
import gzip
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from runtime import Check, in_child, load, save

os.makedirs(sys.argv[1], exist_ok=True)
check = Check()


def at(name, raw=None):
    path = os.path.join(sys.argv[1], name)
    if raw is not None:
        open(path, "wb").write(raw)
    return path


def idx(a, code):
    return struct.pack(f">BBBB{a.ndim}I", 0, 0, code, a.ndim, *a.shape) + a.astype(a.dtype.newbyteorder(">")).tobytes()


for dtype, code in [("uint8", 8), ("int8", 9), ("int16", 11), ("int32", 12), ("float32", 13), ("float64", 14)]:
    a = (np.arange(24).reshape(2, 3, 4) * 5 - 7).astype(dtype)
    for name in ["a.idx", "images-idx3-ubyte"]:
        check.same(load(at(name, idx(a, code)), dtype, (-1, 3, 4)).tolist(), a.tolist(), (name, dtype))
    save(at("b.idx"), {"": a})
    check.same(open(at("b.idx"), "rb").read(), idx(a, code), dtype)
whole = idx(np.arange(6, dtype="u1").reshape(2, 3), 8)
packed = gzip.compress(whole)
check.same(load(at("t-idx2-ubyte.gz", packed), "uint8", (2, 3)).tolist(), [[0, 1, 2], [3, 4, 5]], "gz")
check.same(load(at("t.csv.gz", gzip.compress(b"1,2\n")), "float64", (1, 2)).tolist(), [[1, 2]], "csv.gz")
zeros = np.zeros(300000)
np.save(at("z.npy"), zeros)
check.same(load(at("z.npy.gz", gzip.compress(open(at("z.npy"), "rb").read())), "float64", (-1,)).tolist(), zeros.tolist(), "npy.gz")

for cut in range(len(whole)):
    check.same(in_child(lambda: load(at("c.idx", whole[:cut]), "uint8", (-1, -1)))[0], 3, cut)
for cut in range(len(packed) - 1):
    check.same(in_child(lambda: load(at("c.idx.gz", packed[:cut]), "uint8", (-1, -1)))[0], 3, cut)
huge = struct.pack(">BBBBIII", 0, 0, 8, 3, 2**31, 2**31, 2**31)
check.same("expected -1 bytes" in in_child(lambda: load(at("h.idx", huge), "uint8", (-1,) * 3))[1], False, "more than 2^63 bytes")
check.same(in_child(lambda: load(at("h.idx", huge), "uint8", (-1,) * 3))[0], 3, "a large header")
check.same(in_child(lambda: load(at("a.gz", packed), "uint8", (-1, -1)))[0], 3, "packed what?")
check.done()
