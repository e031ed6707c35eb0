# RUN: %python %s
# Values of every kind, their ranges, and what is said about a wrong command line.
import ctypes
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
from runtime import Check, in_child, lib, text_of

check = Check()


def parse(flags, *arguments):
    """flags: (name, kind, default)."""
    rows = (ctypes.c_char_p * (4 * len(flags)))(*[f if f is None else f.encode() for name, kind, default in flags for f in (name, kind, default, "")])
    argv = (ctypes.c_char_p * (len(arguments) + 1))(b"/bin/prog", *[a.encode() for a in arguments])
    parse.keep = rows, argv
    return lib.tl_flags_parse(len(argv), argv, rows, ctypes.c_int64(len(flags)))


def integer(kind, text):
    def action():
        if parse([("n", kind, None)], "--n", text):
            os._exit(2)
        print(lib.tl_flag_int(b"n"), flush=True)

    code, out = in_child(action)
    return int(out) if code == 0 else out.split(": ", 2)[2].strip()


for kind, low, high in [("i8", -128, 127), ("u8", 0, 255), ("i32", -(2**31), 2**31 - 1), ("i64", -(2**63), 2**63 - 1), ("u16", 0, 65535)]:
    for n in (low, high, 0, 7):
        check.same(integer(kind, str(n)), n, (kind, n))
    for n in (low - 1, high + 1, 10**30):
        check.same(integer(kind, str(n)).endswith(": it is out of range"), True, (kind, n))
check.same(integer("i64", "0x10"), 16, "hexadecimal")
for text in ["", "1.5", "x", "1x", " 1", "--1", "1e3"]:
    check.same(integer("int", text), f"`{text}` is not an int", text)

FLAGS = [("epochs", "int", "5"), ("lr", "f32", "0.5"), ("data", "file", "d.npy"), ("fast", "bool", "false"), ("name", "str", "")]
parse(FLAGS, "--lr", "0.1", "--fast", "--name=a b")
check.same((lib.tl_flag_int(b"epochs"), lib.tl_flag_float(b"lr"), lib.tl_flag_int(b"fast")), (5, 0.10000000149011612, 1), "values")
check.same((text_of(lib.tl_flag_str(b"data")), text_of(lib.tl_flag_str(b"name")), lib.tl_flag_given(b"data")), ("d.npy", "a b", 0), "texts")
for arguments, want in [(["--epohcs", "3"], "unknown flag `--epohcs`\n  = help: did you mean `--epochs`?"), (["--zzz"], "unknown flag `--zzz`\n  = help: `--help` lists the flags"),
                        (["--lr"], "flag `--lr` needs an f32"), (["--lr=1e999"], "flag `--lr`: `1e999` is not an f32: it is out of range"),
                        (["--fast=maybe"], "flag `--fast`: `maybe` is not a bool: write `true` or `false`"), (["3"], "unexpected argument `3`\n  = help: values are given as `--name value`")]:
    check.same(in_child(lambda: os._exit(parse(FLAGS, *arguments))), (2, f"error: {want}\n"), arguments)
check.same(in_child(lambda: os._exit(parse([("data", "file", None)]))), (2, "error: missing flag `--data`, a path\n  = help: `--help` lists the flags\n"), "missing")
code, out = in_child(lambda: parse(FLAGS, "--help"))
check.same((out.startswith("Usage: prog [flags]\n\nFlags:\n  --epochs int "), "(default 0.5)" in out, "--fast[=true|false]" in out), (True, True, True), out)
check.done()
