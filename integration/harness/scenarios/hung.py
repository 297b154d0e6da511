"""Turns that do not end by themselves."""

from rig.failures import expect, expect_equal
from rig.registry import scenario
from rig.talk import of_failure

CANCELLED = -32800
VERSIONS = {"v1": (1,), "v2": (2,)}
SHORT = "TurnTimeoutSec=400ms"
ALLOW = {"outcome": {"outcome": "selected", "optionId": "allow"}}


def _hold(talk):
    turn = talk.start_turn("hold")
    talk.await_error("holding")
    return turn


@scenario(policy=SHORT)
def hung_turn_is_cancelled_first_and_an_agent_that_heeds_it_lives_on(world):
    talk = world.talk()
    turn = _hold(talk)
    response = talk.response(turn.id)
    if "error" in response:
        expect_equal(response["error"]["code"], CANCELLED)
    else:
        expect_equal(response["result"]["stopReason"], "cancelled")
    expect("session/cancel" in talk.log.methods(1), "session/cancel was sent")
    expect_equal(talk.prompt("say on"), "on")
    expect_equal(talk.log.lives, 1, "the number of lives")


@scenario(policy=SHORT)
def agent_that_does_not_heed_the_cancellation_is_ended_as_hung(world):
    events = world.follow()
    talk = world.talk("--memory", "1", "--misbehave", "deaf-to-cancel")
    turn = _hold(talk)
    of_failure(talk.failure(turn.id), CANCELLED, cause="turn_timeout")
    expect("session/cancel" in talk.log.methods(1), "session/cancel was sent")
    while world.state() not in ("suspended", "ended"):
        events.wait_for("stopping", "a")
        world.pinfold("kill", "a")
    expect_equal(world.session()["cause"]["kind"], "turn_timeout")
    if world.state() == "ended":
        expect_equal(talk.wait(), 124, "the launcher's status")


@scenario(policy=SHORT)
def turn_beside_a_hung_one_is_not_cancelled(world):
    talk = world.talk()
    other = talk.new_session()["sessionId"]
    hung = _hold(talk)
    asking = talk.start_turn("ask", other)
    question = talk.question("session/request_permission")
    expect_equal(talk.end_turn(hung)[1], "cancelled")
    talk.respond(question, ALLOW)
    expect_equal(talk.end_turn(asking), ("allow", "end_turn"))
    cancelled = [one["params"]["sessionId"] for one in talk.log.messages(1) if one.get("method") == "session/cancel"]
    expect_equal(cancelled, [talk.session], "the conversations that were cancelled")


@scenario(policy=SHORT)
def conversation_beside_a_hung_turn_comes_back(world):
    talk = world.talk("--misbehave", "deaf-to-cancel")
    other = talk.new_session()["sessionId"]
    talk.prompt("remember elm", other)
    turn = _hold(talk)
    of_failure(talk.failure(turn.id), CANCELLED, cause="turn_timeout")
    expect_equal(talk.prompt("word?", other), "elm")
    expect_equal(talk.log.lives, 2, "the number of lives")


@scenario(policy=SHORT)
def hung_turn_of_the_second_version_is_cancelled_too(world):
    talk = world.talk(version=2)
    turn = _hold(talk)
    expect_equal(talk.end_turn(turn)[1], "cancelled")
    expect_equal(talk.prompt("say on"), "on")


@scenario(policy=SHORT)
def idle_agent_is_never_taken_for_hung(world):
    idle, hung = world.talk(name="idle"), world.talk("--misbehave", "deaf-to-cancel", name="hung")
    idle.prompt("remember elm")
    turn = _hold(hung)
    of_failure(hung.failure(turn.id), CANCELLED, cause="turn_timeout")
    expect_equal(idle.prompt("word?"), "elm")
    expect_equal(idle.log.lives, 1, "the number of lives")
    expect("session/cancel" not in idle.log.methods(), "nobody cancelled anything")


@scenario(policy=SHORT)
def hung_agents_end_does_not_keep_others_from_theirs(world):
    stubborn = ("--misbehave", "deaf-to-cancel", "--misbehave", "ignore-eof", "--misbehave", "ignore-term")
    hung = world.talk(*stubborn, name="hung")
    other = world.talk(name="other")
    other.prompt("remember elm")
    turn = _hold(hung)
    world.suspend("other")
    expect_equal(other.prompt("word?"), "elm")
    of_failure(hung.failure(turn.id), CANCELLED, cause="turn_timeout")


@scenario(policy=SHORT)
def second_turn_has_a_time_of_its_own(world):
    talk = world.talk()
    for number in range(6):
        expect_equal(talk.prompt(f"say {number}"), str(number))
    expect_equal(talk.log.methods().count("session/cancel"), 0)
