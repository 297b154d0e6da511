"""The grandchild: what a session leaves behind when only its agent is killed."""

import mmap
import os
import signal


def leave_behind(megabytes, keeps_pipes):
    """Forks twice, into a session of its own, and returns when the grandchild holds its memory."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        os.waitpid(child, 0)
        os.read(reading, 1)
        os.close(reading)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    _hold(megabytes, writing, keeps_pipes)


def _hold(megabytes, ready, keeps_pipes):
    if not keeps_pipes:
        null = os.open("/dev/null", os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
    for name in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(name, signal.SIG_IGN)
    memory = mmap.mmap(-1, max(megabytes, 1) << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for page in range(0, megabytes << 20, mmap.PAGESIZE):
        memory[page] = 1
    os.write(ready, b".")
    os.close(ready)
    while True:
        signal.pause()
