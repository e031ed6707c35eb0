"""A cast between every pair of scalar types, of a number that is known only at run time, links and gives that number.

# RUN: %python %s %tlc
"""

import os
import subprocess
import sys
import tempfile

INTS, FLOATS = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"], ["f16", "bf16", "f32", "f64"]
KINDS = ["bool", *INTS, *FLOATS]


def shown(source, to):
    number = 1 if "bool" in (source, to) else 3
    return "True" if to == "bool" else f"{number}.0" if to in FLOATS else str(number)


lines = ["def main(k: int = 3) {"]
for source in KINDS:
    lines.append(f"  let from_{source} = " + ("k > 0" if source == "bool" else f"{source}(k)"))
    lines += [f'  print("{source} {to} {{{to}(from_{source})}}")' for to in KINDS if to != source]
want = [f"{source} {to} {shown(source, to)}" for source in KINDS for to in KINDS if to != source]

with tempfile.TemporaryDirectory(prefix="tl-casts-") as folder:
    program, built = os.path.join(folder, "casts.tl"), os.path.join(folder, "casts")
    with open(program, "w", encoding="utf-8") as file:
        file.write("\n".join(lines + ["}"]) + "\n")
    for command in ([sys.argv[1], "build", program, "-o", built], [built], [sys.argv[1], "run", program]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{command} ended with {done.returncode}\n{done.stderr[:800]}")
        if command[1:2] != ["build"] and done.stdout.splitlines() != want:
            sys.exit("\n".join(f"{got}, not {line}" for got, line in zip(done.stdout.splitlines(), want) if got != line))
