"""OpenTelemetry: a turn and a call continue the program's trace, and their spans and metrics come to its own API."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import turnwire
from fake import Fake, FakeStore
from turnwire import AsyncTurns, Turns

USER = "11111111-1111-4111-8111-111111111111"
MESSAGES: Any = [{"role": "user", "content": "비밀"}]
SPOKEN = {
    "steps": [
        {"role": "assistant"},
        {"text": "비밀"},
        {"finish": "stop"},
        {"usage": [3, 2]},
        {"done": True},
    ]
}


class Trap(SpanProcessor):
    """A processor that raises at the end of such spans."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()

    def on_end(self, span: ReadableSpan) -> None:
        if span.name in self.names:
            raise OSError(f"no room for {span.name}")


class Seen:
    """The spans and metrics that the program's OpenTelemetry has received."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.reader = InMemoryMetricReader()
        self.trap = Trap()
        provider = TracerProvider()
        provider.add_span_processor(self.trap)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        trace.set_tracer_provider(provider)
        metrics.set_meter_provider(MeterProvider([self.reader]))

    def spans(self, until: Callable[[list[ReadableSpan]], Any]) -> list[ReadableSpan]:
        """The finished spans, once they are as wished: they come from a thread of the library."""
        deadline = time.monotonic() + 60
        while not until(found := list(self.exporter.get_finished_spans())):
            assert time.monotonic() < deadline, [span.name for span in found]
            time.sleep(0.005)
        return found

    def points(self, model: str) -> dict[tuple[str, str | None], Any]:
        """The points of the metrics of a model's calls, by their name and kind of tokens."""
        data: Any = self.reader.get_metrics_data()
        return {
            (metric.name, point.attributes.get("gen_ai.token.type")): point
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in metric.data.data_points
            if point.attributes.get("gen_ai.request.model") in (model, None)
        }


@pytest.fixture(scope="session")
def configured() -> Seen:
    return Seen()


@pytest.fixture
def seen(configured: Seen) -> Iterator[Seen]:
    configured.exporter.clear()
    yield configured
    configured.trap.names = ()


def host_span() -> Any:
    return trace.get_tracer("program").start_as_current_span("request")


def one(spans: list[ReadableSpan], name: str) -> ReadableSpan:
    (found,) = [span for span in spans if span.name == name]
    return found


