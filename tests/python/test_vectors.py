"""The cases that every language's client must meet."""

from __future__ import annotations

import json
from typing import Any

import pytest

import turnwire
from fake import REPO, Fake

FOLDER = REPO / "tests" / "vectors" / "chat"
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in sorted(FOLDER.glob("*.json"))
    for case in json.loads(file.read_text("utf-8"))
]


def test_there_are_cases() -> None:
    assert CASES


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_case(fake: Fake, case: dict[str, Any], kind: str) -> None:
    scripts = case["script"]
    fake.script("m", *(scripts if isinstance(scripts, list) else [scripts]))
    before = len(fake.requests("m"))
    run = run_sync if kind == "sync" else run_async
    texts, reply, error = run(fake, case["call"])
    if "error" in case:
        expected = dict(case["error"])
        message, api = expected.pop("message", ""), expected.pop("api", None)
        assert isinstance(error, turnwire.OpenAIError), (error, reply)
        attributes = {"code": "error_code", "status": "status_code"}
        found = {name: getattr(error, attributes.get(name, name), None) for name in expected}
        assert found == expected, error
        assert message in str(error)
        if api is not None:
            assert isinstance(error, turnwire.APIError)
            assert_within(api, error.body, "error")
            assert error.code == str(api["code"]), "as the openai package has it; the body keeps the number"
    elif error is not None:
        raise error
    if "texts" in case:
        assert texts == case["texts"]
    if "reply" in case:
        assert_within(case["reply"], reply)
    if "request" in case:
        assert_request(fake.requests("m")[before:][-1], case["request"])


Result = tuple[list[str], Any, Exception | None]


def arguments(fake: Fake, call: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments of the client and of the call."""
    options = call.get("options", {})
    assert set(options) <= {"headers", "query", "max_retries", "idle_timeout_ms"}, options
    settings: dict[str, Any] = {"base_url": fake.base_url, "api_key": "sk-test"}
    if "max_retries" in options:
        settings["max_retries"] = options["max_retries"]
    params = dict(call["body"])
    params["extra_body"] = {name: params.pop(name) for name in [*params] if name not in KNOWN}
    headers = options.get("headers", {})
    params["extra_headers"] = {
        name: turnwire.omit if value is None else value for name, value in headers.items()
    }
    params["extra_query"] = options.get("query")
    if "idle_timeout_ms" in options:
        params["timeout"] = options["idle_timeout_ms"] / 1000
    return settings, {"stream": call.get("stream", False), **params}


def known() -> frozenset[str]:
    from turnwire._params import FIELDS

    return FIELDS | {"model", "messages"}


KNOWN = known()


def run_sync(fake: Fake, call: dict[str, Any]) -> Result:
    settings, params = arguments(fake, call)
    texts: list[str] = []
    try:
        with turnwire.OpenAI(**settings) as client:
            result = client.chat.completions.create(**params)
            if isinstance(result, turnwire.Stream):
                texts.extend(text for chunk in result if (text := first(chunk)))
                return texts, result.get_final_completion().to_dict(), None
            return texts, result.to_dict(), None
    except Exception as error:
        return texts, None, error


def run_async(fake: Fake, call: dict[str, Any]) -> Result:
    import asyncio

    settings, params = arguments(fake, call)
    texts: list[str] = []

    async def run() -> Any:
        async with turnwire.AsyncOpenAI(**settings) as client:
            result = await client.chat.completions.create(**params)
            if not isinstance(result, turnwire.AsyncStream):
                return result.to_dict()
            async for chunk in result:
                if text := first(chunk):
                    texts.append(text)
            return (await result.get_final_completion()).to_dict()

    try:
        return texts, asyncio.run(run()), None
    except Exception as error:
        return texts, None, error


def first(chunk: Any) -> str | None:
    """A chunk's addition to the first reply's text."""
    found = [choice.delta.content for choice in chunk.choices if choice.index == 0]
    return found[0] if found else None


def assert_within(expected: Any, found: Any, path: str = "reply") -> None:
    """Everything that is expected is there; there may be more."""
    if isinstance(expected, dict):
        assert isinstance(found, dict), (path, found)
        for name, value in expected.items():
            assert name in found or value is None, (path, name, found)
            assert_within(value, found.get(name), f"{path}.{name}")
    elif isinstance(expected, list):
        assert isinstance(found, list) and len(found) == len(expected), (path, found)
        for at, value in enumerate(expected):
            assert_within(value, found[at], f"{path}[{at}]")
    else:
        assert found == expected, path


def assert_request(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert set(expected) <= {"method", "path", "query", "headers", "body"}, expected
    for name in ("method", "path", "query"):
        if name in expected:
            assert found[name] == expected[name]
    headers = {name.lower(): value for name, value in found["headers"]}
    for name, value in expected.get("headers", {}).items():
        assert headers.get(name.lower()) == value
    if "body" in expected:
        sent = json.loads(found["body"])
        assert sent == expected["body"]
        # Objects are equal in any order; inside of a field the caller's order is the right one.
        for name, value in expected["body"].items():
            assert json.dumps(sent[name]) == json.dumps(value), name
