# RUN: rm -rf %t && %python %s %t
# A save that fails leaves the file that was there, no temporary one, and a message with exit code 3.
import os
import resource
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from runtime import Check, in_child, load, save

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
path = os.path.join(folder, "a.npy")
check = Check()
save(path, {"": np.arange(3)})


def full_disk():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    save(path, {"": np.arange(100000)})


check.same(in_child(full_disk), (3, f"error[E0914]: {path}: cannot write: File too large\n"), "full")
check.same(load(path, "int64", (3,)).tolist(), [0, 1, 2], "the old file")
check.same(os.listdir(folder), ["a.npy"], "nothing else")
missing = os.path.join(folder, "no", "a.npy")
check.same(in_child(lambda: save(missing, {"": np.arange(3)})), (3, f"error[E0914]: {missing}: cannot write: No such file or directory\n"), "folder")
check.same(in_child(lambda: save("/dev/full.npy", {"": 1}))[0] in (0, 3), True, "device")
other = os.path.join(folder, "a.txt")
check.same(in_child(lambda: save(other, {"": np.arange(3)})), (3, f"error[E0914]: {other}: only .npy, .npz, .safetensors, .csv, .png and IDX (.idx, -ubyte) files are written\n"), "kind")
check.same(in_child(lambda: load(missing, "int64", (3,))), (3, f"error[E0911]: {missing}: cannot read: No such file or directory\n"), "missing")
os.symlink("a.npy", os.path.join(folder, "link.npy"))
save(os.path.join(folder, "link.npy"), {"": np.arange(5)})
check.same((os.path.islink(os.path.join(folder, "link.npy")), load(path, "int64", (5,)).tolist()), (True, [0, 1, 2, 3, 4]), "a link stays one")
check.done()
