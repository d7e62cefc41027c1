"""Functions of the program that core calls."""

from __future__ import annotations

from contextlib import suppress
from contextvars import copy_context
from threading import Thread

from ._waiting import is_gevent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from collections.abc import AsyncGenerator, Callable
    from contextvars import Context
    from typing import Any

    from ._core import Answer
    from ._host_kinds import Kind

    Ask = Callable[[str, "Caller | None", Answer], None]
    """A function as core calls it: with the question's JSON, and the caller on whose behalf it asks."""


class Caller:
    """The place of a caller: its context variables, and its event loop or hub."""

    __slots__ = ("context", "hub", "loop")

    def __init__(self, loop: AbstractEventLoop | None = None) -> None:
        self.context: Context | None = copy_context()
        self.loop = loop
        self.hub: Any = None
        if loop is not None:
            _note(loop)
        elif is_gevent():
            from gevent import get_hub  # type: ignore[import-untyped,unused-ignore]

            self.hub = get_hub()

    @classmethod
    def nobody(cls) -> Caller:
        """The place where a function was given, for questions on nobody's behalf: without context variables."""
        from sys import modules

        asyncio: Any = modules.get("asyncio")
        caller = cls(None if asyncio is None else asyncio._get_running_loop())
        caller.context = None
        return caller


