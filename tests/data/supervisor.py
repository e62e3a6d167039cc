"""Keeps a service's sockets over its restarts, as systemd's file-descriptor store does: what it leaves on NOTIFY_SOCKET it gets
back as descriptors 3 and following. Reads `start`, `term` and `kill` from standard input; says what it did."""

import array
import os
import signal
import socket
import subprocess
import sys

path, command = sys.argv[1], sys.argv[2:]
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(path)
store, service = [], None


def same(one, other):
    a, b = os.fstat(one), os.fstat(other)
    return (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino)


def read(block):
    """One message of the service; whether it says that it is ready, or None if there is none."""
    notify.setblocking(block)
    try:
        text, ancillary, _, _ = notify.recvmsg(4096, socket.CMSG_SPACE(64))
    except BlockingIOError:
        return None
    fds = array.array("i")
    for _, _, data in ancillary:
        fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    said = dict(line.split("=", 1) for line in text.decode().splitlines())
    name = said.get("FDNAME", "")
    if "FDSTORE" in said:
        for fd in fds:
            if any(same(fd, kept) for _, kept in store):
                os.close(fd)
            else:
                store.append((name, fd))
    if "FDSTOREREMOVE" in said:
        for known, fd in [entry for entry in store if entry[0] == name]:
            os.close(fd)
        store[:] = [entry for entry in store if entry[0] != name]
    return "READY" in said


def start():
    # Out of the way of 3 and following.
    high = [os.dup2(fd, 200 + n, inheritable=False) for n, (_, fd) in enumerate(store)]
    environment = {**os.environ, "NOTIFY_SOCKET": path, "LISTEN_FDS": str(len(high))}

    def arrange():
        for n, fd in enumerate(high):
            os.dup2(fd, 3 + n, inheritable=True)

    child = subprocess.Popen(command, env=environment, preexec_fn=arrange, close_fds=False)
    for fd in high:
        os.close(fd)
    while not read(True):
        pass
    print("supervisor: started", flush=True)
    return child


for line in sys.stdin:
    if line.strip() == "start":
        service = start()
    else:
        service.send_signal(signal.SIGTERM if line.strip() == "term" else signal.SIGKILL)
        service.wait()
        while read(False) is not None:
            pass
        print("supervisor: ended with", len(store), "kept", flush=True)
