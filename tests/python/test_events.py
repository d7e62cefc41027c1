"""``chat.completions.stream()``: its events beside the ``openai`` package's, and what ends it."""

from __future__ import annotations

import asyncio
import copy
import json
import re
from types import ModuleType
from typing import Any

import openai
import pydantic
import pytest

import turnwire
from fake import Fake
from test_parity import END, LOGPROBS, STREAMS, chunk, client_of, delta, looks
from turnwire.lib.streaming.chat import ChatCompletionStreamState, ContentDeltaEvent

# Theirs warns of its own objects.
pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")

LIBRARIES = [turnwire, openai]


class Mood(pydantic.BaseModel):
    """A mood."""

    label: str
    scores: list[float]
    is_sure: bool | None = None


def spelled(text: str) -> list[dict[str, Any]]:
    return [chunk(delta(role="assistant", content="")), *(chunk(delta(content=c)) for c in text)]


def part(index: int, **fields: Any) -> dict[str, Any]:
    return chunk(delta(tool_calls=[{"index": index, **fields}]))


MOOD = '{"label": "중\\n립", "scores": [0.5, -1e3], "is_sure": true}'
CALLS = [
    chunk(delta(role="assistant", content="now")),
    part(0, id="c1", type="function", function={"name": "mood", "arguments": ""}),
    *(part(0, function={"arguments": c}) for c in MOOD),
    part(1, id="c2", type="function", function={"name": "other", "arguments": '{"a"'}),
    part(1, function={"arguments": ":1}"}),
    chunk(delta(finish="tool_calls")),
]


def strict(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "strict": True, "parameters": {"type": "object"}}}


