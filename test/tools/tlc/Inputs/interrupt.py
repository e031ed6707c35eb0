"""interrupt.py COMMAND...: sends SIGINT once the program has printed `begun`; it has to end with 130 within a second."""

import signal, subprocess, sys, time
# lit ignores SIGINT, and children inherit that.
p = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
assert p.stdout.readline() == "begun\n"
time.sleep(0.2)
start = time.time()
p.send_signal(signal.SIGINT)
code = p.wait(20)
took = time.time() - start
assert code == 130 and took < 1, (code, took)
