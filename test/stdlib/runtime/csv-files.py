# RUN: %python %s %t
# .csv: numbers come as those that are asked for, rounded once; lines and columns are named in what is refused.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from runtime import BF16, KINDS, Check, in_child, load, samples, save

os.makedirs(sys.argv[1], exist_ok=True)
path = os.path.join(sys.argv[1], "a.csv")
rng = np.random.default_rng(8)
check = Check()


def read(text, dtype="float64", shape=(-1, -1), name=""):
    with open(path, "wb") as f:
        f.write(text.encode())
    return load(path, dtype, shape, name).tolist()


def refused(text, dtype="float64", shape=(-1, -1), name=""):
    code, out = in_child(lambda: read(text, dtype, shape, name))
    return out.strip().split(f"{path}: ", 1)[-1] if code == 3 else (code, out)


check.same(read("1,2\n3,4\n"), [[1, 2], [3, 4]], "plain")
check.same(read("\ufeff 1 ,\t2\r\n\r\n-3e-2,\"4\""), [[1, 2], [-0.03, 4]], "BOM, blanks, CRLF, an empty line, quotation marks, no last newline")
check.same(read("a,\"b, c\"\n1,2\n"), [[1, 2]], "a line of names")
check.same(read("x,y\n1,2\n3,4\n", shape=(-1,), name="y"), [2, 4], "a column by name")
check.same(read("1\n2\n", shape=(-1,)), [1, 2], "one column")
check.same(str(read("nan,inf,-inf\n")), "[[nan, inf, -inf]]", "not finite")
check.same(read("", shape=(-1, 3)), [], "nothing")
check.same(read("true,0\nFalse,1\n", "bool"), [[True, False], [False, True]], "bools")
check.same(read("-128,127\n", "int8"), [[-128, 127]], "ends of i8")
check.same(read("18446744073709551615\n", "uint64"), [[2**64 - 1]], "end of u64")

check.same(refused("1,2\n3\n"), "line 2: expected 2 numbers, as in the first line, found 1", "ragged")
check.same(refused("1,2\n3,x\n"), "line 2, column 2: expected f64, found `x`", "a word")
check.same(refused("1,x\n3,4\n"), "line 1, column 2: expected f64, found `x`", "a word in a first line of numbers")
check.same(refused("1;2\n3;4\n"), "line 1, column 1: expected f64, found `1;2`", "semicolons")
check.same(refused("1,2\n\n3,\n"), "line 3, column 2: expected f64, found nothing", "an empty field")
check.same(refused("1,2.5\n", "int64"), "line 1, column 2: expected i64, found `2.5`: load it as f64 and convert", "no integer")
check.same(refused("300\n", "uint8"), "line 1, column 1: expected u8, found `300`, which is out of range", "out of range")
check.same(refused("1e39\n", "float32"), "line 1, column 1: expected f32, found `1e39`, which is out of range", "too large")
check.same(refused("65520\n", "float16"), "line 1, column 1: expected f16, found `65520`, which is out of range", "too large for a half")
check.same(refused("1,2\n", shape=(-1, 3)), "expected f64[_, 3], found f64[1, 2]", "shape")
check.same(refused("1,\"2\n"), "line 1: expected the end of a quotation, found the end of the file", "open quotation")
check.same(refused("x,y\n1,2\n", shape=(-1,), name="z"), "line 1: expected a column `z`, found other names", "no such column")

# Rounded once: halves of f16 and bf16 with something far behind them that a double would drop.
check.same(read("1.00048828125\n1.000488281250000000000000000001\n1.000488281249999999999999999999\n", "float16", (-1,)), [1.0, 1.0009765625, 1.0], "f16")
with open(path, "w") as f:
    f.write("1.00390625\n1.00390625000000000000000000001\n-1.01171875\n-1.01171874999999999999999999999\n")
check.same(load(path, "", (-1,), kind=BF16).tolist(), [0x3F80, 0x3F81, 0xBF82, 0xBF81], "bf16")

for dtype in KINDS:  # what is written is read back, bit for bit
    if dtype == "bf16":
        continue
    for shape in [(5,), (4, 3), (0, 2)]:
        a = samples(rng, dtype, int(np.prod(shape))).reshape(shape)
        a = np.where(np.isnan(a), np.array(np.nan, a.dtype), a) if a.dtype.kind == "f" else a
        save(path, {"": a})
        check.same(load(path, dtype, (-1, 2) if 0 in shape else (-1,) * len(shape)).tobytes(), a.tobytes(), (dtype, shape, a))
save(path, {"x": np.arange(3.0), "y": np.arange(3)})
check.same(open(path).read(), "x,y\n0.0,0\n1.0,1\n2.0,2\n", "columns of a record")
check.done()
