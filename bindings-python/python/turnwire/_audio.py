"""``client.audio``."""

from __future__ import annotations

from ._binary import AsyncOpenedAudio, HttpxBinaryResponseContent, OpenedAudio
from ._closing import AsyncOpening, Opening
from ._http import Response
from ._request import Options, to_json
from ._resource import Resource
from ._response import RawAPIResponse
from ._types import NOT_GIVEN, is_given, omit
from ._waiting import result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal, TypedDict

    from typing_extensions import Unpack

    from ._params import TimeoutTypes
    from ._resource import AsyncOwner, Owner
    from ._settings import AudioFormat
    from ._types import NotGiven, Omit

    class SpeechParams(TypedDict, total=False):
        """The fields of a request for speech besides ``input``, ``model`` and ``voice``, and the options of its call."""

        instructions: str | Omit | NotGiven
        response_format: AudioFormat | Omit | NotGiven
        speed: float | Omit | NotGiven
        stream_format: Literal["sse", "audio"] | Omit | NotGiven
        extra_headers: Mapping[str, Any] | None
        extra_query: Mapping[str, Any] | None
        extra_body: Mapping[str, Any] | None
        timeout: TimeoutTypes

    Voice = str | Mapping[str, Any]

__all__ = ["AsyncAudio", "AsyncAudioSpeech", "Audio", "AudioSpeech"]


class _Audio(Resource):
    __slots__ = ()

    if not TYPE_CHECKING:  # a type checker knows what there is

        def __getattr__(self, name: str) -> Any:
            if name in ("transcriptions", "translations", "voices", "voice_consents"):
                from ._elsewhere import resource

                raise AttributeError(resource(type(self._owner).__name__, f"audio.{name}"))
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


class Audio(_Audio):
    """``client.audio``."""

    __slots__ = ()
    _owner: Owner

    @property
    def speech(self) -> AudioSpeech:
        """Text to audio."""
        return AudioSpeech(self._owner)


class AudioSpeech(Resource):
    """Text to audio."""

    __slots__ = ()
    _owner: Owner

    def create(
        self, *, input: str, model: str, voice: Voice, **params: Unpack[SpeechParams]
    ) -> HttpxBinaryResponseContent:
        """Requests the audio of a text, and returns when all of it has arrived.

        ``with_streaming_response`` hands it on as it arrives. It accepts ``instructions``, ``response_format``, ``speed`` and
        ``stream_format``, and also ``extra_headers``, ``extra_query``, ``extra_body`` and ``timeout``.
        """
        return self._raw(input, model, voice, params).parse()

    @property
    def with_raw_response(self) -> RawAudioSpeech:
        """The same call, with the response's headers: ``.parse()`` returns the audio."""
        return RawAudioSpeech(self)

    @property
    def with_streaming_response(self) -> StreamedAudioSpeech:
        """The same call within a ``with`` block, with the audio as it arrives."""
        return StreamedAudioSpeech(self)

    def _raw(
        self, input: str, model: str, voice: Voice, params: Any
    ) -> RawAPIResponse[HttpxBinaryResponseContent]:
        body, options = _request(input, model, voice, **params)
        client = self._owner
        options = client._call_options(options)
        return _whole(client._inner().speech(body, options).wait())

    def _opened(self, input: str, model: str, voice: Voice, params: Any) -> OpenedAudio:
        body, options = _request(input, model, voice, **params)
        client = self._owner
        options = client._call_options(options)
        return OpenedAudio(client._inner().speech_stream(body, options).wait())


class RawAudioSpeech(Resource):
    """Audio with the headers of its response."""

    __slots__ = ()
    _owner: AudioSpeech

    def create(
        self, *, input: str, model: str, voice: Voice, **params: Unpack[SpeechParams]
    ) -> RawAPIResponse[HttpxBinaryResponseContent]:
        """As ``AudioSpeech.create``."""
        return self._owner._raw(input, model, voice, params)


