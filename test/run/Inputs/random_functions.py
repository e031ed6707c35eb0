"""Random functions of a record of f64 arrays: what `test/run/random-derivatives.py` differentiates and batches. Values stay bounded and no division, root or
logarithm comes near its pole, so that differences mean something."""

import pathlib
import random
import re

from Inputs.programs import Writer

HELPERS = pathlib.Path(__file__).with_name("random-helpers.tl").read_text(encoding="utf-8")

FIELDS = {"s": "f64", "a": "f64[n]", "b": "f64[m]", "w": "f64[n, m]", "part": "Part[n]", "parts": "Part[m][k]"}
UNARY = ["sin({})", "cos({})", "tanh({})", "sigmoid({})", "exp(0.3 * tanh({}))", "log(1.5 + ({}) ** 2)", "sqrt(1.2 + ({}) ** 2)", "({}) ** 2", "0.2 * ({}) ** 3", "abs({})", "relu({})",
         "atan({})", "erf({})", "softplus({})", "log1p(0.5 * sigmoid({}))", "expm1(0.4 * sin({}))", "asin(0.8 * tanh({}))", "(1.5 + sin({})) ** 1.7", "1 / (1.5 + ({}) ** 2)", "-({})",
         "gelu({})", "clip({}, -0.37, 0.61)", "lgamma(1.7 + sigmoid({}))", "rsqrt(1.4 + cos({}))", "atan2({}, 1.6)"]
BINARY = ["{} + {}", "{} - {}", "{} * {}", "{} / (1.6 + sin({}))", "max({}, {})", "min({}, {})", "atan2({}, 2.2 + cos({}))", "(1.4 + sin({})) ** tanh({})"]
SQUASH = ["tanh({})", "sin({})", "0.4 * sin({}) + 0.2", "sigmoid({})", "0.9 * tanh(0.7 * ({}))"]
THRESHOLDS = ["0.137", "-0.213", "0.571", "-0.683", "0.029"]


