"""Functions of the program that core calls while a turn runs."""

from __future__ import annotations

from contextvars import copy_context
from threading import Thread

from ._waiting import is_gevent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from collections.abc import Awaitable, Callable
    from typing import Any

    from ._core import Answer

    Ask = Callable[[str, "Caller", Answer], None]


class Caller:
    """The place where a turn was started: its context variables, and its event loop or hub."""

    __slots__ = ("context", "hub", "loop")

    def __init__(self, loop: AbstractEventLoop | None = None) -> None:
        self.context = copy_context()
        self.loop = loop
        self.hub: Any = None
        if loop is None and is_gevent():
            from gevent import get_hub  # type: ignore[import-untyped,unused-ignore]

            self.hub = get_hub()


def plain(name: str, function: Callable[[str], Any]) -> Ask:
    """Runs a plain function on a thread, or under gevent in a greenlet of the turn's hub.

    In asyncio it may return an awaitable, which the event loop that started the turn waits for.
    """
    if is_coroutine_function(function):
        raise TypeError(f"{name} is a coroutine function: use AsyncTurns, or give a plain function")

    def run(text: str, caller: Caller, answer: Answer) -> None:
        try:
            # Of a copy, as a context cannot be entered twice at a time.
            label = caller.context.copy().run(function, text)
            if caller.loop is not None and hasattr(label, "__await__"):
                _await(name, lambda: label, caller, answer)
            else:
                answer.set(_checked(name, label))
        except BaseException as error:
            answer.fail(error)

    def ask(text: str, caller: Caller, answer: Answer) -> None:
        if caller.hub is None:
            # A thread of Python's own: only such a thread may be in mid-function when the interpreter ends.
            thread = Thread(target=run, args=(text, caller, answer), name=f"turnwire-{name}", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                answer.fail(error)
        else:
            answer.leave_thread()
            caller.hub.loop.run_callback_threadsafe(_spawn, run, text, caller, answer)

    return ask


def _spawn(run: Ask, text: str, caller: Caller, answer: Answer) -> None:
    from gevent import spawn

    greenlet = spawn(run, text, caller, answer)
    loop = caller.hub.loop
    answer.on_abandoned(lambda: loop.run_callback_threadsafe(_kill, greenlet))


def _kill(greenlet: Any) -> None:
    greenlet.kill(block=False)


def scheduled(name: str, function: Callable[[str], Awaitable[Any]]) -> Ask:
    """Runs a coroutine function on the event loop that started the turn."""

    def ask(text: str, caller: Caller, answer: Answer) -> None:
        _await(name, lambda: function(text), caller, answer)

    return ask


def _await(name: str, begun: Callable[[], Awaitable[Any]], caller: Caller, answer: Answer) -> None:
    """Waits for a label on the event loop that started the turn. An abandoned question cancels its task."""
    loop = caller.loop
    assert loop is not None
    answer.leave_thread()

    async def run() -> None:
        try:
            answer.set(_checked(name, await begun()))
        except BaseException as error:
            answer.fail(error)
            if not isinstance(error, Exception):
                raise

    def begin() -> None:
        # The loop itself keeps weak references alone.
        task = loop.create_task(run())
        _TASKS.add(task)
        task.add_done_callback(_TASKS.discard)
        answer.on_abandoned(lambda: _call_soon(loop, task.cancel))

    # A task has a copy of the context that it is created in.
    _call_soon(loop, caller.context.copy().run, begin)


_TASKS: set[Task[None]] = set()


def _call_soon(loop: AbstractEventLoop, act: Callable[..., object], *arguments: Any) -> None:
    """Calls on the loop, from any thread. A loop that is closed calls nothing any more."""
    try:
        loop.call_soon_threadsafe(act, *arguments)
    except RuntimeError:
        if not loop.is_closed():
            raise


def is_coroutine_function(function: Any) -> bool:
    """True for a coroutine function, and for an object that is called as one."""
    from inspect import iscoroutinefunction

    return iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__)


def _checked(name: str, label: Any) -> str:
    if not isinstance(label, str):
        raise TypeError(f"{name} must return a str, not {type(label).__name__}")
    return label
