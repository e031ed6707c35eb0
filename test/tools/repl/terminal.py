# RUN: %python %s %tlc
# On a terminal: prompts, entries of several lines, Ctrl-C in a running loop and in a line, errors that leave the session alive.
import os
import signal
import sys
import time

import pexpect

os.environ.update(TERM="dumb", HOME=os.environ["HOME"])
tlc = pexpect.spawn(sys.argv[1], ["repl"], timeout=30, encoding="utf-8", echo=False,
                    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # lit ignores it


def enter(text, want=None):
    tlc.sendline(text)
    if want:
        tlc.expect_exact(want)


tlc.expect_exact("tl> ")
enter("1 + 2", "3")
tlc.expect_exact("tl> ")
enter("def f(x: f32) -> f32 {", "... ")
enter("x * 3", "... ")
enter("}", "tl> ")
enter("f(2.0)", "6.0")
tlc.expect_exact("tl> ")
enter("nothing + 1", "error[E0140]")
tlc.expect_exact("tl> ")
enter("var x = 1.0", "tl> ")
enter("while x > 0 { x = x % 7.0 + 0.5 }")
time.sleep(1.5)
start = time.time()
tlc.sendintr()
tlc.expect_exact("interrupted")
assert time.time() - start < 1, "Ctrl-C took too long"
tlc.expect_exact("tl> ")
enter("x", "1.0")  # the entry changed nothing
tlc.expect_exact("tl> ")
tlc.send("def g(x: f32) {\r")
tlc.expect_exact("... ")
tlc.sendintr()
tlc.expect_exact("tl> ")
enter(":quit")
tlc.expect(pexpect.EOF)
tlc.close()
assert tlc.exitstatus == 0, tlc.exitstatus
print("ok")
