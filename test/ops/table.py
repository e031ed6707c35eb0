"""All ops and functions of the prelude: the tl expression, its NumPy reference, what it is tried on.

`ref` computes in long double where `within` is a number of ulps or a bound, in the element type itself where it is SAME.
Signatures name the sizes of each argument: "n, m" against "m" broadcasts, "" is a scalar, "1" a written size."""

import zlib
from dataclasses import dataclass

import numpy as np

import reference as r
import subscripts
from reference import FLOATS, INTS

NUMBERS = FLOATS + INTS
EVERY = NUMBERS + ("bool",)
SAME, ULPS = 0, 4  # equal bits; ulps of f32 and f64 (1 for f16 and bf16, which are rounded once)

UNARY = (("",), ("n",), ("n, m",), ("n, m, l",))
FEW = (("",), ("n, m",))
FEW_PAIR = (("n", "n"), ("n, m", "m"), ("", ""))
PAIR = FEW_PAIR + (("", "n"), ("n, m", ""), ("n, m", "1, m"), ("n, 1", "1, m"), ("m", "l, n, m"), ("l, 1, m", "1, n, 1"), ("k, l, n, m", "n, m"), ("1", "n"))


@dataclass
class Op:
    name: str                 # as in the prelude, or the operator
    expr: str                 # in x, y, z and the sizes; {T} is the element type
    args: tuple               # the domain of each argument
    ref: object
    types: tuple = ("f64", "f32")
    shapes: tuple = UNARY
    within: object = ULPS     # SAME, ulps, or a function of the arguments: the error is at most eps times that
    smooth: bool = False      # gradients are compared with differences
    kinds: tuple = ()         # element types of the arguments, where not T
    result: str = ""          # element type of the result, where not T
    special: bool = False     # also tried on infinities, NaN, zeros, the ends of the range
    unsized: bool = False     # the size of the result is known to the data alone: no batches
    least: object = 0         # sizes are at least this, or a dict by their names
    grad_args: tuple = ()     # domains for gradients, where the value's have kinks or poles


def unary(name, ref, domain, grad=None, within=ULPS, types=FLOATS, smooth=True, **more):
    return Op(name, f"{name}(x)", (domain,), ref, types, UNARY if within != SAME else FEW + (("n",),), within, smooth, special=True,
              grad_args=(grad or domain,), **more)


def count_of(x, axis):
    return x.size if axis is None else np.prod([x.shape[a] for a in np.atleast_1d(axis)])


def reductions(name, ref, types, smooth=False, within=SAME, domain="any", grad=None, least=0, result="", scale=None):
    """Over all, one and several axes, with and without `keep`. `scale(x, axis)` times the count bounds the error in eps."""
    forms = [(("n",), "", None, False), (("n, m",), "", None, False), (("n, m",), ", axis=0", 0, False), (("n, m",), ", axis=1", 1, False),
             (("n, m, l",), ", axis=(0, 2)", (0, 2), False), (("n, m, l",), ", axis=-2, keep=true", 1, True), (("n, m",), ", keep=true", None, True)]
    common = len(forms)
    for rank, axes in ((1, (None, 0, -1)), (2, (-1, -2, (0, 1), (1, -2))), (3, (None, 0, 1, 2, (0, 1), (1, 2), (0, -1), (2, 1, 0), (-3,))), (4, (None, (1, 3), -2, (0, -2, 3), (0, 1, 2, 3)))):
        for axis in axes:  # with `keep` or without, the other for the next function
            text, shape = f", axis={axis}" if axis is not None else "", (", ".join("nmlk"[:rank]),)
            keep = zlib.crc32(f"{name}{len(types)}{rank}{axis}".encode()) % 2 == 1
            form = (shape, text + (", keep=true" if keep else ", keep=false" if rank == 2 else ""), axis, keep)
            forms += [] if form in forms else [form]
    for i, (shape, text, axis, keep) in enumerate(forms):
        def of(x, axis=axis, keep=keep):
            return ref(x, axis, keep)

        def bound(x, axis=axis, keep=keep):
            return (count_of(x, axis) + 8) * scale(x, axis, keep)
        yield Op(name, f"{name}(x{text})", (domain,), of, types, (shape,), bound if scale else within, smooth and (i < common or i % 4 == 0),
                 least=least, result=result, special=i == 0 and not scale, grad_args=(grad or domain,))


def sum_scale(x, axis, keep):
    return np.sum(np.abs(x), axis=axis, keepdims=keep)


def mean_scale(x, axis, keep):
    return np.max(np.abs(x), axis=axis, keepdims=keep, initial=0)


def along(name, ref, types, within, smooth=False, domain="any", grad=None, **more):
    for shape, text, axis in (("n", "", -1), ("n, m", "", -1), ("n, m", ", axis=0", 0), ("n, m, l", ", axis=1", 1)):
        def of(x, axis=axis):
            return ref(x, axis)
        scale = None
        if callable(within):
            def scale(x, axis=axis):
                return within(x, axis)
        yield Op(name, f"{name}(x{text})", (domain,), of, types, ((shape,),), scale or within, smooth,
                 grad_args=(grad or domain,), **more)


