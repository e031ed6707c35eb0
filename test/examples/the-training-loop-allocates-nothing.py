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
    done = subprocess.run([tlc, "run", "--emit=llvm", "examples/05-digits.tl"], cwd=folder, capture_output=True, text=True)
copies = re.findall(r"^.*call .*@(?:llvm\.)?(?:memcpy|memmove|memrefCopy).*$", done.stdout, re.M)
if done.returncode or "define" not in done.stdout or copies:
    sys.exit(f"tlc ended with {done.returncode}; {len(copies)} copies\n" + "\n".join(copies[:5]) + done.stderr)
print(found)
sys.exit(0 if found[10].get("allocations") and found[10] == found[100] else "the allocations differ")
