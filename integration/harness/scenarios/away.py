"""What a client says while its agent is away, or on its way back."""

import json

from rig.failures import expect, expect_equal
from rig.registry import scenario
from rig.talk import of_failure

CANCELLED = -32800
GATE = ("--misbehave", "gate-on-load@2")
VERSIONS = {"v1": (1,), "v2": (2,)}
WAYS = {"resume": ((), 1), "load": (("--no-resume",), 1), "v2": ((), 2)}


@scenario(cases=WAYS)
def ten_prompts_while_away_arrive_in_order_once_each(world, flags, version):
    talk = world.talk(*flags, version=version)
    world.suspend()
    turns = [talk.start_turn(f"say {number}") for number in range(10)]
    for turn in turns:
        talk.end_turn(turn)
    expect_equal(talk.log.prompts(2), [f"say {number}" for number in range(10)])
    expect_equal(talk.log.lives, 2, "the number of lives")


@scenario(cases=VERSIONS)
def prompts_while_coming_back_arrive_in_order_once_each(world, version):
    talk = world.talk(*GATE, version=version)
    world.suspend()
    turns = [talk.start_turn("say 0")]
    talk.await_error("at the gate")
    turns += [talk.start_turn(f"say {number}") for number in range(1, 10)]
    world.open_gate()
    for turn in turns:
        talk.end_turn(turn)
    expect_equal(talk.log.prompts(2), [f"say {number}" for number in range(10)])


@scenario
def prompts_of_several_conversations_while_away_each_find_theirs(world):
    talk = world.talk()
    second = talk.new_session()["sessionId"]
    talk.prompt("remember elm")
    talk.prompt("remember oak", second)
    world.suspend()
    turns = [talk.start_turn("word?", session) for session in (second, talk.session, second)]
    for turn in turns:
        talk.end_turn(turn)
    said = [one["params"]["update"]["content"]["text"] for one in talk.messages[turns[0].since :] if "method" in one]
    expect_equal(sorted(said), ["elm", "oak", "oak"])
    expect_equal(
        [one["params"]["sessionId"] for one in talk.log.requests("session/prompt", 2)], [second, talk.session, second]
    )


@scenario(cases=VERSIONS)
def prompt_cancelled_while_its_agent_comes_back_is_answered_cancelled(world, version):
    talk = world.talk(*GATE, version=version)
    world.suspend()
    turn = talk.start_turn("hold")
    talk.await_error("at the gate")
    talk.cancel()
    world.open_gate()
    expect_equal(talk.end_turn(turn)[1], "cancelled")
    expect_equal(talk.prompt("say on"), "on")


@scenario
def cancel_takes_the_held_prompts_of_its_conversation_alone(world):
    talk = world.talk(*GATE)
    second = talk.new_session()["sessionId"]
    world.suspend()
    cut = [talk.start_turn("hold")]
    talk.await_error("at the gate")
    kept = talk.start_turn("say kept", second)
    cut.append(talk.start_turn("hold too"))
    talk.cancel()
    # Those after the cancellation are not meant by it.
    after = talk.start_turn("say after")
    world.open_gate()
    talk.await_error("at the gate")
    world.open_gate()
    for turn in cut:
        expect_equal(talk.end_turn(turn)[1], "cancelled")
    expect_equal(talk.end_turn(kept)[1], "end_turn")
    expect_equal(talk.end_turn(after)[1], "end_turn")


@scenario(cases=VERSIONS)
def cancel_sent_with_its_prompt_cancels_it(world, version):
    talk = world.talk(version=version)
    turn = talk.start_turn("hold")
    talk.cancel()
    expect_equal(talk.end_turn(turn)[1], "cancelled")
    expect_equal(talk.prompt("say on"), "on")


@scenario
def cancel_of_an_idle_conversation_is_harmless_and_wakes_nobody(world):
    talk = world.talk()
    talk.prompt("remember elm")
    talk.cancel()
    expect_equal(talk.prompt("count?"), "2")
    world.suspend()
    talk.cancel()
    expect_equal(world.state(), "suspended")
    expect_equal(talk.prompt("word?"), "elm")
    expect_equal(talk.log.lives, 2, "the number of lives")


GATES = {"being initialized": ("gate-on-initialize@2",), "opening its conversation": ("gate-on-load@2",)}


@scenario(cases=GATES)
def client_that_dies_while_its_agent_comes_back_leaves_nothing_behind(world, gate):
    talk = world.talk("--memory", "1", "--misbehave", gate)
    world.suspend()
    turn = talk.start_turn("say unheard")
    talk.may_stay_unanswered.add(turn.id)
    talk.await_error("at the gate")
    talk.vanish()
    talk.wait()
    world.await_over()
    expect_equal(world.slice.child("sessions").children(), [])
    expect_equal(talk.log.prompts(2), [])


