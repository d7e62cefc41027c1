"""Functions of the program as parts of an engine: speakers, the places they run at, and the ends of their questions."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from typing import Any

import pytest

import turnwire
from fake import Fake
from turnwire import AsyncTurns, AudioEvent, SpeechRequest, Turns


def sync_speakers() -> dict[str, Any]:
    def generator(request: SpeechRequest) -> Any:
        for letter in request.text:
            yield letter.encode()

    return {
        "bytes": lambda request: request.text.encode(),
        "bytearray": lambda request: bytearray(request.text.encode()),
        "memoryview": lambda request: memoryview(request.text.encode()),
        "list": lambda request: [letter.encode() for letter in request.text],
        "generator": generator,
        "typed": lambda request: ([request.text.encode()], "audio/x-own"),
    }


def async_speakers() -> dict[str, Any]:
    async def coroutine(request: SpeechRequest) -> bytes:
        await asyncio.sleep(0)
        return request.text.encode()

    async def generator(request: SpeechRequest) -> Any:
        for letter in request.text:
            await asyncio.sleep(0)
            yield letter.encode()

    return {
        "coroutine": coroutine,
        "async generator": generator,
        "awaitable": lambda request: coroutine(request),
    }


@pytest.mark.parametrize("kind", sync_speakers())
def test_a_speaker_may_return_audio_in_many_forms(client: turnwire.OpenAI, key: str, kind: str) -> None:
    turns = Turns(client, model=key, speaker=sync_speakers()[kind])
    assert turns.speak("안녕하세요").decode() == "안녕하세요"


@pytest.mark.parametrize("kind", {**sync_speakers(), **async_speakers()})
def test_a_speaker_of_asyncio_may_return_audio_in_many_forms(
    async_client: turnwire.AsyncOpenAI, key: str, kind: str
) -> None:
    speaker = {**sync_speakers(), **async_speakers()}[kind]

    async def main() -> None:
        audio = await AsyncTurns(async_client, model=key, speaker=speaker).speak("안녕하세요")
        assert audio.decode() == "안녕하세요"

    asyncio.run(main())


def test_a_speaker_gets_the_options_of_speech_and_its_audio_is_events_of_the_turn(
    client: turnwire.OpenAI, fake: Fake, key: str
) -> None:
    fake.chat(key, "One. ", "Two.")
    asked = []

    def speaker(request: SpeechRequest) -> Any:
        asked.append(request)
        yield b"RIFF"
        yield request.text.encode()

    options: Any = {
        "voice": "nova",
        "speed": 1.5,
        "language": "en",
        "instructions": "softly",
        "format": "wav",
    }
    turns = Turns(client, model=key, speaker=speaker, speech=options, speech_mode="streaming")
    events = list(turns.start("hello"))
    audio = [event for event in events if isinstance(event, AudioEvent)]
    assert audio == [
        AudioEvent(0, "audio/wav", b"RIFFOne.", "One."),
        AudioEvent(1, "audio/wav", b"RIFFTwo.", "Two."),
    ]
    assert SpeechRequest("One.", **options) in asked
    assert events[-1].type == "done"


def test_a_media_type_that_the_function_tells_is_that_of_the_audio(
    client: turnwire.OpenAI, fake: Fake, key: str
) -> None:
    fake.chat(key, "One.")
    turns = Turns(client, model=key, speaker=sync_speakers()["typed"], speech_mode="after_text")
    mimes = [event.mime for event in turns.start("hello") if isinstance(event, AudioEvent)]
    assert mimes == ["audio/x-own"]


OWN = ValueError("no voice")


def failing() -> dict[str, tuple[Any, str, BaseException | None]]:
    def raising(request: SpeechRequest) -> bytes:
        raise OWN

    def midway(request: SpeechRequest) -> Any:
        yield b"a"
        raise OWN

    def leaving(request: SpeechRequest) -> bytes:
        raise SystemExit(3)

    return {
        "raises": (raising, "ValueError: no voice", OWN),
        "raises midway": (midway, "ValueError: no voice", OWN),
        "exits": (leaving, "SystemExit: 3", None),
        "returns text": (lambda request: "no bytes", "must return bytes, .*, not str", None),
        "yields text": (lambda request: ["no bytes"], "must yield bytes, not str", None),
    }


@pytest.mark.parametrize("wrong", failing())
def test_a_speaker_that_fails_raises_with_its_exception_as_the_cause_and_breaks_no_turn(
    client: turnwire.OpenAI, fake: Fake, key: str, wrong: str
) -> None:
    speaker, words, cause = failing()[wrong]
    once: Any = {"retries": 0}
    with pytest.raises(turnwire.CallbackError, match=words) as failed:
        Turns(client, model=key, speaker=speaker, speech=once).speak("One.")
    assert cause is None or failed.value.__cause__ is cause
    fake.chat(key, "One.")
    turn = Turns(client, model=key, speaker=speaker, speech=once, speech_mode="streaming").start("hello")
    assert [event.type for event in turn] == ["content", "done"]
    assert {stage.name: stage.outcome for stage in turn.timeline().stages}["speech"] == "failed"


@pytest.mark.parametrize("wrong", failing())
def test_a_speaker_that_fails_ends_no_event_loop(
    async_client: turnwire.AsyncOpenAI, key: str, wrong: str
) -> None:
    speaker, words, cause = failing()[wrong]

    async def awaited(request: SpeechRequest) -> Any:
        await asyncio.sleep(0)
        return speaker(request)

    async def main() -> None:
        for function in (speaker, awaited):
            turns = AsyncTurns(async_client, model=key, speaker=function, speech={"retries": 0})
            with pytest.raises(turnwire.CallbackError, match=words) as failed:
                await turns.speak("One.")
            assert cause is None or failed.value.__cause__ is cause

    asyncio.run(main())


def test_a_generator_runs_in_the_context_of_its_caller_and_is_closed_when_nobody_listens(
    client: turnwire.OpenAI, key: str
) -> None:
    who = contextvars.ContextVar("who", default="nobody")
    seen, closed = [], threading.Event()

    def speaker(request: SpeechRequest) -> Any:
        try:
            while True:
                seen.append(who.get())
                yield b"a"
        finally:
            closed.set()

    who.set("somebody")
    turns = Turns(client, model=key, speaker=speaker, speech={"sentence_limit": 0.2, "retries": 0})
    with pytest.raises(turnwire.TurnwireError) as late:
        turns.speak("One.")
    assert late.value.error_code == "total_timeout"
    assert closed.wait(5)
    assert set(seen) == {"somebody"}


def test_an_endless_speaker_waits_for_its_listener(client: turnwire.OpenAI, key: str) -> None:
    pieces = []

    def speaker(request: SpeechRequest) -> Any:
        while True:
            pieces.append(1)
            yield bytes(1 << 20)

    with pytest.raises(turnwire.TurnwireError) as refused:
        Turns(client, model=key, speaker=speaker, speech={"retries": 0}).speak("One.")
    assert refused.value.error_code == "too_large"
    assert len(pieces) < 100


def test_an_asynchronous_generator_is_cancelled_when_nobody_listens(
    async_client: turnwire.AsyncOpenAI, key: str
) -> None:
    ended = []

    async def main() -> None:
        begun = asyncio.Event()

        async def speaker(request: SpeechRequest) -> Any:
            yield b"a"
            begun.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                ended.append("cancelled")
                raise

        speaking = asyncio.ensure_future(AsyncTurns(async_client, model=key, speaker=speaker).speak("One."))
        await asyncio.wait_for(begun.wait(), 5)
        speaking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await speaking
        deadline = time.monotonic() + 5
        while not ended:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)

    asyncio.run(main())


def test_an_engine_without_a_speaker_refuses_to_speak(client: turnwire.OpenAI, key: str) -> None:
    with pytest.raises(turnwire.ConfigError, match="speaker"):
        Turns(client, model=key).speak("One.")


def test_plain_turns_refuse_asynchronous_generators(client: turnwire.OpenAI, key: str) -> None:
    speaker = async_speakers()["async generator"]
    with pytest.raises(TypeError, match="AsyncTurns"):
        Turns(client, model=key, speaker=speaker)
