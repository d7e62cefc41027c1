"""The cases of the chat store's client that every language must meet, by plain code and in asyncio."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

import turnwire
from fake import REPO, FakeStore
from turnwire import AsyncChatStore, ChatStore, StoreMessage

FOLDER = REPO / "tests" / "vectors" / "store"
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in sorted(FOLDER.glob("*.json"))
    for case in json.loads(file.read_text("utf-8"))
]
FIELDS = {"name", "settings", "call", "arguments", "answers", "sent", "result", "error"}
USER = "0b1e55ed-0000-4000-8000-000000000001"


def test_there_are_cases() -> None:
    assert len(CASES) >= 30


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", [ChatStore, AsyncChatStore])
def test_case(store: FakeStore, case: dict[str, Any], kind: type[Any]) -> None:
    assert set(case) <= FIELDS, set(case) - FIELDS
    store.reset()
    for key, script in case.get("answers", {}).items():
        store.script(key, *(script if isinstance(script, list) else [script]))
    settings = {"http": {"retry": {"max_retries": 0}}, **store.login(USER), **case.get("settings", {})}
    client = kind(store.url, **settings)
    arguments = dict(case["arguments"])
    if "message" in arguments:
        arguments["message"] = StoreMessage(**arguments["message"])

    async def run() -> Any:
        found = getattr(client, case["call"])(**arguments)
        return found if kind is ChatStore else await found

    try:
        if "error" in case:
            with pytest.raises(turnwire.TurnwireError) as refused:
                asyncio.run(run())
            error, expected = refused.value, case["error"]
            assert (error.error_code, error.status, error.operation) == (
                expected["code"],
                expected.get("status"),
                expected["operation"],
            )
            assert expected.get("message_has", "") in str(error)
        else:
            assert plain(asyncio.run(run())) == case["result"]
        if "sent" in case:
            assert [sent(request) for request in store.all_requests()] == case["sent"]
    finally:
        store.reset()


def plain(result: Any) -> Any:
    """The result as JSON has it."""
    if isinstance(result, list):
        return [plain(one) for one in result]
    return result.model_dump() if hasattr(result, "model_dump") else result


def sent(request: dict[str, Any]) -> dict[str, Any]:
    names = ("method", "path", "query")
    body = {"body": json.loads(request["body"])} if request["body"] else {}
    return {name: request[name] for name in names if request[name] is not None} | body


def test_every_object_of_stores_is_declared() -> None:
    from turnwire import _core, _stored

    declared = {name: tuple(kind._fields) for name, kind in _stored.OBJECTS.items()}
    assert declared == _core.STORED_FIELDS
