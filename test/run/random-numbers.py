"""Random numbers are Threefry 2x32 with 20 rounds of the key and the element's number.

The known answers are those of Random123 1.14.0, examples/kat_vectors (D. E. Shaw Research): "threefry2x32 20 COUNTER KEY EXPECTED". The program below is
held against this file's own Threefry, which is held against the known answers.

# RUN: %python %s %tlc
"""

import os
import subprocess
import sys
import tempfile

import numpy as np

KNOWN = """00000000 00000000 00000000 00000000 6b200159 99ba4efe
ffffffff ffffffff ffffffff ffffffff 1cb996fc bb002be7
243f6a88 85a308d3 13198a2e 03707344 c4923a9c 483df7a0"""

PROGRAM = """
def shown(name: str, k: key) { save("{name}.npy", random_bits(k, [5])) }

def main(seed: int = 7) {
  shown("zero", key(0))
  shown("ones", fold_in(key(-1), -1))
  shown("pi", fold_in(key(0x13198a2e03707344), 0x243f6a8885a308d3))
  shown("folded", fold_in(key(0x13198a2e03707344), 0x243f6a8885a308d))
  let (a, b) = split(key(seed))
  shown("left", a)
  shown("right", b)
  let many = split(key(seed + 1), 3)
  for i in 3 { shown("many{i}", many[i]) }
  save("matrix.npy", random_bits(key(3), [4, 5]))
  save("scalar.npy", random_bits(key(3), []))
  let u: f64[1000] = uniform(key(4), [1000])
  let v: f32[1000] = uniform(key(4), [1000])
  let h: f16[1000] = uniform(key(4), [1000])
  save("f64.npy", u)
  save("f32.npy", v)
  save("f16.npy", h)
  let g: f64[1000] = normal(key(5), [1000])
  save("normal.npy", g)
  save("bernoulli.npy", bernoulli(key(6), 0.25, [1000]))
  save("permutation.npy", permutation(key(8), 100))
  save("vmapped.npy", [for i in 0..4: random_bits(fold_in(key(9), i), [3])])
  save("randint.npy", randint(key(10), [1000], -3, 4))
  let w: f64[1000] = uniform(key(4), [1000], -2, 6)
  save("scaled.npy", w)
  save("categorical.npy", categorical(key(11), [for i in 0..4000: log([0.1, 0.2, 0.7])]))
  save("certain.npy", categorical(key(12), [[-inf, 0.0], [0.0, -inf]]))
  let (p, q) = normal_like(key(13), (ones[f64]([1000]), ones[f32]([2, 3])))
  save("likep.npy", p)
  save("likeq.npy", q)
  let empty: f64[0, 2] = uniform(key(1), [0, 2])
  save("empty.npy", empty)
}
"""

WORD = 0xFFFFFFFF
ROUNDED = {"normal": 1e-13, "likep": 1e-13, "likeq": 1e-5}  # what goes through logarithm and cosine


def threefry(key, counter):
    """Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011."""
    keys = [key[0], key[1], 0x1BD11BDA ^ key[0] ^ key[1]]
    x, y = (counter[0] + keys[0]) & WORD, (counter[1] + keys[1]) & WORD
    for i in range(20):
        turn = (13, 15, 26, 6, 17, 29, 16, 24)[i % 8]
        x = (x + y) & WORD
        y = ((y << turn | y >> (32 - turn)) & WORD) ^ x
        if i % 4 == 3:
            s = i // 4 + 1
            x, y = (x + keys[s % 3]) & WORD, (y + keys[(s + 1) % 3] + s) & WORD
    return x, y


def halves(n):
    return n >> 32 & WORD, n & WORD


def bits(key, count):
    return np.array([a << 32 | b for a, b in (threefry(key, halves(i)) for i in range(count))], np.uint64)


def uniform(key, count, digits):
    return (bits(key, count) >> np.uint64(64 - digits)).astype(float) * 2.0**-digits


def normal(key, count, digits):
    """Box and Muller's transform."""
    a, b = (uniform(threefry(key, halves(i)), count, digits) for i in range(2))
    return np.sqrt(-2 * np.log1p(-a)) * np.cos(2 * np.pi * b)


def main():
    for line in KNOWN.splitlines():
        c0, c1, k0, k1, x, y = (int(w, 16) for w in line.split())
        assert threefry((k0, k1), (c0, c1)) == (x, y), line
    pi = (0x13198A2E, 0x03707344)
    seven, eight = [threefry(halves(7), halves(i)) for i in range(2)], [threefry(halves(8), halves(i)) for i in range(3)]
    want = {
        "zero": bits((0, 0), 5), "ones": bits((0x1CB996FC, 0xBB002BE7), 5), "pi": bits((0xC4923A9C, 0x483DF7A0), 5),
        "folded": bits(threefry(pi, halves(0x243F6A8885A308D)), 5), "left": bits(seven[0], 5), "right": bits(seven[1], 5),
        **{f"many{i}": bits(k, 5) for i, k in enumerate(eight)}, "matrix": bits((0, 3), 20).reshape(4, 5), "scalar": bits((0, 3), 1)[0],
        "f64": uniform((0, 4), 1000, 53), "f32": uniform((0, 4), 1000, 24).astype("f4"), "f16": uniform((0, 4), 1000, 11).astype("f2"),
        "bernoulli": uniform((0, 6), 1000, 24) < 0.25, "permutation": np.argsort(uniform((0, 8), 100, 53), kind="stable"),
        "vmapped": np.array([bits(threefry((0, 9), halves(i)), 3) for i in range(4)]), "empty": np.zeros((0, 2)),
    }
    want["normal"] = normal((0, 5), 1000, 53)
    want["randint"] = (bits((0, 10), 1000) % np.uint64(7)).astype("i8") - 3
    want["scaled"] = -2 + 8 * want["f64"]
    gumbel = -np.log(-np.log(uniform((0, 11), 12000, 24).reshape(4000, 3)))
    want["categorical"] = np.argmax(np.log([0.1, 0.2, 0.7]) + gumbel, axis=1)
    assert np.allclose(np.bincount(want["categorical"]) / 4000, [0.1, 0.2, 0.7], atol=0.02)
    want["certain"] = np.array([1, 0])
    want["likep"] = normal(threefry((0, 13), halves(0)), 1000, 53)
    want["likeq"] = normal(threefry((0, 13), halves(1)), 6, 24).reshape(2, 3).astype("f4")
    for name in ("normal", "likep"):
        assert abs(np.mean(want[name])) < 0.1 and abs(np.std(want[name]) - 1) < 0.1
    assert hex(want["zero"][0]) == "0x6b20015999ba4efe"
    with tempfile.TemporaryDirectory(prefix="tl-random-") as folder:
        with open(os.path.join(folder, "p.tl"), "w", encoding="utf-8") as f:
            f.write(PROGRAM)
        done = subprocess.run([sys.argv[1], "run", "p.tl"], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"tlc ended with {done.returncode}\n{done.stderr}")
        wrong = 0
        for name, w in want.items():
            got = np.load(os.path.join(folder, f"{name}.npy"))
            same = got.shape == w.shape and got.dtype == w.dtype and (np.allclose(got, w, rtol=ROUNDED[name], atol=ROUNDED[name]) if name in ROUNDED else np.array_equal(got, w))
            if not same:
                wrong += 1
                print(f"{name}: expected {w.dtype}{w.shape} {w.ravel()[:4]}, got {got.dtype}{got.shape} {got.ravel()[:4]}")
    print(f"{len(want)} streams, {wrong} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
