"""A model server on the loopback: the chat completions of OpenAI, with answers that follow from the conversation alone.

The last prompt of the user chooses the answer:

say TEXT          TEXT
remember WORD     I remember WORD
word?             the word of the last `remember` in the conversation that the agent sends, so its history must be whole
hold TEXT         TEXT, and then empty pieces until the agent hangs up
read PATH         a call of the agent's tool that reads files; when that is done, what the tool said last
"""

import http.server
import json
import re
import select
import threading

MODEL = "test-model"
# An answer comes in pieces, as a model's does.
PIECE = 8
HOLD_MS = 100
READING = re.compile(r"^(read|read_file|readfile|fs_read|view)$", re.IGNORECASE)


class ModelServer:
    """Serves until it is closed; a thread for each connection."""

    def __init__(self):
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.model = self
        # What was asked for, for reports: the last words of each request.
        self.requests = []
        self._held = threading.Semaphore(0)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def note_held(self):
        self._held.release()

    def is_held(self):
        """Whether a `hold` has said what it has to say; each is found once."""
        return self._held.acquire(blocking=False)

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Nothing: standard error is for what goes wrong."""

    def do_GET(self):
        model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "test", "context_length": 200_000}
        self._send_json({"object": "list", "data": [model]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        if not self.path.endswith("/chat/completions"):
            self._send_json({"error": {"message": f"there is no {self.path}"}}, 404)
            return
        answer = Answer(body)
        self.server.model.requests.append((answer.prompt, answer.text, sorted(tool["name"] for tool in answer.tools)))
        try:
            if body.get("stream"):
                self._stream(answer, (body.get("stream_options") or {}).get("include_usage"))
            else:
                self._send_json(answer.whole())
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _send_json(self, value, status=200):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, answer, wants_usage):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for delta in answer.deltas():
            self._event(answer.chunk(delta))
        self._hold(answer)
        self._event(answer.chunk({}, answer.finish_reason))
        if wants_usage:
            self._event({**answer.chunk({}), "choices": [], "usage": USAGE})
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _hold(self, answer):
        """Goes on until the agent hangs up. Some agents look whether they are cancelled at each piece, and only then."""
        if not answer.holds:
            return
        self.server.model.note_held()
        poll = select.poll()
        poll.register(self.connection, select.POLLRDHUP | select.POLLHUP)
        while not poll.poll(HOLD_MS):
            self._event(answer.chunk({"content": ""}))
        raise BrokenPipeError

    def _event(self, value):
        self._chunk(b"data: " + json.dumps(value).encode() + b"\n\n")

    def _chunk(self, data):
        self.wfile.write(b"%x\r\n" % len(data) + data + b"\r\n")
        self.wfile.flush()


USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


class Answer:
    def __init__(self, body):
        self.tools = [tool["function"] for tool in body.get("tools") or () if "function" in tool]
        messages = body.get("messages") or []
        said = [_text(one) for one in messages if one.get("role") == "user"]
        self.prompt = next((one for one in map(_order, reversed(said)) if one), "")
        verb, _, rest = self.prompt.partition(" ")
        self.holds = verb == "hold"
        self.call = None
        self.text = "ok"
        if verb in ("say", "hold"):
            self.text = rest
        elif verb == "remember":
            self.text = f"I remember {rest}"
        elif verb == "word?":
            words = [order.partition(" ")[2] for order in map(_order, said) if order.startswith("remember ")]
            self.text = words[-1] if words else "I remember nothing"
        elif verb == "read":
            self._read(messages, rest)

    def _read(self, messages, path):
        last = messages[-1]
        if last.get("role") == "tool":
            marks = re.findall(r"<<.*?>>", _text(last))
            self.text = f"it says {' '.join(marks) or 'nothing'}"
            return
        tool = next((one for one in self.tools if READING.match(one["name"])), None)
        if tool is None:
            self.text = "there is no tool that reads"
            return
        names = tool["parameters"]["properties"]
        key = next(name for name in ("path", "file_path", "filePath", "filename") if name in names)
        # The conversation's own length makes it another id each time, and the same one each run.
        self.call = {
            "id": f"call{len(messages):05}",
            "type": "function",
            "function": {"name": tool["name"], "arguments": json.dumps({key: path})},
        }

    @property
    def finish_reason(self):
        return "tool_calls" if self.call else "stop"

    def deltas(self):
        yield {"role": "assistant", "content": ""}
        if self.call:
            yield {"tool_calls": [{"index": 0, **self.call}]}
            return
        for start in range(0, len(self.text), PIECE):
            yield {"content": self.text[start : start + PIECE]}

    def chunk(self, delta, finish_reason=None):
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return {"id": "chat-1", "object": "chat.completion.chunk", "created": 0, "model": MODEL, "choices": [choice]}

    def whole(self):
        message = {"role": "assistant", "content": None if self.call else self.text}
        if self.call:
            message["tool_calls"] = [self.call]
        choice = {"index": 0, "message": message, "finish_reason": self.finish_reason}
        return {
            "id": "chat-1", "object": "chat.completion", "created": 0, "model": MODEL, "choices": [choice],
            "usage": USAGE,
        }  # fmt: skip


ORDER = re.compile(r"^(?:say .*|remember .*|word\?|hold .*|read \S+)$", re.MULTILINE)


def _order(text):
    """The prompt in a user's message, which agents wrap in words of their own."""
    found = ORDER.findall(text)
    return found[-1].strip() if found else ""


def _text(message):
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content or () if isinstance(part, dict))
