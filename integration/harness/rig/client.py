"""A client of an agent that speaks lines of JSON, and keeps all that was said."""

import collections
import json

from .failures import RequestFailed, expect
from .program import Program


def key(identifier):
    """An id with its JSON type: 1 is not "1"."""
    return json.dumps(identifier)


class Client(Program):
    def __init__(self, words, environment=None):
        super().__init__(words, environment)
        self.lines = []
        self.messages = []
        self.transcript = collections.deque(maxlen=400)
        self.sent = []
        self._taken = 0
        self._next_id = 0
        self.junk = []
        # Requests of the agent that are answered when they arrive: a method's name to what makes the answer.
        self.answers = {}

    # Out

    def send_bytes(self, data):
        self.transcript.append(("→", bytes(data)))
        self.write(data)

    def send(self, message):
        self.sent.append(message)
        self.send_bytes(json.dumps(message).encode() + b"\n")

    def notify(self, method, params):
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def request(self, method, params, identifier=None):
        """Sends a request; returns its id."""
        if identifier is None:
            identifier = self._next_id
            self._next_id += 1
        self.send({"jsonrpc": "2.0", "id": identifier, "method": method, "params": params})
        return identifier

    def number_from(self, first):
        """Leaves the ids below for requests that name their own."""
        self._next_id = first

    def respond(self, question, result):
        self.send({"jsonrpc": "2.0", "id": question["id"], "result": result})

    # In

    def received(self):
        while True:
            end = self.output.find(b"\n", self._taken)
            if end < 0:
                return
            line = bytes(self.output[self._taken : end])
            self._taken = end + 1
            self.lines.append(line)
            self.transcript.append(("←", line))
            try:
                message = json.loads(line)
            except ValueError:
                self.junk.append(line)
                continue
            for part in message if isinstance(message, list) else [message]:
                self.messages.append(part)
                self._react(part)

    def _react(self, message):
        method = message.get("method") if isinstance(message, dict) else None
        if method in self.answers and "id" in message:
            self.respond(message, self.answers[method](message["params"]))

    @property
    def rest(self):
        """What came behind the last line feed."""
        return bytes(self.output[self._taken :])

    def responses(self, identifier):
        return [
            message
            for message in self.messages
            if isinstance(message, dict) and "method" not in message and key(message.get("id")) == key(identifier)
        ]

    def response(self, identifier, patience=None):
        """Waits for the answer to a request."""
        return self.wait_until(lambda: self.responses(identifier), f"answer to request {identifier!r}", patience)[0]

    def result(self, identifier, patience=None):
        response = self.response(identifier, patience)
        if "error" in response:
            raise RequestFailed(response["error"])
        return response["result"]

    def failure(self, identifier, patience=None):
        """Waits for the answer to a request that must be an error."""
        response = self.response(identifier, patience)
        expect("error" in response, f"request {identifier!r} was not refused but answered: {response}")
        return RequestFailed(response["error"])

    def call(self, method, params, identifier=None, patience=None):
        return self.result(self.request(method, params, identifier), patience)

    def questions(self, method=None):
        """The agent's requests so far."""
        return [
            message
            for message in self.messages
            if isinstance(message, dict)
            and "method" in message
            and "id" in message
            and method in (None, message["method"])
        ]

    def question(self, method, number=1):
        """Waits until the agent has asked so often; returns that request."""
        return self.wait_until(lambda: self.questions(method)[number - 1 : number], f"request {number} of {method}")[0]

    def updates(self, session=None, since=0):
        return [
            message["params"]["update"]
            for message in self.messages[since:]
            if isinstance(message, dict)
            and message.get("method") == "session/update"
            and session in (None, message["params"]["sessionId"])
        ]

    def said(self):
        """The whole conversation for a report, long lines cut short."""
        return "\n".join(f"{arrow} {_cut(line)}" for arrow, line in self.transcript)

    # The law

    def broken_laws(self):
        """What no client may see, whatever happens: requests answered twice or never, answers to nothing."""
        asked = collections.Counter(
            key(message["id"]) for message in self.sent if "method" in message and "id" in message
        )
        got = collections.Counter(
            key(message.get("id")) for message in self.messages if isinstance(message, dict) and "method" not in message
        )
        for identifier, count in asked.items():
            if got[identifier] != count:
                yield f"request {identifier} was answered {got[identifier]} times"
        for identifier in got.keys() - asked.keys():
            yield f"there is an answer to {identifier}, which nobody asked"
        for line in self.junk:
            yield f"a line is no JSON: {_cut(line)}"


def _cut(line):
    text = line.decode("utf-8", "replace").rstrip("\n")
    return text if len(text) < 500 else text[:240] + f" …{len(text)}… " + text[-240:]
