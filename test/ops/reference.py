"""What NumPy lacks: special functions in extended precision, integers as tl defines them, bfloat16, distances in ulps."""

import ctypes
import ctypes.util
import itertools
import math

import numpy as np

LONG = np.longdouble
PI = LONG("3.14159265358979323846264338327950288")
BITS = {"f16": (11, -14, 15), "bf16": (8, -126, 127), "f32": (24, -126, 127), "f64": (53, -1022, 1023)}  # precision, exponents
NUMPY = {"bool": "?", "i8": "i1", "i16": "i2", "i32": "i4", "i64": "i8", "u8": "u1", "u16": "u2", "u32": "u4", "u64": "u8",
         "f16": "f2", "bf16": "f4", "f32": "f4", "f64": "f8"}  # a bf16 travels in an f32

FLOATS, INTS = ("f64", "f32", "f16", "bf16"), ("i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64")


def is_float(kind):
    return kind in BITS


# ---- special functions, from libm's long double ones (a double leaves ctypes) ----

libm = ctypes.CDLL(ctypes.util.find_library("m"))


def from_libm(name):
    function = getattr(libm, name)
    function.argtypes, function.restype = [ctypes.c_longdouble], ctypes.c_longdouble
    return lambda x: np.array([function(v) for v in np.asarray(x, LONG).ravel()], LONG).reshape(np.shape(x))


erf, erfc, lgamma = from_libm("erfl"), from_libm("erfcl"), from_libm("lgammal")


def digamma_of(x):
    if np.isnan(x) or x == -np.inf or (x <= 0 and x == np.floor(x) and x != 0):
        return LONG(np.nan)
    if x == 0:
        return -np.copysign(LONG(np.inf), x)
    if x == np.inf:
        return x
    if x < 0:
        return digamma_of(1 - x) - PI / np.tan(PI * (x - np.round(x)))
    shift = LONG(0)
    while x < 30:
        shift, x = shift - 1 / x, x + 1
    series, power = LONG(0), 1 / (x * x)  # Bernoulli numbers over 2k
    for a, b in ((1, 12), (-1, 120), (1, 252), (-1, 240), (1, 132), (-691, 32760), (1, 12), (-3617, 8160)):
        series, power = series + power * a / b, power / (x * x)
    return shift + np.log(x) - 1 / (2 * x) - series


def polygamma(n, x):
    """For x > 0: (-1)**(n + 1) n! zeta(n + 1, x), the sum of which ends as Euler and Maclaurin say (DLMF 5.15, 25.11)."""
    if n == 0:
        return digamma(x)
    x, s, end = np.asarray(x, LONG), n + 1, 30
    a = x + end
    total = sum((x + k) ** LONG(-s) for k in range(end)) + a ** LONG(1 - s) / (s - 1) + a ** LONG(-s) / 2
    factor = LONG(s)  # s (s + 1) ... (s + 2 j - 2) / (2 j)!
    for j, bernoulli in enumerate((LONG(1) / 6, LONG(-1) / 30, LONG(1) / 42, LONG(-1) / 30, LONG(5) / 66), 1):
        factor = factor / 2 if j == 1 else factor * (s + 2 * j - 3) * (s + 2 * j - 2) / ((2 * j - 1) * (2 * j))
        total = total + bernoulli * factor * a ** LONG(1 - s - 2 * j)
    return (-1) ** s * math.factorial(n) * total


def digamma(x):
    return np.array([digamma_of(v) for v in np.asarray(x, LONG).ravel()], LONG).reshape(np.shape(x))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gelu(x):
    return 0.5 * x * erfc(-x * np.sqrt(LONG(0.5)))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def logsumexp(x, axis=None, keepdims=False):
    largest = np.max(x, axis=axis, keepdims=True)
    shifted = np.sum(np.exp(x - largest), axis=axis, keepdims=True)
    y = largest + np.log(shifted)
    return y if keepdims else np.squeeze(y, axis=tuple(range(y.ndim)) if axis is None else axis)


# ---- integers: all wrap, a shift by the width or more leaves nothing ----

def power(x, k):
    """x ** k for an integer k."""
    x, k = np.broadcast_arrays(x, k)
    if x.dtype.kind == "f":
        return np.power(x, k.astype(x.dtype))
    width = 8 * x.dtype.itemsize
    words = [pow(int(a), int(b), 1 << width) for a, b in zip(x.ravel(), k.ravel())]
    return np.array(words, np.uint64).astype(x.dtype.str.replace("i", "u")).view(x.dtype).reshape(x.shape)


def shifted(x, k, left):
    x, k = np.broadcast_arrays(x, k)
    width = 8 * x.dtype.itemsize
    inside = np.clip(k, 0, width - 1).astype(x.dtype)
    y = np.left_shift(x, inside) if left else np.right_shift(x, inside)
    over = np.zeros_like(x) if left or x.dtype.kind == "u" else np.where(x < 0, -1, 0).astype(x.dtype)
    return np.where(k >= width, over, y).astype(x.dtype)


# ---- distances ----

def spacing(y, kind):
    """The distance between numbers of this kind near y."""
    precision, least, _ = BITS[kind]
    _, exponent = np.frexp(np.where(np.isfinite(y), y, 1).astype(LONG))
    exponent = np.where(y == 0, least, np.maximum(exponent - 1, least))
    return np.ldexp(LONG(1), exponent - (precision - 1))


def rounded(y, kind):
    """y (long double) rounded to this kind, still as long double."""
    y = np.asarray(y, LONG)
    with np.errstate(all="ignore"):
        step = spacing(y, kind)
        near = np.where(np.isfinite(y), np.rint(y / step) * step, y)
        _, _, most = BITS[kind]
        over = np.isfinite(near) & (np.abs(near) >= np.ldexp(LONG(1), most + 1))
    return np.where(over, np.copysign(LONG(np.inf), y), near)


def all_pairs(values):
    """Two vectors that hold all pairs of these values."""
    pairs = list(itertools.product(values, values))
    return np.array([a for a, _ in pairs]), np.array([b for _, b in pairs])
