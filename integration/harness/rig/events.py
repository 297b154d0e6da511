"""The controller's events, as they happen."""

import json

from .program import Program


class Events(Program):
    """Waits for what happens; each event is found once."""

    def __init__(self, words, environment):
        super().__init__(words, environment, stdin=False)
        self._pending = []

    def received(self):
        whole, newline, rest = bytes(self.output).rpartition(b"\n")
        self._pending += [json.loads(line) for line in whole.splitlines()]
        if newline:
            self.output[:] = rest

    def wait_for(self, event, session=None):
        """Waits for an event, or for one of several; returns it."""
        wanted = (event,) if isinstance(event, str) else event

        def find():
            for place, one in enumerate(self._pending):
                if one["event"] in wanted and session in (None, one.get("session")):
                    return self._pending.pop(place)
            return None

        return self.wait_until(find, f"event {' or '.join(wanted)} of {session or 'anybody'}")
