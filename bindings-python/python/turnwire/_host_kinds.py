"""The kinds of functions that core calls: the arguments of each, and the form of its result."""

from __future__ import annotations

from ._waiting import result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ._core import Answer


class Kind:
    """A kind of function whose result is a value."""

    __slots__ = ("name", "read", "write")

    def __init__(
        self, name: str, read: Callable[[Any], tuple[Any, ...]], write: Callable[[Any], Any]
    ) -> None:
        self.name = name
        self.read = read
        """The arguments, of the question."""
        self.write = write
        """The answer, of the result; raises ``TypeError`` for a result of another form."""

    def give(self, answer: Answer, value: Any) -> None:
        """Answers with a result."""
        import json

        answer.set(json.dumps(self.write(value)))

    async def agive(self, answer: Answer, value: Any) -> None:
        """The same on an event loop."""
        self.give(answer, value)


class AudioKind(Kind):
    """A kind of function whose result is audio."""

    __slots__ = ()

    def give(self, answer: Answer, value: Any) -> None:
        """Answers with audio, waiting for the listener between its pieces."""
        pieces, media_type = self.write(value)
        writer = answer.audio(media_type)
        if writer is None:
            return
        try:
            for piece in pieces:
                if not _heard(writer.write(self.piece(piece)).wait()):
                    return
            writer.end()
        except BaseException as error:
            writer.fail(error)

    async def agive(self, answer: Answer, value: Any) -> None:
        """The same on an event loop, also for an asynchronous iterable."""
        pieces, media_type = self.write(value)
        writer = answer.audio(media_type)
        if writer is None:
            return
        try:
            if hasattr(pieces, "__aiter__"):
                try:
                    async for piece in pieces:
                        if not _heard(await result(writer.write(self.piece(piece)))):
                            return
                finally:
                    if hasattr(pieces, "aclose"):
                        await pieces.aclose()
            else:
                for piece in pieces:
                    if not _heard(await result(writer.write(self.piece(piece)))):
                        return
            writer.end()
        except BaseException as error:
            writer.fail(error)
            if not isinstance(error, Exception):
                raise

    def piece(self, piece: Any) -> bytes:
        """A piece of audio as bytes."""
        if not isinstance(piece, (bytes, bytearray, memoryview)):
            raise TypeError(f"{self.name} must yield bytes, not {type(piece).__name__}")
        return bytes(piece)


def _heard(found: tuple[str, Any]) -> bool:
    """True if somebody still listens, of the answer to a piece."""
    return found[0] == "true"


def _label(value: Any) -> Any:
    if not isinstance(value, str):
        raise TypeError(f"sentiment must return a str, not {type(value).__name__}")
    return value


def _refused(question: Any) -> tuple[Any, ...]:
    return question["user_id"], _tokens(question["refused"])


def _tokens(given: Any) -> Any:
    if given is None:
        return None
    from ._host_types import Tokens

    return Tokens(**given)


def _pair(value: Any) -> Any:
    from ._host_types import Tokens

    if value is None:
        return None
    if isinstance(value, Tokens):
        value = (value.access_token, value.refresh_token)
    if isinstance(value, (tuple, list)) and len(value) == 2 and all(isinstance(each, str) for each in value):
        return {"access_token": value[0], "refresh_token": value[1]}
    kind = type(value).__name__
    raise TypeError(f"token_provider must return (access_token, refresh_token) or None, not {kind}")


def _record(question: Any) -> tuple[Any, ...]:
    from ._host_types import Record

    return (Record(**{**question, "tokens": _tokens(question["tokens"])}),)


def _outcome(value: Any) -> Any:
    from ._host_types import Outcome

    if value is None:
        return None
    if isinstance(value, Outcome):
        return {"outcome": value.outcome, "reason": value.reason, "after": value.after}
    raise TypeError(f"sink must return a turnwire.Outcome or None, not {type(value).__name__}")


def _speech(question: Any) -> tuple[Any, ...]:
    from ._host_types import SpeechRequest

    return (SpeechRequest(**question),)


def _audio(value: Any) -> Any:
    media_type = None
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], str):
        value, media_type = value
    if isinstance(value, (bytes, bytearray, memoryview)):
        value = (value,)
    if isinstance(value, str) or not (hasattr(value, "__iter__") or hasattr(value, "__aiter__")):
        raise TypeError(f"speaker must return bytes, or an iterable of bytes, not {type(value).__name__}")
    return value, media_type


SENTIMENT = Kind("sentiment", lambda question: (question,), _label)
TOKEN_PROVIDER = Kind("token_provider", _refused, _pair)
SINK = Kind("sink", _record, _outcome)
SPEAKER = AudioKind("speaker", _speech, _audio)