def product_scale(x, y):
    return (x.shape[-1] + 4) * np.matmul(np.abs(x), np.abs(y))


def indexed(update):
    def of(x, *rest):
        y = np.array(x)
        update(y, *rest)
        return y
    return of



ELEMENTWISE = [
    unary("exp", np.exp, "exponent", "small"), unary("expm1", np.expm1, "exponent", "small"),
    unary("exp2", np.exp2, "any"), unary("log2", np.log2, "positive", "near1"), unary("log10", np.log10, "positive", "near1"),
    unary("log", np.log, "positive", "near1"), unary("log1p", np.log1p, "over-1", "near1"),
    unary("sqrt", np.sqrt, "positive", "near1"), unary("rsqrt", lambda x: 1 / np.sqrt(x), "positive", "near1"),
    unary("floor", np.floor, "any", "halfway", within=SAME), unary("ceil", np.ceil, "any", "halfway", within=SAME),
    unary("round", np.rint, "halves", "between", within=SAME),
    unary("sin", np.sin, "angle", "small"), unary("cos", np.cos, "angle", "small"), unary("tan", np.tan, "angle", "unit"),
    unary("asin", np.arcsin, "unit"), unary("acos", np.arccos, "unit"), unary("atan", np.arctan, "any"),
    unary("sinh", np.sinh, "small"), unary("cosh", np.cosh, "small"), unary("tanh", np.tanh, "small"),
    unary("erf", r.erf, "small"), unary("erfc", r.erfc, "small"),
    unary("lgamma", r.lgamma, "gamma", "near1", within=lambda x: 2 * ULPS * np.maximum(1, np.abs(r.lgamma(x)))),
    unary("digamma", r.digamma, "gamma", "near1", within=lambda x: 2 * ULPS * np.maximum(1, np.abs(r.digamma(x)))),
    *(Op("polygamma", f"polygamma({order}, x + 1)", ("near1",), lambda x, order=order: r.polygamma(order, x + 1), ("f64",), UNARY, lambda x, order=order: 16 * np.abs(r.polygamma(order, x + 1)), True)
      for order in (0, 1, 2)),
    unary("isnan", np.isnan, "any", within=SAME, smooth=False, result="bool"), unary("isinf", np.isinf, "any", within=SAME, smooth=False, result="bool"),
    unary("isfinite", np.isfinite, "any", within=SAME, smooth=False, result="bool"),
    unary("abs", np.abs, "any", "away", within=SAME, types=NUMBERS), unary("sign", np.sign, "any", "away", within=SAME, types=NUMBERS),
    unary("relu", lambda x: np.maximum(x, 0), "any", "away", within=SAME),
    unary("sigmoid", r.sigmoid, "logit", "small", within=8), unary("softplus", r.softplus, "logit", "away", within=8),
    unary("silu", lambda x: x * r.sigmoid(x), "small", within=lambda x: 8 * np.abs(x)),
    unary("gelu", r.gelu, "small", within=lambda x: 8 * (1 + x * x) * np.abs(r.gelu(x))),
    Op("-", "-x", ("any",), np.negative, NUMBERS, FEW, SAME, True, special=True),
    Op("not", "not x", ("any",), np.logical_not, ("bool",), FEW + (("n",),), SAME),
]

