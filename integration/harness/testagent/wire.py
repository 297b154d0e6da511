"""Lines in, lines out, and the log of what came in."""

import json
import os
import select


def compact(message):
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode()


class Wire:
    def __init__(self, log, life):
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600) if log else None
        self._life = life
        self._buffer = bytearray()
        self._searched = 0

    # Incoming

    def take(self):
        """Reads once; returns the whole lines that are there now, or nothing at the end."""
        chunk = os.read(0, 1 << 20)
        if not chunk:
            if self._buffer:
                self.note("half", line=self._buffer.decode("utf-8", "surrogateescape"))
            return None
        self._buffer += chunk
        lines = []
        while True:
            end = self._buffer.find(b"\n", self._searched)
            if end < 0:
                self._searched = len(self._buffer)
                return lines
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._searched = 0
            self.note("received", line=line.decode("utf-8", "surrogateescape"))
            lines.append(line)

    # Outgoing

    def write(self, data):
        view = memoryview(data)
        while view:
            view = view[os.write(1, view) :]

    def send(self, message):
        self.write(compact({"jsonrpc": "2.0", **message}) + b"\n")

    def flood(self, count, line):
        """Writes `count` lines and notes after how many bytes nobody read any more."""
        os.set_blocking(1, False)
        poll = select.poll()
        poll.register(1, select.POLLOUT)
        written, is_blocked = 0, False
        for _ in range(count):
            view = memoryview(line)
            while view:
                if not is_blocked and not poll.poll(1_000):
                    is_blocked = True
                    self.say(f"blocked after {written} bytes")
                try:
                    taken = os.write(1, view)
                    written += taken
                    view = view[taken:]
                except BlockingIOError:
                    poll.poll(1_000 if not is_blocked else None)
        os.set_blocking(1, True)

    # The log, and words for the test on standard error

    def note(self, event, **facts):
        if self._log is not None:
            entry = {"life": self._life, "pid": os.getpid(), "event": event, **facts}
            os.write(self._log, json.dumps(entry).encode() + b"\n")

    def say(self, words):
        os.write(2, f"agent.{self._life}: {words}\n".encode())
