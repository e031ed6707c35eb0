# RUN: %python %s %t
# .safetensors: what is written is what the format says and reads back; entries are found by name; types and sizes are required.
import json
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from runtime import KINDS, Check, in_child, load, samples, save

os.makedirs(sys.argv[1], exist_ok=True)
path = os.path.join(sys.argv[1], "a.safetensors")
rng = np.random.default_rng(6)
check = Check()
dtypes = [k for k in KINDS if k != "bf16"]
arrays = {f"layer {i}.{d}": samples(rng, d, 12).reshape(3, 4) for i, d in enumerate(dtypes)}
arrays.update({'quote"\\': np.float32(2.5), "empty": np.zeros((0, 3)), "größe": np.arange(3)})
save(path, arrays)
raw = open(path, "rb").read()
(length,) = struct.unpack("<Q", raw[:8])
table = json.loads(raw[8 : 8 + length])
check.same(length % 8, 0, "the data is aligned")
check.same(set(table), set(arrays), "names")
for name, a in arrays.items():
    a = np.asarray(a)
    begin, end = table[name]["data_offsets"]
    check.same((table[name]["shape"], raw[8 + length + begin : 8 + length + end]), (list(a.shape), a.tobytes()), name)
    check.same(begin % a.dtype.itemsize, 0, "each array is aligned")
    check.same(load(path, a.dtype.name, a.shape, name).tobytes(), a.tobytes(), name)
check.same(in_child(lambda: load(path, "float32", (), "nothing"))[0], 3, "no such name")
code, out = in_child(lambda: load(path, "float32", (3, -1), "größe"))
check.same((code, out.startswith(f"error[E0913]: {path}: `größe`: expected f32[3, _], found i64[3]: ")), (3, True), out)
check.same(in_child(lambda: load(path, "float32", ()))[0], 3, "which one?")
save(path, {"": np.arange(4)})
check.same(load(path, "int64", (4,)).tolist(), [0, 1, 2, 3], "the only one")
check.done()
