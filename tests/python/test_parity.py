"""The same code against the ``openai`` package and against this one: objects, attributes and errors are equal."""

from __future__ import annotations

import ast
import copy
import functools
import inspect
import json
import pickle
from pathlib import Path
from types import ModuleType
from typing import Any

import openai
import pytest

import turnwire
from fake import Fake
from turnwire import _core, _params

LIBRARIES = [turnwire, openai]

TOOL = {"name": "weather", "arguments": '{"city":"서울"}'}
USAGE = {
    "prompt_tokens": 3,
    "completion_tokens": 4,
    "total_tokens": 7,
    "prompt_tokens_details": {"cached_tokens": 1, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
LOGPROBS = {
    "content": [
        {
            "token": "a",
            "logprob": -1,
            "bytes": [97],
            "top_logprobs": [{"token": "b", "logprob": -2.5, "bytes": None}],
        }
    ],
    "refusal": None,
}


def message(**fields: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": None, **fields}


def whole(*choices: dict[str, Any], **fields: Any) -> dict[str, Any]:
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1764660000, "model": "gpt-4o"}
    return {**head, "choices": list(choices), **fields}


def choice(index: int = 0, finish: str = "stop", **fields: Any) -> dict[str, Any]:
    return {"index": index, "finish_reason": finish, **fields}


WHOLE = {
    "text": whole(
        choice(message=message(content='안녕 "하"\n😀'), logprobs=None), usage=USAGE, system_fingerprint="fp"
    ),
    "tools": whole(
        choice(
            finish="tool_calls",
            message=message(tool_calls=[{"id": "c1", "type": "function", "function": TOOL}]),
        )
    ),
    "custom tool": whole(
        choice(
            message=message(
                tool_calls=[{"id": "c1", "type": "custom", "custom": {"name": "n", "input": "i"}}]
            )
        )
    ),
    "refusal": whole(choice(message=message(refusal="no"))),
    "logprobs": whole(choice(message=message(content="a"), logprobs=LOGPROBS)),
    "several choices": whole(*(choice(n, message=message(content=str(n))) for n in range(3))),
    "unknown fields": whole(
        choice(message=message(content="a", reasoning_content="hm", mood={"a": [1]})), timings={"ms": 3.5}
    ),
    "citations": whole(
        choice(
            message=message(
                content="a",
                annotations=[
                    {
                        "type": "url_citation",
                        "url_citation": {"start_index": 0, "end_index": 1, "title": "t", "url": "u"},
                    }
                ],
                audio={"id": "a", "data": "", "expires_at": 1, "transcript": "t"},
                function_call=TOOL,
            )
        )
    ),
    "little": whole(choice(message=message(content="a"))),
}


def chunk(*choices: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**whole(*choices, **fields), "object": "chat.completion.chunk"}


def delta(index: int = 0, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"index": index, "delta": fields, "finish_reason": finish}


END = chunk(delta(finish="stop"))
STREAMS = {
    "text": [
        chunk(delta(role="assistant", content="")),
        chunk(delta(content="안")),
        chunk(delta(content="\n😀")),
        END,
    ],
    "tools": [
        chunk(
            delta(
                role="assistant",
                tool_calls=[{"index": 0, "id": "c", "type": "function", "function": {"name": "f"}}],
            )
        ),
        chunk(delta(tool_calls=[{"index": 0, "function": {"arguments": "{}"}}])),
        chunk(delta(tool_calls=[{"index": 0, "function": {"arguments": '\n"안'}, "more": 1}])),
        chunk(delta(finish="tool_calls")),
    ],
    "refusal": [chunk(delta(role="assistant", refusal="no")), END],
    "logprobs": [chunk({**delta(content="a"), "logprobs": LOGPROBS}), END],
    "usage": [chunk(delta(content="a"), usage=None), END, chunk(usage=USAGE)],
    "unknown fields": [
        chunk(delta(content="a", reasoning_content="hm"), obfuscation="xy"),
        chunk(delta(content=None, reasoning="hm", more={"a": 1}), timings={"ms": 1}),
        END,
    ],
    "several choices": [
        chunk(delta(0, content="a"), delta(1, content="b")),
        chunk(delta(1, finish="stop"), delta(0, finish="length")),
    ],
}

# Beyond what the peer's helper for events can read.
CHUNKS = {
    **STREAMS,
    "tools of other kinds": [
        chunk(delta(tool_calls=[{"index": 0, "id": "c", "type": "custom", "custom": {"input": "i"}}])),
        chunk(delta(tool_calls=[{"index": 0, "function": None}])),
        chunk(delta(tool_calls=[])),
        chunk(delta(content="a", tool_calls=None)),
        END,
    ],
}


def paths(value: Any, path: str = "") -> dict[str, Any]:
    """Every attribute path of an object, with what is there."""
    found = {path: None if hasattr(value, "model_dump") or isinstance(value, (list, dict)) else value}
    if hasattr(value, "model_dump"):
        for name in value.model_dump():
            found |= paths(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, list):
        for at, item in enumerate(value):
            found |= paths(item, f"{path}[{at}]")
    elif isinstance(value, dict):
        found[path] = value
    return found


def looks(value: Any) -> dict[str, Any]:
    """All that can be seen of an object."""
    return {
        "paths": paths(value),
        "dump": value.model_dump(),
        "unset": value.model_dump(exclude_unset=True),
        "none": value.model_dump(exclude_none=True),
        "defaults": value.model_dump(exclude_defaults=True),
        "part": value.model_dump(include={"choices", "id"}, exclude={"id"}),
        "deep": value.model_dump(exclude={"choices": {0: {"index"}}}),
        "json": value.model_dump_json(),
        "pretty": value.to_json(),
        "dict": value.to_dict(),
        "repr": repr(value),
        "str": str(value),
        "extra": value.model_extra,
        "class": type(value).__name__,
        "fields": dict(iter(value)).keys(),
    }


@pytest.mark.parametrize("name", WHOLE)
def test_whole_replies_look_alike(fake: Fake, key: str, name: str) -> None:
    fake.script(key, *[{"framing": "length", "steps": [{"json": WHOLE[name]}]}] * 2)
    ours, theirs = (ask(library, fake, key) for library in LIBRARIES)
    assert looks(ours) == looks(theirs)
    assert ours._request_id.startswith("req_")
    again_and_equal(ours)


@pytest.mark.parametrize("name", CHUNKS)
def test_chunks_look_alike(fake: Fake, key: str, name: str) -> None:
    fake.script(key, *[{"steps": [*({"sse": chunk} for chunk in CHUNKS[name]), {"done": True}]}] * 2)
    ours, theirs = (list(ask(library, fake, key, stream=True)) for library in LIBRARIES)
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        assert looks(mine) == looks(other)
        assert [repr(c) for c in mine.choices] == [repr(c) for c in other.choices]
        assert [c.delta.model_dump() for c in mine.choices] == [c.delta.model_dump() for c in other.choices]
        again_and_equal(mine)
        for part in mine.choices:
            again_and_equal(part)
            again_and_equal(part.delta)
            for call in part.delta.tool_calls or []:
                again_and_equal(call)
                again_and_equal(call.function)
    assert ours[0] != ours[-1]


def again_and_equal(value: Any) -> None:
    assert pickle.loads(pickle.dumps(value)) == value
    assert copy.deepcopy(value) == value
    assert copy.copy(value) == value
    assert type(copy.copy(value)) is type(value)
    assert value != 1


ERROR = {"message": "no", "type": "t", "code": "c", "param": "p"}
BODIES = {
    "object": {"json": {"error": ERROR}},
    "bare": {"json": {"message": "no"}},
    "number": {"json": {"error": {"message": "no", "code": 17}}},
    "text": {"send": "gone wrong"},
    "nothing": {"send": ""},
}
PUBLIC = ("message", "body", "code", "param", "type", "status_code", "request_id")


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503])
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_of_status_are_alike(fake: Fake, key: str, status: int, body: str, stream: bool) -> None:
    headers = [["x-request-id", "req_same"]]
    fake.script(
        key, *[{"status": status, "framing": "length", "headers": headers, "steps": [BODIES[body]]}] * 2
    )
    ours, theirs = (failure(library, fake, key, stream=stream) for library in LIBRARIES)
    assert [c.__name__ for c in type(ours).__mro__ if c is not turnwire.TurnwireError] == [
        c.__name__ for c in type(theirs).__mro__
    ]
    assert {name: getattr(ours, name) for name in PUBLIC} == {name: getattr(theirs, name) for name in PUBLIC}
    assert str(ours) == str(theirs)
    assert (ours.response.status_code, ours.response.text) == (
        theirs.response.status_code,
        theirs.response.text,
    )
    assert ours.response.headers["X-Request-Id"] == theirs.response.headers["X-Request-Id"]


