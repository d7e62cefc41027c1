"""Responses whose bodies are bytes: whole, or as they arrive."""

from __future__ import annotations

from ._closing import AsyncClosing, Closing
from ._exceptions import OpenAIError
from ._http import Response
from ._response import Answered, Cut
from ._types import Of
from ._waiting import filled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator
    from os import PathLike
    from typing import Any, TypeVar

    from ._core import Stream

    Piece = TypeVar("Piece", str, bytes)

__all__ = ["AsyncOpenedAudio", "HttpxBinaryResponseContent", "OpenedAudio"]


class HttpxBinaryResponseContent:
    """A body of bytes that has arrived. The name, and the methods, are those of the ``openai`` package."""

    __slots__ = ("response",)

    def __init__(self, response: Response) -> None:
        self.response = response
        """The response: its headers and its body."""

    @property
    def content(self) -> bytes:
        """The bytes."""
        return self.response.content

    @property
    def text(self) -> str:
        """The bytes, read as UTF-8."""
        return self.response.text

    def json(self, **options: Any) -> Any:
        """The bytes, read as JSON."""
        import json

        return json.loads(self.content, **options)

    def read(self) -> bytes:
        """The bytes."""
        return self.response.content

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The bytes in pieces of ``chunk_size``, or in one."""
        return _cut(self.content, chunk_size)

    iter_raw = iter_bytes

    def iter_text(self, chunk_size: int | None = None) -> Iterator[str]:
        """The text in pieces of ``chunk_size`` characters, or in one."""
        return _cut(self.text, chunk_size)

    def iter_lines(self) -> Iterator[str]:
        """The text's lines."""
        return iter(self.text.splitlines())

    def write_to_file(self, file: str | PathLike[str]) -> None:
        """Writes the bytes to a file."""
        with open(file, "wb") as written:
            written.write(self.content)

    def stream_to_file(self, file: str | PathLike[str], *, chunk_size: int | None = None) -> None:
        """As ``write_to_file``: the bytes have arrived. ``with_streaming_response`` writes them as they arrive."""
        self.write_to_file(file)

    def close(self) -> None:
        """Does nothing: the response has arrived."""

    async def aread(self) -> bytes:
        """As ``read``."""
        return self.content

    def aiter_bytes(self, chunk_size: int | None = None) -> _Awaited[bytes]:
        """As ``iter_bytes``, for ``async for``; it may be awaited first."""
        return _Awaited(self.iter_bytes(chunk_size))

    aiter_raw = aiter_bytes

    def aiter_text(self, chunk_size: int | None = None) -> _Awaited[str]:
        """As ``iter_text``, for ``async for``; it may be awaited first."""
        return _Awaited(self.iter_text(chunk_size))

    def aiter_lines(self) -> _Awaited[str]:
        """As ``iter_lines``, for ``async for``; it may be awaited first."""
        return _Awaited(self.iter_lines())

    async def astream_to_file(self, file: str | PathLike[str], *, chunk_size: int | None = None) -> None:
        """As ``write_to_file``, on another thread."""
        from asyncio import get_running_loop

        await get_running_loop().run_in_executor(None, self.write_to_file, file)

    async def aclose(self) -> None:
        """Does nothing: the response has arrived."""


class _Awaited(Of["Piece"]):
    """Pieces for ``async for``. Awaiting them, as code for the ``openai`` package does, returns them."""

    __slots__ = ("_pieces",)

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self._pieces: Iterator[Piece] = pieces

    def __await__(self) -> Generator[None, None, _Awaited[Piece]]:
        return self
        yield  # a generator is an iterator, as an awaitable needs

    def __aiter__(self) -> _Awaited[Piece]:
        return self

    async def __anext__(self) -> Piece:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


class _Opened(Answered):
    """A response whose bytes are read as they arrive, once."""

    __slots__ = ("_is_read", "_kept", "_stream", "is_closed")

    def __init__(self, stream: Stream) -> None:
        super().__init__(Response(200, stream.headers))
        self._stream = stream
        self._kept: bytes | None = None
        self._is_read = False
        self.is_closed = False

    def _begin(self) -> None:
        if self._is_read:
            raise OpenAIError("the body was read as it arrived: read() it first, and it can be read again")
        self._is_read = True

    def _end(self) -> None:
        self.is_closed = True
        self._stream.close()


