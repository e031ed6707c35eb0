"""examples.py TLC EXAMPLE: runs an example in memory (-O2 and -O0, and with threads where tlc has them) and as an executable: all must print the
same bytes, and these must be what stands in the example's head, the lines `#   ` below `# It prints:`."""

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

        path, run = os.path.join("examples", name), [tlc, "run"]
        variants = {"tlc run": [], "tlc run -O0": ["-O0"]}
        if "--threads" in subprocess.run([tlc, "run", "--help"], capture_output=True, text=True).stdout:
            variants |= {"tlc run --threads=1": ["--threads=1"], "tlc run --threads=2": ["--threads=2"]}
        for title, options in variants.items():
            output(title, run + options + [path])
        built = subprocess.run([tlc, "build", path, "-o", "program"], cwd=work, capture_output=True, text=True)
        if built.returncode:
            wrong.append(f"tlc build ended with {built.returncode}\n{built.stderr}")
        else:
            output("the executable", [os.path.join(work, "program")])
    print("\n".join(wrong) or f"{name}: {len(variants) + 1} runs print what the head says")
    return 1 if wrong else 0


sys.exit(main())
