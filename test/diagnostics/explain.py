# RUN: %python %s %root %tlc %t
"""The programs of each page of ast/base/explain: the wrong one gives the page's code as its first error, the right one is
accepted without a word. The title is that of Diagnostics.def. A page need not have programs."""

import os
import re
import subprocess
import sys

root, tlc, folder = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
pages = os.path.join(root, "ast/base/explain")
table = open(os.path.join(root, "ast/base/Diagnostics.def"), encoding="utf-8").read()
titles = {code: title.replace('\\"', '"') for code, title in re.findall(r'^DIAG\((E\d+), "(.*)"\)', table, re.M)}


def check(name, program, wrong):
    """Exit code, and the codes of all errors in their order. What a wrong program is accepted with is found when its derivatives are made."""
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(program)
    run = subprocess.run([tlc, "check", path], capture_output=True, text=True, timeout=60)
    if wrong and run.returncode == 0:
        run = subprocess.run([tlc, "run", "--emit=grad", path], capture_output=True, text=True, timeout=60)
    return run.returncode, re.findall(r"^error\[(E\d+)\]", run.stderr, re.M), run.stdout + run.stderr


found, checked = [], 0
for page in sorted(name for name in os.listdir(pages) if re.match(r"E\d+\.md$", name)):
    code = page[:-3]
    text = open(os.path.join(pages, page), encoding="utf-8").read()
    if text.split("\n", 1)[0] != f"# {code}: {titles.get(code)}":
        found.append(f"{page}: the first line is not `# {code}: {titles.get(code)}`")
    fences = re.findall(r"^```([^\n]*)\n(.*?)^```$", text, re.M | re.S)
    for number, (kind, program) in enumerate(fences):
        status, codes, said = check(f"{code}-{number}.tl", program, kind == "tl wrong")
        checked += 1
        if kind == "tl wrong" and (status != 1 or codes[:1] != [code]):
            found.append(f"{page}: the wrong program gives {status} and {codes or 'no error'}")
        elif kind == "tl right" and (status != 0 or said):
            found.append(f"{page}: the right program gives {status} and\n{said}")
        elif kind not in ("tl wrong", "tl right"):
            found.append(f"{page}: a fence is `tl wrong` or `tl right`, not `{kind}`")

print("\n".join(found) or f"{checked} programs, as their pages say")
sys.exit(1 if found or not checked else 0)
