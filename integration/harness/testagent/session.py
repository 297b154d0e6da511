"""One conversation as this life of the agent has it: its updates, its turns, its settings."""

import json

from .turns import turn
from .wire import compact

CHOICES = {"mode": ("ask", "code"), "model": ("small", "large"), "thought": ("low", "high")}


class Session:
    def __init__(self, agent, conversation, params):
        self.agent = agent
        self.conversation = conversation
        self.settings = {name: values[0] for name, values in CHOICES.items()}
        # As it came, for tests that a resume restores every byte of it.
        self.place = json.dumps({name: params.get(name) for name in ("cwd", "mcpServers", "additionalDirectories")})
        self.open_turn = None
        self.waiting = []
        self.padding = None
        self.calls = 0

    @property
    def name(self):
        return self.conversation.name

    @property
    def _is_second(self):
        return self.agent.version >= 2

    # Updates

    def update_line(self, update):
        params = {"sessionId": self.name, "update": update}
        return compact({"jsonrpc": "2.0", "method": "session/update", "params": params}) + b"\n"

    def update(self, update):
        self.agent.wire.write(self.update_line(update))

    def _chunk(self, role, text, number):
        kind = {"user": "user_message_chunk", "agent": "agent_message_chunk", "thought": "agent_thought_chunk"}[role]
        update = {"sessionUpdate": kind, "content": {"type": "text", "text": text}}
        if self._is_second:
            update["messageId"] = f"m{number}"
        self.update(update)

    def send_text(self, text):
        self._chunk("agent", text, self.conversation.add("agent", text))

    def think(self, text):
        self._chunk("thought", text, len(self.conversation.history) + 1)

    def plan(self, steps):
        entries = [{"content": step, "priority": "medium", "status": "pending"} for step in steps]
        if self._is_second:
            self.update(
                {"sessionUpdate": "plan_update", "plan": {"type": "items", "planId": "plan", "entries": entries}}
            )
        else:
            self.update({"sessionUpdate": "plan", "entries": entries})

    def tool(self, call, is_new=False):
        kind = "tool_call" if is_new and not self._is_second else "tool_call_update"
        self.update({"sessionUpdate": kind, **call})

    def next_call(self):
        self.calls += 1
        return f"call-{self.conversation.prompts}-{self.calls}"

    def send_state(self):
        commands = [{"name": "help", "description": "tells what there is"}]
        self.update({"sessionUpdate": "available_commands_update", "availableCommands": commands})
        self.update({"sessionUpdate": "usage_update", "used": 1, "size": 100})

    def state(self, state, stop_reason=None):
        if self._is_second:
            reason = {"stopReason": stop_reason} if stop_reason else {}
            self.update({"sessionUpdate": "state_update", "state": state, **reason})

    def replay(self):
        """All that was said; yields after each entry."""
        for number, (role, text) in enumerate(self.conversation.history, 1):
            self._chunk(role, text, number)
            yield

    # Settings

    def described_settings(self):
        key = "configId" if self._is_second else "id"
        options = [
            {
                key: name,
                "name": name.capitalize(),
                "type": "select",
                "currentValue": self.settings[name],
                "options": [{"value": value, "name": value.capitalize()} for value in values],
            }
            for name, values in CHOICES.items()
        ]
        described = {"configOptions": options}
        if not self._is_second:
            modes = [{"id": mode, "name": mode.capitalize()} for mode in CHOICES["mode"]]
            described["modes"] = {"currentModeId": self.settings["mode"], "availableModes": modes}
        return described

    # Turns

    def prompt(self, request, blocks):
        """Begins the turn now, or when those before it are over."""
        self.waiting.append((request, blocks))
        self._begin_next()

    def _begin_next(self):
        while self.waiting and self.open_turn is None:
            request, blocks = self.waiting.pop(0)
            self.open_turn = Turn(self, request, blocks)
            self.open_turn.begin()

    def ended(self):
        self.open_turn = None

    def after_turn(self):
        self._begin_next()

    def cancel(self):
        if self.open_turn:
            self.open_turn.finish("cancelled")
            self.after_turn()

    def cancel_all(self):
        while self.open_turn:
            self.cancel()


class Turn:
    def __init__(self, session, request, blocks):
        text = next((block.get("text", "") for block in blocks if block.get("type") == "text"), "")
        self.session = session
        self.request = request
        self.text = text
        self.waits_for = None
        self._steps = turn(session.agent, session, text)

    def begin(self):
        session = self.session
        session.calls = 0
        if not self.text.startswith("/"):
            session.conversation.is_kept = True
        number = session.conversation.add("user", self.text)
        session.conversation.prompt_ids.append(self.request)
        session.conversation.save()
        if session.agent.version >= 2:
            session.agent.answer(self.request, {})
            content = [{"type": "text", "text": self.text}]
            session.update({"sessionUpdate": "user_message", "messageId": f"m{number}", "content": content})
            session.state("running")
        self.go_on(None)

    def go_on(self, value):
        """Runs until the turn waits for something or is over."""
        try:
            self.waits_for = self._steps.send(value)
        except StopIteration:
            self.finish("end_turn")
            return
        self.session.agent.wait(self, self.waits_for)

    def finish(self, reason):
        session = self.session
        if session.open_turn is not self:
            return
        self._steps.close()
        session.ended()
        if session.agent.version >= 2:
            session.state("idle", reason)
            return
        result = {"stopReason": reason}
        if session.padding is not None:
            result["_meta"] = {"padding": session.padding}
            session.padding = None
        session.agent.answer(self.request, result)
        if "answer-twice" in session.agent.bad:
            session.agent.answer(self.request, result)
