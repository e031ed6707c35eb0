"""Floats come out with the same bits at every -O, for every CPU, in memory and as an executable.

# RUN: %python %s %tlc
"""

import os
import subprocess
import sys
import tempfile

PROGRAM = """
struct Net { w: f32[64, 32], b: f32[32], v: f32[32] }
def loss(p: Net, x: f32[n, 64]) -> f32 = mean((tanh(x @ p.w + p.b) @ p.v) ** 2)
def poly(x: f64[n]) -> f64[n] = [for i: x[i] * x[i] * 0.3 + x[i] * 1.7 + 0.1]

def main(n: int = 1003) {
  let (k1, k2) = split(key(1))
  let x: f32[n, 64] = normal(k1, [n, 64])
  let y: f64[n] = normal(k2, [n])
  save("sums.npy", sum(x, axis=0))
  save("rows.npy", sum(x, axis=1))
  save("all.npy", sum(x))
  save("mean.npy", mean(y))
  save("variance.npy", variance(x))
  save("prod.npy", prod(1 + y / 100))
  save("dot.npy", y @ y)
  save("norm.npy", norm(x))
  save("gram.npy", x.T @ x)
  save("product.npy", x[:37] @ x[:41].T)
  save("softmax.npy", softmax(x))
  save("lse.npy", logsumexp(x, axis=1))
  save("cumsum.npy", cumsum(y))
  save("poly.npy", poly(y))
  save("stencil.npy", [for i in 1..n - 1: 0.25 * y[i - 1] + 0.5 * y[i] + 0.25 * y[i + 1]])
  save("distances.npy", [for i in 0..50, j in 0..50: exp(-sum(for k: (x[i, k] - x[j, k]) ** 2))])
  save("functions.npy", concat(concat(exp(y), sin(y)), concat(erf(y), atan2(y, y + 1))))
  save("polynomials.npy", [expm1(y), log(abs(y)), log1p(abs(y)), tanh(y), sigmoid(y)])
  save("powers.npy", concat(abs(y) ** 1.5, y ** 5))
  var p = Net(w=x[:64, :32], b=zeros([32]), v=x[0, :32])
  for i in 3 {
    let (l, g) = value_and_grad(loss)(p, x)
    p -= 0.1 * g
  }
  save("trained.safetensors", p)
  var z = 0.0
  for v in y { z = z * 0.9 + v * v }
  save("fold.npy", z)
}
"""


def main():
    tlc = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="tl-bits-") as folder:
        with open(os.path.join(folder, "p.tl"), "w", encoding="utf-8") as f:
            f.write(PROGRAM)
        run = [tlc, "run", "../p.tl"]
        ways = {"-O2": run, "-O0": run + ["-O0"], "-O3": run + ["-O3"], "-O2 --cpu=x86-64-v3": run + ["--cpu=x86-64-v3"], "-O2 --cpu=x86-64": run + ["--cpu=x86-64"],
                "build": [tlc, "build", "../p.tl", "-o", "p"], "build --cpu=x86-64": [tlc, "build", "--cpu=x86-64", "../p.tl", "-o", "p"]}
        if "--threads" in subprocess.run([tlc, "run", "--help"], capture_output=True, text=True).stdout:
            ways |= {f"--threads={n}": run + [f"--threads={n}"] for n in (1, 2, 3)}
        outputs = {}
        for i, (title, command) in enumerate(ways.items()):
            place = os.path.join(folder, str(i))
            os.mkdir(place)
            for part in [command] + ([["./p"]] if "build" in title else []):
                done = subprocess.run(part, cwd=place, capture_output=True, text=True)
                if done.returncode:
                    sys.exit(f"{title} ended with {done.returncode}\n{done.stderr}")
            outputs[title] = {name: open(os.path.join(place, name), "rb").read() for name in sorted(os.listdir(place)) if name != "p"}
    first, *others = outputs.items()
    wrong = [f"{title}: {', '.join(name for name in files if files[name] != first[1].get(name))}" for title, files in others if files != first[1]]
    print("\n".join(["other bits than " + first[0]] + wrong) if wrong else f"{len(first[1])} files, {len(outputs)} ways, the same bytes")
    return 1 if wrong or len(first[1]) != 21 else 0


if __name__ == "__main__":
    sys.exit(main())
