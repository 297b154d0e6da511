"""Frames that a controller should never see, and some that it should."""

import json
import random

METHODS = ("Open Reopen Started Attach StartFailed Exited Active Turn Remember List Show Explain Touch Pin Unpin Suspend "
           "End Kill Set SetToken Events Reload Describe").split()
MEMBERS = ("session life pid placement reason exitCode code signal source token settings command waitMilliseconds keepTree "
           "policy follow since interface turn sessions method").split()
WORDS = ["", "a", "b", "bystander", "../x", "cgroup.procs", "into", "attach", "acp", "cpu", "default", "MemoryMax=1M",
         "TermSec=1h", "CPUQuota=1%", "2026-01-31T12:00:00Z", "\n", "\x1b[2J", "\u202e", "é", "x" * 200]
NUMBERS = [0, 1, -1, 9, 127, 255, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1, 2**64, -2**63, 1e308, 0.5]


class Calls:
    def __init__(self, dice: random.Random):
        self.dice = dice

    def value(self, depth=0):
        dice = self.dice
        kind = dice.randrange(9 if depth < 4 else 6)
        if kind <= 1:
            return dice.choice(WORDS)
        if kind <= 3:
            return dice.choice(NUMBERS)
        if kind == 4:
            return dice.choice([None, True, False])
        if kind == 5:
            return "y" * dice.randrange(1 << dice.randrange(18))
        if kind == 6:
            return [self.value(depth + 1) for _ in range(dice.randrange(5))]
        return {dice.choice(MEMBERS): self.value(depth + 1) for _ in range(dice.randrange(5))}

    def call(self, method=None, parameters=None, **flags):
        dice = self.dice
        call = {"method": f"io.pinfold.{method or dice.choice(METHODS)}"}
        if dice.random() < 0.02:
            call["method"] = dice.choice(["org.varlink.service.GetInfo", "org.varlink.service.GetInterfaceDescription", "x"])
        call["parameters"] = self.likely() if parameters is None else parameters
        for flag, chance in (("oneway", 0.2), ("more", 0.5)):
            if dice.random() < chance:
                call[flag] = True
        call.update(flags)
        return json.dumps(call, ensure_ascii=dice.random() < 0.5).encode("utf-8", "surrogatepass") + b"\0"

    def likely(self):
        """Members that some call has, most of them with values that some call could have."""
        dice = self.dice
        fitting = {
            "session": lambda: dice.choice(["a", "b", "c", f"s{dice.randrange(100)}"]), "life": lambda: dice.randrange(4),
            "command": lambda: ["x"] * dice.randrange(3), "settings": lambda: [dice.choice(WORDS)][: dice.randrange(2)],
            "pid": lambda: dice.choice(NUMBERS), "placement": lambda: dice.choice(["into", "attach"]),
            "reason": lambda: dice.choice(WORDS) * dice.randrange(1 << dice.randrange(12)),
            "exitCode": lambda: dice.choice(NUMBERS), "token": lambda: "t" * dice.randrange(1 << dice.randrange(18)),
            "source": lambda: dice.choice(["acp", "stdin", "cpu", "touch"]), "waitMilliseconds": lambda: dice.choice(NUMBERS),
            "follow": lambda: dice.random() < 0.5, "code": lambda: dice.randrange(300), "signal": lambda: dice.randrange(70),
        }
        chosen = dice.sample(sorted(fitting), dice.randrange(1, 6))
        return {name: fitting[name]() if dice.random() < 0.9 else self.value() for name in chosen}

    def mutated(self):
        frame = bytearray(self.call())
        for _ in range(self.dice.randrange(1, 5)):
            at = self.dice.randrange(len(frame))
            match self.dice.randrange(4):
                case 0:
                    frame[at] = self.dice.randrange(256)
                case 1:
                    del frame[at : at + self.dice.randrange(1, 20)]
                case 2:
                    frame[at:at] = frame[at : at + self.dice.randrange(1, 200)] * self.dice.randrange(1, 4)
                case _:
                    frame[at:at] = self.dice.choice([b"\0", b"\xff", b"{", b"[", b'"', b"\\u", b"1e999"])
            if not frame:
                frame = bytearray(b"\0")
        return bytes(frame) + b"\0"

    def large(self):
        """Up to the limit of one call and somewhat over it, of what takes most memory or most time to read."""
        size = self.dice.randrange(1 << 16, 2_200_000)
        unit, end = self.dice.choice([(b"0,", b"0]"), (b"[],", b"0]"), (b"{},", b"0]"), (b'"",', b"0]"), (b"[", b""), (b'"\\u001b",', b"0]")])
        if self.dice.random() < 0.2:
            return b'{"method":"io.pinfold.Remember","parameters":{"token":"' + b"\\u0001" * (size // 6) + b'"}}\0'
        if self.dice.random() < 0.2:
            keys = b",".join(b'"%d":0' % number for number in range(size // 12))
            return b'{"method":"io.pinfold.List","parameters":{' + keys + b"}}\0"
        return b'{"method":"io.pinfold.Open","parameters":{"command":[' + unit * (size // len(unit)) + end + b"}}\0"
