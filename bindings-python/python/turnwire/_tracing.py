"""The traces that calls and turns continue: OpenTelemetry's, where the program has loaded it, and none otherwise."""

from __future__ import annotations

from sys import modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from ._core import Trace
    from ._host import Caller

__all__ = ["call_trace", "request_trace", "turn_trace"]

_API = "opentelemetry.trace"
"""A program that configures OpenTelemetry has imported it: it is looked for, and never imported."""

_TURNS = ("chat", "stream", "ui", "text")
"""The routes that start a turn."""


def call_trace(model: object) -> Trace | None:
    """The trace of a call of this model."""
    if _API not in modules:
        return None
    from ._telemetry import of_call

    return of_call(model)


def turn_trace(loop: AbstractEventLoop | None = None) -> tuple[Caller, Trace | None]:
    """The caller of a turn, and the trace of the turn, whose span is the current one for functions that the turn calls."""
    if _API not in modules:
        return _caller(loop), None
    from ._telemetry import of_turn

    return of_turn(loop)


def request_trace(route: str, loop: AbstractEventLoop | None = None) -> tuple[Caller, Trace | None]:
    """The same for a request of a page. Some routes start no turn."""
    return turn_trace(loop) if route in _TURNS else (_caller(loop), None)


def _caller(loop: AbstractEventLoop | None) -> Caller:
    # Here, as calls of a model need no functions.
    from ._host import Caller

    return Caller(loop)
