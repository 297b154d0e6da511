"""While both ends live nobody can tell that there is anything between them, not by a byte."""

import base64
import json

from rig.failures import expect, expect_equal, expect_same
from rig.registry import scenario

BOTH = ("bare", "acp")


def _same_bytes(world, converse, *flags, version=1, is_lawful=True):
    """Has the same conversation with the bare agent and through the relay; all bytes of it must be the same.

    is_lawful: whether the client's lines are such that the relay owes it nothing more when the agent has left.
    """
    found = []
    for way in BOTH:
        talk = getattr(world, way)(*flags, name=way, version=version)
        talk.laws_off = True
        converse(talk)
        lines = talk.lines if is_lawful else list(talk.lines)
        status = talk.hang_up()
        found.append((lines, talk.rest, talk.log.raw_lines(), status))
    bare, relayed = found
    expect_same(relayed[0], bare[0], "what the client was told, line")
    expect_equal(relayed[1], bare[1], "what the client was told behind the last line feed")
    expect_same(relayed[2], bare[2], "what the agent was told, line")
    expect_equal(relayed[3], bare[3], "the exit status")


def _raw(data):
    return f"raw {base64.b64encode(data).decode()}"


def _prompt(text, identifier, session="sess-1"):
    params = {"sessionId": session, "prompt": [{"type": "text", "text": text}]}
    return (
        json.dumps({"jsonrpc": "2.0", "id": identifier, "method": "session/prompt", "params": params}).encode() + b"\n"
    )


OPENING = (
    b'{"id":0 ,\t"method": "initialize" ,"params":{"protocolVersion":1,"clientCapabilities":{"fs":{"readTextFile":true,'
    b'"writeTextFile":false}},"_odd":[1.0,1e2,-0.0,1E+2,12345678901234567890,0.1e-7]},"jsonrpc":"2.0"}\n',
    b'  {"jsonrpc":"2.0","params":{"mcpServers":[],"zeta":null,"cwd":"\\/","alpha":{"b":1,"a":2}},"method":"session\\/new",'
    b'"id":"first"} \n',
)

ODD_LINES = (
    # An id beyond what a double can hold, and ids that only their type tells apart.
    b'{"jsonrpc":"2.0","id":9007199254740993,"method":"_test/echo","params":{"n" : 9007199254740993 , "x":1.0,"y":1e2}}\n',
    b'{"jsonrpc":"2.0","id":7,"method":"_test/echo","params":  [ 1.0 ,"\\u00e9\\ud83d\\ude00\\/\\t", {"b":1,"a":2} ] }\n',
    b'{"jsonrpc":"2.0","id":"7","method":"_test/echo","params":{"":[[[[]]]],"\\u0000":"\\u001f"}}\n',
    b'{"jsonrpc":"2.0","id":null,"method":"_test/echo","params":{"null":"id"}}\n',
    b'{"jsonrpc":"2.0","id":"","method":"_test/echo","params":{"empty":"id"}}\n',
    b'{"jsonrpc":"2.0","id":-1,"method":"_test/echo","params":{"below":"zero"}}\n',
    b'{"jsonrpc":"2.0","id":"\\u0037x","method":"_test/echo","params":{"escaped":"id"}}\n',
    b'{"jsonrpc":"2.0","id":8,"\\u006dethod":"_test/echo","params":{"escaped":"key"}}\n',
    b'{"jsonrpc":"2.0","id":9,"method":"_test/echo","params":{"ended":"as on another system"}}\r\n',
    '{"jsonrpc":"2.0","id":10,"method":"_test/echo","params":{"über":"naïve … 汉字 🦉"}}\n'.encode(),
    b'{"jsonrpc":"2.0","id":11,"method":"_unknown/method","params":{"_meta":{"a":1}},"_extra":true}\n',
    b'{"jsonrpc":"2.0","method":"_unknown/notification","params":{"_meta":null},"_extra":1.50}\n',
)


def _open_odd(talk):
    for number, line in enumerate(OPENING, 1):
        talk.send_bytes(line)
        talk.wait_until(lambda wanted=number: len(talk.lines) >= wanted, f"line {number}")


