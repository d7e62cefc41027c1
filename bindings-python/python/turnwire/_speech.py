"""Texts that are spoken sentence by sentence, while they are still being written."""

from __future__ import annotations

from ._closing import AsyncClosing, Closing
from ._core import Speech as CoreSpeech
from ._exceptions import CallbackError
from ._fields import Fields
from ._host import Caller
from ._request import settings_to_json
from ._speakers import handle
from ._speech_text import feed_by_task, feed_by_thread
from ._types import Of
from ._waiting import filled, result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable
    from os import PathLike
    from typing import Any, TypeVar

    from typing_extensions import Self, Unpack

    from ._core import Stream, TextFeed
    from ._host_types import AsyncSpeakerFunction
    from ._settings import SpeechSettings
    from ._speakers import Speaker

    Text = str | Iterable[Any]
    AsyncText = Text | AsyncIterable[Any]
    Item = TypeVar("Item", "AudioPiece", bytes)

__all__ = [
    "AsyncSpokenBytes",
    "AsyncSpokenText",
    "AudioPiece",
    "FailedSentence",
    "Speech",
    "SpokenBytes",
    "SpokenText",
]


class AudioPiece(Fields):
    """The audio of one sentence, which can be played on its own."""

    __slots__ = ("audio", "mime", "sentence", "seq", "text")
    __match_args__ = ("seq", "text", "mime", "audio")

    def __init__(self, seq: int, text: str, mime: str, audio: bytes, sentence: int) -> None:
        self.seq = seq
        """The number of the piece, from 0 without gaps."""
        self.text = text
        """The sentence."""
        self.mime = mime
        """The media type of the audio, such as ``audio/mpeg``."""
        self.audio = audio
        self.sentence = sentence
        """The number of the sentence, from 0; sentences that failed count as well."""

    def __repr__(self) -> str:
        return f"AudioPiece(seq={self.seq}, text={self.text!r}, mime={self.mime!r}, audio=<{len(self.audio)} bytes>)"


class FailedSentence(Fields):
    """A sentence that could not be spoken."""

    __slots__ = ("error", "sentence", "text")

    def __init__(self, sentence: int, text: str, error: Exception) -> None:
        self.sentence = sentence
        """The number of the sentence, from 0."""
        self.text = text
        self.error = error


class Speech:
    """Speaks texts sentence by sentence: each as soon as it is whole, a few at a time, their audio in order.

    It may be shared by threads, and used on in a forked process.

    >>> speech = Speech(GoogleTranslateSpeaker("ko"), in_flight=3)
    >>> reply = client.chat.completions.create(model="gpt-4o-mini", messages=[...], stream=True)
    >>> for piece in speech.speak(reply):
    ...     play(piece.audio)
    """

    __slots__ = ("__weakref__", "_speech")

    def __init__(self, speaker: Speaker | AsyncSpeakerFunction, **settings: Unpack[SpeechSettings]) -> None:
        """``speaker`` speaks; as a function it returns the audio of a :class:`SpeechRequest`."""
        self._speech = CoreSpeech(handle(speaker), settings_to_json(settings))

    def speak(self, text: Text) -> SpokenText:
        """Speaks a text: a string, or an iterable of strings, of a reply's chunks, or of a turn's events.

        Nothing is read or sent before the first piece is asked for. Then a thread (under gevent a greenlet) reads the
        iterable, with the context variables of this call and no more than some sentences ahead of the audio: so a sentence
        is spoken while the next one is still being written.
        """
        return SpokenText(self._speech, _checked(text), Caller())

    def aspeak(self, text: AsyncText) -> AsyncSpokenText:
        """As ``speak``, for asyncio: the text may also be an asynchronous iterable, which a task of the event loop reads."""
        from asyncio import get_running_loop

        return AsyncSpokenText(self._speech, _checked(text), Caller(get_running_loop()))


class _Spoken(Of["Item"]):
    """A text on its way to its audio."""

    __slots__ = ("__weakref__", "_caller", "_leave", "_speech", "_stream", "_text", "failures")

    def __init__(self, speech: CoreSpeech, text: Any, caller: Caller) -> None:
        self._speech = speech
        self._text = text
        self._caller = caller
        self._stream: Stream | None = None
        self._leave: Callable[[], None] | None = None
        self.failures: list[FailedSentence] = []
        """The sentences so far that could not be spoken; they are left out. Known only of a text read piece by piece."""

    def _open(self, caller: Caller) -> tuple[Stream, TextFeed]:
        """Begins to speak."""
        return self._speech.speak(caller)

    def _read(self) -> Stream:
        """Begins to read the text and to speak, on the first call."""
        if self._stream is None:
            text = self._take()
            self._stream, feed = self._open(self._caller)
            self._feed(text, feed)
        return self._stream

    def _take(self) -> Any:
        """The text, which is read once."""
        text, self._text = self._text, None
        if text is None:
            raise RuntimeError("the text is spoken once: as pieces, as bytes, or into a file")
        return text

    def _moved(self) -> tuple[CoreSpeech, Any, Caller]:
        """The text and the way to speak it, for another reader."""
        return self._speech, self._take(), self._caller

    def _feed(self, text: Any, feed: TextFeed) -> None:
        loop = self._caller.loop
        context = self._caller.context
        assert context is not None
        if loop is not None and hasattr(text, "__aiter__"):
            self._leave = feed_by_task(text, feed, context.copy(), loop)
        else:
            self._leave = feed_by_thread(text, feed, context.copy())

    def _is_failure(self, spoken: Any) -> bool:
        """Keeps a sentence that failed."""
        if isinstance(spoken, FailedSentence):
            self.failures.append(spoken)
            return True
        return False

    def _end(self) -> None:
        """Ends the requests and the reading of the text."""
        if self._stream is not None:
            self._stream.close()
        if self._leave is not None:
            self._leave()
            self._leave = None

    def __del__(self) -> None:
        self._end()


