"""The test agent by itself: what the other tests lean on."""

import contextlib
import json
import os

from rig.failures import Failed, RequestFailed, expect, expect_equal
from rig.processes import kill, marked_processes
from rig.registry import scenario
from rig.talk import of_failure

VERSIONS = {"v1": (1,), "v2": (2,)}
ALLOW = {"outcome": {"outcome": "selected", "optionId": "allow"}}
CANCELLED = {"outcome": {"outcome": "cancelled"}}


def _begin(world, *flags, version=1):
    return world.bare(*flags, version=version).begin()


def _again(world, *flags, version=1, method="session/resume", session="sess-1"):
    """A second life that opens the first one's conversation; the client and the answer."""
    talk = world.bare(*flags, version=version)
    talk.initialize()
    talk.session = session
    return talk, talk.request(method, {"sessionId": session, "cwd": "/", "mcpServers": []})


@scenario(cases=VERSIONS, needs="agent")
def agent_remembers_a_word_and_counts_over_its_death(world, version):
    first = _begin(world, version=version)
    first.prompt("remember elm")
    first.kill()
    second, opening = _again(world, version=version)
    second.result(opening)
    expect_equal(second.prompt("word?"), "elm")
    expect_equal(second.prompt("count?"), "3")


@scenario(needs="agent")
def agent_replays_in_load_and_not_in_resume(world):
    _begin(world).prompt("say one")
    resumed, opening = _again(world)
    resumed.result(opening)
    expect_equal(resumed.updates(), [])
    loaded, opening = _again(world, method="session/load")
    loaded.result(opening)
    texts = [(one["sessionUpdate"], one["content"]["text"]) for one in loaded.updates()]
    expect_equal(texts, [("user_message_chunk", "say one"), ("agent_message_chunk", "one")])


@scenario(cases=VERSIONS, needs="agent")
def agent_forgets_settings_over_its_death(world, version):
    first = _begin(world, version=version)
    first.call("session/set_config_option", {"sessionId": first.session, "configId": "model", "value": "large"})
    expect_equal(first.prompt("model?"), "large")
    second, opening = _again(world, version=version)
    second.result(opening)
    expect_equal(second.prompt("model?"), "small")


@scenario(needs="agent")
def agent_asks_with_ids_that_only_their_type_tells_apart(world):
    talk = _begin(world)
    turn = talk.start_turn("ask 3")
    talk.question("session/request_permission", 3)
    questions = talk.questions()
    expect_equal([question["id"] for question in questions], [1, "1", 2])
    for question, outcome in zip(reversed(questions), (ALLOW, CANCELLED, ALLOW), strict=True):
        talk.respond(question, outcome)
    expect_equal(talk.end_turn(turn), ("allow cancelled allow", "end_turn"))


@scenario(cases=VERSIONS, needs="agent")
def held_turn_ends_by_cancel_or_by_release(world, version):
    talk = _begin(world, version=version)
    other = talk.new_session()["sessionId"]
    turn = talk.start_turn("hold")
    talk.cancel()
    expect_equal(talk.end_turn(turn), ("", "cancelled"))
    turn = talk.start_turn("hold")
    queued = talk.start_turn("say after")
    expect_equal(talk.prompt("release", other), "ok")
    expect_equal(talk.end_turn(turn)[1], "end_turn")
    talk.end_turn(queued)
    expect_equal(talk.log.prompts(), ["hold", "hold", "say after", "release"])


@scenario(cases=VERSIONS, needs="agent")
def agent_with_auth_refuses_until_it_is_authenticated(world, version):
    talk = world.bare("--auth", version=version)
    result = talk.initialize()
    expect_equal(result["authMethods"][0]["methodId" if version == 2 else "id"], "token")
    refused = talk.failure(talk.request("session/new", {"cwd": "/"}))
    expect_equal(refused.code, -32000)
    talk.call("auth/login" if version == 2 else "authenticate", {"methodId": "token"})
    talk.new_session()
    expect_equal(talk.prompt("say in"), "in")


@scenario(needs="agent")
def agent_offers_what_it_is_told_to(world):
    offered = world.bare("--no-load", "--no-resume", "--no-close").initialize()["agentCapabilities"]
    expect_equal(offered["loadSession"], False)
    expect_equal(set(offered["sessionCapabilities"]), {"list", "additionalDirectories"})


@scenario(needs="agent")
def second_version_tells_the_turn_by_state_updates(world):
    talk = _begin(world, version=2)
    turn = talk.start_turn("ask")
    talk.respond(talk.question("session/request_permission"), ALLOW)
    talk.end_turn(turn)
    states = [one["state"] for one in talk.updates() if one["sessionUpdate"] == "state_update"]
    expect_equal(states, ["running", "requires_action", "running", "idle"])
    kinds = [one["sessionUpdate"] for one in talk.updates()]
    expect_equal(kinds[0], "user_message")


