"""transcript.py TLC FILE: types what stands behind each `tl> ` (and `... `) of FILE into `tlc repl` on a terminal, compares what comes
back with the lines below, up to the next prompt. A line `tl> $ NAME TEXT` writes the file NAME first. With TL_BLESS set it rewrites FILE."""

import difflib
import os
import re
import signal
import sys
import tempfile

import pexpect

tlc, path = sys.argv[1], os.path.abspath(sys.argv[2])
lines = open(path, encoding="utf-8").read().split("\n")
head = [line for line in lines[: next(i for i, line in enumerate(lines) if line.startswith("tl> "))]]
typed = [line for line in lines if line.startswith(("tl> ", "... "))]

folder = tempfile.mkdtemp(prefix="tl-repl-")
os.chdir(folder)
os.environ.update(TERM="dumb", HOME=folder, XDG_STATE_HOME=folder)
session = pexpect.spawn(tlc, ["repl"], timeout=60, encoding="utf-8", echo=False, dimensions=(50, 250),
                        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # lit ignores it
session.expect_exact("tl> ")
seen = list(head)
for line in typed:
    seen.append(line)
    entry = line[4:]
    if entry.startswith("$ "):
        name, text = entry[2:].split(" ", 1)
        open(name, "w", encoding="utf-8").write(text.replace("\\n", "\n") + "\n")
        continue
    session.sendline(entry)
    session.expect([r"(?:^|\n)(?:tl> |\.\.\. )$", pexpect.EOF])
    output = session.before.replace("\r", "").split("\n")
    seen += [text for text in output[1:] if text]
session.close()
seen = [text.rstrip() for text in seen]
lines = [text.rstrip() for text in lines if text.rstrip() or text in head]
if os.environ.get("TL_BLESS"):
    open(path, "w", encoding="utf-8").write("\n".join(seen) + "\n")
elif [t for t in seen if t] != [t for t in lines if t]:
    print("\n".join(difflib.unified_diff(lines, seen, path, "seen now", lineterm="")))
    sys.exit(1)
