"""Agents that do not come back as they went: gone, or not known, and never silently afresh."""

from rig.failures import expect, expect_equal
from rig.registry import scenario
from rig.talk import of_failure

GONE = -32002
UNKNOWN = -32603


def _evicted(world, *misbehaviours, flags=(), version=1, relay=(), life="@2"):
    """A client whose agent has a word to remember and misbehaves in its second life."""
    words = [word for name in misbehaviours for word in ("--misbehave", f"{name}{life}")]
    talk = world.talk("--memory", "1", *words, *flags, version=version, relay=relay)
    talk.prompt("remember elm")
    world.suspend()
    return talk


GONE_BY = {
    "-32002": ("gone-32002", (), 1),
    "-32600 not found": ("gone-32600", (), 1),
    "-32602 not found": ("gone-32602", (), 1),
    "-32002 in load": ("gone-32002", ("--no-resume",), 1),
    "-32602 not found in load": ("gone-32602", ("--no-resume",), 1),
    "-32002 in v2": ("gone-32002", (), 2),
}


@scenario(cases=GONE_BY)
def conversation_that_is_gone_is_said_to_be(world, misbehaviour, flags, version):
    talk = _evicted(world, misbehaviour, flags=flags, version=version)
    failure = of_failure(talk.refusal("word?"), GONE, outcome="gone")
    expect(
        "session/new" in failure.message or "session/new" in str(failure.error), f"it says what to do: {failure.error}"
    )
    expect_equal(talk.log.prompts(2), [], "the prompts that arrived")
    expect("session/new" not in talk.log.methods(2), "no conversation was begun silently")


@scenario
def client_begins_anew_where_its_conversation_is_gone(world):
    talk = _evicted(world, "gone-32002")
    talk.refusal("word?")
    fresh = talk.new_session()["sessionId"]
    expect(fresh != talk.session, "it is another conversation")
    expect_equal(talk.prompt("word?", fresh), "I remember nothing")


@scenario
def one_conversation_gone_leaves_the_others(world):
    talk = world.talk()
    lost = talk.new_session()["sessionId"]
    talk.prompt("remember elm")
    talk.prompt("remember oak", lost)
    world.suspend()
    world.forget_conversation("a", lost)
    of_failure(talk.refusal("word?", lost), GONE, outcome="gone")
    expect_equal(talk.prompt("word?"), "elm")


UNKNOWN_BY = {
    "-32603": ("fail-32603", ()),
    "-32603 in load": ("fail-32603", ("--no-resume",)),
    "death in initialize": ("die-in-initialize", ()),
    "death in a replay": ("die-in-replay", ("--no-resume",)),
}


@scenario(cases=UNKNOWN_BY)
def failure_that_proves_nothing_keeps_the_conversation(world, misbehaviour, flags):
    talk = _evicted(world, misbehaviour, flags=flags)
    of_failure(talk.refusal("word?"), UNKNOWN, outcome="unknown")
    expect_equal(talk.log.prompts(2), [], "the prompts that arrived")
    _comes_back(world, talk)


def _comes_back(world, talk):
    """The next message finds the conversation as it was, in a life that behaves."""
    if world.state() in ("idle", "busy"):
        world.suspend()
    expect_equal(talk.prompt("word?"), "elm")
    expect_equal(talk.prompt("count?"), "3")


@scenario(cases={"resume": ((),), "load": (("--no-resume",),)})
def agent_that_dies_between_its_return_and_the_prompt_loses_nothing(world, flags):
    talk = _evicted(world, "die-after-load", flags=flags)
    failure = talk.refusal("say lost")
    expect(failure.code in (UNKNOWN, -32800), f"the prompt is answered with an error: {failure.error}")
    if talk.status is None and world.state() != "ended":
        _comes_back(world, talk)
        return
    expect_equal(talk.wait(), 7, "the launcher's status")
    talk = world.acp(relay=("--resume", "auto"))
    talk.begin()
    expect_equal(talk.prompt("word?"), "elm")


CHANGED = {
    "another version": ("other-version", (), 1),
    "another version in v2": ("other-version", (), 2),
    "fewer capabilities": ("drop-capabilities", (), 1),
    "fewer capabilities in v2": ("drop-capabilities", (), 2),
}


