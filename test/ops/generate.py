"""generate.py PART SEED KIND FOLDER [TYPE...]: writes FOLDER/program.tl, a module with a `test` block for each op, type and signature of
table.py, and the inputs it loads. KIND: values, gradients (in both modes), batched, or one of SECOND. check.py runs and compares."""

import os
import re
import sys
import zlib
from dataclasses import dataclass, field

import numpy as np

import reference as r
from table import PAIR, PARTS, SAME, UNARY

VARIABLES = "xyzw"
# Second derivatives, by the mode of the outer and of the inner one, and which of a row's signatures each is tried on: see `second_on`.
SECOND = {"reverse-reverse": 1, "forward-reverse": 0, "reverse-forward": 2, "forward-forward": 0}


@dataclass
class Case:
    """One call: its arguments and what it has to give, by the name of the file."""
    at: str
    shown: str
    args: list
    sizes: dict


@dataclass
class Unit:
    """One function of the program and its calls."""
    op: object
    kind: str
    type: str
    signature: tuple
    number: int
    cases: list = field(default_factory=list)
    text: str = ""

    @property
    def title(self):
        return f"{self.number} {self.op.expr.replace('{T}', self.type)}: {', '.join(f'{k}[{s}]' for k, s in zip(self.kinds, self.signature))}".replace('"', "")

    @property
    def kinds(self):
        return [k or self.type for k in self.op.kinds or (None,) * len(self.op.args)]

    @property
    def differentiated(self):
        return [i for i, k in enumerate(self.kinds) if k == "f64"]


# ---- arguments ----

def float_samples(domain, rng, shape):
    def uniform(lo, hi):
        return rng.uniform(lo, hi, shape)
    n = int(np.prod(shape, dtype=int))
    samples = {
        "any": lambda: rng.normal(0, 2, shape), "exponent": lambda: uniform(-9, 9), "small": lambda: uniform(-3, 3), "near1": lambda: uniform(0.6, 1.4),
        "positive": lambda: np.exp(uniform(-8, 8)), "positive1": lambda: np.exp(uniform(-1.5, 1.5)), "over-1": lambda: np.expm1(uniform(-5, 5)),
        "angle": lambda: uniform(-60, 60), "unit": lambda: uniform(-0.97, 0.97), "logit": lambda: uniform(-40, 40), "halves": lambda: rng.integers(-9, 9, shape) / 2,
        "gamma": lambda: np.where(rng.random(shape) < 0.3, uniform(-0.9, -0.1) - rng.integers(0, 4, shape), uniform(0.05, 20)),
        "away": lambda: uniform(0.3, 3) * rng.choice([-1, 1], shape), "off1": lambda: rng.choice([-1, 1], shape) * np.where(rng.random(shape) < 0.5, uniform(0, 0.9), uniform(1.1, 3)),
        "distinct": lambda: (rng.permutation(n).reshape(shape) - n / 2) * 0.3 + uniform(0, 0.1), "few": lambda: rng.integers(-2, 3, shape) / 2,
        "zeros": lambda: np.where(rng.random(shape) < 0.2, 0, uniform(0.5, 1.5)), "divisor": lambda: uniform(0.3, 3) * rng.choice([-1, 1], shape),
        "between": lambda: 2.0 * rng.integers(-2, 2, shape) + 1 + uniform(-0.2, 0.2), "halfway": lambda: rng.integers(-3, 3, shape) + 0.5 + uniform(-0.2, 0.2), "whole": lambda: 2 + uniform(-0.05, 0.05),
    }
    return samples[domain]()


def int_samples(domain, kind, rng, shape):
    bounds = np.iinfo(r.NUMPY[kind])
    if domain == "few":
        values = rng.integers(0, 4, shape)
    elif domain == "size":
        values = rng.integers(0, 5, shape)
    elif domain in ("count", "integer"):
        values = rng.integers(0 if domain == "count" else -4, 12 if domain == "count" else 5, shape)
    elif domain == "places":
        values = rng.integers(-7, 8, shape)
    elif domain == "shift":
        values = rng.integers(0, bounds.bits + 4, shape)
    else:
        wide = rng.integers(bounds.min, bounds.max, shape, dtype=r.NUMPY[kind], endpoint=True)
        values = np.where(rng.random(shape) < 0.4, rng.integers(-9 if bounds.min else 0, 10, shape).astype(r.NUMPY[kind]), wide)
        if domain == "divisor":
            values = np.where(values == 0, 3, values)
    return np.asarray(values).astype(r.NUMPY[kind])


