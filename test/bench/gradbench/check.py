"""check.py TLC MODULE [FILE...]: plays GradBench's eval of that module against tool.py, and compares what it answers with oracle.py. Inputs
are small ones from a seed, or ADBench's files. All numbers must agree to 1e-8 in ADBench's measure |x - y| / max(1, |x| + |y|)."""

import json
import os
import subprocess
import sys

import numpy as np

import inputs
import oracle

HERE = os.path.dirname(os.path.realpath(__file__))
TOLERANCE = 1e-8
MOST = 300 # elements of a gradient that are compared: more of them are sampled


class Wrong(Exception):
    pass


# ---- what is expected: a list of (what it is, the oracle's numbers, the tool's) for an output of the tool ----

def picked(x, got):
    """Numbers of elements to compare, and what the tool gave there."""
    got = np.asarray(got, dtype=float).ravel()
    if got.size != x.size:
        raise Wrong(f"{got.size} elements, not {x.size}")
    numbers = np.arange(x.size) if x.size <= MOST else np.sort(np.random.default_rng(1).choice(x.size, MOST, replace=False))
    return numbers, got[numbers]


def value_and_gradient(f, x, function, y):
    if function in ("primal", "objective", "cost"):
        return [(function, f(x), y)]
    numbers, got = picked(x, y)
    return [(function, oracle.gradient(f, x, numbers), got)]


def expect_hello(i, function, y):
    return [(function, i * i if function == "square" else 2 * i, y)]


def expect_lse(i, function, y):
    return value_and_gradient(oracle.lse, np.array(i["x"]), function, y)


def expect_llsq(i, function, y):
    return value_and_gradient(lambda x: oracle.llsq(x, i["n"]), np.array(i["x"]), function, y)


def expect_kmeans(i, function, y):
    points, centroids = np.array(i["points"]), np.array(i["centroids"])
    if function == "cost":
        return [(function, oracle.kmeans(centroids, points), y)]
    # The Newton step is to the mean of the cluster.
    nearest = ((points[:, None] - centroids) ** 2).sum(axis=2).argmin(axis=1)
    return [(function, [c - points[nearest == j].mean(axis=0) for j, c in enumerate(centroids)], y)]


def expect_det(i, function, y):
    n = i["ell"]
    return value_and_gradient(lambda a: oracle.det(a.reshape(n, n)), np.array(i["A"]), function, y)


def expect_gmm(i, function, y):
    names = ("alpha", "mu", "q", "l")
    shapes = [np.shape(i[name]) for name in names]
    cuts = np.cumsum([np.prod(shape, dtype=int) for shape in shapes])[:-1]
    points = np.array(i["x"])

    def f(v):
        return oracle.gmm(*(part.reshape(shape) for part, shape in zip(np.split(v, cuts), shapes)), points, i["gamma"], i["m"])

    if function == "jacobian":
        if [np.shape(y[name]) for name in names] != shapes:
            raise Wrong("other shapes than the parameters have")
        y = np.concatenate([np.ravel(y[name]) for name in names])
    return value_and_gradient(f, np.concatenate([np.ravel(i[name]) for name in names]), function, y)


def expect_lstm(i, function, y):
    main, extra, state, sequence = (np.array(i[name]) for name in ("main_params", "extra_params", "state", "sequence"))

    def f(v):
        return oracle.lstm(v[..., :main.size].reshape(*v.shape[:-1], *main.shape), v[..., main.size:].reshape(*v.shape[:-1], *extra.shape), state, sequence)

    x = np.concatenate([main.ravel(), extra.ravel()])
    if function == "objective":
        return [(function, f(x), y)]
    numbers, got = picked(x, y)
    moved = np.tile(x.astype(complex), (numbers.size, 1))
    moved[np.arange(numbers.size), numbers] += oracle.STEP * 1j
    state = np.broadcast_to(state, (numbers.size, *state.shape))
    return [(function, np.imag(f(moved)) / oracle.STEP, got)]


