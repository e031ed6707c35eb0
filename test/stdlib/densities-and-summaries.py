# RUN: %python %s %tlc
# Summaries against NumPy; densities against their textbook products, distribution functions against sums over a fine grid of the density.
import math
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from library import Case, check

rng = np.random.default_rng(7)
x, y = rng.normal(size=(9, 3)), rng.normal(size=9)
gamma = np.vectorize(math.gamma)
factorial = np.vectorize(lambda n: float(math.factorial(int(n))))
at, away, positive, unit = rng.normal(size=6), np.array([-3.0, -0.4, 0.1, 0.9, 2.5, 8]), rng.uniform(0.1, 4, 6), rng.uniform(0.05, 0.95, 6)
scale, counts = rng.uniform(0.4, 2, 6), np.arange(6.0)


def normal(x, m, d):
    return np.exp(-(((x - m) / d) ** 2) / 2) / (d * np.sqrt(2 * np.pi))


def area(pdf, lo):
    """The distribution function, by Simpson's rule from lo on."""
    def cdf(x, *params):
        out = []
        for v, *p in zip(*np.broadcast_arrays(x, *params)):
            t = np.linspace(lo, v, 200001)
            w = np.full(t.shape, 2.0)
            w[1::2], w[0], w[-1] = 4, 1, 1
            out.append(0.0 if v <= lo else np.sum(w * pdf(t, *p)) * (v - lo) / 200000 / 3)
        return np.array(out)
    return cdf


def laplace(x, m, d):
    return np.exp(-abs(x - m) / d) / (2 * d)


def logistic(x, m, d):
    e = np.exp(-(x - m) / d)
    return e / (d * (1 + e) ** 2)


def log(pdf):
    return lambda *a: np.log(pdf(*a))


def multivariate(x, m, c):
    z = x - m
    return -0.5 * np.sum(z @ np.linalg.inv(c) * z, axis=1) - 0.5 * np.log(np.linalg.det(2 * np.pi * c))


cov = np.cov(x.T)
check(sys.argv[1], [
    Case("stats.cov(x)", lambda x: np.cov(x.T), [x], order=2),
    Case("stats.corrcoef(x)", lambda x: np.corrcoef(x.T), [x], order=2),
    Case("stats.correlation(x, y)", lambda x, y: np.corrcoef(x, y)[0, 1], [y, x[:, 0]], order=2),
    Case("[for q in y: stats.quantile(x, q)]", np.quantile, [y, np.array([0, 0.1, 0.5, 0.77, 1])]),
    Case("stats.median(x)", np.median, [y[:4]], order=2),
    Case("(stats.quantile(x, 0.3), stats.median(y))", lambda x, y: (np.quantile(x, 0.3), np.median(y)), [y[:1], np.append(y, np.nan)]),
    Case("stats.histogram(x, 4, -1.0, 1.0)", lambda x: np.histogram(x, 4, (-1, 1))[0], [np.append(y, [-1, 1, 0, 0.5])]),
    Case("stats.normal_logpdf(x, y, z)", log(normal), [at, away, scale], order=2),
    Case("stats.normal_logpdf(x, 0, 1)", lambda x: np.log(normal(x, 0, 1)), [at]),
    Case("stats.normal_cdf(x, y, z)", np.vectorize(lambda x, m, d: 0.5 * (1 + math.erf((x - m) / d / math.sqrt(2)))), [at, at + scale, scale], order=2),
    Case("stats.lognormal_logpdf(x, y, z)", lambda x, m, d: np.log(normal(np.log(x), m, d) / x), [positive, at, scale], order=2),
    Case("stats.lognormal_cdf(x, y, z)", np.vectorize(lambda x, m, d: 0.5 * math.erfc((m - math.log(x)) / d / math.sqrt(2))), [positive, at, scale], order=2),
    Case("stats.uniform_logpdf(x, y, z)", lambda x, a, b: np.where((x >= a) & (x <= b), -np.log(b - a), -np.inf), [away, at - 3, at + 3]),
    Case("stats.uniform_cdf(x, 1, 3)", lambda x: np.clip((x - 1) / 2, 0, 1), [away]),
    Case("stats.exponential_logpdf(x, y)", lambda x, r: np.log(r * np.exp(-r * x)), [positive, scale], order=2),
    Case("stats.exponential_cdf(x, y)", lambda x, r: 1 - np.exp(-r * np.maximum(x, 0)), [away, scale], order=2),
    Case("stats.laplace_logpdf(x, y, z)", log(laplace), [away, at, scale], order=2),
    Case("stats.laplace_cdf(x, y, z)", area(laplace, -60), [away, np.round(at, 1), scale], within=1e-6),
    Case("stats.logistic_logpdf(x, y, z)", log(logistic), [away, at, scale], order=2),
    Case("stats.logistic_cdf(x, y, z)", area(logistic, -60), [away, at, scale], within=1e-9),
    Case("stats.cauchy_logpdf(x, y, z)", lambda x, m, d: np.log(1 / (np.pi * d * (1 + ((x - m) / d) ** 2))), [away, at, scale], order=2),
    Case("stats.cauchy_cdf(x, y, z)", lambda x, m, d: np.arctan2(x - m, d) / np.pi + 0.5, [away, at, scale], order=2),
    Case("stats.gamma_logpdf(x, y, z)", lambda x, a, r: np.log(r**a * x ** (a - 1) * np.exp(-r * x) / gamma(a)), [positive, scale * 2, scale], within=1e-11),
    Case("stats.beta_logpdf(x, y, z)", lambda x, a, b: np.log(x ** (a - 1) * (1 - x) ** (b - 1) * gamma(a + b) / gamma(a) / gamma(b)), [unit, positive, scale], within=1e-11),
    Case("stats.student_t_logpdf(x, y, 0, 1)", lambda x, k: np.log(gamma((k + 1) / 2) / np.sqrt(k * np.pi) / gamma(k / 2) * (1 + x**2 / k) ** (-(k + 1) / 2)), [away, positive], within=1e-11),
    Case("stats.poisson_logpmf(x, y)", lambda x, m: np.log(m**x * np.exp(-m) / factorial(x)), [counts, positive], within=1e-11),
    Case("stats.bernoulli_logpmf(x, y)", lambda x, p: np.log(np.where(x == 1, p, 1 - p)), [np.array([0.0, 1, 1, 0, 0, 1]), unit]),
    Case("stats.binomial_logpmf(x, 7, y)", lambda x, p: np.log(factorial(7) / factorial(x) / factorial(7 - x) * p**x * (1 - p) ** (7 - x)), [counts, unit], within=1e-11),
    Case("stats.multivariate_normal_logpdf(x, y, z)", multivariate, [x, y[:3], cov], within=1e-11),
], ["stats"])
