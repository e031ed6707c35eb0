"""Random functions with loops, branches, updates and calls: values, gradients, Hessian products and batched gradients agree with differences in NumPy's
long double.

# RUN: %python %s %tlc -O0 1
# RUN: %python %s %tlc -O1 2
"""

import os
import random
import subprocess
import sys
import tempfile

import numpy as np

from Inputs.programs import TwinWriter

PROGRAMS, LINES, SIZE, ROWS = 40, 6, 4, 3
LONG = np.longdouble

HELP_TL = """
def near(x: f64[n], k: int) -> f64[n] {
  var y = x
  y[k] = y[k] * 0.5 + sum(x) * 0.1
  y
}
def deep(x: f64, k: int) -> f64 = if k == 0 { x } else { 0.5 * deep(sin(x), k - 1) + x * 0.1 }
def root(x: f64) -> f64 {
  var y = 1.0
  while abs(y * y - x) > 0.001 { y = (y + x / y) / 2 }
  y
}
"""
HELP_PY = """
import numpy as np
sin, cos, exp, tanh, sqrt, copy, flip, maximum = np.sin, np.cos, np.exp, np.tanh, np.sqrt, np.array, np.flip, np.maximum
def near(x, k):
  y = copy(x)
  y[k] = y[k] * L(0.5) + np.sum(x) * L(0.1)
  return y
def deep(x, k): return x if k == 0 else L(0.5) * deep(sin(x), k - 1) + x * L(0.1)
def root(x):
  y = L(1.0)
  while abs(y * y - x) > L(0.001): y = (y + x / y) / 2
  return y
"""


class Statements(TwinWriter):
    def index(self):
        if self.loops and self.rng.random() < 0.7:
            k = self.rng.choice(self.loops)
            return self.rng.choice([k, f"({k} + 1) % {SIZE}", f"{SIZE - 1} - {k}"])
        return str(self.rng.randrange(SIZE))

    def scalar(self):
        v = self.rng.choice("abx")
        e = f"{v}[{self.index()}]"
        return self.rng.choice([e, e, "s", f"sin({e})", f"tanh({e} + s)", f"deep({e}, 2)", f"root(1.5 + tanh({e}))", f"exp(0.3 * tanh({e}))", f"{e} ** 2 * 0.2"])

    def vector(self):
        v, u = self.rng.choice("abx"), self.rng.choice("abx")
        return self.rng.choice([f"sin({v})", f"0.5 * {v} + 0.3 * {u}", f"tanh({v} * {u})", f"near({v}, {self.index()})", f"flip({v})", f"{v} * s", f"0.4 * {v} - cos({u})", f"{v} / (1.5 + {u} * {u})"])

    def statement(self, depth, budget):
        kind, v, u = self.rng.randrange(11), *self.rng.sample("ab", 2)
        if kind <= 1:
            e = self.vector()
            self.add(depth, f"{v} = {e}", f"{v} = copy({e})")
        elif kind <= 3:
            self.add(depth, f"{v}[{self.index()}] {self.rng.choice(['=', '+=', '*='])} {self.scalar()}")
        elif kind == 4:
            self.add(depth, f"s = 0.5 * s + 0.3 * {self.scalar()}")
        elif kind == 5:
            i, j = self.index(), self.index()
            self.add(depth, f"({v}[{i}], {v}[{j}]) = ({v}[{j}], {v}[{i}])")
        elif kind == 6:
            self.add(depth, f"{v}[1:] = 0.7 * {u}[:-1]", f"{v}[1:] = copy(0.7 * {u}[:-1])")
        elif kind == 7:
            self.add(depth, f"{v} = [for i: ({v}[i - 1] ?? 0) * 0.3 + {u}[i]]", f"{v} = np.concatenate(([L(0)], {v}[:-1])) * 0.3 + {u}")
        elif budget > 1 and len(self.loops) < 2:
            if kind == 8:
                self.loop(depth, budget, self.rng.choice(["3", "2", "none", str(SIZE)]))
            else:
                self.branch(depth, budget, f"{self.rng.choice('abx')}[{self.index()}] > {self.rng.choice(['0.13', '-0.21', '0.57'])}", 0.6)


