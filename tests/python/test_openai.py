"""``turnwire.openai`` beside the ``openai`` package itself: the same calls have the same results, types and errors, and those
for chat completions and speech go through turnwire."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Callable
from typing import Any

import openai
import openai.types.chat
import pytest

import turnwire
import turnwire.openai
from beside import (
    CITY,
    LIBRARIES,
    MESSAGES,
    City,
    answer,
    async_client_of,
    client_of,
    headers,
    streamed,
    went,
)
from fake import Fake
from test_parity import STREAMS, WHOLE

TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {"name": "f", "strict": True, "parameters": {"type": "object", "properties": {}}},
    }
]


def shown(value: Any) -> Any:
    """A value that two libraries should agree on."""
    return (
        (type(value), value.model_dump(warnings=False), repr(value))
        if hasattr(value, "model_dump")
        else value
    )


def test_turns_and_speakers_take_the_clients_with_their_settings(fake: Fake, key: str) -> None:
    fake.chat(key, "a", "b")
    settings: dict[str, Any] = {"api_key": "sk-own", "base_url": fake.base_url, "organization": "org"}
    settings.update(default_headers={"x-own": "1"}, max_retries=0)
    for kind in (turnwire.openai.OpenAI, turnwire.openai.AsyncOpenAI):
        client = kind(**settings)
        made: Any = turnwire.Turns(client, model=key)  # type: ignore[arg-type]
        assert [event.type for event in made.start("m")] == ["content", "content", "done"]
        sent = headers(fake.requests(key)[-1])
        names = ("authorization", "openai-organization", "x-own")
        assert [sent[name] for name in names] == ["Bearer sk-own", "org", "1"]
        turnwire.OpenAISpeaker(client)
    azure = turnwire.openai.AzureOpenAI(api_key="k", api_version="1", azure_endpoint="http://127.0.0.1:1")
    asked = turnwire.openai.OpenAI(api_key=lambda: "k", base_url=fake.base_url)
    theirs: Any = openai.OpenAI(api_key="k", base_url=fake.base_url)
    for refused, why in ((azure, "Azure"), (asked, "api_key is a str"), (theirs, "turnwire.openai")):
        with pytest.raises(TypeError, match=why):
            turnwire.Turns(refused)
        with pytest.raises(TypeError, match=why):
            turnwire.OpenAISpeaker(refused)


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