def expect_ba(i, function, y):
    n, m, p = i["n"], i["m"], i["p"]
    view, feat = np.array([*i["cam"], *i["x"], i["w"]]), np.array(i["feat"])
    if function == "objective":
        repeated = [("repetitions", p, y["reproj_error"]["repeated"]), ("repetitions", p, y["w_err"]["repeated"])]
        return repeated + [("reproj_error", oracle.ba(view, feat), y["reproj_error"]["elements"]), ("w_err", 1 - i["w"] ** 2, y["w_err"]["element"])]
    block = np.array([oracle.derivative(lambda v: oracle.ba(v, feat), view, c) for c in range(15)]).T
    columns = [*range(11), *range(11 * n, 11 * n + 3), 11 * n + 3 * m]
    return [
        ("vals", [*block.ravel(), -2 * i["w"]], y["vals"]),
        ("cols", columns + columns + [11 * n + 3 * m + p - 1], y["cols"]),
        ("rows", [*(15 * np.arange(2 * p + 1)), *(30 * p + 1 + np.arange(p))][:30] + [31 * p], y["rows"]),
    ]


# ---- the eval ----

class Eval:
    def __init__(self, tlc):
        self.tool = subprocess.Popen([sys.executable, os.path.join(HERE, "tool.py"), tlc], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.count = 0

    def send(self, **message):
        self.tool.stdin.write(json.dumps({"id": self.count, **message}) + "\n")
        self.tool.stdin.flush()
        response = json.loads(self.tool.stdout.readline())
        if response["id"] != self.count:
            raise Wrong(f"response {response['id']} to message {self.count}")
        self.count += 1
        if not response.get("success", True):
            raise Wrong(response["error"])
        return response

    def evaluate(self, module, function, value, runs):
        asked = {**value, "min_runs": runs, "min_seconds": 0} if isinstance(value, dict) else value
        number = self.count
        response = self.send(kind="evaluate", module=module, function=function, input=asked)
        if len(response["timings"]) < runs or any(t["name"] != "evaluate" or t["nanoseconds"] <= 0 for t in response["timings"]):
            raise Wrong(f"{function}: no timing for each of {runs} runs: {response['timings']}")
        worst = 0.0
        for what, want, got in globals()["expect_" + module](value, function, response["output"]):
            want, got = np.asarray(want, dtype=float), np.asarray(got, dtype=float)
            if want.shape != got.shape:
                raise Wrong(f"{what}: shape {got.shape}, not {want.shape}")
            apart = np.abs(want - got) / np.maximum(1, np.abs(want) + np.abs(got))
            worst = max(worst, apart.max(initial=0.0)) if np.all(np.isfinite(apart)) else np.inf
        self.send(kind="analysis", of=number, valid=bool(worst <= TOLERANCE))
        print(f"{module} {function}: {worst:.1e}")
        if not worst <= TOLERANCE:
            raise Wrong(f"{function} differs by {worst:.1e}")

    def close(self):
        self.tool.stdin.close()
        self.tool.stdout.close()
        if self.tool.wait():
            raise Wrong(f"the tool ended with {self.tool.returncode}")


FUNCTIONS = {"hello": ("square", "double"), "kmeans": ("cost", "dir"), **dict.fromkeys(("lse", "llsq", "det"), ("primal", "gradient")),
             **dict.fromkeys(("gmm", "lstm", "ba"), ("objective", "jacobian"))}


def main():
    tlc, module, files = sys.argv[1], sys.argv[2], sys.argv[3:]
    values = [inputs.READERS[module](file) for file in files] if files else getattr(inputs, module)(np.random.default_rng(0))
    session = Eval(tlc)
    try:
        session.send(kind="start", eval=module)
        session.send(kind="define", module=module)
        for number, value in enumerate(values):
            if files:
                print(files[number])
            for function in FUNCTIONS[module]:
                session.evaluate(module, function, value, runs=1 if isinstance(value, float) else 2)
        session.close()
    except Wrong as error:
        sys.exit(f"{module}: {error}")


main()
