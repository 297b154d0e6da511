"""Agents that share a pool: who gives way, who does not, and what counts as use."""

import json

from rig.failures import expect, expect_equal
from rig.registry import scenario
from rig.talk import of_failure

CANCELLED = -32800
QUICK = "IdleAfterSec=200ms"
ALLOW = {"outcome": {"outcome": "selected", "optionId": "allow"}}


def _hold(talk):
    turn = talk.start_turn("hold")
    talk.await_error("holding")
    return turn


@scenario(pool="MaxSessions=3", policy=QUICK)
def fourth_agent_takes_the_place_of_the_one_unused_longest_and_not_of_a_busy_one(world):
    events = world.follow()
    busy = world.talk(name="busy")
    turn = _hold(busy)
    second, third = world.talk(name="second"), world.talk(name="third")
    second.prompt("remember oak")
    third.prompt("remember elm")
    second.prompt("say used again")
    for name in ("second", "third"):
        events.wait_for("idle", name)
    while world.state("second") != "idle":
        events.wait_for("idle", "second")
    world.talk(name="fourth").prompt("say in")
    expect_equal(world.state("third"), "suspended")
    expect_equal(world.session("third")["cause"]["kind"], "pool_full")
    expect_equal([world.state("busy"), world.state("second")], ["busy", "idle"])
    # It comes back by taking a place itself, with the conversation it had.
    events.wait_for("idle", "fourth")
    expect_equal(third.prompt("word?"), "elm")
    expect_equal(third.log.messages(2)[1]["params"]["sessionId"], third.session)
    busy.cancel()
    expect_equal(busy.end_turn(turn)[1], "cancelled")
    expect_equal(busy.log.lives, 1, "the lives of the busy one")


@scenario(pool="MaxSessions=1", policy=QUICK)
def agent_that_finds_all_busy_is_refused_and_nobody_is_killed(world):
    busy = world.talk(name="busy")
    turn = _hold(busy)
    late = world.acp(name="late", relay=("--wait", "300ms"))
    request = late.request("initialize", {"protocolVersion": 1, "clientCapabilities": {}})
    of_failure(late.failure(request), CANCELLED)
    expect_equal(late.wait(), 73, "the launcher's status")
    expect_equal(late.log.lives, 0, "the number of lives")
    busy.cancel()
    expect_equal(busy.end_turn(turn)[1], "cancelled")
    expect_equal(busy.log.lives, 1)


@scenario(pool="MaxSessions=1", policy=QUICK)
def agent_that_finds_all_busy_waits_until_one_is_idle(world):
    events = world.follow()
    busy = world.talk(name="busy")
    busy.prompt("remember elm")
    turn = _hold(busy)
    late = world.acp(name="late", relay=("--wait", "1h"))
    events.wait_for("queued", "late")
    busy.cancel()
    busy.end_turn(turn)
    late.begin()
    expect_equal(late.prompt("say in"), "in")
    expect_equal(world.state("busy"), "suspended")
    events.wait_for("idle", "late")
    expect_equal(busy.prompt("word?"), "elm")


@scenario(policy="IdleAfterSec=20ms\nIdleTimeoutSec=20ms")
def prompt_that_meets_the_decision_to_evict_is_never_cut_nor_lost(world):
    talk = world.talk()
    events = world.follow()
    for number in range(20):
        # The agent is idle from here on and about to be evicted, or is already.
        if number % 2:
            events.wait_for("idle", "a")
        expect_equal(talk.prompt(f"say {number}"), str(number))
    expect_equal(talk.prompt("count?"), "21")


@scenario(pool="MaxSessions=1", policy="IdleAfterSec=20ms")
def prompt_that_meets_another_agents_wish_for_its_place_is_answered(world):
    talks = [world.talk(name=name, relay=("--wait", "1h")) for name in ("a", "b")]
    for number in range(6):
        turns = [talk.start_turn(f"say {number}") for talk in talks]
        for talk, turn in zip(talks, turns, strict=True):
            expect_equal(talk.end_turn(turn), (str(number), "end_turn"))
    for talk in talks:
        expect_equal(talk.prompt("count?"), "7")


@scenario(pool="MaxSessions=1", policy="IdleAfterSec=50ms")
def agent_whose_client_has_said_nothing_gives_way_and_is_there_when_it_speaks(world):
    talk = world.acp(name="new")
    events = world.follow()
    events.wait_for("started", "new")
    status, _, errors = world.pinfold("run", "--wait", "10s", "--", "true")
    expect_equal(status, 0, f"the status of whoever wants its place: {errors}")
    expect_equal(world.session("new")["cause"]["kind"], "pool_full")
    expect_equal(talk.begin().prompt("say here"), "here")


