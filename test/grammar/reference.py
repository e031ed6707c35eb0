# RUN: %python %s %tlc %root/grammar/REFERENCE.md
"""Every program of the reference is compiled, one marked `wrong` is refused; where a block of text follows, it is what the program prints."""

import os
import re
import subprocess
import sys
import tempfile

tlc, reference = sys.argv[1:]
blocks = list(re.finditer(r"^```(\w+)( \w+)?\n(.*?)^```$", open(reference, encoding="utf-8").read(), re.M | re.S))
found = []
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "block.tl")
    for block, after in zip(blocks, blocks[1:] + [None]):
        language, mark, text = block.groups()
        line = block.string[: block.start()].count("\n") + 2
        if language == "text":
            continue
        if language != "tl" or mark not in (None, " wrong"):
            found.append(f"line {line}: a block of `{language}{mark or ''}`")
            continue
        open(path, "w", encoding="utf-8").write(text)
        printed = after.group(3) if after and after.group(1) == "text" else None
        ended = subprocess.run([tlc, "check" if printed is None else "run", path], capture_output=True, text=True)
        if ended.returncode != (1 if mark else 0):
            found.append(f"line {line}: tlc ended with {ended.returncode}\n{ended.stderr}")
        elif printed is not None and ended.stdout != printed:
            found.append(f"line {line}: printed\n{ended.stdout}")
print("\n".join(found) or f"{len(blocks)} blocks")
sys.exit(1 if found or len(blocks) < 30 else 0)