class _Reading(_Spoken["Item"], Closing):
    """The audio of a text, for ``for``."""

    __slots__ = ()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Item:
        stream = self._read()
        while True:
            try:
                spoken = next(stream)
            except CallbackError as error:
                raised = _of_text(error)
                break
            if not self._is_failure(spoken):
                item: Item = spoken
                return item
        raise raised

    def close(self) -> None:
        """Ends all requests and the reading of the text."""
        self._end()


class SpokenText(_Reading[AudioPiece]):
    """The audio of a text, sentence by sentence and in order.

    Closing it, or dropping it before its end, ends all requests and the reading of the text. An exception of the text is
    raised after the sentences before it. A sentence that cannot be spoken is left out, and in iteration is one of ``failures``.
    """

    __slots__ = ()

    def joined(self) -> SpokenBytes:
        """The audio as the bytes of one file, as they arrive."""
        return SpokenBytes(*self._moved())

    def write_to_file(self, path: str | PathLike[str]) -> int:
        """Writes the audio into one file, which appears when it is complete. Returns the number of its bytes."""
        text = self._take()
        call, feed = self._speech.write_file(path, self._caller)
        self._feed(text, feed)
        try:
            return int(call.wait()[0])
        except CallbackError as error:
            raised = _of_text(error)
        finally:
            call.close()
            self._end()
        raise raised


class SpokenBytes(_Reading[bytes]):
    """The audio of a text as the bytes of one file. Closing or dropping it ends all requests and the reading of the text."""

    __slots__ = ()

    def _open(self, caller: Caller) -> tuple[Stream, TextFeed]:
        return self._speech.joined(caller)


class _AsyncReading(_Spoken["Item"], AsyncClosing):
    """The audio of a text, for ``async for``."""

    __slots__ = ()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        stream = self._read()
        try:
            while True:
                spoken = stream.take()
                if spoken is None:
                    if stream.ended:
                        raise StopAsyncIteration
                    await filled(stream)
                elif not self._is_failure(spoken):
                    item: Item = spoken
                    return item
        except CallbackError as error:
            raised = _of_text(error)
        except BaseException:
            self._end()
            raise
        raise raised

    async def close(self) -> None:
        """Ends all requests and the reading of the text."""
        self._end()

    aclose = close


class AsyncSpokenText(_AsyncReading[AudioPiece]):
    """As :class:`SpokenText`, for asyncio. Cancelling the task that waits for a piece ends the speech."""

    __slots__ = ()

    def joined(self) -> AsyncSpokenBytes:
        """The audio as the bytes of one file, as they arrive."""
        return AsyncSpokenBytes(*self._moved())

    async def write_to_file(self, path: str | PathLike[str]) -> int:
        """As ``SpokenText.write_to_file``."""
        text = self._take()
        call, feed = self._speech.write_file(path, self._caller)
        self._feed(text, feed)
        try:
            return int((await result(call))[0])
        except CallbackError as error:
            raised = _of_text(error)
        finally:
            call.close()
            self._end()
        raise raised


class AsyncSpokenBytes(_AsyncReading[bytes]):
    """As :class:`SpokenBytes`, for asyncio."""

    __slots__ = ()

    def _open(self, caller: Caller) -> tuple[Stream, TextFeed]:
        return self._speech.joined(caller)


def _checked(text: Any) -> Any:
    """The text to speak, or an exception that says what is allowed."""
    is_iterable = hasattr(text, "__iter__") or hasattr(text, "__aiter__")
    if is_iterable and not isinstance(text, (bytes, bytearray, dict)):
        return text
    raise TypeError(
        f"a text to speak is a string, or an iterable of strings, chunks or events, not {type(text).__name__}"
    )


def _of_text(error: CallbackError) -> BaseException:
    """The exception that the text raised, in place of core's error; a speaker's stays the cause of that."""
    cause = error.__cause__
    return error if cause is None or error.operation != "speech.text" else cause
