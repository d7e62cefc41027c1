"""Turns as responses."""

from __future__ import annotations

from .._turn import AsyncTurnBytes
from ._frameworks import Base, in_quart, join_starlette, quart_response
from ._sending import encoded, merged, send_turn, while_read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from starlette.background import BackgroundTask

    from .._turn import AsyncTurn, Turn
    from ._types import Receive, Scope, Send

__all__ = ["SSEResponse", "TextResponse", "UIMessageResponse"]


class _Response(Base):
    """A turn as a response.

    It listens for the reader's going away, whatever version of ASGI the server announces, so that this ends the turn at once,
    also in silence. The turn is left as well when the task is cancelled, when sending fails, and when the response is dropped
    unsent.
    """

    _wire: str

    def __new__(
        cls, turn: AsyncTurn | Turn, status_code: int = 200, headers: Mapping[str, str] | None = None
    ) -> Any:
        if in_quart():
            body = AsyncTurnBytes(turn._turn.bytes(cls._wire))
            return quart_response(body, status_code, merged(body.headers, headers))
        join_starlette(_Response)
        return super().__new__(cls)

    def __init__(
        self, turn: AsyncTurn | Turn, status_code: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """``headers`` are added to those of the format, and win over them."""
        self._body = AsyncTurnBytes(turn._turn.bytes(self._wire))
        self.status_code = status_code
        self.raw_headers = encoded(merged(self._body.headers, headers).items())
        self.background: BackgroundTask | None = None
        """Work for the time after the response, of Starlette."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the response."""
        await while_read(receive, send_turn(self._body, self.status_code, self.raw_headers, send))
        if self.background is not None:
            await self.background()

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: Any) -> Any:
        # Asked for by FastAPI for the return annotation of a view, if it does not know yet that this is a response.
        from pydantic_core.core_schema import any_schema

        return any_schema()


class SSEResponse(_Response):
    """A turn as an event stream. A failure is an ``error`` event in it."""

    _wire = "sse"


class UIMessageResponse(_Response):
    """A turn as the AI SDK's UI message stream, which ``useChat`` reads. A failure is an ``error`` part in it."""

    _wire = "ui"


class TextResponse(_Response):
    """The text of a reply, as it arrives. A failure breaks off the response, and so raises."""

    _wire = "text"


join_starlette(_Response)
