# RUN: %python %s
# What is printed reads back as the same number, and no shorter text does: f64 and f32 as Python and NumPy, all of bf16.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from runtime import BF16, Check, form

rng = np.random.default_rng(3)
check = Check()
hard = [2.0**e for e in range(-1074, 1024, 3)] + [5e-324, 1.7976931348623157e308, 2.2250738585072014e-308, 0.1, 1e16, 1e-5, 9007199254740993.0]
for x in hard + list(np.frombuffer(rng.bytes(8 * 4000), np.float64)):
    if np.isfinite(x):
        check.same(form(np.float64(x)), repr(float(x)), x)
with np.errstate(all="ignore"):
    for x in [np.float32(2.0**e) for e in range(-149, 128)] + list(np.frombuffer(rng.bytes(4 * 4000), np.float32)):
        check.same(form(x), str(x), x)
for bits in range(0, 0x7F80):
    text = form(np.uint16(bits), kind=BF16)
    exact = np.array([bits << 16], np.uint32).view(np.float32)[0]
    near = np.array([max(bits - 1, 0) << 16, (bits + 1) << 16], np.uint32).view(np.float32).astype(np.float64)
    distance = abs(float(text) - float(exact))
    nearer = [abs(float(text) - n) - distance for n in near if np.isfinite(n) and n != exact]
    check.same(all(d > 0 or (d == 0 and bits % 2 == 0) for d in nearer), True, (hex(bits), text))  # a tie goes to the even
    check.same(sum(c.isdigit() for c in text.split("e")[0].replace(".", "").strip("0")) <= 4, True, (hex(bits), text))
check.done()