def test_errors_amid_a_stream_are_alike(fake: Fake, key: str) -> None:
    fake.script(key, *[{"steps": [{"text": "a"}, {"sse": {"error": ERROR}}]}] * 2)
    ours, theirs = (failure(library, fake, key, stream=True) for library in LIBRARIES)
    assert (type(ours), type(theirs)) == (turnwire.APIError, openai.APIError)
    assert (ours.message, ours.body, ours.code, ours.type) == (
        theirs.message,
        theirs.body,
        theirs.code,
        theirs.type,
    )
    assert ours.partial == "a"


def test_a_service_that_is_not_there_is_the_same_error() -> None:
    for library in LIBRARIES:
        client = library.OpenAI(base_url="http://127.0.0.1:1/v1", api_key="k", max_retries=0)
        with pytest.raises(library.APIConnectionError):
            client.chat.completions.create(model="m", messages=[])


def test_a_silent_service_is_the_same_error(fake: Fake, key: str) -> None:
    fake.script(key, *[{"steps": [{"text": "a"}, {"stall": True}]}] * 2)
    for library in LIBRARIES:
        with pytest.raises(library.APITimeoutError):
            list(ask(library, fake, key, stream=True, timeout=0.2))


def test_no_key_is_the_same_error() -> None:
    for library in LIBRARIES:
        with pytest.raises(library.OpenAIError):
            library.OpenAI()


