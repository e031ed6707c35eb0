# RUN: %python %s %tlc
# Layers against the formulas of their papers in NumPy (gates in PyTorch's order); gradients against differences of those.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from library import Case, check

rng = np.random.default_rng(12)


def f4(*shape):
    return rng.normal(size=shape).astype("f4")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def normalised(x, axis, eps=1e-5):
    return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + eps)


def attention(x, y, q, k, v, o, causal=False):
    out = 0
    for i in range(len(q)):
        z = (x @ q[i]) @ (y @ k[i]).T / np.sqrt(q.shape[2])
        z = np.where(np.tril(np.ones(z.shape)) > 0, z, -np.inf) if causal else z
        out = out + softmax(z) @ (y @ v[i]) @ o[i]
    return out


def lstm(xs, w, u, b, c):
    m = len(u)
    h, cell, out = np.zeros(m), np.zeros(m), []
    for x in xs:
        i, f, g, o = np.split(x @ w + h @ u + b + c, 4)
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(cell)
        out.append(h)
    return np.array(out).reshape(-1, m)


def gru(xs, w, u, b, c):
    m = len(u)
    h, out = np.zeros(m), []
    for x in xs:
        (ar, az, an), (br, bz, bn) = np.split(x @ w + b, 3), np.split(h @ u + c, 3)
        z = sigmoid(az + bz)
        h = (1 - z) * np.tanh(an + sigmoid(ar + br) * bn) + z * h
        out.append(h)
    return np.array(out).reshape(-1, m)


def conv(x, w, b, stride, before, behind):
    kh, kw = w.shape[:2]
    x = np.pad(x, ((0, 0), (before, behind), (before, behind), (0, 0)))
    rows, columns = x.shape[1] - kh + 1, x.shape[2] - kw + 1
    return sum(x[:, i : rows + i : stride, j : columns + j : stride] @ w[i, j] for i in range(kh) for j in range(kw)) + b


def cross_entropy(z, y):
    return -np.mean(np.log(softmax(z))[np.arange(len(y)), y])


x, image = f4(5, 3), f4(2, 4, 3, 3)
heads = [f4(2, 3, 4), f4(2, 3, 4), f4(2, 3, 4), f4(2, 4, 3)]
ATTENTION = "nn.Attention(q=y, k=z, v=u, o=v)"
RECURRENT = "nn.Recurrent(w=y, u=z, b=u, c=v)"
LAYER, BATCH = "nn.LayerNorm(scale=y, shift=z)", "nn.BatchNorm(scale=y, shift=z)"
norm = [f4(3), f4(3)]


def close(expr, ref, args, within=2e-5):
    return Case(expr, lambda *a: ref(*[v.astype("f8") if v.dtype == np.float32 else v for v in a]), args, within)


