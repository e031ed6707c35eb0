"""Large kernels print the same bytes on 1, 2, 3 and 7 threads, in memory and as an executable, at -O0 and -O2; and they do run on threads.

# RUN: %python %s %tlc %S/Inputs/large-kernels.tl
"""

import os
import re
import subprocess
import sys
import tempfile

tlc, program = sys.argv[1:]


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command} ended with {done.returncode}\n{done.stderr}")
    return done


with tempfile.TemporaryDirectory(prefix="tl-threads-") as folder:
    built = os.path.join(folder, "program")
    run(tlc, "build", program, "-o", built)
    alone = run(tlc, "run", "--threads=1", "--time", program)
    several = run(tlc, "run", "--threads=2", "--time", program)
    others = {f"executable, {n} threads": run(built, f"--threads={n}") for n in (1, 2, 3, 7)}
    others |= {"2 threads": several, "-O0, 3 threads": run(tlc, "run", "-O0", "--threads=3", program)}

wrong = [name for name, done in others.items() if done.stdout != alone.stdout]
kernels = [int(re.search(r"on threads +(\d+)", done.stderr)[1]) for done in (alone, several)]
if kernels[0] != 0 or kernels[1] < 30:
    wrong.append(f"{kernels[0]} kernels on one thread, {kernels[1]} on two")
sys.exit("differ from one thread: " + ", ".join(wrong) if wrong else 0)
