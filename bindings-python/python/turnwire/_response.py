"""Responses with status, headers and the body as it arrived."""

from __future__ import annotations

from ._closing import AsyncClosing, AsyncOpening, Closing, Opening
from ._types import Of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from typing import Any, TypeVar

    from ._http import Headers, Response

    T = TypeVar("T")
    Piece = TypeVar("Piece", str, bytes)

__all__ = [
    "APIResponse",
    "AsyncAPIResponse",
    "AsyncResponseContextManager",
    "RawAPIResponse",
    "ResponseContextManager",
    "async_opening",
    "opening",
]


class Answered:
    """The facts of every response."""

    __slots__ = ("http_response",)

    def __init__(self, response: Response) -> None:
        self.http_response = response

    @property
    def headers(self) -> Headers:
        """The response's headers."""
        return self.http_response.headers

    @property
    def status_code(self) -> int:
        """The response's status."""
        return self.http_response.status_code

    @property
    def request_id(self) -> str | None:
        """The service's id of the request."""
        request_id = self.headers.get("x-request-id")
        return None if request_id is None else str(request_id)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{self.status_code}]>"


class RawAPIResponse(Answered, Of["T"]):
    """The result of ``with_raw_response``: a response, and its content through :meth:`parse`."""

    __slots__ = ("_made", "_make")

    def __init__(self, response: Response, make: Callable[[], T]) -> None:
        super().__init__(response)
        self._make = make
        self._made: T | None = None

    def parse(self) -> T:
        """The response's content: a reply, or a stream of one."""
        if self._made is None:
            self._made = self._make()
        return self._made

    @property
    def text(self) -> str:
        """The response's body; empty for a stream."""
        return self.http_response.text

    @property
    def content(self) -> bytes:
        """The response's body as bytes."""
        return self.http_response.content

    def json(self) -> Any:
        """The response's body, read as JSON."""
        return self.http_response.json()


class _Body(Answered, Of["T"]):
    """A response whose body is read on demand, in one of several ways."""

    __slots__ = ("_kept", "_raw", "is_closed")

    def __init__(self, raw: RawAPIResponse[T]) -> None:
        super().__init__(raw.http_response)
        self._raw = raw
        self._kept: str | None = None
        self.is_closed = False

    def _parsed(self) -> T:
        return self._raw.parse()

    def _chunks(self) -> Any:
        """The chunks of a streamed reply; ``None`` for a whole one."""
        made = self._raw.parse()
        return made if hasattr(made, "get_final_completion") else None


class APIResponse(_Body["T"], Closing):
    """The result of ``with_streaming_response``: a response whose body is read on demand.

    Core decodes a body as it arrives. A whole reply has its body unchanged; a streamed one has its events (``data: …``)
    without the comments between them. :meth:`parse` and the ways to read a stream's body share the stream: a chunk that
    one has taken is gone for the other.
    """

    __slots__ = ()

    def parse(self) -> T:
        """The response's content: a reply, or a stream of one."""
        return self._parsed()

    def iter_text(self, chunk_size: int | None = None) -> Iterator[str]:
        """The body in pieces: of ``chunk_size`` characters, or as it arrives."""
        cut = Cut[str](chunk_size)
        for text in self._texts():
            yield from cut.more(text)
        yield from cut.rest()

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The body in pieces: of ``chunk_size`` bytes, or as it arrives."""
        cut = Cut[bytes](chunk_size)
        for text in self._texts():
            yield from cut.more(text.encode())
        yield from cut.rest()

    def iter_lines(self) -> Iterator[str]:
        """The body's lines."""
        for text in self._texts():
            yield from text.removesuffix("\n").split("\n")

    def text(self) -> str:
        """All of the body."""
        if self._kept is None:
            self._kept = "".join(self._texts())
        return self._kept

    def read(self) -> bytes:
        """All of the body, as bytes."""
        return self.text().encode()

    def json(self) -> Any:
        """The body, read as JSON."""
        import json

        return json.loads(self.text())

    def close(self) -> None:
        """Closes the connection, if the body has not ended."""
        self.is_closed = True
        chunks = self._chunks()
        if chunks is not None:
            chunks.close()

    def _texts(self) -> Iterator[str]:
        chunks = self._chunks()
        if self._kept is not None or chunks is None:
            yield self._raw.text if self._kept is None else self._kept
            return
        for chunk in chunks:
            yield event(chunk)
        yield END