def parent(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


def context(span: ReadableSpan) -> Any:
    return span.get_span_context()


def facts(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def traceparents(requests: list[dict[str, Any]]) -> list[str | None]:
    return [dict(request["headers"]).get("traceparent") for request in requests]


def has(*names: str) -> Callable[[list[ReadableSpan]], bool]:
    return lambda spans: set(names) <= {span.name for span in spans}


def test_a_processor_that_raises_costs_no_other_span_and_no_metric(
    client: turnwire.OpenAI, fake: Fake, key: str, seen: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    fake.script(key, SPOKEN)
    seen.trap.names = ("reply",)
    assert [event.type for event in Turns(client, model=key).start("hi")][-1] == "done"
    spans = seen.spans(has("invoke_workflow turn"))
    assert "reply" not in {span.name for span in spans} and one(spans, f"chat {key}")
    deadline = time.monotonic() + 10
    while "OpenTelemetry of this program failed" not in caplog.text:
        assert time.monotonic() < deadline, caplog.text
        time.sleep(0.005)
    assert "no room for reply" in caplog.text
    assert seen.points(key)["gen_ai.client.operation.duration", None]


def test_a_turn_continues_the_trace_of_the_program(
    client: turnwire.OpenAI, fake: Fake, store: FakeStore, key: str, seen: Seen
) -> None:
    store.reset()
    fake.script(key, SPOKEN)
    asked: list[int] = []

    def sentiment(text: str) -> str:
        asked.append(trace.get_current_span().get_span_context().span_id)
        return "calm"

    turns = Turns(
        client, model=key, store=store.url, sentiment=sentiment, naming="first_words", usage_events=True
    )
    with host_span() as host:
        tokens: Any = store.login(USER)
        turn = turns.start("비밀", user_id=USER, create_workspace=True, **tokens)
        assert [event.type for event in turn][-1] == "done"
    assert turns.flush().delivered == 2

    # All of it was handed over when `flush` returned.
    spans = list(seen.exporter.get_finished_spans())
    top, reply = one(spans, "invoke_workflow turn"), one(spans, "reply")
    assert parent(top) == host.get_span_context().span_id
    assert {context(span).trace_id for span in spans} == {host.get_span_context().trace_id}
    stages = ["sentiment", "create_workspace", "start_session", "reply", "save_user", "save_ai"]
    assert [parent(one(spans, name)) for name in stages] == [context(top).span_id] * 6
    assert asked == [context(top).span_id]

    chat = one(spans, f"chat {key}")
    assert parent(chat) == context(reply).span_id and chat.kind == trace.SpanKind.CLIENT
    expected = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": key,
        "gen_ai.request.stream": True,
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 2,
        "server.address": "127.0.0.1",
    }
    assert expected.items() <= facts(chat).items()
    assert facts(top)["turnwire.turn.id"] == turn.id
    assert facts(top)["gen_ai.conversation.id"].startswith("workspace-")
    saves = [span for span in spans if span.name == "store.save"]
    assert {parent(save) for save in saves} == {
        context(one(spans, name)).span_id for name in ("save_user", "save_ai")
    }
    for span in spans:
        start, end = span.start_time or 0, span.end_time or 0
        assert start <= end and end - start < 10**10 and abs(end - time.time_ns()) < 60 * 10**9, span.name

    # The services continue it below the turn's span.
    flags = context(top).trace_flags
    expected_parent = f"00-{context(top).trace_id:032x}-{context(top).span_id:016x}-{flags:02x}"
    assert traceparents(fake.requests(key)) == [expected_parent]
    of_store = {request["path"]: dict(request["headers"]) for request in store.all_requests()}
    for path in ("/api/workspace/create", "/api/session/start", "/api/chat/save"):
        assert of_store[path]["traceparent"] == expected_parent, path

    points = seen.points(key)
    assert points["gen_ai.client.token.usage", "input"].sum == 3
    assert points["gen_ai.client.token.usage", "output"].sum == 2
    duration = points["gen_ai.client.operation.duration", None]
    assert duration.count == 1 and duration.explicit_bounds[:2] == (0.01, 0.02)
    first = points["gen_ai.client.operation.time_to_first_chunk", None]
    assert 0 < first.sum <= duration.sum
    per_chunk = points["gen_ai.client.operation.time_per_output_chunk", None]
    assert per_chunk.count == 1 and 0 < per_chunk.sum <= duration.sum
    assert points["gen_ai.invoke_workflow.duration", None].count >= 1
    # No word of the conversation.
    assert "비밀" not in "".join(span.to_json(indent=None) for span in spans).encode().decode(
        "unicode_escape"
    )


def test_a_call_is_a_span_and_its_request_continues_it(
    client: turnwire.OpenAI, fake: Fake, key: str, seen: Seen
) -> None:
    fake.script(key, SPOKEN)
    with host_span() as host:
        for _ in client.chat.completions.create(
            model=key, messages=MESSAGES, stream=True, stream_options={"include_usage": True}
        ):
            pass
    chat = one(seen.spans(has("request", f"chat {key}")), f"chat {key}")
    assert parent(chat) == host.get_span_context().span_id and chat.kind == trace.SpanKind.CLIENT
    assert facts(chat)["gen_ai.usage.output_tokens"] == 2 and "gen_ai.response.time_to_first_chunk" in facts(
        chat
    )
    (sent,) = traceparents(fake.requests(key))
    assert sent is not None and sent.split("-")[2] == f"{context(chat).span_id:016x}"


def test_a_whole_reply_and_a_failure_are_spans(
    client: turnwire.OpenAI, fake: Fake, key: str, seen: Seen
) -> None:
    client.chat.completions.create(model=key, messages=MESSAGES)
    first = one(seen.spans(has(f"chat {key}")), f"chat {key}")
    assert facts(first)["gen_ai.request.stream"] is False and first.parent is None
    assert first.status.status_code == trace.StatusCode.UNSET
    seen.exporter.clear()
    fake.script(key, {"status": 429, "steps": [{"json": {"error": {"message": "비밀"}}}]})
    with pytest.raises(turnwire.RateLimitError):
        client.chat.completions.create(model=key, messages=MESSAGES)
    failed = one(seen.spans(has(f"chat {key}")), f"chat {key}")
    assert facts(failed)["error.type"] == "rate_limited"
    assert failed.status.status_code == trace.StatusCode.ERROR and "비밀" not in repr(failed.to_json())
    point = [
        point
        for (name, _), point in seen.points(key).items()
        if name == "gen_ai.client.operation.duration" and "error.type" in point.attributes
    ]
    assert [p.attributes["error.type"] for p in point] == ["rate_limited"]


def test_a_stream_that_is_left_ends_its_span(
    client: turnwire.OpenAI, fake: Fake, key: str, seen: Seen
) -> None:
    fake.script(key, {"steps": [{"role": "assistant"}, {"text": "a"}, {"stall": True}]})
    stream = client.chat.completions.create(model=key, messages=MESSAGES, stream=True)
    next(iter(stream))
    stream.close()
    assert "error.type" not in facts(one(seen.spans(has(f"chat {key}")), f"chat {key}"))


def test_a_turn_that_is_refused_or_left_ends_its_span(
    client: turnwire.OpenAI, fake: Fake, key: str, seen: Seen
) -> None:
    turns = Turns(client, model=key)
    with pytest.raises(turnwire.InvalidRequestError):
        turns.start(" ")
    refused = one(seen.spans(has("invoke_workflow turn")), "invoke_workflow turn")
    assert facts(refused)["error.type"] == "invalid_request"
    seen.exporter.clear()
    fake.script(key, {"steps": [{"role": "assistant"}, {"text": "a"}, {"stall": True}]})
    with turns.start("hello") as turn:
        next(turn)
    left = seen.spans(has("invoke_workflow turn", "reply", f"chat {key}"))
    assert facts(one(left, "reply"))["turnwire.stage.outcome"] == "cancelled"
    assert "error.type" not in facts(one(left, "invoke_workflow turn"))


def test_a_call_that_is_refused_is_a_span_with_the_error_and_none_that_was_cancelled(
    client: turnwire.OpenAI, key: str, seen: Seen
) -> None:
    for stream in (False, True):
        seen.exporter.clear()
        with pytest.raises(turnwire.ConfigError):
            client.chat.completions.create(model=key, messages=MESSAGES, timeout=-1, stream=stream)
        refused = one(seen.spans(has(f"chat {key}")), f"chat {key}")
        assert facts(refused)["error.type"] == "config"
        assert refused.status.status_code == trace.StatusCode.ERROR
    turns = Turns(client, model=key)
    turns.shutdown()
    for code, fields in (("invalid_request", {"user": "x"}), ("config", {})):
        seen.exporter.clear()
        with pytest.raises(turnwire.TurnwireError):
            turns.start("hello", **fields)  # type: ignore[arg-type]
        refused = one(seen.spans(has("invoke_workflow turn")), "invoke_workflow turn")
        assert facts(refused)["error.type"] == code


def test_asyncio_has_the_span_of_its_task(
    async_client: turnwire.AsyncOpenAI, fake: Fake, key: str, seen: Seen
) -> None:
    fake.chat(key, "a")

    asked: list[int] = []

    async def sentiment(text: str) -> str:
        asked.append(trace.get_current_span().get_span_context().span_id)
        return "calm"

    async def main() -> int:
        turns = AsyncTurns(async_client, model=key, sentiment=sentiment)
        with host_span() as host:
            assert [event async for event in await turns.start("hello")]
            await async_client.chat.completions.create(model=f"{key}-2", messages=MESSAGES)
            return int(host.get_span_context().span_id)

    host = asyncio.run(main())
    spans = seen.spans(has("invoke_workflow turn", f"chat {key}-2"))
    top = one(spans, "invoke_workflow turn")
    assert parent(top) == parent(one(spans, f"chat {key}-2")) == host
    assert asked == [context(top).span_id]


def test_a_client_keeps_its_own_header_or_sends_none(fake: Fake, key: str, seen: Seen) -> None:
    for headers in ({"traceparent": "own"}, {"traceparent": turnwire.omit}):
        client = turnwire.OpenAI(base_url=fake.base_url, api_key="sk", default_headers=headers, max_retries=0)
        client.chat.completions.create(model=key, messages=MESSAGES)
    assert traceparents(fake.requests(key)) == ["own", None]


def test_flask_s_span_is_the_parent(
    client: turnwire.OpenAI, fake: Fake, key: str, seen: Seen, tmp_path: Path
) -> None:
    from flask import Flask

    from turnwire.flask import chat_blueprint

    fake.script(key, SPOKEN)
    turns = Turns(client, model=key, store=turnwire.SqliteStore(tmp_path / "store.db"), naming="first_words")
    app = Flask(__name__)
    app.register_blueprint(chat_blueprint(turns, authenticate=lambda request: USER))
    with host_span() as host:
        body = {"message": "hello", "createWorkspace": True}
        streamed = app.test_client().post("/chat/stream", json=body)
        assert b'"done"' in streamed.data
        assert app.test_client().post("/chat/stream", json={"message": "hello"}).status_code == 404
        assert app.test_client().post("/chat/stop", json={"turnId": "none"}).status_code < 500
    turns.flush()
    tops = [span for span in seen.exporter.get_finished_spans() if span.name == "invoke_workflow turn"]
    assert [parent(top) for top in tops] == [host.get_span_context().span_id] * 2
    assert sorted(facts(top).get("error.type", "") for top in tops) == ["", "404"]


def test_asgi_s_span_is_the_parent(
    async_client: turnwire.AsyncOpenAI, fake: Fake, key: str, seen: Seen, tmp_path: Path
) -> None:
    from turnwire.asgi import chat_app

    fake.script(key, SPOKEN)
    turns = AsyncTurns(
        async_client, model=key, store=turnwire.SqliteStore(tmp_path / "store.db"), naming="first_words"
    )
    app = chat_app(turns, authenticate=lambda request: USER)
    sent: list[Any] = []

    async def main() -> int:
        body = json.dumps({"message": "hello", "createWorkspace": True}).encode()
        messages = [{"type": "http.request", "body": body}]

        async def receive() -> Any:
            return messages.pop() if messages else await asyncio.sleep(60)

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"content-type", b"application/json")]
        scope = {"type": "http", "method": "POST", "path": "/chat", "headers": headers, "query_string": b""}
        with host_span() as host:
            await app(scope, receive, send)
        await turns.flush()
        return int(host.get_span_context().span_id)

    host = asyncio.run(main())
    assert sent[0]["status"] == 200
    assert parent(one(seen.spans(has("invoke_workflow turn")), "invoke_workflow turn")) == host
