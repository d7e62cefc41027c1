"""Waits for core in asyncio and gevent."""

from __future__ import annotations

import os

from ._core import Bell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections.abc import Callable
    from typing import Any
    from weakref import WeakKeyDictionary

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
    bell = (None if _bells is None else _bells.get(loop)) or _hang(loop)
    if bell is None:
        source.wake(_Completion(loop, future))
    else:
        source.ring(bell, future)
    try:
        await future
    except BaseException:
        source.close()
        raise


# Made for the first loop, as its class is loaded for nothing else.
_bells: WeakKeyDictionary[AbstractEventLoop, Bell] | None = None


def _hang(loop: AbstractEventLoop) -> Bell | None:
    """The bell of a loop that has none yet; ``None`` if the loop cannot watch a descriptor."""
    global _bells
    bell = Bell()
    try:
        loop.add_reader(bell.fileno(), _complete, bell)
    except NotImplementedError:
        return None
    if _bells is None:
        from weakref import WeakKeyDictionary

        _bells = WeakKeyDictionary()
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


_get_hub: Callable[[], Any] | None = None
"""gevent's function, once it is known that threads are patched. That is never undone."""


def wait_in_gevent(source: Call | Stream | TextFeed) -> bool:
    """Waits while other greenlets run. Returns false if threads are not patched by gevent: then a plain wait is right."""
    global _get_hub
    if _get_hub is None:
        if not is_gevent():
            return False
        from gevent import get_hub  # type: ignore[import-untyped,unused-ignore]

        _get_hub = get_hub
    hub = _get_hub()
    bell = getattr(hub, _HubBell.NAME, None)
    if bell is None or bell.process != os.getpid():
        bell = _HubBell(hub)
        setattr(hub, _HubBell.NAME, bell)
    bell.wait(source)
    return True


class _HubBell:
    """The bell of a gevent hub, with the watcher that hears it: a wake-up costs core no interpreter."""

    NAME = "_turnwire_bell"
    __slots__ = ("_bell", "_hub", "_new_waiter", "_waiting", "_watcher", "process")

    def __init__(self, hub: Any) -> None:
        from gevent.hub import Waiter  # type: ignore[import-untyped,unused-ignore]

        self.process = os.getpid()
        self._new_waiter = Waiter
        self._bell = Bell()
        self._hub = hub
        self._waiting = 0
        self._watcher = hub.loop.io(self._bell.fileno(), 1)
        self._watcher.ref = False
        self._watcher.start(self._switch)

    def wait(self, source: Call | Stream | TextFeed) -> None:
        waiter: Any = self._new_waiter(self._hub)
        if self._waiting == 0:
            # A hub without a watcher that counts has nothing to wait for, and one with such a watcher never ends.
            self._watcher.ref = True
        self._waiting += 1
        try:
            source.ring(self._bell, waiter)
            waiter.get()
        except BaseException:
            # Otherwise the rings of waits that were given up would pile up in a silence. Other readers wait again.
            source.wake_all()
            raise
        finally:
            self._waiting -= 1
            if self._waiting == 0:
                self._watcher.ref = False

    def _switch(self) -> None:
        if self.process != os.getpid():
            # In a forked child the bell is the parent's, which needs its bytes.
            self._watcher.stop()
            return
        for waiter in self._bell.take():
            waiter.switch(None)
