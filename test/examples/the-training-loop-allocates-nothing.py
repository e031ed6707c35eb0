"""`tlc run --time` counts as many allocations of examples/05-digits.tl for 100 epochs as for 10, and the same peak;
the compiled code copies no array.

# RUN: %python %s %tlc %root
"""

import re
import subprocess
import sys
import tempfile
import os

tlc, root = sys.argv[1:]
found = {}
with tempfile.TemporaryDirectory(prefix="tl-digits-") as folder:
    os.symlink(os.path.join(root, "examples"), os.path.join(folder, "examples"))
    for epochs in (10, 100):
        done = subprocess.run([tlc, "run", "--time", "examples/05-digits.tl", "--", "--epochs", str(epochs)], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"tlc ended with {done.returncode}\n{done.stderr}")
        found[epochs] = dict(re.findall(r"^ *(allocations|allocated|peak) +([\d.]+)", done.stderr, re.M))
    # Place is the pass that decides on buffers: after it, a copy of one is a memref.copy.
    done = subprocess.run([tlc, "run", "--print-after=place", "examples/05-digits.tl", "--", "--epochs", "1"], cwd=folder, capture_output=True, text=True)
placed = done.stdout + done.stderr
copies = re.findall(r"^.*memref\.copy.*$", placed, re.M)
if done.returncode or "memref.alloc" not in placed or copies:
    sys.exit(f"tlc ended with {done.returncode}; {len(copies)} copies\n" + "\n".join(copies[:5]))
print(found)
sys.exit(0 if found[10].get("allocations") and found[10] == found[100] else "the allocations differ")
