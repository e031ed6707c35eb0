"""Random programs of updates, swaps, slices, loops, branches and aliases print what the same statements print in NumPy, where every assignment copies.

# RUN: %python %s %tlc -O0 1
# RUN: %python %s %tlc -O2 2
"""

import os
import random
import subprocess
import sys
import tempfile

import numpy as np

from Inputs.programs import TwinWriter

PROGRAMS, LINES = 60, 9
VECTORS, MATRICES = "abc", "mw"  # of 6, of 4 x 4


class Statements(TwinWriter):
    def __init__(self, rng):
        super().__init__(rng)
        self.kept = []

    def place(self, depth, target, value):
        self.add(depth, f"{target} = {value}", f"{target} = copy({value})")  # NumPy reads what it has written where row and column cross

    def pick(self, names):
        return self.rng.choice(names)

    def index(self, size):
        """A place inside: loop variables run to 3."""
        if self.loops and self.rng.random() < 0.7:
            k = self.pick(self.loops)
            return self.pick([k, f"{size - 1} - {k}", f"({k} + 1) % {size}", f"{k} // 2", f"({k} + s) % {size}"])
        return str(self.rng.randrange(size))

    def number(self):
        v, m = self.pick(VECTORS), self.pick(MATRICES)
        return self.pick([f"{v}[{self.index(6)}]", f"{m}[{self.index(4)}, {self.index(4)}]", "s", str(self.rng.randrange(-3, 9))])

    def vector(self, size):
        """An expression for a vector of this size: its copy in Python."""
        v, lo = self.pick(VECTORS), self.rng.randrange(7 - size)
        part = v if size == 6 else f"{v}[{lo}:{lo + size}]"
        if size == 4 and self.rng.random() < 0.6:
            m = self.pick(MATRICES)
            part = self.pick([f"{m}[{self.index(4)}]", f"{m}[:, {self.index(4)}]"])
        return self.pick([part, f"flip({part})", f"{part} + {self.number()}", f"{part} - {part.replace(v, self.pick(VECTORS), 1) if part.startswith(v) else part}"])

    def matrix(self):
        m = self.pick(MATRICES)
        return self.pick([m, f"{m}.T", f"{m} + {self.pick(MATRICES)}", f"{m} * {self.number()}", f"flip({m})"])

    def statement(self, depth, budget):
        kind = self.rng.randrange(14)
        v, u, m = self.pick(VECTORS), self.pick(VECTORS), self.pick(MATRICES)
        if kind == 0:
            size = self.rng.randrange(1, 7)
            lo = self.rng.randrange(7 - size)
            self.place(depth, f"{v}[{lo}:{lo + size}]", self.vector(size))
        elif kind == 1:
            self.add(depth, f"{v}[{self.index(6)}] {self.pick(['=', '+=', '-=', '*='])} {self.number()}")
        elif kind == 2:
            i, j = self.index(6), self.index(6)
            self.add(depth, f"({v}[{i}], {v}[{j}]) = ({v}[{j}], {v}[{i}])")
        elif kind == 3:
            self.add(depth, f"({v}, {u}) = ({u}, {v})" if u != v else f"{v} = {self.vector(6)}", f"{v}, {u} = copy({u}), copy({v})" if u != v else None)
            if u == v:
                self.py[-1] = "  " * depth + f"{v} = copy({self.py[-1].split(' = ', 1)[1]})"
        elif kind == 4:
            e = self.vector(6)
            self.add(depth, f"{v} = {e}", f"{v} = copy({e})")
        elif kind == 5:
            e = self.matrix()
            self.add(depth, f"{m} = {e}", f"{m} = copy({e})")
        elif kind == 6:
            self.place(depth, f"{m}[{self.index(4)}]", self.vector(4))
        elif kind == 7:
            self.place(depth, f"{m}[:, {self.index(4)}]", self.vector(4))
        elif kind == 8:
            self.add(depth, f"s = (s + {self.number()}) % 97")
        elif kind == 9:
            name = f"old{len(self.kept)}"
            if depth == 1:
                self.kept.append(name)
                self.add(depth, f"let {name} = {v}", f"{name} = copy({v})")
        elif kind == 10:
            self.add(depth, f"{v} = [for i: ({u}[i - 1] ?? 0) + {v}[i]]", f"{v} = np.concatenate(([0], {u}[:-1])) + {v}")
        elif kind == 11:
            self.add(depth, f"{v} = bumped({v}, {u}, {self.index(6)})")
        elif budget > 1 and len(self.loops) < 2:
            if kind == 12:
                self.loop(depth, budget, self.pick(["3", "2", "none", "4"]))
            else:
                self.branch(depth, budget, f"{self.number()} % 2 == {self.rng.randrange(2)}", 0.5)