@scenario
def requests_other_than_prompts_bring_the_agent_back_too(world):
    talk = world.talk()
    world.suspend()
    expect_equal(talk.call("_test/echo", {"a": [1, 2]}), {"a": [1, 2]})
    world.suspend()
    expect_equal(len(talk.call("session/list", {})["sessions"]), 1, "the number of conversations")
    world.suspend()
    talk.call("session/set_mode", {"sessionId": talk.session, "modeId": "code"})
    expect_equal(talk.prompt("mode?"), "code")
    world.suspend()
    other = talk.new_session()["sessionId"]
    expect_equal(talk.prompt("say new", other), "new")
    expect_equal(talk.prompt("count?"), "2")


@scenario
def list_that_was_asked_for_before_is_answered_while_away_and_wakes_nobody(world):
    talk = world.talk()
    listed = talk.call("session/list", {})
    world.suspend()
    expect_equal(talk.call("session/list", {}), listed)
    expect_equal(world.state(), "suspended")
    expect_equal(talk.prompt("say back"), "back")
    expect_equal(talk.log.lives, 2, "the number of lives")


@scenario
def notification_while_away_arrives_once_before_what_comes_after_it(world):
    talk = world.talk()
    world.suspend()
    talk.notify("_test/notice", {"n": 1})
    talk.prompt("say after")
    methods = [method for method in talk.log.methods() if method in ("_test/notice", "session/prompt")]
    expect_equal(methods, ["_test/notice", "session/prompt"])


@scenario
def odd_bytes_of_held_lines_arrive_as_they_were_said(world):
    talk = world.talk()
    world.suspend()
    line = b' {"method":"_test/echo" ,"id":"odd","params": {"b":1.0,"a":1e2,"u":"\\u00e9"},"jsonrpc":"2.0"}\t'
    talk.sent.append({"method": "_test/echo", "id": "odd"})
    talk.send_bytes(line + b"\n")
    talk.response("odd")
    expect(line in talk.log.raw_lines(2), "the line arrived byte for byte")


@scenario
def ten_megabytes_said_while_away_arrive(world):
    talk = world.talk()
    world.suspend()
    size = 10 << 20
    expect_equal(len(talk.prompt("say " + "y" * size)), size)


BAD_LINES = {
    "no JSON": (b"hello\n",),
    "a NUL": (b"\x00\n",),
    "nobody's answer": (b'{"jsonrpc":"2.0","id":4711,"result":{}}\n',),
}


@scenario(cases=BAD_LINES)
def bad_line_while_away_is_harmless(world, line):
    talk = world.talk()
    talk.prompt("remember elm")
    world.suspend()
    talk.send_bytes(line)
    expect_equal(talk.prompt("word?"), "elm")
    # A line that cannot be read may be answered as the agent does it; then the answer is to nobody in particular.
    _may_be_told_that_it_is_unreadable(talk)


def _may_be_told_that_it_is_unreadable(talk):
    # As an answer to nobody in particular, or by the id that its first half gave away.
    strange = [one for one in talk.messages if "error" in one]
    talk.laws_off = bool(strange)
    expect(all(one["error"]["code"] == -32700 for one in strange), f"errors: {strange}")


@scenario
def half_a_line_while_away_is_no_message(world):
    talk = world.talk()
    talk.prompt("say one")
    world.suspend()
    talk.send_bytes(b'{"jsonrpc":"2.0","id":99,"method":"session/pro')
    talk.hang_up()
    _may_be_told_that_it_is_unreadable(talk)
    expect_equal(talk.log.prompts(), ["say one"])


@scenario
def batch_said_while_away_is_delivered_once_and_answered(world):
    talk = world.talk(version=2)
    world.suspend()
    parts = [{"jsonrpc": "2.0", "id": f"b{n}", "method": "_test/echo", "params": {"n": n}} for n in range(3)]
    parts.insert(1, {"jsonrpc": "2.0", "method": "_test/notice", "params": {}})
    talk.sent += parts
    talk.send_bytes(json.dumps(parts).encode() + b"\n")
    for number in range(3):
        expect_equal(talk.result(f"b{number}"), {"n": number})
    arrived = [method for method in talk.log.methods(2) if method.startswith("_test/")]
    expect_equal(sorted(arrived), ["_test/echo"] * 3 + ["_test/notice"])


@scenario
def batch_in_flight_when_the_life_ends_is_answered_part_by_part(world):
    talk = world.talk("--misbehave", "ignore-eof@1", version=2)
    talk.prompt("deaf")
    talk.await_error("at the gate")
    parts = [{"jsonrpc": "2.0", "id": f"b{n}", "method": "_test/echo", "params": {}} for n in range(2)]
    talk.sent += parts
    talk.send_bytes(json.dumps(parts).encode() + b"\n")
    world.suspend()
    for number in range(2):
        of_failure(talk.failure(f"b{number}"), CANCELLED)
    expect_equal(talk.prompt("say back"), "back")


@scenario
def request_withdrawn_while_its_agent_comes_back_is_answered_once(world):
    talk = world.talk(*GATE)
    world.suspend()
    turn = talk.start_turn("say withdrawn")
    talk.await_error("at the gate")
    talk.notify("$/cancel_request", {"requestId": turn.id})
    world.open_gate()
    response = talk.response(turn.id)
    expect("result" in response or response["error"]["code"] == CANCELLED, f"it is an answer to it: {response}")
    expect_equal(talk.prompt("say on"), "on")
