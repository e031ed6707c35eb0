"""Prints the derivative of each function of a file that stands under a line `# at: arguments` (`# at(.w):` where only
that field can be subtracted), and runs a program that asks for the numbers of
the printed derivative and of `grad` at those arguments: compare.py TLC FILE [NAME...], or NAME=ARGUMENTS.
--bits: they are equal; --differences: and so, in their own direction, are central differences of f64, to 1e-7.
Prints a line a function; fails if one differs."""

import os
import re
import shutil
import subprocess
import sys
import tempfile


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    return done.returncode, done.stdout, done.stderr


def main(tlc, file, names):
    text = open(file, encoding="utf-8").read()
    functions = [(name, at, field) for field, at, name in re.findall(r"^# at(?:\((.*?)\))?: (.*)\ndef (\w+)", text, re.M)]
    bits, differences = ("--" + option in names for option in ("bits", "differences"))
    names = [name for name in names if not name.startswith("--")]
    given = [name.split("=", 1) for name in names if "=" in name]
    functions = [(name, at, "") for name, at in given] or [f for f in functions if not names or f[0] in names]
    own = set(re.findall(r"^(?:def|struct) (\w+)", text, re.M))
    libraries = re.findall(r"^import (\w+)$", text, re.M)
    bad = [] if functions else ["no functions"]
    with tempfile.TemporaryDirectory() as folder:
        original = shutil.copy(file, folder)
        program = "\n".join(f"import {library}" for library in libraries) + f'\nimport "{os.path.basename(file)}" as original\n'
        checks, calls = "", ""
        for name, at, field in functions:
            at = re.sub(r"(?<![\w.])(%s)\(" % "|".join(own), r"original.\1(", at)
            printed = os.path.join(folder, f"d_{name}.tl")
            code, _, errors = run(tlc, "grad", original, "--of", name, "-o", printed)
            if code == 0:
                code, _, errors = run(tlc, "check", printed)
            if code:
                print(f"{name}: {errors}")
                bad.append(name)
                continue
            program += f'import "d_{name}.tl" as d_{name}\n'
            checks += f"def check_{name}() {{\n  let (got, want) = (d_{name}.d_{name}({at}){field}, grad(original.{name})({at}){field})\n"
            checks += f'  print("{name} differs by {{norm(got - want) / (norm(want) + 1.0e-30)}}")\n}}\n'
            if differences:
                point, more = re.fullmatch(r"((?:[^,(\[{]|[(\[{](?:[^()\[\]{}]|[(\[{][^()\[\]{}]*[)\]}])*[)\]}])*)(.*)", at).groups()
                checks = checks.removesuffix("}\n") + f"  let (q, h) = ({point}, 1.0e-6 / norm(want))\n"
                checks += f"  let slope = (original.{name}(q + h * want{more}) - original.{name}(q - h * want{more})) / (2 * h)\n"
                checks += f'  print("{name} has the slope {{slope / dot(want, want)}}")\n}}\n'
            calls += f"  check_{name}()\n"
        path = os.path.join(folder, "program.tl")
        open(path, "w", encoding="utf-8").write(program + checks + "def main() {\n" + calls + "}\n")
        code, out, errors = run(tlc, "run", path)
        if code:
            bad.append(errors)
        for line in out.splitlines():
            name, _, slope = line.partition(" has the slope ")
            if slope and not abs(float(slope) - 1) <= 1e-7:
                bad.append(line)
            name, _, difference = line.partition(" differs by ")
            if not difference:
                continue  # what a function prints
            single = re.search(r"def %s\b[^\n]*-> f32" % name, text)
            if not float(difference) <= (0 if bits else 1e-5 if single else 1e-12):
                bad.append(line)
        print(out, end="")
    if bad:
        print("WRONG:", *bad, sep="\n")
    return bool(bad)


sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
