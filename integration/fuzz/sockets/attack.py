"""A user who wants to do harm."""

import array
import collections
import contextlib
import os
import random
import socket
import struct
import time

from .calls import Calls

# So many connections are left hanging at once, in whatever state.
MOST_OPEN = 150


def attack(path, user, seed, end):
    """Until the end; returns what was done."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    os.nice(19)
    attacker = Attacker(path, random.Random(seed))
    while time.monotonic() < end:
        attacker.step()
    return " ".join(f"{name} {count}" for name, count in sorted(attacker.did.items()))


class Attacker:
    def __init__(self, path, dice):
        self.path = path
        self.dice = dice
        self.calls = Calls(dice)
        self.did = collections.Counter()
        self._open = []
        self._peer = None
        self._steps = [
            (self.random_bytes, 2), (self.mutated_calls, 8), (self.random_calls, 10), (self.descriptors, 5), (self.half, 8),
            (self.flood, 3), (self.leave_in_the_middle, 5), (self.never_read, 3), (self.lease, 8), (self.large, 2),
            (self.connect_often, 1), (self.later, 10),
        ]

    def step(self):
        steps, weights = zip(*self._steps)
        step = self.dice.choices(steps, weights)[0]
        try:
            step()
            self.did[step.__name__] += 1
        except OSError:
            # Refused, cut off, or full: that is what is wanted of it.
            self.did["cut"] += 1
        while len(self._open) > MOST_OPEN:
            self._open.pop(self.dice.randrange(len(self._open))).close()

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(0.3)
        connection.connect(self.path)
        return connection

    def keep(self, connection):
        connection.setblocking(False)
        self._open.append(connection)

    def read(self, connection):
        with contextlib.suppress(TimeoutError, BlockingIOError):
            connection.recv(1 << self.dice.randrange(4, 18))

    # What is done

    def random_bytes(self):
        with self.connect() as connection:
            connection.sendall(self.dice.randbytes(self.dice.randrange(1, 5_000)))
            self.read(connection)

    def mutated_calls(self):
        with self.connect() as connection:
            for _ in range(self.dice.randrange(1, 5)):
                connection.sendall(self.calls.mutated())
                self.read(connection)

    def random_calls(self):
        with self.connect() as connection:
            for _ in range(self.dice.randrange(1, 20)):
                connection.sendall(self.calls.call())
                if self.dice.random() < 0.7:
                    self.read(connection)

    def descriptors(self):
        """As many as there may be, of things whose end takes long."""
        connection = self.connect()
        if self.dice.random() < 0.6:
            connection.sendall(self.calls.call("Open", {"command": ["x"]}, more=True, oneway=False))
            self.read(connection)
        with contextlib.ExitStack() as own:
            count = self.dice.choice([1, 1, 2, 50, 253])
            kinds = [self.lingering, lambda own: os.dup(0), self.pipe, lambda own: os.pidfd_open(os.getpid())]
            self._peer = None
            first = self.dice.choice(kinds)(own)
            own.callback(os.close, first)
            rights = array.array("i", [first] * count)
            flags = socket.MSG_OOB if self.dice.random() < 0.2 else 0
            frame = self.calls.call(self.dice.choice(["Attach", "List"]), {}, oneway=True)
            try:
                connection.sendmsg([frame], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)], flags)
            except OSError:
                # Nobody else has it: the close would keep us waiting.
                if self._peer:
                    self._peer.close()
                raise
        self.read(connection)
        self.keep(connection)

    @staticmethod
    def pipe(own):
        reading, writing = os.pipe()
        own.callback(os.close, reading)
        return writing

    def lingering(self, own):
        """A TCP socket that close(2) waits for; its peer lives on for a while."""
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            sender = socket.socket()
            sender.connect(listener.getsockname())
            peer, _ = listener.accept()
        self._peer = peer
        self.keep(peer)
        sender.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                sender.send(b"x" * 65_536)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 15))
        return sender.detach()

    def half(self):
        connection = self.connect()
        connection.setblocking(False)
        frame = self.calls.large() if self.dice.random() < 0.1 else self.calls.call()
        with contextlib.suppress(BlockingIOError):
            connection.send(frame[: self.dice.randrange(1, len(frame))])
        self.keep(connection)

    def flood(self):
        with self.connect() as connection:
            frame = self.calls.call(self.dice.choice(["Events", "List", "Explain", "Describe", "Touch", "Active"]), oneway=True)
            if self.dice.random() < 0.3:
                frame = self.calls.call("Events", {}, oneway=False, more=False)
            for _ in range(20):
                connection.sendall(frame * self.dice.randrange(1, 200))

    def leave_in_the_middle(self):
        connection = self.connect()
        connection.sendall(self.calls.call() * self.dice.randrange(1, 10) + self.calls.call()[:-5])
        if self.dice.random() < 0.5:
            connection.shutdown(socket.SHUT_WR)
        connection.close()

    def never_read(self):
        connection = self.connect()
        follow = self.dice.random() < 0.7
        connection.sendall(self.calls.call("Events", {"follow": follow}, more=True, oneway=False))
        self.keep(connection)
        connection.send(b" " * 500_000)

    def lease(self):
        connection = self.connect()
        name = f"s{self.dice.randrange(100)}"
        connection.sendall(self.calls.call("Open", {"session": name, "command": ["x"]}, more=True, oneway=False))
        self.read(connection)
        for _ in range(self.dice.randrange(20)):
            method = self.dice.choice(["Started", "Active", "Turn", "Remember", "StartFailed", "Exited", "Attach"])
            connection.sendall(self.calls.call(method, oneway=True))
        self.keep(connection)

    def large(self):
        with self.connect() as connection:
            connection.sendall(self.calls.large())
            self.read(connection)

    def connect_often(self):
        for _ in range(self.dice.randrange(1, 300)):
            self.keep(self.connect())
            while len(self._open) > MOST_OPEN:
                self._open.pop(self.dice.randrange(len(self._open))).close()

    def later(self):
        """Something more on a connection that was left hanging."""
        if not self._open:
            return
        connection = self.dice.choice(self._open)
        with contextlib.suppress(BlockingIOError):
            if self.dice.random() < 0.5:
                connection.recv(1 << self.dice.randrange(4, 18))
            else:
                connection.send(self.calls.call())
