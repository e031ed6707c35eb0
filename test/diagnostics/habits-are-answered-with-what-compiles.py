# RUN: %python %s %tlc %root
"""What a message offers instead of a function of NumPy compiles: for each name of `frontend/Habits.cpp` the text in backticks, with
`x`, `a`, `b` a matrix, vectors, masks, `k` a key or an int."""

import os
import re
import subprocess
import sys
import tempfile

with open(os.path.join(sys.argv[2], "frontend/Habits.cpp"), encoding="utf-8") as file:
    text = file.read()
table = re.findall(r'\{"(\w+)", "((?:[^"\\]|\\.)*)"\}', text[:text.index("modules[]")])
modules = re.findall(r'\{"(\w+)", "(\w+)"\}', text[text.index("modules[]"):])
assert len(table) > 60 and len(modules) > 15, (len(table), len(modules))

NAMES = ("x: {t}, y: {t}, a: {t}, b: {t}, c: bool[4], set: f32[2], w: {t}, i: int, j: int, n: int, m: int, k: {k}, value: f32, "
         "indices: i64[2], xs: f32[4]")
CONTEXTS = [NAMES.format(t=t, k=k) for t in ("f32[4, 4]", "f32[4]", "f32[4, 4, 4]", "bool[4]", "i64[4]") for k in ("int", "key")]


def compiles(expr):
    lines = []
    for i, context in enumerate(CONTEXTS):
        lines.append(f"def f{i}(f: (f32, f32) -> f32, {context}) {{ print({expr}) }}\n")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "all.tl")
        with open(path, "w", encoding="utf-8") as out:
            out.write("".join(lines))
        ended = subprocess.run([sys.argv[1], "check", path, "--error-format=short"], capture_output=True, text=True)
    wrong = set(re.findall(r"all\.tl:(\d+):", ended.stderr))
    return len(wrong) < len(lines), ended.stderr


wrong = []
for name, help in table:
    for expr in re.findall(r"`([^`]*)`", help.replace('\\"', '"')):
        if "..." in expr or expr.startswith(("let ", "for ", ":")) or expr in ("0..n", "reshape", "grad(f)"):
            continue  # no whole expression
        fine, why = compiles(expr)
        if not fine:
            wrong.append((name, expr, why.splitlines()[:2]))
assert not wrong, "\n".join(map(str, wrong))
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "modules.tl")
    with open(path, "w", encoding="utf-8") as out:
        out.write("".join(f"import {m}\n" for m in sorted({m for _, m in modules})) + "".join(f"let f{i} = {m}.{n}\n" for i, (n, m) in enumerate(modules)))
    ended = subprocess.run([sys.argv[1], "check", path, "--error-format=short"], capture_output=True, text=True)
    assert "E0142" not in ended.stderr, ended.stderr