def spoken(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same chunks, each reply of which says who speaks: theirs has no role where the service tells none."""
    chunks = copy.deepcopy(chunks)
    begun: set[int] = set()
    for choice in (choice for each in chunks for choice in each["choices"]):
        if choice["index"] not in begun:
            choice["delta"] = {"role": "assistant", **choice["delta"]}
            begun.add(choice["index"])
    return chunks


CASES: dict[str, tuple[list[dict[str, Any]], Any]] = {
    **{name: (spoken(chunks), lambda library: {}) for name, chunks in STREAMS.items()},
    # Theirs forgets what only a later chunk tells beside the choices, and has two names for one text.
    "unknown fields": (
        [
            chunk(
                delta(role="assistant", reasoning="h", more={"a": "b"}), obfuscation="xy", timings={"ms": 1}
            ),
            chunk(delta(content="a", reasoning="m", more={"a": "c", "d": 1})),
            END,
        ],
        lambda library: {},
    ),
    "tools": (CALLS, lambda library: {}),
    "strict tools": (CALLS, lambda library: {"tools": [strict("mood"), strict("other")]}),
    "tools of a model": (
        CALLS,
        lambda library: {"tools": [library.pydantic_function_tool(Mood, name="mood")]},
    ),
    "a form": ([*spelled(MOOD), END], lambda library: {"response_format": Mood}),
    "a schema": (
        [*spelled('{"a":1}'), END],
        lambda library: {"response_format": {"type": "json_object"}},
    ),
    "a form, cut by the limit": (
        [*spelled('{"la'), chunk(delta(finish="length"))],
        lambda library: {"response_format": Mood},
    ),
    "a form, and a filter": (
        [*spelled('{"la'), chunk(delta(finish="content_filter"))],
        lambda library: {"response_format": Mood},
    ),
    "a form, refused": (
        [
            chunk(delta(role="assistant", refusal="")),
            chunk(delta(refusal="I ")),
            chunk(delta(refusal="can't")),
            END,
        ],
        lambda library: {"response_format": Mood},
    ),
    "log probabilities of several chunks": (
        [
            chunk(delta(role="assistant", content="")),
            *(chunk({**delta(content="a"), "logprobs": LOGPROBS}) for _ in range(2)),
            chunk({**delta(refusal="b"), "logprobs": {"content": None, "refusal": LOGPROBS["content"]}}),
            END,
        ],
        lambda library: {},
    ),
}


def seen(event: Any) -> Any:
    """The content of an event at its time."""
    return json.loads(json.dumps(event.model_dump(), default=str)) | {"class": type(event).__name__}


def whole(final: Any, snapshot: Any) -> list[Any]:
    """The whole reply's form; theirs is of a type with a parameter, which it shows."""
    found = [looks(final), looks(snapshot)]
    for look in found:
        for name in ("repr", "str", "class"):
            look[name] = re.sub(r"\[(~\w+|\w+)\](?=\(|$)", "", look[name])
    return [*found, [choice.message.parsed for choice in final.choices]]


def told(library: ModuleType, fake: Fake, key: str, asked: dict[str, Any]) -> list[Any]:
    events: list[Any] = []
    create = client_of(library, fake.base_url).chat.completions.stream
    try:
        with create(model=key, messages=[], **asked) as stream:
            for event in stream:
                events.append(seen(event))
            final = stream.get_final_completion()
            events += whole(final, stream.current_completion_snapshot)
    except library.OpenAIError as error:
        events.append((type(error).__name__, str(error)))
    return events


def script(fake: Fake, key: str, name: str, times: int = 1) -> None:
    steps = [*({"sse": each} for each in CASES[name][0]), {"done": True}]
    fake.script(key, *[{"steps": steps}] * times)


@pytest.mark.parametrize("name", CASES)
def test_events_are_alike(fake: Fake, key: str, name: str) -> None:
    script(fake, key, name, 2)
    ours, theirs = (told(library, fake, key, CASES[name][1](library)) for library in LIBRARIES)
    for mine, other in zip(ours, theirs, strict=False):
        assert mine == other
    assert len(ours) == len(theirs) > 3
    bodies = [json.loads(request["body"]) for request in fake.requests(key)]
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize("name", CASES)
def test_asyncio_tells_the_same(fake: Fake, key: str, name: str) -> None:
    script(fake, key, name, 2)
    asked = CASES[name][1](turnwire)
    expected = told(turnwire, fake, key, asked)

    async def main() -> list[Any]:
        events: list[Any] = []
        client = turnwire.AsyncOpenAI(base_url=fake.base_url, max_retries=0)
        try:
            async with client.chat.completions.stream(model=key, messages=[], **asked) as stream:
                async for event in stream:
                    events.append(seen(event))
                final = await stream.get_final_completion()
                assert final._request_id == stream.response.headers["x-request-id"]
                events += whole(final, stream.current_completion_snapshot)
        except turnwire.OpenAIError as error:
            events.append((type(error).__name__, str(error)))
        return events

    assert asyncio.run(main()) == expected


def parsed(library: ModuleType, fake: Fake, key: str, asked: dict[str, Any]) -> Any:
    try:
        reply = client_of(library, fake.base_url).chat.completions.parse(model=key, messages=[], **asked)
    except library.OpenAIError as error:
        return type(error).__name__, str(error)
    return whole(reply, reply)[1:]


@pytest.mark.parametrize("finish", ["stop", "tool_calls", "length", "content_filter"])
@pytest.mark.parametrize("name", ["a form", "tools of a model", "strict tools", "a form, refused", "text"])
def test_parsed_replies_are_alike(fake: Fake, key: str, name: str, finish: str) -> None:
    function = {"name": "mood", "arguments": MOOD}
    said: dict[str, Any] = {
        "a form": {"content": MOOD},
        "a form, refused": {"content": None, "refusal": "no"},
        "text": {"content": "a", "refusal": None, "annotations": []},
    }.get(name, {"content": None, "tool_calls": [{"id": "c", "type": "function", "function": function}]})
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", **said}}
    body = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    fake.script(key, *[{"framing": "length", "steps": [{"json": body}]}] * 2)
    ours, theirs = (parsed(library, fake, key, CASES[name][1](library)) for library in LIBRARIES)
    assert ours == theirs
    bodies = [json.loads(request["body"]) for request in fake.requests(key)]
    assert bodies[0] | {"stream": False} == bodies[1]


def test_a_model_is_read_into_its_object(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    script(fake, key, "a form")
    with client.chat.completions.stream(model=key, messages=[], response_format=Mood) as stream:
        so_far = [event.parsed for event in stream if isinstance(event, ContentDeltaEvent) and event.parsed]
        parsed = stream.get_final_completion().choices[0].message.parsed
    assert {"label": "중\n립", "scores": [0.5]} in so_far
    assert parsed == Mood(label="중\n립", scores=[0.5, -1000.0], is_sure=True)


def test_a_truncated_stream_says_so(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    fake.script(key, {"steps": [{"role": "assistant"}, {"text": "half"}, {"truncate": True}]})
    with (
        pytest.raises(turnwire.TruncatedStreamError) as raised,
        client.chat.completions.stream(model=key, messages=[]) as stream,
    ):
        stream.until_done()
    assert raised.value.partial == "half"


def test_leaving_the_block_closes_the_connection(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    fake.script(key, {"steps": [{"role": "assistant"}, {"text": "a"}, {"stall": True}]})
    with client.chat.completions.stream(model=key, messages=[]) as stream:
        next(stream)
    fake.client_left(key)


def test_chunks_of_a_plain_stream_are_added_up(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    fake.chat(key, "a", "b")
    state: ChatCompletionStreamState[Any] = ChatCompletionStreamState()
    with pytest.raises(RuntimeError, match="no chunk"):
        _ = state.current_completion_snapshot
    for each in client.chat.completions.create(model=key, messages=[], stream=True):
        state.handle_chunk(each)
    assert state.get_final_completion().choices[0].message.content == "ab"


def test_a_service_that_numbers_nothing_is_understood(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    chunks = [
        {"choices": [{"delta": {"tool_calls": [call]}}]},
        {"choices": [{"delta": {}, "finish_reason": "stop"}]},
    ]
    fake.script(key, {"steps": [*({"sse": each} for each in chunks), {"done": True}]})
    with client.chat.completions.stream(model=key, messages=[]) as stream:
        types = [event.type for event in stream]
        calls = stream.get_final_completion().choices[0].message.tool_calls
    assert calls and calls[0].function.name == "f"
    assert types == [
        "chunk",
        "tool_calls.function.arguments.delta",
        "chunk",
        "tool_calls.function.arguments.done",
    ]
