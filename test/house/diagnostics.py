# RUN: %python %s %root
"""Each code in ast/base/Diagnostics.def has a page in ast/base/explain and at least one test that mentions it."""

import os
import re
import sys

root = sys.argv[1]
table = os.path.join(root, "ast/base/Diagnostics.def")
pages = os.path.join(root, "ast/base/explain")

text = open(table, encoding="utf-8").read()
codes = re.findall(r"^\s*DIAG\(\s*([A-Z]\d+)\s*,", text, re.M)
found = [f"{code}: twice in Diagnostics.def" for code in sorted(set(codes)) if codes.count(code) > 1]

mentioned = set()
for folder, folders, names in os.walk(os.path.join(root, "test")):
    folders[:] = [name for name in folders if name != "house"]
    for name in names:
        if name.endswith((".tl", ".mlir", ".test", ".py", ".golden", ".txt", ".expected")):
            content = open(os.path.join(folder, name), encoding="utf-8", errors="replace").read()
            mentioned.update(re.findall(r"\b[A-Z]\d{4}\b", content))

for code in sorted(set(codes)):
    page = os.path.join(pages, code + ".md")
    if not os.path.exists(page) or not open(page, encoding="utf-8").read().strip():
        found.append(f"{code}: no page ast/base/explain/{code}.md")
    if code not in mentioned:
        found.append(f"{code}: no file in test/ mentions it")
for page in sorted(os.listdir(pages)) if os.path.isdir(pages) else []:
    if page != "README.md" and os.path.splitext(page)[0] not in codes:
        found.append(f"ast/base/explain/{page}: no such code in Diagnostics.def")

print("\n".join(found) or f"{len(codes)} codes, each with a page and a test")
sys.exit(1 if found or not codes else 0)
