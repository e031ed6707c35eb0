"""count.py RESULTS.json: prints `N passed, N failed` for lit's --output, exits with 1 unless something passed and all did."""

import json
import sys

PASSED = {"PASS", "XFAIL", "FLAKYPASS"}
NOT_RUN = {"UNSUPPORTED", "SKIPPED", "EXCLUDED"}

try:
    tests = json.load(open(sys.argv[1], encoding="utf-8"))["tests"]
except (OSError, ValueError) as error:
    print(f"no result from lit: {error}", file=sys.stderr)
    tests = []
codes = [test["code"] for test in tests if test["code"] not in NOT_RUN]
failed = [code for code in codes if code not in PASSED]
if not codes:
    print("no test was run", file=sys.stderr)
print(f"{len(codes) - len(failed)} passed, {len(failed)} failed")
sys.exit(1 if failed or not codes else 0)