def write(rng, number):
    w = Statements(rng)
    w.write(LINES)
    shown = list(VECTORS + MATRICES + "s") + w.kept
    parameters = "a0: i64[6], m0: i64[4, 4], none: int"
    tl = [f"def p{number}({parameters}) {{", "  var a = a0", "  var b = a0", "  var c = a0 * 2", "  var m = m0", "  var w = m0", "  var s = none + 1", *w.tl]
    py = [f"def p{number}(a0, m0, none):", "  a, b, c, m, w, s = copy(a0), copy(a0), a0 * 2, copy(m0), copy(m0), np.int64(1)", *w.py]
    for name in shown:
        tl.append(f'  print("{number} {name}\\n{{{name}}}")')
        py.append(f'  print("{number} {name}\\n" + str({name}), file=out)')
    return tl + ["}", ""], py + [""]


HELP_TL = """def bumped(x: i64[n], y: i64[n], k: int) -> i64[n] {
  var z = x
  z[k] += y[k]
  for i in 1..n { z[i] += z[i - 1] % 7 }
  z
}
"""
HELP_PY = """
import numpy as np
copy, flip = np.array, lambda x: np.flip(x, 0)
def bumped(x, y, k):
  z = copy(x)
  z[k] += y[k]
  for i in range(1, len(z)): z[i] += z[i - 1] % 7
  return z
"""


def run(tlc, level, tl, numbers):
    calls = [f"  p{n}(arange(6) * 3 - 4, reshape(arange(16) % 5, [4, 4]), none)" for n in numbers]
    lines = [line for n in [-1, *numbers] for line in tl[n + 1]] + ["def main(none: int = 0) {", *calls, "}"]
    with tempfile.TemporaryDirectory(prefix="tl-updates-") as folder:
        path = os.path.join(folder, "p.tl")
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")
        return subprocess.run([tlc, "run", level, path], capture_output=True, text=True)


def main():
    tlc, level, seed = sys.argv[1:]
    rng = random.Random(int(seed))
    tl, py = [[HELP_TL]], [HELP_PY]
    for number in range(PROGRAMS):
        a, b = write(rng, number)
        tl.append(a)
        py += b
    numbers = range(PROGRAMS)
    done = run(tlc, level, tl, numbers)
    if done.returncode:  # the first that fails alone
        for number in numbers:
            alone = run(tlc, level, tl, [number])
            if alone.returncode:
                sys.exit(f"tlc ended with {alone.returncode}\n{alone.stderr[:1500]}\n" + "\n".join(tl[number + 1]))
        sys.exit(f"tlc ended with {done.returncode}, each program alone does not\n{done.stderr[:1500]}")
    lines = []
    with np.errstate(all="ignore"):

        class Out:
            def write(self, text):
                lines.append(text)
        names = {"out": Out()}
        exec("\n".join(py), names)
        for n in range(PROGRAMS):
            names[f"p{n}"](np.arange(6) * 3 - 4, (np.arange(16) % 5).reshape(4, 4), 0)
    blocks = [{}, {}]
    for block, text in zip(blocks, (done.stdout, "".join(lines))):
        for line in text.splitlines():
            if line[:1].isdigit() and len(line.split()) == 2:
                block[line] = []
            elif block:
                block[list(block)[-1]].append(line)
    wrong = [key for key in blocks[1] if blocks[0].get(key) != blocks[1][key]]
    for key in wrong[:4]:
        print(f"{key}: expected", *blocks[1][key], "got", *(blocks[0].get(key) or ["nothing"]), sep="\n  ")
    for number in sorted({int(key.split()[0]) for key in wrong})[:2]:
        print("\n".join(tl[number + 1]))
    print(f"{PROGRAMS} programs, {len(blocks[1])} values, {len(wrong)} differ")
    return 1 if wrong or len(blocks[1]) < 6 * PROGRAMS else 0


if __name__ == "__main__":
    sys.exit(main())
