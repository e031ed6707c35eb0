# RUN: %python %s %tlc
# Steps of each optimiser on a quadratic against the papers' formulas in NumPy; schedules; known minima.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from library import Case, check

rng = np.random.default_rng(9)
start, scale, target = rng.normal(size=(2, 3)), rng.uniform(0.5, 3, (2, 3)), rng.normal(size=(2, 3))


def gradient(p):
    return scale * (p - target)


def momentum(p, y, z, nesterov):
    v = np.zeros_like(p)
    for _ in range(6):
        g = gradient(p)
        v = 0.8 * v + g
        p = p - 0.1 * (g + 0.8 * v if nesterov else v)
    return p


def adam(p, y, z, decay):
    m, v = np.zeros_like(p), np.zeros_like(p)
    for t in range(1, 7):
        g = gradient(p)
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2
        p = p - 0.1 * (m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.99**t)) + 1e-8) + decay * p)
    return p


def cosine(t):
    return 0.01 + 0.5 * (0.3 - 0.01) * (1 + np.cos(np.pi * np.minimum(t, 40) / 40))


def steps(call, init=""):
    state = "(p, s)" if init else "p"
    return f"var p = x; {f'var s = optim.{init}(p); ' if init else ''}for i in 0..6 {{ let g = y * (p - z); {state} = optim.{call} }}; p"


args = [start, scale, target]
ticks = np.arange(50)
check(sys.argv[1], [
    Case(steps("sgd(p, g, 0.1)"), lambda p, y, z: target + (1 - 0.1 * y) ** 6 * (p - target), args),
    Case(steps("momentum(s, p, g, 0.1, beta=0.8)", "momentum_init"), lambda *a: momentum(*a, False), args),
    Case(steps("momentum(s, p, g, 0.1, beta=0.8, nesterov=true)", "momentum_init"), lambda *a: momentum(*a, True), args),
    Case(steps("adam(s, p, g, lr=0.1, b2=0.99)", "adam_init"), lambda *a: adam(*a, 0), args),
    Case(steps("adamw(s, p, g, lr=0.1, b2=0.99, decay=0.03)", "adam_init"), lambda *a: adam(*a, 0.03), args),
    Case("optim.clip_norm(x, 0.5)", lambda x: x * min(1, 0.5 / np.linalg.norm(x)), [start]),
    Case("optim.clip_norm(x, 0.5)", lambda x: x, [start / 100]),
    Case("[for t in x: optim.cosine(t, 40, y, last=0.01)]", lambda t, lr: cosine(t), [ticks, np.array(0.3)]),
    Case("[for t in x: optim.warmup(t, 5, y)]", lambda t, lr: np.minimum((t + 1) / 5, 1) * lr, [ticks, np.array(0.3)]),
    Case("[for t in x: optim.step_decay(t, 7, y)]", lambda t, lr: lr * 0.1 ** (t // 7), [ticks, np.array(0.3)]),
    Case("[for t in x: optim.exponential_decay(t, 7, y, 0.5)]", lambda t, lr: lr * 0.5 ** (t / 7), [ticks, np.array(0.3)]),
    # Rosenbrock's function has its minimum at (1, 1); a quadratic where its gradient is 0.
    Case("optim.lbfgs(x -> (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2, x)", lambda x: np.ones(2), [np.array([-1.2, 1])], within=1e-6),
    Case("optim.lbfgs(p -> 0.5 * sum(y * (p - z) ** 2), x, memory=2)", lambda x, y, z: z, args, within=1e-5),
], ["optim"])
