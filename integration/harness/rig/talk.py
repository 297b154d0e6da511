"""A conversation with an agent as a user has it: words in, words out."""

import collections

from .agentlog import AgentLog, text_of
from .client import Client, key
from .failures import Failed, expect_equal

CWD = "/"


class Talk(Client):
    """A client of the test agent, bare or behind `pinfold acp`."""

    def __init__(self, words, environment=None, log=None, version=1, name=None):
        super().__init__(words, environment)
        self.version = version
        self.name = name
        self.log = AgentLog(log)
        self.session = None
        # What the end of the test shall not look at, because the test is about it.
        self.laws_off = False
        self.may_stay_unanswered = set()

    # Beginning

    def initialize(self):
        info = {"name": "rig", "version": "1.0.0"}
        if self.version >= 2:
            params = {"protocolVersion": 2, "info": info, "capabilities": {}}
        else:
            files = {"fs": {"readTextFile": True, "writeTextFile": False}, "terminal": False}
            params = {"protocolVersion": 1, "clientCapabilities": files, "clientInfo": info}
        return self.call("initialize", params)

    def new_session(self, **more):
        """Opens a conversation; the first is the one that is meant where none is named."""
        result = self.call("session/new", {"cwd": CWD, "mcpServers": [], **more})
        if self.session is None:
            self.session = result["sessionId"]
        return result

    def begin(self, **more):
        self.initialize()
        self.new_session(**more)
        return self

    # Turns

    def start_turn(self, text, session=None, identifier=None):
        """Sends a prompt; returns what `end_turn` wants."""
        session = session or self.session
        since = len(self.messages)
        blocks = [{"type": "text", "text": text}]
        return Turn(
            self.request("session/prompt", {"sessionId": session, "prompt": blocks}, identifier), session, since
        )

    def end_turn(self, turn, patience=None):
        """Waits for a turn's end; returns what the agent said in it and why it stopped."""
        result = self.result(turn.id, patience)
        reason = result.get("stopReason")
        if self.version >= 2:
            expect_equal(result, {}, "the answer to session/prompt")
            reason = self.wait_until(lambda: self._idle(turn), "idle state_update", patience)
        chunks = [u for u in self.updates(turn.session, turn.since) if u["sessionUpdate"] == "agent_message_chunk"]
        return "".join(chunk["content"]["text"] for chunk in chunks), reason

    def _idle(self, turn):
        for update in self.updates(turn.session, turn.since):
            if update["sessionUpdate"] == "state_update" and update["state"] == "idle":
                return update["stopReason"]
        return None

    def prompt(self, text, session=None, patience=None):
        """A whole turn that must end by itself; returns what the agent said."""
        said, reason = self.end_turn(self.start_turn(text, session), patience)
        expect_equal(reason, "end_turn", f"the stop reason of '{text}'")
        return said

    def refusal(self, text, session=None, patience=None):
        """A prompt that must be refused; returns the error."""
        return self.failure(self.start_turn(text, session).id, patience)

    def cancel(self, session=None):
        self.notify("session/cancel", {"sessionId": session or self.session})

    # Ending

    def hang_up(self):
        """Closes the agent's input and waits for the end; returns the status."""
        self.close_input()
        return self.wait()

    def broken_laws(self):
        if self.laws_off:
            return
        excused = {f"request {key(identifier)} was answered 0 times" for identifier in self.may_stay_unanswered}
        for law in super().broken_laws():
            if law not in excused:
                yield law

    def prompts(self):
        """The texts of all prompts that were sent, and of those that the agent must have heard.

        Those it must have are answered with a result, and the client did not cancel them: a prompt that is cancelled
        on its way may be answered by whoever held it.
        """
        sent, received = collections.Counter(), collections.Counter()
        cancelled = set()
        for message in reversed(self.sent):
            session = (message.get("params") or {}).get("sessionId") if "method" in message else None
            if message.get("method") == "session/cancel":
                cancelled.add(session)
            elif message.get("method") == "session/prompt":
                sent[text_of(message)] += 1
                if session not in cancelled and any("result" in one for one in self.responses(message["id"])):
                    received[text_of(message)] += 1
        return sent, received


def wrongly_delivered(talks):
    """Prompts to one agent that arrived more than once over all its lives, or were answered and never arrived."""
    sent, answered = collections.Counter(), collections.Counter()
    for talk in talks:
        one_sent, one_answered = talk.prompts()
        sent += one_sent
        answered += one_answered
    arrived = collections.Counter(talks[0].log.prompts())
    for text, count in sent.items():
        if arrived[text] > count:
            yield f"the prompt '{text}' was sent {count} times and arrived {arrived[text]} times"
        if arrived[text] < answered[text]:
            yield f"the prompt '{text}' was answered {answered[text]} times and arrived {arrived[text]} times"


class Turn:
    def __init__(self, identifier, session, since):
        self.id = identifier
        self.session = session
        self.since = since


def of_failure(failure, code, **facts):
    """Holds an error to the relay's contract: its code, and what is below `pinfold` in its data."""
    expect_equal(failure.code, code, f"the code of '{failure.message}'")
    for name, value in facts.items():
        found = failure.pinfold.get(name)
        if isinstance(found, dict):
            found = found.get("kind")
        if found != value:
            raise Failed(f"data.pinfold.{name} is {found!r}, not {value!r}, in {failure.error}")
    return failure
