"""Errors of ``turnwire.openai``: instances of turnwire's classes and of the ``openai`` package's."""

from __future__ import annotations

import asyncio
import pickle
import time
from typing import Any

import openai
import openai.types.chat
import pytest

import turnwire
import turnwire.openai
from beside import (
    CITY,
    ERROR,
    LIBRARIES,
    MESSAGES,
    City,
    answer,
    async_client_of,
    both,
    client_of,
)
from fake import Fake

SAME = ("body", "code", "param", "type", "status_code", "request_id", "message")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 418, 422, 429, 500, 503])
@pytest.mark.parametrize("stream", [False, True])
def test_errors_are_of_both_trees(fake: Fake, key: str, status: int, stream: bool) -> None:
    fake.script(key, *[answer(ERROR, status=status)] * 3)
    ask: dict[str, Any] = {"model": key, "messages": MESSAGES, "stream": stream}
    raised = []
    for library in LIBRARIES:
        with pytest.raises(openai.APIStatusError) as caught:
            client_of(library, fake).chat.completions.create(**ask)
        raised.append(caught.value)
    ours, theirs = raised
    both(ours, type(theirs))
    assert {n: getattr(ours, n) for n in SAME if n != "message"} == {
        n: getattr(theirs, n) for n in SAME if n != "message"
    }
    assert ours.message == f"Error code: {status} - no"
    assert type(ours.response) is type(theirs.response)
    assert (ours.response.text, ours.response.url) == (theirs.response.text, theirs.response.url)
    assert ours.response.headers["X-Request-Id"] == "req_same"
    assert ours.request is ours.response.request and ours.request.method == "POST"
    assert ours.attempts == 1 and ours.operation in ("chat", "chat.stream")  # type: ignore[attr-defined]
    again = pickle.loads(pickle.dumps(ours))
    assert type(again) is type(ours) and str(again) == str(ours) and again.body == ours.body

    async def fail() -> None:
        await async_client_of(turnwire.openai, fake).chat.completions.create(**ask)

    with pytest.raises(type(theirs)) as caught:
        asyncio.run(fail())
    both(caught.value, type(theirs))


def test_errors_of_speech_are_of_both_trees(fake: Fake, key: str) -> None:
    client = client_of(turnwire.openai, fake)
    ask: dict[str, Any] = {"model": key, "voice": "alloy", "input": "a"}
    fake.script(key, *[answer(ERROR, status=400)] * 2)
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.speech.create(**ask)
    both(caught.value, openai.BadRequestError)
    with pytest.raises(openai.BadRequestError) as caught:  # noqa: SIM117
        with client.audio.speech.with_streaming_response.create(**ask):
            pass
    both(caught.value, openai.BadRequestError)
    assert caught.value.body == ERROR["error"] and caught.value.request.url.path.endswith("/audio/speech")


@pytest.mark.parametrize("is_async", [False, True])
def test_a_stream_that_is_cut_off_is_an_error_of_both_trees(fake: Fake, key: str, is_async: bool) -> None:
    fake.script(key, {"steps": [{"text": "half"}, {"truncate": True}]})
    with pytest.raises(openai.APIConnectionError) as caught:
        read_all(fake, key, is_async)
    assert isinstance(caught.value, turnwire.TruncatedStreamError) and caught.value.partial == "half"
    assert str(caught.value.request.url).endswith("/chat/completions")  # type: ignore[union-attr]
    with pytest.raises(openai.APIConnectionError):
        fake.script(key, {"steps": [{"text": "half"}, {"truncate": True}]})
        ask = client_of(turnwire.openai, fake).chat.completions.with_streaming_response.create
        with ask(model=key, messages=MESSAGES, stream=True) as response:
            list(response.iter_bytes())


@pytest.mark.parametrize("is_async", [False, True])
def test_an_error_amid_a_stream_is_of_both_trees(fake: Fake, key: str, is_async: bool) -> None:
    fake.script(key, {"steps": [{"text": "a"}, {"sse": ERROR}]})
    with pytest.raises(openai.APIError) as caught:
        read_all(fake, key, is_async)
    both(caught.value, openai.APIError)
    assert (caught.value.body, caught.value.code) == (ERROR["error"], "c")


@pytest.mark.parametrize("is_async", [False, True])
def test_a_silent_service_is_a_timeout_of_both_trees(fake: Fake, key: str, is_async: bool) -> None:
    begun = time.monotonic()
    fake.script(key, *[{"steps": [{"text": "a"}, {"stall": True}]}] * 2)
    with pytest.raises(openai.APITimeoutError) as caught:
        read_all(fake, key, is_async, timeout=0.2)
    both(caught.value, openai.APITimeoutError)
    with pytest.raises(openai.APITimeoutError):
        timeout = openai.Timeout(None, read=0.2)
        list(
            client_of(turnwire.openai, fake, timeout=timeout).chat.completions.create(
                model=key, messages=MESSAGES, stream=True
            )
        )
    # Without these limits, turnwire's own end the wait, much later.
    assert time.monotonic() - begun < 30


def read_all(fake: Fake, key: str, is_async: bool, **options: Any) -> list[Any]:
    ask = {"model": key, "messages": MESSAGES, "stream": True, **options}

    async def read() -> list[Any]:
        client = async_client_of(turnwire.openai, fake)
        return [chunk async for chunk in await client.chat.completions.create(**ask)]

    if is_async:
        return asyncio.run(read())
    return list(client_of(turnwire.openai, fake).chat.completions.create(**ask))


def test_a_service_that_is_not_there_is_an_error_of_both_trees() -> None:
    client = turnwire.openai.OpenAI(base_url="http://127.0.0.1:1/v1", api_key="k", max_retries=0)
    with pytest.raises(openai.APIConnectionError) as caught:
        client.chat.completions.create(model="m", messages=[])
    both(caught.value, openai.APIConnectionError)


@pytest.mark.parametrize("finish", ["length", "content_filter"])
def test_a_reply_that_is_too_short_to_parse_is_an_error_of_both_trees(
    fake: Fake, key: str, finish: str
) -> None:
    cut = {**CITY, "choices": [{**CITY["choices"][0], "finish_reason": finish}]}
    fake.script(key, answer(cut))
    kind = {
        "length": openai.LengthFinishReasonError,
        "content_filter": openai.ContentFilterFinishReasonError,
    }[finish]
    with pytest.raises(kind) as caught:
        client_of(turnwire.openai, fake).chat.completions.parse(
            model=key, messages=MESSAGES, response_format=City
        )
    both(caught.value, kind)


@pytest.mark.parametrize("kind", [turnwire.openai.OpenAI, turnwire.openai.AsyncOpenAI])
def test_no_key_is_an_error_of_both_trees(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(openai.OpenAIError) as caught:
        kind()
    both(caught.value, openai.OpenAIError)
    with pytest.raises(openai.OpenAIError) as caught:
        kind(api_key="k", base_url="ftp://host")
    assert isinstance(caught.value, turnwire.ConfigError)


def test_a_closed_client_says_so(fake: Fake) -> None:
    client = client_of(turnwire.openai, fake)
    client.close()
    with pytest.raises(openai.OpenAIError, match="closed"):
        client.chat.completions.create(model="m", messages=[])

    async def ask() -> None:
        async with async_client_of(turnwire.openai, fake) as client:
            pass
        await client.chat.completions.create(model="m", messages=[])

    with pytest.raises(openai.OpenAIError, match="closed"):
        asyncio.run(ask())
