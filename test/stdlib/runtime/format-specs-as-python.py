# RUN: %python %s
# Specs mean what they mean in Python; in an array they are applied to each element and columns are aligned.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from runtime import KINDS, Check, form, samples, string

FLOATS = "+.3f .2f 8.3f e .3e g .3g .10g % .1% #g #.3g x^20.3e .3 .1 .0f #.0f .17g E G 012,.2f F 012.3f <9.1f".split() + [" .2f"]
EXACT = "5 <8 >8 ^9 08 + , 012, _ *^12 =+10 6".split()  # shortest digits: Python's are those of f64
INTS = "d 5 <5 05d +d , x #x #010x b #b o #o X _d _b 012,d ^9 =+9 e .2f % *>+8 08_b 020, _x".split() + [" d"]
rng = np.random.default_rng(2)
check = Check()
for dtype in KINDS[1:]:
    if dtype == "bf16":
        continue
    specs = INTS if "int" in dtype else FLOATS + (EXACT if dtype == "float64" else [])
    for spec in specs:
        for x in samples(rng, dtype, 25):
            check.same(form(x, spec), format(x.item(), spec), (dtype, spec, x))
for spec in ["", "8", "<8", "^9.2", ".1", "*>6s"]:
    check.same(form(np.int64(string("größe").value), spec, kind=13), format("größe", spec), ("str", spec))
check.same(form(np.array([True, False]), "6"), "[  True  False]", "bool")
check.same(form(np.array([[1.5, -2], [10, 0]]), ".2f"), "[[ 1.50 -2.00]\n [10.00  0.00]]", "columns")
check.done()
