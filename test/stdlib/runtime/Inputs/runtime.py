# The runtime as a shared library, called through ctypes. What leaves through a trap is called in a child process.
import ctypes
import os
import subprocess
import sys
import tempfile

import numpy as np

KINDS = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "bf16", "float32", "float64"]
BF16 = 10


def build():
    """Compiles stdlib/runtime/*.c once for all tests that run at a time."""
    here = os.path.abspath(__file__)
    folder = os.path.join(here[: here.index("/test/")], "stdlib", "runtime")
    sources = sorted(os.path.join(folder, f) for f in os.listdir(folder) if f.endswith(".c") and f != "Start.c")
    stamp = str(max(os.stat(os.path.join(folder, f)).st_mtime_ns for f in os.listdir(folder)))
    cache = os.path.join(os.environ.get("HOME", tempfile.gettempdir()), f"libtl-{stamp}-{len(sources)}.so")
    if not os.path.exists(cache):
        part = f"{cache}.{os.getpid()}"
        flags = "-std=c11 -D_GNU_SOURCE -O1 -g -fPIC -shared -ffp-contract=off".split()
        subprocess.run(["clang-22", *flags, *sources, "-lpng16", "-lz", "-lm", "-o", part], check=True)
        os.rename(part, cache)
    return ctypes.CDLL(cache)


class Value(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int32), ("rank", ctypes.c_int32), ("data", ctypes.c_void_p), ("sizes", ctypes.c_void_p)]


class Array(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("sizes", ctypes.c_int64 * 32)]


lib = build()
lib.tl_string.restype = lib.tl_format.restype = lib.tl_flag_int.restype = lib.tl_flag_str.restype = ctypes.c_int64
lib.tl_text.restype = lib.tl_format_any.restype = ctypes.c_void_p
ANY = ctypes.c_void_p(lib.tl_format_any())
lib.tl_digamma.restype = lib.tl_trigamma.restype = lib.tl_flag_float.restype = ctypes.c_double


def string(text):
    raw = text.encode()
    return ctypes.c_int64(lib.tl_string(raw, ctypes.c_int64(len(raw))))


def value(array, kind=None):
    """A TlValue that keeps its array alive."""
    array = np.asarray(array)
    array = array if array.flags.c_contiguous else np.ascontiguousarray(array)
    sizes = (ctypes.c_int64 * max(1, array.ndim))(*array.shape)
    v = Value(KINDS.index(array.dtype.name) if kind is None else kind, array.ndim, array.ctypes.data, ctypes.addressof(sizes))
    v.keep = (array, sizes)
    return v


def text_of(handle):
    length = ctypes.c_int64()
    at = lib.tl_text(ctypes.c_int64(handle), ctypes.byref(length))
    return ctypes.string_at(at, length.value).decode()


def form(array, spec="", kind=None):
    """What `"{x:spec}"` is."""
    parts = (ctypes.c_char_p * 3)(b"", spec.encode(), b"")
    v = value(array, kind)
    return text_of(lib.tl_format(parts, ctypes.byref(v), ctypes.c_int64(1)))


def in_child(action):
    """Exit code and everything written, of an action that may leave the process."""
    read, write = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.dup2(write, 1)
        os.dup2(write, 2)
        action()
        lib.tl_flush()
        os._exit(0)
    os.close(write)
    with os.fdopen(read, errors="replace") as pipe:
        out = pipe.read()
    status = os.waitpid(child, 0)[1]
    return (os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)), out


def load(path, dtype, shape, name="", kind=None):
    """tl_load; -1 in the shape is any size."""
    kind = KINDS.index(dtype) if kind is None else kind
    sizes = (ctypes.c_int64 * max(1, len(shape)))(*shape)
    out = Array()
    lib.tl_load(string(path), ANY, name.encode(), kind, len(shape), sizes, ctypes.byref(out), None)
    found = tuple(out.sizes[: len(shape)])
    dtype = np.dtype("uint16" if kind == BF16 else dtype)
    raw = ctypes.string_at(out.data, int(np.prod(found, dtype=np.int64)) * dtype.itemsize)
    return np.frombuffer(raw, dtype).reshape(found)


def save(path, arrays):
    """tl_save of {name: array}."""
    names = (ctypes.c_char_p * len(arrays))(*[n.encode() for n in arrays])
    made = [value(a) for a in arrays.values()]
    values = (Value * len(arrays))(*made)
    lib.tl_save(string(path), ANY, names, values, ctypes.c_int64(len(arrays)), None)


class Check:
    """Counts what is as expected, shows what is not."""

    def __init__(self):
        self.good = self.bad = 0

    def same(self, got, want, about):
        if got == want:
            self.good += 1
            return
        self.bad += 1
        if self.bad <= 5:
            print(f"FAILED {about}\n  want {want!r}\n  got  {got!r}")

    def done(self):
        print(f"{self.good} passed, {self.bad} failed")
        sys.exit(1 if self.bad or not self.good else 0)


def samples(rng, dtype, n):
    """Values of a type: common ones, extreme ones, random bits, and what is not finite."""
    dtype = np.dtype(dtype)
    if dtype == bool:
        return rng.integers(0, 2, n).astype(bool)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        if rng.integers(3) == 0:
            return rng.integers(info.min, info.max, n, dtype=dtype, endpoint=True)
        return rng.integers(max(info.min, -50), min(info.max, 1000), n).astype(dtype)
    makers = [lambda: rng.normal(size=n), lambda: rng.normal(size=n) * 10.0 ** rng.integers(-12, 12, n),
              lambda: rng.integers(-100, 100, n) / rng.choice([1, 8]), lambda: rng.random(n) * 10.0 ** rng.integers(-3, 9),
              lambda: np.round(rng.normal(size=n), 2), lambda: 2.0 ** rng.integers(-40, 40, n), lambda: np.zeros(n)]
    with np.errstate(all="ignore"):
        x = rng.choice(makers)().astype(dtype)
        if rng.integers(6) == 0:
            x = np.frombuffer(rng.bytes(n * dtype.itemsize), dtype).copy()
    if rng.integers(4) == 0 and n:
        x[rng.integers(n, size=2)] = rng.choice([np.nan, np.inf, -np.inf, -0.0], 2)
    return x
