"""Streams of events, and the ``with`` blocks within which they are open."""

from __future__ import annotations

from ...._closing import AsyncClosing, AsyncOpening, Closing, Opening
from ...._types import Of
from ._state import ChatCompletionStreamState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from typing import TypeVar

    from typing_extensions import Self

    from ...._http import Response
    from ...._parsing import Parsing
    from ...._streaming import AsyncStream, Stream
    from ....types.chat import ParsedChatCompletion
    from ._events import ChatCompletionStreamEvent

    Content = TypeVar("Content")


class _Events(Of["Content"]):
    """The common part of both kinds of streams."""

    _state: ChatCompletionStreamState[Content]
    response: Response
    """The response: its headers, and no body."""

    @property
    def current_completion_snapshot(self) -> ParsedChatCompletion[Content]:
        """The reply so far."""
        return self._state.current_completion_snapshot

    def _final(self) -> ParsedChatCompletion[Content]:
        completion = self._state.get_final_completion()
        completion._request_id = self.response.headers.get("x-request-id")
        return completion


class ChatCompletionStream(_Events["Content"], Closing):
    """A streamed reply as events. A cut-off stream raises, as in :class:`turnwire.Stream`."""

    def __init__(self, stream: Stream, parsing: Parsing) -> None:
        self._stream = stream
        self._state = ChatCompletionStreamState._of(parsing)
        self._events = self._run()
        self.response = stream.response

    def _run(self) -> Iterator[ChatCompletionStreamEvent]:
        for chunk in self._stream:
            # Azure sends the findings of its filters in chunks of no kind.
            if chunk.object != "":
                yield from self._state.handle_chunk(chunk)

    def __iter__(self) -> Iterator[ChatCompletionStreamEvent]:
        return self._events

    def __next__(self) -> ChatCompletionStreamEvent:
        return next(self._events)

    def until_done(self) -> Self:
        """Reads the rest of the stream."""
        for _ in self._events:
            pass
        return self

    def get_final_completion(self) -> ParsedChatCompletion[Content]:
        """Reads the rest of the stream, and returns the whole reply, parsed."""
        return self.until_done()._final()

    def close(self) -> None:
        """Ends the stream and closes its connection."""
        self._stream.close()


class AsyncChatCompletionStream(_Events["Content"], AsyncClosing):
    """As :class:`ChatCompletionStream`, for asyncio."""

    def __init__(self, stream: AsyncStream, parsing: Parsing) -> None:
        self._stream = stream
        self._state = ChatCompletionStreamState._of(parsing)
        self._events = self._run()
        self.response = stream.response

    async def _run(self) -> AsyncIterator[ChatCompletionStreamEvent]:
        async for chunk in self._stream:
            if chunk.object != "":
                for event in self._state.handle_chunk(chunk):
                    yield event

    def __aiter__(self) -> AsyncIterator[ChatCompletionStreamEvent]:
        return self._events

    async def __anext__(self) -> ChatCompletionStreamEvent:
        return await self._events.__anext__()

    async def until_done(self) -> Self:
        """Reads the rest of the stream."""
        async for _ in self._events:
            pass
        return self

    async def get_final_completion(self) -> ParsedChatCompletion[Content]:
        """Reads the rest of the stream, and returns the whole reply, parsed."""
        return (await self.until_done())._final()

    async def close(self) -> None:
        """Ends the stream and closes its connection."""
        await self._stream.close()


class ChatCompletionStreamManager(Opening["ChatCompletionStream[Content]"]):
    """A streamed reply that is open within a ``with`` block."""

    __slots__ = ()


class AsyncChatCompletionStreamManager(AsyncOpening["AsyncChatCompletionStream[Content]"]):
    """A streamed reply that is open within an ``async with`` block."""

    __slots__ = ()
