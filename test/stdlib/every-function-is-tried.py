# RUN: %python %s
# Each function of the library's modules is called in a test of this folder, against NumPy, SciPy or its paper. (The prelude's are in ops/table.py.)
import glob
import os
import re
import sys

here = os.path.dirname(os.path.abspath(__file__))
library = os.path.join(here, "..", "..", "stdlib")
tests = "".join(open(path, encoding="utf-8").read() for path in glob.glob(os.path.join(here, "*.py")) + glob.glob(os.path.join(here, "*.tl")) if path != os.path.abspath(__file__))

# What others are made of, and tried with them.
INNER = {
    "linalg": "epsilon triangle half_lower from_lower parity rotation gaps unscale".split(), "nn": ["recurrent_init", "lstm_cell", "gru_cell"],
    "signal": "cosine_window fft_columns root_of_one step_of fft_in_steps fft_by_chirp".split(),
    "plot": "axis_of mark marks across down frame font write stroke paint pixels colour".split(),
}
missing = []
for module in sorted(os.path.basename(path)[:-3] for path in glob.glob(os.path.join(library, "*.tl"))):
    if module == "prelude":
        continue
    inner, source = INNER.get(module, []), open(os.path.join(library, module + ".tl"), encoding="utf-8").read()
    rules = set(re.findall(r"^@[vj][vj]p\(of=\w+\)\n(?:##.*\n)*def (\w+)", source, re.M))
    names = [n for n in dict.fromkeys(re.findall(r"^def (\w+)", source, re.M)) if n not in rules]
    missing += [f"{module}.{n}" for n in inner if n not in names]
    missing += [f"{module}.{n}" for n in names if n not in inner and not re.search(rf"\b{module}\.{n}\b|[\"']{n}\b", tests)]
print("not tried: " + ", ".join(missing) if missing else "all are tried")
sys.exit(1 if missing else 0)
