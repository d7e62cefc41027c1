"""Replies and tool calls that are read into what they were asked to be."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pydantic
import pytest

import turnwire
from fake import Fake
from turnwire.types.chat import ChatCompletionMessageCustomToolCall

HI = [{"role": "user", "content": "안녕하세요"}]


class Step(pydantic.BaseModel):
    explanation: str
    value: float | None = None


class Answer(pydantic.BaseModel):
    """An answer."""

    steps: list[Step]
    last: Step = pydantic.Field(description="the last one")


def reply(fake: Fake, key: str, finish: str = "stop", **message: Any) -> None:
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", **message}}
    fake.script(key, {"framing": "length", "steps": [{"json": {"id": "c", "choices": [choice]}}]})


def test_a_parsed_reply_has_its_response_too(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    content = Step(explanation="a", value=1).model_dump_json()
    for of in ("with_raw_response", "with_streaming_response"):
        reply(fake, key, content=content)
        call = getattr(client.chat.completions, of).parse(model=key, messages=HI, response_format=Step)
        if of == "with_raw_response":
            found = call.parse()
        else:
            with call as response:
                found = response.parse()
        assert found.choices[0].message.parsed == Step(explanation="a", value=1)
        assert found._request_id


def test_schemas_are_as_strict_as_theirs() -> None:
    from openai.lib._pydantic import to_strict_json_schema as theirs

    from turnwire._parsing import to_strict_json_schema

    assert to_strict_json_schema(Answer) == theirs(Answer)


def test_replies_are_parsed_into_models(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    answer = Answer(steps=[Step(explanation="a", value=1)], last=Step(explanation="b"))
    reply(fake, key, content=answer.model_dump_json())
    parsed = client.beta.chat.completions.parse(model=key, messages=HI, response_format=Answer)
    assert parsed.choices[0].message.parsed == answer
    form = json.loads(fake.requests(key)[-1]["body"])["response_format"]
    assert form["json_schema"]["name"] == "Answer" and form["json_schema"]["strict"] is True
    assert parsed.model_dump()["choices"][0]["message"]["parsed"] == answer.model_dump()


def test_replies_are_parsed_by_a_schema(async_client: turnwire.AsyncOpenAI, fake: Fake, key: str) -> None:
    reply(fake, key, content='{"a":1}')
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
    call = async_client.chat.completions.parse(model=key, messages=HI, response_format=form)
    assert asyncio.run(call).choices[0].message.parsed == {"a": 1}


def test_tool_calls_are_parsed(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    tools = [turnwire.pydantic_function_tool(Step, name="step")]
    function = {"name": "step", "arguments": '{"explanation":"a","value":2}'}
    reply(fake, key, finish="tool_calls", tool_calls=[{"id": "c", "type": "function", "function": function}])
    parsed = client.chat.completions.parse(model=key, messages=HI, tools=tools)
    calls = parsed.choices[0].message.tool_calls
    assert calls and calls[0].function.parsed_arguments == Step(explanation="a", value=2)
    assert parsed.choices[0].message.parsed is None


def test_what_cannot_be_parsed_is_an_error(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    for finish, error in (
        ("length", turnwire.LengthFinishReasonError),
        ("content_filter", turnwire.ContentFilterFinishReasonError),
    ):
        reply(fake, key, finish=finish, content="{")
        with pytest.raises(error):
            client.chat.completions.parse(model=key, messages=HI, response_format=Answer)
    reply(fake, key, refusal="no", content=None)
    parsed = client.chat.completions.parse(model=key, messages=HI, response_format=Answer)
    assert parsed.choices[0].message.refusal == "no" and parsed.choices[0].message.parsed is None


def test_a_call_of_a_custom_tool_stays_among_the_calls(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    function = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    custom = {"id": "b", "type": "custom", "custom": {"name": "g", "input": "x"}}
    calls = [{"index": 0, **function}, {"index": 1, **custom}]
    chunk = {"choices": [{"index": 0, "delta": {"tool_calls": calls}, "finish_reason": "tool_calls"}]}
    fake.script(key, {"steps": [{"sse": chunk}, {"done": True}]})
    with client.chat.completions.stream(model=key, messages=[]) as stream:
        message = stream.get_final_completion().choices[0].message
    assert message.tool_calls is not None
    assert [call.id for call in message.tool_calls] == ["a", "b"]
    kept: Any = message.tool_calls[1]
    assert isinstance(kept, ChatCompletionMessageCustomToolCall)
    assert (kept.custom.name, kept.custom.input) == ("g", "x")
