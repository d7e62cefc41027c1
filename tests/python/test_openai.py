"""``turnwire.openai`` beside the ``openai`` package itself: the same calls have the same results, types and errors, and those
for chat completions and speech go through turnwire."""

from __future__ import annotations

import asyncio
import gc
import json
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import openai
import openai.types.chat
import pydantic
import pytest

import turnwire
import turnwire.openai
from fake import Fake
from test_parity import STREAMS, WHOLE

LIBRARIES: list[Any] = [turnwire.openai, openai]
MESSAGES = [{"role": "user", "content": "안녕하세요"}]
TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {"name": "f", "strict": True, "parameters": {"type": "object", "properties": {}}},
    }
]


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


def shown(value: Any) -> Any:
    """A value that two libraries should agree on."""
    return (
        (type(value), value.model_dump(warnings=False), repr(value))
        if hasattr(value, "model_dump")
        else value
    )


def test_the_clients_are_those_of_the_package(fake: Fake) -> None:
    client, async_client = client_of(turnwire.openai, fake), async_client_of(turnwire.openai, fake)
    assert isinstance(client, openai.OpenAI) and isinstance(async_client, openai.AsyncOpenAI)
    assert isinstance(client.chat.completions, openai.resources.chat.Completions)
    assert isinstance(async_client.chat.completions, openai.resources.chat.AsyncCompletions)
    assert turnwire.openai.Client is turnwire.openai.OpenAI
    assert turnwire.openai.AsyncClient is turnwire.openai.AsyncOpenAI
    assert issubclass(turnwire.openai.AzureOpenAI, openai.AzureOpenAI)
    assert issubclass(turnwire.openai.AsyncAzureOpenAI, openai.AsyncAzureOpenAI)


@pytest.mark.parametrize("name", WHOLE)
def test_whole_replies_are_the_same(fake: Fake, key: str, name: str) -> None:
    fake.script(key, *[answer(WHOLE[name])] * 4)

    def ask(library: Any) -> Any:
        return client_of(library, fake).chat.completions.create(model=key, messages=MESSAGES, seed=1)

    async def ask_async(library: Any) -> Any:
        return await async_client_of(library, fake).chat.completions.create(
            model=key, messages=MESSAGES, seed=1
        )

    replies = [ask(library) for library in LIBRARIES] + [asyncio.run(ask_async(lib)) for lib in LIBRARIES]
    for reply in replies:
        assert type(reply) is openai.types.chat.ChatCompletion
        assert shown(reply) == shown(replies[1]) and reply == replies[1]
        assert reply._request_id == "req_same"
    senders, bodies = went(fake, key)
    assert senders == [True, False, True, False]
    assert all(body == bodies[0] for body in bodies)


@pytest.mark.parametrize("name", STREAMS)
def test_chunks_read_the_same(fake: Fake, key: str, name: str) -> None:
    fake.script(key, *[streamed(name)] * 4)

    def read(library: Any) -> list[Any]:
        client = client_of(library, fake)
        with client.chat.completions.create(model=key, messages=MESSAGES, stream=True) as stream:
            assert isinstance(stream, openai.Stream)
            assert stream.response.headers["X-Request-Id"] == "req_same"
            assert str(stream.response.request.url) == f"{fake.base_url}/chat/completions"
            return list(stream)

    async def read_async(library: Any) -> list[Any]:
        client = async_client_of(library, fake)
        async with await client.chat.completions.create(model=key, messages=MESSAGES, stream=True) as stream:
            assert isinstance(stream, openai.AsyncStream)
            return [chunk async for chunk in stream]

    read_by = [read(library) for library in LIBRARIES] + [asyncio.run(read_async(lib)) for lib in LIBRARIES]
    for chunks in read_by:
        assert [chunk.to_dict() for chunk in chunks] == [chunk.to_dict() for chunk in read_by[1]]
        texts, theirs = ([json.loads(chunk.to_json()) for chunk in some] for some in (chunks, read_by[1]))
        assert texts == theirs
    senders, bodies = went(fake, key)
    assert senders == [True, False, True, False]
    assert all(body == bodies[0] for body in bodies)


def events(client: Any, key: str) -> Any:
    with client.chat.completions.stream(model=key, messages=MESSAGES, tools=TOOLS) as stream:
        return [shown_event(event) for event in stream], shown(stream.get_final_completion())


