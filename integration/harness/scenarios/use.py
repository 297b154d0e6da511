"""What counts as use of an agent, and what does not."""

import base64
import json

from rig.failures import expect_equal
from rig.registry import scenario

NOT_ADMITTED = 73
QUICK = "IdleAfterSec=100ms"


@scenario(policy=f"{QUICK}\nTurnTimeoutSec=400ms\nIdleTimeoutSec=1s")
def terminal_that_is_waited_for_after_a_turn_keeps_nobody_busy(world):
    events = world.follow()
    talk = world.talk()
    request = {
        "jsonrpc": "2.0",
        "id": 900,
        "method": "terminal/wait_for_exit",
        "params": {"sessionId": talk.session, "terminalId": "server"},
    }
    talk.prompt("raw " + base64.b64encode(json.dumps(request).encode() + b"\n").decode())
    talk.question("terminal/wait_for_exit")
    events.wait_for("suspended", "a")
    expect_equal(world.session()["cause"]["kind"], "idle_timeout")
    expect_equal(talk.prompt("say back"), "back")


@scenario(pool="MaxSessions=1", policy=QUICK)
def choice_that_is_not_yet_answered_is_not_cut_by_an_eviction(world):
    talk = world.talk("--misbehave", "gate-on-mode")
    talk.prompt("say warm")
    choice = talk.request("session/set_mode", {"sessionId": talk.session, "modeId": "code"})
    talk.await_error("at the gate")
    other = ("run", "-s", "b", "--wait", "1s", "--", "true")
    expect_equal(world.pinfold(*other)[0], NOT_ADMITTED)
    world.open_gate()
    talk.result(choice)
    expect_equal(world.pinfold("run", "-s", "b", "--wait", "20s", "--", "true")[0], 0)
    expect_equal(world.state(), "suspended")
