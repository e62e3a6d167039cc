"""Stands in for a service manager with a watchdog: starts a service, prints each line that it is told on NOTIFY_SOCKET, and holds one of
its threads for a while when it is told to. Reads `hold THREAD SECONDS`, `hup` and `term` from standard input."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time

PTRACE_ATTACH, PTRACE_DETACH, WALL = 16, 17, 0x40000000

path, usec, command = sys.argv[1], sys.argv[2], sys.argv[3:]
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(path)
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
fed = []


def listen():
    while True:
        # What it hands over is left where it is.
        for line in notify.recv(4096).decode().splitlines():
            if line == "WATCHDOG=1":
                fed.append(time.monotonic())
            if not line.startswith(("FDSTORE", "FDNAME")):
                print("told:", line, flush=True)


def thread_of(name):
    for task in os.listdir(f"/proc/{service.pid}/task"):
        with open(f"/proc/{service.pid}/task/{task}/comm") as comm:
            if comm.read().strip() == name:
                return int(task)
    raise SystemExit(f"no thread {name}")


def hold(name, seconds):
    """How often the watchdog was fed while that thread stood still, but for what was under way."""
    thread = thread_of(name)
    if libc.ptrace(PTRACE_ATTACH, thread, None, None) != 0:
        raise SystemExit(f"ptrace: {os.strerror(ctypes.get_errno())}")
    os.waitpid(thread, WALL)
    time.sleep(seconds / 2)
    since = time.monotonic()
    time.sleep(seconds / 2)
    count = sum(1 for at in fed if at >= since)
    libc.ptrace(PTRACE_DETACH, thread, None, None)
    print(f"held {name}: fed {count} times", flush=True)


environment = {**os.environ, "NOTIFY_SOCKET": path, "WATCHDOG_USEC": usec}
service = subprocess.Popen(command, env=environment)
threading.Thread(target=listen, daemon=True).start()
for line in sys.stdin:
    order = line.split()
    if order[0] == "hold":
        hold(order[1], float(order[2]))
    elif order[0] == "hup":
        service.send_signal(signal.SIGHUP)
    else:
        service.send_signal(signal.SIGTERM)
        print("ended:", service.wait(), flush=True)
service.kill()
