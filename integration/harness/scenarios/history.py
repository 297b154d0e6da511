"""Agents that keep their conversations in their own way: late, without a replay, with one that comes afterwards."""

from rig.failures import expect, expect_equal
from rig.registry import scenario
from rig.talk import of_failure

GONE, UNKNOWN = -32002, -32603
LOAD = "--no-resume"
WAYS = {"resume": ((), 1), "load": ((LOAD,), 1), "v2": ((), 2)}


def _meta(talk, text):
    """A prompt that must be answered; returns what is ours in the answer."""
    result = talk.result(talk.start_turn(text).id)
    return (result.get("_meta") or {}).get("pinfold")


# Nothing was said


@scenario(cases=WAYS)
def conversation_that_no_agent_kept_is_begun_anew_and_its_client_sees_one_all_along(world, flags, version):
    talk = world.acp("--misbehave", "save-late", *flags, version=version).begin(cwd="/usr")
    for _ in range(2):
        world.suspend()
        expect_equal(talk.call("_test/echo", {"sessionId": talk.session})["sessionId"][:5], "sess-")
    expect_equal(talk.prompt("remember elm"), "I remember elm")
    world.suspend()
    expect_equal(talk.prompt("word?"), "elm")
    expect('"/usr"' in talk.prompt("cwd?"), "it is in the directory it was begun in")
    expect_equal({one["params"]["sessionId"] for one in talk.messages if "params" in one}, {talk.session})


@scenario
def conversations_of_which_none_was_kept_are_not_confused(world):
    talk = world.talk("--misbehave", "save-late")
    other = talk.new_session(cwd="/usr")["sessionId"]
    world.suspend()
    # The agent numbers them in the order in which they come.
    talk.prompt("remember oak", other)
    talk.prompt("remember elm")
    world.suspend()
    expect_equal([talk.prompt("word?"), talk.prompt("word?", other)], ["elm", "oak"])
    third = talk.new_session()["sessionId"]
    expect(third not in (talk.session, other), "the third has a name of its own")
    expect_equal(talk.prompt("word?", third), "I remember nothing")


@scenario
def command_alone_is_nothing_that_could_be_lost(world):
    talk = world.talk("--misbehave", "save-late", LOAD)
    talk.prompt("/help")
    world.suspend()
    expect_equal(talk.prompt("say on"), "on")


@scenario(cases={"resume": ((),), "load": ((LOAD,),)})
def copy_of_a_conversation_comes_back_as_itself(world, flags):
    talk = world.talk(*flags)
    talk.prompt("remember elm")
    copy = talk.call("session/fork", {"sessionId": talk.session, "cwd": "/usr", "mcpServers": []})["sessionId"]
    world.suspend()
    expect_equal(talk.prompt("word?", copy), "elm")
    talk.prompt("remember oak", copy)
    world.suspend()
    expect_equal([talk.prompt("word?"), talk.prompt("word?", copy)], ["elm", "oak"])
    expect('"/usr"' in talk.prompt("cwd?", copy), "the copy is in its own directory")


# Replays


@scenario
def load_that_replays_nothing_delivers_the_message_and_says_so_once(world):
    talk = world.talk("--misbehave", "no-replay@2-", LOAD)
    talk.prompt("remember elm")
    world.suspend()
    expect_equal((_meta(talk, "say one") or {}).get("outcome"), "unconfirmed", "_meta.pinfold.outcome")
    expect_equal(_meta(talk, "say two"), None, "_meta.pinfold")
    expect_equal(talk.prompt("word?"), "elm")


@scenario
def replay_after_the_answer_is_not_shown(world):
    talk = world.talk("--misbehave", "late-replay@2-", LOAD)
    for number in range(20):
        talk.prompt(f"say {number}")
    for number in range(2):
        world.suspend()
        before = len(talk.messages)
        talk.prompt(f"say again {number}")
        texts = [one["content"]["text"] for one in talk.updates(since=before)]
        expect_equal(texts, [f"again {number}"])


