"""A turn that runs."""

from __future__ import annotations

from ._closing import AsyncClosing, Closing
from ._reading import AsyncReading, Reading
from ._timeline import Timeline
from ._turn_events import TurnEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ._core import Stream
    from ._core import Turn as CoreTurn

__all__ = ["AsyncTurn", "AsyncTurnBytes", "Turn", "TurnBytes"]


class _Body:
    """The common part of both kinds of bytes."""

    __slots__ = ()
    _stream: Stream

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the response."""
        return dict(self._stream.headers)


class TurnBytes(_Body, Reading[bytes]):
    """A turn as the body of a response: bytes, piece by piece. Closing or dropping it leaves the turn."""

    __slots__ = ()


class AsyncTurnBytes(_Body, AsyncReading[bytes]):
    """As :class:`TurnBytes`, for ``async for``. A web framework may close it from any task or thread."""

    __slots__ = ()

    def __aiter__(self) -> AsyncTurnBytes:
        # No generator: that could not be closed by one task while another waits in it.
        return self


class _Turn:
    """The common part of both kinds of turns."""

    __slots__ = ("__weakref__", "_turn")

    def __init__(self, turn: CoreTurn) -> None:
        self._turn = turn

    @property
    def id(self) -> str:
        """The turn's id, for ``turns.stop``."""
        return self._turn.id

    @property
    def message_id(self) -> str:
        """The id of the user's message."""
        return self._turn.message_id

    @property
    def reply_id(self) -> str:
        """The id of the AI's message."""
        return self._turn.reply_id

    def timeline(self) -> Timeline:
        """The begin and the end of each stage so far. Saving goes on after the last event."""
        return Timeline.model_validate_json(self._turn.timeline())

    def stop(self) -> None:
        """Stops the turn: the text so far is kept, and the last event is a ``done`` that is ``stopped``."""
        self._turn.stop()

    def cancel(self) -> None:
        """Ends the turn now, as its reader's going away does."""
        self._turn.cancel()


class Turn(_Turn, Closing):
    """A turn that runs. It is read once: as events, by iteration, or as the bytes of a response.

    A turn that fails raises, with the text so far in ``partial``. Closing it, or dropping it before its end, leaves the
    turn: by default the text so far is kept.
    """

    __slots__ = ("_events",)

    def __init__(self, turn: CoreTurn) -> None:
        super().__init__(turn)
        self._events: Reading[TurnEvent] | None = None

    def __iter__(self) -> Iterator[TurnEvent]:
        return iter(self._read())

    def __next__(self) -> TurnEvent:
        return next(self._read())

    def sse(self) -> TurnBytes:
        """The event stream as bytes, for the body of a response. A failure is an ``error`` event in it."""
        return TurnBytes(self._turn.bytes("sse"))

    def ui_stream(self) -> TurnBytes:
        """The turn in the AI SDK's UI message stream, which ``useChat`` reads. A failure is an ``error`` part in it. The
        response has the header ``x-vercel-ai-ui-message-stream: v1``."""
        return TurnBytes(self._turn.bytes("ui"))

    def text_stream(self) -> TurnBytes:
        """The text of the reply, in UTF-8. A failure raises, since text cannot carry it: the server breaks off the response."""
        return TurnBytes(self._turn.bytes("text"))

    def close(self) -> None:
        """Leaves the turn."""
        self._turn.cancel()

    def _read(self) -> Reading[TurnEvent]:
        if self._events is None:
            self._events = Reading(self._turn.events())
        return self._events


class AsyncTurn(_Turn, AsyncClosing):
    """As :class:`Turn`, for asyncio. Cancelling the task that waits for an event leaves the turn."""

    __slots__ = ("_events",)

    def __init__(self, turn: CoreTurn) -> None:
        super().__init__(turn)
        self._events: AsyncReading[TurnEvent] | None = None

    def __aiter__(self) -> AsyncIterator[TurnEvent]:
        return self._read().__aiter__()

    async def __anext__(self) -> TurnEvent:
        return await self._read().__anext__()

    def asse(self) -> AsyncTurnBytes:
        """As ``Turn.sse``."""
        return AsyncTurnBytes(self._turn.bytes("sse"))

    def aui_stream(self) -> AsyncTurnBytes:
        """As ``Turn.ui_stream``."""
        return AsyncTurnBytes(self._turn.bytes("ui"))

    def atext_stream(self) -> AsyncTurnBytes:
        """As ``Turn.text_stream``."""
        return AsyncTurnBytes(self._turn.bytes("text"))

    async def close(self) -> None:
        """Leaves the turn."""
        self._turn.cancel()

    aclose = close

    def _read(self) -> AsyncReading[TurnEvent]:
        if self._events is None:
            self._events = AsyncReading(self._turn.events())
        return self._events