class StreamedAudioSpeech(Resource):
    """Audio as it arrives, within ``with`` blocks."""

    __slots__ = ()
    _owner: AudioSpeech

    def create(
        self, *, input: str, model: str, voice: Voice, **params: Unpack[SpeechParams]
    ) -> Opening[OpenedAudio]:
        """As ``AudioSpeech.create``."""
        speech = self._owner
        return Opening(lambda: speech._opened(input, model, voice, params))


class AsyncAudio(_Audio):
    """``client.audio``."""

    __slots__ = ()
    _owner: AsyncOwner

    @property
    def speech(self) -> AsyncAudioSpeech:
        """Text to audio."""
        return AsyncAudioSpeech(self._owner)


class AsyncAudioSpeech(Resource):
    """Text to audio."""

    __slots__ = ()
    _owner: AsyncOwner

    async def create(
        self, *, input: str, model: str, voice: Voice, **params: Unpack[SpeechParams]
    ) -> HttpxBinaryResponseContent:
        """As ``AudioSpeech.create``."""
        return (await self._raw(input, model, voice, params)).parse()

    @property
    def with_raw_response(self) -> AsyncRawAudioSpeech:
        """The same call, with the response's headers: ``.parse()`` returns the audio."""
        return AsyncRawAudioSpeech(self)

    @property
    def with_streaming_response(self) -> AsyncStreamedAudioSpeech:
        """The same call within an ``async with`` block, with the audio as it arrives."""
        return AsyncStreamedAudioSpeech(self)

    async def _raw(
        self, input: str, model: str, voice: Voice, params: Any
    ) -> RawAPIResponse[HttpxBinaryResponseContent]:
        body, options = _request(input, model, voice, **params)
        client = self._owner
        options = await client._call_options(options)
        return _whole(await result(client._inner().speech(body, options)))

    async def _opened(self, input: str, model: str, voice: Voice, params: Any) -> AsyncOpenedAudio:
        body, options = _request(input, model, voice, **params)
        client = self._owner
        options = await client._call_options(options)
        return AsyncOpenedAudio(await result(client._inner().speech_stream(body, options)))


class AsyncRawAudioSpeech(Resource):
    """Audio with the headers of its response."""

    __slots__ = ()
    _owner: AsyncAudioSpeech

    async def create(
        self, *, input: str, model: str, voice: Voice, **params: Unpack[SpeechParams]
    ) -> RawAPIResponse[HttpxBinaryResponseContent]:
        """As ``AudioSpeech.create``."""
        return await self._owner._raw(input, model, voice, params)


class AsyncStreamedAudioSpeech(Resource):
    """Audio as it arrives, within ``async with`` blocks."""

    __slots__ = ()
    _owner: AsyncAudioSpeech

    def create(
        self, *, input: str, model: str, voice: Voice, **params: Unpack[SpeechParams]
    ) -> AsyncOpening[AsyncOpenedAudio]:
        """As ``AudioSpeech.create``."""
        speech = self._owner
        return AsyncOpening(lambda: speech._opened(input, model, voice, params))


def _request(
    input: str,
    model: str,
    voice: Voice,
    instructions: Any = omit,
    response_format: Any = omit,
    speed: Any = omit,
    stream_format: Any = omit,
    extra_headers: Mapping[str, Any] | None = None,
    extra_query: Mapping[str, Any] | None = None,
    extra_body: Mapping[str, Any] | None = None,
    timeout: TimeoutTypes = NOT_GIVEN,
) -> tuple[str, Options]:
    """The body and the options of a call, with the fields in the order of the ``openai`` package."""
    fields = {
        "model": model,
        "input": input,
        "voice": voice,
        "instructions": instructions,
        "response_format": response_format,
        "speed": speed,
        "stream_format": stream_format,
    }
    body = {name: value for name, value in fields.items() if is_given(value)}
    return to_json({**body, **(extra_body or {})}), Options(extra_headers, extra_query, None, timeout)


def _whole(found: tuple[bytes, list[tuple[str, str]]]) -> RawAPIResponse[HttpxBinaryResponseContent]:
    audio, headers = found
    response = Response(200, headers, audio)
    return RawAPIResponse(response, lambda: HttpxBinaryResponseContent(response))