def beta_events(client: Any, key: str) -> Any:
    with client.beta.chat.completions.stream(model=key, messages=MESSAGES) as stream:
        return [shown_event(event) for event in stream]


def shown_event(event: Any) -> Any:
    return shown(event), {name: shown(value) for name, value in vars(event).items()}


def raw(client: Any, key: str) -> Any:
    response = client.chat.completions.with_raw_response.create(model=key, messages=MESSAGES)
    headers = dict(response.headers)
    del headers["content-length"]
    assert response.elapsed.total_seconds() > 0
    return type(response), headers, response.text, shown(response.parse()), response.request_id


def raw_of_the_client(client: Any, key: str) -> Any:
    response = client.with_raw_response.chat.completions.create(model=key, messages=MESSAGES)
    return type(response), response.http_response.json(), shown(response.parse())


def raw_stream(client: Any, key: str) -> Any:
    response = client.chat.completions.with_raw_response.create(model=key, messages=MESSAGES, stream=True)
    return type(response), response.status_code, [chunk.to_dict() for chunk in response.parse()]


def raw_parsed(client: Any, key: str) -> Any:
    ask = client.chat.completions.with_raw_response.parse
    response = ask(model=key, messages=MESSAGES, response_format=City)
    return type(response), shown(response.parse())


def body(client: Any, key: str) -> Any:
    ask = client.chat.completions.with_streaming_response.create
    with ask(model=key, messages=MESSAGES) as response:
        return type(response), response.read(), response.json()


def body_of_a_stream(client: Any, key: str) -> Any:
    ask = client.chat.completions.with_streaming_response.create
    with ask(model=key, messages=MESSAGES, stream=True) as response:
        lines = [line.removeprefix("data: ") for line in response.iter_lines() if line]
        return type(response), [line if line == "[DONE]" else json.loads(line) for line in lines]


def parsed(client: Any, key: str) -> Any:
    reply = client.chat.completions.parse(model=key, messages=MESSAGES, response_format=City)
    assert reply.choices[0].message.parsed == City(name="서울")
    return shown(reply)


def own_stream_class(client: Any, key: str) -> Any:
    """A stream class of the caller's own decodes the body itself."""

    class Lines(openai.Stream[Any]):
        def __iter__(self) -> Any:
            return iter(self.response.iter_lines())

    body = {"model": key, "messages": MESSAGES, "stream": True}
    found = client.post("/chat/completions", cast_to=object, body=body, stream=True, stream_cls=Lines)
    return [json.loads(line.removeprefix("data: ")) for line in found if line and "DONE" not in line]


