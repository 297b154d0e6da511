"""What this machine offers."""

import functools
import os
import sys

HERE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
ROOT = os.path.dirname(os.path.dirname(HERE))

# Where a wait gives up. Generous: the same tests run on an emulated machine.
PATIENCE = float(os.environ.get("PINFOLD_PATIENCE", "60"))

AGENT = [sys.executable, "-S", os.path.join(HERE, "agent")]


def pinfold():
    return os.environ.get("PINFOLD") or os.path.join(ROOT, ".build", "debug", "pinfold")


@functools.cache
def cgroup_mount():
    """Where cgroup2 is mounted, or nothing."""
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        for line in mounts:
            before, _, after = line.partition(" - ")
            if after.split()[0] == "cgroup2":
                return before.split()[4]
    return None


@functools.cache
def controllers():
    with open(os.path.join(cgroup_mount(), "cgroup.controllers"), encoding="utf-8") as file:
        return file.read().split()


def why_not():
    """Why the tests with a controller cannot run here; nothing where they can."""
    if os.geteuid() != 0:
        return "making a slice needs root"
    if cgroup_mount() is None:
        return "cgroup2 is not mounted"
    probe = os.path.join(cgroup_mount(), f"pinfold-harness-probe-{os.getpid()}")
    try:
        os.mkdir(probe)
        os.rmdir(probe)
    except OSError as error:
        return f"cgroups cannot be made: {error}"
    return None
