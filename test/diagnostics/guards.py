# RUN: %python %s %tlc %t
"""Texts that nobody should send to a parser: each gets one message with its code, quickly."""

import os
import subprocess
import sys

tlc, folder = sys.argv[1], sys.argv[2] + ".d"
os.makedirs(folder, exist_ok=True)
texts = {
    ("E0001", "byte 0xFF at offset 8 is not UTF-8"): b"let a = \xff\n",
    ("E0002", "more than the limit of 16 MB"): b"# " + b"x" * (16 << 20),
    ("E0003", "nested more than 256 deep"): b"let a = " + b"(" * 300 + b"1" + b")" * 300,
    ("E0003", "nested more than 256 deep "): b"let a = " + b"-" * 100000 + b"1",
    ("E0003", "nested more than 256 deep  "): b"let a = " + b"2 ** " * 5000 + b"1",
    ("E0003", "nested more than 256 deep   "): b"let a = " + b"if b { 1 } else " * 3000 + b"{ 2 }",
    ("E0003", "more than 1000 parts in a row"): b"let a = " + b"1 + " * 20000 + b"1",
    ("E0003", "more than 1000 parts in a row "): b"let a = x" + b".y" * 5000,
    ("E0003", "more than 1000 parts in a row  "): b"let a = x" + b" |> f" * 5000,
    ("E0003", "nested more than 256 deep    "): b"(" * 50000,
    ("E0005", "has no end on its line"): b'let a = "abc',
}
failed = False
for (code, words), text in texts.items():
    path = os.path.join(folder, "text.tl")
    with open(path, "wb") as file:
        file.write(text)
    run = subprocess.run([tlc, "check", path, "--error-format=short"], capture_output=True, timeout=20)
    found = run.stderr.decode()
    if run.returncode != 1 or found.count("error[") != 1 or f"error[{code}]" not in found or words.strip() not in found:
        failed = True
        print(f"{code}, {text[:40]}...: exit code {run.returncode}\n{found[:400]}")
sys.exit(failed)
