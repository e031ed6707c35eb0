# RUN: %python %s %root
"""No test names the folder that it was written in: it would pass nowhere else."""

import os
import sys

root = os.path.realpath(sys.argv[1])
found, looked = [], 0
for folder, _, names in os.walk(os.path.join(root, "test")):
    for name in sorted(names):
        path = os.path.join(folder, name)
        looked += 1
        with open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                if os.fsencode(root + os.sep) in line:
                    found.append(f"{os.path.relpath(path, root)}:{number}: names {root}")

print("\n".join(found) or f"{looked} files, none names {root}")
sys.exit(1 if found or not looked else 0)
