"""show.py TLC FILE: what the program prints, and the program at every stage of the compiler."""

import os
import subprocess
import sys

tlc, path = os.path.abspath(sys.argv[1]), sys.argv[2]
folder, name = os.path.split(os.path.abspath(path))
STAGES = "tokens ast checked tl shapes grad linalg llvm".split()


def run(*options):
    command = [tlc, "run", name, "--cpu", "x86-64-v3", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


print("prints\n------\n" + run())
for stage in STAGES:
    print(f"{stage}\n{'-' * len(stage)}\n{run('--emit', stage).strip()}\n")