class Body(Writer):
    """The statements of one function over p (see `FIELDS`), idx: i64[l] (places in both n and m) and c: int. `values` are the names in sight with their sizes
    (a tuple of the names of axes, or "Part"), `ints` those of integers with the axis that they surely lie in."""

    def __init__(self, rng, sizes, named):
        super().__init__(rng)
        self.sizes, self.named, self.made, self.depth = sizes, named, 0, 0
        self.values = {"p.s": (), "p.a": ("n",), "p.b": ("m",), "p.w": ("n", "m"), "p.part": "Part", "p.part.a": ("n",), "p.part.s": ()}
        self.ints, self.variables, self.functions = {"c": None}, [], []

    # ---- names and sizes ----

    def size(self, axis):
        return axis if self.named else str(self.sizes[axis])

    def filled(self, *axes):
        return all(self.sizes[a] > 0 for a in axes)

    def name(self, letter):
        self.made += 1
        return f"{letter}_{self.made}"

    def chance(self, share):
        return self.rng.random() < share

    def of(self, shape, variable=False):
        return [v for v, s in self.values.items() if s == shape and (not variable or v in self.variables)]

    def type(self, shape):
        return "f64" if shape == () else f"f64[{', '.join(map(self.size, shape))}]"

    def index(self, axis):
        """A place along an axis that is not empty."""
        inside = [i for i, a in self.ints.items() if a == axis]
        if inside and self.chance(0.7):
            i = self.rng.choice(inside)
            return self.rng.choice([i, i, i, f"{self.size(axis)} - 1 - {i}"])
        choices = ["0", f"{self.rng.choice(list(self.ints))} % {self.size(axis)}", f"{self.size(axis)} - 1", "-1"]
        if axis in ("n", "m") and self.filled("n", "m", "l"):
            choices.append("idx[0]")
        vectors = self.of((axis,))
        if vectors and self.chance(0.3):
            choices.append(f"argmax({self.rng.choice(vectors)})")
        return self.rng.choice(choices)

    def condition(self):
        if self.chance(0.3):
            return f"{self.rng.choice(list(self.ints))} % 2 == {self.rng.randrange(2)}"
        test = f"{self.scalar(1)} {self.rng.choice('<>')} {self.rng.choice(THRESHOLDS)}"
        return test if self.chance(0.8) else f"{test} {self.rng.choice(['and', 'or'])} c > 1"

    # ---- expressions ----

    def chosen(self, ways):
        """One of (weight, function)."""
        self.depth += 1
        text = self.rng.choices([w for _, w in ways], [k for k, _ in ways])[0]()
        self.depth -= 1
        return text

    def inner(self, axes, make):
        """`for i in 0..n: body`, with names for the indices; a block as body now and then."""
        names = [self.name("i") for _ in axes]
        kept, self.ints = self.ints, {**self.ints, **dict(zip(names, axes))}
        values, functions = dict(self.values), list(self.functions)
        block = []
        if self.depth < 4 and self.chance(0.25):
            block = self.block()
        text = make()
        if block:
            text = "{ " + "; ".join(block + [text]) + " }"
        self.ints, self.values, self.functions = kept, values, functions
        return "for " + ", ".join(f"{i} in 0..{self.size(a)}" for i, a in zip(names, axes)) + ": " + text

    def block(self):
        """Statements on one line: a `let`, or a `var` with a loop or a branch."""
        t, e = self.name("t"), self.scalar(1)
        kind = self.rng.randrange(5)
        lines = [f"let {t} = {e}"]
        if kind >= 2:
            lines = [f"var {t} = {self.rng.choice(SQUASH).format(e)}"]
            kept = dict(self.values)
            self.values[t] = ()
            if kind == 2:
                i = self.name("j")
                axis = self.rng.choice("nm")
                self.ints[i] = axis
                lines.append(f"for {i} in {self.size(axis)} {{ {t} = {self.rng.choice(SQUASH).format(f'{t} + {self.scalar(1)}')} }}")
                del self.ints[i]
            elif kind == 3:
                lines.append(f"if {self.condition()} {{ {t} = {self.scalar(1)} }} else {{ {t} = 0.5 * {t} }}")
            else:
                lines.append(f"while abs({t}) > 0.17 {{ {t} *= 0.6 }}")
            self.values = kept
        self.values[t] = ()
        return lines

    def scalar(self, budget):
        return self.chosen([(5, self.scalar_atom)] + ([(k, lambda w=w: w(budget - 1)) for k, w in (
            (3, self.unary_scalar), (4, self.binary_scalar), (3, self.reduction), (3, self.notation), (1, self.choice), (2, self.called))] if budget > 0 else []))

    def scalar_atom(self):
        ways = [v for v in self.of(())]
        for v, shape in self.values.items():
            if shape != () and shape != "Part" and self.filled(*shape) and self.chance(0.6):
                ways.append(f"{v}[{', '.join(map(self.index, shape))}]")
        if self.filled("k", "m"):
            ways += [f"p.parts[{self.index('k')}].s", f"p.parts[{self.index('k')}].a[{self.index('m')}]", f"p.parts.s[{self.index('k')}]"]
        return self.rng.choice(ways)

    def unary_scalar(self, budget):
        return self.rng.choice(UNARY).format(self.scalar(budget))

    def bracketed(self, e):
        return e if re.fullmatch(r"[\w.]+(\[[^\[\]]*\])?|\w+\((?:[^()]|\([^()]*\))*\)", e) else f"({e})"

    def binary_scalar(self, budget):
        return self.rng.choice(BINARY).format(self.bracketed(self.scalar(budget)), self.bracketed(self.scalar(budget)))

    def axis(self):
        return self.rng.choice("nm")

    def reduction(self, budget):
        a = self.axis()
        v = self.vector(a, budget)
        ways = [f"sum({v})", f"dot({v}, {self.vector(a, 0)})", f"prod(1 + 0.3 * sin({v}))", f"sum({self.matrix(('n', 'm'), budget)})", f"fold((x, y) -> tanh(x + y), {self.scalar(0)}, {v})",
                f"reduce((x, y) -> 0.7 * x + y * x * 0.1, {self.scalar(0)}, {v})", f"halves({v})", f"sqrt(1.1 + dot({v}, {v}))", f"sum([for x in {v} if x > {self.rng.choice(THRESHOLDS)}: sin(x)])"]
        if self.filled(a):
            ways += [f"max({v})", f"min({v})", f"mean({v})", f"logsumexp({v})", f"variance({v})", f"sum(softmax({v}) * {self.vector(a, 0)})", f"cumprod(1 + 0.2 * sin({v}))[-1]", f"sort({v})[{self.index(a)}]"]
        if self.filled("l") and self.filled(a):
            ways.append(f"sum({self.rng.choice(self.of((a,)))}[idx] * 0.7)")
        if self.of((a,)) and self.chance(0.3):
            u, t = self.rng.choice(self.of((a,))), self.rng.choice(THRESHOLDS)
            ways = [f"sum({u}[{u} > {t}] ** 2)", f"sum(where({u} > {t}, sqrt(abs({u}) + 0.1), 0.2 * {u}))"]
        if self.filled("k", "m"):
            ways += ["sum(p.parts.a[:, 0])", f"sum([for q in p.parts: q.s * sum(q.a)])", "sum(for q in p.parts: sin(q.s))"]
        return self.rng.choice(ways)

    def notation(self, budget):
        """sum(for i, j: ...)."""
        axes = [self.axis() for _ in range(1 if self.chance(0.7) else 2)]
        how = self.rng.choice(["sum"] * 5 + (["mean", "max", "min", "logsumexp"] if self.filled(*axes) else []) + ["prod"])
        def make():
            e = self.element(budget)
            return f"1 + 0.2 * sin({e})" if how == "prod" else e
        return f"{how}({self.inner(axes, make)})"

    def element(self, budget):
        """A scalar in sight of indices: shifted uses and gathers beside the others."""
        i, axis = list(self.ints.items())[-1]
        e, vectors = self.scalar(budget), self.of((axis,))
        if vectors and axis and self.chance(0.4):
            v = self.rng.choice(vectors)
            d = self.rng.choice([f"({v}[{i} {self.rng.choice('+-')} {self.rng.randrange(1, 3)}] ?? {self.rng.choice(['0', '0.3', self.scalar(0)])})", f"{v}[{i}]", f"{v}[{self.size(axis)} - 1 - {i}]"])
            if self.filled("l", axis) and self.chance(0.3):
                d = f"{v}[idx[{i} % {self.size('l')}]]"
            e = f"{self.bracketed(e)} {self.rng.choice('+-*')} {d}"
        return e

    def choice(self, budget):
        return f"(if {self.condition()} {{ {self.scalar(budget)} }} else {{ {self.scalar(budget)} }})"

    def called(self, budget):
        e = self.scalar(budget)
        ways = [f"deep({e}, 2)", f"deep({e}, c)", f"root(1.5 + tanh({e}))", f"twice(x -> sin(x * {self.scalar(0)}) + 0.3, {e})", f"settled(tanh({e}), 2)", f"settled(tanh({e}), c)",
                f"grad(x -> sin(x * {self.scalar(0)}) + 0.2 * x * x)({e})", f"checkpoint(x -> tanh(x * {self.scalar(0)}))({e})", f"eased({e})", f"0.0001 * f64(f32({e}))"]
        a = self.axis()
        ways += self.rng.sample([f"watched({e})", f"hessian(x -> sin(x * {self.scalar(0)}))({e})", f"hvp(x -> sin(x * {self.scalar(0)}), {e}, {self.scalar(0)})",
                                 f"sum(jacobian(x -> sin(x * {self.scalar(0)}))({self.vector(a, 0)}))", f"sum(vmap(grad(x -> sin(x * {self.scalar(0)})))({self.vector(a, 0)}))",
                                 f"shifted_sum({self.vector(a, 0)})", f"sum(linalg.cholesky(gram({self.matrix(('n', 'm'), 0)})))"], 2)
        ways.append(f"sum(grad(x -> sum(sin(x * {self.scalar(0)})))({self.vector(a, 0)}))")
        for f in self.functions:
            ways += [f"{f}({e})"] * 3
        return self.rng.choice(ways)

    def vector(self, axis, budget):
        return self.chosen([(4, lambda: self.vector_atom(axis))] + ([(k, lambda w=w: w(axis, budget - 1)) for k, w in (
            (2, self.unary_vector), (3, self.binary_vector), (3, self.list), (4, self.moved), (2, self.product))] if budget > 0 else []))

    def vector_atom(self, axis):
        ways = self.of((axis,))
        for v, shape in self.values.items():
            if len(shape) == 2 and shape != "Part" and self.chance(0.5):
                if shape[1] == axis and self.filled(shape[0]):
                    ways.append(f"{v}[{self.index(shape[0])}]")
                if shape[0] == axis and self.filled(shape[1]):
                    ways.append(f"{v}[:, {self.index(shape[1])}]")
        if axis == "m" and self.filled("k"):
            ways += [f"p.parts[{self.index('k')}].a"]
        return self.rng.choice(ways)

    def unary_vector(self, axis, budget):
        return self.rng.choice(UNARY).format(self.vector(axis, budget))

    def binary_vector(self, axis, budget):
        e = [self.bracketed(self.vector(axis, budget)), self.bracketed(self.vector(axis, 0) if self.chance(0.6) else self.scalar(budget))]
        self.rng.shuffle(e)
        return self.rng.choice(BINARY).format(*e)

    def list(self, axis, budget):
        if self.chance(0.2):
            x = self.name("x")
            kept = dict(self.values)
            source = self.vector(axis, 0)
            self.values[x] = ()
            e = self.scalar(budget)
            self.values = kept
            return f"[for {x} in {source}: {e} * {x}]"
        return f"[{self.inner((axis,), lambda: self.element(budget))}]"

    def moved(self, axis, budget):
        v, n = self.vector(axis, budget), self.size(axis)
        b = self.bracketed(v)
        ways = [f"flip({v})", f"roll({v}, {self.rng.choice(['1', '-1', '2', 'c'])})", f"sort({v})", f"cumsum({v})", f"pad({v}, 1)[{self.rng.randrange(3)}:][:{n}]", f"where({self.vector(axis, 0)} > {self.rng.choice(THRESHOLDS)}, {v}, 0.3 * {self.vector(axis, 0)})",
                f"{b}[::-1]", f"0.3 * cumprod(1 + 0.3 * sin({v}))", f"concat({v}, {self.vector(axis, 0)})[{n}:]", f"repeat({v}, 2)[::2]", f"tile({v}, [2])[:{n}]", f"bent({v})", f"checkpoint(x -> sin(x) * {self.scalar(0)})({v})", f"stop_gradient(ones([{n}])) * {b}"]
        if self.filled(axis):
            ways += [f"softmax({v})", f"concat({b}[1:], {b}[:1])", f"nudged({v}, {self.index(axis).replace('-1', '0')})", f"log_softmax({v})", f"{b} - max({v})"]
        if self.of((axis,)) and self.chance(0.2):
            u = self.rng.choice(self.of((axis,)))
            ways = [f"where({u} > 0.113, chained({u}, {self.rng.choice(['0', '2', '2 * c'])}), {v})"]
        if self.filled("n", "m", "l"):
            ways += [f"scatter_add({v}, idx, 0.5 * {self.vector(axis, 0)}[idx])"]
        return self.rng.choice(ways)

    def product(self, axis, budget):
        other = "m" if axis == "n" else "n"
        w = self.matrix(("n", "m"), budget)
        w = self.bracketed(w) + (".T" if axis == "m" else "")
        row = self.rng.choice(["sum(r * {0})", "sum(sin(r)) * {1}", "dot(r, r) * 0.2"]).format(self.vector(other, 0), self.scalar(0))
        ways = [f"{w} @ {self.bracketed(self.vector(other, 0))}", f"sum({w}, axis=1)", f"vmap(r -> {row})({w})", f"[for r in {w}: {row}]", f"sum(tanh({w}), axis=1)"]
        if self.filled(other):
            ways += [f"max({w}, axis=1)", f"mean({w}, axis=1)", f"logsumexp({w}, axis=1)"]
        ways += [f"diag(outer({self.vector(axis, 0)}, {self.vector(axis, 0)}))", f"vmap(r -> {row}, axis=1)({self.bracketed(w)}.T)", f"linalg.solve(gram({w}), {self.vector(axis, 0)})",
                 f"vmap((r, t) -> sum(r) * t, axis=(0, None))({w}, {self.scalar(0)})"]
        return self.rng.choice(ways)

    def matrix(self, axes, budget):
        known = self.of(axes) + [f"{v}.T" for v in self.of(axes[::-1])]
        if budget <= 0 and known:
            return self.rng.choice(known)
        a, b = axes
        ways = [lambda: f"outer({self.vector(a, budget - 1)}, {self.vector(b, 0)})", lambda: f"[{self.inner(axes, lambda: self.element(max(budget - 1, 0)))}]",
                lambda: f"[for x in {self.vector(a, 0)}: x * {self.bracketed(self.vector(b, max(budget - 1, 0)))}]"]
        if known:
            w = self.rng.choice(known)
            ways += [lambda: self.rng.choice(UNARY).format(w), lambda: f"{w} * {self.bracketed(self.vector(b, budget - 1))}", lambda: f"{w} + {self.bracketed(self.scalar(budget - 1))}",
                     lambda: f"flip({w}, axis={self.rng.randrange(2)})", lambda: f"cumsum({w}, axis={self.rng.randrange(2)})", lambda: f"softmax({w}, axis=0)" if self.filled(*axes) else w,
                     lambda: f"where({w} > {self.rng.choice(THRESHOLDS)}, {self.rng.choice(known)}, {self.scalar(0)})", lambda: f"sort({w}, axis=0)", lambda: f"roll({w}, 1, axis=1)",
                     lambda: f"({w} @ {self.bracketed(self.rng.choice(known))}.T) @ {self.bracketed(w)}", lambda: f"max({w}, {self.rng.choice(known)})", lambda: f"tril({w})",
                     lambda: f"reshape(flatten({w}), [{self.size(a)}, {self.size(b)}])", lambda: f"{w} * {self.bracketed(self.vector(a, 0))}[:, None]"]
        return self.rng.choice(ways)()

    def expression(self, shape, budget=2):
        if shape == "Part":
            q = self.rng.choice(self.of("Part"))
            return self.rng.choice([f"turned({q}, {self.scalar(1)})", f"0.5 * {q} + 0.3 * {self.rng.choice(self.of('Part'))}", f"tree_map(x -> sin(x), {q})", f"{q} * {self.bracketed(self.scalar(1))}",
                                    f"Part(a={self.vector('n', 1)}, s={self.scalar(1)})"])
        if shape == ():
            return self.scalar(budget)
        return self.vector(shape[0], budget) if len(shape) == 1 else self.matrix(shape, budget)

    def squashed(self, shape, budget=2):
        e = self.expression(shape, budget)
        return e if shape == "Part" else self.rng.choice(SQUASH).format(e)

    def shape(self):
        return self.rng.choice([(), (), ("n",), ("n",), ("m",), ("n", "m"), "Part"])

    # ---- statements ----

    def some(self, depth, budget, least=1, most=2):
        kept, variables, functions = dict(self.values), list(self.variables), list(self.functions)
        super().some(depth, budget, least, most)
        self.values, self.variables, self.functions = kept, variables, functions

    def declare(self, depth, word, e, shape):
        v = self.name("v")
        self.add(depth, f"{word} {v}{': ' + self.type(shape) if shape != 'Part' else ''} = {e}")
        self.values[v] = shape
        if shape == "Part":
            self.values[v + ".a"], self.values[v + ".s"] = ("n",), ()
        if word == "var":
            self.variables += [v] + ([v + ".a", v + ".s"] if shape == "Part" else [])

    def assign(self, depth):
        choices = [v for v in self.variables if v in self.values]
        if not choices:
            return self.declare(depth, "var", self.squashed(shape := self.shape()), shape)
        v = self.rng.choice(choices)
        shape, kind = self.values[v], self.rng.randrange(8)
        if shape in ((), "Part") or kind <= 1:
            return self.add(depth, f"{v} = {self.squashed(shape)}")
        filled = self.filled(*shape)
        if kind == 2:
            return self.add(depth, f"{v} = 0.6 * {v} + 0.3 * {self.bracketed(self.squashed(shape, 1))}")
        if kind == 3 and filled:
            return self.add(depth, f"{v}[{', '.join(map(self.index, shape))}] {self.rng.choice(['=', '=', '*='])} {self.squashed((), 1)}")
        if kind == 4 and filled:
            return self.add(depth, f"{v}[{', '.join(map(self.index, shape))}] += 0.3 * {self.squashed((), 1)}")
        if kind == 5 and filled:
            n = self.size(shape[0])
            rest = [v for v in self.of(shape)]
            return self.add(depth, self.rng.choice([f"{v}[1:] = 0.7 * {self.rng.choice(rest)}[:{n} - 1]", f"{v}[:1] *= 0.4", f"{v}[::2] = 0.8 * {self.rng.choice(rest)}[::2]"]))
        if kind == 6 and len(shape) == 1:
            if self.filled("n", "m", "l") and self.chance(0.4):
                return self.add(depth, f"{v}[idx] {self.rng.choice(['=', '*='])} 0.7 * {self.rng.choice(self.of(shape))}[idx]")
            return self.add(depth, f"{v}[{v} > {self.rng.choice(THRESHOLDS)}] *= {self.scalar(0)}")
        if kind == 7 and filled:
            if len(shape) == 2:
                at, axis = self.rng.choice([(f"{self.index(shape[0])}", shape[1]), (f":, {self.index(shape[1])}", shape[0])])
                return self.add(depth, f"{v}[{at}] = {self.squashed((axis,), 1)}")
            i, j = self.index(shape[0]), self.index(shape[0])
            return self.add(depth, f"({v}[{i}], {v}[{j}]) = ({v}[{j}], {v}[{i}])")
        return self.add(depth, f"{v} = {self.squashed(shape)}")

    def statement(self, depth, budget):
        kind = self.rng.randrange(20)
        if kind <= 3:
            shape = self.shape()
            self.declare(depth, self.rng.choice(["let", "var"]), self.squashed(shape), shape)
        elif kind <= 9:
            self.assign(depth)
        elif kind == 10:
            self.declared_by_call(depth)
        elif kind == 11:
            f, x = self.name("f"), self.name("x")
            kept = dict(self.values)
            self.values[x] = ()
            e = self.scalar(1)
            self.values = kept
            self.add(depth, f"let {f} = {x} -> {e} + 0.3 * {x}" if self.chance(0.6) else f"let {f} = {x} -> {{ let t = sin({x}); t * {self.bracketed(e.replace(x, 't'))} }}")
            self.functions.append(f)
        elif budget <= 1 or len(self.loops) >= 2:
            self.assign(depth)
        elif kind <= 14:
            self.for_loop(depth, budget)
        elif kind <= 16:
            self.while_loop(depth, budget)
        else:
            self.branch(depth, budget, self.condition(), 0.6)

    def declared_by_call(self, depth):
        a = self.axis()
        v, t = self.name("v"), self.name("v")
        ways = [f"let ({v}, {t}) = both({self.vector(a, 1)}, {self.scalar(1)})", f"let ({t}, {v}) = scan((x, y) -> {{ let z = tanh(x + y); (z, z * y) }}, {self.scalar(1)}, {self.vector(a, 1)})",
                f"let ({v}, {t}) = jvp(x -> sin(x) * {self.scalar(0)}, {self.vector(a, 1)}, {self.vector(a, 0)})"]
        if self.chance(0.3):
            ways = [f"let ({v}, {t}) = [{self.inner((a,), lambda: f'({self.element(1)}, {self.element(0)})')}]"]
        self.add(depth, text := self.rng.choice(ways))
        self.values[v] = (a,)
        self.values[t] = (a,) if "jvp" in text or "[for" == text.split(" = ")[1][:4] else ()

    def for_loop(self, depth, budget):
        if self.chance(0.1):
            self.add(depth, "@checkpoint")
        i, kind, axis, bound = self.name("i"), self.rng.randrange(7), self.axis(), dict(self.ints)
        kept = dict(self.values)
        if kind <= 3:
            turns = self.rng.choice([self.size(axis), "3", "2", "c", f"1..{self.size(axis)}" if self.filled(axis) else "c", f"flip(0..{self.size(axis)})"])
            self.add(depth, f"for {i} in {turns} {{")
            self.ints[i] = axis if self.size(axis) in turns and turns not in ("2", "3") else None
        elif kind == 4:
            self.add(depth, f"for {i} in {self.vector(axis, 1)} {{")
            self.values[i] = ()
        elif kind == 5:
            self.add(depth, f"for {i} in {self.matrix(('n', 'm'), 1)} {{")
            self.values[i] = ("m",)
        else:
            self.add(depth, f"for {i} in p.parts {{")
            self.values[i + ".a"], self.values[i + ".s"] = ("m",), ()
        self.loops.append(i)
        self.some(depth, budget)
        self.loops.pop()
        self.add(depth, "}")
        self.ints, self.values = bound, kept

    def while_loop(self, depth, budget):
        """Until a value is small, or at most some steps while the data say so."""
        t = self.name("t")
        if self.chance(0.5):
            self.add(depth, f"var {t} = {self.squashed((), 1)}")
            self.add(depth, f"while abs({t}) > 0.11 {{")
            step = f"{t} *= {self.rng.choice(['0.5', '-0.6', '0.3 + 0.4 * sigmoid(' + self.scalar(0) + ')'])}"
            self.values[t] = ()
            bound = dict(self.ints)
        else:
            self.add(depth, f"var {t} = 0")
            self.add(depth, f"while {t} < {self.rng.choice(['4', 'c', 'c + 2'])} and ({self.condition()}) {{")
            step = f"{t} += 1"
            bound = dict(self.ints)
            self.ints[t] = None
        self.loops.append(t)
        self.some(depth, budget)
        self.loops.pop()
        self.add(depth + 1, step)
        self.add(depth, "}")
        self.ints = bound