PAIRS = [
    Op("+", "x + y", ("any", "any"), np.add, NUMBERS, PAIR, SAME, True, special=True),
    Op("-", "x - y", ("any", "any"), np.subtract, NUMBERS, PAIR, SAME, True, special=True),
    Op("*", "x * y", ("any", "any"), np.multiply, NUMBERS, PAIR, SAME, True, special=True),
    Op("/", "x / y", ("any", "away"), np.divide, FLOATS, PAIR, SAME, True, special=True),
    Op("//", "x // y", ("any", "divisor"), np.floor_divide, NUMBERS, PAIR, SAME, special=True),
    Op("%", "x % y", ("any", "divisor"), np.remainder, NUMBERS, PAIR, SAME, special=True),
    Op("//", "x // y", ("any", "away"), np.floor_divide, ("f64",), FEW_PAIR, SAME, True, grad_args=("between", "whole")),
    Op("%", "x % y", ("any", "away"), np.remainder, ("f64",), PAIR, SAME, True, grad_args=("between", "whole")),
    Op("**", "x ** y", ("positive1", "small"), np.power, FLOATS, PAIR, ULPS, True, special=True, grad_args=("near1", "small")),
    Op("**", "x ** y", ("any", "count"), r.power, INTS, PAIR, SAME, kinds=(None, "i64")),
    Op("**", "x ** y", ("near1", "integer"), r.power, FLOATS, PAIR, 16, True, kinds=(None, "i64")),
    Op("**", "x ** 2", ("any",), np.square, NUMBERS, FEW, SAME, True), Op("**", "x ** 3", ("away",), lambda x: x ** 3, FLOATS, FEW, ULPS, True),
    Op("**", "x ** -2", ("away",), lambda x: 1 / (x * x), FLOATS, FEW, ULPS, True),
    Op("**", "x ** 0", ("any",), np.ones_like, NUMBERS, FEW, SAME, True), Op("**", "x ** 0.5", ("near1",), np.sqrt, FLOATS, FEW, ULPS, True),
    Op("atan2", "atan2(x, y)", ("away", "away"), np.arctan2, FLOATS, PAIR, ULPS, True, special=True),
    Op("xlogy", "xlogy(x, y)", ("any", "positive1"), lambda x, y: np.where(x == 0, 0, x * np.log(np.where(x == 0, 1, y))), FLOATS, PAIR, 8,
       True, grad_args=("away", "near1")),
    Op("max", "max(x, y)", ("any", "any"), np.maximum, NUMBERS, PAIR, SAME, True, special=True),
    *[Op(o, f"x {o} 3", ("any",), lambda x, f=f: f(x, x.dtype.type(3)), NUMBERS, FEW, SAME, special=True) for o, f in (("+", np.add), ("*", np.multiply), ("//", np.floor_divide), ("%", np.remainder))],
    *[Op(o, f"2 {o} x", ("divisor",), lambda x, f=f: f(x.dtype.type(2), x), NUMBERS, FEW, SAME, special=True) for o, f in (("-", np.subtract), ("//", np.floor_divide), ("%", np.remainder))],
    Op("<", "x < 1", ("few",), lambda x: x < 1, NUMBERS, FEW, SAME, result="bool", special=True), Op("left_shift", "left_shift(x, 3)", ("any",), lambda x: r.shifted(x, np.full_like(x, 3), True), INTS, FEW, SAME),
    Op("min", "min(x, y)", ("any", "any"), np.minimum, NUMBERS, PAIR, SAME, True, special=True),
    Op("max", "max(x, y, z)", ("any",) * 3, lambda x, y, z: np.maximum(np.maximum(x, y), z), NUMBERS, (("n, m", "m", ""), ("n", "n", "n")), SAME, True),
    Op("min", "min(x, y, z)", ("any",) * 3, lambda x, y, z: np.minimum(np.minimum(x, y), z), NUMBERS, (("n, m", "m", ""), ("n", "n", "n")), SAME, True),
    Op("clip", "clip(x, -1, 1)", ("any",), lambda x: np.clip(x, -1, 1), FLOATS + ("i8", "i16", "i32", "i64"), FEW, SAME, True, special=True, grad_args=("off1",)),
    Op("clip", "clip(x, y, z)", ("any", "any", "any"), lambda x, y, z: np.minimum(np.maximum(x, y), z), NUMBERS, (("n, m", "m", ""),), SAME, True),
    Op("where", "where(x, y, z)", ("any",) * 3, np.where, NUMBERS + ("bool",), (("n", "n", "n"), ("n, m", "m", ""), ("", "n", "n"), ("", "", "")), SAME, True,
       kinds=("bool", None, None)),
    *[Op(f, f"{f}(x, y)", ("any", "any"), getattr(np, f), INTS, PAIR, SAME) for f in ("bitwise_and", "bitwise_or", "bitwise_xor")],
    Op("left_shift", "left_shift(x, y)", ("any", "shift"), lambda x, y: r.shifted(x, y, True), INTS, PAIR, SAME),
    Op("right_shift", "right_shift(x, y)", ("any", "shift"), lambda x, y: r.shifted(x, y, False), INTS, PAIR, SAME),
    *[Op(o, f"x {o} y", ("few", "few"), f, NUMBERS, PAIR, SAME, result="bool", special=True)
      for o, f in (("==", np.equal), ("!=", np.not_equal), ("<", np.less), ("<=", np.less_equal), (">", np.greater), (">=", np.greater_equal))],
    Op("==", "x == y", ("any", "any"), np.equal, ("bool",), PAIR, SAME, result="bool"), Op("!=", "x != y", ("any", "any"), np.not_equal, ("bool",), PAIR, SAME),
    Op("and", "x and y", ("any", "any"), np.logical_and, ("bool",), PAIR, SAME), Op("or", "x or y", ("any", "any"), np.logical_or, ("bool",), PAIR, SAME),
]