def fitting(kind, to, rng, shape):
    """Floats that end up in range when their fractions go."""
    bounds, most = np.iinfo(r.NUMPY[to]), 60000.0 if kind == "f16" else 2.0**100
    lo, hi = max(-most, bounds.min * (1 - 2.0**-8)), min(most, bounds.max * (1 - 2.0**-8))
    return np.where(rng.random(shape) < 0.5, rng.uniform(lo, hi, shape), rng.uniform(max(lo, -6) - 0.9 * (bounds.min == 0), 6, shape))


def draw(domain, kind, rng, shape, sizes):
    if domain[0] == "fits":
        return np.asarray(r.rounded(fitting(kind, domain[1], rng, shape), kind).astype(r.NUMPY[kind]))
    if isinstance(domain, tuple):
        return rng.integers(0, sizes.get(domain[1], domain[1]), shape).astype(r.NUMPY[kind])
    if kind == "bool":
        return np.asarray(rng.random(shape) < 0.5)
    if r.is_float(kind):
        return np.asarray(r.rounded(float_samples(domain, rng, shape), kind).astype(r.NUMPY[kind]))
    return int_samples(domain, kind, rng, shape)


def specials(domain, kind):
    if r.is_float(kind):
        precision, least, most = r.BITS[kind]
        ends = [2.0**least, 2.0**(least - precision + 1), (2 - 2.0**(1 - precision)) * 2.0**most]
        values = [0.0, -0.0, 1, -1, 0.5, -2, 3, 7.5, np.inf, -np.inf, np.nan] + ends + [-e for e in ends]
        return np.array([v for v in values if v or domain != "divisor"], r.NUMPY[kind])
    if kind == "bool":
        return np.array([False, True])
    bounds = np.iinfo(r.NUMPY[kind])
    values = [v for v in (bounds.min, bounds.min + 1, -2, -1, 0, 1, 2, 3, bounds.max - 1, bounds.max) if v >= bounds.min]
    return np.array([v for v in values if v or domain != "divisor"], r.NUMPY[kind])


def names_of(signature):
    return list(dict.fromkeys(re.findall("[a-z]", " ".join(signature))))


def shape_of(signature, sizes):
    return tuple(sizes[d] if d in sizes else int(d) for d in re.findall(r"\w+", signature))


def size_choices(unit, rng):
    names = names_of(unit.signature)
    least = unit.op.least if isinstance(unit.op.least, dict) else dict.fromkeys(names, unit.op.least)
    least = {n: least.get(n, 0) for n in names}
    yield "generic", {n: int(rng.integers(least[n] + 2, least[n] + 6)) for n in names}
    if names:
        yield "ones", {n: max(1, least[n]) for n in names}
    empty = [n for n in names if not least[n]]
    for name in empty if unit.kind == "values" or not empty else [empty[int(rng.integers(len(empty)))]]:
        yield "empty", {n: 0 if n == name else int(rng.integers(max(1, least[n]), least[n] + 4)) for n in names}


def fill(unit, rng):
    op = unit.op
    domains = (op.grad_args or op.args) if unit.kind != "values" else op.args
    batch = [("generic", 3), ("ones", 1), ("empty", 0)]
    for label, sizes in size_choices(unit, rng):
        lead = ()
        if unit.kind == "batched":
            count = dict(batch)[label] if label != "empty" else 2
            lead = (count,)
        args = [draw(d, k, rng, lead + shape_of(s, sizes), sizes) for d, k, s in zip(domains, unit.kinds, unit.signature)]
        unit.cases.append(Case(f"{unit.number}_{len(unit.cases)}", label, args, sizes))
    if unit.kind == "values" and op.special and all(s == "n" for s in unit.signature):
        values = [specials(d, k) for d, k in zip(op.args, unit.kinds)]
        args = [values[0]] if len(values) == 1 else [np.repeat(values[0], len(values[1])), np.tile(values[1], len(values[0]))]
        unit.cases.append(Case(f"{unit.number}_{len(unit.cases)}", "special", args, {"n": len(args[0])}))


# ---- what it has to give ----

def result_kind(unit):
    return unit.op.result or unit.type


def value(unit, args, long=None):
    """The reference; in long double where the op rounds more than once."""
    long = unit.op.within != SAME if long is None else long
    given = [a.astype(r.LONG) if long and k in r.BITS else a for a, k in zip(args, unit.kinds)]
    with np.errstate(all="ignore"):
        return np.asarray(unit.op.ref(*given))


def loss(unit, args):
    with np.errstate(all="ignore"):
        return np.sum(np.sin(np.asarray(unit.op.ref(*args), r.LONG) + r.LONG("0.3")))