def write(rng, number):
    w = Statements(rng)
    w.write(LINES)
    tl = [f"def fn{number}(x: f64[{SIZE}]) -> f64 {{", "  let none = count(x > 1e9)", "  var a = x", "  var b = 0.5 * x + 0.1", "  var s = x[0] * x[1]", *w.tl,
          "  s + sum(sin(a) * 0.9 + b * a + b * 0.7)", "}"]
    py = [f"def fn{number}(x):", "  none, a, b, s = 0, copy(x), L(0.5) * x + L(0.1), x[0] * x[1]", *w.py, "  return s + np.sum(sin(a) * L(0.9) + b * a + b * L(0.7))"]
    return tl, py


def program(tl, numbers):
    lines = HELP_TL.splitlines() + [line for n in numbers for line in tl[n]] + ["def main() {", f'  let xs: f64[{ROWS}, {SIZE}] = load("xs.npy")', f'  let v: f64[{SIZE}] = load("v.npy")']
    for n in numbers:
        lines += [f'  save("y{n}.npy", fn{n}(xs[0]))', f'  save("g{n}.npy", [for x in xs: grad(fn{n})(x)])' if n % 2 else f'  save("g{n}.npy", vmap(grad(fn{n}))(xs))']
        if n % 3 == 0:
            lines.append(f'  save("h{n}.npy", grad(x -> dot(v, grad(fn{n})(x)))(xs[0]))')
    return "\n".join(lines + ["}"]) + "\n"


def slope(f, x, h):
    d = np.zeros(SIZE, LONG)
    for i in range(SIZE):
        step = np.zeros(SIZE, LONG)
        step[i] = h
        d[i] = (f(x - 2 * step) - f(x + 2 * step) + 8 * (f(x + step) - f(x - step))) / (12 * h)
    return d


def main():
    tlc, level, seed = sys.argv[1:4]
    rng, numbers = random.Random(int(seed)), range(PROGRAMS)
    both = [write(rng, n) for n in numbers]
    tl = [a for a, _ in both]
    names = {"L": LONG}
    exec(HELP_PY + "\n".join(line for _, b in both for line in b), names)
    xs, v = np.random.default_rng(int(seed)).uniform(-1, 1, (ROWS, SIZE)), np.array([0.3, -0.7, 1.1, 0.5])
    with tempfile.TemporaryDirectory(prefix="tl-gradients-") as folder:
        np.save(os.path.join(folder, "xs.npy"), xs)
        np.save(os.path.join(folder, "v.npy"), v)

        def run(which):
            with open(os.path.join(folder, "p.tl"), "w", encoding="utf-8") as f:
                f.write(program(tl, which))
            return subprocess.run([tlc, "run", level, "p.tl"], cwd=folder, capture_output=True, text=True)
        done, wrong, compared = run(numbers), [], 0
        if done.returncode:  # which of them?
            wrong.append(f"tlc ended with {done.returncode}\n{done.stderr[:600]}")
            for n in numbers:
                alone = run([n])
                if alone.returncode:
                    wrong.append(f"fn{n} alone: {alone.stderr[:600]}" + "\n".join(tl[n]))
        for n in numbers:
            f, x = names[f"fn{n}"], xs.astype(LONG)
            want = {"y": f(x[0]), "g": np.array([slope(f, row, LONG("1e-4")) for row in x])}
            if n % 3 == 0:
                want["h"] = slope(lambda p: (f(p - 2 * H * v) - f(p + 2 * H * v) + 8 * (f(p + H * v) - f(p - H * v))) / (12 * H), x[0], LONG("1e-4"))
            for name, w in want.items():
                if not os.path.exists(os.path.join(folder, f"{name}{n}.npy")):
                    continue
                got, compared = np.load(os.path.join(folder, f"{name}{n}.npy")), compared + 1
                if got.shape != np.shape(w) or not np.all(np.abs(got - w) <= 1e-6 * np.abs(w) + 1e-7 * max(1, np.max(np.abs(w)))):
                    wrong.append(f"{name} of f{n}: expected {w}, got {got}\n" + "\n".join(tl[n]))
    print("\n".join(wrong[:3] + [f"{PROGRAMS} functions, {compared} values and derivatives, {len(wrong)} differ"]))
    return 1 if wrong else 0


H = LONG("1e-4")
if __name__ == "__main__":
    sys.exit(main())
