"""The engine of turns: a user's message, its streamed reply, and the side stages of both."""

from __future__ import annotations

from ._closing import refuse_to_pickle
from ._core import Turns as CoreTurns
from ._exit import deliver_at_exit
from ._host import Caller, hosted, is_coroutine_function
from ._host_kinds import SENTIMENT
from ._outbox import AnyOutbox, FlushReport
from ._request import settings_to_json, to_json
from ._tracing import turn_trace
from ._turn import AsyncTurn, Turn
from ._waiting import result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any, NoReturn

    from typing_extensions import Unpack

    from ._client import AnyClient, SyncClient
    from ._host_types import AsyncSpeakerFunction, SpeakerFunction
    from ._settings import SpeakerSettings
    from ._speakers import Speaker
    from ._turns_settings import SentimentSettings, TurnFields, TurnsSettings

__all__ = ["AsyncTurns", "Turns"]


_REFUSED = False
"""In the place of a part of a wrong kind: core tells which are allowed."""


class _Turns:
    """The common part of both engines."""

    __slots__ = ("__weakref__", "_turns")

    def __init__(self, client: AnyClient, settings: dict[str, Any]) -> None:
        from ._any_store import AnyStore
        from ._client import part_of

        inner, options = part_of(client, "turns")
        given = dict(settings)
        for name, field, part in (("store", "base_url", AnyStore), ("outbox", "path", AnyOutbox)):
            value = given.get(name)
            if isinstance(value, str) or (name == "outbox" and hasattr(value, "__fspath__")):
                given[name] = {field: value}
            elif value is not None and not isinstance(value, (dict, part)):
                given[name] = _REFUSED
        has_store = given.get("store") is not None
        parts: dict[str, Any] = {}
        if callable(given.get("sentiment")):
            parts["sentiment"] = hosted(SENTIMENT, given.pop("sentiment"))
        if given.get("speaker") is not None and not isinstance(given["speaker"], dict):
            from ._speakers import handle

            parts["speaker"] = handle(given.pop("speaker"))
        if isinstance(given.get("store"), AnyStore):
            parts["store"] = given.pop("store")._handle()
        if isinstance(given.get("outbox"), AnyOutbox):
            parts["outbox"] = given.pop("outbox")._outbox
        self._turns = CoreTurns(inner, options, settings_to_json(given), **parts)
        if has_store:
            deliver_at_exit(self._turns)

    def __reduce__(self) -> NoReturn:
        refuse_to_pickle(self, "make the engine there")


class Turns(_Turns):
    """The engine of turns. It may be shared by threads and greenlets, and used on in a forked process.

    >>> turns = Turns(OpenAI(), system_prompt="…")
    >>> for event in turns.start("안녕하세요"):
    ...     if event.type == "content":
    ...         print(event.content, end="")
    """

    __slots__ = ()

    def __init__(
        self,
        client: SyncClient,
        *,
        sentiment: Callable[[str], str] | SentimentSettings | None = None,
        speaker: Speaker | SpeakerFunction | SpeakerSettings | None = None,
        **settings: Unpack[TurnsSettings],
    ) -> None:
        """``sentiment`` returns the label of a message; or it names a model. ``speaker`` speaks; as a function it returns
        the audio of a :class:`SpeechRequest`: bytes, or an iterable of bytes, such as a generator's. Functions run on
        threads of their own, with the context variables of ``start``."""
        for name, function in (("sentiment", sentiment), ("speaker", speaker)):
            if callable(function) and is_coroutine_function(function):
                raise TypeError(f"{name} is a coroutine function: use AsyncTurns, or give a plain function")
        super().__init__(client, {**settings, "sentiment": sentiment, "speaker": speaker})

    def start(self, message: str, **fields: Unpack[TurnFields]) -> Turn:
        """Starts a turn. The user's message is in the outbox when this returns."""
        request = _request(message, fields)
        return Turn(self._turns.start(request, *turn_trace()))

    def stop(self, turn_id: str, *, user_id: str | None = None) -> bool:
        """Stops the turn of this id, also one of another process that shares the outbox's file; false if none is known
        to run. With ``user_id``, a turn that ``start`` was not given this user for runs on: for a request of that user."""
        return self._turns.stop(turn_id, user_id)

    def speak(self, text: str) -> bytes:
        """Speaks a text with the ``speaker``: its sentences, joined to one piece of audio."""
        audio: bytes = self._turns.speak(text, Caller()).wait()
        return audio

    def flush(self, timeout: float | None = 5) -> FlushReport:
        """Waits until all messages are delivered or dead, at most for ``timeout`` seconds."""
        return _report(self._turns.flush(timeout).wait())

    def shutdown(self, timeout: float | None = 5) -> FlushReport:
        """As ``flush``, and starts no turn any more. Turns that still run fail, with their text so far kept. Pending messages
        stay in the outbox's file.

        An ``Outbox`` that was given stays open, as other engines may use it: its own ``shutdown`` ends it."""
        return _report(self._turns.shutdown(timeout).wait())


class AsyncTurns(_Turns):
    """As :class:`Turns`, for asyncio. It belongs to no event loop, and may be used from several."""

    __slots__ = ()

    def __init__(
        self,
        client: AnyClient,
        *,
        sentiment: Callable[[str], str | Awaitable[str]] | SentimentSettings | None = None,
        speaker: Speaker | AsyncSpeakerFunction | SpeakerSettings | None = None,
        **settings: Unpack[TurnsSettings],
    ) -> None:
        """As :class:`Turns`; besides, the functions may be coroutine functions, and ``speaker`` an asynchronous generator.
        These run on the loop that starts the turn, and so do awaitables that a plain function returns."""
        super().__init__(client, {**settings, "sentiment": sentiment, "speaker": speaker})

    async def start(self, message: str, **fields: Unpack[TurnFields]) -> AsyncTurn:
        """Starts a turn. The user's message is in the outbox when this returns; no file is waited for on the loop."""
        from asyncio import get_running_loop

        loop = get_running_loop()
        request = _request(message, fields)
        return AsyncTurn(await loop.run_in_executor(None, self._turns.start, request, *turn_trace(loop)))

    async def stop(self, turn_id: str, *, user_id: str | None = None) -> bool:
        """As ``Turns.stop``. No file is waited for on the loop."""
        from asyncio import get_running_loop

        return await get_running_loop().run_in_executor(None, self._turns.stop, turn_id, user_id)

    async def speak(self, text: str) -> bytes:
        """As ``Turns.speak``."""
        from asyncio import get_running_loop

        audio: bytes = await result(self._turns.speak(text, Caller(get_running_loop())))
        return audio

    async def flush(self, timeout: float | None = 5) -> FlushReport:
        """As ``Turns.flush``."""
        return _report(await result(self._turns.flush(timeout)))

    async def shutdown(self, timeout: float | None = 5) -> FlushReport:
        """As ``Turns.shutdown``."""
        return _report(await result(self._turns.shutdown(timeout)))


def _request(message: str, fields: TurnFields) -> str:
    return to_json({"message": message, **fields})


def _report(found: tuple[str, Any]) -> FlushReport:
    return FlushReport.model_validate_json(found[0])
