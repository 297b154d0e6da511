"""What a prompt does: its first words choose. A turn is a generator that yields what it waits for."""

import base64
import os
import signal

HELP = """\
remember WORD      keeps a word; 'word?' tells it, in this life or another
count?             how many prompts this conversation ever had
mode? model? thought? cwd? pid? env NAME
                   what this life was told, or where it is
say TEXT           answers TEXT; so does everything else, behind 'echo: '
hold               goes on until session/cancel, or until another conversation is prompted 'release'
ask [N]            asks for permission, N times at once; answers with what was chosen
read PATH          has its client read a file
terminal           has its client open a terminal, and does not release it
tools              a thought, a plan, a tool call from pending to completed
big N              answers N bytes in one update
big-answer N       ends the turn with a message of N bytes
flood N SIZE       N updates of about SIZE bytes, and a word on standard error when nobody reads them
deaf               stops reading until somebody opens the gate
raw BASE64         writes these bytes to standard output
eat MIB            takes that much memory and keeps it
exit N, signal N   ends by itself
"""


class Hold:
    """Waits for `release`."""


class Ask:
    """Waits for the answers to requests, in their order."""

    def __init__(self, requests):
        self.requests = requests


OPTIONS = [
    {"optionId": "allow", "name": "Allow", "kind": "allow_once"},
    {"optionId": "reject", "name": "Reject", "kind": "reject_once"},
]


def turn(agent, session, text):
    """The turn that belongs to a prompt's text; what it yields last is nothing."""
    word, _, rest = text.partition(" ")
    begin = _TURNS.get(word, _echo)
    yield from begin(agent, session, rest if begin is not _echo else text) or ()


def _echo(agent, session, text):
    session.send_text(f"echo: {text}")


def _say(agent, session, text):
    session.send_text(text)


def _remember(agent, session, word):
    session.conversation.word = word
    session.conversation.save()
    session.send_text(f"I remember {word}")


def _word(agent, session, _):
    session.send_text(session.conversation.word or "I remember nothing")


def _count(agent, session, _):
    session.send_text(str(session.conversation.prompts))


def _setting(name):
    return lambda agent, session, _: session.send_text(session.settings[name])


def _cwd(agent, session, _):
    session.send_text(session.place)


def _pid(agent, session, _):
    session.send_text(str(os.getpid()))


def _env(agent, session, name):
    session.send_text(os.environ.get(name, ""))


def _hold(agent, session, _):
    agent.wire.say(f"holding {session.name}")
    yield Hold()
    session.send_text("released")


def _release(agent, session, _):
    agent.release(session)
    session.send_text("ok")


def _ask(agent, session, number):
    call = {"toolCallId": session.next_call(), "title": "Look", "kind": "read", "status": "pending"}
    session.tool(call, is_new=True)
    requests = [agent.permission(session, call, OPTIONS) for _ in range(int(number or 1))]
    answers = yield Ask(requests)
    session.tool({"toolCallId": call["toolCallId"], "status": "completed"})
    session.send_text(" ".join(_choice(answer) for answer in answers))


def _choice(answer):
    if "error" in answer:
        return f"error {answer['error'].get('code')}"
    outcome = answer["result"]["outcome"]
    return outcome.get("optionId", outcome["outcome"])


def _read(agent, session, path):
    answers = yield Ask([("fs/read_text_file", {"sessionId": session.name, "path": path})])
    session.send_text(answers[0]["result"]["content"] if "result" in answers[0] else _choice(answers[0]))


def _terminal(agent, session, _):
    answers = yield Ask([("terminal/create", {"sessionId": session.name, "command": "make"})])
    session.send_text(answers[0]["result"]["terminalId"] if "result" in answers[0] else _choice(answers[0]))


def _tools(agent, session, _):
    session.think("I shall look")
    session.plan(["look", "tell"])
    call = session.next_call()
    session.tool({"toolCallId": call, "title": "Look", "kind": "read", "status": "pending"}, is_new=True)
    session.tool({"toolCallId": call, "status": "in_progress"})
    session.tool({"toolCallId": call, "status": "completed"})
    session.send_text("I looked")


def _big(agent, session, size):
    session.send_text("x" * int(size))


def _big_answer(agent, session, size):
    session.padding = "x" * int(size)


def _flood(agent, session, words):
    count, size = map(int, words.split())
    line = session.update_line(
        {"sessionUpdate": "agent_message_chunk", "messageId": "flood", "content": _text("x" * size)}
    )
    agent.wire.flood(count, line)
    agent.wire.say("wrote all")


def _text(text):
    return {"type": "text", "text": text}


def _stop_reading(agent, session, _):
    agent.becomes_deaf = True
    session.send_text("I do not listen")


def _raw(agent, session, data):
    agent.wire.write(base64.b64decode(data))


def _eat(agent, session, megabytes):
    agent.eaten = b"x" * (int(megabytes) << 20)
    session.send_text("full")


def _exit(agent, session, status):
    os._exit(int(status))


def _signal(agent, session, number):
    signal.signal(int(number), signal.SIG_DFL)
    os.kill(os.getpid(), int(number))


_TURNS = {
    "say": _say,
    "remember": _remember,
    "word?": _word,
    "count?": _count,
    "mode?": _setting("mode"),
    "model?": _setting("model"),
    "thought?": _setting("thought"),
    "cwd?": _cwd,
    "pid?": _pid,
    "env": _env,
    "hold": _hold,
    "release": _release,
    "ask": _ask,
    "read": _read,
    "terminal": _terminal,
    "tools": _tools,
    "big": _big,
    "big-answer": _big_answer,
    "flood": _flood,
    "deaf": _stop_reading,
    "raw": _raw,
    "eat": _eat,
    "exit": _exit,
    "signal": _signal,
}
