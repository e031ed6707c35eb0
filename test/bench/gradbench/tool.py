#!/usr/bin/python3
"""tool.py TLC [THREADS]: makes tlc a tool of GradBench. Reads its messages from standard input, a JSON object a line, and answers each on
standard output: `define` builds MODULE.tl beside this file, `evaluate` runs what was built on the input, as often as the message asks.

A program has no clock, so it is run once with as many evaluations as are wanted and once with none: the difference, without the time of
start, load and save, is shared equally by the evaluations. https://github.com/gradbench/gradbench, CONTRIBUTING.md, has the protocol."""

import array
import json
import math
import os
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
DTYPES = {"F64": "d", "I64": "q"}


# ---- files: tensors are nested lists of floats or of ints ----

def shape_of(x):
    return [len(x), *(shape_of(x[0]) if x else [])] if isinstance(x, list) else []


def flat(x):
    return [v for row in x for v in flat(row)] if isinstance(x, list) else [x]


def nested(values, shape):
    if not shape:
        return values[0]
    step = len(values) // shape[0] if shape[0] else 0
    return [nested(values[i * step:(i + 1) * step], shape[1:]) for i in range(shape[0])]


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, x in tensors.items():
        values = flat(x)
        dtype = "I64" if values and isinstance(values[0], int) else "F64"
        packed = array.array(DTYPES[dtype], values).tobytes()
        header[name] = {"dtype": dtype, "shape": shape_of(x), "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    head = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(head)) + head + data)


def read_safetensors(path):
    with open(path, "rb") as file:
        data = file.read()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    tensors = {}
    for name, entry in json.loads(data[8:start]).items():
        begin, end = entry["data_offsets"]
        values = array.array(DTYPES[entry["dtype"]], data[start + begin:start + end]).tolist()
        tensors[name] = nested(values, entry["shape"])
    return tensors


# ---- modules: what their inputs are in tl, and what their outputs are in JSON ----

def floats(x):
    return [floats(v) for v in x] if isinstance(x, list) else float(x)


def gmm_input(i):
    parameters = {f"p.{name}": floats(i[name]) for name in ("alpha", "mu", "q", "l")}
    return {**parameters, "x": floats(i["x"]), "gamma": float(i["gamma"]), "m": int(i["m"])}


def lstm_input(i):
    main, state = floats(i["main_params"]), floats(i["state"])
    layers, b = len(main) // 2, len(state[0])
    return {
        "p.main": nested(flat(main), [layers, 2, 4, b]),
        "p.extra": floats(i["extra_params"]),
        "state": nested(flat(state), [layers, 2, b]),
        "sequence": floats(i["sequence"]),
    }


def ba_input(i):
    n, m, p = i["n"], i["m"], i["p"]
    return {
        "at.cams": [floats(i["cam"])] * n,
        "at.x": [floats(i["x"])] * m,
        "at.w": [float(i["w"])] * p,
        "camera": [o % n for o in range(p)],
        "point": [o % m for o in range(p)],
        "feat": [floats(i["feat"])] * p,
    }


def ba_objective(y, _):
    errors = y["reproj_err"]
    return {
        "reproj_error": {"elements": errors[0], "repeated": len(errors)},
        "w_err": {"element": y["w_err"][0], "repeated": len(y["w_err"])},
    }


def ba_jacobian(y, i):
    """The sparse matrix in rows, of which GradBench wants the first 30 elements and the last."""
    n, m, p = i["n"], i["m"], i["p"]
    rows = [15 * r for r in range(2 * p + 1)]
    rows += [rows[-1] + r for r in range(1, p + 1)]
    cols = []
    for o in range(p):
        own = [11 * (o % n) + c for c in range(11)] + [11 * n + 3 * (o % m) + c for c in range(3)] + [11 * n + 3 * m + o]
        cols += own + own
    cols += [11 * n + 3 * m + o for o in range(p)]
    return {name: x[:30] + x[-1:] for name, x in (("rows", rows), ("cols", cols), ("vals", flat(y["reproj"]) + y["w"]))}


def whole(y, _):
    return y["value"]


INPUTS = {
    "hello": lambda i: {"x": float(i)},
    "lse": lambda i: {"x": floats(i["x"])},
    "llsq": lambda i: {"x": floats(i["x"]), "n": i["n"]},
    "kmeans": lambda i: {"points": floats(i["points"]), "centroids": floats(i["centroids"])},
    "det": lambda i: {"a": nested(floats(i["A"]), [i["ell"], i["ell"]])},
    "gmm": gmm_input,
    "lstm": lstm_input,
    "ba": ba_input,
}
OUTPUTS = {
    "hello": {"square": whole, "double": whole},
    "lse": {"primal": whole, "gradient": whole},
    "llsq": {"primal": whole, "gradient": whole},
    "kmeans": {"cost": whole, "dir": whole},
    "det": {"primal": whole, "gradient": lambda y, _: flat(y["value"])},
    "gmm": {"objective": whole, "jacobian": lambda y, _: y},
    "lstm": {"objective": whole, "jacobian": lambda y, _: flat(y["main"]) + flat(y["extra"])},
    "ba": {"objective": ba_objective, "jacobian": ba_jacobian},
}


# ---- the protocol ----

class Tool:
    def __init__(self, tlc, threads, work):
        self.tlc, self.threads, self.work = tlc, threads, work

    def program(self, module):
        return os.path.join(self.work, module)

    def define(self, module):
        if module not in INPUTS:
            return {"success": False, "error": f"no module {module}"}
        start = time.perf_counter_ns()
        source = os.path.join(HERE, module + ".tl")
        done = subprocess.run([self.tlc, "build", "--cpu=native", source, "-o", self.program(module)], capture_output=True, text=True)
        if done.returncode:
            return {"success": False, "error": done.stderr}
        return {"success": True, "timings": [{"name": "build", "nanoseconds": time.perf_counter_ns() - start}]}

    def evaluate(self, module, function, value):
        if function not in OUTPUTS.get(module, {}):
            return {"success": False, "error": f"no function {function} in module {module}"}
        if not os.path.exists(self.program(module)):
            return {"success": False, "error": f"module {module} is not defined"}
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            source = os.path.join(folder, "input.safetensors")
            write_safetensors(source, INPUTS[module](value))
            command = [self.program(module), f"--threads={self.threads}", "--input", source, "--out", folder, f"--{function}_runs"]

            def seconds(runs):
                start = time.perf_counter()
                done = subprocess.run([*command, str(runs)], capture_output=True, text=True)
                if done.returncode:
                    raise RuntimeError(done.stderr)
                return time.perf_counter() - start

            wanted, least = (value.get("min_runs", 1), value.get("min_seconds", 0)) if isinstance(value, dict) else (1, 0)
            try:
                idle, runs = seconds(0), max(1, wanted)
                spent = seconds(runs) - idle
                while spent < least:
                    runs = max(2 * runs, math.ceil(1.1 * runs * least / max(spent, 1e-4)))
                    spent = seconds(runs) - idle
            except RuntimeError as error:
                return {"success": False, "error": str(error)}
            output = OUTPUTS[module][function](self.result(folder, function), value)
        each = {"name": "evaluate", "nanoseconds": max(1, round(1e9 * spent / runs))}
        return {"success": True, "output": output, "timings": [each] * runs}

    @staticmethod
    def result(folder, function):
        return read_safetensors(os.path.join(folder, function + ".safetensors"))

    def answer(self, message):
        kind = message["kind"]
        if kind == "start":
            return {"tool": "tlc"}
        if kind == "define":
            return self.define(message["module"])
        if kind == "evaluate":
            return self.evaluate(message["module"], message["function"], message["input"])
        return {}


def main():
    with tempfile.TemporaryDirectory(prefix="tl-gradbench-") as work:
        tool = Tool(os.path.realpath(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "1", work)
        for line in sys.stdin:
            message = json.loads(line)
            print(json.dumps({"id": message["id"], **tool.answer(message)}), flush=True)


if __name__ == "__main__":
    main()
