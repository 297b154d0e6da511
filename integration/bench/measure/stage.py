"""A slice and a controller of one's own, for as long as it is measured."""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from .programs import pinfold

PATIENCE = 600


def cgroup_mount():
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        for line in mounts:
            before, _, after = line.partition(" - ")
            if after.split()[0] == "cgroup2":
                return before.split()[4]
    raise SystemExit("cgroup2 is not mounted")


def has_memory_controller():
    with open(f"{cgroup_mount()}/cgroup.controllers", encoding="ascii") as file:
        return "memory" in file.read().split()


class Stage:
    def __init__(self, pool="", session=""):
        # Whoever ends the measurement also wants it cleared away.
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _leave)
        self._stack = contextlib.ExitStack()
        self.pinfold = pinfold()
        self.folder = tempfile.mkdtemp(prefix="pinfold-b-")
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.slice = f"{cgroup_mount()}/pinfold-bench-{os.getpid()}-{time.monotonic_ns()}"
        os.mkdir(self.slice)
        self._stack.callback(self._remove_slice)
        self.socket = self.path("socket")
        self.environment = {**os.environ, "PINFOLD_SOCKET": self.socket}
        self._controller = None
        os.mkdir(self.path("policies"))
        self._write_pool(pool)
        self._write("policies/default.policy", f"[Session]\n{session}\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill_controller()
        self._stack.close()

    def path(self, name):
        return os.path.join(self.folder, name)

    def _write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def _write_pool(self, pool):
        enforcement = "" if has_memory_controller() else "Enforcement=best\n"
        self._write("policies/pool.policy", f"[Pool]\n{enforcement}{pool}\n")

    def set_pool(self, pool):
        """Another policy for the pool, from now on."""
        self._write_pool(pool)
        self.call("Reload")

    # The controller

    def begin_serving(self):
        """Starts the controller, and does not wait until it serves."""
        words = [self.pinfold, "serve", "--slice", self.slice, "--policies", self.path("policies")]
        words += ["--state", self.path("state"), "--socket", self.socket]
        with open(self.path("log"), "ab") as log:
            self._controller = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=log, env=self.environment)
        self._stack.callback(self.kill_controller)

    def serve(self):
        self.begin_serving()
        self.until(self.is_serving, "the controller")
        return self

    def is_serving(self):
        if self._controller.poll() is not None:
            raise SystemExit(f"the controller left:\n{self.log}")
        try:
            self.connect().close()
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    @property
    def log(self):
        with open(self.path("log"), encoding="utf-8") as file:
            return file.read()

    @property
    def controller(self):
        """Its process number."""
        return self._controller.pid

    def kill_controller(self):
        """SIGKILL; gone when this returns."""
        if self._controller:
            self._controller.kill()
            self._controller.wait()
            self._controller = None

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(self.socket)
        except OSError:
            connection.close()
            raise
        return connection

    @staticmethod
    def message(method, **parameters):
        return json.dumps({"method": f"io.pinfold.{method}", "parameters": parameters})

    def call(self, method, **parameters):
        """A call and its answer, without a process for it."""
        with self.connect() as connection:
            connection.sendall(self.message(method, **parameters).encode() + b"\0")
            answer = bytearray()
            while not answer.endswith(b"\0"):
                chunk = connection.recv(1 << 20)
                if not chunk:
                    raise ConnectionResetError("the controller hung up")
                answer += chunk
        answer = json.loads(answer[:-1])
        if "error" in answer:
            raise SystemExit(f"{method}: {answer}")
        return answer["parameters"]

    def session(self, name):
        return self.call("Show", session=name)["session"]

    # Programs

    def start(self, *words, **options):
        """A program that ends with the measurement, if not before."""
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "env": self.environment, **options}
        process = subprocess.Popen(words, **options)
        self._stack.callback(_end, process)
        return process

    def run(self, *words, check=True):
        """A program's output."""
        return subprocess.run(words, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=check).stdout

    @staticmethod
    def until(condition, what, pause=0.002):
        deadline = time.monotonic() + PATIENCE
        while True:
            found = condition()
            if found:
                return found
            if time.monotonic() > deadline:
                raise SystemExit(f"waited in vain for {what}")
            time.sleep(pause)

    # The end

    def _remove_slice(self):
        kill_and_remove(self.slice)


def kill_and_remove(path):
    """A cgroup with all below it."""
    if not os.path.isdir(path):
        return
    with open(f"{path}/cgroup.kill", "w", encoding="ascii") as file:
        file.write("1")
    with open(f"{path}/cgroup.events", "rb", buffering=0) as events:
        poll = select.poll()
        poll.register(events, select.POLLPRI)
        while b"populated 0" not in os.pread(events.fileno(), 4_096, 0):
            poll.poll(1_000)
    for folder, _, _ in os.walk(path, topdown=False):
        os.rmdir(folder)


def memory_of(pid):
    """What a process has of its own, and its proportional share of all it uses; bytes."""
    sizes = {}
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for line in file.read().splitlines()[1:]:
            name, size = line.split(":")
            sizes[name] = int(size.split()[0]) << 10
    return sizes["Private_Clean"] + sizes["Private_Dirty"], sizes["Pss"]


def _end(process):
    if process.poll() is None:
        process.kill()
    process.wait()


def _leave(number, _):
    raise SystemExit(128 + number)