REDUCTIONS = [
    *reductions("sum", lambda x, a, k: np.sum(x, axis=a, keepdims=k, dtype=x.dtype), INTS),
    *reductions("sum", lambda x, a, k: np.sum(x, axis=a, keepdims=k), FLOATS, True, scale=sum_scale),
    *reductions("prod", lambda x, a, k: np.prod(x, axis=a, keepdims=k, dtype=x.dtype), INTS),
    *reductions("prod", lambda x, a, k: np.prod(x, axis=a, keepdims=k), FLOATS, True, domain="zeros", scale=lambda x, a, k: np.abs(np.prod(x, axis=a, keepdims=k))),
    *reductions("mean", lambda x, a, k: np.mean(x, axis=a, keepdims=k), FLOATS, True, scale=mean_scale, least=1),
    *reductions("max", lambda x, a, k: np.max(x, axis=a, keepdims=k), NUMBERS, True, least=1, grad="distinct"),
    *reductions("min", lambda x, a, k: np.min(x, axis=a, keepdims=k), NUMBERS, True, least=1, grad="distinct"),
    *reductions("variance", lambda x, a, k: np.var(x, axis=a, keepdims=k), FLOATS, True, least=1, scale=lambda x, a, k: mean_scale(x * x, a, k)),
    *reductions("std", lambda x, a, k: np.std(x, axis=a, keepdims=k), FLOATS, True, least=2, domain="distinct", scale=lambda x, a, k: mean_scale(x, a, k)),
    *reductions("logsumexp", lambda x, a, k: r.logsumexp(x, a, k), FLOATS, True, least=1, domain="logit", grad="small",
                scale=lambda x, a, k: 1 + mean_scale(x, a, k)),
    *reductions("any", lambda x, a, k: np.any(x, axis=a, keepdims=k), ("bool",)), *reductions("all", lambda x, a, k: np.all(x, axis=a, keepdims=k), ("bool",)),
    *reductions("count", lambda x, a, k: np.sum(x, axis=a, keepdims=k, dtype=np.int64), ("bool",), result="i64"),
    *[Op(f, f"{f}(x{t})", ("few",), lambda x, a=a, g=getattr(np, f): g(x, axis=a), NUMBERS, ((s,),), SAME, result="i64", least=1, special=s == "n")
      for f in ("argmax", "argmin") for s, t, a in (("n", "", None), ("n, m", "", None), ("n, m", ", axis=1", 1), ("n, m", ", axis=0", 0), ("n, m, l", ", axis=-2", 1))],
    Op("norm", "norm(x)", ("any",), lambda x: np.sqrt(np.sum(x * x)), FLOATS, (("n",), ("n, m",)), 32, True, least=1),
    *[Op("norm", f"norm(x, axis={t})", ("any",), lambda x, a=a, k=t != "0": np.sqrt(np.sum(x * x, axis=a, keepdims=k)), FLOATS, (("n, m",),), 32, True, least=1)
      for t, a in (("0", 0), ("1, keep=true", 1), ("(0, 1), keep=true", (0, 1)))],
    *[Op(f, f"{f}(x, axis=1, keep=true)", ("few",), lambda x, g=getattr(np, f): g(x, axis=1, keepdims=True), NUMBERS, (("n, m",),), SAME, result="i64", least=1) for f in ("argmax", "argmin")],
    Op("dot", "dot(x, y)", ("any", "any"), lambda x, y: np.sum(x * y), FLOATS, (("n", "n"), ("n, m", "n, m"), ("", "")),
       lambda x, y: (x.size + 4) * np.sum(np.abs(x * y)), True),
    *along("cumsum", lambda x, a: np.cumsum(x, axis=a, dtype=x.dtype), INTS, SAME),
    *along("cumsum", lambda x, a: np.cumsum(x, axis=a), FLOATS, lambda x, a: (x.shape[a] + 1) * np.cumsum(np.abs(x), axis=a), True),
    *along("cumprod", lambda x, a: np.cumprod(x, axis=a, dtype=x.dtype), INTS, SAME),
    *along("cumprod", lambda x, a: np.cumprod(x, axis=a), FLOATS, lambda x, a: (x.shape[a] + 1) * np.abs(np.cumprod(x, axis=a)), True, domain="zeros"),
    *along("sort", lambda x, a: np.sort(x, axis=a), NUMBERS, SAME, True, domain="few", grad="distinct", special=True),
    *along("argsort", lambda x, a: np.argsort(x, axis=a, kind="stable"), NUMBERS, SAME, domain="few", result="i64", special=True),
    *along("softmax", lambda x, a: np.exp(x - r.logsumexp(x, a, True)), FLOATS, lambda x, a: 40 * np.exp(x - r.logsumexp(x, a, True)), True, domain="small", least=1),
    *along("log_softmax", lambda x, a: x - r.logsumexp(x, a, True), FLOATS, lambda x, a: 40 * (1 + np.abs(x)), True, domain="small", least=1),
]

def topk(x, k):
    """Values and places of the k largest of each row: descending, the first of equals first, NaN the largest."""
    backwards = np.flip(x, -1)
    order = x.shape[-1] - 1 - np.flip(np.argsort(backwards, axis=-1, kind="stable"), -1)[..., :k]
    return np.take_along_axis(x, order, -1), order


def scanned(x):
    """c * 0.5 + v carried, its squares collected, the last c behind them."""
    c, ys = x.dtype.type(1), []
    for v in x:
        c = c * x.dtype.type(0.5) + v
        ys.append(c * c)
    return np.array(ys + [c], x.dtype)


