"""For tests of what a program stores: its peak memory, and what it saved."""

import os
import re
import subprocess
import sys

# Two vectors or arrays x and y; the value of f, and with --with_gradient its derivatives by both.
MAIN = """def main(x: {type} = load("x.npy"), y: {other} = load("y.npy"), with_gradient: bool = false) {{
  if with_gradient {{
    let (value, (dx, dy)) = value_and_grad(p -> {{ let (a, b) = p; f(a, b) }})((x, y))
    save("value.npy", value)
    save("dx.npy", dx)
    save("dy.npy", dy)
  }} else {{ save("value.npy", f(x, y)) }}
}}"""


def peak(folder, *flags, options=()):
    """The most bytes that p.tl of the folder holds at a time."""
    done = subprocess.run([sys.argv[1], "run", "--time", *options, "p.tl", "--", *flags], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return 1e6 * float(re.search(r"peak +([0-9.]+) MB", done.stderr).group(1))


def saved(folder):
    return [open(os.path.join(folder, name + ".npy"), "rb").read() for name in ("value", "dx", "dy")]