def _await_lines(talk, count):
    talk.wait_until(lambda: len(talk.lines) >= count, f"{count} lines")


@scenario
def odd_spacing_numbers_escapes_and_ids_pass_in_both_directions(world):
    def converse(talk):
        _open_odd(talk)
        for line in ODD_LINES:
            talk.send_bytes(line)
        # All but the notification are answered.
        _await_lines(talk, len(OPENING) + len(ODD_LINES) - 1)

    _same_bytes(world, converse)


ODD_ANSWERS = (
    b'{"method":"session/update" , "params" : {"update":{"content":{"text":"\\u00e9","type":"text"},"sessionUpdate":'
    b'"agent_message_chunk","score":1.0,"scale":1e2},"sessionId":"sess-1"},"jsonrpc":"2.0"}\n',
    b'\t{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"sess-1","update":{"sessionUpdate":'
    b'"_test_unknown","x":[1.0,1e2]}}}\t\n',
    b'{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"never heard of","update":{"sessionUpdate":"plan"}}}\n',
    b'{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"sess-1"}}\n',
    b'{"jsonrpc":"2.0","method":"session/update","params":[]}\n',
    b'{"jsonrpc":"2.0","method":"_vendor/notice","params":null,"_top":{"b":1,"a":2}}\n',
    b'{"jsonrpc":"2.0","method":"$/cancel_request","params":{"requestId":4}}\n',
    b'{"jsonrpc":"2.0","method":"_vendor/crlf"}\r\n',
    b"\n",
    b"   \n",
    b"Warning: this agent talks to itself.\n",
    b'{"half":\n',
    b"\xff\xfe not even text\n",
    b"nul \x00 inside\n",
    b"null\n",
    b"42\n",
    b'"a string"\n',
    b"[]\n",
    b'{"jsonrpc":"2.0"}\n',
)


@scenario
def odd_lines_of_the_agent_pass_in_a_turn(world):
    def converse(talk):
        _open_odd(talk)
        for number, line in enumerate(ODD_ANSWERS):
            talk.send_bytes(_prompt(_raw(line), 100 + number))
            # What was written raw, and the end of the turn.
            _await_lines(talk, len(OPENING) + 2 * (number + 1))

    _same_bytes(world, converse)


BAD_LINES = {
    "no JSON": (b"hello\n",),
    "cut JSON": (b'{"jsonrpc":"2.0","id":5,"meth\n',),
    "a raw NUL": (b'{"jsonrpc":"2.0","id":5,\x00"method":"_test/echo"}\n',),
    "no text": (b'{"jsonrpc":"2.0","id":5,"method":"\xff\xfe"}\n',),
    "another value": (b"42\n",),
    "a lone NUL": (b"\x00\n",),
}


@scenario(cases=BAD_LINES)
def bad_line_of_the_client_gets_the_answer_it_gets_without_the_relay(world, line):
    def converse(talk):
        _open_odd(talk)
        talk.send_bytes(line)
        _await_lines(talk, len(OPENING) + 1)
        talk.send_bytes(_prompt("say on", 6))
        _await_lines(talk, len(OPENING) + 3)

    _same_bytes(world, converse, is_lawful=False)


@scenario
def half_a_line_before_the_client_hangs_up_arrives_as_half_a_line(world):
    def converse(talk):
        _open_odd(talk)
        talk.send_bytes(b'{"jsonrpc":"2.0","id":5,"method":"_test/ec')

    _same_bytes(world, converse)


@scenario
def half_a_line_of_an_agent_that_leaves_arrives_as_half_a_line(world):
    _same_bytes(world, _open_odd, "--misbehave", "half-line")


@scenario
def junk_before_the_first_answer_passes(world):
    def converse(talk):
        talk.send_bytes(OPENING[0])
        _await_lines(talk, 2)

    _same_bytes(world, converse, "--misbehave", "junk-at-start")


