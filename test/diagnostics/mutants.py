# RUN: %python %s %tlc 1 400 %root/examples %root/stdlib
"""mutants.py TLC SEED COUNT FOLDER...: what the compiler says about programs with one mistake.

Changes one place of a program of the folders, COUNT times; the same SEED gives the same mutants. Those that still check are set
aside. Of the others each has to end with exit code 1, within 2 s, with at most 20 errors of at most 15 lines and no word of the
compiler's inside; and most have one error, on the changed line. With --worst N the N mutants with the most surprising messages
are shown."""

import argparse
import concurrent.futures
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

TOKEN = re.compile(r'#[^\n]*|"(?:[^"\\\n]|\\.)*"|\d\w*(?:\.\d\w*)?|\w+|//=|\*\*=|[-+*/%=!<>]=|->|\|>|\*\*|//|\.\.\.|\.\.|\?\?|\s+|.')
INSIDE = re.compile(r"mlir|llvm|\btl\.\w|\b(scf|arith|tensor|memref|func)\.\w|linalg\.(generic|index|yield|fill|map)|std::|0x[0-9a-f]{6}|nullptr|assertion|unreachable"
                    r"|internal|\.cpp|\.h:|<unknown>|!tl|%\d", re.I)
SCALARS = "bool i8 i16 i32 i64 u8 u16 u32 u64 f16 bf16 f32 f64".split()
OPERATORS = "+ - * / // % @ ** == != < <= > >= and or |> ..".split()
BRACKETS = "()[]{}"


class Program:
    """A text as tokens; those that carry meaning are at `solid`."""

    def __init__(self, path):
        self.path = path
        self.tokens = TOKEN.findall(open(path, encoding="utf-8").read())
        self.solid = [i for i, t in enumerate(self.tokens) if not t.isspace() and t[0] != "#"]

    def line(self, index):
        return 1 + "".join(self.tokens[:index]).count("\n")

    def changed(self, **places):
        """The text with other tokens, `t12="x"` for the 12th, and the lines on which they stand."""
        tokens = list(self.tokens)
        lines = set()
        for name, text in places.items():
            tokens[int(name[1:])] = text
            lines.add(self.line(int(name[1:])))
        return "".join(tokens), lines

    def lists(self, opens):
        """Each bracket behind a token for which `opens` holds, as the spans [first, last) of its items."""
        for at, i in enumerate(self.solid[1:], 1):
            if self.tokens[i] not in ("(", "[") or not opens(self.solid[at - 1]):
                continue
            depth, begin, items = 0, i + 1, []
            for j in range(i, len(self.tokens)):
                token = self.tokens[j]
                depth += (token in "([{") - (token in ")]}")
                if (depth == 1 and token == ",") or depth == 0:
                    items.append((begin, j))
                    begin = j + 1
                if depth == 0:
                    break
            yield items


def delete(p, r):
    return p.changed(**{f"t{r.choice(p.solid)}": ""})


def repeat(p, r):
    i = r.choice(p.solid)
    return p.changed(**{f"t{i}": f"{p.tokens[i]} {p.tokens[i]}"})


def swap(p, r):
    at = r.randrange(len(p.solid) - 1)
    i, j = p.solid[at], p.solid[at + 1]
    return p.changed(**{f"t{i}": p.tokens[j], f"t{j}": p.tokens[i]})


def misspell(p, r):
    i = r.choice([i for i in p.solid if len(p.tokens[i]) > 2 and p.tokens[i].isidentifier()])
    word = p.tokens[i]
    at = r.randrange(1, len(word))
    return p.changed(**{f"t{i}": r.choice([word[:at] + word[at + 1:], word[:at] + word[at - 1] + word[at:], word[:at] + "x" + word[at + 1:]])})


def swap_sizes(p, r):
    lists = [items for items in p.lists(lambda i: p.tokens[i] in SCALARS or p.tokens[i][0].isupper()) if len(items) > 1]
    (a, b), (c, d) = sorted(r.sample(r.choice(lists), 2))
    text = p.tokens[:a] + p.tokens[c:d] + p.tokens[b:c] + p.tokens[a:b] + p.tokens[d:]
    return "".join(text), {p.line(a), p.line(c)}


def drop_argument(p, r):
    called = lambda i: p.tokens[i].isidentifier() and p.tokens[i - 2] not in ("def", "struct", "->", ":") and p.tokens[i + 1] == "("
    items = r.choice([items for items in p.lists(called) if items[0][0] < items[0][1]])
    at = r.randrange(len(items))
    begin, end = items[at][0], items[at][1]
    begin, end = (begin, end + 1) if at + 1 < len(items) else (begin - (at > 0), end)
    return "".join(p.tokens[:begin] + p.tokens[end:]), {p.line(begin)}


