# RUN: %python %s %root
"""Our C++ and C stand as clang-format writes them; `tools/dev fmt` makes it so."""

import os
import subprocess
import sys

told = subprocess.run([os.path.join(sys.argv[1], "tools", "dev"), "fmt", "--check"], capture_output=True, text=True)
if told.returncode:
    print(told.stdout + told.stderr + "run `tools/dev fmt`")
sys.exit(told.returncode)