GROUP = 10  # functions a module; one module in ten is in f32


class Function:
    """Number `number` of a seed: its text, and calls that tell whether its derivatives and batches are right."""

    def __init__(self, seed, number, lines=5):
        self.seed, self.number, self.is_single = seed, number, number // GROUP % 10 == 9
        self.rng = rng = random.Random(f"{seed} {number}")
        self.sizes = {"n": rng.randrange(1, 5), "m": rng.randrange(1, 4), "l": rng.randrange(1, 4), "k": rng.randrange(1, 3)}
        if rng.random() < 0.06:
            self.sizes[rng.choice("nmlk")] = 0
        named = rng.random() < 0.7
        body = Body(rng, self.sizes, named)
        body.write(rng.randrange(2, lines + 1))
        tail = []
        for v in dict.fromkeys(["p.s", "p.part", *body.values]):
            shape = body.values[v]
            if "." not in v or v in ("p.s", "p.part"):
                tail.append(v if shape == () else f"dot({v}, {v})" if shape == "Part" or rng.random() < 0.3 else f"sum(sin({v} * 0.9))")
        used = rng.sample(tail, min(len(tail), 5)) if rng.random() < 0.7 else tail
        self.body = [*body.tl, "  " + " + ".join(used if len(used) == len(tail) else used + [rng.choice(tail)])]
        self.fields = [name for name in FIELDS if re.search(rf"\bp\.{name}\b", "\n".join(self.body))] or ["s"]
        types = {name: re.sub(r"\b[nmk]\b", lambda axis: body.size(axis[0]), FIELDS[name]) for name in self.fields}
        self.lines = [f"struct Point{number}{'[n, m, k]' if named else ''} {{ {', '.join(f'{name}: {type}' for name, type in types.items())} }}",
                      f"def fn{number}(p: Point{number}{'[n, m, k]' if named else ''}, idx: i64[{body.size('l')}], c: int) -> f64 {{", *self.body, "}"]
        self.named = named
        self.checks = {"first": self.first(), "second": self.second(), "batched": self.batched()}
        # Second derivatives and batches cost the compiler most.
        if number % 6:
            del self.checks["second"]
        if number % 2:
            del self.checks["batched"]

    def numbers(self, *axes):
        if not axes:
            return f"{self.rng.uniform(-1.2, 1.2):.6f}"
        count = self.sizes[axes[0]]
        if not all(self.sizes[a] for a in axes):
            return f"zeros([{', '.join(str(self.sizes[a]) for a in axes)}])"
        return f"[{', '.join(self.numbers(*axes[1:]) for _ in range(count))}]"

    def point(self):
        """One of the function's points, as an expression."""
        axes = {"s": "", "a": "n", "b": "m", "w": "nm"}
        values = {name: self.numbers(*axes[name]) for name in axes}
        values["part"] = f"Part(a={self.numbers('n')}, s={self.numbers()})"
        parts = [f"Part(a={self.numbers('m')}, s={self.numbers()})" for _ in range(self.sizes["k"])]
        values["parts"] = f"[{', '.join(parts)}]" if parts else "zeros([0])"
        return f"Point{self.number}({', '.join(f'{name}={values[name]}' for name in self.fields)})"

    def test(self, what, lines):
        """The function is given one point or three, places `rows` and numbers `turns`."""
        s, rng = self.sizes, self.rng
        type = f"Point{self.number}" + (f"[{s['n']}, {s['m']}, {s['k']}]" if self.named else "")
        rows = [[rng.randrange(max(min(s["n"], s["m"]), 1)) for _ in range(s["l"])] for _ in range(3)]
        return [f'test "{self.number} {what}" {{', *(f"  let {name}: {type} = {self.point()}" for name in "pvu"),
                f"  let (rows, turns) = ({rows if s['l'] else 'zeros[i64]([3, 0])'}, {[rng.randrange(4) for _ in range(3)]})", *lines, "}"]

    def first(self):
        return self.test("first", [f"  let r = first(q -> fn{self.number}(q, rows[0], turns[0]), p, v)", f'  print("figures {self.number} first {{r:.17e}}")'])

    def second(self):
        mode = ["over_forward", "over_reverse", "reverse_over_forward", "reverse_over_reverse", "over_plane", "over_jacobian"][self.number // 6 % 6]
        return self.test("second", [f"  let r = {mode}(q -> fn{self.number}(q, rows[0], turns[0]), p, v, u)", f'  print("figures {self.number} second {{r:.17e}}")'])

    def batched(self):
        shared, f, kind = self.rng.random() < 0.4, f"fn{self.number}", self.number // 2 % 4
        at = {0: f"{f}(q, a, c)", 1: f"grad({f})(q, a, c)", 2: f"grad({f})(q, a, c)", 3: f"along(x -> {f}(x, a, c), q, v)"}[kind]
        many = f"vmap((q, a, c) -> {at})(ps, rows, turns)" if not shared else f"vmap(q -> {{ let (a, c) = (rows[0], turns[0]); {at} }})(ps)"
        figure = "{}" if kind in (0, 3) else "dot({}, v)"
        lines = [f"  let ps = [p, v, u]", f"  let many = {many}", "  var one: f64[3] = zeros([3])", "  for i in 3 {",
                 f"    let (q, a, c) = (ps[i], {'rows[0], turns[0]' if shared else 'rows[i], turns[i]'})", f"    let r = {at}", f"    one[i] = {figure.format('r')}", "  }",
                 f"  let all = [for i in 0..3: {figure.format('many[i]')}]", f'  print("figures {self.number} batched {{concat(all, one):.17e}}")']
        if kind == 2:  # the gradient of the batch
            lines[1] = f"  let many = grad(qs -> sum(vmap((q, a, c) -> {f}(q, a, c))(qs, rows, turns)))(ps)"
            lines[4] = "    let (q, a, c) = (ps[i], rows[i], turns[i])"
        return self.test("batched", lines)

    def text(self, what=None):
        return "\n".join(self.lines + [line for name, lines in self.checks.items() if what in (None, name) for line in lines]) + "\n"
