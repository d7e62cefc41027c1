"""The text of a speech on its way to core: read piece by piece from an iterable, and no faster than it is spoken."""

from __future__ import annotations

from ._closing import AsyncClosing, Closing
from ._host import call_soon
from ._waiting import filled, is_gevent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from collections.abc import AsyncIterable, Callable, Iterable
    from contextvars import Context
    from typing import Any

    from ._core import TextFeed

__all__ = ["feed_by_task", "feed_by_thread"]


def feed_by_thread(text: Iterable[Any], feed: TextFeed, context: Context) -> Callable[[], None]:
    """Feeds a text that a thread reads, or a greenlet under gevent. The result ends the reading early."""
    if isinstance(text, str):
        feed.push(text)
        feed.end()
        return _nothing
    if is_gevent():
        from gevent import spawn  # type: ignore[import-untyped,unused-ignore]

        spawn(context.run, _feed, text, feed)
    else:
        from threading import Thread

        thread = Thread(target=context.run, args=(_feed, text, feed), name="turnwire-text", daemon=True)
        thread.start()
    # A reply or a turn may be closed by another thread than its reader's, whose wait then ends.
    return text.close if isinstance(text, Closing) else _nothing


def feed_by_task(
    text: AsyncIterable[Any], feed: TextFeed, context: Context, loop: AbstractEventLoop
) -> Callable[[], None]:
    """Feeds a text that a task of the loop reads. The result ends the reading early, from any thread."""
    # A task has a copy of the context that it is created in. The loop itself keeps weak references alone.
    task: Task[None] = context.run(loop.create_task, _feed_in_asyncio(text, feed))
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)
    return lambda: call_soon(loop, task.cancel)


_TASKS: set[Task[None]] = set()


def _nothing() -> None:
    pass


def _feed(text: Iterable[Any], feed: TextFeed) -> None:
    try:
        for item in text:
            if not feed.write(_text_of(item)):
                break
        feed.end()
    except BaseException as error:
        feed.fail(error)
    finally:
        if isinstance(text, Closing):
            text.close()


async def _feed_in_asyncio(text: AsyncIterable[Any], feed: TextFeed) -> None:
    try:
        async for item in text:
            state = feed.push(_text_of(item))
            if state == "closed":
                break
            if state == "full":
                await filled(feed)
        feed.end()
    except BaseException as error:
        feed.fail(error)
        if not isinstance(error, Exception):
            raise
    finally:
        if isinstance(text, AsyncClosing):
            await text.close()


def _text_of(item: Any) -> str:
    """The text of a string, of a chunk of a reply, or of an event of a turn or of ``chat.completions.stream``."""
    if isinstance(item, str):
        return item
    choices = getattr(item, "choices", None)
    if isinstance(choices, list):
        return (choices[0].delta.content or "") if choices else ""
    kind = getattr(item, "type", None)
    if not isinstance(kind, str):
        advice = ": give the turn itself, not its bytes" if isinstance(item, bytes) else ""
        raise TypeError(f"a text to speak has strings, chunks or events, not {type(item).__name__}{advice}")
    field = {"content": "content", "content.delta": "delta"}.get(kind)
    return "" if field is None else str(getattr(item, field))
