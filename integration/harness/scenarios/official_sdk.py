"""The official SDK of ACP, unmodified, as client and as agent."""

import json
import os
import signal

from rig import machine
from rig.failures import expect, expect_equal, expect_same
from rig.program import Program
from rig.registry import scenario
from rig.sdk import SDK

WAYS = {"resume": ("resume",), "load": ("load",)}


def _conversation(world, sdk, agent, evict):
    """What the SDK's client saw, message for message, and the status of what it had started."""
    script = os.path.join(machine.HERE, "sdk", "client.py")
    program = Program([sdk.python, script, evict, *agent], world.environment, stdin=False)
    try:
        status = program.wait()
        expect_equal(status, 0, f"the status of the SDK's client, which said {program.errors.decode()}")
        events = [json.loads(line) for line in program.output.splitlines()]
    finally:
        program.close()
    return _plain(events)


def _plain(events):
    """The events without the ids of the agent's questions: each life begins to number them anew."""
    return [
        [side, {**said, "id": "the agent's"} if _is_about_a_question(side, said) else said] for side, said in events
    ]


def _is_about_a_question(side, said):
    if side == "status" or "id" not in said:
        return False
    return ("method" in said) == (side == "incoming")


def _relay(agent):
    return [machine.pinfold(), "acp", "-s", "a", "--", *agent]


def _sdk_agent(world, sdk, folder, way):
    return [sdk.python, os.path.join(machine.HERE, "sdk", "agent.py"), world.path(folder), way]


@scenario(cases=WAYS)
def sdks_conversation_over_three_evictions_is_that_without_any(world, way):
    sdk = SDK.get()
    bare = _conversation(world, sdk, _sdk_agent(world, sdk, "bare", way), "")
    expect(len(bare) > 30, f"the conversation is one: {len(bare)} messages")
    words = [one["params"]["update"]["content"]["text"] for _, one in bare if _is_message(one)]
    expect("looked with selected" in words and "elm look mode? read" in words, f"the agent does its part: {words}")
    agent = _relay(_sdk_agent(world, sdk, "relayed", way))
    expect_same(_conversation(world, sdk, agent, f"{machine.pinfold()} suspend a"), bare, "message")
    expect_equal(world.session()["life"], 4, "the number of lives")


def _is_message(message):
    update = (message.get("params") or {}).get("update", {}) if isinstance(message, dict) else {}
    return update.get("sessionUpdate") == "agent_message_chunk"


@scenario
def sdks_conversation_without_evictions_is_the_same_too(world):
    sdk = SDK.get()
    bare = _conversation(world, sdk, _sdk_agent(world, sdk, "bare", "resume"), "")
    agent = _relay(_sdk_agent(world, sdk, "relayed", "resume"))
    expect_same(_conversation(world, sdk, agent, ""), bare, "message")
    expect_equal(world.session()["life"], 1, "the number of lives")


@scenario(cases={"resume": ((),), "load": (("--no-resume",),)})
def sdks_client_and_our_agent_over_three_evictions_are_as_without(world, flags):
    sdk = SDK.get()
    bare = _conversation(world, sdk, world.agent("bare", *flags), "")
    evicted = _conversation(world, sdk, _relay(world.agent("a", *flags)), f"{machine.pinfold()} suspend a")
    expect_same(evicted, bare, "message")
    expect_equal(world.session()["life"], 4, "the number of lives")


@scenario(cases=WAYS)
def our_client_and_the_sdks_agent_over_an_eviction_go_on(world, way):
    sdk = SDK.get()
    talk = world.relayed(_sdk_agent(world, sdk, "sdk", way)).begin()
    talk.laws_off = True
    talk.prompt("elm")
    world.suspend()
    turns = [talk.start_turn(words) for words in ("oak", "ash")]
    for turn in turns:
        talk.end_turn(turn)
    expect_equal(talk.prompt("words?"), "elm oak ash")


# Its own examples, as they come


def _example(sdk, name):
    return os.path.join(sdk.examples, name)


def _typed(program, lines):
    """Types lines into an interactive example, each when the one before it was answered; returns its output."""
    for number, line in enumerate(lines, 1):
        program.write(line.encode() + b"\n")
        program.wait_until(lambda wanted=number: program.output.count(b"| Agent:") >= 2 * wanted, f"answer {number}")
    program.close_input()
    program.wait()
    return program.output.decode()


LINES = ["hello", "a second line", "\u00e9 and \u6c49"]


@scenario
def sdks_example_client_and_agent_say_the_same_through_the_relay(world):
    sdk = SDK.get()
    outputs = []
    for agent in ([sdk.python, _example(sdk, "agent.py")], _relay([sdk.python, _example(sdk, "agent.py")])):
        program = Program([sdk.python, _example(sdk, "client.py"), *agent], world.environment)
        outputs.append(_typed(program, LINES))
        program.close()
    expect("| Agent: a second line" in outputs[0], f"the example works: {outputs[0]}")
    expect_equal(outputs[1], outputs[0], "what the example printed")


@scenario
def sdks_example_duet_says_the_same_through_the_relay(world):
    sdk = SDK.get()
    # The example starts its own interpreter as the agent; this one is a relay that starts the real one.
    wrapper = world.path("python")
    world.write("python", f'#!/bin/sh\nexec {machine.pinfold()} acp -s a -- {sdk.python} "$@"\n')
    os.chmod(wrapper, 0o755)
    start = (
        "import runpy, sys; sys.executable, *sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    outputs = []
    for interpreter in (sdk.python, wrapper):
        program = Program([sdk.python, "-c", start, interpreter, _example(sdk, "duet.py")], world.environment)
        outputs.append(_typed(program, LINES))
        expect_equal(program.status, 0, f"the status of the example, which said {program.errors.decode()}")
        program.close()
    expect_equal(outputs[1], outputs[0], "what the example printed")


@scenario
def sdks_example_echo_agent_answers_through_the_relay(world):
    sdk = SDK.get()
    talk = world.relayed([sdk.python, _example(sdk, "echo_agent.py")]).begin()
    talk.laws_off = True
    expect_equal(talk.prompt("hello"), "hello")
    update = next(one for one in talk.updates() if one["sessionUpdate"] == "agent_message_chunk")
    expect_equal(update["_meta"], {"echo": True})


@scenario
def sdks_example_that_cannot_resume_is_told_and_goes_on(world):
    """Its agent keeps nothing: an eviction costs it the conversation, and its user is told so."""
    sdk = SDK.get()
    agent = _relay([sdk.python, _example(sdk, "agent.py")])
    program = Program([sdk.python, _example(sdk, "client.py"), *agent], world.environment)
    program.write(b"hello\n")
    program.wait_until(lambda: program.output.count(b"| Agent:") >= 2, "answer")
    world.suspend()
    program.write(b"again\n")
    said = program.await_error("Prompt failed")
    expect("session/new" in said, f"the example's user is told what to do: {said}")
    program.close_input()
    expect(program.wait() in (0, -signal.SIGTERM), f"the example's status: {program.status}")
    program.close()
