"""Lines that should not be: too long, ambiguous, answers to nothing, ids that come twice."""

import base64

from rig.failures import expect, expect_equal
from rig.registry import scenario

MEBIBYTE = 1 << 20
CAP = 64 * MEBIBYTE


def _raw(data):
    return f"raw {base64.b64encode(data).decode()}"


def _names_the_cap(error, cap):
    expect(cap in error["message"], f"the error names the cap {cap}: {error}")


CAPS = {"by default": ((), 65, "64 MiB"), "as set": (("--line-cap", "1M"), 2, "1 MiB")}


@scenario(cases=CAPS)
def request_over_the_cap_is_refused_and_the_next_one_served(world, relay, size, cap):
    talk = world.talk(relay=relay)
    turn = talk.start_turn("say " + "x" * (size * MEBIBYTE))
    talk.wait_until(lambda: [one for one in talk.messages if "error" in one], "error")
    error = next(one for one in talk.messages if "error" in one)
    expect(error["id"] in (turn.id, None), f"it is an answer to the request, or to nobody in particular: {error}")
    _names_the_cap(error["error"], cap)
    if error["id"] is None:
        talk.laws_off = True
    expect_equal(talk.prompt("say on"), "on")
    expect_equal(talk.log.prompts(), ["say on"])


@scenario
def notification_over_the_cap_is_dropped_with_a_word_and_the_next_line_served(world):
    talk = world.talk(relay=("--line-cap", "1M"))
    talk.notify("_test/notice", {"x": "x" * (2 * MEBIBYTE)})
    expect_equal(talk.prompt("say on"), "on")
    expect("_test/notice" not in talk.log.methods(), "it was dropped")
    told = [one for one in talk.messages if one.get("id", 0) is None]
    for one in told:
        _names_the_cap(one["error"], "1 MiB")
    talk.laws_off = bool(told)
    expect(told or b"1 MiB" in talk.errors, f"somebody was told: {talk.errors}")


@scenario(cases=CAPS)
def answer_over_the_cap_becomes_an_error_that_names_it(world, relay, size, cap):
    talk = world.talk(relay=relay)
    failure = talk.failure(talk.start_turn(f"big-answer {size * MEBIBYTE}").id)
    _names_the_cap(failure.error, cap)
    expect_equal(talk.prompt("say on"), "on")


@scenario
def update_over_the_cap_is_dropped_with_a_word_and_the_turn_goes_on(world):
    talk = world.talk(relay=("--line-cap", "1M"))
    expect_equal(talk.prompt(f"big {2 * MEBIBYTE}"), "")
    expect(b"cap" in talk.errors, f"standard error says so: {talk.errors}")
    expect_equal(talk.prompt("say on"), "on")


@scenario
def line_just_below_the_cap_passes(world):
    talk = world.talk(relay=("--line-cap", "1M"))
    words = "say " + "x" * (MEBIBYTE - 300)
    expect_equal(len(talk.prompt(words)), MEBIBYTE - 300)


@scenario
def held_line_over_the_cap_is_refused_and_its_agent_stays_away(world):
    talk = world.talk(relay=("--line-cap", "1M"))
    world.suspend()
    failure = talk.failure(talk.start_turn("say " + "x" * (2 * MEBIBYTE)).id)
    _names_the_cap(failure.error, "1 MiB")
    expect_equal(world.state(), "suspended")
    expect_equal(talk.prompt("say back"), "back")


@scenario
def request_whose_id_comes_last_is_refused_over_the_cap_too(world):
    talk = world.talk(relay=("--line-cap", "1M"))
    talk.laws_off = True
    line = b'{"jsonrpc":"2.0","method":"_test/echo","params":"' + b"x" * (2 * MEBIBYTE) + b'","id":"last"}\n'
    talk.send_bytes(line)
    talk.wait_until(lambda: [one for one in talk.messages if "error" in one], "error")
    _names_the_cap(talk.messages[-1]["error"], "1 MiB")
    expect_equal(talk.prompt("say on"), "on")


# Ambiguous ones


@scenario
def answer_with_a_member_twice_is_an_answer_once(world):
    talk = world.talk()
    talk.number_from(100)
    other = talk.new_session()["sessionId"]
    turn = talk.start_turn("hold", identifier=7)
    talk.await_error("holding")
    # The agent answers the held prompt with a line whose reading is anybody's choice, and never again.
    talk.prompt(_raw(b'{"jsonrpc":"2.0","id":7,"result":{"stopReason":"end_turn"},"jsonrpc":"2.0"}\n'), other)
    talk.response(turn.id)
    world.suspend()
    expect_equal(talk.prompt("say back"), "back")


@scenario
def request_with_a_member_twice_reaches_the_agent_and_its_answer_the_client(world):
    talk = world.talk()
    talk.sent.append({"method": "_test/echo", "id": "twice"})
    talk.send_bytes(b'{"jsonrpc":"2.0","id":"twice","method":"_test/echo","params":{"a":1},"id":"twice"}\n')
    expect_equal(talk.result("twice"), {"a": 1})
    world.suspend()
    expect_equal(talk.prompt("say back"), "back")


# Answers


@scenario
def answer_nobody_asked_for_harms_nobody(world):
    talk = world.talk()
    talk.laws_off = True
    expect_equal(talk.prompt(_raw(b'{"jsonrpc":"2.0","id":4711,"result":{"stopReason":"end_turn"}}\n')), "")
    talk.send({"jsonrpc": "2.0", "id": 4712, "result": {}})
    expect_equal(talk.prompt("say on"), "on")
    world.suspend()
    expect_equal(talk.prompt("say back"), "back")


@scenario
def agent_that_answers_the_same_id_twice_is_heard_once(world):
    talk = world.talk("--misbehave", "answer-twice")
    for number in range(3):
        expect_equal(talk.prompt(f"say {number}"), str(number))
    world.suspend()
    expect_equal(talk.prompt("say back"), "back")


@scenario
def client_that_asks_twice_with_one_id_gets_two_answers(world):
    talk = world.talk()
    talk.number_from(100)
    talk.laws_off = True
    turns = [talk.start_turn(f"say {number}", identifier="same") for number in range(2)]
    talk.wait_until(lambda: len(talk.responses("same")) == 2, "two answers")
    expect(turns and all("result" in one for one in talk.responses("same")), "both are results")
    expect_equal(talk.log.prompts(), ["say 0", "say 1"])
    world.suspend()
    expect_equal(talk.prompt("say back"), "back")


@scenario
def client_that_asks_twice_with_one_id_while_its_agent_is_away_gets_two_answers(world):
    talk = world.talk()
    talk.number_from(100)
    talk.laws_off = True
    world.suspend()
    for number in range(2):
        talk.start_turn(f"say {number}", identifier="same")
    talk.wait_until(lambda: len(talk.responses("same")) == 2, "two answers")
    expect_equal(talk.log.prompts(), ["say 0", "say 1"])


@scenario
def late_answer_to_an_abandoned_turn_does_not_finish_the_next(world):
    talk = world.talk("--misbehave", "answer-old@2")
    cut = talk.start_turn("hold", identifier="old")
    talk.await_error("holding")
    world.suspend()
    talk.failure(cut.id)
    second = talk.new_session()["sessionId"]
    turn = talk.start_turn("hold")
    talk.await_error("holding")
    expect_equal(talk.responses(turn.id), [])
    talk.prompt("release", second)
    expect_equal(talk.end_turn(turn), ("released", "end_turn"))
