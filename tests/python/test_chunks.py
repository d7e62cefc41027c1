"""The objects of a chunk are read, put together, made, copied and pickled as the ``openai`` package's are."""

from __future__ import annotations

import copy

import openai
import pytest

import turnwire
from fake import Fake
from test_parity import END, LIBRARIES, STREAMS, again_and_equal, ask, chunk, delta, looks


def test_a_tool_call_is_put_together_in_the_objects_of_its_first_chunk(fake: Fake, key: str) -> None:
    """As the documentation of the ``openai`` package does it."""
    pieces = [{"name": "f", "arguments": ""}, {"arguments": '{"a":'}, {"arguments": '"\\n"}'}]
    calls = [chunk(delta(tool_calls=[{"index": 0, "id": "c", "function": piece}])) for piece in pieces]
    fake.script(key, *[{"steps": [*({"sse": call} for call in calls), {"sse": END}, {"done": True}]}] * 2)
    made = []
    for library in LIBRARIES:
        chunks = list(ask(library, fake, key, stream=True))
        call, *more = [chunk.choices[0].delta.tool_calls[0] for chunk in chunks[:3]]
        function = call.function
        for part in more:
            call.function.arguments += part.function.arguments
        call.id, call.note = "d", "mine"
        assert function.arguments == call.function.arguments == '{"a":"\\n"}'
        assert function.name == "f"
        assert (call.id, call.note) == ("d", "mine")
        assert chunks[0].model_dump()["choices"][0]["delta"]["tool_calls"] == [call.model_dump()]
        call.function = more[0].function
        assert call.function.arguments == '{"a":'
        made.append([call.model_dump(), function.model_dump()])
    assert made[0] == made[1]


def test_parts_of_tool_calls_can_be_made_by_hand() -> None:
    fields = {"index": 1, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{"}, "x": 1}
    theirs = openai.types.chat.chat_completion_chunk.ChoiceDeltaToolCall(**fields)
    from turnwire.types.chat.chat_completion_chunk import ChoiceDeltaToolCall, ChoiceDeltaToolCallFunction

    for made in (ChoiceDeltaToolCall(**fields), ChoiceDeltaToolCall.model_validate(fields)):
        assert looks(made) == looks(theirs)
        again_and_equal(made)
        made.function.arguments += "}"
        assert (made.index, made.id, made.type, made.function.arguments) == (1, "c", "function", "{}")
    function = ChoiceDeltaToolCallFunction.construct(name="f")
    function.arguments = "{}"
    again_and_equal(function)
    assert function.model_dump() == {"arguments": "{}", "name": "f"}


def test_a_made_chunk_has_tool_calls_of_the_same_class(fake: Fake, key: str) -> None:
    from turnwire.types.chat import ChatCompletionChunk
    from turnwire.types.chat.chat_completion_chunk import ChoiceDeltaToolCall

    made = ChatCompletionChunk(**STREAMS["tools"][0]).choices[0].delta.tool_calls
    assert [type(call) for call in made] == [ChoiceDeltaToolCall]
    assert copy.deepcopy(made) == made


def test_a_field_that_nobody_knows_is_no_attribute(fake: Fake, key: str) -> None:
    fake.chat(key, "a")
    for given in ask(turnwire, fake, key, stream=True):
        for value in (given, given.choices[0], given.choices[0].delta):
            assert not hasattr(value, "reasoning_content")
            with pytest.raises(
                AttributeError, match=f"'{type(value).__name__}' object has no attribute 'nothing'"
            ):
                _ = value.nothing
        assert given.choices[0].delta.tool_calls is None


def test_chunks_can_be_made_by_hand(fake: Fake) -> None:
    fields = STREAMS["text"][1]
    theirs = openai.types.chat.ChatCompletionChunk.construct(**fields)
    from turnwire.types.chat import ChatCompletionChunk

    for made in (ChatCompletionChunk(**fields), ChatCompletionChunk.model_validate(fields)):
        assert made.choices[0].delta.content == "안"
        assert made.model_dump() == theirs.model_dump()
