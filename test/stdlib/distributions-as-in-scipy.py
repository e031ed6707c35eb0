# RUN: %python %s %tlc
# Densities and distribution functions against scipy.stats: centre, tails, edges of what can happen and beyond.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from library import Case, check
from scipy import stats as s

np.seterr(all="ignore")
real = np.array([-np.inf, -1e3, -40, -8, -2.5, -1, -0.3, 0.0, 1e-9, 0.2, 1, 1.7, 3, 9, 38, 700, np.inf])
whole, probability = np.arange(-0.0, 12), np.array([0.0, 1e-6, 0.1, 0.5, 0.97, 1])


def grid(x, *parameters):
    """All combinations, as vectors of one length."""
    return [a.ravel() for a in np.meshgrid(x, *parameters, indexing="ij")]


m, d, shapes = np.array([-1.5, 0, 2.25]), np.array([0.3, 1, 4.0]), np.array([0.4, 1, 2, 7.5])
finite = real[np.isfinite(real)]
FAMILIES = [
    ("normal", s.norm, lambda m, d: dict(loc=m, scale=d), grid(finite, m, d)),
    ("lognormal", s.lognorm, lambda m, d: dict(s=d, scale=np.exp(m)), grid(finite[finite > 0], m, d)),
    ("uniform", s.uniform, lambda a, b: dict(loc=a, scale=b - a), grid(real, np.array([-1.0, 0]), np.array([1.0, 3]))),
    ("exponential", s.expon, lambda r: dict(scale=1 / r), grid(finite, d)),
    ("laplace", s.laplace, lambda m, d: dict(loc=m, scale=d), grid(finite[np.abs(finite) < 100], m, d)),
    ("logistic", s.logistic, lambda m, d: dict(loc=m, scale=d), grid(finite, m, d)),
    ("cauchy", s.cauchy, lambda m, d: dict(loc=m, scale=d), grid(finite, m, d)),
    ("gamma", s.gamma, lambda a, r: dict(a=a, scale=1 / r), grid(finite[finite != 0], shapes, d)),
    ("beta", s.beta, lambda a, b: dict(a=a, b=b), grid(np.array([-1, 1e-6, 0.2, 0.5, 0.9, 0.999, 2]), shapes, shapes)),
    ("student_t", s.t, lambda k, m, d: dict(df=k, loc=m, scale=d), grid(finite, shapes, m[:1], d[:2])),
]
MASSES = [
    ("poisson", s.poisson, lambda m: dict(mu=m), grid(whole, np.array([0.0, 0.2, 3, 40]))),
    ("bernoulli", s.bernoulli, lambda p: dict(p=p), grid(np.array([0.0, 1]), probability)),
    ("binomial", s.binom, lambda n, p: dict(n=n, p=p), grid(whole, np.array([12.0, 30]), probability)),
]
WITH_CDF = ("normal", "lognormal", "uniform", "exponential", "laplace", "logistic", "cauchy")
cases = []
for families, what, of in ((FAMILIES, "logpdf", "logpdf"), (MASSES, "logpmf", "logpmf"), ([f for f in FAMILIES if f[0] in WITH_CDF], "cdf", "cdf")):
    for name, family, parameters, args in families:
        def ref(x, *rest, family=family, parameters=parameters, of=of):
            return getattr(family, of)(x, **parameters(*rest))
        expr = f"stats.{name}_{what}({', '.join('xyzuvw'[:len(args)])})"
        assert not np.any(np.isnan(ref(*args))), name
        for k in range(0, len(args[0]), 40):  # small pieces: the bound is in terms of the largest of them
            order = np.argsort(np.abs(ref(*args)), kind="stable")[k:k + 40]
            cases.append(Case(expr, ref, [a[order] for a in args], within=4e-13))
check(sys.argv[1], cases, ["stats"])
