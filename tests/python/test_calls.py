"""Calls, their options and their results."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import pickle
import re
import time
from typing import Any

import pydantic
import pytest

import turnwire
from conftest import Program, texts
from fake import REPO, Fake
from turnwire import _core, _exceptions

HI = [{"role": "user", "content": "안녕하세요"}]


def test_every_code_has_a_class() -> None:
    assert set(_exceptions.TABLE) == set(_core.ERROR_CODES)
    documented = re.findall(r"^\| `(\w+)` \|", (REPO / "core/ERRORS.md").read_text("utf-8"), re.MULTILINE)
    assert set(documented) == set(_exceptions.TABLE)


def test_a_cut_off_stream_keeps_its_text(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    fake.script(key, {"steps": [{"role": "assistant"}, {"text": "안"}, {"text": "녕"}, {"truncate": True}]})
    read: list[str] = []
    with pytest.raises(turnwire.TruncatedStreamError) as raised:
        for chunk in client.chat.completions.create(model=key, messages=HI, stream=True):
            read.append(chunk.choices[0].delta.content or "")
    error = raised.value
    assert isinstance(error, turnwire.APIConnectionError)
    assert "".join(read) == error.partial == "안녕"
    assert error.error_code == "truncated" and error.retryable and error.request_id
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.partial, str(again)) == (type(error), "안녕", str(error))


def test_the_whole_reply_is_there_after_the_stream(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    fake.chat(key, "안", "녕")
    stream = client.chat.completions.create(model=key, messages=HI, stream=True)
    reply = stream.get_final_completion()
    assert reply.choices[0].message.content == "안녕"
    assert reply.choices[0].finish_reason == "stop" and reply.object == "chat.completion"
    assert reply._request_id == stream.response.headers["x-request-id"]
    assert list(stream) == []


def test_a_closed_stream_has_no_more(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    fake.script(key, {"steps": [{"text": "a"}, {"text": "b"}, {"stall": True}]})
    with client.chat.completions.create(model=key, messages=HI, stream=True) as stream:
        assert next(stream).choices[0].delta.content == "a"
    fake.client_left(key)
    assert list(stream) == []
    with pytest.raises(RuntimeError):
        stream.get_final_completion()


def test_a_dropped_stream_closes_its_connection(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    fake.script(key, {"steps": [{"text": "a"}, {"stall": True}]})
    stream = client.chat.completions.create(model=key, messages=HI, stream=True)
    next(stream)
    del stream
    fake.client_left(key, 1)


def test_a_stream_in_a_cycle_is_closed_by_the_collector(
    client: turnwire.OpenAI, fake: Fake, key: str
) -> None:
    fake.script(key, {"steps": [{"text": "a"}, {"stall": True}]})
    cycle: list[Any] = [client.chat.completions.create(model=key, messages=HI, stream=True)]
    next(cycle[0])
    cycle.append(cycle)
    del cycle
    gc.collect()
    fake.client_left(key, 1)


def test_what_trickles_after_the_end_is_not_waited_for(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    trickle = {"repeat": {"times": 50, "steps": [{"wait_ms": 100}, {"comment": "still here"}]}}
    fake.script(key, {"steps": [{"text": "a"}, {"finish": "stop"}, {"done": True}, trickle]})
    began = time.monotonic()
    assert texts(client.chat.completions.create(model=key, messages=HI, stream=True)) == ["a"]
    assert time.monotonic() - began < 0.5


def test_ten_streams_in_turn_use_one_connection(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    for _ in range(10):
        fake.chat(key, "a")
        assert texts(client.chat.completions.create(model=key, messages=HI, stream=True)) == ["a"]
    assert len({request["connection"] for request in fake.requests(key)}) == 1


def test_copies_share_connections(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    fake.script(key, *[{"steps": [{"text": "a"}, {"finish": "stop"}, {"done": True}]}] * 4)
    other = client.with_options(
        max_retries=1, timeout=5, default_headers={"x-team": "red"}, api_key="sk-other"
    )
    for each in (client, other, client, other.with_options(default_query={"v": "2"})):
        texts(each.chat.completions.create(model=key, messages=HI, stream=True))
    requests = fake.requests(key)
    headers = [dict(request["headers"]) for request in requests]
    assert len({request["connection"] for request in requests}) == 1
    assert [h.get("x-team") for h in headers] == [None, "red", None, "red"]
    assert [h["authorization"] for h in headers] == [
        f"Bearer sk-{k}" for k in ("test", "other", "test", "other")
    ]
    assert [request["query"] for request in requests] == [None, None, None, "v=2"]
    assert (client.max_retries, other.max_retries) == (0, 1)


def test_retries_are_the_clients_or_the_calls(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    busy = {"status": 503, "headers": [["retry-after-ms", "1"]], "steps": [{"json": {}}]}
    fake.script(key, busy, busy)
    with pytest.raises(turnwire.InternalServerError):
        client.chat.completions.create(model=key, messages=HI)
    fake.chat(key, "a")
    fake.script(key, busy, {"steps": [{"text": "a"}, {"finish": "stop"}, {"done": True}]})
    assert texts(
        client.with_options(max_retries=1).chat.completions.create(model=key, messages=HI, stream=True)
    ) == ["a"]


@pytest.mark.parametrize("timeout", [0.2, turnwire.Timeout(5, read=0.2), (5, 0.2)])
@pytest.mark.parametrize("stream", [False, True])
def test_a_timeout_ends_a_silent_call(
    fake: Fake, client: turnwire.OpenAI, key: str, timeout: Any, stream: bool
) -> None:
    fake.script(key, *[{"wait_ms_before_headers": 5000, "steps": [{"text": "a"}]}] * 2)
    began = time.monotonic()
    with pytest.raises(turnwire.APITimeoutError):
        client.chat.completions.create(model=key, messages=HI, stream=stream, timeout=timeout)
    with pytest.raises(turnwire.APITimeoutError):
        client.with_options(timeout=timeout).chat.completions.create(model=key, messages=HI, stream=stream)
    assert time.monotonic() - began < 2


def test_a_timeout_does_not_end_a_stream_that_comes(fake: Fake, client: turnwire.OpenAI, key: str) -> None:
    steps = [{"text": "a"}, {"wait_ms": 150}] * 4
    fake.script(key, {"steps": [*steps, {"finish": "stop"}, {"done": True}]})
    assert len(texts(client.chat.completions.create(model=key, messages=HI, stream=True, timeout=0.4))) == 4
    fake.chat(key, "a")
    assert texts(client.chat.completions.create(model=key, messages=HI, stream=True, timeout=None)) == ["a"]


def test_raw_responses_have_headers(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    headers = [["x-ratelimit-remaining-requests", "59"]]
    fake.chat(key, "a", headers=headers)
    raw = client.chat.completions.with_raw_response.create(model=key, messages=HI, stream=True)
    assert raw.headers["X-RateLimit-Remaining-Requests"] == "59" and raw.status_code == 200 and raw.request_id
    assert texts(raw.parse()) == ["a"]
    whole = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=HI)
    assert whole.parse().id == json.loads(whole.text)["id"]
    assert whole.parse() is whole.parse()


@pytest.mark.parametrize("stream", [False, True])
def test_responses_can_be_read_in_their_time(
    client: turnwire.OpenAI, async_client: turnwire.AsyncOpenAI, fake: Fake, key: str, stream: bool
) -> None:
    chunks = [{"id": "c", "choices": [{"index": 0, "delta": {"content": c}}]} for c in ("안", "b")]
    end = {"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    body = {"id": "c", "choices": [{"index": 0, "message": {"content": "안b"}, "finish_reason": "stop"}]}
    steps = [*({"sse": each} for each in (*chunks, end)), {"done": True}] if stream else [{"json": body}]
    framing = {} if stream else {"framing": "length"}
    script = {"headers": [["x-request-id", "r"], ["x-more", "1"]], "steps": steps, **framing}
    fake.script(key, *[script] * 16)
    opened = lambda of: of.chat.completions.with_streaming_response.create(  # noqa: E731
        model=key, messages=HI, stream=stream
    )

    def sync(read: Any) -> Any:
        with opened(client) as response:
            assert response.headers["X-More"] == "1" and response.request_id == "r"
            return read(response)

    async def awaited(read: Any) -> Any:
        async with opened(async_client) as response:
            found = read(response)
            return await found if hasattr(found, "__await__") else [piece async for piece in found]

    text = sync(lambda r: r.text())
    if stream:
        frames = [json.loads(line[6:]) for line in text.split("\n\n")[:-2]]
        assert frames == [*chunks, end] and text.endswith("\n\ndata: [DONE]\n\n")
    else:
        assert json.loads(text) == body == sync(lambda r: r.json())
    lines = sync(lambda r: list(r.iter_lines()))
    assert lines == text.removesuffix("\n").split("\n")
    pieces = sync(lambda r: list(r.iter_bytes(7)))
    assert b"".join(pieces) == text.encode() == sync(lambda r: r.read())
    assert {len(piece) for piece in pieces[:-1]} == {7}
    assert asyncio.run(awaited(lambda r: r.text())) == text
    assert asyncio.run(awaited(lambda r: r.iter_lines())) == lines
    assert asyncio.run(awaited(lambda r: r.iter_bytes(7))) == pieces
    assert "".join(asyncio.run(awaited(lambda r: r.iter_text(3)))) == text
    parsed = sync(lambda r: texts(r.parse()) if stream else r.parse().id)
    assert parsed == (["안", "b"] if stream else "c")
    with pytest.raises(ValueError, match="chunk_size"):
        sync(lambda r: list(r.iter_text(0)))


def test_leaving_a_response_closes_its_connection(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    fake.script(key, {"steps": [{"text": "a"}, {"stall": True}]})
    create = client.chat.completions.with_streaming_response.create
    with create(model=key, messages=HI, stream=True) as response:
        assert next(response.iter_lines()).startswith("data: {")
        assert not response.is_closed
    assert response.is_closed
    fake.client_left(key, 1)


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


def test_the_list_of_models_has_its_response(
    client: turnwire.OpenAI, async_client: turnwire.AsyncOpenAI
) -> None:
    raw = client.models.with_raw_response.list()
    assert raw.headers["content-type"] == "application/json" and raw.request_id.startswith("req_")
    assert raw.parse()._request_id == raw.request_id and raw.json()["object"] == "list"
    with client.models.with_streaming_response.list() as response:
        assert response.request_id and response.parse() == raw.parse()
    assert client.models.list()._request_id

    async def main() -> list[str | None]:
        raw = await async_client.models.with_raw_response.list()
        async with async_client.models.with_streaming_response.list() as response:
            assert await response.parse() == raw.parse()
            return [raw.request_id, response.request_id, (await async_client.models.list())._request_id]

    assert all(asyncio.run(main()))


def test_another_http_client_is_refused_with_what_to_use_instead(client: turnwire.OpenAI) -> None:
    for make in (turnwire.OpenAI, turnwire.AsyncOpenAI, client.with_options):
        make(api_key="k", http_client=None)
        with pytest.raises(TypeError, match="HTTPS_PROXY"):
            make(api_key="k", http_client=object())


def test_a_header_can_be_taken_away(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    own = client.with_options(set_default_headers={"User-Agent": turnwire.omit, "x-a": "1"})
    for headers in ({"X-A": turnwire.omit, "authorization": None}, {"x-b": turnwire.NOT_GIVEN}):
        fake.chat(key, "a")
        texts(own.chat.completions.create(model=key, messages=HI, stream=True, extra_headers=headers))
    sent = [dict(request["headers"]) for request in fake.requests(key)]
    names = ("user-agent", "x-a", "authorization")
    assert [[s.get(name) for name in names] for s in sent] == [
        [None, None, None],
        [None, "1", "Bearer sk-test"],
    ]


def test_models_are_listed(client: turnwire.OpenAI, async_client: turnwire.AsyncOpenAI) -> None:
    assert [model.id for model in client.models.list()] == [model.id for model in client.models.list().data]

    async def both() -> tuple[list[str], list[str]]:
        return [m.id async for m in async_client.models.list()], [
            m.id for m in (await async_client.models.list()).data
        ]

    one, other = asyncio.run(both())
    assert one == other == [model.id for model in client.models.list()]


class Step(pydantic.BaseModel):
    explanation: str
    value: float | None = None


class Answer(pydantic.BaseModel):
    """An answer."""

    steps: list[Step]
    last: Step = pydantic.Field(description="the last one")


def test_schemas_are_as_strict_as_theirs() -> None:
    from openai.lib._pydantic import to_strict_json_schema as theirs

    from turnwire._parsing import to_strict_json_schema

    assert to_strict_json_schema(Answer) == theirs(Answer)


def reply(fake: Fake, key: str, finish: str = "stop", **message: Any) -> None:
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", **message}}
    fake.script(key, {"framing": "length", "steps": [{"json": {"id": "c", "choices": [choice]}}]})


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


def test_unknown_keywords_are_refused(client: turnwire.OpenAI) -> None:
    with pytest.raises(TypeError, match="'temprature'"):
        client.chat.completions.create(model="m", messages=HI, temprature=1)  # type: ignore[call-overload]


def test_a_key_may_be_a_function(fake: Fake, key: str) -> None:
    keys = iter(["one", "two"])
    client = turnwire.OpenAI(base_url=fake.base_url, api_key=lambda: next(keys))
    for _ in range(2):
        fake.chat(key, "a")
        texts(client.chat.completions.create(model=key, messages=HI, stream=True))
    sent = [dict(request["headers"])["authorization"] for request in fake.requests(key)]
    assert sent == ["Bearer one", "Bearer two"]


def test_a_closed_client_says_so(fake: Fake) -> None:
    with turnwire.OpenAI(base_url=fake.base_url) as client:
        client.models.list()
    assert client.is_closed()
    with pytest.raises(turnwire.OpenAIError, match="closed"):
        client.models.list()


def test_the_environment_is_read(program: Program, fake: Fake) -> None:
    before = f"""
import os
os.environ.update(OPENAI_API_KEY="sk-env", OPENAI_BASE_URL={fake.base_url!r}, OPENAI_ORG_ID="org", OPENAI_PROJECT_ID="p")
"""
    out = program.run(
        "c = turnwire.OpenAI(); print(c.api_key, c.organization, len(c.models.list().data))", before
    )
    assert out == "sk-env org 2\n"


def test_core_logs_under_our_name(program: Program, fake: Fake, key: str) -> None:
    fake.chat(key, "SECRETTEXT")
    before = """
import logging
logging.basicConfig(level=logging.DEBUG, format="%(name)s %(levelname)s %(message)s", stream=__import__("sys").stdout)
"""
    out = program.run("texts(stream())", before)
    assert "turnwire." in out and key in out
    assert "SECRETTEXT" not in out and "Bearer" not in out
    assert program.run("import logging; texts(stream())") == ""


def test_logging_is_not_imported_for_nobody(program: Program) -> None:
    text = "print([m for m in ('logging', 'asyncio', 'typing', 'inspect', 'pydantic') if m in sys.modules])"
    out = program.run(text)
    assert out == "[]\n"
    assert logging.getLogger("turnwire").level == 0
