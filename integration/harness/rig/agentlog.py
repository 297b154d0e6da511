"""What an agent was told, over all its lives."""

import json


class AgentLog:
    def __init__(self, path):
        self.path = path

    def entries(self):
        try:
            with open(self.path, encoding="utf-8") as file:
                return [json.loads(line) for line in file]
        except FileNotFoundError:
            return []

    @property
    def lives(self):
        return max((entry["life"] for entry in self.entries()), default=0)

    def pids(self):
        return [entry["pid"] for entry in self.entries() if entry["event"] == "born"]

    def raw_lines(self, life=None):
        """Lines as they came, without their line feeds."""
        return [
            entry["line"].encode("utf-8", "surrogateescape")
            for entry in self.entries()
            if entry["event"] in ("received", "half") and life in (None, entry["life"])
        ]

    def messages(self, life=None):
        """Messages, those of batches one by one; what is no JSON is left out."""
        found = []
        for line in self.raw_lines(life):
            try:
                message = json.loads(line)
            except ValueError:
                continue
            found += message if isinstance(message, list) else [message]
        return [message for message in found if isinstance(message, dict)]

    def methods(self, life=None):
        return [message["method"] for message in self.messages(life) if "method" in message]

    def requests(self, method, life=None):
        return [message for message in self.messages(life) if message.get("method") == method]

    def prompts(self, life=None):
        """The texts of the prompts that arrived, in order."""
        return [text_of(message) for message in self.requests("session/prompt", life)]

    def has(self, event, life=None):
        return any(entry["event"] == event and life in (None, entry["life"]) for entry in self.entries())


def text_of(prompt):
    blocks = (prompt.get("params") or {}).get("prompt") or []
    return next((block.get("text") for block in blocks if block.get("type") == "text"), "")
