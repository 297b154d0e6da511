"""An agent made with the official SDK as it comes. It keeps its conversations in the folder it is given."""

import asyncio
import json
import os
import pathlib
import sys
from typing import Any

import acp
from acp import schema


class Remembering(acp.Agent):
    _client: Any

    def __init__(self, folder: pathlib.Path, resumes: bool) -> None:
        self._folder = folder
        self._resumes = resumes

    def on_connect(self, conn: Any) -> None:
        self._client = conn

    # What is kept

    def _path(self, session_id: str) -> pathlib.Path:
        return self._folder / f"{session_id}.json"

    def _load(self, session_id: str) -> list[list[str]]:
        try:
            return json.loads(self._path(session_id).read_text())
        except FileNotFoundError:
            raise acp.RequestError.resource_not_found(session_id) from None

    def _save(self, session_id: str, history: list[list[str]]) -> None:
        # Aside first: whoever kills it at any instant finds the former history or this one.
        path = self._path(session_id)
        aside = path.with_name(f".{path.name}")
        aside.write_text(json.dumps(history))
        os.replace(aside, path)

    # The protocol

    async def initialize(self, protocol_version: int, **_: Any) -> acp.InitializeResponse:
        resume = schema.SessionResumeCapabilities() if self._resumes else None
        return acp.InitializeResponse(
            protocol_version=acp.PROTOCOL_VERSION,
            agent_capabilities=schema.AgentCapabilities(
                load_session=True, session_capabilities=schema.SessionCapabilities(resume=resume)
            ),
            agent_info=schema.Implementation(name="remembering", version="1.0.0"),
        )

    async def new_session(self, cwd: str, **_: Any) -> acp.NewSessionResponse:
        count = len(list(self._folder.glob("conversation-*")))
        session_id = f"conversation-{count + 1}"
        self._save(session_id, [])
        modes = [schema.SessionMode(id=name, name=name) for name in ("ask", "code")]
        return acp.NewSessionResponse(
            session_id=session_id, modes=schema.SessionModeState(current_mode_id="ask", available_modes=modes)
        )

    async def load_session(self, cwd: str, session_id: str, **_: Any) -> acp.LoadSessionResponse:
        for role, text in self._load(session_id):
            update = acp.update_user_message_text(text) if role == "user" else acp.update_agent_message_text(text)
            await self._client.session_update(session_id, update)
        return acp.LoadSessionResponse()

    async def resume_session(self, cwd: str, session_id: str, **_: Any) -> schema.ResumeSessionResponse:
        self._load(session_id)
        return schema.ResumeSessionResponse()

    async def set_session_mode(self, session_id: str, mode_id: str, **_: Any) -> acp.SetSessionModeResponse:
        self._mode = mode_id
        return acp.SetSessionModeResponse()

    _mode = "ask"

    async def prompt(self, session_id: str, prompt: list[Any], **_: Any) -> acp.PromptResponse:
        history = self._load(session_id)
        text = getattr(prompt[0], "text", "")
        history.append(["user", text])
        answer = await self._answer(session_id, text, history)
        history.append(["agent", answer])
        self._save(session_id, history)
        await self._client.session_update(session_id, acp.update_agent_message_text(answer))
        return acp.PromptResponse(stop_reason="end_turn")

    async def _answer(self, session_id: str, text: str, history: list[list[str]]) -> str:
        if text == "mode?":
            return self._mode
        if text == "words?":
            return " ".join(said for role, said in history[:-1] if role == "user")
        if text == "look":
            return await self._look(session_id, len(history))
        if text == "read":
            return (await self._client.read_text_file(path="/notes", session_id=session_id)).content
        return f"{len(history)}: {text}"

    async def _look(self, session_id: str, number: int) -> str:
        call = f"call-{number}"
        await self._client.session_update(session_id, acp.start_tool_call(call, "Look", kind="read", status="pending"))
        options = [schema.PermissionOption(option_id="yes", name="Yes", kind="allow_once")]
        tool_call = schema.ToolCallUpdate(tool_call_id=call)
        answer = await self._client.request_permission(options=options, session_id=session_id, tool_call=tool_call)
        await self._client.session_update(session_id, acp.update_tool_call(call, status="completed"))
        return f"looked with {answer.outcome.outcome}"


async def main(folder: str, *flags: str) -> None:
    path = pathlib.Path(folder)
    path.mkdir(exist_ok=True)
    await acp.run_agent(Remembering(path, "resume" in flags), use_unstable_protocol=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
