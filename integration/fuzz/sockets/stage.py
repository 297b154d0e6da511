"""A controller to be attacked, and the processes that do it."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import traceback

from rig import machine
from rig.cgroups import Cgroup


def program():
    return os.environ.get("PINFOLD") or os.path.join(machine.ROOT, ".build", "release", "pinfold")


class Controller:
    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="pinfold-f-")
        os.chmod(self.folder, 0o711)
        self.socket = os.path.join(self.folder, "socket")
        self.slice = Cgroup.make(f"pinfold-fuzz-{os.getpid()}-{time.monotonic_ns()}")
        policies = os.path.join(self.folder, "policies")
        os.mkdir(policies)
        with open(os.path.join(policies, "pool.policy"), "w", encoding="ascii") as file:
            enforcement = "" if "memory" in machine.controllers() else "Enforcement=best\n"
            file.write(f"[Pool]\n{enforcement}MaxSessions=50\n")
        self.errors = os.path.join(self.folder, "errors")
        words = [program(), "serve", "--slice", self.slice.path, "--policies", policies]
        words += ["--state", os.path.join(self.folder, "state"), "--socket", self.socket]
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=errors)
        while not os.path.exists(self.socket) or b"ready" not in self.said():
            if self.process.poll() is not None:
                raise SystemExit(f"the controller does not start: {self.said().decode('utf-8', 'replace')}")
            time.sleep(0.01)
        return self

    def said(self):
        with open(self.errors, "rb") as errors:
            return errors.read()

    def memory(self):
        """Bytes of it that are in memory."""
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def has_ended(self):
        return self.process.poll() is not None

    def leave(self):
        """What is wrong with its end."""
        if self.has_ended():
            tail = self.said()[-2_000:].decode("utf-8", "replace")
            return [f"the controller ended with {self.process.returncode}:\n{tail}"]
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            return ["the controller does not leave within 20 s of SIGTERM"]
        return [f"the controller left with {status}"] if status != 0 else []

    def __exit__(self, *_):
        if not self.has_ended():
            self.process.kill()
            self.process.wait()
        self.slice.remove()
        shutil.rmtree(self.folder, ignore_errors=True)


class Children:
    """Processes of this program; each writes one line when it is done."""

    def __enter__(self):
        self._children = []
        return self

    def start(self, body, *arguments):
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            status = 1
            try:
                os.write(writing, body(*arguments).encode())
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        os.close(writing)
        self._children.append((pid, reading))

    def finish(self):
        """The line of each."""
        lines = []
        for pid, reading in self._children:
            with open(reading, encoding="utf-8") as file:
                lines.append(file.read() or "failed by itself")
            os.waitpid(pid, 0)
        self._children = []
        return lines

    def __exit__(self, *_):
        for pid, reading in self._children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(reading)
