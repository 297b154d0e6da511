"""What becomes of a message whose agent is away when the controller is too, or the pool is full."""

import json
import signal

from rig.failures import expect, expect_equal
from rig.processes import wait_for_end
from rig.registry import scenario
from rig.talk import of_failure

CANCELLED = -32800


@scenario
def controller_that_was_killed_meanwhile_has_kept_what_a_resume_needs(world):
    talk = world.talk()
    talk.prompt("remember elm")
    world.suspend()
    world.kill_controller()
    world.serve()
    expect_equal(talk.prompt("word?"), "elm")
    expect_equal(world.session()["life"], 2)


@scenario
def controller_killed_and_started_again_goes_unnoticed_by_a_living_agent(world):
    talk = world.talk()
    talk.prompt("remember elm")
    turn = talk.start_turn("hold")
    talk.await_error("holding")
    world.kill_controller()
    expect_equal(talk.call("_test/echo", {"while": "there is no controller"}), {"while": "there is no controller"})
    world.serve()
    world.follow().wait_for("lease_taken", "a")
    talk.cancel()
    expect_equal(talk.end_turn(turn)[1], "cancelled")
    expect_equal(talk.log.lives, 1, "the number of lives")
    world.suspend()
    expect_equal(talk.prompt("word?"), "elm")


@scenario
def controller_restarted_in_a_turn_knows_that_the_agent_is_busy(world):
    talk = world.talk()
    talk.start_turn("hold")
    talk.await_error("holding")
    world.kill_controller()
    world.serve()
    world.follow().wait_for("lease_taken", "a")
    status, _, errors = world.pinfold("explain", "--json")
    expect_equal(status, 0, errors)
    expect_equal(world.state(), "busy")
    talk.cancel()


@scenario
def message_while_there_is_no_controller_is_refused_and_nothing_is_lost(world):
    talk = world.talk()
    talk.prompt("remember elm")
    world.suspend()
    world.kill_controller()
    failure = talk.failure(talk.start_turn("say too early").id)
    expect(failure.code in (-32603, CANCELLED), f"it is an error that invites to try again: {failure.error}")
    world.serve()
    expect_equal(talk.prompt("word?"), "elm")
    expect_equal(talk.log.prompts(2), ["word?"])


STAGES = {"before the agent has left": (False,), "after the agent has left": (True,)}


@scenario(cases=STAGES)
def controller_killed_while_it_suspends_an_agent_costs_its_client_nothing(world, is_late):
    talk = world.talk("--misbehave", "gate-at-end@1")
    talk.prompt("remember elm")
    world.launch("suspend", "a", stdin=False)
    talk.await_error("at the gate")
    world.kill_controller()
    if is_late:
        world.open_gate()
        wait_for_end(talk.log.pids()[0])
    world.serve()
    if not is_late:
        world.open_gate()
    expect_equal(talk.prompt("word?"), "elm")


@scenario
def agent_that_stays_though_a_controller_that_is_gone_wanted_it_suspended_does_not_hang_its_client(world):
    talk = world.talk("--misbehave", "ignore-eof@1")
    talk.prompt("remember elm")
    events = world.follow()
    world.launch("suspend", "a", stdin=False)
    events.wait_for("stopping", "a")
    world.kill_controller()
    world.serve()
    expect_equal(talk.prompt("word?"), "elm")


def _fill_the_pool(world):
    """Suspends the agent and takes the only place."""
    world.suspend()
    holder = world.launch("run", "-s", "holder", "--set", "Evict=never", "--", "sh", "-c", "echo taken; read line")
    holder.wait_until(lambda: b"taken" in holder.output, "the place")
    return holder


@scenario(pool="MaxSessions=1")
def pool_full_when_it_wants_back_is_said_and_the_next_message_tries_again(world):
    talk = world.talk(relay=("--wait", "300ms"))
    talk.prompt("remember elm")
    holder = _fill_the_pool(world)
    failure = of_failure(talk.failure(talk.start_turn("say refused").id), CANCELLED)
    cause = failure.pinfold.get("cause", {})
    expect(
        cause.get("kind") and "1 of 1" in cause.get("message", ""), f"the cause says who is in the way: {failure.error}"
    )
    holder.close_input()
    holder.wait()
    expect_equal(talk.prompt("word?"), "elm")
    expect_equal(talk.log.prompts(2), ["word?"])


@scenario(pool="MaxSessions=1")
def message_waits_for_a_place_and_is_delivered_when_there_is_one(world):
    talk = world.talk(relay=("--wait", "1h"))
    talk.prompt("remember elm")
    events = world.follow()
    holder = _fill_the_pool(world)
    turn = talk.start_turn("word?")
    events.wait_for("queued", "a")
    holder.close_input()
    expect_equal(talk.end_turn(turn), ("elm", "end_turn"))


@scenario(pool="MaxSessions=1")
def client_that_hangs_up_while_it_waits_for_a_place_leaves_the_queue(world):
    talk = world.talk(relay=("--wait", "1h"))
    events = world.follow()
    holder = _fill_the_pool(world)
    talk.may_stay_unanswered.add(talk.start_turn("say unheard").id)
    events.wait_for("queued", "a")
    talk.vanish()
    talk.wait()
    expect_equal(json.loads(world.command("explain", "--json"))["waiting"], [])
    holder.close_input()
    holder.wait()
    expect_equal(talk.log.lives, 1, "the number of lives")


@scenario(pool="MaxSessions=1")
def controller_killed_while_a_message_waits_for_a_place_leaves_it_answered(world):
    talk = world.talk(relay=("--wait", "1h"))
    talk.prompt("remember elm")
    events = world.follow()
    holder = _fill_the_pool(world)
    turn = talk.start_turn("say waiting")
    events.wait_for("queued", "a")
    world.kill_controller()
    holder.send_signal(signal.SIGKILL)
    world.serve()
    talk.response(turn.id)
    expect_equal(talk.prompt("word?"), "elm")