def hosted(kind: Kind, function: Callable[..., Any]) -> Ask:
    """Makes a function of the program one that core calls.

    A plain function runs on a thread of its own, under gevent in a greenlet of the caller's hub. A coroutine function runs
    on the caller's event loop, and so does an awaitable that a plain function returns; where nobody calls, on the loop
    that was there when the function was given, or else that used an engine last. Without any it has a loop of its own.
    """
    if not callable(function):
        raise TypeError(f"{kind.name} must be a function, not {type(function).__name__}")
    is_coroutine = is_coroutine_function(function)
    nobody = Caller.nobody()

    def ask(question: str, caller: Caller | None, answer: Answer) -> None:
        _forget_closed()
        asked = _Asked(kind, function, question, caller or nobody, answer)
        if is_coroutine and asked.loop() is not None:
            asked.schedule(None)
        elif asked.caller.hub is not None:
            asked.spawn()
        else:
            # A thread of Python's own: only such a thread may be in mid-function when the interpreter ends.
            thread = Thread(target=asked.run, name=f"turnwire-{kind.name}", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # Python 3.12 starts no thread any more while its end waits for messages, and so for this function.
                asked.run()

    return ask


class _Asked:
    """A question, and the function that it is for."""

    __slots__ = ("answer", "caller", "function", "kind", "question")

    def __init__(
        self, kind: Kind, function: Callable[..., Any], question: str, caller: Caller, answer: Answer
    ) -> None:
        self.kind = kind
        self.function = function
        self.question = question
        self.caller = caller
        self.answer = answer

    def run(self) -> None:
        """Runs the function on this thread, or in this greenlet, with the caller's context variables."""
        try:
            context = self.caller.context
            # Of a copy, as a context cannot be entered twice at a time.
            if context is None:
                self.answered()
            else:
                context.copy().run(self.answered)
        except BaseException as error:
            self.answer.fail(error)

    def answered(self) -> None:
        """Runs the function, and answers with its result."""
        value = self.called()
        if not hasattr(value, "__await__") and not hasattr(value, "__aiter__"):
            self.kind.give(self.answer, value)
        elif self.loop() is not None:
            self.schedule(value)
        else:
            from asyncio import run

            run(self.finish(value))

    def called(self) -> Any:
        import json

        return self.function(*self.kind.read(json.loads(self.question)))

    async def finish(self, value: Any) -> None:
        """Waits for a result of the function, and answers with it. Without one, it runs the function here.

        An abandoned question cancels the task.
        """
        from asyncio import current_task, get_running_loop

        loop, task = get_running_loop(), current_task()
        assert task is not None
        self.answer.on_abandoned(lambda: call_soon(loop, task.cancel))
        try:
            if value is None:
                value = self.called()
            if hasattr(value, "__await__"):
                value = await value
            await self.kind.agive(self.answer, value)
        except (Exception, SystemExit) as error:
            # A function that exits ends no event loop.
            self.answer.fail(error)
        except BaseException as error:
            self.answer.fail(error)
            raise

    def loop(self) -> AbstractEventLoop | None:
        """The event loop for the function: the caller's, or else the one that was used last; ``None`` if none runs."""
        if self.caller.loop is not None and _is_usable(self.caller.loop):
            return self.caller.loop
        last = _last() if self.caller.context is None and _last is not None else None
        return last if last is not None and _is_usable(last) else None

    def schedule(self, value: Any) -> None:
        """Finishes on the event loop."""
        loop = self.loop()
        self.answer.leave_thread()
        if loop is None:
            # It ended just now: the answer is dropped, which is an error.
            return

        def begin() -> None:
            _questions_of(loop).begin(self, value)

        # A task has a copy of the context that it is created in.
        context = self.caller.context
        if context is None:
            call_soon(loop, begin)
        else:
            call_soon(loop, context.copy().run, begin)

    def spawn(self) -> None:
        """Runs in a greenlet of the caller's hub. An abandoned question kills it."""
        self.answer.leave_thread()
        loop = self.caller.hub.loop

        def begin() -> None:
            from gevent import spawn

            greenlet = spawn(self.run)
            self.answer.on_abandoned(lambda: loop.run_callback_threadsafe(_kill, greenlet))

        loop.run_callback_threadsafe(begin)


def _kill(greenlet: Any) -> None:
    greenlet.kill(block=False)


class _Questions:
    """The unfinished questions of an event loop. Its end cancels them, so that none waits for a loop that has ended.

    ``asyncio.run`` cancels the tasks that there are, and then ends the loop's asynchronous generators: a task that began in
    between would never go on. A generator of the loop notices that end.
    """

    __slots__ = ("end", "has_ended", "loop", "tasks")

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.loop = loop
        self.has_ended = False
        # The loop itself keeps weak references alone.
        self.tasks: dict[Task[None], _Asked] = {}
        self.end = self.at_end()
        # Up to its first `yield`, which waits for nothing.
        with suppress(StopIteration):
            self.end.__anext__().send(None)

    async def at_end(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            from asyncio import gather

            self.has_ended = True
            for task in self.tasks:
                task.cancel()
            await gather(*self.tasks, return_exceptions=True)

    def begin(self, asked: _Asked, value: Any) -> None:
        """Begins to finish the question. On the loop alone."""
        if self.has_ended:
            asked.answer.fail(RuntimeError("the event loop of the function ended"))
            return
        task = self.loop.create_task(asked.finish(value))
        self.tasks[task] = asked
        task.add_done_callback(self.tasks.pop)

    def give_up(self) -> None:
        """Fails the questions of a loop that was closed without an end."""
        for asked in list(self.tasks.values()):
            asked.answer.fail(RuntimeError("the event loop of the function was closed"))
        self.tasks.clear()


_QUESTIONS: dict[AbstractEventLoop, _Questions] = {}


def _questions_of(loop: AbstractEventLoop) -> _Questions:
    questions = _QUESTIONS.get(loop)
    if questions is None:
        questions = _QUESTIONS[loop] = _Questions(loop)
    return questions


def _is_usable(loop: AbstractEventLoop) -> bool:
    """Returns true if the loop runs, and is not at its end."""
    questions = _QUESTIONS.get(loop)
    return loop.is_running() and not (questions is not None and questions.has_ended)


def _forget_closed() -> None:
    """Gives up the questions of loops that are closed."""
    for loop in list(_QUESTIONS):
        if loop.is_closed() and (questions := _QUESTIONS.pop(loop, None)) is not None:
            questions.give_up()


_last: Callable[[], AbstractEventLoop | None] | None = None


def _note(loop: AbstractEventLoop) -> None:
    """Notes the event loop that used an engine last."""
    global _last
    if _last is None or _last() is not loop:
        from weakref import ref

        _last = ref(loop)


def call_soon(loop: AbstractEventLoop, act: Callable[..., object], *arguments: Any) -> None:
    """Calls on the loop, from any thread. A loop that is closed calls nothing any more."""
    try:
        loop.call_soon_threadsafe(act, *arguments)
    except RuntimeError:
        if not loop.is_closed():
            raise


def is_coroutine_function(function: Any) -> bool:
    """True for a coroutine function or an asynchronous generator function, and for an object that is called as one."""
    from inspect import isasyncgenfunction, iscoroutinefunction

    called = type(function).__call__
    return any(
        test(each) for test in (iscoroutinefunction, isasyncgenfunction) for each in (function, called)
    )
