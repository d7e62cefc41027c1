"""The client of a chat service, which serves turns."""

from __future__ import annotations

from ._core import ChatService as CoreChatService
from ._models import BaseModel, one
from ._reading import AsyncReading, Reading
from ._request import to_json
from ._timeline import TokenUsage
from ._token_client import AsyncCalls, TokenClient
from ._turn_events import TurnEvent
from ._waiting import result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._host_types import TokenFunction
    from ._settings import ChatServiceOptions
    from ._turns_settings import TurnFields

__all__ = ["AsyncChatService", "AsyncTurnStream", "ChatAnswer", "ChatService", "TurnStream"]


class ChatAnswer(BaseModel, usage=one(TokenUsage)):
    """A whole reply of a chat service."""

    reply: str
    workspace_id: str | None
    """The workspace of the turn, if it has one."""
    audio: bytes | None
    """The spoken reply, if it was asked for."""
    stopped: bool
    """True if the turn was stopped; the reply ends at that point."""
    usage: TokenUsage | None
    """The tokens that the reply took, if the service sends them."""


class TurnStream(Reading[TurnEvent]):
    """The events of a turn, for ``for``. Closing it, or dropping it before its end, leaves the turn.

    A turn that fails raises, with the text so far in ``partial``.
    """

    __slots__ = ()

    @property
    def request_id(self) -> str | None:
        """The service's id of the request, for support requests."""
        return _request_id(self._stream.headers)


class AsyncTurnStream(AsyncReading[TurnEvent]):
    """As :class:`TurnStream`, for ``async for``. Cancelling the task that waits for an event leaves the turn."""

    __slots__ = ()

    @property
    def request_id(self) -> str | None:
        """The service's id of the request, for support requests."""
        return _request_id(self._stream.headers)


class _ChatService(TokenClient["CoreChatService"]):
    """The common part of both clients."""

    __slots__ = ()

    def __init__(
        self,
        base_url: str,
        *,
        token_provider: TokenFunction | None = None,
        **settings: Unpack[ChatServiceOptions],
    ) -> None:
        """Nothing is sent. Without tokens here, each turn brings its own, or the provider has them.

        ``token_provider`` is called with the id of a user and with the tokens that were refused, both of which may be
        ``None``, and returns ``(access_token, refresh_token)``, or ``None`` if there are none.
        """
        self._open(
            lambda json, ask: CoreChatService(json, token_provider=ask),
            {**settings, "base_url": base_url},
            token_provider,
        )


class ChatService(_ChatService):
    """A client of a chat service: it requests turns and reads their events.

    It may be shared by threads and greenlets, and used on in a forked process.

    >>> service = ChatService("http://localhost:5000", access_token=access, refresh_token=refresh)
    >>> with service.stream("안녕하세요", workspace_id="ws-1") as turn:
    ...     for event in turn:
    ...         if event.type == "content":
    ...             print(event.content, end="")
    """

    __slots__ = ()

    def stream(self, message: str, **fields: Unpack[TurnFields]) -> TurnStream:
        """Requests a turn, and returns as soon as the service has accepted the message.

        A service that does not stream is asked for the whole reply, if it has certainly not accepted the message. Once
        the stream has begun, nothing is sent again.
        """
        return TurnStream(self._calls.stream(to_json({"message": message, **fields})).wait())

    def send(self, message: str, **fields: Unpack[TurnFields]) -> ChatAnswer:
        """Requests a turn and waits for its whole reply, with ``speech=True`` also as audio."""
        return _answer(self._calls.send(to_json({"message": message, **fields})).wait())

    def speak(self, text: str) -> bytes:
        """The speech of a text, as MP3."""
        audio: bytes = self._calls.speak(text).wait()
        return audio

    def stop(self, turn_id: str) -> None:
        """Stops a running turn, whose id is in its event ``turn``: the reply ends with the text so far, which is kept.

        A turn that has ended already is not an error; another user's is a ``NotFoundError``.
        """
        self._calls.stop(turn_id).wait()


class AsyncChatService(AsyncCalls, _ChatService):
    """As :class:`ChatService`, for asyncio. It belongs to no event loop, and may be used from several."""

    __slots__ = ()

    async def stream(self, message: str, **fields: Unpack[TurnFields]) -> AsyncTurnStream:
        """As ``ChatService.stream``."""
        return AsyncTurnStream(await result(self._calls.stream(to_json({"message": message, **fields}))))

    async def send(self, message: str, **fields: Unpack[TurnFields]) -> ChatAnswer:
        """As ``ChatService.send``."""
        return _answer(await result(self._calls.send(to_json({"message": message, **fields}))))

    async def speak(self, text: str) -> bytes:
        """As ``ChatService.speak``."""
        audio: bytes = await result(self._calls.speak(text))
        return audio

    async def stop(self, turn_id: str) -> None:
        """As ``ChatService.stop``."""
        await result(self._calls.stop(turn_id))


def _answer(found: tuple[str, list[tuple[str, str]]]) -> ChatAnswer:
    import json
    from base64 import b64decode

    fields = json.loads(found[0])
    audio = fields.pop("audio_base64")
    return ChatAnswer(audio=None if audio is None else b64decode(audio), **fields)


def _request_id(headers: list[tuple[str, str]]) -> str | None:
    return next((value for name, value in headers if name == "x-request-id"), None)
