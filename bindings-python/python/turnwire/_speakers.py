"""Speakers: from a text to its audio."""

from __future__ import annotations

from ._core import Speaker as CoreSpeaker
from ._host import hosted
from ._host_kinds import SPEAKER
from ._request import settings_to_json
from ._waiting import result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Unpack

    from ._client import AnyClient
    from ._service import AsyncChatService, ChatService
    from ._settings import (
        ChatServiceSettings,
        GoogleSpeakerOptions,
        OpenAISettings,
        OpenAISpeakerOptions,
        SpeechOptions,
    )

__all__ = ["GoogleTranslateSpeaker", "OpenAISpeaker", "ServiceSpeaker", "Speaker"]


class Speaker:
    """Speaks texts: the base of all speakers. It may be shared by threads, and used on in a forked process."""

    __slots__ = ("__weakref__", "_speaker")

    def __init__(self, speaker: CoreSpeaker) -> None:
        self._speaker = speaker

    def speak(self, text: str, **options: Unpack[SpeechOptions]) -> bytes:
        """The audio of a text, in one file."""
        audio: bytes = self._speaker.speak(settings_to_json({"text": text, **options})).wait()
        return audio

    async def aspeak(self, text: str, **options: Unpack[SpeechOptions]) -> bytes:
        """As ``speak``, for asyncio."""
        audio: bytes = await result(self._speaker.speak(settings_to_json({"text": text, **options})))
        return audio


class GoogleTranslateSpeaker(Speaker):
    """Speaks as Google Translate does, in MP3. It needs no key.

    >>> GoogleTranslateSpeaker("ko", slow=True).speak("안녕하세요")
    """

    __slots__ = ()

    def __init__(self, language: str, **options: Unpack[GoogleSpeakerOptions]) -> None:
        """``language`` is a code such as ``ko`` or ``zh-TW``."""
        settings = settings_to_json({"google": {**options, "language": language}})
        super().__init__(CoreSpeaker(settings, None, None))


class OpenAISpeaker(Speaker):
    """Speaks through OpenAI's service, or one with the same speech.

    >>> OpenAISpeaker(voice="nova", instructions="천천히, 다정하게").speak("안녕하세요")
    """

    __slots__ = ()

    def __init__(
        self,
        client: AnyClient | OpenAISettings | None = None,
        **options: Unpack[OpenAISpeakerOptions],
    ) -> None:
        """``client`` is a client or the settings of one; what is not given comes from the environment."""
        if client is None or isinstance(client, dict):
            settings = {**options, "client": _with_environment(client or {})}
            native = CoreSpeaker(settings_to_json({"openai": settings}), None, None)
        else:
            from ._client import part_of

            native = CoreSpeaker(settings_to_json({"openai": options}), *part_of(client, "speakers"))
        super().__init__(native)


class ServiceSpeaker(Speaker):
    """Speaks through a chat service, in MP3."""

    __slots__ = ()

    def __init__(self, service: ChatService | AsyncChatService | ChatServiceSettings | str) -> None:
        """``service`` is a client, the settings of one, or the service's URL."""
        from ._service import AsyncChatService, ChatService

        if isinstance(service, (ChatService, AsyncChatService)):
            native = CoreSpeaker.of_service(service._native)
        else:
            settings = {"base_url": service} if isinstance(service, str) else service
            native = CoreSpeaker(settings_to_json({"service": settings}), None, None)
        super().__init__(native)


def handle(speaker: Any) -> CoreSpeaker:
    """Core's speaker for a speaker, or for a function that speaks."""
    if isinstance(speaker, Speaker):
        return speaker._speaker
    if isinstance(speaker, type) and issubclass(speaker, Speaker):
        raise TypeError(
            f"a speaker is a turnwire.Speaker or a function, not a class: give an instance, {speaker.__name__}(…)"
        )
    if callable(speaker):
        return CoreSpeaker.of_function(hosted(SPEAKER, speaker))
    raise TypeError(f"a speaker is a turnwire.Speaker or a function, not {type(speaker).__name__}")


def _with_environment(settings: OpenAISettings) -> Any:
    import json

    from ._core import with_environment

    return json.loads(with_environment(settings_to_json(settings)))