ORDER = [
    *[Op("topk", f"(p -> {{ let (v, i) = topk(p, 2); {w} }})(x)", ("few",), lambda x, k=k: topk(x, 2)[k], NUMBERS, (("n",), ("n, m",)), SAME, not k,
         result="i64" if k else "", least=2, special=True, grad_args=("distinct",)) for k, w in ((0, "v"), (1, "i"))],
    Op("unique", "unique(x)", ("few",), np.unique, NUMBERS, (("n",),), SAME, True, unsized=True, special=True, grad_args=("distinct",)),
    Op("nonzero", "nonzero(x)", ("any",), lambda x: np.flatnonzero(x), ("bool",), (("n",),), SAME, result="i64", unsized=True),
    Op("nonzero", "nonzero(x)", ("any",), np.argwhere, ("bool",), (("n, m",), ("n, m, l",)), SAME, result="i64", unsized=True),
    *[Op("searchsorted", f"searchsorted(sort(x), y{t})", ("few", "few"), lambda x, y, s=s: np.searchsorted(np.sort(x), y, side=s), NUMBERS,
         (("n", ""), ("n", "m"), ("n", "m, l"), ("n", "n")), SAME, result="i64", special=True) for t, s in (("", "left"), (", right=true", "right"))],
    Op("reduce", "reduce((a, b) -> a * 0.5 + b, 1, x)", ("any",), lambda x: horner(x.ravel()), FLOATS, (("n",), ("n, m",), ("n, m, l",)),
       lambda x: (x.size + 4) * (1 + np.sum(np.abs(x))), True),
    Op("reduce", "reduce((a, b) -> max(a, b), 0, for i: x[i])", ("any",), lambda x: np.max(x, initial=0), NUMBERS, (("n",),), SAME),
    Op("scan", "(p -> { let (c, ys) = scan((c, v) -> { let t = c * 0.5 + v; (t, t * t) }, 1, p); concat(ys, [c]) })(x)", ("any",), scanned, FLOATS, (("n",),),
       lambda x: (x.size + 4) * (2 + np.sum(np.abs(x))) ** 2, True),
]

MAKING = [
    Op("zeros", "zeros[{T}]([x, 3])", ("size",), lambda x: np.zeros((int(x), 3)), NUMBERS, (("",),), SAME, kinds=("i64",)),
    Op("ones", "ones[{T}]([2, x])", ("size",), lambda x: np.ones((2, int(x))), NUMBERS, (("",),), SAME, kinds=("i64",)),
    Op("full", "full([x, x], y)", ("size", "any"), lambda x, y: np.full((int(x), int(x)), y), EVERY, (("", ""),), SAME, True, kinds=("i64", None), unsized=True),
    Op("eye", "eye[{T}](x)", ("size",), lambda x: np.eye(int(x)), NUMBERS, (("",),), SAME, kinds=("i64",)),
    Op("arange", "arange(x)", ("size",), lambda x: np.arange(x), ("i64",), (("",),), SAME),
    Op("arange", "arange(x, x + y)", ("places", "size"), lambda x, y: np.arange(x, x + y), ("i64",), (("", ""),), SAME), Op("zeros", "zeros[bool]([x])", ("size",), lambda x: np.zeros(int(x)), ("bool",), (("",),), SAME, kinds=("i64",)),
    Op("linspace", "linspace(x, y, z)", ("any", "any", "size"), lambda x, y, z: np.linspace(x, y, int(z), dtype=r.LONG), FLOATS, (("", "", ""),),
       lambda x, y, z: 8 * (np.abs(x) + np.abs(y)) * np.ones(int(z)), True, kinds=(None, None, "i64"), unsized=True),
    Op("zeros_like", "zeros_like(x)", ("any",), np.zeros_like, FLOATS, UNARY, SAME), Op("ones_like", "ones_like(x)", ("any",), np.ones_like, FLOATS, UNARY, SAME),
    Op("one_hot", "one_hot[{T}](x, 4)", (("below", 4),), lambda x: np.eye(4)[x], NUMBERS, (("n",), ("n, m",)), SAME, kinds=("i64",)),
]

