# RUN: %python %s %tlc
"""A message has at most 15 lines, however many places and notes there are: a body that is reached through ever more lambdas on lines
of their own, a name with ever more signatures."""

import os
import subprocess
import sys
import tempfile


def applied(depth):
    lines = ["def f(a: f32[n], b: f32[m]) -> f32 {", "  let h0 = x -> sum(x + b)"]
    for i in range(depth):
        lines += ["", "", f"  let h{i + 1} = x -> h{i}(x)"]
    return "\n".join(lines + [f"  h{depth}(a)", "}", ""])


def signatures(count):
    return "".join(f"def g(x: i64[{i + 1}], y: bool) -> int = {i}\n" for i in range(count)) + "def main() { print(g(1.5, true)) }\n"


with tempfile.TemporaryDirectory() as folder:
    for make in (applied, signatures):
        longest = 0
        for count in (2, 3, 5, 8, 13, 40):
            path = os.path.join(folder, "wrong.tl")
            with open(path, "w", encoding="utf-8") as file:
                file.write(make(count))
            ended = subprocess.run([sys.argv[1], "check", path], capture_output=True, text=True)
            messages = ended.stderr.rstrip("\n").split("\n\n")
            assert ended.returncode == 1 and len(messages) == 1 and messages[0].startswith("error[E03"), ended
            lines = messages[0].split("\n")
            longest = max(longest, len(lines))
            assert len(lines) <= 15, ended.stderr
            # The words come with the picture, and the picture shows where the mistake is.
            assert any("^" in line for line in lines) and any("= note" in line for line in lines), ended.stderr
        assert longest == 15, longest
