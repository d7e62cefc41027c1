"""Waits for core in asyncio and gevent."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from ._core import Bell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from typing import Any

    from ._core import Call, Stream, TextFeed


async def result(call: Call) -> Any:
    """Waits for a call's answer in asyncio."""
    found = call.take()
    while found is None:
        await filled(call)
        found = call.take()
    return found


async def filled(source: Call | Stream | TextFeed) -> None:
    """Waits until ``source`` has something to take. Cancelling the wait cancels the call."""
    import asyncio

    loop = asyncio.get_running_loop()
    future = loop.create_future()
    bell = _bells.get(loop) or _hang(loop)
    if bell is None:
        source.wake(_Completion(loop, future))
    else:
        source.ring(bell, future)
    try:
        await future
    except BaseException:
        source.close()
        raise


_bells: WeakKeyDictionary[AbstractEventLoop, Bell] = WeakKeyDictionary()


def _hang(loop: AbstractEventLoop) -> Bell | None:
    """The bell of a loop that has none yet; ``None`` if the loop cannot watch a descriptor."""
    bell = Bell()
    try:
        loop.add_reader(bell.fileno(), _complete, bell)
    except NotImplementedError:
        return None
    _bells[loop] = bell
    return bell


def _complete(bell: Bell) -> None:
    for future in bell.take():
        _finish(future)


class _Completion:
    """Completes a future, from any thread."""

    __slots__ = ("future", "loop")

    def __init__(self, loop: AbstractEventLoop, future: Future[None]) -> None:
        self.loop = loop
        self.future = future

    def __call__(self) -> None:
        # The loop may be closed, with nobody waiting any more.
        if not self.loop.is_closed():
            try:
                self.loop.call_soon_threadsafe(_finish, self.future)
            except RuntimeError:
                if not self.loop.is_closed():
                    raise


def _finish(future: Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def is_gevent() -> bool:
    """True if gevent's greenlets take the place of threads in this program."""
    import sys

    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


def wait_in_gevent(source: Call | Stream | TextFeed) -> bool:
    """Waits while other greenlets run. Returns false if threads are not patched by gevent: then a plain wait is right."""
    if not is_gevent():
        return False
    from gevent import get_hub  # type: ignore[import-untyped,unused-ignore]
    from gevent.hub import Waiter  # type: ignore[import-untyped,unused-ignore]

    hub = get_hub()
    # The only part of a hub that another thread may touch.
    watcher = hub.loop.async_()
    waiter = Waiter(hub)
    # Started before it can be sent to, or it would miss that.
    watcher.start(waiter.switch, None)
    try:
        source.wake(watcher.send)
        waiter.get()
    finally:
        # A wake that still comes finds a closed watcher; another in its place does nothing.
        source.wake(_nothing)
        watcher.stop()
        watcher.close()
    return True


def _nothing() -> None:
    pass