@scenario(pool="MaxSessions=1", policy="IdleAfterSec=50ms\nIdleTimeoutSec=100ms\nEvict=resumable")
def agent_that_cannot_resume_keeps_its_place_where_the_policy_asks_for_that(world):
    events = world.follow()
    talk = world.talk("--no-load", "--no-resume")
    talk.prompt("remember elm")
    events.wait_for("idle", "a")
    status, _, errors = world.pinfold("run", "--wait", "600ms", "--", "true")
    expect_equal(status, 73, f"the status of whoever wants its place: {errors}")
    expect_equal(talk.prompt("word?"), "elm")
    expect_equal(talk.log.lives, 1, "the number of lives")


@scenario(pool="MaxSessions=2", policy=QUICK)
def use_after_its_start_makes_an_agent_younger_than_its_start_does(world):
    events = world.follow()
    first, second = world.talk(name="first"), world.talk(name="second")
    for name in ("first", "second"):
        events.wait_for("idle", name)
    first.prompt("say used")
    events.wait_for("idle", "first")
    world.talk(name="third").prompt("say in")
    expect_equal([world.state("first"), world.state("second")], ["idle", "suspended"])
    second.prompt("say back")


@scenario(pool="MaxSessions=1", policy="IdleAfterSec=50ms\nIdleTimeoutSec=150ms\nTurnTimeoutSec=150ms")
def agent_that_waits_for_permission_is_neither_evicted_nor_hung(world):
    talk = world.talk()
    events = world.follow()
    turn = talk.start_turn("ask")
    question = talk.question("session/request_permission")
    events.wait_for("waiting", "a")
    status, _, errors = world.pinfold("run", "--wait", "600ms", "--", "true")
    expect_equal(status, 73, f"the status of whoever wants its place: {errors}")
    talk.respond(question, ALLOW)
    expect_equal(talk.end_turn(turn), ("allow", "end_turn"))
    expect_equal(talk.log.lives, 1, "the number of lives")


@scenario(policy="Activity=acp touch\nIdleAfterSec=200ms", base="StdinCloseSec=2s")
def looking_and_housekeeping_are_no_use_and_a_prompt_is(world):
    talk = world.talk()
    events = world.follow()
    talk.prompt("say one")
    events.wait_for("idle", "a")
    idle_since = _number_of(world, "busy")
    talk.call("session/list", {})
    talk.call("_test/echo", {"health": "?"})
    talk.notify("_test/notice", {})
    talk.cancel()
    for command in (("list",), ("show", "a"), ("explain",)):
        world.command(*command)
    talk.call("session/list", {})
    expect_equal(world.state(), "idle")
    talk.prompt("say two")
    events.wait_for("busy", "a")
    expect_equal(_number_of(world, "busy") - idle_since, 1, "how often it became busy")


def _number_of(world, event):
    return sum(1 for one in world.events() if one["event"] == event)


@scenario(policy="Activity=acp touch\nIdleAfterSec=100ms", base="StdinCloseSec=2s")
def agent_in_a_turn_stays_busy_however_long_it_is_silent(world):
    events = world.follow()
    talk = world.talk(name="silent")
    turn = _hold(talk)
    for number in range(3):
        other = world.talk(name=f"other{number}")
        other.prompt("say done")
        # It began later, was used, and is idle already.
        events.wait_for("idle", f"other{number}")
    expect_equal(world.state("silent"), "busy")
    talk.cancel()
    talk.end_turn(turn)
    events.wait_for("idle", "silent")


@scenario(policy="Activity=acp touch\nIdleAfterSec=100ms", base="StdinCloseSec=2s")
def turn_of_the_second_version_is_over_when_its_agent_says_idle(world):
    events = world.follow()
    talk = world.talk(name="second", version=2)
    turn = _hold(talk)
    talk.result(turn.id)
    other = world.talk(name="other")
    other.prompt("say done")
    events.wait_for("idle", "other")
    expect_equal(world.state("second"), "busy", "the state after the prompt was accepted")
    talk.cancel()
    talk.end_turn(turn)
    events.wait_for("idle", "second")


@scenario(pool="MaxSessions=2", policy=QUICK)
def session_that_was_ended_leaves_no_place_taken(world):
    talk = world.talk(name="a")
    world.talk(name="b")
    talk.prompt("say one")
    world.command("end", "a")
    talk.wait()
    world.talk(name="c", relay=("--wait", "300ms")).prompt("say in")
    sessions = world.sessions()
    expect_equal(sessions["a"]["state"], "ended")
    expect(sessions["b"]["state"] in ("idle", "busy"), f"nobody was evicted for it: {sessions['b']['state']}")
    waiting = json.loads(world.command("explain", "--json"))["waiting"]
    expect_equal(waiting, [])
