"""Functions of the library against NumPy: a case is an expression of tl in x, y, z, the same in NumPy, and what it is tried on. Gradients are
held against central differences of the NumPy function, in both modes. All cases of a file are one program."""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

import numpy as np

NAMES = {"float64": "f64", "float32": "f32", "int64": "i64", "bool": "bool", "uint8": "u8"}
VARIABLES = "xyzuvw"


@dataclass
class Case:
    expr: str
    ref: object             # of the same arguments; a tuple where expr is one
    args: list
    within: float = 1e-12   # of the largest element of the result
    least: float = 1e-300   # what the largest element counts as at least
    order: int = 0          # 1: gradients as well, in both modes; 2: second derivatives too
    weights: list = field(default_factory=list)

    def __post_init__(self):
        self.args = [np.asarray(a) for a in self.args]
        value = self.ref(*self.args)
        self.several = isinstance(value, tuple)
        self.want = [np.asarray(v) for v in (value if self.several else (value,))]
        rng = np.random.default_rng(11)
        self.weights = [rng.normal(size=w.shape) for w in self.want]
        self.directions = [rng.normal(size=a.shape) for a in self.args]

    @property
    def short(self):
        """The same in f32, held to as many units of its last place; none where the text or an argument names a type."""
        if "f64" in self.expr or not self.smooth or any(a.dtype == np.float32 for a in self.args):
            return []
        args = [a.astype(np.float32) if a.dtype == np.float64 else a for a in self.args]
        return [Case(self.expr, lambda *a: self.ref(*(x.astype(np.float64) if x.dtype == np.float32 else x for x in a)), args, self.within * 2**29, self.least)]

    def objective(self, args):
        value = self.ref(*args)
        return sum(np.sum(w * v) for w, v in zip(self.weights, value if self.several else (value,)))

    @property
    def smooth(self):
        return [i for i, a in enumerate(self.args) if a.dtype == np.float64]

    def gradient(self, i, args, step=1e-6):
        a, out = args[i], np.zeros(args[i].shape)
        for at in np.ndindex(a.shape):
            moved = []
            for sign in (1, -1):
                b = np.array(a)
                b[at] += sign * step
                moved.append(self.objective(args[:i] + [b] + args[i + 1:]))
            out[at] = (moved[0] - moved[1]) / (2 * step)
        return out

    def second(self, i, step=1e-4):
        """The derivative of the gradient by argument i in a direction."""
        ends = [self.gradient(i, self.args[:i] + [self.args[i] + s * step * self.directions[i]] + self.args[i + 1:], 1e-4) for s in (1, -1)]
        return (ends[0] - ends[1]) / (2 * step)


def typed(a):
    return NAMES[a.dtype.name] + (f"[{', '.join(map(str, a.shape))}]" if a.ndim else "")


def program(cases, imports):
    lines = [f"import {m}" for m in imports] + [""]
    calls = []
    for n, c in enumerate(cases):
        params = [f"{v}: {typed(a)}" for v, a in zip(VARIABLES, c.args)]
        names = [v for v, _ in zip(VARIABLES, c.args)]
        parts = [f"r{i}" for i in range(len(c.want))]
        weights = [f"w{i}: {typed(w)}" for i, w in enumerate(c.weights)]
        lines += [f"def case{n}({', '.join(params)}) {{ {c.expr} }}"]
        load = "\n".join(f'  let {v}: {typed(a)} = load("{n}{v}.npy")' for v, a in zip(names, c.args))
        pattern = f"({', '.join(parts)})" if c.several else parts[0]
        body = [load, f"  let {pattern} = case{n}({', '.join(names)})"] + [f'  save("{n}{p}.npy", {p})' for p in parts]
        if c.order:
            weighted = " + ".join(f"sum(w{i} * r{i})" if w.ndim else f"w{i} * r{i}" for i, w in enumerate(c.weights))
            lines += [f"def objective{n}({', '.join(params + weights)}) -> f64 {{", f"  let {pattern} = case{n}({', '.join(names)})", f"  {weighted}", "}"]
            body += [f'  let w{i}: {typed(w)} = load("{n}w{i}.npy")' for i, w in enumerate(c.weights)]
            for i in c.smooth:
                v, kind = names[i], typed(c.args[i])
                call = f"objective{n}({', '.join(names + [f'w{k}' for k in range(len(c.weights))])})"
                body += [f'  save("{n}d{v}.npy", grad(({v}: {kind}) -> {call})({v}))']
                body += [f'  let d{v}: {kind} = load("{n}s{v}.npy")']
                body += [f'  let (_, t{v}) = jvp(({v}: {kind}) -> {call}, {v}, d{v})', f'  save("{n}t{v}.npy", t{v})']
                if c.order > 1:
                    body += [f'  save("{n}h{v}.npy", grad(({v}: {kind}) -> dot(grad(({v}: {kind}) -> {call})({v}), d{v}))({v}))']
        lines += [f"def run{n}() {{", *body, "}"]
        calls += [f"  run{n}()"]
    return "\n".join(lines + ["def main() {", *calls, "}", ""])


def off(got, want, within, least):
    """How far got is from want in units of what is allowed, or a text."""
    if got.shape != want.shape:
        return f"the shape is {got.shape}, expected {want.shape}"
    if not got.size:
        return 0
    with np.errstate(all="ignore"):
        same = (got == want) | (np.isnan(got) & np.isnan(want))
        finite = np.where(np.isfinite(want), np.abs(want), 0)
        return np.max(np.where(same, 0, np.abs(got - want)) / (within * max(least, np.max(finite))))


def check(tlc, cases, imports):
    cases = cases + [s for c in cases for s in c.short]
    with tempfile.TemporaryDirectory() as folder:
        for n, c in enumerate(cases):
            for i, (v, a) in enumerate(zip(VARIABLES, c.args)):
                np.save(os.path.join(folder, f"{n}{v}.npy"), a)
                np.save(os.path.join(folder, f"{n}s{v}.npy"), c.directions[i])
            for i, w in enumerate(c.weights):
                np.save(os.path.join(folder, f"{n}w{i}.npy"), w)
        path = os.path.join(folder, "program.tl")
        with open(path, "w", encoding="utf-8") as f:
            f.write(program(cases, imports))
        if subprocess.run([tlc, "run", path], cwd=folder).returncode:
            sys.exit("the program did not run")
        good = bad = 0
        for n, c in enumerate(cases):
            expected = [(f"r{i}", w, c.within) for i, w in enumerate(c.want)]
            for i in c.smooth if c.order else []:
                slope = c.gradient(i, c.args)
                expected += [(f"d{VARIABLES[i]}", slope, 1e-6), (f"t{VARIABLES[i]}", np.asarray(np.sum(slope * c.directions[i])), 1e-6 * (1 + np.sum(np.abs(slope))))]
                if c.order > 1:
                    expected += [(f"h{VARIABLES[i]}", c.second(i), 1e-4)]
            for name, want, within in expected:
                got = np.load(os.path.join(folder, f"{n}{name}.npy"))
                error = off(got, want, within, c.least if name[0] == "r" else 1)
                if name[0] == "r" and c.smooth == [] and got.dtype == np.float64:
                    error = "an f64"
                if not isinstance(error, str) and error <= 1:
                    good += 1
                    continue
                bad += 1
                print(f"FAILED {c.expr} of {', '.join(typed(a) for a in c.args)}: {name} is off by {error}\nwant {want}\ngot  {got}")
        print(f"{good} passed, {bad} failed")
        sys.exit(1 if bad or not good else 0)