def change_literal(p, r):
    i = r.choice([i for i in p.solid if p.tokens[i][0] in '"0123456789' or p.tokens[i] in ("true", "false")])
    return p.changed(**{f"t{i}": r.choice([kind for kind in ("3", "2.5", '"text"', "true", "-1", "[1, 2]") if kind != p.tokens[i]])})


def change_bracket(p, r):
    i = r.choice([i for i in p.solid if p.tokens[i] in BRACKETS])
    return p.changed(**{f"t{i}": r.choice(["", r.choice(BRACKETS)])})


def change_operator(p, r):
    i = r.choice([i for i in p.solid if p.tokens[i] in OPERATORS])
    return p.changed(**{f"t{i}": r.choice(OPERATORS)})


def change_name(p, r):
    names = [i for i in p.solid if p.tokens[i].isidentifier()]
    return p.changed(**{f"t{r.choice(names)}": p.tokens[r.choice(names)]})


KINDS = [delete, repeat, swap, misspell, swap_sizes, drop_argument, change_literal, change_bracket, change_operator, change_name]


def mutants(programs, seed, count):
    """(kind, path, text, changed lines); each text once."""
    r, seen = random.Random(seed), {"".join(p.tokens) for p in programs}
    while count:
        kind, program = r.choice(KINDS), r.choice(programs)
        try:
            text, lines = kind(program, r)
        except IndexError:  # nothing of this kind in the program
            continue
        if text not in seen:
            seen.add(text)
            count -= 1
            yield kind.__name__, program.path, text, lines


def check(tlc, path):
    """Exit code and errors; 2 s of processor time."""
    run = subprocess.run(["/bin/sh", "-c", 'ulimit -t 2; exec "$@"', "sh", tlc, "check", path], capture_output=True, timeout=60)
    return run.returncode, run.stdout.decode() + run.stderr.decode()


def faults(code, said):
    """What must never be."""
    errors = re.split(r"\n\n(?=error|and )", said)
    if code != 1:
        yield f"exit code {code}"
    if not re.match(r"error\[E\d+\]: ", said):
        yield "no error"
    if sum(e.startswith("error") for e in errors) > 20:
        yield "more than 20 errors"
    if max(e.strip().count("\n") for e in errors) >= 15:
        yield "an error of more than 15 lines"
    words = "\n".join(line for line in said.splitlines() if not re.match(r" *\d+ \||\s*(-->|:::)", line))
    if found := INSIDE.search(words):
        yield f"the word `{found[0]}`"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tlc")
    parser.add_argument("seed", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--worst", type=int, default=0)
    options = parser.parse_args()
    paths = sorted(os.path.join(f, name) for f in options.folders for name in os.listdir(f) if name.endswith(".tl"))
    failed, hits, shown, totals, worst = False, {}, 0, 0, []
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        # A program is what is right as anybody's file: definitions without a body (the prelude's) and `@shape` are the library's alone.
        copy = os.path.join(folder, "copy.tl")
        programs = [Program(p) for p in paths if not p.endswith("prelude.tl") and check(options.tlc, shutil.copy(p, copy))[0] == 0]

        def judge(number, mutant):
            path = os.path.join(folder, f"mutant{number}.tl")
            with open(path, "w", encoding="utf-8") as file:
                file.write(mutant[2])
            return mutant, path, check(options.tlc, path)

        wrong = 0
        for mutant, path, (code, said) in pool.map(judge, *zip(*enumerate(mutants(programs, options.seed, options.count)))):
            kind, origin, text, lines = mutant
            if code == 0:
                continue
            wrong += 1
            for fault in faults(code, said):
                failed = True
                print(f"{fault}: {kind} on line {sorted(lines)} of {origin}\n{said[:2000]}")
            first = re.search(re.escape(path) + r":(\d+):", said)
            hit = bool(first) and int(first[1]) in lines
            shown += any(re.search(rf"^ *{line} \|", said.split("\n\n")[0], re.M) for line in lines)
            errors = len(re.findall(r"^error\[", said, re.M))
            totals += errors
            hits.setdefault(kind, []).append(hit)
            worst.append((errors + 2 * (not hit), kind, origin, sorted(lines), text, said.replace(path, origin)))

    for badness, kind, origin, lines, text, said in sorted(worst, key=lambda w: -w[0])[:options.worst]:
        print(f"==== {kind}, {origin}:{lines[0]}: {text.splitlines()[min(lines[0], text.count(chr(10))) - 1].strip()}\n{said}")
    for kind, of in sorted(hits.items()):
        print(f"{kind:16} {sum(of):4} of {len(of):4} on the line")
    share, mean = sum(map(sum, hits.values())) / wrong, totals / wrong
    print(f"{wrong} of {options.count} mutants are wrong; the first error is on the changed line for {share:.1%}, "
          f"shows it for {shown / wrong:.1%}; {mean:.2f} errors each")
    sys.exit(failed or share < 0.9 or mean > 1.3)


main()
