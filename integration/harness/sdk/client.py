"""A conversation held by the official SDK's client as it comes.

client.py EVICT PROGRAM ARGUMENTS...   EVICT: a command that evicts the agent, or nothing; run between turns.

Prints each message as the SDK saw it, a line each: its direction, and the message.
"""

import asyncio
import json
import os
import sys
from typing import Any

import acp
from acp import schema


class Talker(acp.Client):
    async def request_permission(self, options: list[Any], **_: Any) -> acp.RequestPermissionResponse:
        outcome = schema.AllowedOutcome(option_id=options[0].option_id, outcome="selected")
        return acp.RequestPermissionResponse(outcome=outcome)

    async def read_text_file(self, path: str, **_: Any) -> acp.ReadTextFileResponse:
        return acp.ReadTextFileResponse(content=f"what {path} holds: \u00e9")

    async def session_update(self, **_: Any) -> None:
        return None


def _show(event: Any) -> None:
    print(json.dumps([event.direction.value, event.message]), flush=True)


async def _evict(command: str) -> None:
    if not command:
        return
    process = await asyncio.create_subprocess_shell(command)
    if await process.wait() != 0:
        raise SystemExit(f"{command} left with {process.returncode}")


async def main(evict: str, program: str, *arguments: str) -> None:
    capabilities = schema.ClientCapabilities(fs=schema.FileSystemCapabilities(read_text_file=True))
    spawning = acp.spawn_agent_process(
        Talker(),
        program,
        *arguments,
        env=dict(os.environ),
        transport_kwargs={"stderr": None, "shutdown_timeout": 60},
        observers=[_show],
        use_unstable_protocol=True,
    )
    async with spawning as (agent, process):
        await agent.initialize(acp.PROTOCOL_VERSION, capabilities)
        session = await agent.new_session(cwd="/", mcp_servers=[])

        async def prompt(text: str) -> None:
            await agent.prompt(session_id=session.session_id, prompt=[acp.text_block(text)])

        await agent.set_session_mode(session_id=session.session_id, mode_id="code")
        await prompt("elm")
        await _evict(evict)
        await prompt("look")
        await prompt("mode?")
        await _evict(evict)
        await prompt("read")
        await _evict(evict)
        await prompt("words?")
        await prompt("count?")
    print(json.dumps(["status", process.returncode]), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
