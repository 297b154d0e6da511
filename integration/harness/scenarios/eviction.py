"""An agent that is evicted and comes back: its client notices nothing."""

from rig.failures import expect, expect_equal, expect_same
from rig.processes import marked_processes
from rig.registry import scenario

VERSIONS = {"v1": (1,), "v2": (2,)}
# How an agent can come back: by session/resume, by session/load, and in the second version.
WAYS = {"resume": ((), 1), "load": (("--no-resume",), 1), "v2": ((), 2)}


@scenario(cases=WAYS)
def evicted_agent_remembers_the_word(world, flags, version):
    talk = world.talk("--memory", "1", *flags, version=version)
    talk.prompt("remember elm")
    world.suspend()
    expect_equal(world.state(), "suspended")
    expect_equal(talk.prompt("word?"), "elm")
    expect_equal(talk.log.lives, 2, "the number of lives")
    expect_equal(world.session()["life"], 2)


@scenario
def suspended_session_has_no_process_but_its_launcher(world):
    talk = world.talk("--memory", "1")
    expect_equal(len(_agents(world)), 2, "agent and grandchild")
    world.suspend()
    expect_equal(_agents(world), [])
    expect_equal(world.slice.child("sessions").children(), [])
    talk.prompt("say back")
    expect_equal(len(_agents(world)), 2, "agent and grandchild")


def _agents(world):
    return [words for _, words in marked_processes(world.marker) if "/agent --store" in words and " acp " not in words]


@scenario(cases=WAYS)
def client_is_told_nothing_of_an_eviction(world, flags, version):
    talk = world.talk(*flags, version=version)
    talk.prompt("remember elm")
    before = len(talk.lines)
    world.suspend()
    talk.prompt("word?")
    # v1: what the agent said, and the end of the turn. v2: accepted, the user's words, running, the agent's, idle.
    expect_equal(len(talk.lines) - before, 5 if version == 2 else 2, "the number of lines about the turn")


def _story(talk, evict):
    """A conversation with a place between each two turns."""
    talk.answers["fs/read_text_file"] = lambda _: {"content": "a file"}
    for words in ("remember elm", "say one", "tools", "word?", "count?", "big 5000", "read /x", "count?"):
        talk.prompt(words)
        evict()


@scenario(cases=WAYS)
def conversation_over_many_evictions_is_that_without_any(world, flags, version):
    bare = world.bare(*flags, name="bare", version=version).begin()
    _story(bare, lambda: None)
    evicted = world.talk(*flags, version=version)
    _story(evicted, world.suspend)
    _same(evicted, bare)
    expect_equal(evicted.log.lives, 8, "the number of lives")


def _same(found, wanted):
    # What an agent asks its client is numbered anew in each life.
    def plain(talk):
        return [{**one, "id": "question"} if "method" in one and "id" in one else one for one in talk.messages]

    expect_same(plain(found), plain(wanted), "message")


@scenario
def resume_is_preferred_to_load(world):
    talk = world.talk()
    talk.prompt("say one")
    world.suspend()
    talk.prompt("say two")
    expect_equal(talk.log.methods(2), ["initialize", "session/resume", "session/prompt"])
    expect_equal(talk.log.messages(2)[1]["params"]["sessionId"], talk.session)


@scenario
def load_is_used_where_resume_is_not_offered_and_its_replay_is_swallowed(world):
    talk = world.talk("--no-resume")
    talk.prompt("say one")
    world.suspend()
    before = len(talk.messages)
    talk.prompt("say two")
    expect_equal(talk.log.methods(2), ["initialize", "session/load", "session/prompt"])
    expect_equal([one["content"]["text"] for one in talk.updates(since=before)], ["two"])


@scenario
def load_is_tried_where_resume_is_offered_and_missing(world):
    talk = world.talk("--misbehave", "no-resume-32601@2")
    talk.prompt("remember elm")
    world.suspend()
    expect_equal(talk.prompt("word?"), "elm")
    expect("session/load" in talk.log.methods(2), "session/load was tried")


@scenario
def replay_that_resume_must_not_make_is_swallowed_too(world):
    talk = world.talk("--misbehave", "talk-in-resume")
    talk.prompt("say one")
    world.suspend()
    before = len(talk.messages)
    talk.prompt("say two")
    expect_equal([one["content"]["text"] for one in talk.updates(since=before)], ["two"])


@scenario
def second_version_is_resumed_without_replay(world):
    talk = world.talk(version=2)
    talk.prompt("say one")
    world.suspend()
    talk.prompt("say two")
    expect_equal(talk.log.methods(2), ["initialize", "session/resume", "session/prompt"])
    expect_equal(talk.log.messages(2)[1]["params"].get("replayFrom"), None, "replayFrom")


@scenario(cases=VERSIONS)
def each_life_is_initialized_as_the_client_initialized_the_first(world, version):
    talk = world.talk(version=version)
    world.suspend()
    talk.prompt("say back")
    first, second = (talk.log.requests("initialize", life)[0]["params"] for life in (1, 2))
    expect_equal(second, first, "the parameters of the second life's initialize")
    expect_equal(len(talk.log.requests("initialize", 2)), 1)


PLACE = {
    "cwd": "/usr",
    "additionalDirectories": ["/etc", "/var"],
    "mcpServers": [
        {"name": "fs", "command": "/usr/bin/fs", "args": ["--x"], "env": [{"name": "K", "value": "V \u00e9"}]}
    ],
}


