"""Streamed replies: as chunks, and as the bytes of a response's body."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import openai
from openai.types.chat import ChatCompletionChunk

from .._core import Stream as CoreStream
from .._exceptions import TurnwireError
from .._reading import AsyncReading
from .._response import event
from ..types._chunk import read_fields
from ._errors import join
from ._http import httpx


class Stream(openai.Stream[ChatCompletionChunk]):
    """The chunks of a reply. They have the attributes of the ``openai`` package's, and are turnwire's own.

    A stream that ends before the reply does raises, with the text so far in ``partial``. Dropping or closing it closes the
    connection.
    """

    def __init__(self, *, response: Any, **_: Any) -> None:
        self.response = response
        chunks = response.stream.items()
        self._iterator = (_model(chunk) for chunk in chunks) if _is_for_events(response) else chunks

    def __iter__(self) -> Iterator[ChatCompletionChunk]:
        return self._iterator


class AsyncStream(openai.AsyncStream[ChatCompletionChunk]):
    """As :class:`Stream`, for ``async for``. Cancelling the task that waits for a chunk ends the stream."""

    def __init__(self, *, response: Any, **_: Any) -> None:
        self.response = response
        chunks = response.stream.items()
        self._iterator = (_model(chunk) async for chunk in chunks) if _is_for_events(response) else chunks

    def __aiter__(self) -> AsyncIterator[ChatCompletionChunk]:
        return self._iterator


def _is_for_events(response: Any) -> bool:
    """True for the stream that the package makes its events from: those are pydantic's models, of models all through."""
    return bool(response.request.headers.get("x-stainless-helper-method") == "chat.completions.stream")


def _model(chunk: Any) -> ChatCompletionChunk:
    """The package's own chunk."""
    return ChatCompletionChunk.construct(**read_fields(chunk._json()))


def _bytes(item: Any) -> bytes:
    return item if isinstance(item, bytes) else event(item).encode()


class Body(httpx.SyncByteStream):  # type: ignore[misc]
    """The body of a response that is read as it arrives: by a stream of chunks, or as bytes."""

    def __init__(self, stream: CoreStream, request: Any, end: bytes) -> None:
        self._stream = stream
        self._request = request
        self._end = end

    def items(self) -> Iterator[Any]:
        """The chunks, or the pieces of audio."""
        try:
            yield from self._stream
        except TurnwireError as error:
            join(error, self._request)
            raise

    def __iter__(self) -> Iterator[bytes]:
        for item in self.items():
            yield _bytes(item)
        yield self._end

    def close(self) -> None:
        """Ends the stream and closes its connection."""
        self._stream.close()


class AsyncBody(httpx.AsyncByteStream):  # type: ignore[misc]
    """As :class:`Body`, for asyncio."""

    def __init__(self, stream: CoreStream, request: Any, end: bytes) -> None:
        self._stream = stream
        self._request = request
        self._end = end

    async def items(self) -> AsyncIterator[Any]:
        """As ``Body.items``."""
        try:
            async for chunk in AsyncReading[Any](self._stream):
                yield chunk
        except TurnwireError as error:
            join(error, self._request)
            raise

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for item in self.items():
            yield _bytes(item)
        yield self._end

    async def aclose(self) -> None:
        """As ``Body.close``."""
        self._stream.close()
