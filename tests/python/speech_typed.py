"""Speech in programs that type checkers read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from turnwire import (
    AsyncOpenAI,
    AudioPiece,
    FailedSentence,
    GoogleTranslateSpeaker,
    OpenAI,
    OpenAISpeaker,
    SentenceCutter,
    ServiceSpeaker,
    Speaker,
    Speech,
    SpeechRequest,
    Turns,
)


def texts() -> Iterator[str]:
    yield "a"


async def later_texts() -> AsyncIterator[str]:
    yield "a"


def own(request: SpeechRequest) -> bytes:
    return request.text.encode()


def speak(client: OpenAI) -> list[bytes]:
    speakers: list[Speaker] = [
        GoogleTranslateSpeaker("ko", slow=True, http={"timeout": 5}),
        OpenAISpeaker(client, voice={"id": "v"}, format="wav"),
        ServiceSpeaker("http://localhost"),
    ]
    speech = Speech(own, in_flight=3, on_failure="stop")
    reply = client.chat.completions.create(model="m", messages=[], stream=True)
    audio: list[bytes] = [speakers[0].speak("a", voice="b")]
    with speech.speak(reply) as pieces:
        piece: AudioPiece
        for piece in pieces:
            audio.append(piece.audio)
        failures: list[FailedSentence] = pieces.failures
    audio.extend(speech.speak(texts()).joined())
    size: int = speech.speak("a").write_to_file("b")
    sentences: list[str] = SentenceCutter(longest=100).push("a")
    Turns(client, speaker=speakers[0])
    whole = client.audio.speech.create(
        model="tts-1", voice="alloy", input="a", response_format="mp3", speed=1.5
    )
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input="a"
    ) as arriving:
        audio.extend(arriving.iter_bytes(1024))
    raw = client.audio.speech.with_raw_response.create(model="tts-1", voice="alloy", input="a")
    return [*audio, whole.read(), raw.parse().content, str((size, sentences, failures)).encode()]


async def aspeak(client: AsyncOpenAI) -> list[bytes]:
    speech = Speech(OpenAISpeaker(client))
    audio = [piece.audio async for piece in speech.aspeak(later_texts())]
    audio += [data async for data in speech.aspeak(texts()).joined()]
    whole = await client.audio.speech.create(model="tts-1", voice="alloy", input="a")
    create = client.audio.speech.with_streaming_response.create
    async with create(model="tts-1", voice="alloy", input="a") as arriving:
        audio.append(await arriving.read())
    return [*audio, whole.content, await GoogleTranslateSpeaker("ko").aspeak("a")]
