# RUN: %python %s %root
"""Each folder has a README.md of at most 60 lines with the three headings. Folders of tests and of explanations share
the README above them."""

import os
import sys

root = sys.argv[1]
HEADINGS = ["What is here", "How to add one", "Why it is so"]
TOP = ("ast", "cmake", "examples", "frontend", "grammar", "mlir_gen", "passes", "stdlib", "test", "tools")

found, looked = [], 0
for top in TOP:
    for folder, folders, names in os.walk(os.path.join(root, top)):
        shared = top == "test" or (top, os.path.basename(folder)) == ("ast", "base")
        folders[:] = [] if shared else [name for name in folders if name != "__pycache__"]
        shown = os.path.relpath(folder, root)
        if not [name for name in names if name not in ("CMakeLists.txt", "README.md")] and shown != top:
            continue  # nothing here yet
        looked += 1
        page = os.path.join(folder, "README.md")
        if not os.path.exists(page):
            found.append(f"{shown}: no README.md")
            continue
        lines = open(page, encoding="utf-8").read().splitlines()
        headings = [line.lstrip("#").strip() for line in lines if line.startswith("## ")]
        if len(lines) > 60:
            found.append(f"{shown}/README.md: {len(lines)} lines, at most 60")
        if headings[: len(HEADINGS)] != HEADINGS:
            found.append(f"{shown}/README.md: headings are {headings}, wanted {HEADINGS}")

print("\n".join(found) or f"{looked} folders, each with its README.md")
sys.exit(1 if found or not looked else 0)
