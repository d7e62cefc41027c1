"""The cases of a turn's events that every language must meet, as the client of a chat service reads them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

import turnwire
from fake import REPO, FakeChat
from test_turn_vectors import wire

FOLDER = REPO / "tests" / "vectors" / "events"
CASES = [
    pytest.param(case, id=f"{name}: {case['name']}")
    for name in ("reading", "content", "odd", "codes", "stop")
    for case in json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
]
OPTIONS: dict[str, Any] = {"access_token": "a", "refresh_token": "r", "fallback": False}


@pytest.fixture(scope="module")
def server() -> Iterator[FakeChat]:
    chat = FakeChat()
    chat.workspace("ws-1")
    yield chat
    chat.close()


def test_there_are_cases() -> None:
    assert len(CASES) >= 72


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_case(server: FakeChat, case: dict[str, Any], kind: str) -> None:
    assert set(case) <= {"name", "wire", "script", "events", "error"}
    server.script(case["name"], case["script"])
    options = {**OPTIONS, "wire": case.get("wire", "events")}
    found: list[dict[str, Any]] = []

    def run() -> None:
        service = turnwire.ChatService(server.url, **options)
        for event in service.stream(case["name"], workspace_id="ws-1"):
            found.append(wire(event))

    async def arun() -> None:
        service = turnwire.AsyncChatService(server.url, **options)
        async for event in await service.stream(case["name"], workspace_id="ws-1"):
            found.append(wire(event))

    error: turnwire.TurnwireError | None = None
    try:
        run() if kind == "sync" else asyncio.run(arun())
    except turnwire.TurnwireError as raised:
        error = raised
    assert found == case["events"]
    expected = case.get("error")
    assert (error is None) == (expected is None), error
    if error is not None:
        assert error.error_code == expected["code"] and error.partial == expected.get("partial")
        assert expected.get("message", "") in str(error)
        assert error.retryable == expected.get("retryable", error.retryable)
