"""The questions and answers of functions that core calls: records and their outcomes, tokens, texts to speak."""

from __future__ import annotations

from ._fields import Fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
    from typing import Any, Literal

    AudioBytes = bytes | bytearray | memoryview
    """A piece of audio."""
    SpokenAudio = AudioBytes | Iterable[AudioBytes]
    """Audio: whole, or piece by piece."""
    AsyncSpokenAudio = SpokenAudio | AsyncIterable[AudioBytes]
    """The same for asyncio."""
    SpeakerFunction = Callable[["SpeechRequest"], SpokenAudio | tuple[SpokenAudio, str]]
    """Returns the audio of a text, with its media type where its first bytes do not tell it."""
    AsyncSpeakerFunction = Callable[
        ["SpeechRequest"],
        AsyncSpokenAudio
        | tuple[AsyncSpokenAudio, str]
        | Awaitable[AsyncSpokenAudio | tuple[AsyncSpokenAudio, str]],
    ]
    """The same, or a coroutine or an asynchronous generator of it."""
    TokenFunction = Callable[
        [str | None, "Tokens | None"],
        "tuple[str, str] | Tokens | Awaitable[tuple[str, str] | Tokens | None] | None",
    ]
    """Returns the tokens of a user, who is ``None`` for the store's own; the second argument are those that were refused."""
    SinkFunction = Callable[["Record"], "Outcome | Awaitable[Outcome | None] | None"]
    """Delivers a record. Returning nothing means that it is delivered; an exception, that it is to be retried."""

__all__ = ["Outcome", "Record", "SpeechRequest", "Tokens"]


class Tokens(Fields):
    """An access token and its refresh token. They belong together."""

    __slots__ = ("access_token", "refresh_token")
    __match_args__ = ("access_token", "refresh_token")

    def __init__(self, access_token: str, refresh_token: str) -> None:
        self.access_token = access_token
        self.refresh_token = refresh_token

    def __repr__(self) -> str:
        return "Tokens(…)"


class Record(Fields):
    """A record of an outbox, as its sink gets it."""

    __slots__ = ("conversation", "id", "payload", "tokens", "user_id")
    __match_args__ = ("id", "conversation", "payload")

    def __init__(
        self,
        id: str,
        conversation: str,
        payload: Any,
        user_id: str | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        self.id = id
        """Unique: a record that is delivered twice, after a crash, has the same id."""
        self.conversation = conversation
        """Records of a conversation are delivered one after another."""
        self.payload = payload
        """The content, as JSON has it."""
        self.user_id = user_id
        self.tokens = tokens
        """The tokens that the record came with, as far as this process knows them: they are never written to a file."""


class Outcome(Fields):
    """The outcome of a delivery, as a sink returns it."""

    __slots__ = ("after", "outcome", "reason")
    __match_args__ = ("outcome", "reason")

    def __init__(
        self,
        outcome: Literal["delivered", "retry", "unavailable", "needs_token", "dead"],
        reason: str | None = None,
        after: float | None = None,
    ) -> None:
        self.outcome = outcome
        self.reason = reason
        self.after = after

    @classmethod
    def delivered(cls) -> Outcome:
        """The record is delivered."""
        return cls("delivered")

    @classmethod
    def retry(cls, reason: str, *, after: float | None = None) -> Outcome:
        """This record failed for the moment: it is tried again after ``after`` seconds, or by the outbox's own rule."""
        return cls("retry", reason, after)

    @classmethod
    def unavailable(cls, reason: str, *, after: float | None = None) -> Outcome:
        """The service failed, whatever the record: no record is tried for a while."""
        return cls("unavailable", reason, after)

    @classmethod
    def needs_token(cls) -> Outcome:
        """The user's tokens are refused: the record waits for fresh ones."""
        return cls("needs_token")

    @classmethod
    def dead(cls, reason: str) -> Outcome:
        """The record can never be delivered: it becomes a dead letter."""
        return cls("dead", reason)


class SpeechRequest(Fields):
    """A text to speak, with the options of ``speech``; ``None`` leaves one to the speaker."""

    __slots__ = ("format", "instructions", "language", "speed", "text", "voice")
    __match_args__ = ("text",)

    def __init__(
        self,
        text: str,
        voice: str | None = None,
        language: str | None = None,
        speed: float | None = None,
        instructions: str | None = None,
        format: str | None = None,
    ) -> None:
        self.text = text
        self.voice = voice
        self.language = language
        self.speed = speed
        self.instructions = instructions
        self.format = format
