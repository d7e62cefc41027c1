"""Replies while they are made."""

from __future__ import annotations

from ._closing import AsyncClosing, Closing
from ._http import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from typing import Any

    from ._core import ChatCompletionChunk, Chunks
    from .types.chat import ChatCompletion

__all__ = ["AsyncStream", "Stream"]


class _Streamed:
    """What both kinds of streams have."""

    __slots__ = ("__weakref__", "_chunks", "response")

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks
        self.response = Response(200, chunks.headers)
        """The response: its headers, and no body."""

    def __class_getitem__(cls, _item: object) -> Any:
        return cls

    def _final(self) -> ChatCompletion:
        import json

        from .types.chat import ChatCompletion

        reply = self._chunks.reply()
        if reply is None:
            raise RuntimeError("the stream was closed, or failed, before its end: it has no whole reply")
        made = ChatCompletion(**json.loads(reply))
        made._request_id = self.response.headers.get("x-request-id")
        return made


class Stream(_Streamed, Closing):
    """The chunks of a reply, as the service makes them.

    It ends well only if the service says so; else it raises, with the text so far in ``partial``. Dropping or closing
    it closes the connection.
    """

    __slots__ = ()

    def __iter__(self) -> Iterator[ChatCompletionChunk]:
        return self._chunks

    def __next__(self) -> ChatCompletionChunk:
        return next(self._chunks)

    def get_final_completion(self) -> ChatCompletion:
        """Reads what is left of the stream, and gives the whole reply."""
        for _ in self._chunks:
            pass
        return self._final()

    def close(self) -> None:
        """Ends the stream and closes its connection."""
        self._chunks.close()


class AsyncStream(_Streamed, AsyncClosing):
    """The chunks of a reply, as the service makes them, for ``async for``.

    As :class:`Stream` otherwise. Cancelling the task that waits for a chunk ends the stream.
    """

    __slots__ = ()

    async def __aiter__(self) -> AsyncIterator[ChatCompletionChunk]:
        take = self._chunks.take
        while True:
            chunk = take()
            if chunk is not None:
                yield chunk
            elif not await self._more():
                return

    async def __anext__(self) -> ChatCompletionChunk:
        while True:
            chunk = self._chunks.take()
            if chunk is not None:
                return chunk
            if not await self._more():
                raise StopAsyncIteration

    async def _more(self) -> bool:
        """Waits until there is something to take; false at the end."""
        if self._chunks.ended:
            return False
        from ._waiting import filled

        await filled(self._chunks)
        return True

    async def get_final_completion(self) -> ChatCompletion:
        """Reads what is left of the stream, and gives the whole reply."""
        async for _ in self:
            pass
        return self._final()

    async def close(self) -> None:
        """Ends the stream and closes its connection."""
        self._chunks.close()

    aclose = close
