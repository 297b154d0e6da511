"""How a life ends, and what a client is told whose turn was cut."""

import os
import signal

from rig.failures import expect, expect_equal
from rig.registry import scenario
from rig.talk import of_failure

CANCELLED = -32800
VERSIONS = {"v1": (1,), "v2": (2,)}
DEAF = ("--misbehave", "deaf-to-cancel")
LATE = ("--misbehave", "late-answer")
ALLOW = {"outcome": {"outcome": "selected", "optionId": "allow"}}
REJECT = {"outcome": {"outcome": "selected", "optionId": "reject"}}


def _hold(talk, session=None):
    """A turn that does not end by itself, and is known to have begun."""
    turn = talk.start_turn("hold", session)
    talk.await_error("holding")
    return turn


CUTS = {"agent that cancels": ((),), "agent deaf to cancel": (DEAF,), "agent that answers late": ((*DEAF, *LATE),)}


@scenario(cases=CUTS)
def turn_cut_by_an_eviction_is_answered_once_with_the_cause(world, flags):
    talk = world.talk("--memory", "1", *flags)
    talk.prompt("remember elm")
    turn = _hold(talk)
    world.suspend()
    if talk.log.has("late"):
        # It was told to leave and finished its turn all the same: that is an end of a turn as good as any.
        talk.response(turn.id)
    else:
        of_failure(talk.failure(turn.id), CANCELLED, cause="ended")
    expect_equal(talk.prompt("word?"), "elm")
    # The cut prompt was the agent's already: it is not said again.
    expect_equal(talk.prompt("count?"), "4")


@scenario
def cause_of_a_cut_is_told_in_words(world):
    talk = world.talk()
    turn = _hold(talk)
    world.suspend()
    failure = talk.failure(turn.id)
    message = failure.pinfold.get("cause", {}).get("message", "")
    expect("suspended by" in message, f"data.pinfold.cause.message says why: {failure.error}")
    expect("suspended by" in failure.message, f"so does the error's message: {failure.error}")


@scenario(cases=CUTS)
def turn_of_the_second_version_cut_by_an_eviction_becomes_idle(world, flags):
    talk = world.talk(*flags, version=2)
    turn = _hold(talk)
    world.suspend()
    talk.wait_until(lambda: _idle_updates(talk, turn), "idle state_update")
    expect_equal(talk.prompt("say back"), "back")
    expect_equal(len(_idle_updates(talk, turn)), 2, "the number of idle updates of two turns")


def _idle_updates(talk, turn):
    updates = talk.updates(turn.session, turn.since)
    return [one for one in updates if one["sessionUpdate"] == "state_update" and one["state"] == "idle"]


@scenario
def all_conversations_turns_are_answered_when_they_are_cut(world):
    talk = world.talk()
    second = talk.new_session()["sessionId"]
    turns = [_hold(talk), _hold(talk, second)]
    waiting = talk.start_turn("say queued")
    other = talk.request("session/list", {})
    talk.result(other)
    world.suspend()
    for turn in turns:
        of_failure(talk.failure(turn.id), CANCELLED)
    # The agent may have come to this one when the turn before it was cancelled.
    talk.response(waiting.id)
    expect_equal(talk.prompt("say back", second), "back")


@scenario
def agent_is_asked_to_cancel_and_to_close_before_its_input_ends(world):
    talk = world.talk()
    _hold(talk)
    world.suspend()
    methods = talk.log.methods(1)
    expect("session/cancel" in methods, f"session/cancel was sent: {methods}")
    expect_equal(methods[-1], "session/close")
    expect(talk.log.has("ended", 1) and not talk.log.has("terminated", 1), "its input ended, and there was no SIGTERM")


@scenario
def agent_without_session_close_is_not_asked_for_it(world):
    talk = world.talk("--no-close")
    world.suspend()
    expect("session/close" not in talk.log.methods(1), "session/close was sent")
    expect(talk.log.has("ended", 1), "its input ended")


STUBBORN = {
    "the end of input": ("ignore-eof",),
    "the end of input and SIGTERM": ("ignore-eof", "ignore-term"),
    "all, with a grandchild on its pipes": ("ignore-eof", "ignore-term", "keep-pipes"),
}


@scenario(cases={name: (value,) for name, value in STUBBORN.items()})
def agent_that_ignores_is_gone_all_the_same_and_comes_back(world, ignored):
    talk = world.talk("--memory", "1", *(word for name in ignored for word in ("--misbehave", f"{name}@1")))
    talk.prompt("remember elm")
    world.suspend()
    expect_equal(world.slice.child("sessions").children(), [])
    expect_equal(talk.prompt("word?"), "elm")


@scenario
def half_a_line_of_a_dying_life_does_not_stain_the_next(world):
    talk = world.talk("--misbehave", "half-line@1")
    talk.prompt("remember elm")
    world.suspend()
    expect_equal(talk.prompt("word?"), "elm")


@scenario
def grandchild_on_the_agents_pipes_does_not_keep_its_life(world):
    talk = world.talk("--memory", "1", "--misbehave", "keep-pipes")
    talk.prompt("remember elm")
    world.suspend()
    expect_equal(talk.prompt("word?"), "elm")


# Questions that a human has open when the life ends


def _ask(talk, number=1):
    before = len(talk.questions())
    turn = talk.start_turn(f"ask {number}")
    talk.question("session/request_permission", before + number)
    return turn, talk.questions()[before:]