@scenario(needs="agent")
def batch_is_answered_part_by_part(world):
    talk = _begin(world, version=2)
    parts = [{"jsonrpc": "2.0", "id": name, "method": "_test/echo", "params": {"n": name}} for name in ("a", "b")]
    talk.sent += parts
    talk.send_bytes(json.dumps(parts).encode() + b"\n")
    expect_equal(talk.result("a"), {"n": "a"})
    expect_equal(talk.result("b"), {"n": "b"})


@scenario(needs="agent")
def agents_grandchild_outlives_it_and_is_found(world):
    talk = _begin(world, "--memory", "2")
    agent = talk.pid
    expect_equal(talk.hang_up(), 0)
    left = [pid for pid, _ in marked_processes(world.marker)]
    expect_equal(len(left), 1, "the number of processes left behind")
    expect(os.getsid(left[0]) not in (agent, os.getsid(0)), "the grandchild is in a session of its own")
    kill(left[0])


MISBEHAVIOURS_IN_LOADING = {
    "gone-32002": ("gone-32002", -32002),
    "gone-32602": ("gone-32602", -32602),
    "wrong-32602": ("wrong-32602", -32602),
    "fail-32603": ("fail-32603", -32603),
    "no-resume-32601": ("no-resume-32601", -32601),
    "need-auth": ("need-auth", -32000),
}


@scenario(cases=MISBEHAVIOURS_IN_LOADING, needs="agent")
def agent_refuses_to_resume_in_the_life_it_is_told_to(world, misbehaviour, code):
    flags = ("--misbehave", f"{misbehaviour}@2")
    _begin(world, *flags)
    second, opening = _again(world, *flags)
    of_failure(second.failure(opening), code)
    third, opening = _again(world, *flags)
    third.result(opening)


@scenario(cases={"in initialize": ("die-in-initialize", 0), "in replay": ("die-in-replay", 1)}, needs="agent")
def agent_dies_where_it_is_told_to(world, misbehaviour, is_initialized):
    _begin(world).prompt("say one")
    talk = world.bare("--misbehave", misbehaviour)
    if is_initialized:
        talk.initialize()
        talk.may_stay_unanswered.add(talk.request("session/load", {"sessionId": "sess-1"}))
        expect_equal(talk.wait(), 7)
        expect_equal(talk.rest, b'{"jsonrpc":"2.0","method":"session/upd')
        return
    talk.may_stay_unanswered.add(talk.request("initialize", {"protocolVersion": 1}))
    expect_equal(talk.wait(), 7)


@scenario(needs="agent")
def agent_that_forgets_loads_with_success_and_without_replay(world):
    _begin(world).prompt("remember elm")
    talk, opening = _again(world, "--misbehave", "forget", method="session/load")
    talk.result(opening)
    expect_equal(talk.updates(), [])
    expect_equal(talk.prompt("word?"), "I remember nothing")


@scenario(needs="agent")
def agent_waits_at_its_gate(world):
    _begin(world)
    talk, opening = _again(world, "--misbehave", "gate-on-load")
    talk.await_error("at the gate")
    expect_equal(talk.responses(opening), [])
    world.open_gate()
    talk.result(opening)


@scenario(needs="agent")
def agent_answers_late_and_twice_as_told(world):
    talk = world.bare(
        "--misbehave", "late-answer", "--misbehave", "deaf-to-cancel", "--misbehave", "answer-twice"
    ).begin()
    talk.laws_off = True
    turn = talk.start_turn("hold")
    talk.await_error("holding")
    talk.cancel()
    expect_equal(talk.hang_up(), 0)
    expect_equal(len(talk.responses(turn.id)), 2)


@scenario(needs="agent")
def agent_gives_old_and_unasked_answers_as_told(world):
    _begin(world).start_turn("say one", identifier=77)
    world.talks[0].response(77)
    talk = world.bare("--misbehave", "answer-old", "--misbehave", "unasked-answer")
    talk.laws_off = True
    talk.initialize()
    talk.call("session/list", {})
    expect(talk.responses(77) and talk.responses(4711), "answers to 77 and 4711")


@scenario(needs="agent")
def agent_ignores_sigterm_and_the_end_of_its_input_as_told(world):
    talk = _begin(world, "--misbehave", "ignore-term", "--misbehave", "ignore-eof")
    talk.send_signal(15)
    expect_equal(talk.prompt("say here"), "here")
    talk.close_input()
    with contextlib.suppress(Failed):
        talk.wait(patience=0.3)
    expect_equal(talk.status, None, "the status")
    talk.kill()


@scenario(needs="agent")
def turn_over_unknown_words_is_an_echo_and_unknown_methods_are_refused(world):
    talk = _begin(world)
    expect_equal(talk.prompt("good morning"), "echo: good morning")
    try:
        talk.call("_x/unknown", {})
    except RequestFailed as failure:
        expect_equal(failure.code, -32601)
