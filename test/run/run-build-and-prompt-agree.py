# RUN: %python %s %tlc %root/test/check
"""Each program prints the same by `tlc run`, as an executable, and at the prompt, where it is loaded and `main()` called: all programs of a
folder that have a `main`, or the files given."""

import glob
import os
import subprocess
import sys
import tempfile


def run(command, folder, text=""):
    ended = subprocess.run(command, input=text, capture_output=True, text=True, timeout=100, cwd=folder)
    return ended.stdout if ended.returncode == 0 else f"exit code {ended.returncode}\n{ended.stdout}{ended.stderr}"


def main():
    tlc, *places = sys.argv[1:]
    files = [f for place in places for f in (sorted(glob.glob(place + "/*.tl")) if os.path.isdir(place) else [os.path.abspath(place)])]
    files = [f for f in files if "\ndef main(" in open(f, encoding="utf-8").read()]
    different = 0
    for file in files:
        with tempfile.TemporaryDirectory(prefix="tl-agree-") as folder:
            expected = run([tlc, "run", file], folder)
            if expected.startswith("exit code"):  # it needs flags or files
                continue
            ways = {"the prompt": run([tlc, "repl"], folder, f":load {file}\nmain()\n")}
            built = run([tlc, "build", file, "-o", "program"], folder)
            ways["the executable"] = built + run(["./program"], folder) if os.path.exists(folder + "/program") else built
            for way, seen in ways.items():
                if seen != expected:
                    different += 1
                    print(f"--- {file}: tlc run\n{expected}--- {way}\n{seen}")
    print(f"{len(files)} programs, {different} differences")
    return different != 0 or not files


sys.exit(main())
