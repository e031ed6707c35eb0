# RUN: %python %s %tlc
# Fourier transforms against numpy.fft, of lengths that are products of small numbers and of others; derivatives against differences.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from library import Case, check

rng = np.random.default_rng(4)


def parts(z):
    return np.ascontiguousarray(z.real), np.ascontiguousarray(z.imag)


def of(transform):
    return lambda x, y: parts(transform(x + 1j * y)) if x.size else (x, y)


cases = []
for n in (0, 1, 2, 3, 7, 16, 17, 100, 1000, 1009, 1024):
    for kind, within in (("f8", 2e-15), ("f4", 1e-6)):
        cases += [Case("signal.fft(x, y)", of(np.fft.fft), [rng.normal(size=n).astype(kind) for _ in "xy"], within)]
for n in (1, 2, 3, 8, 19):
    pair = [rng.normal(size=n // 2 + 1), rng.normal(size=n // 2 + 1)]
    cases += [
        Case("signal.ifft(x, y)", of(np.fft.ifft), [rng.normal(size=n), rng.normal(size=n)]),
        Case("signal.rfft(x)", lambda x: parts(np.fft.rfft(x)), [rng.normal(size=n)]),
        Case("signal.irfft(x, y, z)", lambda x, y, n: np.fft.irfft(x + 1j * y, n), [*pair, np.int64(n)]),
        Case(f"(signal.fftfreq({n}, x), signal.rfftfreq({n}, x))", lambda d, n=n: (np.fft.fftfreq(n, d), np.fft.rfftfreq(n, d)), [np.array(0.1)]),
    ]
for sizes in ((0, 3), (3, 0), (1, 1), (5, 17), (6, 4)):
    pair = [rng.normal(size=sizes), rng.normal(size=sizes)]
    cases += [Case(f"signal.{f}(x, y)", of(getattr(np.fft, f)), pair) for f in ("fft", "ifft", "fft2", "ifft2")]
pair = [rng.normal(size=(2, 17)), rng.normal(size=(2, 17))]
cases += [
    Case("vmap((a, b) -> signal.fft(a, b))(x, y)", of(np.fft.fft), pair, order=1),
    Case("signal.ifft2(x, y)", of(np.fft.ifft2), pair, order=1),
    Case("signal.irfft(x, y, 7)", lambda x, y: np.fft.irfft(x + 1j * y, 7), [rng.normal(size=4), rng.normal(size=4)], order=1),
    Case("let (a, b) = signal.fft(x, y); a ** 2 + b ** 2", lambda x, y: abs(np.fft.fft(x + 1j * y)) ** 2, [rng.normal(size=5), rng.normal(size=5)], order=2),
    Case("let (_, d) = jvp(x -> { let (a, b) = signal.rfft(x); a * b }, x, y); d",
         lambda x, y: np.fft.rfft(x).real * np.fft.rfft(y).imag + np.fft.rfft(x).imag * np.fft.rfft(y).real, [rng.normal(size=9), rng.normal(size=9)]),
]
check(sys.argv[1], cases, ["signal"])