SHAPES = [
    Op("size", "size(x, 0) * 1000 + size(x, -1)", ("any",), lambda x: np.int64(x.shape[0] * 1000 + x.shape[-1]), EVERY, (("n",), ("n, m, l",)), SAME, result="i64"),
    Op("reshape", "reshape(x, [m, n])", ("any",), lambda x: x.reshape(x.shape[1], x.shape[0]), EVERY, (("n, m",),), SAME, True),
    Op("reshape", "reshape(x, [l, n * m])", ("any",), lambda x: x.reshape(x.shape[2], -1) if x.size else x.reshape(x.shape[2], x.shape[0] * x.shape[1]), EVERY, (("n, m, l",),), SAME, True),
    Op("reshape", "reshape(x, [1, n, 1])", ("any",), lambda x: x.reshape(1, -1, 1), EVERY, (("n",),), SAME, True),
    Op("reshape", "reshape(x, [1, 1])", ("any",), lambda x: x.reshape(1, 1), EVERY, (("",),), SAME, True),
    Op("flatten", "flatten(x)", ("any",), np.ravel, EVERY, (("n, m",), ("n, m, l",), ("n",)), SAME, True),
    Op("flatten", "flatten(x, from=1)", ("any",), lambda x: x.reshape(x.shape[0], x.shape[1] * x.shape[2]), EVERY, (("n, m, l",),), SAME, True),
    Op("transpose", "transpose(x, (1, 0))", ("any",), np.transpose, EVERY, (("n, m",),), SAME, True),
    Op("transpose", "transpose(x, (1, 2, 0))", ("any",), lambda x: x.transpose(1, 2, 0), EVERY, (("n, m, l",),), SAME, True),
    Op(".T", "x.T", ("any",), lambda x: np.swapaxes(x, -1, -2), EVERY, (("n, m",), ("n, m, l",)), SAME, True),
    Op("concat", "concat(x, y)", ("any", "any"), lambda x, y: np.concatenate((x, y)), EVERY, (("n", "k"), ("n, m", "k, m")), SAME, True),
    Op("concat", "concat(x, y, axis=1)", ("any", "any"), lambda x, y: np.concatenate((x, y), 1), EVERY, (("n, k", "n, m"), ("n, k, l", "n, m, l")), SAME, True),
    Op("broadcast_to", "broadcast_to(x, [3, n])", ("any",), lambda x: np.broadcast_to(x, (3,) + x.shape), EVERY, (("n",),), SAME, True),
    Op("broadcast_to", "broadcast_to(x, [n, 4])", ("any",), lambda x: np.broadcast_to(x, (x.shape[0], 4)), EVERY, (("n, 1",),), SAME, True),
    Op("broadcast_to", "broadcast_to(x, [2, 3])", ("any",), lambda x: np.broadcast_to(x, (2, 3)), EVERY, (("",),), SAME, True),
    Op("diff", "diff(x)", ("any",), lambda x: np.diff(x), NUMBERS, (("n",), ("n, m",), ("n, m, l",)), SAME, True, least=1),
    Op("flip", "flip(x)", ("any",), lambda x: np.flip(x, 0), EVERY, (("n",), ("n, m",)), SAME, True), Op("flip", "flip(x, axis=1)", ("any",), lambda x: np.flip(x, 1), EVERY, (("n, m",),), SAME, True),
    Op("concat", "concat(x, y, z, axis=-1)", ("any",) * 3, lambda x, y, z: np.concatenate((x, y, z), -1), EVERY, (("n", "m", "l"), ("n, k", "n, m", "n, l")), SAME, True),
    Op("stack", "stack(x, y)", ("any", "any"), lambda x, y: np.stack((x, y)), EVERY, (("", ""), ("n", "n"), ("n, m", "n, m")), SAME, True),
    Op("stack", "stack(x, y, z, axis=1)", ("any",) * 3, lambda x, y, z: np.stack((x, y, z), 1), EVERY, (("n",) * 3, ("n, m",) * 3), SAME, True),
    Op("stack", "stack(x, y, axis=-1)", ("any", "any"), lambda x, y: np.stack((x, y), -1), EVERY, (("n, m",) * 2,), SAME, True),
    *[Op("roll", f"roll(x, y{t})", ("any", "places"), lambda x, y, a=a: np.roll(x, int(y), a), EVERY, ((s, ""),), SAME, True, kinds=(None, "i64"))
      for s, t, a in (("n", "", 0), ("n, m", "", 0), ("n, m", ", axis=-1", 1), ("n, m, l", ", axis=1", 1))],
    *[Op("repeat", f"repeat(x, y{t})", ("any", "size"), lambda x, y, a=a: np.repeat(x, int(y), a), EVERY, ((s, ""),), SAME, kinds=(None, "i64"), unsized=True)
      for s, t, a in (("n", "", 0), ("n, m", ", axis=1", 1), ("n, m, l", ", axis=1", 1))],
    Op("repeat", "repeat(x, 3, axis=-2)", ("any",), lambda x: np.repeat(x, 3, -2), EVERY, (("n, m",), ("n, m, l",)), SAME, True),
    Op("tile", "tile(x, [2, 3])", ("any",), lambda x: np.tile(x, (2, 3)), EVERY, (("n, m",), ("n",), ("",)), SAME, True),
    Op("tile", "tile(x, [y])", ("any", "size"), lambda x, y: np.tile(x, int(y)), EVERY, (("n", ""),), SAME, kinds=(None, "i64"), unsized=True),
    Op("pad", "pad(x, 2)", ("any",), lambda x: np.pad(x, 2), NUMBERS, (("n",), ("n, m",)), SAME, True),
    Op("pad", "pad(x, (0, 3), value=7)", ("any",), lambda x: np.pad(x, (0, 3), constant_values=7), NUMBERS, (("n",),), SAME, True),
    Op("pad", "pad(x, ((0, 1), (2, 0)), y)", ("any", "any"), lambda x, y: np.pad(x, ((0, 1), (2, 0)), constant_values=y), NUMBERS, (("n, m", ""),), SAME, True),
    Op("pad", "pad(x, (y, 1))", ("any", "size"), lambda x, y: np.pad(x, (int(y), 1)), NUMBERS, (("n", ""),), SAME, kinds=(None, "i64"), unsized=True),
    Op("scatter_add", "scatter_add(x, y, z)", ("any", ("below", "n"), "any"), indexed(lambda a, i, v: np.add.at(a, i, v)), INTS, (("n", "k", "k"), ("n, m", "k", "k, m")), SAME,
       kinds=(None, "i64", None), least=1),
    Op("scatter_add", "scatter_add(x, y, z)", ("any", ("below", "n"), "any"), indexed(lambda a, i, v: np.add.at(a, i, v)), FLOATS, (("n", "k", "k"), ("n, m", "k", "k, m")),
       lambda x, y, z: 100 * np.ones_like(x), True, kinds=(None, "i64", None), least=1),
]

