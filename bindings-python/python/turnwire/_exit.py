"""The end of a process: messages that still wait are delivered, within a deadline."""

from __future__ import annotations

import atexit
import os
import sys
from weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol
    from weakref import ReferenceType

    from ._core import Call

    class Flushing(Protocol):
        """An object of core whose messages are delivered in the background."""

        def flush(self, timeout: float | None, /) -> Call:
            """Waits until all messages are delivered or dead."""
            ...


_PATIENCE = 2.0
"""The most seconds that the end of a process waits for messages."""
_PRIORITY = -10
"""After what the program registers with ``multiprocessing``, such as the end of its own children."""

_living: set[ReferenceType[Flushing]] = set()
_deadlines: dict[int, float] = {}
_watched: set[int] = set()


_traced = False


def end_traces_at_exit() -> None:
    """Hands over the spans of what still runs when this process ends normally.

    Tracing libraries export what they have at the end, and drop what comes later: so before them, as the first call that is
    traced comes after their set-up.
    """
    global _traced
    if not _traced:
        _traced = True
        atexit.register(_deliver)


def deliver_at_exit(source: Flushing) -> None:
    """Delivers the messages of ``source`` when this process ends normally, or a child that is forked from it."""
    if not _watched:
        atexit.register(_deliver)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_in_child)
    if os.getpid() not in _watched:
        _watched.add(os.getpid())
        process = sys.modules.get("multiprocessing.process")
        if process is not None and process.parent_process() is not None:
            _finalize(_deliver)
    _living.add(ref(source, _living.discard))


def _in_child() -> None:
    # A child of multiprocessing runs no `atexit`, and forgets its parent's finalizers when it begins.
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        _watched.add(os.getpid())
        util.register_after_fork(_deliver, _finalize)


def _finalize(deliver: Any) -> None:
    from multiprocessing.util import Finalize

    Finalize(None, deliver, exitpriority=_PRIORITY)


def _deliver() -> None:
    from time import monotonic

    from ._core import end_traces, flush_dropped

    # One deadline, also where a process has both kinds of hooks.
    end = _deadlines.setdefault(os.getpid(), monotonic() + _PATIENCE)
    left = max(0, end - monotonic())
    sources = [source for living in list(_living) if (source := living()) is not None]
    # All at the same time: one whose service is down does not take the time of the others.
    for call in [*(source.flush(left) for source in sources), flush_dropped(left)]:
        call.wait()
    if _traced:
        end_traces(max(0, end - monotonic())).wait()
