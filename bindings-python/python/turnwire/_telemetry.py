"""The program's OpenTelemetry: a span of it for each call or turn, and the spans and metrics below that when it has ended."""

from __future__ import annotations

from functools import cache

from opentelemetry.context import attach, detach
from opentelemetry.metrics import get_meter
from opentelemetry.trace import SpanKind, Status, StatusCode, get_tracer, set_span_in_context

from ._core import Trace, __version__
from ._exit import end_traces_at_exit
from ._host import Caller
from ._waiting import is_gevent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Mapping
    from typing import Any

    from opentelemetry.context import Context
    from opentelemetry.metrics import Histogram
    from opentelemetry.trace import Span

_TRACER = get_tracer("turnwire", __version__)
_METER = get_meter("turnwire", __version__)


def of_call(model: object) -> Trace:
    """The trace of a call of this model."""
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai"}
    if isinstance(model, str):
        attributes["gen_ai.request.model"] = model
    return _begun(_TRACER.start_span(f"chat {model}", kind=SpanKind.CLIENT, attributes=attributes))


def of_turn(loop: AbstractEventLoop | None) -> tuple[Caller, Trace]:
    """The caller and the trace of a turn."""
    attributes = {"gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": "turn"}
    span = _TRACER.start_span("invoke_workflow turn", attributes=attributes)
    token = attach(set_span_in_context(span))
    try:
        return Caller(loop), _begun(span)
    finally:
        detach(token)


def _begun(span: Span) -> Trace:
    """The trace that goes on below this span, which its report ends."""
    end_traces_at_exit()
    context = span.get_span_context()
    parent = state = ""
    if context.is_valid:
        parent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
        state = context.trace_state.to_header()
    if not is_gevent():
        return Trace(parent, state, lambda told: _finish(span, told))
    from gevent import get_hub, spawn  # type: ignore[import-untyped,unused-ignore]

    # The locks of exporters are gevent's: they are taken in the caller's hub.
    loop = get_hub().loop
    return Trace(parent, state, lambda told: loop.run_callback_threadsafe(spawn, _finish, span, told))


def _finish(span: Span, told: str) -> None:
    """Ends the span, and makes those below it, with the metrics of both."""
    import json

    found = json.loads(told)
    top = set_span_in_context(span)
    if span.is_recording():
        if found["name"]:
            span.update_name(found["name"])
        _describe(span, found["attributes"])
        below: list[Context] = []
        for each in found["spans"]:
            parent = top if each["parent"] is None else below[each["parent"]]
            kind = SpanKind.CLIENT if each["is_client"] else SpanKind.INTERNAL
            child = _TRACER.start_span(each["name"], parent, kind, start_time=_time(each["start"]))
            _describe(child, each["attributes"])
            child.end(_time(each["end"]))
            below.append(set_span_in_context(child))
    span.end(_time(found["end"]))
    for point in found["metrics"]:
        histogram = _histogram(point["name"], point["unit"], tuple(point["buckets"]))
        histogram.record(point["value"], point["attributes"], top)


def _describe(span: Span, attributes: Mapping[str, Any]) -> None:
    span.set_attributes(attributes)
    if "error.type" in attributes:
        span.set_status(Status(StatusCode.ERROR))


@cache
def _histogram(name: str, unit: str, buckets: tuple[float, ...]) -> Histogram:
    return _METER.create_histogram(name, unit, explicit_bucket_boundaries_advisory=buckets)


def _time(moment: list[int]) -> int:
    """Nanoseconds since 1970."""
    seconds, nanoseconds = moment
    return seconds * 1_000_000_000 + nanoseconds
