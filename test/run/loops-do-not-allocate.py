"""A loop that carries arrays works in their buffers: it allocates the same for 10 turns and for 1000, and copies nothing large.

# RUN: %python %s %tlc
"""

import os
import re
import subprocess
import sys
import tempfile

LOOPS = {
    "an element updated": ("var a: f64[1000] = zeros([1000])", "a[i % 1000] += 1", "sum(a)"),
    "two arrays swapped": ("var (a, b): (f64[1000], f64[1000]) = (zeros([1000]), ones([1000]))", "(a, b) = (b, a)", "a[0] + 2 * b[1]"),
    "the next from the last": ("var a: f64[1000] = ones([1000])", "a = [for j: 0.5 * (a[j - 1] ?? 0) + 0.5 * a[j]]", "sum(a)"),
    "a slice from another": ("var a: f64[1000] = ones([1000])", "a[1:] = 0.5 * a[:-1]", "sum(a)"),
    "elements swapped": ("var a = arange(1000)", "(a[i % 1000], a[999 - i % 1000]) = (a[999 - i % 1000], a[i % 1000])", "a[0]"),
    "a matrix product": ("let m: f64[30, 30] = eye(30)\n  var a: f64[30, 30] = ones([30, 30])", "a = m @ a", "sum(a)"),
    "a gradient step": ("var p: f64[1000] = ones([1000])", "p -= 0.1 * grad(p -> sum((p - 3) ** 2))(p)", "sum(p)"),
    "a record": ("var p = Pair(a=ones([100]), b=zeros([100]))", "p.b += p.a\n    p.a = 0.5 * p.a", "sum(p.b)"),
    "a loop in a loop": ("var a: f64[50, 50] = ones([50, 50])", "for j in 50 { a[j] = 0.5 * a[j] + 1 }", "sum(a)"),
    "rows read and written": ("var a: f64[50, 50] = ones([50, 50])", "for j in 1..50 { a[j] += a[j - 1] / 2 }", "a[1, 1]"),
}


def measure(tlc, folder, turns):
    done = subprocess.run([tlc, "run", "--time", "p.tl", "--", "--turns", str(turns)], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        return f"tlc ended with {done.returncode}\n{done.stderr}"
    return dict(re.findall(r"^ *(allocations|allocated|peak) +([\d.]+)", done.stderr, re.M))


def main():
    wrong = []
    with tempfile.TemporaryDirectory(prefix="tl-loops-") as folder:
        for title, (before, body, after) in LOOPS.items():
            with open(os.path.join(folder, "p.tl"), "w", encoding="utf-8") as f:
                f.write(f"struct Pair {{ a: f64[100], b: f64[100] }}\ndef main(turns: int) {{\n  {before}\n  for i in turns {{\n    {body}\n  }}\n  print({after})\n}}\n")
            few, many = measure(sys.argv[1], folder, 10), measure(sys.argv[1], folder, 1000)
            if few != many or "allocations" not in few:
                wrong.append(f"{title} (`{body}`): 10 turns {few}, 1000 turns {many}")
    print("\n".join(wrong) or f"{len(LOOPS)} loops allocate nothing")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
