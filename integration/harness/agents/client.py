"""A client of a real agent that keeps a transcript."""

import collections
import os

from rig.failures import RequestFailed, expect
from rig.talk import Talk

from .transcript import Transcript

NOTES = "<<oak>>\n"
TRIES = 3


class Client(Talk):
    def __init__(self, words, environment, home, name, repeats_late=False):
        super().__init__(words, environment, os.path.join(home, "no.log"), name=name)
        self.home = home
        self.transcript_of_steps = Transcript(home, repeats_late)
        self._conversations = {}
        self._noted_until = 0
        self.answers["session/request_permission"] = _allow
        self.answers["fs/read_text_file"] = lambda _: {"content": NOTES}
        # What had to be sent again, and why.
        self.sent_again = []

    def prompts(self):
        """Nothing: what reaches the agent is not logged, its own memory tells."""
        return collections.Counter(), collections.Counter()

    @property
    def _folder(self):
        return os.path.join(self.home, "project")

    def _note(self, step, answer):
        messages = self.messages[self._noted_until :]
        self._noted_until = len(self.messages)
        self.transcript_of_steps.add(step, answer, messages)

    def _open_conversation(self, name, method, params):
        result = self.call(method, {"cwd": self._folder, "mcpServers": [], **params})
        self._conversations[name] = result["sessionId"]
        self.transcript_of_steps.name(result["sessionId"], name)
        self._note(f"{method} {name}", result)

    # Steps

    def start(self):
        self.offers = self.initialize()["agentCapabilities"]
        return self

    def new(self, name):
        self._open_conversation(name, "session/new", {})

    def fork(self, name, parent):
        self._open_conversation(name, "session/fork", {"sessionId": self._conversations[parent]})

    def turn(self, text, name):
        """A turn to its end. What is to be sent again is, and must be taken soon; only the last try is in the transcript."""
        for _ in range(TRIES):
            since = len(self.messages)
            turn = self.start_turn(text, self._conversations[name])
            response = self.response(turn.id)
            if "error" not in response:
                self._noted_until = since
                self._note(f"{name}: {text}", response["result"])
                return
            failure = RequestFailed(response["error"])
            expect(failure.pinfold.get("outcome") != "gone" and failure.pinfold, f"'{text}' can be sent again: {failure}")
            self.transcript_of_steps.leave_out(self.messages[since:])
            self.sent_again.append(f"{text}: {failure}")
        raise failure

    def cancelled_turn(self, text, name, model):
        """A turn that the client cancels when the model has begun to answer."""
        turn = self.start_turn(f"hold {text}", self._conversations[name])
        self.wait_until(lambda: self._says(turn, text[:1]) and model.is_held(), "beginning of an answer")
        self.cancel(self._conversations[name])
        self._note(f"{name}: hold {text}", self.result(turn.id))

    def _says(self, turn, text):
        return any(
            one["sessionUpdate"] == "agent_message_chunk" and text in one["content"].get("text", "")
            for one in self.updates(turn.session, turn.since)
        )


def _allow(params):
    options = [one["optionId"] for one in params["options"] if one["kind"] == "allow_once"]
    return {"outcome": {"outcome": "selected", "optionId": options[0]}}