PRODUCTS = [
    Op("@", "x @ y", ("any", "any"), np.matmul, FLOATS, (("n", "n"), ("n, m", "m"), ("n", "n, m"), ("n, m", "m, l"), ("k, n, m", "m, l"), ("k, n, m", "k, m, l"), ("n, m", "k, m, l"),
       ("n", "k, n, m"), ("k, n, m", "m"), ("1, n, m", "k, m, l"), ("j, k, n, m", "k, m, l")), product_scale, True),
    Op("@", "x @ y", ("any", "any"), np.matmul, ("f16", "bf16"), (("n", "n"), ("n, m", "m, l"), ("k, n, m", "m")), product_scale),
    Op("@", "x @ y", ("any", "any"), np.matmul, INTS, (("n", "n"), ("n, m", "m, l"), ("k, n, m", "k, m, l"), ("n", "n, m"), ("n, m", "m")), SAME),
    Op("@", "x.T @ y", ("any", "any"), lambda x, y: np.matmul(x.T, y), FLOATS, (("m, n", "m, l"),), lambda x, y: product_scale(x.T, y), True),
    Op("outer", "outer(x, y)", ("any", "any"), np.outer, NUMBERS, (("n", "m"),), SAME, True), Op("trace", "trace(x)", ("any",), lambda x: np.trace(x, dtype=x.dtype), INTS, (("n, n",),), SAME),
    Op("trace", "trace(x)", ("any",), np.trace, FLOATS, (("n, n",),), lambda x: (len(x) + 4) * np.trace(np.abs(x)), True),
    Op("diag", "diag(x)", ("any",), np.diag, NUMBERS, (("n, n",), ("n",)), SAME, True),
    Op("tril", "tril(x)", ("any",), np.tril, NUMBERS, (("n, m",), ("n, m, l",)), SAME, True), Op("tril", "tril(x, y)", ("any", "places"), lambda x, y: np.tril(x, int(y)), NUMBERS, (("n, m", ""),), SAME, kinds=(None, "i64")),
    Op("triu", "triu(x)", ("any",), np.triu, NUMBERS, (("n, m",), ("n, m, l",)), SAME, True), Op("triu", "triu(x, k=-1)", ("any",), lambda x: np.triu(x, -1), NUMBERS, (("n, m",),), SAME, True),
    Op("fold", "fold((c, v) -> c * 0.5 + v, 1, x)", ("any",), lambda x: horner(x), FLOATS, (("n",),), lambda x: (len(x) + 4) * (1 + np.sum(np.abs(x))), True),
    Op("stop_gradient", "stop_gradient(x)", ("any",), lambda x: x, FLOATS, FEW, SAME),
]

def windows(x, size, strides):
    """x [b, h, w, c] at each place of windows of this size: [kh, kw, b, i, j, c]."""
    rows, columns = (x.shape[1] - size[0]) // strides[0] + 1, (x.shape[2] - size[1]) // strides[1] + 1
    return np.array([[x[:, p:p + (rows - 1) * strides[0] + 1:strides[0], q:q + (columns - 1) * strides[1] + 1:strides[1]] for q in range(size[1])] for p in range(size[0])])


def conv2d(x, w, strides=(1, 1), pads=((0, 0), (0, 0))):
    return np.einsum("pqbijc,pqco->bijo", windows(np.pad(x, ((0, 0), *pads, (0, 0))), w.shape, strides), w)


def convolution(text, shapes, types=FLOATS, **how):
    return Op("conv2d", f"conv2d(x, y{text})", ("any", "any"), lambda x, y: conv2d(x, y, **how), types, (shapes,),
              lambda x, y: (y.size + 4) * conv2d(np.abs(x), np.abs(y), **how), True)


IMAGES = [
    convolution("", ("2, 5, 4, c", "3, 2, c, o")) , convolution(", stride=2", ("b, 6, 5, 2", "3, 2, 2, o"), strides=(2, 2)),
    convolution(", stride=(3, 1), pad=(1, 0)", ("2, 5, 4, c", "2, 3, c, o"), strides=(3, 1), pads=((1, 1), (0, 0))),
    convolution(", pad=1", ("b, h, 3, c", "2, 2, c, 2"), pads=((1, 1), (1, 1))),
    convolution(', pad="same"', ("b, 4, 5, c", "3, 2, c, 2"), pads=((1, 1), (0, 1))),
    *[Op("max_pool2d", f"max_pool2d(x, {t})", ("any",), lambda x, k=k, s=s: np.max(windows(x, (k, k), (s, s)), axis=(0, 1)), NUMBERS, (("b, h, 5, c",),), SAME, True, least=2,
         grad_args=("distinct",)) for t, k, s in (("2", 2, 2), ("2, stride=1", 2, 1))],
    *[Op("avg_pool2d", f"avg_pool2d(x, {t})", ("any",), lambda x, k=k, s=s: np.mean(windows(x, (k, k), (s, s)), axis=(0, 1)), FLOATS, (("b, h, 5, c",),),
         lambda x, k=k, s=s: 8 * np.mean(windows(np.abs(x), (k, k), (s, s)), axis=(0, 1)), True, least=2) for t, k, s in (("2", 2, 2), ("2, stride=1", 2, 1))],
]

