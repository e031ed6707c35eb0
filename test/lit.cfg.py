# How lit runs the tests: which files are tests, and what %tlc and its kin stand for. README.md has the table.
import os
import sys

sys.path.insert(0, os.path.join(config.tl_root, "test"))
import tests

config.name = "tl"
config.test_format = tests.Tests(execute_external=False)
config.suffixes = [".tl", ".mlir", ".test", ".py"]
config.excludes = ["Inputs", "lit.cfg.py", "tests.py", "count.py"]
config.test_source_root = os.path.join(config.tl_root, "test")

python = "/usr/bin/python3"  # Debian's, which has numpy and sklearn
here = config.test_source_root
tlc = os.path.join(config.tl_bin, "tlc")

# The first that matches wins, so longer names stand first.
config.substitutions += [
    (r"%tlc-opt\b", os.path.join(config.tl_bin, "tlc-opt")),
    (r"%tl-unit\b", os.path.join(config.tl_bin, "tl-unit")),
    (r"%tlc\b", tlc),
    (r"%run-both\b", f"{python} {here}/run-both {tlc}"),
    (r"%golden\b", f"{python} {here}/golden"),
    (r"%python\b", python),
    (r"%root\b", config.tl_root),
    (r"%data\b", os.path.join(config.tl_root, "examples", "data")),
]

config.environment["PATH"] = os.pathsep.join([config.llvm_bin, config.tl_bin, "/usr/bin", "/bin"])
config.environment["NO_COLOR"] = "1"
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"
config.environment["HOME"] = config.test_exec_root  # no test reads or writes the user's history and cache
for name in ("TL_BLESS", "FILECHECK_OPTS", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

config.available_features.add("asan" if config.sanitize else "plain")
lit_config.maxIndividualTestTime = 120
