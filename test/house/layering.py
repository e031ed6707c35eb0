# RUN: %python %s %root
"""Checks the #include lines of our folders against the picture "Who may include whom": what is not drawn is forbidden."""

import os
import re
import sys

root = sys.argv[1]

# A layer and the layers it may include; arrows are followed on.
ARROWS = {
    "ast/base": [],
    "ast": ["ast/base"],
    "frontend": ["ast", "stdlib"],
    "mlir_gen/dialect": ["ast/base"],
    "mlir_gen": ["ast", "mlir_gen/dialect"],
    "passes": ["mlir_gen/dialect"],
    "stdlib": [],
    "stdlib/runtime": [],
    "tools/driver": ["frontend", "mlir_gen", "passes", "stdlib", "stdlib/runtime"],
    "tools/repl": ["tools/driver"],
    "tools/grad": ["tools/driver"],
    "tools/fmt": ["tools/driver"],
    "tools/lsp": ["tools/driver", "tools/fmt"],
    "tools/tlc": ["tools/driver", "tools/repl", "tools/grad", "tools/fmt", "tools/lsp"],
    "tools/tlc-opt": ["tools/driver"],
}

# What others wrote, and the only files that may include it.
OUTSIDE = [
    (r"antlr4|grammar/Tl", r"frontend/(Parse|BuildAst)\w*\.(cpp|h)$"),
    (r"CLI/", r"tools/tlc/"),
    (r"lld/", r"tools/driver/"),
    (r"histedit\.h", r"tools/repl/"),
    (r"mlir/Analysis/Presburger/", r"ast/base/Shape\w*\.cpp$|mlir_gen/|passes/|tools/"),
    (r"mlir/(?!Analysis/Presburger/)", r"mlir_gen/|passes/|tools/(driver|repl|grad|lsp|tlc|tlc-opt)/"),
    (r"mlir-c/|llvm-c/|clang/", r"$^"),
    (r"llvm/", r"ast/|frontend/|mlir_gen/|passes/|tools/"),
]


def layer_of(path):
    found = [layer for layer in ARROWS if path.startswith(layer + "/")]
    return max(found, key=len) if found else None


def reachable(layer):
    seen, todo = {layer}, [layer]
    while todo:
        for below in ARROWS[todo.pop()]:
            if below not in seen:
                seen.add(below)
                todo.append(below)
    return seen


def complaints(path):
    layer = layer_of(path)
    allowed = reachable(layer)
    for number, line in enumerate(open(os.path.join(root, path), encoding="utf-8"), 1):
        match = re.match(r'\s*#?\s*include\s*([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        quote, name = match.groups()
        where = f"{path}:{number}: "
        target = layer_of(name)
        if target:
            if target not in allowed:
                yield where + f"{layer} may not include {target} ({name})"
            continue
        rules = [files for pattern, files in OUTSIDE if re.match(pattern, name)]
        if rules:
            if not re.match(rules[0], path):
                yield where + f"{name} may not be included here"
        elif quote == '"' and "/" not in name and not path.startswith("stdlib/runtime/"):
            yield where + f'write the path from the root of the repository, not "{name}"'


found, files = [], 0
for layer in ("ast", "frontend", "mlir_gen", "passes", "stdlib", "tools"):
    for folder, _, names in os.walk(os.path.join(root, layer)):
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), root)
            if re.search(r"\.(h|cpp|c|S|td|def|inc)$", name) and layer_of(path):
                files += 1
                found += complaints(path)

print("\n".join(found) or f"{files} files, all includes follow the picture")
sys.exit(1 if found or not files else 0)
