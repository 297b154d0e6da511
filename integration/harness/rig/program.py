"""A program of a test, with its three streams in the test's own hand."""

import collections
import errno
import os
import select
import signal
import subprocess
import time

from .failures import Failed
from .machine import PATIENCE


class Program:
    def __init__(self, words, environment=None, stdin=True):
        self.words = words
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            env=environment,
        )
        self.pid = self._process.pid
        self._pidfd = os.pidfd_open(self.pid)
        self._in = self._process.stdin.fileno() if stdin else None
        self._open = {self._process.stdout.fileno(): bytearray(), self._process.stderr.fileno(): bytearray()}
        self._out = self._process.stdout.fileno()
        self._err = self._process.stderr.fileno()
        self.output = self._open[self._out]
        self.errors = self._open[self._err]
        self._outgoing = collections.deque()
        self._closes_input = False
        self._seen_errors = 0
        self.reads = True
        for descriptor in filter(lambda one: one is not None, (self._in, self._out, self._err)):
            os.set_blocking(descriptor, False)

    # Moving bytes

    def step(self, deadline):
        """Waits for one thing to happen, and deals with it."""
        poll = select.poll()
        for descriptor in self._open:
            if self.reads or descriptor != self._out:
                poll.register(descriptor, select.POLLIN)
        if self._in is not None and self._outgoing:
            poll.register(self._in, select.POLLOUT)
        if self._process.returncode is None:
            poll.register(self._pidfd, select.POLLIN)
        remaining = deadline - time.monotonic()
        ready = poll.poll(max(0, remaining) * 1_000)
        if not ready and remaining <= 0:
            return False
        for descriptor, _ in ready:
            if descriptor == self._in:
                self._write()
            elif descriptor == self._pidfd:
                self._process.wait()
            elif descriptor in self._open:
                self._read(descriptor)
        return True

    def _read(self, descriptor):
        try:
            chunk = os.read(descriptor, 1 << 20)
        except BlockingIOError:
            return
        buffer = self._open[descriptor]
        if not chunk:
            del self._open[descriptor]
        buffer += chunk
        if descriptor == self._out:
            self.received()

    def received(self):
        """New bytes are in `output`."""

    def _write(self):
        while self._outgoing:
            data = self._outgoing[0]
            try:
                taken = os.write(self._in, data[: 1 << 20])
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.EPIPE:
                    raise
                self._outgoing.clear()
                return
            if taken == len(data):
                self._outgoing.popleft()
            else:
                self._outgoing[0] = data[taken:]
        if self._closes_input:
            self._shut_input()

    def write(self, data):
        """Takes bytes to be written; they go out at once as far as they can, the rest while something is waited for."""
        if self._in is None:
            raise Failed("its input is closed")
        self._outgoing.append(memoryview(bytes(data)))
        self._write()

    @property
    def unwritten(self):
        return sum(map(len, self._outgoing))

    def close_input(self):
        self._closes_input = True
        if not self._outgoing:
            self._shut_input()

    def _shut_input(self):
        if self._in is not None:
            self._process.stdin.close()
            self._in = None

    def vanish(self):
        """Closes its input and its output, as the death of its user does."""
        self._outgoing.clear()
        self._shut_input()
        if self._open.pop(self._out, None) is not None:
            self._process.stdout.close()

    # Waiting

    def wait_until(self, condition, what, patience=None):
        deadline = time.monotonic() + (patience or PATIENCE)
        while True:
            found = condition()
            if found:
                return found
            if not self._open and self._process.returncode is not None:
                raise Failed(f"it left with {self.status} before {what}")
            if not self.step(deadline):
                raise Failed(f"there was no {what} in {patience or PATIENCE:g} s")

    def await_error(self, words):
        """Waits for a line on standard error behind the last one that was waited for; returns it."""

        def find():
            start = self.errors.find(words.encode(), self._seen_errors)
            end = self.errors.find(b"\n", start)
            if start < 0 or end < 0:
                return None
            self._seen_errors = end + 1
            return bytes(self.errors[self.errors.rfind(b"\n", 0, start) + 1 : end]).decode("utf-8", "replace")

        return self.wait_until(find, f"'{words}' on standard error")

    def await_no_progress(self):
        """Writes until nobody has taken anything for a second; all of it may not be taken."""
        deadline = time.monotonic() + PATIENCE
        left = None
        while self.unwritten != left:
            left = self.unwritten
            if not left:
                raise Failed("all that was to be written was taken")
            if time.monotonic() > deadline:
                raise Failed(f"it goes on reading: {left} bytes are left")
            until = time.monotonic() + 1
            while self.step(until):
                pass

    @property
    def status(self):
        """As a shell has it; nothing while it runs."""
        code = self._process.returncode
        return code if code is None or code >= 0 else 128 - code

    def wait(self, patience=None):
        """Waits for its end; returns its status. What it left on its streams is read first."""
        self.reads = True
        self.wait_until(lambda: self._process.returncode is not None, "end of it", patience)
        deadline = time.monotonic() + 1
        while self._open and self.step(deadline):
            pass
        return self.status

    def send_signal(self, number):
        signal.pidfd_send_signal(self._pidfd, number)

    def kill(self):
        if self._process.poll() is None:
            self.send_signal(signal.SIGKILL)
            self._process.wait()

    def close(self):
        self.kill()
        self._shut_input()
        self._process.stdout.close()
        self._process.stderr.close()
        os.close(self._pidfd)
        self._open = {}

    # Facts

    def memory(self):
        """Resident memory of its own, bytes."""
        with open(f"/proc/{self.pid}/status", encoding="utf-8") as status:
            sizes = {line.split(":")[0]: line.split()[1] for line in status if line.startswith("Rss")}
        return int(sizes["RssAnon"]) << 10
