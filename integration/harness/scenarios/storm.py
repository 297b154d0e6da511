"""Everything at once, by chance: what must hold then is what the end of each test looks at."""

import random

from rig.failures import expect
from rig.registry import scenario

STEPS = 40
# A seed and the protocol's version.
STORMS = {f"{seed}, v{version}": (seed, version) for version in (1, 2) for seed in (1, 2, 3)}


class Storm:
    def __init__(self, world, seed, version):
        self.world = world
        self.chance = random.Random(seed)
        self.talk = world.talk("--memory", "1", version=version)
        self.sessions = [self.talk.session, self.talk.new_session()["sessionId"]]
        self.turns = []
        self.requests = []
        self.orders = []
        self.number = 0

    def run_storm(self):
        actions = [
            self.say,
            self.say,
            self.say,
            self.hold,
            self.cancel,
            self.echo,
            self.choose,
            self.suspend,
            self.rest,
        ]
        for _ in range(STEPS):
            self.chance.choice(actions)()
        self.world.kill_controller()
        self.world.serve()
        for _ in range(STEPS // 2):
            self.chance.choice(actions)()

    def _any(self):
        self.number += 1
        return self.chance.choice(self.sessions)

    def say(self):
        self.turns.append(self.talk.start_turn(f"say {self.number}", self._any()))

    def hold(self):
        self.turns.append(self.talk.start_turn(f"hold {self.number}", self._any()))

    def cancel(self):
        self.talk.cancel(self._any())

    def echo(self):
        self.requests.append(self.talk.request("_test/echo", {"n": self.number}))
        self.number += 1

    def choose(self):
        params = {"sessionId": self._any(), "configId": "model", "value": self.chance.choice(("small", "large"))}
        self.requests.append(self.talk.request("session/set_config_option", params))

    def suspend(self):
        """Evicts the agent, whatever it does now; refused where it is away already."""
        self.orders.append(self.world.launch("suspend", "a", stdin=False))

    def rest(self):
        for order in self.orders:
            order.wait()
        self.settle(self.turns[-1:])

    def settle(self, turns):
        """Waits until turns are answered; cancels those that only that ends."""
        for turn in turns:
            while not self.talk.responses(turn.id):
                self.talk.cancel(turn.session)
                known = self.talk.call("_test/echo", {"n": "settled?"}) if self.talk.status is None else None
                expect(known, "the launcher is there")

    def await_quiet(self):
        for order in self.orders:
            order.wait()
        self.settle(self.turns)
        for request in self.requests:
            self.talk.response(request)


@scenario(cases=STORMS, base="Activity=acp touch\nStdinCloseSec=2s\nTermSec=1s")
def storm_of_prompts_cancellations_and_evictions_loses_nothing(world, seed, version):
    storm = Storm(world, seed, version)
    talk = storm.talk
    words = dict(zip(storm.sessions, ("elm", "oak"), strict=True))
    for session, word in words.items():
        talk.prompt(f"remember {word}", session)
    storm.run_storm()
    storm.await_quiet()
    for session, word in words.items():
        talk.cancel(session)
        # In the second version a turn before this one may still have to say that it is over.
        asked = talk.start_turn("word?", session)
        talk.wait_until(lambda a=asked, w=word: w in _said(talk, a), f"answer '{word}'")
    expect(talk.log.lives > 1, "it was evicted at least once")


def _said(talk, turn):
    chunks = [one for one in talk.updates(turn.session, turn.since) if one["sessionUpdate"] == "agent_message_chunk"]
    return [chunk["content"]["text"] for chunk in chunks]
