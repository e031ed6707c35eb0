# RUN: %python %s %tlc %root
"""No text of the repository can be read in two ways: ANTLR's exact ambiguity detection finds nothing in any .tl file."""

import glob
import subprocess
import sys

tlc, root = sys.argv[1:]
files = [f for f in glob.glob(root + "/**/*.tl", recursive=True) if "/build" not in f[len(root):]]
found = ""
for file in files:
    ended = subprocess.run([tlc, "check", "--emit=ambiguities", file], capture_output=True, text=True)
    found += ended.stdout + (f"{file}: exit code {ended.returncode}\n{ended.stderr}" if ended.returncode else "")
print(found or f"{len(files)} files, nothing ambiguous")
sys.exit(1 if found or not files else 0)
