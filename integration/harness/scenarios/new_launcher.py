"""A harness that starts again: a new launcher goes on with what the former one's agent knew."""

import signal

from rig.failures import RequestFailed, expect, expect_equal
from rig.processes import marked_processes
from rig.registry import scenario
from rig.talk import of_failure

UNKNOWN = -32603
AUTO, NEVER = ("--resume", "auto"), ("--resume", "never")
WAYS = {"resume": ((), 1), "load": (("--no-resume",), 1), "v2": ((), 2)}


def _leave_suspended(world, talk):
    world.suspend()
    talk.hang_up()


def _leave_by_hanging_up(world, talk):
    talk.hang_up()


def _leave_by_death(world, talk):
    talk.kill()
    world.await_over()


def _leave_over_a_restart(world, talk):
    _leave_suspended(world, talk)
    world.kill_controller()
    world.serve()


LEAVINGS = {
    "suspended": _leave_suspended,
    "its client hung up": _leave_by_hanging_up,
    "its launcher was killed": _leave_by_death,
    "the controller was killed": _leave_over_a_restart,
}


def _first(world, *flags, version=1, **more):
    talk = world.acp(*flags, version=version, relay=AUTO).begin(**more)
    talk.prompt("remember elm")
    return talk


def _resumed(result):
    return ((result.get("_meta") or {}).get("pinfold") or {}).get("resumed")


@scenario(cases={name: (leave,) for name, leave in LEAVINGS.items()})
def new_launcher_answers_session_new_with_the_conversation_there_was(world, leave):
    first = _first(world)
    leave(world, first)
    second = world.acp(relay=AUTO)
    second.initialize()
    result = second.new_session()
    expect_equal(result["sessionId"], first.session)
    expect_equal(_resumed(result), True, "_meta.pinfold.resumed")
    expect_equal(second.prompt("word?"), "elm")


@scenario(cases=WAYS)
def new_launcher_shows_no_replay_to_a_client_that_asked_for_none(world, flags, version):
    first = _first(world, *flags, version=version)
    _leave_suspended(world, first)
    second = world.acp(*flags, version=version, relay=AUTO)
    second.initialize()
    result = second.new_session()
    expect_equal(_resumed(result), True, "_meta.pinfold.resumed")
    expect_equal(second.updates(), [])
    expect_equal(second.prompt("word?"), "elm")
    # And so on: this one's agent can be evicted like any other.
    world.suspend()
    expect_equal(second.prompt("word?"), "elm")


@scenario
def new_launcher_passes_on_what_the_agent_says_of_modes_and_options(world):
    first = _first(world)
    first.call("session/set_mode", {"sessionId": first.session, "modeId": "code"})
    _leave_suspended(world, first)
    second = world.acp(relay=AUTO)
    second.initialize()
    result = second.new_session()
    expect("modes" in result and "configOptions" in result, f"they are in the answer: {result}")
    expect_equal(second.prompt("mode?"), "code")


@scenario
def first_launcher_of_a_session_adds_nothing(world):
    talk = world.acp(relay=AUTO)
    talk.initialize()
    expect("_meta" not in talk.new_session(), "there is no _meta")


@scenario
def second_conversation_of_a_new_launcher_is_new(world):
    _leave_suspended(world, _first(world))
    second = world.acp(relay=AUTO)
    second.initialize()
    first_result = second.new_session()
    other = second.new_session()
    expect(other["sessionId"] != first_result["sessionId"], "they are two")
    expect_equal(_resumed(other), None, "_meta.pinfold.resumed")
    expect_equal(second.prompt("word?", other["sessionId"]), "I remember nothing")


@scenario
def conversation_of_another_directory_is_not_given_away(world):
    _leave_suspended(world, _first(world, cwd="/usr"))
    second = world.acp(relay=AUTO)
    second.initialize()
    result = second.new_session(cwd="/etc")
    expect_equal(_resumed(result), None, "_meta.pinfold.resumed")
    expect_equal(second.prompt("word?"), "I remember nothing")


@scenario
def launcher_that_shall_never_resume_begins_anew(world):
    first = _first(world)
    _leave_suspended(world, first)
    second = world.acp(relay=NEVER)
    second.initialize()
    result = second.new_session()
    expect(result["sessionId"] != first.session and "_meta" not in result, f"it is an ordinary new one: {result}")


@scenario
def session_that_was_ended_for_good_is_not_resumed(world):
    first = _first(world)
    world.command("end", "a")
    first.wait()
    second = world.acp(relay=AUTO)
    second.initialize()
    result = second.new_session()
    expect_equal(_resumed(result), None, "_meta.pinfold.resumed")
    expect(result["sessionId"] != first.session, "it is another conversation")


@scenario
def suspended_session_that_was_ended_for_good_is_not_resumed(world):
    first = _first(world)
    _leave_suspended(world, first)
    world.command("end", "a")
    second = world.acp(relay=AUTO)
    second.initialize()
    expect_equal(_resumed(second.new_session()), None, "_meta.pinfold.resumed")


@scenario
def conversation_gone_meanwhile_makes_room_for_a_new_one_and_the_client_is_told(world):
    first = _first(world, "--misbehave", "gone-32002@2")
    _leave_suspended(world, first)
    second = world.acp("--misbehave", "gone-32002@2", relay=AUTO)
    second.initialize()
    try:
        result = second.new_session()
    except RequestFailed as failure:
        of_failure(failure, -32002, outcome="gone")
        return
    expect(result["sessionId"] != first.session, "it is another conversation")
    expect_equal(_resumed(result), False, "_meta.pinfold.resumed")


@scenario
def conversation_that_may_be_there_is_not_replaced_by_a_new_one(world):
    first = _first(world, "--misbehave", "fail-32603@2")
    _leave_suspended(world, first)
    second = world.acp("--misbehave", "fail-32603@2", relay=AUTO)
    second.initialize()
    of_failure(
        second.failure(second.request("session/new", {"cwd": "/", "mcpServers": []})), UNKNOWN, outcome="unknown"
    )
    expect("session/new" not in second.log.methods(2), "no conversation was begun silently")
    second.hang_up()
    third = world.acp(relay=AUTO)
    third.initialize()
    expect_equal(_resumed(third.new_session()), True, "_meta.pinfold.resumed")
    expect_equal(third.prompt("word?"), "elm")


@scenario
def second_launcher_of_a_living_session_is_refused_and_harms_nobody(world):
    first = _first(world)
    second = world.acp(relay=(*AUTO, "--wait", "300ms"))
    request = second.request("initialize", {"protocolVersion": 1, "clientCapabilities": {}})
    second.may_stay_unanswered.add(request)
    expect(second.wait() != 0, "the launcher's status is an error")
    expect_equal(first.prompt("word?"), "elm")
    expect_equal(first.log.lives, 1, "the number of lives")


@scenario
def launcher_whose_parent_dies_ends_its_session(world):
    launcher = world.orphaned_launcher("a")
    events = world.follow()
    events.wait_for("started", "a")
    launcher.send_signal(signal.SIGKILL)
    launcher.wait()
    world.await_over()
    left = [words for _, words in marked_processes(world.marker) if " acp " in words]
    expect_equal(left, [], "the launchers that are left")
