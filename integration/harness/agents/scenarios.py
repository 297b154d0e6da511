"""Each of the agents, directly and through `pinfold acp`: its client must see the same."""

import os
import random

from rig.failures import expect, expect_equal, expect_same
from rig.registry import scenario
from rig import machine

from .client import NOTES, Client
from .kinds import AGENTS
from .model import ModelServer

BY_NAME = {agent.name: (agent,) for agent in AGENTS}
SAVING_AT_ONCE = {agent.name: (agent,) for agent in AGENTS if agent.saves == "at once"}
SAVING_COMMANDS = {agent.name: (agent,) for agent in AGENTS if agent.saves in ("at once", "with a command")}
FORKING = {agent.name: (agent,) for agent in AGENTS if agent.forks and agent.saves == "at once"}
# hermes-agent replays a conversation after the answer to session/resume, and its messages have no ids to tell it by.
REPLAYING_IN_TIME = {agent.name: (agent,) for agent in AGENTS if agent.name != "hermes-agent"}
# Agents take their time to leave, and lose what they do not get to write.
POLICY = "Activity=acp touch\nStdinCloseSec=20s\nTermSec=5s\nMemoryMax=4G\nTasksMax=2000"
# An agent takes up to ten seconds to come back.
TURNS = 4
SEED = int(os.environ.get("PINFOLD_SEED", "1"))


class Comparison:
    """Runs the same steps twice: directly between client and agent, and through a relay that suspends the agent."""

    def __init__(self, world, agent):
        self._world = world
        self._agent = agent
        self._command = agent.command()

    def run(self, steps):
        """Runs both; the transcripts must be equal. `steps` gets a client, the model server and what suspends the agent."""
        direct, _ = self._once("direct", self._command, steps, lambda: None)
        relay = [machine.pinfold(), "acp", "-s", "a", "--", *self._command]
        relayed, suspensions = self._once("relayed", relay, steps, self._world.suspend)
        expect(suspensions > 0, "it was suspended at least once")
        expect_same(
            list(relayed.transcript_of_steps.lines()), list(direct.transcript_of_steps.lines()), "line of the transcript"
        )

    def _once(self, name, words, steps, suspend):
        home = self._world.path(name)
        os.makedirs(os.path.join(home, "project"))
        self._world.write(f"{name}/project/notes", NOTES)
        model = ModelServer()
        count = 0

        def counted():
            nonlocal count
            count += 1
            suspend()

        try:
            environment = {**self._agent.environment(home, model.url), **self._world.marks}
            client = Client(words, environment, home, name, self._agent.repeats_late)
            self._world.talks.append(client)
            steps(client.start(), model, counted)
            expect_equal(
                "fork" in client.offers.get("sessionCapabilities", {}), self._agent.forks, "whether it offers forks"
            )
            client.hang_up()
        finally:
            model.close()
        return client, count


@scenario(cases=SAVING_AT_ONCE, base=POLICY)
def agent_suspended_before_its_first_turn_serves_it_as_if_it_had_stayed(world, agent):
    def steps(client, _, suspend):
        client.new("A")
        suspend()
        client.turn("remember elm", "A")
        client.turn("word?", "A")

    Comparison(world, agent).run(steps)


@scenario(cases=SAVING_COMMANDS, base=POLICY)
def agent_suspended_after_a_command_alone_goes_on_as_if_it_had_stayed(world, agent):
    def steps(client, _, suspend):
        client.new("A")
        client.turn(agent.slash, "A")
        suspend()
        client.turn("remember elm", "A")
        suspend()
        client.turn("word?", "A")

    Comparison(world, agent).run(steps)


@scenario(cases=BY_NAME, base=POLICY)
def agent_suspended_after_a_turn_that_was_cancelled_goes_on_as_if_it_had_stayed(world, agent):
    def steps(client, model, suspend):
        client.new("A")
        client.cancelled_turn("one", "A", model)
        suspend()
        client.turn("remember elm", "A")
        client.cancelled_turn("two", "A", model)
        suspend()
        client.turn("word?", "A")

    Comparison(world, agent).run(steps)


@scenario(cases=FORKING, base=POLICY)
def forked_conversation_outlives_a_suspension(world, agent):
    def steps(client, _, suspend):
        client.new("A")
        client.turn("remember elm", "A")
        client.fork("B", "A")
        suspend()
        client.turn("word?", "B")
        client.turn("remember oak", "B")
        suspend()
        client.turn("word?", "A")
        client.turn("word?", "B")

    Comparison(world, agent).run(steps)


@scenario(cases=BY_NAME, base=POLICY)
def several_conversations_outlive_a_suspension_each_with_its_own_memory(world, agent):
    def steps(client, _, suspend):
        words = {"A": "elm", "B": "oak", "C": "ash"}
        for name, word in words.items():
            client.new(name)
            client.turn(f"remember {word}", name)
        suspend()
        for name in ("C", "A"):
            client.turn("word?", name)
        client.turn("read notes", "A")
        suspend()
        client.turn("word?", "B")

    Comparison(world, agent).run(steps)


@scenario(cases=REPLAYING_IN_TIME, base=POLICY)
def agent_suspended_at_any_moment_goes_on_as_if_it_had_stayed(world, agent):
    orders = []

    def steps(client, _, suspend):
        chance = random.Random(f"{SEED} {agent.name}")
        is_relayed = client.name == "relayed"
        client.new("A")
        client.turn("remember elm", "A")
        client.new("B")
        client.turn("remember oak", "B")
        for number in range(TURNS):
            name, text = chance.choice("AB"), chance.choice(("word?", f"say {number}", "read notes"))
            when = chance.choice(("before", "at once", "within"))
            delay = chance.uniform(0.05, 1)
            if when == "before" or not is_relayed:
                suspend()
            else:
                pause = f"sleep {delay}; " if when == "within" else ""
                orders.append(world.launch_shell(f"{pause}exec {machine.pinfold()} suspend a"))
            client.turn(text, name)
            for order in orders:
                order.wait()

    Comparison(world, agent).run(steps)
