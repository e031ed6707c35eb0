"""exits.py CODE COMMAND...: runs the command, its standard error going to standard output; 0 if it ends with CODE, else says how it ended."""

import subprocess
import sys

sys.stdout.flush()
ended = subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT).returncode
if ended != int(sys.argv[1]):
    print(f"exits.py: it ended with {ended}, expected {sys.argv[1]}")
    sys.exit(1)
