"""The agent's options and its loop."""

import argparse
import os
import select
import signal
import sys

from . import misbehaviour, turns
from .agent import Agent
from .misbehaviour import Misbehaviour
from .offspring import leave_behind
from .store import Store
from .wire import Wire


def main():
    options = _options()
    store = Store(options.store)
    wire = Wire(options.log, store.life)
    bad = Misbehaviour(options.misbehave).of_life(store.life)
    waking, signals = _signals(bad)
    if options.memory or "keep-pipes" in bad:
        leave_behind(options.memory, "keep-pipes" in bad)
    wire.note("born")
    agent = Agent(options, store, wire, bad)
    poll = select.poll()
    poll.register(0, select.POLLIN)
    poll.register(waking, select.POLLIN)
    while True:
        ready = [descriptor for descriptor, _ in poll.poll()]
        if waking in ready:
            os.read(waking, 64)
            if signals.pop("term", None):
                wire.note("terminated")
                agent.leave(143)
        if 0 in ready:
            lines = wire.take()
            if lines is None:
                wire.note("ended")
                poll.unregister(0)
                if "ignore-eof" not in bad:
                    agent.leave(9 if "status-9" in bad else 0)
            for line in lines or ():
                agent.receive(line)


def _signals(bad):
    """A descriptor that wakes the loop on SIGTERM, and what came."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    came = {}

    def note(*_):
        came["term"] = True

    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if "ignore-term" in bad else note)
    return reading, came


def _options():
    ways = "\n".join(f"  {name:<22}{what}" for name, what in misbehaviour.NAMES.items())
    when = "in all lives, or with @2 in the second, @2- from then on"
    parser = argparse.ArgumentParser(
        prog="agent",
        description="An ACP agent for tests. It does what it is prompted to, and misbehaves as it is told to.",
        epilog=f"prompts:\n{turns.HELP}\nmisbehaviours, {when}:\n{ways}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--store", required=True, metavar="DIR", help="where it keeps its conversations")
    parser.add_argument("--version", type=int, default=1, choices=(1, 2), help="of the protocol")
    parser.add_argument(
        "--memory", type=int, default=0, metavar="MIB", help="held by a grandchild with a session of its own"
    )
    parser.add_argument("--log", metavar="FILE", help="gets each line that comes in, with life and process")
    parser.add_argument("--auth", action="store_true", help="refuse session/* with -32000 until authenticated")
    for name in ("load", "resume", "close", "list"):
        parser.add_argument(f"--no-{name}", dest=name, action="store_false", help=f"do not advertise session/{name}")
    parser.add_argument(
        "--misbehave", action="append", default=[], metavar="NAME[@LIFE]", help="see below; may be repeated"
    )
    return parser.parse_args(sys.argv[1:])