class AsyncAPIResponse(_Body["T"], AsyncClosing):
    """As :class:`APIResponse`, for asyncio."""

    __slots__ = ()

    async def parse(self) -> T:
        """As ``APIResponse.parse``."""
        return self._parsed()

    async def iter_text(self, chunk_size: int | None = None) -> AsyncIterator[str]:
        """As ``APIResponse.iter_text``."""
        cut = Cut[str](chunk_size)
        async for text in self._texts():
            for piece in cut.more(text):
                yield piece
        for piece in cut.rest():
            yield piece

    async def iter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """As ``APIResponse.iter_bytes``."""
        cut = Cut[bytes](chunk_size)
        async for text in self._texts():
            for piece in cut.more(text.encode()):
                yield piece
        for piece in cut.rest():
            yield piece

    async def iter_lines(self) -> AsyncIterator[str]:
        """As ``APIResponse.iter_lines``."""
        async for text in self._texts():
            for line in text.removesuffix("\n").split("\n"):
                yield line

    async def text(self) -> str:
        """As ``APIResponse.text``."""
        if self._kept is None:
            self._kept = "".join([text async for text in self._texts()])
        return self._kept

    async def read(self) -> bytes:
        """As ``APIResponse.read``."""
        return (await self.text()).encode()

    async def json(self) -> Any:
        """As ``APIResponse.json``."""
        import json

        return json.loads(await self.text())

    async def close(self) -> None:
        """As ``APIResponse.close``."""
        self.is_closed = True
        chunks = self._chunks()
        if chunks is not None:
            await chunks.close()

    async def _texts(self) -> AsyncIterator[str]:
        chunks = self._chunks()
        if self._kept is not None or chunks is None:
            yield self._raw.text if self._kept is None else self._kept
            return
        async for chunk in chunks:
            yield event(chunk)
        yield END


END = "data: [DONE]\n\n"
"""The last event of a streamed body."""


def event(chunk: Any) -> str:
    """The event of a streamed body that is this chunk."""
    return f"data: {chunk.to_json(indent=None)}\n\n"


class Cut(Of["Piece"]):
    """Cuts a text into pieces of one size, or leaves it as it arrives."""

    def __init__(self, size: int | None) -> None:
        if size is not None and size < 1:
            raise ValueError(f"chunk_size is {size}, and pieces have at least 1")
        self._size = size
        self._rest: Piece | None = None

    def more(self, part: Piece) -> list[Piece]:
        """The pieces that are whole with this part."""
        size = self._size
        if size is None:
            return [part]
        rest = part if self._rest is None else self._rest + part
        whole = len(rest) - len(rest) % size
        self._rest = rest[whole:]
        return [rest[at : at + size] for at in range(0, whole, size)]

    def rest(self) -> list[Piece]:
        """The rest, when everything has arrived."""
        return [self._rest] if self._rest else []


class ResponseContextManager(Opening["APIResponse[T]"]):
    """A call whose response is open within a ``with`` block."""

    __slots__ = ()


class AsyncResponseContextManager(AsyncOpening["AsyncAPIResponse[T]"]):
    """A call whose response is open within an ``async with`` block."""

    __slots__ = ()


def opening(call: Callable[[], RawAPIResponse[T]]) -> ResponseContextManager[T]:
    """Makes the call when the block begins."""
    return ResponseContextManager(lambda: APIResponse(call()))


def async_opening(call: Callable[[], Awaitable[RawAPIResponse[T]]]) -> AsyncResponseContextManager[T]:
    """Makes the call when the block begins."""

    async def open() -> AsyncAPIResponse[T]:
        return AsyncAPIResponse(await call())

    return AsyncResponseContextManager(open)
