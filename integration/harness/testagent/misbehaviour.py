"""The ways in which the agent can be told to be bad, and in which of its lives it is."""

NAMES = {
    "die-in-initialize": "leaves with 7 when it is sent initialize",
    "gate-on-initialize": "waits at the gate before it answers initialize",
    "die-in-replay": "leaves with 7 in the middle of a line of a replay",
    "die-after-load": "answers session/load or session/resume, and leaves with 7",
    "hang-on-load": "never answers session/load and session/resume",
    "gate-on-load": "waits at the gate before it answers session/load and session/resume",
    "forget": "knows no earlier conversation, and says that it loaded it all the same",
    "save-late": "keeps a conversation from its first prompt on, and nothing of commands",
    "no-replay": "loads a conversation and replays nothing of it",
    "late-replay": "replays a conversation after it has answered session/load",
    "gate-on-mode": "waits at the gate before it answers session/set_mode",
    "refuse-mode": "refuses session/set_mode",
    "tell-state": "tells its commands and its usage whenever a conversation is opened",
    "gone-32002": "answers session/load and session/resume with -32002",
    "gone-32600": "answers session/load and session/resume with -32600, session not found",
    "gone-32602": "answers session/load and session/resume with -32602, session not found",
    "wrong-32602": "answers session/load and session/resume with -32602 for another reason",
    "fail-32603": "answers session/load and session/resume with -32603",
    "no-resume-32601": "answers session/resume, which it advertises, with -32601",
    "talk-in-resume": "replays the conversation in session/resume, which must not be",
    "ask-in-load": "asks its client for a file before it answers session/load or session/resume",
    "late-answer": "answers its open turns when it is told to leave",
    "deaf-to-cancel": "ignores session/cancel",
    "ignore-term": "ignores SIGTERM",
    "ignore-eof": "stays when its standard input ends",
    "gate-at-end": "waits at the gate when its standard input ends",
    "status-9": "leaves with 9 when its standard input ends",
    "half-line": "leaves half a line behind on standard output",
    "junk-at-start": "prints a line that is no JSON before it answers initialize",
    "unasked-answer": "answers a question that nobody asked, right after initialize",
    "answer-old": "answers the prompts of its earlier lives again, right after initialize",
    "answer-twice": "answers each prompt twice",
    "other-version": "answers initialize with a protocol version of 99",
    "drop-capabilities": "advertises neither session/load nor session/resume",
    "need-auth": "refuses session/* until it is authenticated",
    "keep-pipes": "leaves its standard input and output to its grandchild",
}


# How those say no that refuse to open a conversation again.
REFUSALS = {
    "gone-32002": (-32002, "resource not found"),
    "gone-32600": (-32600, "Session sess-1 not found"),
    "gone-32602": (-32602, "Session sess-1 not found"),
    "wrong-32602": (-32602, "mcpServers must be empty"),
    "fail-32603": (-32603, "internal error"),
}


class Misbehaviour:
    """What was asked for with `NAME`, `NAME@2` (in the second life) or `NAME@2-` (from then on)."""

    def __init__(self, words):
        self._wanted = []
        for word in words:
            name, _, lives = word.partition("@")
            if name not in NAMES:
                raise SystemExit(f"agent: there is no misbehaviour '{name}'; there are {', '.join(NAMES)}")
            first = int(lives.rstrip("-")) if lives else 1
            last = first if lives and not lives.endswith("-") else None
            self._wanted.append((name, first, last))

    def of_life(self, life):
        return {name for name, first, last in self._wanted if first <= life and (last is None or life <= last)}
