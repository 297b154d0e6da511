"""Cgroups of a test, by their directories."""

import os
import select

from . import machine
from .failures import Failed


class Cgroup:
    def __init__(self, path):
        self.path = path

    @classmethod
    def make(cls, name):
        """A new one at the top of the tree, with the controllers that the machine has."""
        root = machine.cgroup_mount()
        wanted = [f"+{one}" for one in ("memory", "pids", "cpu") if one in machine.controllers()]
        for one in wanted:
            with open(os.path.join(root, "cgroup.subtree_control"), "w", encoding="ascii") as file:
                file.write(one)
        path = os.path.join(root, name)
        os.mkdir(path)
        return cls(path)

    def child(self, name):
        return Cgroup(os.path.join(self.path, name))

    def children(self):
        try:
            return sorted(entry.name for entry in os.scandir(self.path) if entry.is_dir())
        except FileNotFoundError:
            return []

    def remove(self):
        """Kills what is in it, waits until it is empty, and removes it with all below it."""
        with open(os.path.join(self.path, "cgroup.kill"), "w", encoding="ascii") as file:
            file.write("1")
        self._wait_until_empty()
        for folder, _, _ in os.walk(self.path, topdown=False):
            os.rmdir(folder)

    def _wait_until_empty(self):
        with open(os.path.join(self.path, "cgroup.events"), "rb", buffering=0) as events:
            poll = select.poll()
            poll.register(events, select.POLLPRI)
            while b"populated 0" not in os.pread(events.fileno(), 4_096, 0):
                if not poll.poll(machine.PATIENCE * 1_000):
                    raise Failed(f"{self.path} has processes after it was killed")
