# RUN: rm -rf %t && mkdir %t && %python %s %tlc %t
"""Entries come back with the arrow keys, in the next session too; nothing but the history file is left behind."""
import os
import sys

import pexpect

tlc, folder = sys.argv[1:]
os.environ.update(TERM="vt100", XDG_STATE_HOME=folder)


def start():
    session = pexpect.spawn(tlc, ["repl"], timeout=30, encoding="utf-8")
    session.expect_exact("tl> ")
    return session


first = start()
first.sendline("40 + 2")
first.expect_exact("42")
first.expect_exact("tl> ")
first.sendline(":quit")
first.expect(pexpect.EOF)

second = start()
second.send("\x1b[A")  # up: :quit
second.send("\x1b[A")
second.send("\r")
second.expect_exact("42")
second.expect_exact("tl> ")
second.send("\x12" + "40 +")  # Ctrl-R searches
second.send("\r")
second.expect_exact("42")
second.expect_exact("tl> ")
second.sendline(":quit")
second.expect(pexpect.EOF)
second.close()
assert second.exitstatus == 0, second.exitstatus
assert os.listdir(folder) == ["tl"] and os.listdir(folder + "/tl") == ["history"], os.listdir(folder)
