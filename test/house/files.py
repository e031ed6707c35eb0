# RUN: %python %s %root
"""No file of code is longer than 600 lines; those over 400 are listed. Tables (*.def, *.td, and files whose first six
lines hold the words "a table") and stdlib/ are exempt."""

import os
import re
import sys

root = sys.argv[1]
LIMIT, LOOK = 600, 400

found, looked = [], 0
for top in (".ci", "ast", "cmake", "examples", "frontend", "grammar", "mlir_gen", "passes", "test", "tools"):
    for folder, _, names in os.walk(os.path.join(root, top)):
        for name in sorted(names):
            path = os.path.join(folder, name)
            if not re.search(r"\.(h|cpp|c|S|py|g4|tl|mlir|cmake|txt)$", name) and "." in name:
                continue
            lines = open(path, encoding="utf-8", errors="replace").readlines()
            looked += 1
            if "a table" in " ".join(lines[:6]).lower():
                continue
            shown = os.path.relpath(path, root)
            if len(lines) > LIMIT:
                found.append(f"{shown}: {len(lines)} lines; split it over {LIMIT}")
            elif len(lines) > LOOK:
                print(f"note: {shown}: {len(lines)} lines; over {LOOK}, have a look")

print("\n".join(found) or f"{looked} files, none over {LIMIT} lines")
sys.exit(1 if found or not looked else 0)
