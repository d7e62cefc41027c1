"""``turnwire.openai`` beside the ``openai`` package: the clients of both, what they are answered, and what they sent."""

from __future__ import annotations

import json
from typing import Any

import openai
import pydantic

import turnwire
import turnwire.openai
from fake import Fake
from test_parity import STREAMS, WHOLE

LIBRARIES: list[Any] = [turnwire.openai, openai]
MESSAGES = [{"role": "user", "content": "안녕하세요"}]
ERROR = {"error": {"message": "no", "type": "t", "code": "c", "param": "p"}}
CITY = WHOLE["text"] | {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant"}}]}
CITY["choices"][0]["message"]["content"] = '{"name": "서울"}'


class City(pydantic.BaseModel):
    name: str


def client_of(library: Any, fake: Fake, **settings: Any) -> Any:
    return library.OpenAI(**{"base_url": fake.base_url, "api_key": "sk-test", "max_retries": 0, **settings})


def async_client_of(library: Any, fake: Fake, **settings: Any) -> Any:
    return library.AsyncOpenAI(
        **{"base_url": fake.base_url, "api_key": "sk-test", "max_retries": 0, **settings}
    )


def is_turnwires(request: dict[str, Any]) -> bool:
    """True if turnwire sent the request: the ``openai`` package describes itself in headers."""
    names = {name for name, _ in request["headers"]}
    return not any(name.startswith("x-stainless-") for name in names)


def went(fake: Fake, key: str) -> tuple[list[bool], list[Any]]:
    """The requests of one key: whether turnwire sent each, and the bodies."""
    requests = fake.requests(key)
    bodies = [json.loads(request["body"]) for request in requests]
    # The package says that a reply is to be whole if it is to be parsed, which every service assumes.
    whole = [{n: v for n, v in body.items() if n != "stream" or v} for body in bodies]
    return [is_turnwires(request) for request in requests], whole


def answer(body: Any, **script: Any) -> dict[str, Any]:
    headers = [["x-request-id", "req_same"]]
    return {"framing": "length", "headers": headers, "steps": [{"json": body}], **script}


def streamed(name: str, *left_out: int) -> dict[str, Any]:
    chunks = [chunk for at, chunk in enumerate(STREAMS[name]) if at not in left_out]
    steps = [*({"sse": chunk} for chunk in chunks), {"done": True}]
    return {"headers": [["x-request-id", "req_same"]], "steps": steps}


OF_HTTP = ("content-length", "idempotency-key", "accept", "accept-encoding", "connection", "user-agent")


def headers(request: dict[str, Any]) -> dict[str, str]:
    """The headers that settings make."""
    pairs = [(n, v) for n, v in request["headers"] if n not in OF_HTTP and not n.startswith("x-stainless-")]
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)


def both(error: Exception, theirs: type[Exception]) -> None:
    """Fails unless the error is of the class, and of the class of that name in turnwire."""
    assert isinstance(error, theirs) and isinstance(error, getattr(turnwire, theirs.__name__))
    assert isinstance(error, openai.OpenAIError) and isinstance(error, turnwire.OpenAIError)
    assert type(error).__name__ == theirs.__name__
