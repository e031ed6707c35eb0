# RUN: %python %s %root/grammar/TOUR.md %tlc %t
"""The 30 steps of grammar/TOUR.md: each program prints what stands below it, its messages included."""

import os
import re
import subprocess
import sys

page, tlc, folder = sys.argv[1], sys.argv[2], sys.argv[3] + ".d"
os.makedirs(folder, exist_ok=True)
text = open(page, encoding="utf-8").read()
steps = re.findall(r"^## (\d+)\. .*?\n(.*?)(?=^## \d+\. |\Z)", text, re.M | re.S)
failed = [int(number) for number, _ in steps] != list(range(1, 31))
for number, step in steps:
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", step, re.M | re.S)
    kinds, (program, expected) = [kind for kind, _ in blocks], [block for _, block in blocks]
    with open(os.path.join(folder, "step.tl"), "w", encoding="utf-8") as file:
        file.write(program)
    run = subprocess.run([tlc, "run", "step.tl"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=100)
    if kinds != ["tl", "text"] or run.stdout != expected:
        failed = True
        print(f"step {number} prints\n{run.stdout}")
sys.exit(failed)
