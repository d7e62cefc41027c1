"""Functions of the program that core calls while a turn runs."""

from __future__ import annotations

from contextvars import copy_context

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
    """Runs a plain function: on the thread that asks, or under gevent in a greenlet of the turn's hub."""
    if is_coroutine_function(function):
        raise TypeError(f"{name} is a coroutine function: use AsyncTurns, or give a plain function")

    def run(text: str, caller: Caller, answer: Answer) -> None:
        try:
            # Of a copy, as a context cannot be entered twice at a time.
            answer.set(_checked(name, caller.context.copy().run(function, text)))
        except BaseException as error:
            answer.fail(error)

    def ask(text: str, caller: Caller, answer: Answer) -> None:
        if caller.hub is None:
            run(text, caller, answer)
        else:
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
    """Runs a coroutine function on the event loop that started the turn. An abandoned question cancels its task."""

    async def run(text: str, answer: Answer) -> None:
        try:
            answer.set(_checked(name, await function(text)))
        except BaseException as error:
            answer.fail(error)
            if not isinstance(error, Exception):
                raise

    def begin(text: str, caller: Caller, answer: Answer) -> None:
        loop = caller.loop
        assert loop is not None
        # The loop itself keeps weak references alone.
        task = loop.create_task(run(text, answer))
        _TASKS.add(task)
        task.add_done_callback(_TASKS.discard)
        answer.on_abandoned(lambda: _call_soon(loop, task.cancel))

    def ask(text: str, caller: Caller, answer: Answer) -> None:
        assert caller.loop is not None
        # A task has a copy of the context that it is created in.
        _call_soon(caller.loop, caller.context.copy().run, begin, text, caller, answer)

    return ask


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
        kind = type(label).__name__
        raise TypeError(
            f"{name} must return a str, and returned {'an' if kind[0] in 'aeiou' else 'a'} {kind}"
        )
    return label
