"""An end that stops reading makes nobody grow: what it does not take stays with who sends it."""

import json
import re

from rig.failures import expect, expect_equal
from rig.registry import scenario

KIBIBYTE = 1 << 10
MEBIBYTE = 1 << 20
# Two pipes, the relay's buffers, and some room for both: far below what is sent.
MOST_ON_THE_WAY = 2 * MEBIBYTE
LINES, SIZE = 500, 32 * KIBIBYTE
LINE = json.dumps({"jsonrpc": "2.0", "method": "_test/notice", "params": "x" * SIZE}).encode() + b"\n"


def _write_until_it_is_stopped(talk, lines):
    """Says more than anybody takes; what is left is said while something else is waited for."""
    for _ in range(lines):
        talk.write(LINE)
    talk.await_no_progress()


@scenario
def client_that_stops_reading_stops_the_agent_and_the_launcher_does_not_grow(world):
    talk = world.talk()
    talk.prompt("say warm")
    before = talk.memory()
    talk.reads = False
    turn = talk.start_turn(f"flood {LINES} {SIZE}")
    blocked = talk.await_error("blocked after")
    grown = talk.memory() - before
    written = int(re.search(r"after (\d+) bytes", blocked)[1])
    expect(written <= MOST_ON_THE_WAY, f"the agent wrote {written} bytes before it had to wait")
    expect(grown <= MOST_ON_THE_WAY, f"the launcher grew by {grown} bytes")
    talk.reads = True
    said, reason = talk.end_turn(turn)
    expect_equal((len(said), reason), (LINES * SIZE, "end_turn"))


@scenario
def agent_that_stops_reading_stops_the_client_and_the_launcher_does_not_grow(world):
    talk = world.talk()
    talk.prompt("deaf")
    talk.await_error("at the gate")
    before = talk.memory()
    _write_until_it_is_stopped(talk, LINES)
    grown = talk.memory() - before
    sent = LINES * len(LINE) - talk.unwritten
    expect(sent <= MOST_ON_THE_WAY, f"the client could write {sent} bytes")
    expect(grown <= MOST_ON_THE_WAY, f"the launcher grew by {grown} bytes")
    world.open_gate()
    expect_equal(talk.prompt("say on"), "on")
    expect_equal(len(talk.log.requests("_test/notice")), LINES, "the number of notifications that arrived")


@scenario
def client_that_says_much_while_its_agent_comes_back_is_stopped_too(world):
    talk = world.talk("--misbehave", "gate-on-load@2", relay=("--line-cap", "1M"))
    world.suspend()
    turn = talk.start_turn("say first")
    talk.await_error("at the gate")
    before = talk.memory()
    _write_until_it_is_stopped(talk, LINES)
    grown = talk.memory() - before
    # Held lines are kept in memory, whatever that takes of it for each; but not all that comes.
    expect(talk.unwritten > LINES * len(LINE) // 2, f"the client wrote all but {talk.unwritten} bytes")
    expect(grown < LINES * len(LINE), f"the launcher grew by {grown} bytes")
    world.open_gate()
    talk.end_turn(turn)
    expect_equal(talk.prompt("say on"), "on")
    expect_equal(len(talk.log.requests("_test/notice")), LINES, "the number of notifications that arrived")


@scenario
def eviction_of_an_agent_whose_client_does_not_read_does_not_hang(world):
    talk = world.talk("--misbehave", "deaf-to-cancel")
    talk.reads = False
    turn = talk.start_turn(f"flood {LINES} {SIZE}")
    talk.await_error("blocked after")
    world.suspend()
    expect_equal(world.state(), "suspended")
    talk.reads = True
    talk.response(turn.id)
    expect_equal(talk.prompt("say back"), "back")


@scenario
def eviction_of_an_agent_that_does_not_read_does_not_hang(world):
    talk = world.talk("--misbehave", "ignore-eof@1")
    talk.prompt("deaf")
    talk.await_error("at the gate")
    _write_until_it_is_stopped(talk, LINES // 10)
    world.suspend()
    expect_equal(talk.prompt("say back"), "back")
    arrived = len(talk.log.requests("_test/notice"))
    expect(arrived <= LINES // 10, f"{arrived} notifications arrived, of {LINES // 10}")


@scenario
def launcher_gives_back_the_memory_of_a_large_message(world):
    talk = world.talk()
    talk.prompt("say warm")
    before = talk.memory()
    large = "x" * (50 * MEBIBYTE)
    expect_equal(talk.call("_test/echo", {"text": large}), {"text": large})
    expect_equal(talk.prompt("say after"), "after")
    kept = talk.memory() - before
    expect(kept <= 8 * MEBIBYTE, f"the launcher kept {kept} bytes")