@scenario
def empty_conversation_that_its_client_loaded_is_loaded_again(world):
    first = world.bare().begin()
    first.hang_up()
    talk = world.acp(LOAD)
    talk.initialize()
    talk.session = first.session
    talk.call("session/load", {"sessionId": first.session, "cwd": "/", "mcpServers": []})
    world.suspend()
    expect_equal(talk.prompt("say on"), "on")


# Not for ever


@scenario(cases={"resume": ((),), "load": ((LOAD,),)})
def failure_that_repeats_is_no_longer_called_unknown(world, flags):
    talk = world.talk("--misbehave", "fail-32603@2-", *flags)
    talk.prompt("remember elm")
    world.suspend()
    for number in range(2):
        of_failure(talk.refusal(f"say {number}"), UNKNOWN, outcome="unknown")
    failure = of_failure(talk.refusal("say 2"), GONE, outcome="gone", attempts=3)
    expect("session/new" in failure.message, f"it says what to do: {failure.message}")
    expect_equal(talk.log.prompts(), ["remember elm"])


# Modes


@scenario
def message_does_not_go_out_in_another_mode_than_its_author_sees(world):
    talk = world.talk("--misbehave", "refuse-mode@2")
    talk.call("session/set_mode", {"sessionId": talk.session, "modeId": "code"})
    world.suspend()
    before = len(talk.messages)
    failure = of_failure(talk.refusal("mode?"), UNKNOWN, outcome="changed", method="session/set_mode")
    expect_equal(failure.pinfold["params"]["modeId"], "code")
    told = [one for one in talk.updates(since=before) if one["sessionUpdate"] == "current_mode_update"]
    expect_equal([one["currentModeId"] for one in told], ["ask"], "the modes that the client was told")
    expect_equal(talk.log.prompts(), [], "the prompts that arrived")
    expect_equal(talk.prompt("mode?"), "ask")


@scenario
def mode_of_the_clients_own_load_is_newer_than_what_was_chosen_before(world):
    talk = world.talk()
    talk.call("session/set_mode", {"sessionId": talk.session, "modeId": "code"})
    result = talk.call("session/load", {"sessionId": talk.session, "cwd": "/", "mcpServers": []})
    expect_equal(result["modes"]["currentModeId"], "ask")
    world.suspend()
    expect_equal(talk.prompt("mode?"), "ask")


@scenario
def new_launcher_tells_the_mode_as_it_is_after_the_choices(world):
    first = world.acp(relay=("--resume", "auto")).begin()
    first.prompt("say on")
    first.call("session/set_mode", {"sessionId": first.session, "modeId": "code"})
    world.suspend()
    first.hang_up()
    second = world.acp(relay=("--resume", "auto"))
    second.initialize()
    result = second.new_session()
    expect_equal(result["modes"]["currentModeId"], "code")
    expect_equal(second.prompt("mode?"), "code")


# What a former life left


@scenario
def login_is_repeated_for_a_request_of_no_conversation(world):
    talk = world.acp("--auth")
    talk.initialize()
    talk.call("authenticate", {"methodId": "token"})
    world.suspend()
    talk.new_session()
    expect_equal(talk.prompt("say on"), "on")
    expect_equal(talk.log.methods(2)[:4], ["initialize", "session/new", "authenticate", "session/new"])


@scenario
def terminals_of_an_evicted_agent_are_released(world):
    talk = world.talk()
    talk.answers["terminal/create"] = lambda _: {"terminalId": "t1"}
    talk.answers["terminal/release"] = lambda _: {}
    expect_equal(talk.prompt("terminal"), "t1")
    world.suspend()
    question = talk.question("terminal/release")
    expect_equal(question["params"], {"sessionId": talk.session, "terminalId": "t1"})
    expect_equal(talk.prompt("say on"), "on")
    expect_equal(len(talk.questions("terminal/release")), 1)


@scenario(cases={"resume": ((),), "load": ((LOAD,),)})
def state_that_the_client_knows_is_not_told_again(world, flags):
    talk = world.talk("--misbehave", "tell-state", *flags)
    talk.prompt("say one")
    world.suspend()
    before = len(talk.messages)
    talk.prompt("say two")
    expect_equal([one["sessionUpdate"] for one in talk.updates(since=before)], ["agent_message_chunk"])
