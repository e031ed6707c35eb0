# RUN: %python %s %tlc
"""Ctrl-C comes back to the prompt at once, whatever runs, and leaves the session as it was. The goal is 100 ms; a loaded machine gets a second."""
import os
import signal
import sys
import time

import pexpect

os.environ.update(TERM="dumb")
session = pexpect.spawn(sys.argv[1], ["repl"], timeout=60, encoding="utf-8", echo=False,
                        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # lit ignores it
session.expect_exact("tl> ")


def enter(line, want=""):
    session.sendline(line)
    session.expect_exact(want)
    session.expect_exact("tl> ")


enter("let a = normal(key(1), [2000, 2000])")
enter("var i = 7")
for line in ("while i > 0 { i += 1 }",
             "let b = a @ a @ a @ a @ a @ a @ a @ a @ a @ a @ a @ a @ a @ a @ a @ a",
             "sum(sort(normal(key(2), [30000000])))",
             "sum(for k in 1000000000: f32(k % 7) ** 0.3)",
             'for k in 1000000000 { print("{k}") }'):
    session.sendline(line)
    session.expect_exact(line[:10])
    time.sleep(2)
    begin = time.time()
    session.sendintr()
    session.expect_exact("interrupted")
    session.expect_exact("tl> ")
    took = time.time() - begin
    assert took < 1, f"{line}: {took:.3f} s"
    print(f"{took * 1000:5.0f} ms  {line[:40]}")
    enter("i", "7")
enter("b", "error[E0140]")
enter("a[0, 0]", "0.16218138")
session.sendeof()
session.expect(pexpect.EOF)
