"""The program's OpenTelemetry: a span of it for each call or turn, and the spans and metrics below that when it has ended."""

from __future__ import annotations

from functools import cache

from opentelemetry.context import attach, detach
from opentelemetry.metrics import get_meter
from opentelemetry.trace import INVALID_SPAN, SpanKind, Status, StatusCode, get_tracer, set_span_in_context

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
    from typing_extensions import Self

_TRACER = get_tracer("turnwire", __version__)
_METER = get_meter("turnwire", __version__)


def of_call(model: object) -> Trace:
    """The trace of a call of this model."""
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai"}
    if isinstance(model, str):
        attributes["gen_ai.request.model"] = model
    return _begun(_start(f"chat {model}", SpanKind.CLIENT, attributes))


def of_turn(loop: AbstractEventLoop | None) -> tuple[Caller, Trace]:
    """The caller and the trace of a turn."""
    attributes = {"gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": "turn"}
    span = _start("invoke_workflow turn", SpanKind.INTERNAL, attributes)
    token = attach(set_span_in_context(span))
    try:
        return Caller(loop), _begun(span)
    finally:
        detach(token)


def _start(name: str, kind: SpanKind, attributes: Mapping[str, Any]) -> Span:
    span: Span = INVALID_SPAN
    with _Attempts() as attempt, attempt:
        span = _TRACER.start_span(name, kind=kind, attributes=attributes)
    return span


class _Attempts:
    """Goes on where the program's processors and exporters raise: that ends no call. The first exception is logged at the end."""

    __slots__ = ("_depth", "_failure")

    def __init__(self) -> None:
        self._depth = 0
        self._failure: BaseException | None = None

    def __enter__(self) -> Self:
        self._depth += 1
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        self._depth -= 1
        self._failure = self._failure or error
        if self._depth == 0 and self._failure is not None:
            from logging import getLogger

            told = "the OpenTelemetry of this program failed to take spans or metrics"
            getLogger("turnwire").warning(told, exc_info=self._failure)
        return error is None or isinstance(error, Exception)


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
    with _Attempts() as attempt:
        if span.is_recording():
            with attempt:
                if found["name"]:
                    span.update_name(found["name"])
                _describe(span, found["attributes"])
            below: list[Context] = []
            for each in found["spans"]:
                parent = top if each["parent"] is None else below[each["parent"]]
                kind = SpanKind.CLIENT if each["is_client"] else SpanKind.INTERNAL
                within = parent
                with attempt:
                    child = _TRACER.start_span(each["name"], parent, kind, start_time=_time(each["start"]))
                    within = set_span_in_context(child)
                    _describe(child, each["attributes"])
                    child.end(_time(each["end"]))
                below.append(within)
        with attempt:
            span.end(_time(found["end"]))
        for point in found["metrics"]:
            with attempt:
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
