"""Reading a stream of core's, item by item: chunks, events or bytes."""

from __future__ import annotations

from ._closing import AsyncClosing, Closing, Done
from ._types import Of
from ._waiting import filled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterator
    from typing import Any, TypeVar

    from ._core import Stream

    Item = TypeVar("Item")

__all__ = ["AsyncReading", "Reading"]


class Reading(Closing, Of["Item"]):
    """The items of a stream, for ``for``."""

    __slots__ = ("__weakref__", "_stream")

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[Item]:
        return self._stream

    def __next__(self) -> Item:
        item: Item = next(self._stream)
        return item

    def close(self) -> None:
        """Ends the stream and closes its connection."""
        self._stream.close()


class AsyncReading(AsyncClosing, Of["Item"]):
    """The items of a stream, for ``async for``. Cancelling the task that waits for an item ends the stream."""

    __slots__ = ("__weakref__", "_stream")

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[Item]:
        stream = self._stream
        take = stream.take
        while True:
            item = take()
            if item is not None:
                yield item
            elif stream.ended:
                return
            else:
                await filled(stream)

    async def __anext__(self) -> Item:
        while True:
            item: Item | None = self._stream.take()
            if item is not None:
                return item
            if self._stream.ended:
                raise StopAsyncIteration
            await filled(self._stream)

    def close(self) -> Coroutine[Any, Any, None]:
        """Ends the stream and closes its connection: at once, from any task or thread, awaited or not."""
        self._stream.close()
        return _DONE

    aclose = close


_DONE = Done()
