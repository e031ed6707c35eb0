"""The losses of examples/05-digits.tl agree with the same training in NumPy, in f64 and from the same first weights, at every epoch; the accuracy is at
least 0.94. The gradient here is written out by hand.

# RUN: %python %s %tlc %root
"""

import json
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np

EPOCHS, RATE = 200, 0.5


def safetensors(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    arrays = {}
    for name, entry in header.items():
        if name != "__metadata__":
            assert entry["dtype"] == "F32", entry
            begin, end = entry["data_offsets"]
            arrays[name] = np.frombuffer(data[8 + size + begin:8 + size + end], "<f4").reshape(entry["shape"])
    return arrays


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def train(p, x, y):
    w1, b1, w2, b2 = (p[name].astype(float) for name in ("l1.w", "l1.b", "l2.w", "l2.b"))
    rows, losses = np.arange(len(y)), []
    for _ in range(EPOCHS):
        h = x @ w1 + b1
        a = np.maximum(h, 0)
        q = softmax(a @ w2 + b2)
        losses.append(-np.mean(np.log(q[rows, y])))
        dz = q.copy()
        dz[rows, y] -= 1
        dz /= len(y)
        dh = dz @ w2.T * (h > 0)
        w1, b1, w2, b2 = w1 - RATE * x.T @ dh, b1 - RATE * dh.sum(0), w2 - RATE * a.T @ dz, b2 - RATE * dz.sum(0)
    return losses, lambda x: np.maximum(x @ w1 + b1, 0) @ w2 + b2


def main():
    tlc, root = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="tl-digits-") as folder:
        os.symlink(os.path.join(root, "examples"), os.path.join(folder, "examples"))
        done = subprocess.run([tlc, "run", os.path.join(root, "test/examples/Inputs/digits-trace.tl")], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"tlc ended with {done.returncode}\n{done.stderr}")
        first = safetensors(os.path.join(folder, "first.safetensors"))
    *losses, accuracy = map(float, done.stdout.split())
    data, test = (np.load(os.path.join(root, f"examples/data/digits-{part}.npy")).astype(float) for part in ("train", "test"))
    assert {n: a.shape for n, a in first.items()} == {"l1.w": (64, 32), "l1.b": (32,), "l2.w": (32, 10), "l2.b": (10,)}, first.keys()
    for name, n in (("l1.w", 64), ("l2.w", 32)):  # He's normal distribution
        spread = first[name].std() / np.sqrt(2 / n)
        assert abs(spread - 1) < 0.15 and abs(first[name].mean()) < 0.05, f"{name}: spread {spread}"
    want, network = train(first, data[:, :64] / 16, data[:, 64].astype(int))
    assert len(losses) == EPOCHS, f"{len(losses)} losses"
    wrong = [f"epoch {e}: loss {got}, in f64 {w}" for e, (got, w) in enumerate(zip(losses, want)) if not abs(got - w) <= 1e-3 * w]
    expected = np.mean(network(test[:, :64] / 16).argmax(1) == test[:, 64])
    if not accuracy >= 0.94 or abs(accuracy - expected) > 0.006:
        wrong.append(f"accuracy {accuracy}, in f64 {expected}")
    print("\n".join(wrong[:5]) or f"{EPOCHS} losses agree, from {want[0]:.4f} to {want[-1]:.4f}; accuracy {accuracy}, in f64 {expected:.6f}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