rnn = {g: [f4(3, 2 * g), f4(2, 2 * g), f4(2 * g), f4(2 * g)] for g in (3, 4)}
check(sys.argv[1], [
    close("nn.dense(x, nn.Dense(w=y, b=z))", lambda x, w, b: x @ w + b, [x, f4(3, 4), f4(4)]),
    close("nn.dense(x, nn.Dense(w=y, b=z))", lambda x, w, b: x @ w + b, [image[0], f4(3, 4), f4(4)]),
    close("nn.conv2d(x, nn.Conv2d(w=y, b=z))", lambda x, w, b: conv(x, w, b, 1, 0, 0), [image, f4(3, 2, 3, 2), f4(2)]),
    close("nn.conv2d(x, nn.Conv2d(w=y, b=z), stride=2, pad=1)", lambda x, w, b: conv(x, w, b, 2, 1, 1), [image, f4(3, 2, 3, 2), f4(2)]),
    close("nn.conv2d_same(x, nn.Conv2d(w=y, b=z))", lambda x, w, b: conv(x, w, b, 1, 1, 1), [image, f4(3, 3, 3, 2), f4(2)]),
    close("nn.conv2d_same(x, nn.Conv2d(w=y, b=z))", lambda x, w, b: conv(x, w, b, 1, 0, 1), [image, f4(2, 2, 3, 2), f4(2)]),
    close("nn.conv2d_same(x, nn.Conv2d(w=y, b=z), stride=2)", lambda x, w, b: conv(x, w, b, 2, 1, 1), [f4(1, 5, 5, 1), f4(3, 3, 1, 2), f4(2)]),
    close("let p = nn.conv2d_init(key(5), 5, 20, 30); mean(p.w ** 2) * x", lambda s: s * 2 / 500, [np.float32(1)], within=0.05),
    close("nn.embedding(x, nn.Embedding(w=y))", lambda i, w: w[i], [np.array([[4, 0], [1, 1]]), f4(5, 3)]),
    close(f"nn.layer_norm(x, {LAYER})", lambda x, s, b: normalised(x, -1) * s + b, [x, *norm]),
    close(f"nn.layer_norm(x, {LAYER})", lambda x, s, b: normalised(x, -1) * s + b, [image, *norm]),
    close(f"nn.batch_norm(x, {BATCH})", lambda x, s, b: normalised(x, 0) * s + b, [x, *norm]),
    close(f"nn.batch_norm(x, {BATCH})", lambda x, s, b: normalised(x, (0, 1, 2)) * s + b, [image, *norm]),
    close("let r = nn.running_update(nn.running_init(3), x); (r.mean, r.variance)", lambda x, *_: (0.1 * x.mean(0), 0.9 + 0.1 * x.var(0, ddof=1)), [x, *norm]),
    close("let r = nn.running_update(nn.running_init(3), x); (r.mean, r.variance)",
          lambda x, *_: (0.1 * x.mean((0, 1, 2)), 0.9 + 0.1 * x.var((0, 1, 2), ddof=1)), [image, *norm]),
    close(f"nn.batch_norm_fixed(x, {BATCH}, nn.Running(mean=y, variance=z ** 2))",
          lambda x, s, b: (x - s) / np.sqrt(b**2 + 1e-5) * s + b, [x, *norm]),
    close(f"nn.attention(x, w, {ATTENTION})", lambda x, q, k, v, o, y: attention(x, y, q, k, v, o), [x, *heads, f4(7, 3)]),
    close(f"nn.self_attention(x, {ATTENTION})", lambda x, *p: attention(x, x, *p), [x, *heads]),
    close(f"nn.self_attention(x, {ATTENTION}, causal=true)", lambda x, *p: attention(x, x, *p, causal=True), [x, *heads]),
    close(f"nn.lstm(x, {RECURRENT})", lstm, [x, *rnn[4]]),
    close(f"nn.gru(x, {RECURRENT})", gru, [x, *rnn[3]]),
    close(f"nn.lstm(x, {RECURRENT})", lstm, [x[:0], *rnn[4]]),
    close("nn.cross_entropy(x, y)", cross_entropy, [x, np.array([0, 2, 1, 1, 0])]),
    close("nn.binary_cross_entropy(x, y)", lambda z, y: -np.mean(y * np.log(sigmoid(z)) + (1 - y) * np.log(sigmoid(-z))), [x, rng.random((5, 3)).astype("f4")]),
    Case("nn.cross_entropy(x, y)", cross_entropy, [rng.normal(size=(5, 3)), np.array([0, 2, 1, 1, 0])]),
    Case("nn.dot_product_attention(x, y, z)", lambda q, k, v: softmax(q @ k.T / 2) @ v, [rng.normal(size=s) for s in ((3, 4), (5, 4), (5, 2))], order=1),
    close("let a = nn.dropout(x, key(1), rate=0.25); (mean(a), mean(f32(a == 0)))", lambda x: (np.float64(1), np.float64(0.25)), [np.ones(40000, "f4")], within=0.03),
    # Weights as their inits promise: variance and range.
    close("let p = nn.dense_init(key(2), 200, 300); (mean(p.w ** 2) * x, p.b)", lambda s: (s * 2 / 200, np.zeros(300)), [np.float32(1)], within=0.03),
    close("let p = nn.lstm_init(key(3), 50, 16); (max(abs(p.u)) * x, mean(p.w ** 2))", lambda s: (s / 4, np.float64(1 / 48)), [np.float32(1)], within=0.05),
    close("let p = nn.gru_init(key(6), 50, 16); (max(abs(p.u)) * x, mean(p.w ** 2))", lambda s: (s / 4, np.float64(1 / 48)), [np.float32(1)], within=0.05),
    close("let p = nn.embedding_init(key(7), 300, 50); mean(p.w ** 2) * x", lambda s: s, [np.float32(1)], within=0.05),
    close("nn.layer_norm(x, nn.layer_norm_init(3))", lambda x: normalised(x, -1), [x]), close("nn.batch_norm(x, nn.batch_norm_init(3))", lambda x: normalised(x, 0), [x]),
    close("nn.dot_product_attention(x, y, z)", lambda q, k, v: softmax(q @ k.T / np.sqrt(3)) @ v, [x, f4(7, 3), f4(7, 2)]),
    close("nn.dot_product_attention(x, y, z, [for i in 0..5, j in 0..7: j <= i])", lambda q, k, v: softmax(np.where(np.tri(5, 7), q @ k.T / np.sqrt(3), -np.inf)) @ v,
          [x, f4(7, 3), f4(7, 2)]),
    close("let p = nn.attention_init(key(4), 4, 64, 16); mean(p.o ** 2) * x", lambda s: s * 2 / 128, [np.float32(1)], within=0.05),
], ["nn"])
