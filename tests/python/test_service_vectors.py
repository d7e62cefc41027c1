"""The cases of the chat service's client that every language must meet, by plain code and in asyncio."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

import turnwire
from fake import REPO, FakeChat
from turnwire import AsyncChatService, ChatService

FOLDER = REPO / "tests" / "vectors" / "service"
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in sorted(FOLDER.glob("*.json"))
    for case in json.loads(file.read_text("utf-8"))
]
FIELDS = {"name", "settings", "call", "arguments", "answers", "sent", "error"}
TOKENS = {"access_token": "the-access-token", "refresh_token": "the-refresh-token"}


@pytest.fixture(scope="module")
def chat() -> Iterator[FakeChat]:
    chat = FakeChat()
    yield chat
    chat.close()


def test_there_are_cases() -> None:
    assert len(CASES) >= 8


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", [ChatService, AsyncChatService])
def test_case(chat: FakeChat, case: dict[str, Any], kind: type[Any]) -> None:
    assert set(case) <= FIELDS, set(case) - FIELDS
    chat.reset()
    for key, script in case.get("answers", {}).items():
        chat.script(key, script)
    settings = {"http": {"retry": {"max_retries": 0}}, **TOKENS, **case.get("settings", {})}
    client = kind(chat.url, **settings)

    async def run() -> Any:
        found = getattr(client, case["call"])(**case["arguments"])
        return found if kind is ChatService else await found

    if "error" in case:
        with pytest.raises(turnwire.TurnwireError) as refused:
            asyncio.run(run())
        error, expected = refused.value, case["error"]
        assert (error.error_code, error.status) == (expected["code"], expected.get("status"))
        assert error.operation == f"service.{case['call']}"
        assert expected["message_has"] in str(error)
    else:
        assert asyncio.run(run()) is None
    if "sent" in case:
        sent = [{"path": each["path"], "body": json.loads(each["body"])} for each in chat.all_requests()]
        assert sent == case["sent"]
