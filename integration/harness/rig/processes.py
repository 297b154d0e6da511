"""Processes of a test, wherever they went."""

import contextlib
import os
import select
import signal

from .machine import PATIENCE


def kill(pid):
    """Kills any process and waits until it is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    wait_for_end(pid)


def wait_for_end(pid):
    with contextlib.suppress(ProcessLookupError):
        pidfd = os.pidfd_open(pid)
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        poll.poll(PATIENCE * 1_000)
        os.close(pidfd)


def marked_processes(marker):
    """All processes whose environment carries a test's marker."""
    needle = f"PINFOLD_HARNESS={marker}".encode()
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/environ", "rb") as file:
                if needle not in file.read().split(b"\0"):
                    continue
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                found.append((int(entry), file.read().replace(b"\0", b" ").decode("utf-8", "replace")))
        except OSError:
            continue
    return found
