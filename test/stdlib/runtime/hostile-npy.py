# RUN: %python %s %t
# No header is believed: each file gives one line with file, offset, what was expected and found; exit 3; nothing is allocated.
import os
import resource
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from runtime import Check, in_child, load

os.makedirs(sys.argv[1], exist_ok=True)
path = os.path.join(sys.argv[1], "a.npy")


def npy(header, data=b"", magic=b"\x93NUMPY\x01\x00", length=None):
    return magic + struct.pack("<H", len(header) if length is None else length) + header.encode("latin1") + data


def head(descr="'<f8'", order="False", shape="(2,)", more=""):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, {more}}}"


FILES = [b"", b"\x93NUM", npy(head(), magic=b"\x93NUMPX\x01\x00"), npy(head(), magic=b"\x93NUMPY\x09\x00"), npy(head(), length=60000),
         npy(head()), npy(head(), b"1234567"), npy(head(), b"x" * 17), npy(head(shape="(9223372036854775807,)")),
         npy(head(shape="(4294967296, 4294967296)")), npy(head(shape="(99999999999999999999,)")), npy(head(shape="(-1,)")),
         npy(head(shape="(1, 1000000000000)")), npy(head(shape="(" + "1," * 40 + ")")), npy(head(shape="2")), npy(head(shape="(2")),
         npy(head("'|O'")), npy(head("'<c16'")), npy(head("[('a', '<f8')]")), npy(head("'<f8")), npy(head("'f8'")), npy(head("''")),
         npy(head(order="Maybe")), npy(head(more="'x': 1")), npy(head(more="'shape': (1,)")), npy(head() + "x"), npy("{}"), npy(""),
         npy(head("'\x01<f8'")), b"\x93NUMPY\x02\x00" + struct.pack("<I", 0xFFFFFFFF) + b"{}", b"\x93NUMPY\x03\x00\x01"]
check = Check()
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
for i, raw in enumerate(FILES):
    open(path, "wb").write(raw)
    code, out = in_child(lambda: load(path, "float64", (-1,)))
    good = out.startswith(f"error[E0912]: {path}: at byte ") and "expected" in out and out.count("\n") == 1
    check.same((code, good), (3, True), (i, raw[:80], out))
rng = np.random.default_rng(5)
whole = npy(head(), np.arange(2.0).tobytes())
for _ in range(400):  # any byte changed, any end missing: an array or a message, never a crash
    raw = bytearray(whole[: rng.integers(len(whole) + 1)])
    for _ in range(rng.integers(3)):
        if raw:
            raw[rng.integers(len(raw))] = rng.integers(256)
    open(path, "wb").write(raw)
    check.same(in_child(lambda: load(path, "float64", (-1,)))[0] in (0, 3), True, raw)
check.done()
