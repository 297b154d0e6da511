"""What a client sees of a conversation, without what differs from run to run for no reason of Pinfold's."""

import json
import re

# Sent unasked, and as often as an agent finds time for: usage counts the life, titles are made in the background.
UNASKED = {"usage_update", "session_info_update"}
# State of the client, sent when a conversation is opened; to get the same again changes nothing.
STATE = {"available_commands_update", "current_mode_update", "config_option_update"}
# Counted anew in each life, and times.
LEFT_OUT = {"usage", "updatedAt", "createdAt", "timestamp", "_meta"}
RANDOM_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{12,64}|call\d{5}")


class Transcript:
    """Events in the order in which the client sees them, one list of steps for each conversation.

    repeats_late: whether messages of former steps are left out, by their ids. An agent that sends history after its answer
    to session/resume breaks the protocol, and the relay passes it on: docs/decisions/0012.
    """

    def __init__(self, home, repeats_late=False):
        self._home = home
        self._repeats_late = repeats_late
        # Messages and tool calls of former steps.
        self._told = set()
        self._ids = {}
        self._names = {}
        self.steps = []
        self.states = {}

    def name(self, session, name):
        """Names a conversation; its id is the agent's."""
        self._names[session] = name

    def add(self, step, answer, messages):
        """One step of the client: what it did, how that was answered, and what came until then."""
        updates = []
        told = set()
        for message in self._notifications(messages):
            part = self._part(message)
            if self._repeats_late and part in self._told:
                continue
            told.add(part)
            self._add_message(updates, message)
        self._told |= told - {None}
        self.steps.append((step, self._plain(answer), updates))

    def leave_out(self, messages):
        """Takes note of messages that belong to no step: a prompt was refused in its course."""
        self._told |= {self._part(message) for message in self._notifications(messages)} - {None}

    @staticmethod
    def _notifications(messages):
        return (message for message in messages if isinstance(message, dict) and "method" in message)

    @staticmethod
    def _part(message):
        """The message or the tool call that an update is of; None where it has no id."""
        update = message["params"].get("update") or {}
        return update.get("messageId") or update.get("toolCallId")

    def _add_message(self, updates, message):
        params = message["params"]
        update = params.get("update") or {}
        kind = update.get("sessionUpdate")
        name = self._names.get(params.get("sessionId"), "another")
        if kind in UNASKED:
            return
        if kind in STATE:
            self.states[name, kind] = self._plain(update)
            return
        plain = self._plain(update) if kind else self._plain(params)
        if updates and kind and kind.endswith("_chunk") and self._continues(updates[-1], name, plain):
            updates[-1][2]["content"]["text"] += plain["content"]["text"]
            return
        updates.append((name, message["method"], plain))

    def _continues(self, last, name, update):
        """Whether it is more of the same message: where an answer is cut into pieces is a matter of time."""
        former = last[2]
        keys = ("sessionUpdate", "messageId")
        return (
            last[0] == name
            and all(former.get(key) == update.get(key) for key in keys)
            and former["content"].get("type") == update["content"].get("type") == "text"
        )

    def _plain(self, value):
        if isinstance(value, dict):
            return {key: self._plain(inner) for key, inner in value.items() if key not in LEFT_OUT}
        if isinstance(value, list):
            return [self._plain(inner) for inner in value]
        if isinstance(value, str):
            return self._plain_text(value)
        return value

    def _plain_text(self, text):
        for session, name in self._names.items():
            text = text.replace(session, name)
        return RANDOM_ID.sub(self._number, text.replace(self._home, "~"))

    def _number(self, match):
        return self._ids.setdefault(match[0], f"id {len(self._ids) + 1}")

    def lines(self):
        """All of it, a line each, to be held to another one's."""
        for step, answer, updates in self.steps:
            yield json.dumps([step, answer], sort_keys=True)
            for one in updates:
                yield f"  {json.dumps(one, sort_keys=True)}"
        for key, state in sorted(self.states.items()):
            yield json.dumps([*key, state], sort_keys=True)
