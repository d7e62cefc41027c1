"""Replies as they grow: ``.stream()`` makes of chunks what core makes of them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

import turnwire
from fake import REPO, Fake
from turnwire.lib.streaming.chat import ChatCompletionStreamState
from turnwire.types.chat import ChatCompletionChunk

CASES = [
    case
    for path in sorted((REPO / "tests" / "vectors" / "progress").glob("*.json"))
    for case in json.loads(path.read_text("utf-8"))
]


def generator() -> str:
    """The program that prints random streams: the one that ``TURNWIRE_CHAT_STREAMS`` names, or one that cargo builds."""
    given = os.environ.get("TURNWIRE_CHAT_STREAMS")
    if given:
        return given
    build = ["cargo", "build", "--quiet", "-p", "turnwire-suite", "--bin", "chat-streams"]
    subprocess.run(build, cwd=REPO, check=True)
    return str(REPO / "target" / "debug" / "chat-streams")


def brief(event: Any) -> list[Any]:
    """An event as the cases write it, without its choice, which the peer's events do not tell."""
    name, kind = event.type, event.type.rpartition(".")[0]
    if name == "tool_calls.function.arguments.delta":
        return [name, event.index, event.arguments_delta]
    if name == "tool_calls.function.arguments.done":
        return [name, event.index]
    if name.startswith("logprobs") and name.endswith("delta"):
        return [name, len(getattr(event, kind.rpartition(".")[2]))]
    return [name, event.delta] if name.endswith("delta") else [name]


def plain(value: Any) -> Any:
    """The JSON without what says nothing: null, and the calls' numbers, which the peer keeps in its snapshot."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items() if item is not None}
    return [plain(item) for item in value] if isinstance(value, list) else value


def whole(reply: Any) -> Any:
    reply = plain(reply)
    for choice in reply.get("choices", ()):
        choice.get("message", {}).pop("parsed", None)
        for call in choice.get("message", {}).get("tool_calls", ()):
            call.pop("index", None)
    return reply


def added(chunks: list[Any]) -> tuple[ChatCompletionStreamState[Any], list[list[Any]]]:
    state: ChatCompletionStreamState[Any] = ChatCompletionStreamState()
    events = []
    for chunk in chunks:
        made = state.handle_chunk(ChatCompletionChunk(**chunk))
        events.append([brief(event) for event in made if event.type != "chunk"])
    return state, events


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    state, events = added(case["chunks"])
    assert events == [[event[1:] for event in made] for made in case["events"]]
    assert whole(state.current_completion_snapshot.to_dict()) == whole(case["reply"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_stream_is_put_together_alike(
    client: turnwire.OpenAI, fake: Fake, key: str, case: dict[str, Any]
) -> None:
    steps = [*({"sse": chunk} for chunk in case["chunks"]), {"done": True}]
    fake.script(key, *[{"steps": steps}] * 2)
    plain_stream = client.chat.completions.create(model=key, messages=[], stream=True)
    assert whole(plain_stream.get_final_completion().to_dict()) == whole(case["reply"])
    with client.chat.completions.stream(model=key, messages=[]) as stream:
        stream.until_done()
        assert whole(stream.current_completion_snapshot.to_dict()) == whole(case["reply"])


def delta(content: str) -> dict[str, Any]:
    return {"index": 0, "delta": {"content": content}}


@pytest.mark.parametrize(
    ("chunks", "texts"),
    [
        (
            [[delta("a")], [{"index": 0, "message": {"content": "a"}, "finish_reason": "stop"}]],
            [["a"], [None]],
        ),
        (
            [[{"index": 0, "message": {"content": "a"}}], [{"index": 0, "message": {"content": "b"}}]],
            [["a"], ["b"]],
        ),
        ([[delta("a")], [{"index": 0, "content_filter_offsets": {}}]], [["a"], [None]]),
        ([[None, delta("a")], [3, "x", delta("b")]], [["a"], ["b"]]),
        ([{"index": 0}, "x", 3, [delta("a")]], [[], [], [], ["a"]]),
    ],
)
def test_a_chunk_says_the_same_in_its_attributes_and_in_full(
    client: turnwire.OpenAI, fake: Fake, key: str, chunks: list[Any], texts: list[Any]
) -> None:
    steps = [*({"sse": {"choices": choices}} for choices in chunks), {"done": True}]
    fake.script(key, {"steps": steps})
    stream = list(client.chat.completions.create(model=key, messages=[], stream=True))
    assert [[choice.delta.content for choice in chunk.choices] for chunk in stream] == texts
    full = [chunk.to_dict()["choices"] or [] for chunk in stream]
    assert [[choice["delta"].get("content") for choice in choices] for choices in full] == texts


def streams(seed: int, count: int) -> Iterator[dict[str, Any]]:
    with subprocess.Popen([generator(), str(seed), str(count)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield from map(json.loads, process.stdout)
    assert process.returncode == 0


def test_odd_streams_make_what_core_makes_of_them() -> None:
    count = 0
    for each in streams(1, 3_000):
        state, _ = added(each["chunks"])
        assert whole(state.current_completion_snapshot.to_dict()) == whole(each["reply"]), each["chunks"]
        count += 1
    assert count == 3_000