def test_requests_are_alike(fake: Fake, key: str) -> None:
    def given(library: ModuleType) -> dict[str, Any]:
        said = library.types.chat.ChatCompletionMessage(role="assistant", content="네", refusal=None)
        return {
            "messages": [
                {"role": "user", "content": "안녕"},
                said,
                {"role": "user", "content": ({"type": "text"},)},
            ],
            "temperature": 0.5,
            "stop": ["a"],
            "n": 2,
            "user": getattr(library, "NOT_GIVEN"),  # noqa: B009
            "seed": getattr(library, "omit"),  # noqa: B009
            "logit_bias": {"5": -1},
            "metadata": {"a": "b"},
            "stream_options": {"include_usage": True},
            "tools": iter([{"type": "function", "function": {"name": "f"}}]),
            "extra_headers": {"x-a": "1", "x-b": "2"},
            "extra_query": {"q": "a b", "list": [1, 2], "flag": True},
            "extra_body": {"top_k": 4, "temperature": 0.7},
        }

    for library in LIBRARIES:
        fake.chat(key, "a")
        list(ask(library, fake, key, stream=True, **given(library)))
    ours, theirs = fake.requests(key)
    assert json.loads(ours["body"]) == json.loads(theirs["body"])
    assert (ours["path"], ours["query"].replace("+", "%20")) == (
        theirs["path"],
        theirs["query"].replace("+", "%20"),
    )
    headers = [dict(request["headers"]) for request in (ours, theirs)]
    for name in ("x-a", "x-b", "authorization", "content-type"):
        assert headers[0][name] == headers[1][name]


CALL = {"self", "extra_headers", "extra_query", "extra_body", "timeout"}
OWN = {"model", "messages", "stream"}


def typed(name: str) -> set[str]:
    """The keywords of a ``TypedDict`` that only type checkers see."""
    tree = ast.parse(Path(_params.__file__).read_text("utf-8"))
    found = next(c for c in ast.walk(tree) if isinstance(c, ast.ClassDef) and c.name == name)
    return {field.target.id for field in ast.walk(found) if isinstance(field, ast.AnnAssign)}  # type: ignore[union-attr]


def test_every_keyword_of_theirs_is_taken_and_typed() -> None:
    theirs = openai.resources.chat.Completions
    for method, fields in (("create", _params.FIELDS), ("parse", _params.FIELDS), ("stream", _params.FIELDS)):
        taken = set(inspect.signature(getattr(theirs, method)).parameters) - CALL - OWN
        assert taken == fields, method
    assert typed("Common") | typed("Params") == _params.FIELDS | CALL - {"self"}


def test_every_field_of_cores_requests_is_taken() -> None:
    assert set(_core.REQUEST_FIELDS) - OWN <= _params.FIELDS
    assert "temperature" in _core.REQUEST_FIELDS


def test_every_setting_of_theirs_is_taken_or_refused_in_words() -> None:
    other_services = {
        "admin_api_key",
        "data_residency",
        "provider",
        "webhook_secret",
        "websocket_base_url",
        "workload_identity",
        "_enforce_credentials",
        "_strict_response_validation",
    }
    for name in ("OpenAI", "AsyncOpenAI"):
        ours, theirs = (set(inspect.signature(getattr(library, name)).parameters) for library in LIBRARIES)
        assert theirs - ours == other_services


@functools.cache
def client_of(library: ModuleType, base_url: str) -> Any:
    return library.OpenAI(base_url=base_url, api_key="sk-test", max_retries=0)


def ask(library: ModuleType, fake: Fake, key: str, **params: Any) -> Any:
    client = client_of(library, fake.base_url)
    return client.chat.completions.create(**{"model": key, "messages": [], **params})


def failure(library: ModuleType, fake: Fake, key: str, **params: Any) -> Any:
    with pytest.raises(library.OpenAIError) as raised:
        result = ask(library, fake, key, **params)
        if params.get("stream"):
            list(result)
    return raised.value
