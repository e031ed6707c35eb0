"""check.py KIND TLC [--part PART] [--seed N] [--only TEXT] [--patience RUNS] [-O0] [TYPE...]: runs the program that generate.py writes and compares what it
saves with NumPy.
A failure names the op, the types, the shapes, what was expected and what came. `--only` takes the units whose title holds TEXT, or one of several with `|` between."""

import os
import re
import subprocess
import sys
import tempfile

import numpy as np

import generate as g
import reference as r
import table

SHOWN = 12  # failures


def differs(unit, args, got, want, kind):
    """Where got is not what the table allows, or a text."""
    if got.dtype != np.dtype(r.NUMPY[kind]):
        return f"the type is {got.dtype}, expected {r.NUMPY[kind]}"
    if got.shape != want.shape:
        return f"the shape is {got.shape}, expected {want.shape}"
    within = unit.op.within
    if not r.is_float(kind):
        return got != want.astype(got.dtype)
    wide, exact = got.astype(r.LONG), r.rounded(want, kind)
    with np.errstate(all="ignore"):
        bad = ~((wide == exact) | (np.isnan(wide) & np.isnan(exact)))
        if within != g.SAME:
            if callable(within):
                bound = within(*[a.astype(r.LONG) if k in r.BITS else a for a, k in zip(args, unit.kinds)]) * np.ldexp(r.LONG(1), 1 - r.BITS[kind][0]) + r.spacing(want, kind) / 2
            else:
                bound = (within if kind in ("f32", "f64") else max(1, within // 4)) * r.spacing(want, kind)
            bad &= ~((np.abs(wide - want) <= bound) & np.isfinite(wide))
        elif unit.op.name in ("+", "-", "*", "/", "abs"):
            bad |= (wide == 0) & (exact == 0) & (np.signbit(wide) != np.signbit(exact))
    return bad


def slope_differs(got, want, scale=0):
    """`scale`: of the terms of a sum, which may cancel."""
    if got.dtype != np.float64 or got.shape != want.shape:
        return f"{got.dtype}{got.shape}, expected float64{want.shape}"
    most = max(1, scale, np.max(np.abs(want), initial=0))
    return ~(np.abs(got - want) <= 1e-6 * np.abs(want) + 1e-8 * most)


def expectations(unit, case):
    """File, what differs(got) says, expected value."""
    if unit.kind == "values":
        want = g.value(unit, case.args)
        yield "out", lambda got: differs(unit, case.args, got, want, g.result_kind(unit)), want
        return
    if unit.kind == "batched":
        rows = [[a[i] for a in case.args] for i in range(len(case.args[0]))]
        want = np.stack([g.value(unit, row) for row in rows])
        yield "out", lambda got: batch_differs(unit, rows, got, want), want
        slopes = [g.gradients(unit, row) for row in rows] if unit.op.smooth else []
        for k, i in enumerate(unit.differentiated if slopes else []):
            d = np.stack([s[k] for s in slopes])
            yield f"d_{g.VARIABLES[i]}", lambda got, d=d: slope_differs(got, d), d
        return
    slopes = g.gradients(unit, case.args) if unit.kind == "gradients" else g.second(unit, case.args, case.directions)
    name, change = ("d", "t") if unit.kind == "gradients" else ("h", "h")
    along = np.asarray(sum((np.sum(d * v) for d, v in zip(slopes, case.directions)), np.zeros(())))
    if unit.kind != "forward-forward":
        for i, d in zip(unit.differentiated, slopes):
            yield f"{name}_{g.VARIABLES[i]}", lambda got, d=d: slope_differs(got, d), d
    if unit.kind in ("gradients", "forward-forward"):
        scale = sum(np.sum(np.abs(d * v)) for d, v in zip(slopes, case.directions))
        yield change, lambda got: slope_differs(got, along, scale), along


def batch_differs(unit, rows, got, want):
    if got.shape != want.shape:
        return f"the shape is {got.shape}, expected {want.shape}"
    found = [differs(unit, row, got[i], want[i], g.result_kind(unit)) for i, row in enumerate(rows)]
    texts = [f for f in found if isinstance(f, str)]
    return texts[0] if texts else np.array(found)


def describe(unit, case, name, bad, got, want):
    lines = [f"FAILED {unit.kind} {unit.title}, {case.shown} shapes {', '.join(str(a.shape) for a in case.args)}: {name}"]
    if isinstance(bad, str):
        return lines + ["  " + bad]
    lines[0] += f", {np.count_nonzero(bad)} of {bad.size}"
    for i in list(zip(*np.nonzero(np.atleast_1d(bad))))[:3]:
        at = i if np.ndim(bad) else ()
        args = ", ".join(f"{v} = {np.broadcast_to(a, got.shape)[at]!r}" if a.ndim <= got.ndim and fits(a, got) else f"{v}: see below" for v, a in zip(g.VARIABLES, case.args))
        lines.append(f"  at {list(map(int, at))}: expected {want[at]!r}, got {got[at]!r}  ({args})")
    if sum(a.size for a in case.args) < 12:
        lines += [f"  {v} = {a.tolist()}" for v, a in zip(g.VARIABLES, case.args)]
    return lines


def fits(a, got):
    try:
        np.broadcast_to(a, got.shape)
        return True
    except ValueError:
        return False


def run(command, folder, units, patience):
    """Title -> what went wrong, for the units that did not run. A program that is rejected is halved, so that the rest is still tried."""
    wrong, pending, runs = {}, [units], 0
    while pending:
        part = pending.pop()
        with open(os.path.join(folder, "program.tl"), "w", encoding="utf-8") as f:
            f.write("\n".join(u.text for u in part))
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        text, runs = done.stdout.decode("utf-8", "backslashreplace"), runs + 1
        if re.search(r"^\d+ passed, \d+ failed$", text, re.M) and "internal error" not in text:
            before = []
            for line in text.splitlines():
                if line.startswith("FAILED "):
                    wrong[line[7:]] = "\n".join(before)
                before = [] if line.startswith(("ok ", "FAILED ")) else before + [line]
            continue
        blamed = {unit_at(part, int(line)) for line in re.findall(r"program\.tl:(\d+):", text)}
        if not blamed and (len(part) == 1 or runs > patience):
            blamed = set(range(len(part)))
        for i in blamed:
            wrong[part[i].title] = f"tlc ended with {done.returncode}\n" + "\n".join(text.splitlines()[:14])
        if blamed:
            rest = [u for i, u in enumerate(part) if i not in blamed]
            pending += [rest] if rest else []
        else:
            pending += [part[:len(part) // 2], part[len(part) // 2:]]
    return wrong


def unit_at(part, line):
    """The number of the unit that holds this line of the program."""
    for i, unit in enumerate(part):
        line -= unit.text.count("\n") + 1
        if line <= 0:
            return i
    return len(part) - 1


def uncovered():
    prelude = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "stdlib", "prelude.tl"), encoding="utf-8").read()
    ops = [op for part in table.PARTS.values() for op in part]
    named = {op.name for op in ops} | set(table.ELSEWHERE)
    missing = [f"`{name}` of the prelude is neither in PARTS nor in ELSEWHERE of table.py" for name in dict.fromkeys(re.findall(r"^def (\w+)", prelude, re.M)) if name not in named]
    smooth = {op.name for op in ops if op.smooth and "f64" in op.types}
    return missing + [f"`{name}` has {'a derivative' if name in smooth else 'no row with a derivative'} and is {'' if name in table.CONSTANT else 'not '}in CONSTANT of table.py"
                      for name in dict.fromkeys(op.name for op in ops) if (name in smooth) == (name in table.CONSTANT)]


def option(arguments, name, default):
    if name not in arguments:
        return default
    at = arguments.index(name)
    arguments.pop(at)
    return arguments.pop(at)


def main():
    arguments = sys.argv[1:]
    seed, patience, only = int(option(arguments, "--seed", "1")), int(option(arguments, "--patience", "60")), option(arguments, "--only", "")
    parts = option(arguments, "--part", "operators,arrays").split(",")
    level = [a for a in arguments if a.startswith("-O")]
    kind, tlc, *types = [a for a in arguments if a not in level]
    failures = [[line] for line in uncovered()] if kind == "gradients" else []
    with tempfile.TemporaryDirectory(prefix="tl-ops-") as folder:
        units = [u for u in g.generate([op for part in parts for op in table.PARTS[part]], seed, kind, folder, types) if any(text in u.title for text in only.split("|"))]
        wrong, compared = run([tlc, "test", *level, "program.tl"], folder, units, patience), 0
        for unit in units:
            if unit.title in wrong:
                failures.append([f"FAILED {unit.kind} {unit.title}", *("  " + line for line in wrong[unit.title].splitlines()), *("  | " + line for line in unit.text.splitlines())])
                continue
            for case in unit.cases:
                for name, bad_where, want in expectations(unit, case):
                    got, compared = np.load(os.path.join(folder, f"{case.at}.{name}.npy")), compared + 1
                    bad = bad_where(got)
                    if isinstance(bad, str) or np.any(bad):
                        failures.append(describe(unit, case, name, bad, got, np.asarray(want)))
    for lines in failures[:SHOWN]:
        print("\n".join(lines))
    if len(failures) > SHOWN:
        print(f"and {len(failures) - SHOWN} more: " + "; ".join(lines[0].removeprefix("FAILED ") for lines in failures[SHOWN:SHOWN + 200]))
    print(f"{kind}: {len(units)} functions, {compared} arrays compared, {len(failures)} failures")
    return 1 if failures or not compared else 0


sys.exit(main())
