"""The protocol: what each method does, and how it goes wrong when it is to."""

import json
import os
import re

from .initialization import initialization
from .misbehaviour import REFUSALS
from .session import CHOICES, Session
from .turns import Ask, Hold

AUTH_REQUIRED = (-32000, "authentication required")
NOT_FOUND = (-32002, "resource not found")

_PARAMS = re.compile(r'"params"\s*:\s*')


class Refusal(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message


class Agent:
    def __init__(self, options, store, wire, bad):
        self.options = options
        self.store = store
        self.wire = wire
        self.bad = bad
        self.version = options.version
        self.becomes_deaf = False
        self.sessions = {}
        self._held = []
        self._asked = {}
        self._questions = 0
        self._is_authenticated = not (options.auth or "need-auth" in bad)

    # Words in and out

    def receive(self, line):
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            self._refuse(None, -32700, "parse error")
            return
        self._handle(message, line)
        if self.becomes_deaf:
            self.becomes_deaf = False
            self.wait_at_gate()

    def _handle(self, message, line):
        if isinstance(message, list):
            for part in message:
                self._handle(part, json.dumps(part).encode())
            return
        if not isinstance(message, dict):
            self._refuse(None, -32600, "invalid request")
            return
        method = message.get("method")
        if method is None:
            self._receive_response(message)
            return
        params = message.get("params")
        handler = _METHODS.get(method)
        if method == "_test/echo" and "id" in message:
            self._echo(message["id"], line)
        elif handler is None:
            if "id" in message:
                self._refuse(message["id"], -32601, f"there is no method {method}")
        else:
            self._perform(handler, method, message.get("id"), params if isinstance(params, dict) else {})

    def _perform(self, handler, method, request, params):
        try:
            if method.startswith("session/") and not self._is_authenticated:
                raise Refusal(*AUTH_REQUIRED)
            result = handler(self, request, params)
        except Refusal as refusal:
            if request is not None:
                self._refuse(request, refusal.code, refusal.message)
            return
        if result is not None and request is not None:
            self.answer(request, result)

    def _echo(self, request, line):
        """Answers with its own parameters, byte for byte."""
        text = line.decode()
        start = _PARAMS.search(text).end()
        _, end = json.JSONDecoder().raw_decode(text, start)
        raw = text[start:end].encode()
        self.wire.write(b'{"jsonrpc":"2.0",  "result" : ' + raw + b', "id":' + json.dumps(request).encode() + b"}\n")

    def answer(self, request, result):
        self.wire.send({"id": request, "result": result})

    def _refuse(self, request, code, message):
        self.wire.send({"id": request, "error": {"code": code, "message": message}})

    # Questions to the client

    def permission(self, session, call, options):
        params = {"sessionId": session.name, "options": options}
        if self.version >= 2:
            params |= {"title": "May I look?", "subject": {"type": "tool_call", "toolCall": call}}
        else:
            params["toolCall"] = call
        return ("session/request_permission", params)

    def wait(self, turn, what):
        if isinstance(what, Hold):
            self._held.append(turn)
        elif isinstance(what, Ask):
            turn.answers = [None] * len(what.requests)
            if self.version >= 2:
                turn.session.state("requires_action")
            for place, (method, params) in enumerate(what.requests):
                question = self._next_question()
                self._asked[_key(question)] = (turn, place)
                self.wire.send({"id": question, "method": method, "params": params})

    def _next_question(self):
        """1, "1", 2, "2" …: numbers that only their JSON type tells apart."""
        self._questions += 1
        number = (self._questions + 1) // 2
        return number if self._questions % 2 else str(number)

    def _receive_response(self, message):
        turn, place = self._asked.pop(_key(message.get("id")), (None, None))
        if turn is None or turn.session.open_turn is not turn:
            self.wire.note("unasked", id=message.get("id"))
            return
        turn.answers[place] = message
        if all(answer is not None for answer in turn.answers):
            turn.session.state("running")
            self._go_on(turn, turn.answers)

    def release(self, releasing):
        held = [turn for turn in self._held if turn.session is not releasing]
        self._held = [turn for turn in self._held if turn.session is releasing]
        for turn in held:
            if turn.session.open_turn is turn:
                self._go_on(turn, None)

    def _go_on(self, turn, value):
        turn.go_on(value)
        turn.session.after_turn()

    def wait_at_gate(self):
        gate = self.store.gate
        self.wire.say("at the gate")
        # One byte is one opening: whoever opened it for the last one may not have let go of it yet.
        passed = b""
        while not passed:
            end = os.open(gate, os.O_RDONLY)
            passed = os.read(end, 1)
            os.close(end)

    def leave(self, status):
        """Told to leave: says what it has left to say."""
        if "gate-at-end" in self.bad:
            self.wait_at_gate()
        if "late-answer" in self.bad:
            for session in self.sessions.values():
                if session.open_turn:
                    self.wire.note("late")
                    session.send_text("too late")
                    session.open_turn.finish("end_turn")
        if "half-line" in self.bad:
            self.wire.write(b'{"jsonrpc":"2.0","method":"session/upd')
        os._exit(status)

    # Methods

    def initialize(self, request, params):
        if "die-in-initialize" in self.bad:
            os._exit(7)
        if "gate-on-initialize" in self.bad:
            self.wait_at_gate()
        if "junk-at-start" in self.bad:
            self.wire.write(b"Welcome! This is no JSON.\n")
        wanted = params.get("protocolVersion")
        self.version = min(wanted, self.options.version) if isinstance(wanted, int) else self.options.version
        self.answer(request, initialization(self.version, self.options, self.bad))
        if "unasked-answer" in self.bad:
            self.answer(4711, {"stopReason": "end_turn"})
        if "answer-old" in self.bad:
            for name in self.store.names():
                for old in self.store.load(name).prompt_ids:
                    self.answer(old, {"stopReason": "end_turn"})

    def authenticate(self, request, params):
        if params.get("methodId") != "token":
            raise Refusal(-32602, "there is no such method of authentication")
        self._is_authenticated = True
        return {}

    def logout(self, request, params):
        self._is_authenticated = not self.options.auth
        return {}

    def new(self, request, params):
        unkept = sum(1 for one in self.sessions.values() if not one.conversation.is_kept)
        conversation = self.store.create(params.get("cwd"), "save-late" not in self.bad, unkept)
        return self._opened(Session(self, conversation, params))

    def fork(self, request, params):
        original = self._session(params).conversation
        return self._opened(Session(self, self.store.copy(original), params))

    def _opened(self, session):
        self.sessions[session.name] = session
        if "tell-state" in self.bad:
            session.send_state()
        return {"sessionId": session.name, **session.described_settings()}

    def load(self, request, params):
        if self.version >= 2 or not self.options.load:
            raise Refusal(-32601, "there is no method session/load")
        self._return(request, params, replays=True)

    def resume(self, request, params):
        if "no-resume-32601" in self.bad or (self.version < 2 and not self.options.resume):
            raise Refusal(-32601, "there is no method session/resume")
        replays = (params.get("replayFrom") or {}).get("type") == "start"
        self._return(request, params, replays or "talk-in-resume" in self.bad)

    def _return(self, request, params, replays):
        for name in self.bad & REFUSALS.keys():
            raise Refusal(*REFUSALS[name])
        name = params.get("sessionId", "")
        conversation = self.store.load(name)
        if "forget" in self.bad:
            conversation = self.store.create(params.get("cwd"))
            conversation.name = name
            replays = False
        if "no-replay" in self.bad:
            replays = False
        if conversation is None:
            raise Refusal(*NOT_FOUND)
        if "gate-on-load" in self.bad:
            self.wait_at_gate()
        if "hang-on-load" in self.bad:
            self.wire.say("hanging")
            return
        session = Session(self, conversation, params)
        self.sessions[name] = session
        if "ask-in-load" in self.bad:
            self.wire.send(
                {"id": "in-load", "method": "fs/read_text_file", "params": {"sessionId": name, "path": "/x"}}
            )
        if "late-replay" in self.bad:
            self.answer(request, session.described_settings())
        if replays:
            for _ in session.replay():
                if "die-in-replay" in self.bad:
                    self.wire.write(b'{"jsonrpc":"2.0","method":"session/upd')
                    os._exit(7)
        if "tell-state" in self.bad:
            session.send_state()
        if "late-replay" not in self.bad:
            self.answer(request, session.described_settings())
        if "die-after-load" in self.bad:
            os._exit(7)

    def list(self, request, params):
        names = self.store.names()
        return {"sessions": [{"sessionId": name, "cwd": self.store.load(name).cwd} for name in names]}

    def close(self, request, params):
        session = self._session(params)
        if "deaf-to-cancel" not in self.bad:
            session.cancel_all()
            del self.sessions[session.name]
        return {}

    def prompt(self, request, params):
        self._session(params).prompt(request, params.get("prompt", []))

    def cancel(self, request, params):
        session = self.sessions.get(params.get("sessionId"))
        if session and "deaf-to-cancel" not in self.bad:
            session.cancel()

    def set_mode(self, request, params):
        if "gate-on-mode" in self.bad:
            self.wait_at_gate()
        if "refuse-mode" in self.bad:
            raise Refusal(-32602, "there is no such mode")
        self._set(params, "mode", params.get("modeId"))
        return {}

    def set_model(self, request, params):
        self._set(params, "model", params.get("modelId"))
        return {}

    def set_config_option(self, request, params):
        session = self._set(params, params.get("configId"), params.get("value"))
        return {"configOptions": session.described_settings()["configOptions"]}

    def _set(self, params, name, value):
        session = self._session(params)
        if value not in CHOICES.get(name, ()):
            raise Refusal(-32602, f"{name} cannot be {value}")
        session.settings[name] = value
        return session

    def _session(self, params):
        session = self.sessions.get(params.get("sessionId"))
        if session is None:
            raise Refusal(*NOT_FOUND)
        return session


def _key(identifier):
    return json.dumps(identifier)


_METHODS = {
    "initialize": Agent.initialize,
    "authenticate": Agent.authenticate,
    "auth/login": Agent.authenticate,
    "logout": Agent.logout,
    "auth/logout": Agent.logout,
    "session/new": Agent.new,
    "session/fork": Agent.fork,
    "session/load": Agent.load,
    "session/resume": Agent.resume,
    "session/list": Agent.list,
    "session/close": Agent.close,
    "session/prompt": Agent.prompt,
    "session/cancel": Agent.cancel,
    "session/set_mode": Agent.set_mode,
    "session/set_model": Agent.set_model,
    "session/set_config_option": Agent.set_config_option,
}