@scenario
def whole_conversation_with_tools_and_questions_is_the_same(world):
    def converse(talk):
        talk.answers["session/request_permission"] = lambda _: {"outcome": {"optionId": "allow", "outcome": "selected"}}
        talk.answers["fs/read_text_file"] = lambda _: {"content": "file \u00e9 1.0"}
        talk.begin(mcpServers=[{"name": "m", "command": "/bin/m", "args": [], "env": []}])
        for words in ("say one", "tools", "ask 3", "read /etc/x", "remember elm", "word?", "big 300000"):
            talk.end_turn(talk.start_turn(words))
        talk.call("session/set_mode", {"sessionId": talk.session, "modeId": "code"})
        talk.call("session/set_model", {"sessionId": talk.session, "modelId": "large"})
        talk.call("session/list", {})
        talk.failure(talk.request("session/set_mode", {"sessionId": talk.session, "modeId": "none"}))
        talk.failure(talk.request("session/prompt", {"sessionId": "never", "prompt": []}))
        talk.call("session/load", {"sessionId": talk.session, "cwd": "/", "mcpServers": []})
        talk.call("session/close", {"sessionId": talk.session})

    _same_bytes(world, converse, version=1)


@scenario
def same_ids_on_both_sides_and_of_both_types_do_not_meet(world):
    def converse(talk):
        talk.number_from(1_000)
        talk.begin()
        second = talk.new_session()["sessionId"]
        third = talk.new_session()["sessionId"]
        turn = talk.start_turn("ask 3", identifier=1)
        talk.question("session/request_permission", 3)
        held = talk.start_turn("hold", second, identifier="1")
        talk.await_error("holding")
        talk.result(talk.request("_test/echo", {}, identifier=2))
        for question in talk.questions():
            talk.respond(question, {"outcome": {"outcome": "cancelled"}})
        expect_equal(talk.end_turn(turn)[1], "end_turn")
        talk.result(
            talk.request("session/prompt", {"sessionId": third, "prompt": [{"type": "text", "text": "release"}]}, 3)
        )
        expect_equal(talk.end_turn(held)[1], "end_turn")

    _same_bytes(world, converse)


@scenario
def second_version_and_its_batches_are_the_same(world):
    def converse(talk):
        talk.answers["session/request_permission"] = lambda _: {"outcome": {"optionId": "allow", "outcome": "selected"}}
        talk.begin()
        for words in ("say one", "tools", "ask 2"):
            talk.end_turn(talk.start_turn(words))
        before = len(talk.lines)
        talk.send_bytes(
            b'[ {"jsonrpc":"2.0","id":"b1","method":"_test/echo","params":{"x":1.0}},{"jsonrpc":"2.0","method":"_n"} ,'
            b'{"jsonrpc":"2.0","id":81,"method":"session/list","params":{}}]\n'
        )
        _await_lines(talk, before + 2)
        batch = b'[{"jsonrpc":"2.0","method":"_a"}, {"jsonrpc":"2.0", "method":"_b","params":{"x":1e2}}]\n'
        talk.end_turn(talk.start_turn(_raw(batch)))

    _same_bytes(world, converse, version=2)


@scenario
def ten_megabytes_pass_in_one_line_in_both_directions(world):
    size = 10 << 20

    def converse(talk):
        talk.begin()
        talk.end_turn(talk.start_turn(f"big {size}"))
        talk.end_turn(talk.start_turn("say " + "y" * size))
        expect(max(map(len, talk.lines)) > size, "a line of ten megabytes came")

    _same_bytes(world, converse)


@scenario
def agents_standard_error_is_the_clients_own(world):
    talk = world.talk()
    talk.start_turn("hold")
    talk.await_error("agent.1: holding sess-1")
    talk.cancel()


@scenario(cases={"status 0": ((), 0), "status 9": (("--misbehave", "status-9"), 9)})
def client_that_hangs_up_gets_the_agents_own_status(world, flags, status):
    talk = world.talk("--memory", "1", *flags)
    expect_equal(talk.hang_up(), status)
    expect_equal(world.state(), "ended")
