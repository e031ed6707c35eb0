"""Bodies with loops of their own run element by element, on threads: with the same output, and where elements fail, with the message of the first
in order. What the elements allocate is freed.

# RUN: %python %s %tlc %S/Inputs/maps-on-threads.tl
"""

import re
import subprocess
import sys

tlc, program = sys.argv[1:]


def run(threads, *flags):
    done = subprocess.run([tlc, "run", f"--threads={threads}", "--time", program, "--", *flags], capture_output=True, text=True)
    message, _, table = done.stderr.partition("time\n")
    return (done.returncode, done.stdout, message), int(re.search(r"on threads +(\d+)", table)[1])


def expect(condition, what):
    if not condition:
        sys.exit(f"{what}")


def steps(x):
    y, k = x, 0
    while abs(y * y - x) > 1e-9 * x:
        y, k = (y + x / y) / 2, k + 1
    return k


expect(run(2)[0][1].startswith(f"{sum(steps(i + 1.0) for i in range(2000))}\n"), "another number of steps than in Python")
for flags, code, text in [
    ([], 0, ""),
    (["--bad", "700"], 101, "error[E0806]: element 700 is bad"),
    (["--deep", "600"], 101, "error[E0902]: the stack overflowed: calls nest too deeply"),
]:
    alone, none = run(1, *flags)
    expect(none == 0, "one thread has run on several")
    expect(alone[0] == code and text in alone[2], alone)
    for threads in (2, 3, 2, 2):
        several, kernels = run(threads, *flags)
        expect(several == alone, f"{flags} on {threads} threads: {several}\non one: {alone}")
        expect(code or kernels >= 4, f"{kernels} kernels on {threads} threads")
