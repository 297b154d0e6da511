"""Agents that cannot start, and the client that wants to know why."""

from rig.failures import expect, expect_equal
from rig.registry import scenario
from rig.talk import of_failure

CANCELLED, INTERNAL = -32800, -32603


def _initialize(talk):
    request = talk.request("initialize", {"protocolVersion": 1, "clientCapabilities": {}})
    return talk.failure(request)


@scenario
def client_of_an_agent_that_is_missing_is_answered(world):
    talk = world.relayed(["/nonexistent/agent"])
    failure = of_failure(_initialize(talk), INTERNAL)
    expect("/nonexistent/agent" in failure.message, f"the command is named in '{failure.message}'")
    expect_equal(talk.wait(), 127, "the launcher's status")


@scenario
def client_whose_session_name_is_in_use_is_answered(world):
    first = world.talk()
    second = world.acp()
    of_failure(_initialize(second), CANCELLED)
    expect_equal(second.wait(), 73, "the launcher's status")
    expect_equal(first.prompt("say here"), "here")
    expect_equal(first.log.lives, 1, "the number of lives")


@scenario
def first_agent_that_never_answers_initialize_is_given_up(world):
    talk = world.acp("--misbehave", "gate-on-initialize", relay=("--patience", "200ms"))
    failure = of_failure(_initialize(talk), CANCELLED, cause="start_failed")
    expect("did not answer initialize" in failure.message, f"the reason is in '{failure.message}'")
    expect_equal(talk.wait(), 125, "the launcher's status")
