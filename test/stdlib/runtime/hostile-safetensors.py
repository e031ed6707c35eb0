# RUN: %python %s %t
# Overlaps, holes, wrong lengths, wrong JSON: one line with file, offset, what was expected and found; exit 3.
import os
import resource
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from runtime import Check, in_child, load

os.makedirs(sys.argv[1], exist_ok=True)
path = os.path.join(sys.argv[1], "a.safetensors")


def file(header, data=b"", length=None):
    raw = header if isinstance(header, bytes) else header.encode()
    return struct.pack("<Q", len(raw) if length is None else length) + raw + data


def entry(dtype="F64", shape="[2]", offsets="[0,16]", name="a"):
    return f'"{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}'


def table(*entries):
    return "{" + ",".join(entries) + "}"


D = b"x" * 16
FILES = [b"", b"123", file("{}", length=2**63), file("{}", length=100), file(""), file("{"), file("[]"), file("{}", b"x"),
         file(table(entry())), file(table(entry()), D + b"x"), file(table(entry(offsets="[0,15]")), D), file(table(entry(offsets="[16,0]")), D),
         file(table(entry(offsets="[8,24]")), D + b"12345678"), file(table(entry(), entry(name="b")), D), file(table(entry(), entry(offsets="[16,32]")), D + D),
         file(table(entry(shape="[-2]")), D), file(table(entry(shape="[4294967296,4294967296]")), D), file(table(entry(shape="[99999999999999999999]")), D),
         file(table(entry(shape="[1.5]")), D), file(table(entry(shape=str([1] * 40))), D), file(table(entry("Q7")), D), file(table(entry("")), D),
         file(table(entry(offsets="[0]")), D), file(table(entry(offsets="[0,9223372036854775808]")), D), file('{"a":{}}', D), file('{"a":1}', D),
         file('{"a":{"dtype":"F64","dtype":"F64","shape":[2],"data_offsets":[0,16]}}', D), file(table(entry()) + "x", D), file('{"a', D),
         file(table(entry(name="\\q")), D), file(table(entry(name="\\u12")), D), file(table(entry(name="\\u0000")), D), file(b'{"\x01":1}'),
         file('{"__metadata__":{"a":1},' + entry() + "}", D), file(b"\x00" * 20), file("{" * 100000), file('{"__metadata__":' * 5000)]
check = Check()
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
for i, raw in enumerate(FILES):
    open(path, "wb").write(raw)
    code, out = in_child(lambda: load(path, "float64", (2,)))
    good = out.startswith(f"error[E0912]: {path}: at byte ") and "expected" in out and out.count("\n") == 1
    check.same((code, good), (3, True), (i, raw[:80], out))
rng = np.random.default_rng(7)
whole = file(table('"__metadata__":{"k":"v"}', entry()), D)
open(path, "wb").write(whole)
check.same(load(path, "float64", (2,)).tobytes(), D, "the whole file")
for _ in range(400):
    raw = bytearray(whole[: rng.integers(len(whole) + 1)])
    for _ in range(rng.integers(3)):
        if raw:
            raw[rng.integers(len(raw))] = rng.integers(256)
    open(path, "wb").write(raw)
    check.same(in_child(lambda: load(path, "float64", (2,)))[0] in (0, 3), True, raw)
check.done()