def long_args(unit, args):
    return [np.array(a, r.LONG) if i in unit.differentiated else a for i, a in enumerate(args)]


def differences(f, x, h):
    """The derivative of f, a function of no arguments, by each element of x."""
    d = np.zeros(x.shape, r.LONG)
    for i in np.ndindex(x.shape):
        old, at = x[i], []
        for step in (-2, -1, 1, 2):
            x[i] = old + step * h
            at.append(f())
        x[i] = old
        d[i] = (at[0] - at[3] + 8 * (at[2] - at[1])) / (12 * h)
    return d


def gradients(unit, args):
    args = long_args(unit, args)
    return [differences(lambda: loss(unit, args), args[i], r.LONG("1e-4")) for i in unit.differentiated]


def second(unit, args, directions):
    """The gradient of the sum of directions * gradients."""
    args = long_args(unit, args)

    def slope():
        h, wrt = r.LONG("5e-4"), unit.differentiated
        at, old = [], [args[i].copy() for i in wrt]
        for step in (-2, -1, 1, 2):
            for i, o, v in zip(wrt, old, directions):
                args[i][...] = o + step * h * v
            at.append(loss(unit, args))
        for i, o in zip(wrt, old):
            args[i][...] = o
        return (at[0] - at[3] + 8 * (at[2] - at[1])) / (12 * h)
    return [differences(slope, args[i], r.LONG("5e-4")) for i in unit.differentiated]


# ---- the program ----

def array_type(kind, signature):
    return f"{kind}[{signature}]" if signature else kind


def loads(unit, lead=""):
    for v, kind, signature in zip(VARIABLES, unit.kinds, unit.signature):
        sizes = ", ".join(s for s in (lead, signature) if s)
        if kind == "bf16":
            yield f'  let {v}0: {array_type("f32", sizes)} = load("{{at}}.{v}.npy")'
            yield f"  let {v} = bf16({v}0)"
        else:
            yield f'  let {v}: {array_type(kind, sizes)} = load("{{at}}.{v}.npy")'


def loss_text(unit):
    return f"sum(sin({unit.op.expr} + 0.3))".replace("{T}", unit.type) if unit.rank else f"sin({unit.op.expr} + 0.3)"


def named(unit, prefix=""):
    """The differentiated arguments, or what belongs to each: one name, or a tuple."""
    names = [prefix + VARIABLES[i] for i in unit.differentiated]
    return names[0] if len(names) == 1 else f"({', '.join(names)})"


def function_text(unit, body):
    """`body`, an expression or statements that begin with a `let`, as a function of the differentiated arguments."""
    if len(unit.differentiated) > 1:
        return f"p -> {{ let {named(unit)} = p; {body} }}"
    return f"{named(unit)} -> " + (f"{{ {body} }}" if body.startswith("let ") else body)


def gradient_text(unit, body, result):
    """Lines that bind `result`_x, ... to the gradient of `body` by the differentiated arguments."""
    return f"let {named(unit, result + '_')} = grad({function_text(unit, body)})({named(unit)})"


def directions_text(unit):
    """Lines that load a direction for each differentiated argument."""
    return [f'  let v_{VARIABLES[i]}: {array_type("f64", unit.signature[i])} = load("{{at}}.v_{VARIABLES[i]}.npy")' for i in unit.differentiated]


def along_text(unit, body):
    """The arguments of `jvp` and `hvp`."""
    return f"{function_text(unit, body)}, {named(unit)}, {named(unit, 'v_')}"


def second_text(unit):
    names, loss = [VARIABLES[i] for i in unit.differentiated], loss_text(unit)
    change = f"let (_, t) = jvp({along_text(unit, loss)}); t"
    if unit.kind == "reverse-reverse":
        dots = " + ".join(f"dot(v_{n}, d_{n})" for n in names)
        return ["  " + gradient_text(unit, f"{gradient_text(unit, loss, 'd')}; {dots}", "h"), *saves(names, "h")]
    if unit.kind == "reverse-forward":
        return ["  " + gradient_text(unit, change, "h"), *saves(names, "h")]
    if unit.kind == "forward-reverse":
        return [f"  let {named(unit, 'h_')} = hvp({along_text(unit, loss)})", *saves(names, "h")]
    return [f"  let (_, h) = jvp({along_text(unit, change)})", '  save("{at}.h.npy", h)']


def saves(names, result):
    return [f'  save("{{at}}.{result}_{n}.npy", {result}_{n})' for n in names]


