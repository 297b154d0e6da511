"""The user who only wants to be served, and what that user sees."""

import json
import os
import socket
import struct
import subprocess
import threading
import time

from .stage import program


class Bystander:
    """Holds a session and calls the controller, on one connection and on a new one each time."""

    def __init__(self, controller, user):
        self.controller = controller
        self._user = user
        self.calls = []
        self._echoes = []
        self._memory = []
        self._wrong = []
        words = [program(), "run", "-s", "bystander", "--", "sleep", "1000000"]
        environment = {**os.environ, "PINFOLD_SOCKET": controller.socket}
        self._session = subprocess.Popen(words, user=user, env=environment, stdin=subprocess.DEVNULL)
        while self._state(self._ask(self._connect(), "Show", {"session": "bystander"})) not in ("busy", "idle"):
            if self._session.poll() is not None:
                raise SystemExit("there is no session for the bystander")
            time.sleep(0.01)

    def _connect(self):
        """As that user: who connects is what counts."""
        os.seteuid(self._user)
        try:
            connection = socket.socket(socket.AF_UNIX)
            # Blocking, as a launcher's: one that is not is refused at once where many others wait to be accepted.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@qq", 10, 0))
            connection.connect(self.controller.socket)
            connection.settimeout(10)
            return connection
        finally:
            os.seteuid(0)

    @staticmethod
    def _send(connection, method, parameters, **flags):
        call = {"method": f"io.pinfold.{method}", "parameters": parameters, **flags}
        connection.sendall(json.dumps(call).encode() + b"\0")

    def _ask(self, connection, method, parameters):
        try:
            self._send(connection, method, parameters)
        except BrokenPipeError as error:
            # A refusal stands before the end.
            raise OSError(f"the controller hung up, and said {connection.recv(1 << 16)!r}") from error
        reply = bytearray()
        while not reply.endswith(b"\0"):
            piece = connection.recv(1 << 16)
            if not piece:
                raise OSError("the controller hung up")
            reply += piece
        return json.loads(reply[:-1])

    def watch(self, end):
        sampler = threading.Thread(target=self._sample_memory, args=(end,))
        echo = _Echo(end, self._echoes)
        sampler.start()
        kept = self._connect()
        turn = 0
        while time.monotonic() < end and not self.controller.has_ended():
            turn += 1
            try:
                self._call(kept if turn % 2 else None)
            except (OSError, ValueError) as error:
                self._wrong.append(f"a call of the bystander failed: {error!r}")
                break
            time.sleep(0.003)
        sampler.join()
        echo.finish()
        self._session.terminate()
        self._session.wait()

    def _call(self, connection):
        before = self._delays()
        start = time.monotonic()
        asked = connection or self._connect()
        reply = self._ask(asked, "Show", {"session": "bystander"})
        took = time.monotonic() - start
        delay = sum(self._delays()) - sum(before)
        if connection is None:
            asked.close()
        self.calls.append((start, took, delay))
        if self._state(reply) not in ("busy", "idle"):
            self._wrong.append(f"the bystander's session is lost: {json.dumps(reply)[:500]}")

    @staticmethod
    def _state(reply):
        return None if "error" in reply else reply["parameters"]["session"]["state"]

    def _delays(self):
        """Seconds that the controller and this process could have run and were not let."""
        for pid in (self.controller.process.pid, os.getpid()):
            with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
                yield int(file.read().split()[1]) / 1e9

    def _sample_memory(self, end):
        while time.monotonic() < end and not self.controller.has_ended():
            try:
                self._memory.append(self.controller.memory())
            except OSError:
                return
            time.sleep(0.02)

    def _own_time(self, call):
        start, took, delay = call
        left = took - delay
        if left > 0.02:
            overlapping = [echo for began, echo in self._echoes if began <= start + took and began + echo >= start]
            left -= max(overlapping, default=0)
        return left

    def failures(self, most_time, most_memory):
        slow = [one for one in self.calls if self._own_time(one) > most_time]
        if slow:
            worst = max(slow, key=self._own_time)
            self._wrong.append(
                f"{len(slow)} calls took over {most_time * 1e3:.0f} ms; the worst {self._own_time(worst) * 1e3:.0f} ms, "
                f"with waiting for a CPU {worst[1] * 1e3:.0f} ms"
            )
        if self._memory and max(self._memory) > most_memory:
            self._wrong.append(f"the controller took {max(self._memory) / 1e6:.1f} MB")
        if not self.calls:
            self._wrong.append("the bystander was never answered")
        return list(dict.fromkeys(self._wrong))

    def figures(self):
        if not self.calls or not self._memory:
            return []
        took = sorted(one[1] for one in self.calls)
        own = sorted(self._own_time(one) for one in self.calls)
        echoes = sorted(echo for _, echo in self._echoes) or [0]

        def words(values):
            return " ".join(f"{name} {values[min(int(len(values) * part), len(values) - 1)] * 1e3:.2f} ms" for name, part in
                            (("median", 0.5), ("p99", 0.99), ("worst", 1)))

        return [
            f"{len(took)} calls: {words(took)}",
            f"without waiting for a CPU: {words(own)}",
            f"echo: {words(echoes)}",
            f"memory of the controller: most {max(self._memory) / 1e6:.1f} MB, at the end {self._memory[-1] / 1e6:.1f} MB",
        ]


class _Echo:
    """A process that sends back what it gets, and a thread that asks it: what the machine itself makes wait."""

    def __init__(self, end, echoes):
        self._near, far = socket.socketpair()
        self._pid = os.fork()
        if self._pid == 0:
            self._near.close()
            while piece := far.recv(64):
                far.sendall(piece)
            os._exit(0)
        far.close()
        self._thread = threading.Thread(target=self._ask, args=(end, echoes))
        self._thread.start()

    def _ask(self, end, echoes):
        while time.monotonic() < end:
            start = time.monotonic()
            self._near.sendall(b"x")
            self._near.recv(64)
            echoes.append((start, time.monotonic() - start))
            time.sleep(0.002)

    def finish(self):
        self._thread.join()
        self._near.close()
        os.waitpid(self._pid, 0)