@scenario(cases=CHANGED)
def agent_that_is_another_in_its_second_life_is_not_used(world, misbehaviour, flags, version):
    talk = _evicted(world, misbehaviour, flags=flags, version=version)
    failure = talk.refusal("word?")
    expect(failure.code in (GONE, UNKNOWN), f"it is an error: {failure.error}")
    expect_equal(talk.log.prompts(2), [], "the prompts that arrived")
    expect("session/new" not in talk.log.methods(2), "no conversation was begun silently")
    if failure.code == UNKNOWN:
        _comes_back(world, talk)


@scenario
def agent_that_suddenly_wants_a_login_passes_its_refusal_on(world):
    talk = _evicted(world, "need-auth")
    failure = talk.refusal("word?")
    expect(failure.code in (-32000, UNKNOWN), f"it is an error: {failure.error}")
    expect_equal(talk.log.prompts(2), [], "the prompts that arrived")
    talk.call("authenticate", {"methodId": "token"})
    expect_equal(talk.prompt("word?"), "elm")


@scenario
def agent_that_hangs_while_it_loads_is_given_up_and_the_next_message_tries_again(world):
    talk = _evicted(world, "hang-on-load", relay=world.short_patience())
    of_failure(talk.refusal("word?"), UNKNOWN, outcome="unknown")
    _comes_back(world, talk)


NOTHING_OFFERED = ("--no-load", "--no-resume")


@scenario
def agent_that_offers_no_way_back_is_gone_when_it_is_evicted(world):
    talk = _evicted(world, flags=NOTHING_OFFERED)
    of_failure(talk.refusal("word?"), GONE, outcome="gone")
    fresh = talk.new_session()["sessionId"]
    expect_equal(talk.prompt("say new", fresh), "new")


@scenario(policy="Resume=new")
def new_conversation_in_place_of_a_lost_one_is_never_silent(world):
    talk = _evicted(world, "gone-32002")
    turn = talk.start_turn("word?")
    response = talk.response(turn.id)
    told = [one for one in talk.messages[turn.since :] if '"pinfold"' in str(one).replace("'", '"')]
    expect("error" in response or told, f"the client was told: {response}")


@scenario(policy="Resume=never\nIdleAfterSec=100ms\nIdleTimeoutSec=200ms")
def agent_that_may_not_resume_is_over_when_its_time_runs_out(world):
    talk = world.talk("--memory", "1")
    expect_equal(talk.wait(), 137, "the launcher's status")
    expect_equal(world.state(), "ended")
    expect_equal(world.session()["cause"]["kind"], "idle_timeout")


ANSWERS = {"an answer nobody asked for": "unasked-answer", "answers of its earlier life": "answer-old"}


@scenario(cases={name: (value,) for name, value in ANSWERS.items()})
def second_life_that_gives_strange_answers_confuses_nobody(world, misbehaviour):
    talk = _evicted(world, misbehaviour)
    turn = talk.start_turn("hold")
    talk.await_error("holding")
    other = talk.new_session()["sessionId"]
    talk.prompt("release", other)
    expect_equal(talk.end_turn(turn), ("released", "end_turn"))


@scenario
def line_that_is_no_json_while_it_comes_back_is_noise(world):
    talk = _evicted(world, "junk-at-start")
    expect_equal(talk.prompt("word?"), "elm")


@scenario
def question_that_an_agent_asks_while_it_loads_is_answered(world):
    talk = _evicted(world, "ask-in-load")
    talk.answers["fs/read_text_file"] = lambda _: {"content": "a file"}
    expect_equal(talk.prompt("word?"), "elm")
    talk.prompt("say more")
    asked = [one for one in talk.log.messages(2) if one.get("id") == "in-load"]
    expect_equal(len(asked), 1, "the number of answers the agent got")


@scenario
def failed_returns_leave_no_process(world):
    talk = _evicted(world, "die-in-replay", "keep-pipes", life="@2-", flags=("--no-resume",))
    for number in range(2):
        of_failure(talk.refusal(f"say {number}"), UNKNOWN, outcome="unknown")
    of_failure(talk.refusal("say 2"), GONE, outcome="gone")
    expect_equal(talk.log.prompts(), ["remember elm"])
    expect_equal(talk.log.lives, 4, "the number of lives")
