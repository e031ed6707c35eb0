# REQUIRES: plain
# RUN: %python %s %tlc %t
"""Texts that nobody wrote to be read: each is accepted or gets its message, within 2 s of processor time and 1 GB, with at most 20 errors
in at most 20 KB. guards.py has those that no parser should see."""

import os
import random
import resource
import subprocess
import sys

tlc, folder = sys.argv[1], sys.argv[2] + ".d"
os.makedirs(folder, exist_ok=True)

RIGHT = None
texts = {
    # What the bytes are.
    "a byte order mark": (RIGHT, "\ufefflet a = 1\n"),
    "lines that end with CR": (RIGHT, "let a = 1\rlet b = 2\r"),
    "CR and LF in any order": ("E0018", "let a = 1\r\nlet b = 2\n\rint c = 3\r\r\n"),
    "nothing": (RIGHT, ""),
    "a million empty lines": (RIGHT, "\n" * 1_000_000),
    "two million bytes of comment": (RIGHT, "# " + "x" * 2_000_000),
    "NUL bytes": ("E0004", "let a = 1\0\nlet b = \0\n"),
    "controls": ("E0004", "let a = \x01\x1b[31m1\n"),
    "an overlong form of /": ("E0001", b"let a = 1 \xc0\xaf 2\n"),
    "a surrogate": ("E0001", b"let a = \"\xed\xa0\x80\"\n"),
    "half a character at the end": ("E0001", b"let a = 1 # \xe2\x82"),
    "Latin 1 in a string": ("E0001", b"let a = \"caf\xe9\"\n"),
    "an emoji as a name": ("E0004", "let 😀 = 1\n"),
    "text from right to left": ("E0140", "let שלום = עולם\n"),
    "combining marks without end": ("E0140", "let a = e" + "\u0301" * 50_000 + "\n"),
    "random bytes of ASCII": ("E", "".join(map(chr, random.Random(1).choices(range(1, 127), k=100_000)))),
    # What does not end.
    "a string without end": ("E0005", 'let a = "' + "x" * 1_000_000),
    "strings without end": ("E0005", 'let a = "x\n' * 5_000),
    "holes without end": ("E0003", "let a = " + '"{' * 1_000 + "\n"),
    "a comment of C": ("E0039", "/*" + " x" * 5_000),
    "backslashes": ("E", 'let a = "' + "\\" * 100_001),
    "brackets that do not match": ("E", "def f() {\n" + "([{)]}" * 3_000 + "\n}\n"),
    "closing brackets": ("E0009", "let a = 1" + ")]}" * 10_000),
    "a brace too many on each line": ("E", "def f() {\n" + "  for i in 3 { print(i) } }\n" * 3_000 + "}\n"),
    # What is long.
    "a name of a million letters": ("E0140", "let a = " + "n" * 1_000_000),
    "a number of a million digits": ("E0132", "def main() { print(" + "9" * 1_000_000 + ") }"),
    "a float of a million digits": (RIGHT, "def main() { print(0." + "9" * 1_000_000 + ") }"),
    "an exponent of a thousand digits": ("E0134", "def main() { print(1e" + "9" * 1_000 + ") }"),
    "200,000 numbers": (RIGHT, "let a = [" + ",".join(["1.5"] * 200_000) + "]\n"),
    "2,000 rows": (RIGHT, "let a = [" + ",".join(["[1, 2, 3]"] * 2_000) + "]\n"),
    "10,000 definitions": (RIGHT, "".join(f"def fun{i}(x: f32) -> f32 = x + {i}\n" for i in range(10_000))),
    "5,000 records": (RIGHT, "".join(f"struct R{i}[n] {{ a: f32[n], b: i64 }}\n" for i in range(5_000))),
    "10,000 constants": (RIGHT, "".join(f"let C{i} = {i}\n" for i in range(10_000))),
    "2,000 statements": (RIGHT, "def f(x: f32) -> f32 {\n" + "".join(f"  let y{i} = x * {i}\n" for i in range(2_000)) + "  y7\n}\n"),
    "500 parameters": (RIGHT, "def f(" + ", ".join(f"x{i}: f32" for i in range(500)) + ") -> f32 = x0 + x499\n"
                       "def main() { print(f(" + ", ".join(["1"] * 500) + ")) }\n"),
    "500 sizes": (RIGHT, "def f(" + ", ".join(f"x{i}: f32[n{i}]" for i in range(500)) + ") -> f32[n0 + n499] = concat(x0, x499)\n"),
    "200 axes": (RIGHT, "def f(x: f32[" + ", ".join(f"n{i}" for i in range(200)) + "]) -> f32 = sum(x)\n"),
    "200 nested calls": (RIGHT, "def f(x: f32) -> f32 = " + "sin(" * 200 + "x" + ")" * 200 + "\n"),
    "200 nested lambdas": ("E", "let f = " + "".join(f"a{i} -> " for i in range(200)) + "1\ndef main() { print(f(1)) }\n"),
    "900 terms": (RIGHT, "def f(x: f32[n]) -> f32[n] = " + " + ".join(["x * x"] * 450) + "\n"),
    "a product of eight sizes": (RIGHT, "def f(x: f32[" + " * ".join(f"(n{i} + 1)" for i in range(8)) + "], "
                             + ", ".join(f"y{i}: f32[n{i}]" for i in range(8)) + ") -> f32 = x[0]\n"),
    "200 else ifs": (RIGHT, "def f(n: int) -> int = " + "if n == 1 { 1 } else " * 200 + "{ 2 }\n"),
    "a polynomial to a high power": (RIGHT, "def f(x: f32[n + m + k]) -> f32[" + " * ".join(["(n + m + k)"] * 40) + "] = x\n"),
    # What is wrong very often.
    "10,000 unknown names": ("E0140", "".join(f"def fun{i}(x: f32) -> f32 = y{i}\n" for i in range(10_000))),
    "20,000 calls that do not fit": ("E0302", "def f(x: f32) -> f32 = x\ndef main() {\n" + "  print(f(true))\n" * 20_000 + "}\n"),
    "10,000 syntax errors": ("E0007", "".join(f"def fun{i}(x: f32) -> f32 = x +\n" for i in range(10_000))),
    "one name declared 5,000 times": ("E0110", "def f(x: f32) -> f32 = x\n" * 5_000),
    "a record in itself by way of 1,000 others": ("E0127", "".join(f"struct R{i} {{ a: R{(i + 1) % 1000} }}\n" for i in range(1_000))),
    "5,000 unknown imports": ("E0050", "".join(f"import m{i}\n" for i in range(5_000))),
    # Shapes out of this world.
    "a negative size": ("E0313", "let a: f32[_] = zeros([-1])\n"),
    "more elements than an int counts": (RIGHT, "let a = zeros([4294967296, 4294967296])\n"),
    "a size beyond an int": ("E0120", "def f(x: f32[9223372036854775807 + 1]) -> f32 = x[0]\n"),
}


def limits():
    resource.setrlimit(resource.RLIMIT_CPU, (2, 2))
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))


only = sys.argv[3:]
failed = False
for name, (code, text) in texts.items():
    if only and name not in only:
        continue
    path = os.path.join(folder, "text.tl")
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    run = subprocess.run([tlc, "check", path], capture_output=True, preexec_fn=limits, timeout=100)
    said = run.stderr.decode("utf-8", "replace")
    good = run.returncode == 0 and not said if code is RIGHT else run.returncode == 1 and f"error[{code}" in said
    if not good or said.count("\nerror[") >= 20 or len(said) > 20_000:
        failed = True
        print(f"{name}: ended with {run.returncode}, {len(said)} bytes\n{said[:600]}")
sys.exit(failed)