class OpenedAudio(_Opened, Closing):
    """The result of ``with_streaming_response``: audio as it arrives."""

    __slots__ = ()

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The bytes in pieces: of ``chunk_size``, or as they arrive."""
        cut = Cut[bytes](chunk_size)
        for piece in self._pieces():
            yield from cut.more(piece)
        yield from cut.rest()

    def iter_text(self, chunk_size: int | None = None) -> Iterator[str]:
        """The bytes as UTF-8, in pieces: of ``chunk_size`` characters, or as they arrive."""
        cut, decoder = Cut[str](chunk_size), _decoder()
        for piece in self._pieces():
            yield from cut.more(decoder.decode(piece))
        yield from cut.more(decoder.decode(b"", True))
        yield from cut.rest()

    def iter_lines(self) -> Iterator[str]:
        """The lines of the bytes as UTF-8."""
        rest = ""
        for text in self.iter_text():
            *lines, rest = (rest + text).split("\n")
            for line in lines:
                yield line.removesuffix("\r")
        if rest:
            yield rest

    def read(self) -> bytes:
        """All bytes."""
        if self._kept is None:
            self._kept = b"".join(self._pieces())
        return self._kept

    def parse(self) -> bytes:
        """All bytes."""
        return self.read()

    def text(self) -> str:
        """All bytes, read as UTF-8."""
        return self.read().decode("utf-8", "replace")

    def json(self) -> Any:
        """All bytes, read as JSON."""
        import json

        return json.loads(self.read())

    def stream_to_file(self, file: str | PathLike[str], *, chunk_size: int | None = None) -> None:
        """Writes the bytes to a file as they arrive."""
        with open(file, "wb") as written:
            for piece in self.iter_bytes(chunk_size):
                written.write(piece)

    def close(self) -> None:
        """Closes the connection, if the body has not ended."""
        self._end()

    def _pieces(self) -> Iterator[bytes]:
        if self._kept is not None:
            return iter([self._kept])
        self._begin()
        pieces: Iterator[bytes] = self._stream
        return pieces


class AsyncOpenedAudio(_Opened, AsyncClosing):
    """As :class:`OpenedAudio`, for asyncio."""

    __slots__ = ()

    async def iter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """As ``OpenedAudio.iter_bytes``."""
        cut = Cut[bytes](chunk_size)
        async for arrived in self._pieces():
            for piece in cut.more(arrived):
                yield piece
        for piece in cut.rest():
            yield piece

    async def iter_text(self, chunk_size: int | None = None) -> AsyncIterator[str]:
        """As ``OpenedAudio.iter_text``."""
        cut, decoder = Cut[str](chunk_size), _decoder()
        async for arrived in self._pieces():
            for piece in cut.more(decoder.decode(arrived)):
                yield piece
        for piece in [*cut.more(decoder.decode(b"", True)), *cut.rest()]:
            yield piece

    async def iter_lines(self) -> AsyncIterator[str]:
        """As ``OpenedAudio.iter_lines``."""
        rest = ""
        async for text in self.iter_text():
            *lines, rest = (rest + text).split("\n")
            for line in lines:
                yield line.removesuffix("\r")
        if rest:
            yield rest

    async def read(self) -> bytes:
        """As ``OpenedAudio.read``."""
        if self._kept is None:
            self._kept = b"".join([piece async for piece in self._pieces()])
        return self._kept

    async def parse(self) -> bytes:
        """As ``OpenedAudio.parse``."""
        return await self.read()

    async def text(self) -> str:
        """As ``OpenedAudio.text``."""
        return (await self.read()).decode("utf-8", "replace")

    async def json(self) -> Any:
        """As ``OpenedAudio.json``."""
        import json

        return json.loads(await self.read())

    async def stream_to_file(self, file: str | PathLike[str], *, chunk_size: int | None = None) -> None:
        """As ``OpenedAudio.stream_to_file``; the file is written on another thread."""
        from asyncio import get_running_loop

        loop = get_running_loop()
        written = await loop.run_in_executor(None, open, file, "wb")
        try:
            async for piece in self.iter_bytes(chunk_size):
                await loop.run_in_executor(None, written.write, piece)
        finally:
            await loop.run_in_executor(None, written.close)

    async def close(self) -> None:
        """As ``OpenedAudio.close``."""
        self._end()

    async def _pieces(self) -> AsyncIterator[bytes]:
        if self._kept is not None:
            yield self._kept
            return
        self._begin()
        while True:
            piece = self._stream.take()
            if piece is not None:
                yield piece
            elif self._stream.ended:
                return
            else:
                await filled(self._stream)


def _decoder() -> Any:
    from codecs import getincrementaldecoder

    return getincrementaldecoder("utf-8")("replace")


def _cut(whole: Piece, size: int | None) -> Iterator[Piece]:
    cut: Cut[Piece] = Cut(size)
    yield from cut.more(whole)
    yield from cut.rest()