NOTATION = [
    Op("for", "[for i, j: x[j, i]]", ("any",), np.transpose, EVERY, (("n, m",),), SAME, True),
    Op("for", "[for i, j: sum(for k: x[i, k] * y[k, j])]", ("any", "any"), np.matmul, FLOATS, (("n, m", "m, l"),), product_scale, True),
    Op("for", "[for i: sum(for j: (x[i, j] - y[j]) ** 2)]", ("any", "any"), lambda x, y: np.sum((x - y) ** 2, 1), FLOATS, (("n, m", "m"),), lambda x, y: (x.shape[1] + 8) * np.sum((np.abs(x) + np.abs(y)) ** 2, 1), True),
    Op("for", "[for i: (x[i - 1] ?? 0) + 2 * x[i] + (x[i + 1] ?? 0)]", ("any",), lambda x: np.convolve(x, np.array([1, 2, 1], x.dtype))[1:len(x) + 1] if len(x) else x, NUMBERS, (("n",),), lambda x: 100 * np.ones_like(x), True),
    Op("for", "[for i in 1..n: x[i] - x[i - 1]]", ("any",), np.diff, NUMBERS, (("n",),), SAME, True, least=1),
    Op("for", "[for row in x: sum(row)]", ("any",), lambda x: np.sum(x, 1), FLOATS, (("n, m",),), lambda x: (x.shape[1] + 4) * np.sum(np.abs(x), 1), True),
    Op("for", "[for i: x[y[i]]]", ("any", ("below", "n")), lambda x, y: x[y], EVERY, (("n", "k"), ("n, m", "k")), SAME, True, kinds=(None, "i64"), least=1),
    Op("for", "max(for i: x[i] * y[i])", ("distinct", "near1"), lambda x, y: np.max(x * y), FLOATS, (("n", "n"),), SAME, True, least=1),
    Op("for", "argmax(for i: x[i])", ("few",), np.argmax, NUMBERS, (("n",),), SAME, result="i64", least=1),
    Op("for", "logsumexp(for i: x[i])", ("small",), r.logsumexp, FLOATS, (("n",),), 16, True, least=1),
    Op("for", "[for i, j: if i > j { x[i] } else { y[j] }]", ("any", "any"), lambda x, y: np.where(np.arange(len(x))[:, None] > np.arange(len(y)), x[:, None], y), NUMBERS, (("n", "m"),), SAME, True),
]

# Computed in a way whose result is the same in another order: all that Python needs for 0.5 * c + v.
def horner(x):
    c = x.dtype.type(1)
    for v in x:
        c = c * x.dtype.type(0.5) + v
    return c


def converted(kind):
    def of(x):
        if kind == "bool":
            return x != 0
        return x.astype(r.LONG) if kind in r.BITS else x.astype(r.NUMPY[kind])
    return of


CASTS = [Op("cast", f"{to}(x)", ("any",), converted(to), tuple(k for k in INTS + ("bool",) if k != to), FEW + (("n",),), SAME, result=to, special=True) for to in r.NUMPY]
CASTS += [Op("cast", f"{to}(x)", ("any",), converted(to), tuple(k for k in FLOATS if k != to), FEW + (("n",),), SAME, result=to, special=True) for to in FLOATS + ("bool",)]
CASTS += [Op("cast", f"{to}(x)", (("fits", to),), converted(to), FLOATS, FEW + (("n",),), SAME, result=to) for to in INTS]
CASTS += [Op("cast", "f64(f32(x))", ("any",), lambda x: x, ("f64",), FEW, lambda x: np.abs(x) * 2.0**30)]

UNSIZED = [
    Op("for", "[for v in x if v > 0: v]", ("any",), lambda x: x[x > 0], NUMBERS, (("n",),), SAME, True, unsized=True, grad_args=("away",)),
]

PARTS = {"operators": CASTS + ELEMENTWISE + PAIRS, "arrays": REDUCTIONS + ORDER + MAKING + SHAPES + PRODUCTS + IMAGES + NOTATION + UNSIZED,
         "subscripts": list(subscripts.rows(Op))}

# Names of the prelude, and operators, without a row that is differentiated, and why.
CONSTANT = {name: why for why, names in {
    "gives bools": "isnan isinf isfinite any all == != < <= > >=", "takes bools": "not and or count nonzero", "takes integers": "bitwise_and bitwise_or bitwise_xor "
    "left_shift right_shift one_hot arange eye", "gives places": "argmax argmin argsort searchsorted", "gives a size": "size", "takes sizes": "zeros ones",
    "gives the same for all arguments": "zeros_like ones_like", "is a constant to derivatives, as run/derivatives.tl says": "stop_gradient",
    "is tried between floats as f64(f32(x)), in run/derivatives.tl": "cast"}.items() for name in names.split()}

# What the prelude has and this table leaves to other tests.
ELSEWHERE = {
    "key": "random", "split": "random", "fold_in": "random", "clone": "random", "random_bits": "random", "uniform": "random", "normal": "random",
    "bernoulli": "random", "permutation": "random", "randint": "random", "categorical": "random", "normal_like": "random", "print": "run/", "load": "run/", "save": "run/",
}