def write(unit):
    expr, names = unit.op.expr.replace("{T}", unit.type), [VARIABLES[i] for i in unit.differentiated]
    generic = unit.cases[0].args
    if unit.kind == "batched":
        generic = [a[0] for a in generic]
    unit.rank = value(unit, generic).ndim
    if unit.kind == "values":
        saved = f"f32({expr})" if result_kind(unit) == "bf16" else expr
        lines = [*loads(unit), f'  save("{{at}}.out.npy", {saved})']
    elif unit.kind == "gradients":
        lines = [*loads(unit), *directions_text(unit), "  " + gradient_text(unit, loss_text(unit), "d"), *saves(names, "d"),
                 f"  let (_, t) = jvp({along_text(unit, loss_text(unit))})", '  save("{at}.t.npy", t)']
    elif unit.kind in SECOND:
        lines = [*loads(unit), *directions_text(unit), *second_text(unit)]
    else:
        every = ", ".join(VARIABLES[:len(unit.signature)])
        rows = "; ".join(f"let {v} = {v}[b]" for v in VARIABLES[:len(unit.signature)])
        mapped = f"vmap(({every}) -> {expr})({every})" if unit.number % 2 else f"[for b in 0..batch: {{ {rows}; {expr} }}]"
        saved = f"f32({mapped})" if result_kind(unit) == "bf16" else mapped
        lines = [*loads(unit, "batch"), f'  save("{{at}}.out.npy", {saved})']
        if unit.op.smooth:
            lines += ["  " + gradient_text(unit, f"sum(sin({mapped} + 0.3))", "d"), *saves(names, "d")]
    called = "\n".join(f'  case{unit.number}("{case.at}")' for case in unit.cases) if len(unit.cases) == 1 else f'  for i in 0..{len(unit.cases)} {{ case{unit.number}("{unit.number}_{{i}}") }}'
    quoted = unit.title.replace("{", "{{").replace("}", "}}")
    unit.text = f"def case{unit.number}(at: str) {{\n" + "\n".join(lines) + f'\n}}\ntest "{quoted}" {{\n{called}\n}}\n'


def second_on(op, kind):
    """The signatures for second derivatives: one of each mode, and, so that each mode is tried on every row on rank 0, size 1 and no elements where the row has them, the first of
    scalars and the first of arrays."""
    return [op.shapes[min(SECOND[kind], len(op.shapes) - 1)], *[s for s in op.shapes if not names_of(s)][:1], *[s for s in op.shapes if names_of(s)][:1]]


def units(ops, seed, kind, types):
    number = 0
    for op in ops:
        if kind == "values":
            chosen = [t for t in op.types if t in types]
        else:
            smooth = op.smooth or (kind == "batched" and len(op.args) <= 2 and op.kinds[:1] != ("i64",))
            chosen = ["f64"] if "f64" in op.types and smooth and not (op.unsized and kind == "batched") else []
        for t in chosen:
            for signature in op.shapes:
                if kind == "gradients" and op.shapes in (UNARY, PAIR) and op.name not in ("exp", "*") and signature not in op.shapes[::2]:
                    continue
                if kind in SECOND and signature not in second_on(op, kind):
                    continue
                if kind == "batched" and signature != op.shapes[zlib.crc32(op.expr.encode()) % min(2, len(op.shapes))]:
                    continue
                unit = Unit(op, kind, t, signature, number)
                if (kind == "gradients" or kind in SECOND) and not unit.differentiated:
                    continue
                fill(unit, np.random.default_rng([seed, zlib.crc32(unit.title.split(" ", 1)[1].encode())]))
                write(unit)
                number += 1
                yield unit


def generate(ops, seed, kind, folder, types=()):
    """The units, their inputs written. `types` limits kind `values`."""
    made = list(units(ops, seed, kind, types or list(r.NUMPY)))
    for unit in made:
        rng = np.random.default_rng(seed + unit.number)
        for case in unit.cases:
            for v, a in zip(VARIABLES, case.args):
                np.save(os.path.join(folder, f"{case.at}.{v}.npy"), a)
            if kind == "gradients" or kind in SECOND:
                case.directions = [rng.normal(size=case.args[i].shape) for i in unit.differentiated]
                for i, v in zip(unit.differentiated, case.directions):
                    np.save(os.path.join(folder, f"{case.at}.v_{VARIABLES[i]}.npy"), v)
    with open(os.path.join(folder, "program.tl"), "w", encoding="utf-8") as f:
        f.write("\n".join(u.text for u in made))
    return made


if __name__ == "__main__":
    os.makedirs(sys.argv[4], exist_ok=True)
    generate(PARTS[sys.argv[1]], int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5:])
