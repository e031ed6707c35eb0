"""examples.py TLC EXAMPLE: runs an example in memory and as an executable, at -O2 and -O0, on one thread and on two: all must print the same bytes, and these must be what stands in the example's head, the lines `#   ` below `# It prints:`."""

import difflib
import os
import subprocess
import sys
import tempfile


def promised(example):
    lines = open(example, encoding="utf-8").read().splitlines()
    if "# It prints:" not in lines:
        sys.exit(f"{example} has no `# It prints:`")
    text = []
    for line in lines[lines.index("# It prints:") + 1:]:
        if not line.startswith("#   "):
            break
        text.append(line[4:])
    return "\n".join(text) + "\n"


def difference(title, want, got):
    return f"{title}\n" + "\n".join(difflib.unified_diff(want.splitlines(), got.splitlines(), "the head", "printed", lineterm=""))


def main():
    tlc, example = sys.argv[1], os.path.realpath(sys.argv[2])
    folder, name = os.path.split(example)
    want, wrong = promised(example), []
    with tempfile.TemporaryDirectory(prefix="tl-examples-") as work:
        os.symlink(folder, os.path.join(work, "examples"))

        def output(title, command):
            done = subprocess.run(command, cwd=work, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            if done.returncode or done.stderr:
                wrong.append(f"{title} ended with {done.returncode}\n{done.stderr}")
            elif done.stdout != want:
                wrong.append(difference(title, want, done.stdout))

        path, threads = os.path.join("examples", name), ["--threads=1", "--threads=2"]
        levels = ["-O2", "-O0"]
        for level in levels:
            for option in threads:
                output(f"tlc run {level} {option}", [tlc, "run", level, option, path])
            built = subprocess.run([tlc, "build", level, path, "-o", "program"], cwd=work, capture_output=True, text=True)
            if built.returncode:
                wrong.append(f"tlc build {level} ended with {built.returncode}\n{built.stderr}")
                continue
            for option in threads:
                output(f"the executable, {level} {option}", [os.path.join(work, "program"), option])
    print("\n".join(wrong) or f"{name}: {4 * len(levels)} runs print what the head says")
    return 1 if wrong else 0


sys.exit(main())
