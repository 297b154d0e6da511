"""Random conversations with an agent of the official SDK through `pinfold acp`, and the same with the agent alone.

Each seed is one client with eight conversations. What is said, and what befalls the agent and the controller meanwhile, is
chosen by the seed alone. A prompt that was in flight when the agent was ended may have been taken in or not: the agent is
asked which, and from then on it must be so. All other answers must be those of the agent alone, which is told the same
prompts in the same order without anything befalling it.
"""

import os
import random

from rig import machine
from rig.failures import expect, expect_equal
from rig.processes import kill, marked_processes
from rig.program import Program
from rig.registry import scenario
from rig.sdk import SDK
from rig.talk import CWD

SEEDS = 25
CONVERSATIONS = 8
STEPS = 12
WAYS = ("resume", "load")
SELECTED = {"outcome": {"outcome": "selected", "optionId": "yes"}}


class Conversation:
    def __init__(self, session):
        self.session = session
        # What the agent was told and answered, in order; the answer is nothing where it was cut.
        self.turns = []
        # Prompts that were cut and may have been taken in.
        self.unclear = None


def _begun(talk):
    talk.laws_off = True
    talk.answers["session/request_permission"] = lambda _: SELECTED
    talk.answers["fs/read_text_file"] = lambda _: {"content": "notes"}
    talk.initialize()
    return talk


class RandomTalk:
    def __init__(self, world, seed):
        self.world = world
        self.chance = random.Random(seed)
        self.sdk = SDK.get()
        self.way = self.chance.choice(WAYS)
        self.number = 0
        self.orders = []
        self.talk = self.connect()
        self.conversations = [Conversation(self.talk.new_session()["sessionId"]) for _ in range(CONVERSATIONS)]

    # The two ends

    def command(self, folder):
        script = os.path.join(machine.HERE, "sdk", "agent.py")
        return [self.sdk.python, script, self.world.path(folder), self.way]

    def connect(self):
        return _begun(self.world.relayed(self.command("relayed")))

    def agents(self):
        return [pid for pid, words in marked_processes(self.world.marker) if "sdk/agent.py" in words and " acp " not in words]

    # What is said

    def words(self):
        self.number += 1
        return self.chance.choice(("look", "read", "words?", f"word{self.number}", f"word{self.number}"))

    def start(self, conversation):
        text = self.words()
        return text, self.talk.start_turn(text, conversation.session)

    def say(self):
        conversation = self.chance.choice(self.conversations)
        self.clear_up(conversation)
        text, turn = self.start(conversation)
        said, reason = self.talk.end_turn(turn)
        expect_equal(reason, "end_turn", f"the stop reason of '{text}'")
        conversation.turns.append((text, said))

    def clear_up(self, conversation):
        """Asks the agent whether it has taken in what was cut."""
        if conversation.unclear is None:
            return
        text, conversation.unclear = conversation.unclear, None
        said, _ = self.talk.end_turn(self.talk.start_turn("words?", conversation.session))
        before = [turn[0] for turn in conversation.turns]
        taken = [*before, text]
        expect(said in (" ".join(before), " ".join(taken)), f"after '{text}' was cut, {before} became '{said}'")
        if said == " ".join(taken):
            conversation.turns.append((text, None))
        conversation.turns.append(("words?", said))

    def cut(self, disturb, ends):
        """Something befalls the agent at the instant of a prompt."""
        conversation = self.chance.choice(self.conversations)
        self.clear_up(conversation)
        text, turn = self.start(conversation)
        disturb()
        response = self.talk.response(turn.id)
        # A launcher leaves with its agent, but for one that had not yet opened the conversation again.
        ends = ends and "was not delivered" not in response.get("error", {}).get("message", "")
        if ends:
            self.talk.wait()
        self.finish_orders()
        expect_equal(len(self.talk.responses(turn.id)), 1, f"the number of answers to '{text}'")
        if "result" in response and response["result"]["stopReason"] == "end_turn":
            said = self.talk.end_turn(turn)[0]
            # A human's answer was cancelled with the turn, and the agent ended it by itself all the same.
            conversation.turns.append((text, None if "cancelled" in said else said))
        else:
            conversation.unclear = text
        if ends:
            self.return_()

    def return_(self):
        """The client starts its agent again and loads what it had, as editors do."""
        self.talk = self.connect()
        for conversation in self.conversations:
            self.talk.call("session/load", {"sessionId": conversation.session, "cwd": CWD, "mcpServers": []})

    # What befalls

    def suspend_idle(self):
        self.world.pinfold("suspend", "a")

    def suspend_at_once(self):
        words = [machine.pinfold(), "suspend", "a"]
        self.cut(lambda: self.orders.append(Program(words, self.world.environment, stdin=False)), ends=False)

    def finish_orders(self):
        for order in self.orders:
            order.wait()
            order.close()
        self.orders = []

    def kill_agent(self):
        if self.agents():
            self.cut(self.kill_all_agents, ends=True)

    def kill_all_agents(self):
        for pid in self.agents():
            kill(pid)

    def kill_idle_agent(self):
        if not self.agents():
            return
        self.kill_all_agents()
        self.talk.wait()
        self.return_()

    def kill_controller(self):
        self.world.kill_controller()
        self.world.serve()

    def kill_controller_at_once(self):
        self.cut(self.kill_controller, ends=False)

    def kill_both(self):
        def disturb():
            self.world.kill_controller()
            self.kill_all_agents()
            self.world.serve()

        if self.agents():
            self.cut(disturb, ends=True)

    # All of it

    def run(self):
        said = [self.say] * 8
        disturb = [self.suspend_idle, self.suspend_idle, self.suspend_at_once, self.kill_controller]
        disturb += [self.kill_controller_at_once, self.kill_agent, self.kill_idle_agent, self.kill_both]
        for _ in range(STEPS):
            self.chance.choice(said + disturb)()
        for conversation in self.conversations:
            self.clear_up(conversation)
        self.talk.hang_up()
        self.compare()

    def compare(self):
        """The agent alone, told the same."""
        talk = _begun(self.world.connect(self.command("bare")))
        for number, conversation in enumerate(self.conversations):
            session = talk.new_session()["sessionId"]
            for text, said in conversation.turns:
                alone, _ = talk.end_turn(talk.start_turn(text, session))
                if said is not None:
                    expect_equal(said, alone, f"the answer to '{text}' in conversation {number}")
        talk.hang_up()


@scenario(cases={f"seed {seed}": (seed,) for seed in range(1, SEEDS + 1)}, base="Activity=acp\nStdinCloseSec=500ms\nTermSec=1s")
def random_conversations_are_those_with_the_agent_alone(world, seed):
    RandomTalk(world, seed).run()