@scenario(cases={"one": (1,), "three": (3,)})
def turn_that_waits_for_permission_is_cut_and_late_permission_is_nobodys(world, number):
    talk = world.talk()
    turn, questions = _ask(talk, number)
    world.suspend()
    of_failure(talk.failure(turn.id), CANCELLED)
    for question in questions:
        talk.respond(question, ALLOW)
    expect_equal(talk.prompt("say back"), "back")
    expect(not talk.log.has("unasked", 2), "the second life heard the answer to a question of the first")


@scenario
def answer_to_a_question_of_the_old_life_is_not_taken_for_the_new_ones(world):
    talk = world.talk()
    cut, (old,) = _ask(talk)
    world.suspend()
    of_failure(talk.failure(cut.id), CANCELLED)
    turn, (new,) = _ask(talk)
    talk.respond(old, REJECT)
    talk.respond(new, ALLOW)
    expect_equal(talk.end_turn(turn), ("allow", "end_turn"))


@scenario
def three_questions_open_when_the_turn_is_cancelled_do_not_hang_it(world):
    talk = world.talk()
    turn, questions = _ask(talk, 3)
    talk.cancel()
    for question in questions:
        talk.respond(question, {"outcome": {"outcome": "cancelled"}})
    expect_equal(talk.end_turn(turn)[1], "cancelled")
    expect_equal(talk.prompt("say on"), "on")


# Ends that nobody asked Pinfold for


@scenario(cases={"status 3": ("exit 3", 3), "status 0": ("exit 0", 0), "SIGSEGV": ("signal 11", 139)})
def agent_that_leaves_by_itself_ends_its_launcher_with_its_status(world, words, status):
    talk = world.talk("--memory", "1")
    turn = talk.start_turn(words)
    expect("error" in talk.response(turn.id), "the open turn was answered with an error")
    expect_equal(talk.wait(), status, "the launcher's status")
    expect_equal(world.state(), "ended")


@scenario
def agent_that_leaves_its_pipes_to_a_grandchild_ends_its_launcher_too(world):
    talk = world.talk("--memory", "1", "--misbehave", "keep-pipes")
    turn = talk.start_turn("exit 3")
    expect("error" in talk.response(turn.id), "the open turn was answered with an error")
    expect_equal(talk.wait(), 3, "the launcher's status")


@scenario
def agent_killed_while_idle_ends_its_launcher(world):
    talk = world.talk()
    os.kill(talk.log.pids()[-1], signal.SIGKILL)
    expect_equal(talk.wait(), 137, "the launcher's status")


@scenario
def client_that_hangs_up_in_a_turn_leaves_nothing_behind(world):
    talk = world.talk("--memory", "1")
    turn = _hold(talk)
    talk.may_stay_unanswered.add(turn.id)
    expect_equal(talk.hang_up(), 0)
    expect_equal(world.state(), "ended")


@scenario
def client_that_hangs_up_on_an_agent_that_ignores_it_leaves_nothing_behind(world):
    talk = world.talk("--memory", "1", "--misbehave", "ignore-eof")
    talk.hang_up()
    expect_equal(world.slice.child("sessions").children(), [])


@scenario
def client_that_hangs_up_while_its_agent_is_away_ends_the_launcher(world):
    talk = world.talk()
    talk.prompt("say one")
    world.suspend()
    expect(talk.hang_up() in (0, 75), f"the launcher's status: {talk.status}")
    expect_equal(talk.log.lives, 1, "the number of lives")
    expect_equal(world.state(), "suspended")


@scenario(cases={"SIGTERM": (signal.SIGTERM,), "SIGINT": (signal.SIGINT,), "SIGKILL": (signal.SIGKILL,)})
def launcher_that_is_told_to_leave_leaves_nothing_behind(world, number):
    talk = world.talk("--memory", "1")
    events = world.follow()
    turn = _hold(talk)
    talk.send_signal(number)
    status = talk.wait()
    expect(status != 0, f"the launcher's status: {status}")
    if number == signal.SIGKILL:
        talk.may_stay_unanswered.add(turn.id)
        events.wait_for("stopping", "a")
        world.pinfold("kill", "a")
    else:
        expect("error" in talk.response(turn.id), "the open turn was answered with an error")


# The last is what the launcher leaves with: an agent that is asked to end leaves by itself.
ORDERS = {"end": ("end", "ended", 0), "kill": ("kill", "killed", 137)}


@scenario(cases=ORDERS)
def session_ended_for_good_answers_its_turn_and_ends_its_launcher(world, order, cause, status):
    talk = world.talk("--memory", "1")
    turn = _hold(talk)
    world.command(order, "a")
    of_failure(talk.failure(turn.id), CANCELLED, cause=cause)
    expect_equal(talk.wait(), status, "the launcher's status")
    expect_equal(world.state(), "ended")


@scenario
def suspended_session_ended_for_good_is_gone_for_its_client(world):
    talk = world.talk()
    talk.prompt("say one")
    world.suspend()
    world.command("end", "a")
    if talk.status is None:
        failure = talk.failure(talk.start_turn("say two").id)
        expect(failure.code in (-32002, CANCELLED), f"the client is told that it is over: {failure.error}")
    expect_equal(talk.log.prompts(2), [])


@scenario
def turn_that_was_cut_is_on_the_agents_record(world):
    talk = world.talk()
    _hold(talk)
    world.suspend()
    expect_equal(talk.prompt("count?"), "2", "the prompts that the agent had begun")


@scenario(policy="MemoryMax=96M")
def agent_that_outgrows_its_limit_is_said_to_have(world):
    world.needs_controller("memory")
    talk = world.talk()
    turn = talk.start_turn("eat 300")
    of_failure(talk.failure(turn.id), CANCELLED, cause="memory_limit")
    expect_equal(talk.wait(), 137, "the launcher's status")
