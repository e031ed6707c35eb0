# RUN: %python %s %tlc
# Samples of each distribution against its distribution function (Kolmogorov and Smirnov's distance, bound for 1 in 10,000) or its moments.
import math
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import subprocess
import tempfile

import numpy as np

N = 20000
SAMPLES = {
    "exponential": "random.exponential(key(1), [n])", "gumbel": "random.gumbel(key(2), [n])", "laplace": "random.laplace(key(3), [n])",
    "logistic": "random.logistic(key(4), [n])", "cauchy": "random.cauchy(key(5), [n])", "gamma2.5": "random.gamma(key(6), 2.5, [n])",
    "gamma0.3": "random.gamma(key(7), 0.3, [n])", "beta": "random.beta(key(8), 2, 3, [n])", "student_t": "random.student_t(key(9), 3, [n])",
    "rademacher": "random.rademacher(key(10), [n])",
}
PROGRAM = "import random\ndef main(n: int = %d) {\n" % N
for name, expr in SAMPLES.items():
    PROGRAM += f'  let x: f64[n] = {expr}\n  save("{name}.npy", x)\n'
PROGRAM += """  save("poisson.npy", random.poisson(key(11), 3.5, [n]))
  save("shuffle.npy", random.shuffle(key(12), arange(100)))
  save("choice.npy", random.choice(key(13), [10, 20, 30], n))
  save("without.npy", random.choice_without_replacement(key(14), arange(50), 20))
  let c: f64[2, 2] = [[2, 0.6], [0.6, 1]]
  save("normal.npy", random.multivariate_normal(key(15), [1, -1], c, n))
}
"""


def by_density(pdf, lo, hi):
    t = np.linspace(lo, hi, 400001)
    sums = np.cumsum(pdf((t[1:] + t[:-1]) / 2)) * (t[1] - t[0])
    return lambda x: np.interp(x, t[1:], sums)


def gamma_pdf(a):
    return lambda x: x ** (a - 1) * np.exp(-x) / math.gamma(a)


CDFS = {
    "exponential": lambda x: 1 - np.exp(-x), "gumbel": lambda x: np.exp(-np.exp(-x)), "laplace": lambda x: np.where(x < 0, np.exp(-abs(x)) / 2, 1 - np.exp(-abs(x)) / 2),
    "logistic": lambda x: 1 / (1 + np.exp(-x)), "cauchy": lambda x: np.arctan(x) / np.pi + 0.5, "gamma2.5": by_density(gamma_pdf(2.5), 0, 60),
    "gamma0.3": lambda x: by_density(lambda t: np.exp(-t ** (1 / 0.3)) / 0.3 / math.gamma(0.3), 0, 30**0.3)(x**0.3),
    "beta": lambda x: 6 * x**2 - 8 * x**3 + 3 * x**4, "student_t": lambda x: 0.5 + (np.arctan(x / np.sqrt(3)) + x / np.sqrt(3) / (1 + x**2 / 3)) / np.pi,
}
good = bad = 0


def same(ok, about):
    global good, bad
    good, bad = good + bool(ok), bad + (not ok)
    if not ok:
        print("FAILED", about)


with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, "program.tl"), "w") as f:
        f.write(PROGRAM)
    if subprocess.run([sys.argv[1], "run", "program.tl"], cwd=folder).returncode:
        sys.exit("the program did not run")
    got = {f[:-4]: np.load(os.path.join(folder, f)) for f in os.listdir(folder) if f.endswith(".npy")}
for name, cdf in CDFS.items():
    u = np.sort(cdf(got[name]))
    distance = max(np.max(np.arange(1, N + 1) / N - u), np.max(u - np.arange(N) / N))
    same(distance < 2.22 / math.sqrt(N), f"{name}: the distance is {distance}")
same(set(got["rademacher"]) == {-1, 1} and abs(got["rademacher"].mean()) < 4 / math.sqrt(N), "rademacher")
for k in range(9):
    p = 3.5**k * math.exp(-3.5) / math.factorial(k)
    same(abs(np.mean(got["poisson"] == k) - p) < 4 * math.sqrt(p * (1 - p) / N), f"poisson {k}: {np.mean(got['poisson'] == k)} of {p}")
same(sorted(got["shuffle"]) == list(range(100)) and list(got["shuffle"]) != list(range(100)), "shuffle")
same(all(abs(np.mean(got["choice"] == v) - 1 / 3) < 4 * math.sqrt(2 / 9 / N) for v in (10, 20, 30)), "choice")
same(len(set(got["without"])) == 20 and set(got["without"]) <= set(range(50)), "choice without replacement")
same(np.allclose(got["normal"].mean(0), [1, -1], atol=0.05) and np.allclose(np.cov(got["normal"].T), [[2, 0.6], [0.6, 1]], atol=0.08), "multivariate normal")
print(f"{good} passed, {bad} failed")
sys.exit(1 if bad or not good else 0)
