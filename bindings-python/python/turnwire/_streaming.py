"""Streamed replies."""

from __future__ import annotations

from ._core import ChatCompletionChunk
from ._http import Response
from ._reading import AsyncReading, Reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._core import Stream as CoreStream
    from .types.chat import ChatCompletion

__all__ = ["AsyncStream", "Stream"]


class Stream(Reading[ChatCompletionChunk]):
    """The chunks of a reply, as the service sends them.

    A stream that ends before the reply does raises, with the text so far in ``partial``. Dropping or closing it closes the
    connection.
    """

    __slots__ = ("response",)

    def __init__(self, stream: CoreStream) -> None:
        super().__init__(stream)
        self.response = Response(200, stream.headers)
        """The response: its headers, and no body."""

    def get_final_completion(self) -> ChatCompletion:
        """Reads the rest of the stream, and returns the whole reply."""
        for _ in self._stream:
            pass
        return _final(self._stream, self.response)


class AsyncStream(AsyncReading[ChatCompletionChunk]):
    """As :class:`Stream`, for ``async for``. Cancelling the task that waits for a chunk ends the stream."""

    __slots__ = ("response",)

    def __init__(self, stream: CoreStream) -> None:
        super().__init__(stream)
        self.response = Response(200, stream.headers)
        """The response: its headers, and no body."""

    async def get_final_completion(self) -> ChatCompletion:
        """Reads the rest of the stream, and returns the whole reply."""
        async for _ in self:
            pass
        return _final(self._stream, self.response)


def _final(stream: CoreStream, response: Response) -> ChatCompletion:
    import json

    from .types.chat import ChatCompletion

    reply = stream.reply()
    if reply is None:
        raise RuntimeError("the stream was closed, or failed, before its end: it has no whole reply")
    made = ChatCompletion(**json.loads(reply))
    made._request_id = response.headers.get("x-request-id")
    return made