@scenario(cases=WAYS)
def directory_servers_and_further_directories_are_restored(world, flags, version):
    talk = world.acp(*flags, version=version).begin(**PLACE)
    before = talk.prompt("cwd?")
    world.suspend()
    expect_equal(talk.prompt("cwd?"), before)


@scenario(cases=WAYS)
def chosen_options_are_restored_before_the_prompt(world, flags, version):
    talk = world.talk(*flags, version=version)
    for name, value in (("model", "large"), ("thought", "high"), ("thought", "low"), ("mode", "code")):
        talk.call("session/set_config_option", {"sessionId": talk.session, "configId": name, "value": value})
    before = len(talk.messages)
    world.suspend()
    expect_equal([talk.prompt(f"{name}?") for name in ("model", "thought", "mode")], ["large", "low", "code"])
    responses = [one for one in talk.messages[before:] if "method" not in one]
    expect_equal(len(responses), 3, "the number of answers the client got")


@scenario
def chosen_mode_and_model_are_restored_by_their_own_methods(world):
    talk = world.talk()
    talk.call("session/set_mode", {"sessionId": talk.session, "modeId": "code"})
    talk.call("session/set_model", {"sessionId": talk.session, "modelId": "large"})
    world.suspend()
    expect_equal([talk.prompt("mode?"), talk.prompt("model?")], ["code", "large"])


@scenario
def choice_that_was_refused_is_not_restored(world):
    talk = world.talk()
    talk.call("session/set_mode", {"sessionId": talk.session, "modeId": "code"})
    talk.failure(talk.request("session/set_mode", {"sessionId": talk.session, "modeId": "none"}))
    world.suspend()
    expect_equal(talk.prompt("mode?"), "code")


@scenario(cases=VERSIONS)
def client_that_had_authenticated_is_authenticated_again(world, version):
    method = "auth/login" if version == 2 else "authenticate"
    talk = world.acp("--auth", version=version)
    talk.initialize()
    talk.call(method, {"methodId": "token", "_meta": {"by": "rig"}})
    talk.new_session()
    talk.prompt("remember elm")
    world.suspend()
    expect_equal(talk.prompt("word?"), "elm")
    expect_equal(
        [one["params"] for one in talk.log.requests(method, 2)], [{"methodId": "token", "_meta": {"by": "rig"}}]
    )


@scenario(cases=WAYS)
def all_conversations_of_one_agent_come_back(world, flags, version):
    talk = world.talk(*flags, version=version)
    second = talk.new_session(cwd="/usr")["sessionId"]
    talk.prompt("remember elm")
    talk.prompt("remember oak", second)
    world.suspend()
    expect_equal(talk.prompt("word?", second), "oak")
    expect_equal(talk.prompt("word?"), "elm")
    expect('"/usr"' in talk.prompt("cwd?", second), "the second conversation is in its own directory")
    expect_equal(talk.log.lives, 2)


@scenario
def conversation_that_its_client_closed_is_not_opened_again(world):
    talk = world.talk()
    second = talk.new_session()["sessionId"]
    talk.prompt("remember oak", second)
    talk.call("session/close", {"sessionId": second})
    world.suspend()
    talk.prompt("say back")
    names = [one["params"].get("sessionId") for one in talk.log.messages(2) if "method" in one]
    expect(second not in names, f"the second life heard of the closed conversation: {names}")


@scenario
def conversation_that_its_client_loaded_comes_back_too(world):
    first = world.bare().begin()
    first.prompt("remember elm")
    first.hang_up()
    talk = world.acp()
    talk.initialize()
    talk.session = first.session
    talk.call("session/load", {"sessionId": first.session, "cwd": "/usr", "mcpServers": []})
    world.suspend()
    expect_equal(talk.prompt("word?"), "elm")
    expect('"/usr"' in talk.prompt("cwd?"), "it is in the directory it was loaded with")


@scenario
def each_life_knows_its_session_and_its_number(world):
    talk = world.talk()
    expect_equal([talk.prompt("env PINFOLD_SESSION"), talk.prompt("env PINFOLD_LIFE")], ["a", "1"])
    world.suspend()
    expect_equal([talk.prompt("env PINFOLD_SESSION"), talk.prompt("env PINFOLD_LIFE")], ["a", "2"])


@scenario(policy="IdleAfterSec=100ms\nIdleTimeoutSec=200ms")
def agent_whose_time_ran_out_idle_comes_back(world):
    talk = world.talk()
    events = world.follow()
    talk.prompt("remember elm")
    events.wait_for("suspended", "a")
    expect_equal(world.session()["cause"]["kind"], "idle_timeout")
    expect_equal(talk.prompt("word?"), "elm")


@scenario
def evicted_before_its_first_prompt_it_comes_back(world):
    talk = world.talk()
    world.suspend()
    expect_equal(talk.prompt("count?"), "1")


@scenario
def evicted_before_any_conversation_it_is_initialized_and_opens_one(world):
    talk = world.acp()
    talk.initialize()
    world.suspend()
    talk.new_session()
    expect_equal(talk.prompt("say new"), "new")
    expect_equal(talk.log.methods(2)[:2], ["initialize", "session/new"])
