"""The cases of turns as UI message streams of the AI SDK and as plain text, by plain code and in asyncio."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

import turnwire
from fake import REPO, Fake
from turnwire import AsyncTurns, Turns

FILE = REPO / "tests" / "vectors" / "ui" / "turns.json"
CASES = [pytest.param(case, id=case["name"]) for case in json.loads(FILE.read_text("utf-8"))]
FIELDS = {"name", "settings", "llm", "stop_at", "parts", "text", "error"}
IDS = {
    "message_id": "0b1e55ed-0000-4000-8000-0000000000a1",
    "reply_id": "0b1e55ed-0000-4000-8000-0000000000a2",
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_case(fake: Fake, key: str, case: dict[str, Any], kind: str) -> None:
    assert set(case) <= FIELDS, set(case) - FIELDS
    script = {"steps": case["llm"]}
    fake.script(key, script, script)
    read = read_sync if kind == "sync" else read_async
    body, error = read(fake, key, case, "ui_stream")
    assert error is None
    *frames, done, end = body.split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    found = [json.loads(frame.removeprefix("data: ")) for frame in frames]
    values = {"<message id>": IDS["message_id"], "<reply id>": IDS["reply_id"], '"m"': json.dumps(key)}
    values["<id>"] = found[0].get("messageMetadata", {}).get("turnId", "")
    expected = json.dumps(case["parts"])
    for name, value in values.items():
        expected = expected.replace(name, value)
    assert found == json.loads(expected)

    text, error = read(fake, key, case, "text_stream")
    assert text == case["text"]
    assert (error.error_code if error else None) == case.get("error")


Body = tuple[str, "turnwire.TurnwireError | None"]


def read_sync(fake: Fake, key: str, case: dict[str, Any], form: str) -> Body:
    client = turnwire.OpenAI(base_url=fake.base_url, api_key="k", max_retries=0)
    turn = Turns(client, model=key, **case.get("settings", {})).start("hello", **IDS)
    body = b""
    try:
        for piece in getattr(turn, form)():
            body += piece
            if case.get("stop_at", "never") in body.decode():
                turn.stop()
    except turnwire.TurnwireError as error:
        return body.decode(), error
    return body.decode(), None


def read_async(fake: Fake, key: str, case: dict[str, Any], form: str) -> Body:
    async def read() -> Body:
        client = turnwire.AsyncOpenAI(base_url=fake.base_url, api_key="k", max_retries=0)
        turn = await AsyncTurns(client, model=key, **case.get("settings", {})).start("hello", **IDS)
        body = b""
        try:
            async for piece in getattr(turn, f"a{form}")():
                body += piece
                if case.get("stop_at", "never") in body.decode():
                    turn.stop()
        except turnwire.TurnwireError as error:
            return body.decode(), error
        return body.decode(), None

    return asyncio.run(read())