# The third chunk's arguments are not JSON.
CALL = streamed("tools", 2)
CITY = WHOLE["text"] | {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant"}}]}
CITY["choices"][0]["message"]["content"] = '{"name": "서울"}'

WAYS: dict[Callable[..., Any], Any] = {
    events: CALL,
    beta_events: streamed("text"),
    raw: answer(WHOLE["text"]),
    raw_of_the_client: answer(WHOLE["tools"]),
    raw_stream: streamed("usage"),
    raw_parsed: answer(CITY),
    body: answer(WHOLE["text"]),
    body_of_a_stream: streamed("text"),
    parsed: answer(CITY),
    own_stream_class: streamed("logprobs"),
}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_every_way_to_ask_goes_through_turnwire(fake: Fake, key: str, way: Callable[..., Any]) -> None:
    fake.script(key, *[WAYS[way]] * 2)
    ours, theirs = (way(client_of(library, fake), key) for library in LIBRARIES)
    assert ours == theirs
    senders, bodies = went(fake, key)
    assert senders == [True, False] and bodies[0] == bodies[1]


def test_every_way_to_ask_in_asyncio_too(fake: Fake, key: str) -> None:
    async def ask(library: Any) -> list[Any]:
        client = async_client_of(library, fake)
        completions = client.chat.completions
        found: list[Any] = []
        fake.script(key, CALL, streamed("text"), answer(WHOLE["text"]), answer(CITY))
        async with completions.stream(model=key, messages=MESSAGES, tools=TOOLS) as stream:
            found += [shown_event(event) async for event in stream]
            found.append(shown(await stream.get_final_completion()))
        async with completions.with_streaming_response.create(
            model=key, messages=MESSAGES, stream=True
        ) as response:
            lines = [line.removeprefix("data: ") async for line in response.iter_lines() if line]
            found += [line if line == "[DONE]" else json.loads(line) for line in lines]
        response = await client.with_raw_response.chat.completions.create(model=key, messages=MESSAGES)
        found += [type(response), response.text, shown(response.parse())]
        found.append(
            shown(await completions.parse(model=key, messages=MESSAGES, response_format=City)),
        )
        return found

    ours, theirs = (asyncio.run(ask(library)) for library in LIBRARIES)
    assert ours == theirs
    assert went(fake, key)[0] == [True] * 4 + [False] * 4


def speech(client: Any, ask: dict[str, Any]) -> Any:
    found = client.audio.speech.create(**ask)
    return type(found), found.read(), b"".join(found.iter_bytes(1000)), found.response.headers["content-type"]


def raw_speech(client: Any, ask: dict[str, Any]) -> Any:
    response = client.audio.speech.with_raw_response.create(**ask)
    return type(response), response.content, response.parse().read()


def speech_as_it_arrives(client: Any, ask: dict[str, Any]) -> Any:
    with client.audio.speech.with_streaming_response.create(**ask) as response:
        return type(response), b"".join(response.iter_bytes())


def speech_in_asyncio(client: Any, ask: dict[str, Any]) -> Any:
    settings = {"base_url": client.base_url, "api_key": "sk-test"}
    is_ours = isinstance(client, turnwire.openai.OpenAI)
    async_client: Any = (turnwire.openai if is_ours else openai).AsyncOpenAI(**settings)

    async def run() -> Any:
        found = await async_client.audio.speech.create(**ask)
        async with async_client.audio.speech.with_streaming_response.create(**ask) as response:
            return type(found), found.read(), type(response), [b async for b in response.iter_bytes(500)]

    return asyncio.run(run())


@pytest.mark.parametrize("way", [speech, raw_speech, speech_as_it_arrives, speech_in_asyncio])
def test_speech_goes_through_turnwire(fake: Fake, key: str, way: Callable[..., Any]) -> None:
    ask = {"model": key, "voice": "alloy", "input": "안녕하세요", "response_format": "wav", "speed": 1.5}
    ours, theirs = (way(client_of(library, fake), ask) for library in LIBRARIES)
    assert ours == theirs
    senders, bodies = went(fake, key)
    assert senders == [True] * (len(senders) // 2) + [False] * (len(senders) // 2)
    assert all(body == ask for body in bodies)
    assert headers(fake.requests(key)[0]) == headers(fake.requests(key)[-1])


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


def test_other_resources_stay_the_packages_own(fake: Fake, key: str) -> None:
    vector = {"object": "embedding", "index": 0, "embedding": [0.5]}
    found = {
        "object": "list",
        "data": [vector],
        "model": key,
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    }
    fake.script(key, *[answer(found)] * 2)
    client, async_client = client_of(turnwire.openai, fake), async_client_of(turnwire.openai, fake)
    ask = {"model": key, "input": "a", "encoding_format": "float"}
    assert client.embeddings.create(**ask).data[0].embedding == [0.5]
    assert asyncio.run(async_client.embeddings.create(**ask)).data[0].embedding == [0.5]
    assert went(fake, key)[0] == [False, False]
    assert next(type(model) for model in client.models.list()) is openai.types.Model


ERROR = {"error": {"message": "no", "type": "t", "code": "c", "param": "p"}}
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


def both(error: Exception, theirs: type[Exception]) -> None:
    """Fails unless the error is of the class, and of the class of that name in turnwire."""
    assert isinstance(error, theirs) and isinstance(error, getattr(turnwire, theirs.__name__))
    assert isinstance(error, openai.OpenAIError) and isinstance(error, turnwire.OpenAIError)
    assert type(error).__name__ == theirs.__name__


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


OF_HTTP = ("content-length", "idempotency-key", "accept", "accept-encoding", "connection", "user-agent")


def headers(request: dict[str, Any]) -> dict[str, str]:
    """The headers that settings make."""
    pairs = [(n, v) for n, v in request["headers"] if n not in OF_HTTP and not n.startswith("x-stainless-")]
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)


SETTINGS: dict[str, dict[str, Any]] = {
    "none": {},
    "key": {"api_key": "other"},
    "organization": {"organization": "o", "project": "p"},
    "headers": {"default_headers": {"X-A": "1", "OpenAI-Organization": "own"}},
    "query": {"default_query": {"a": "1 2", "b": [1, 2], "c": True}},
    "function": {"api_key": lambda: "fresh"},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_reach_the_service(fake: Fake, key: str, name: str) -> None:
    options = {"extra_headers": {"X-B": "2"}, "extra_query": {"d": "e"}, "extra_body": {"top_k": 1}}
    fake.script(key, *[answer(WHOLE["text"])] * 4)
    for library in LIBRARIES:
        ask = {"model": key, "messages": MESSAGES, **options}
        client_of(library, fake, **SETTINGS[name]).chat.completions.create(**ask)
        # As a copy, with the same changes.
        client_of(library, fake).copy(**SETTINGS[name]).chat.completions.create(**ask)
    requests = fake.requests(key)
    assert [is_turnwires(request) for request in requests] == [True, True, False, False]
    for ours, theirs in zip(requests[:2], requests[2:], strict=True):
        assert headers(ours) == headers(theirs)
        assert ours["query"].replace("+", "%20") == theirs["query"].replace("+", "%20")
        assert json.loads(ours["body"]) == json.loads(theirs["body"])
        assert dict(ours["headers"])["user-agent"].startswith("turnwire/")


def test_the_environment_is_read(fake: Fake, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-env")
    monkeypatch.setenv("OPENAI_BASE_URL", fake.base_url)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-env")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-env")
    for library in LIBRARIES:
        library.OpenAI().chat.completions.create(model=key, messages=MESSAGES)
    ours, theirs = fake.requests(key)
    assert headers(ours) == headers(theirs) and headers(ours)["authorization"] == "Bearer sk-env"


def test_a_header_may_be_omitted(fake: Fake, key: str) -> None:
    client = client_of(turnwire.openai, fake)
    omit = {"Authorization": openai.Omit()}
    client.chat.completions.create(model=key, messages=MESSAGES, extra_headers=omit)
    assert "authorization" not in headers(fake.requests(key)[0])


def test_a_user_agent_of_ones_own_is_sent(fake: Fake, key: str) -> None:
    client = client_of(turnwire.openai, fake, default_headers={"User-Agent": "mine/1"})
    client.chat.completions.create(model=key, messages=MESSAGES)
    assert dict(fake.requests(key)[0]["headers"])["user-agent"] == "mine/1"


def test_settings_may_be_assigned(fake: Fake, key: str) -> None:
    client = client_of(turnwire.openai, fake, base_url="http://127.0.0.1:1/v1")
    client.base_url, client.api_key = fake.base_url, "later"
    client.chat.completions.create(model=key, messages=MESSAGES)
    assert headers(fake.requests(key)[0])["authorization"] == "Bearer later"


def test_a_key_may_come_from_a_coroutine_function(fake: Fake, key: str) -> None:
    keys = iter(["first", "second"])

    async def api_key() -> str:
        return next(keys)

    async def ask() -> None:
        client = async_client_of(turnwire.openai, fake, api_key=api_key)
        for _ in range(2):
            await client.chat.completions.create(model=key, messages=MESSAGES)

    asyncio.run(ask())
    assert [headers(r)["authorization"] for r in fake.requests(key)] == ["Bearer first", "Bearer second"]


def test_retries_are_those_that_were_set(fake: Fake, key: str) -> None:
    fake.script(key, *[answer(ERROR, status=500, headers=[["retry-after-ms", "1"]])] * 7)
    client = client_of(turnwire.openai, fake)
    for retries, sent in ((0, 1), (2, 4), (1, 6)):
        with pytest.raises(openai.InternalServerError) as caught:
            client.with_options(max_retries=retries).chat.completions.create(model=key, messages=MESSAGES)
        assert caught.value.attempts == retries + 1  # type: ignore[attr-defined]
        assert len(fake.requests(key)) == sent


def test_copies_share_the_connections(fake: Fake, key: str) -> None:
    client = client_of(turnwire.openai, fake)
    for one in (client.with_options(max_retries=1), client.copy(api_key="b"), client):
        assert type(one) is turnwire.openai.OpenAI
        one.chat.completions.create(model=key, messages=MESSAGES)
    requests = fake.requests(key)
    assert len({request["connection"] for request in requests}) == 1
    assert [headers(r)["authorization"][7:] for r in requests] == ["sk-test", "b", "sk-test"]
    other = client.with_options(base_url=fake.base_url.replace("127.0.0.1", "localhost"))
    other.chat.completions.create(model=key, messages=MESSAGES)
    assert fake.requests(key)[-1]["connection"] != requests[0]["connection"]


@pytest.mark.parametrize("name", ["http_client", "provider", "workload_identity"])
def test_settings_that_chat_could_not_honour_are_refused(fake: Fake, name: str) -> None:
    for kind in (turnwire.openai.OpenAI, turnwire.openai.AsyncOpenAI, turnwire.openai.AzureOpenAI):
        with pytest.raises(TypeError, match=rf"^{name} is not supported .* Use the openai package's client"):
            kind(**{name: object()})
    with pytest.raises(TypeError, match=f"^{name} is not supported"):
        client_of(turnwire.openai, fake).with_options(**{name: object()})


def test_azure(fake: Fake, key: str) -> None:
    for library in LIBRARIES:
        endpoint = fake.base_url.removesuffix("/v1")
        settings = {"azure_endpoint": endpoint, "api_key": "az", "api_version": "2024-10-21"}
        client = library.AzureOpenAI(**settings)
        client.chat.completions.create(model=key, messages=MESSAGES)
        client.with_options(max_retries=1).chat.completions.create(model=key, messages=MESSAGES)
        client.audio.speech.create(model=key, voice="alloy", input="a")
    found = fake.requests(key)
    assert [is_turnwires(request) for request in found] == [True] * 3 + [False] * 3
    for request, call in zip(
        found, ["chat/completions", "chat/completions", "audio/speech"] * 2, strict=True
    ):
        assert request["path"] == f"/openai/deployments/{key}/{call}"
        assert request["query"] == "api-version=2024-10-21"
        assert headers(request) == headers(found[-1])
    assert "authorization" not in headers(found[0]) and headers(found[0])["api-key"] == "az"

    async def ask() -> None:
        client = turnwire.openai.AsyncAzureOpenAI(
            azure_endpoint=fake.base_url.removesuffix("/v1"), azure_ad_token="ad", api_version="v"
        )
        async for _ in await client.chat.completions.create(model=key, messages=MESSAGES, stream=True):
            pass

    asyncio.run(ask())
    assert headers(fake.requests(key)[-1])["authorization"] == "Bearer ad"


def test_a_stream_that_is_dropped_or_closed_leaves_its_connection(fake: Fake, key: str) -> None:
    stall = {"steps": [{"text": "a"}, {"stall": True}]}
    ask: dict[str, Any] = {"model": key, "messages": MESSAGES, "stream": True}
    gc.disable()
    try:
        for end in ("close", "drop", "drop unread"):
            fake.script(key, stall)
            stream = client_of(turnwire.openai, fake).chat.completions.create(**ask)
            if end != "drop unread":
                next(stream)
            if end == "close":
                stream.close()
                assert list(stream) == []
            del stream
            fake.client_left(key)
    finally:
        gc.enable()

    async def leave() -> None:
        fake.script(key, stall)
        stream = await async_client_of(turnwire.openai, fake).chat.completions.create(**ask)
        await stream.__anext__()
        await stream.close()
        assert [chunk async for chunk in stream] == []

    asyncio.run(leave())
    fake.client_left(key)


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


def run(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], check=True, stdout=subprocess.PIPE, text=True, cwd="/"
    ).stdout


def test_nothing_of_the_package_is_imported_unless_asked_for() -> None:
    assert run("import sys, turnwire; print('openai' in sys.modules, 'turnwire.openai' in sys.modules)") == (
        "False False\n"
    )


def test_a_missing_package_is_named() -> None:
    program = """
import sys
sys.modules["openai"] = None
try: import turnwire.openai
except ImportError as error: print(error)
"""
    assert 'pip install "turnwire[openai]"' in run(program)
