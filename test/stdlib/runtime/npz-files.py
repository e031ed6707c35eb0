# RUN: %python %s %t
# .npz: what NumPy writes is read, stored and packed, by name; what is written NumPy reads. A file that was cut or changed ends with 3.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from runtime import KINDS, Check, in_child, load, samples, save

os.makedirs(sys.argv[1], exist_ok=True)
path = os.path.join(sys.argv[1], "a.npz")
rng = np.random.default_rng(6)
check = Check()
arrays = {}
for dtype in KINDS:
    for shape in [(), (0, 2), (7,), (3, 4)]:
        if dtype != "bf16":
            arrays[f"{dtype}.{len(shape)}"] = samples(rng, dtype, int(np.prod(shape))).reshape(shape)
arrays["zeros"] = np.zeros((300, 300))
for write in [np.savez, np.savez_compressed, lambda path, **a: save(path, a)]:
    write(path, **arrays)
    for name, a in arrays.items():
        check.same(load(path, a.dtype.name, a.shape, name).tobytes(), a.tobytes(), name)
back = np.load(path)
check.same(sorted(back), sorted(arrays), "names")
for name, a in arrays.items():
    check.same((back[name].dtype, back[name].shape, back[name].tobytes()), (a.dtype, a.shape, a.tobytes()), name)

save(path, {"": np.arange(3.0)})
check.same(np.load(path)["arr_0"].tolist(), [0, 1, 2], "one array without a name")
check.same(load(path, "float64", (-1,)).tolist(), [0, 1, 2], "the only array")


def message(name="x", dtype="float64", shape=(-1,)):
    code, text = in_child(lambda: load(path, dtype, shape, name))
    return code, text.split(path, 1)[-1].strip()


for write in [np.savez, np.savez_compressed]:
    write(path, x=np.arange(5.0), y=np.arange(2))
    whole = open(path, "rb").read()
    check.same(message("z")[1].split(": ", 2)[2], "expected an array `z`, found `x`, `y`", "no such name")
    check.same(message("")[1].split(": ", 2)[2], "expected one array, found 2: load a record with their names as fields", "several")
    check.same(message("y")[1].split(", or")[0], "(y.npy): expected f64[_], found i64[2]: load it as i64 and convert", "type")
    for at in range(0, len(whole), 7):  # cut anywhere
        open(path, "wb").write(whole[:at])
        check.same(message()[0], 3, at)
    for _ in range(300):  # any bytes changed: what is read is right or refused
        raw = bytearray(whole)
        for _ in range(rng.integers(1, 4)):
            raw[rng.integers(len(raw))] = rng.integers(256)
        open(path, "wb").write(raw)
        check.same(message()[0] in (0, 3), True, bytes(raw))
# An entry that claims to be 4 GB.
huge = bytearray(whole)
directory = whole.index(b"PK\x01\x02")
huge[directory + 24 : directory + 28] = b"\xfe\xff\xff\xff"
open(path, "wb").write(huge)
code, text = message()
check.same((code, "packed ones, found a size of 4294967294" in text), (3, True), text)
check.done()
