"""Speakers, and the cutter of sentences."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from voices import says

import turnwire
from fake import REPO, Fake, FakeChat
from turnwire import (
    GoogleTranslateSpeaker,
    OpenAI,
    OpenAISpeaker,
    SentenceCutter,
    ServiceSpeaker,
    Speech,
    Turns,
)

GOOGLE = "/_/TranslateWebserverUi/data/batchexecute"


@pytest.fixture(scope="module")
def chat_service() -> Iterator[FakeChat]:
    server = FakeChat()
    yield server
    server.close()


VECTORS = [
    case
    for name in ("sentences", "marks")
    for case in json.loads((REPO / "tests/vectors/speech" / f"{name}.json").read_text("utf-8"))
]


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["name"])
def test_sentences_are_cut_as_in_core(case: dict[str, Any]) -> None:
    cutter = SentenceCutter()
    assert [*cutter.push(case["text"]), *cutter.finish()] == case["sentences"]
    singly = [sentence for letter in case["text"] for sentence in cutter.push(letter)]
    assert [*singly, *cutter.finish()] == case["sentences"]


def test_audio_of_a_function_that_cannot_be_used_is_the_functions_fault() -> None:
    for audio, why in (
        (b"RIFF", "the speaker returned audio that is not readable as WAV"),
        ((b"", "audio/pcm"), "the speaker returned no audio"),
    ):
        speech = Speech(lambda _, audio=audio: audio)
        with pytest.raises(turnwire.CallbackError, match=why) as caught:
            list(speech.speak("하나.").joined())
        assert "return the audio of the text: MP3, WAV" in str(caught.value)
        assert "network" not in str(caught.value) and "proxies" not in str(caught.value)


HALVES = json.loads((REPO / "tests/vectors/speech/halves.json").read_text("utf-8"))


@pytest.mark.parametrize("case", HALVES, ids=lambda case: case["name"])
def test_a_character_whose_halves_come_in_two_pieces_stays_whole(case: dict[str, Any]) -> None:
    cutter = SentenceCutter()
    cut = [sentence for piece in case["pieces"] for sentence in cutter.push(piece)]
    assert [*cut, *cutter.finish()] == case["sentences"]

    def audio(request: Any) -> bytes:
        asked.append(request.text)
        return b"RIFF"

    async def later() -> Any:
        for piece in case["pieces"]:
            yield piece

    async def aspeak() -> None:
        async for _ in speech.aspeak(later()):
            pass

    asked: list[str] = []
    speech = Speech(audio, in_flight=1)
    list(speech.speak(iter(case["pieces"])))
    assert asked == case["sentences"]
    asked.clear()
    asyncio.run(aspeak())
    assert asked == case["sentences"]


def test_a_sentence_is_there_as_soon_as_it_is_whole() -> None:
    cutter = SentenceCutter(longest=20)
    assert cutter.push("안녕하세요.") == []
    assert cutter.push(" ") == ["안녕하세요."]
    assert cutter.push("가" * 30) == ["가" * 20]
    assert cutter.finish() == ["가" * 10]


def test_google_translate_speaks(fake: Fake) -> None:
    speaker = GoogleTranslateSpeaker("ko", slow=True, base_url=fake.url, http={"timeout": 5})
    assert says(speaker.speak("안녕하세요")) == "안녕하세요"
    assert says(asyncio.run(speaker.aspeak("반가워요", language="en", speed=1))) == "반가워요"
    asked = [request["body"] for request in fake.all_requests() if request["path"] == GOOGLE]
    assert "ko%5C%22%2Ctrue" in asked[-2]
    assert "en%5C%22%2Cnull" in asked[-1]
    with pytest.raises(turnwire.InvalidRequestError, match="does not support a choice of voice"):
        speaker.speak("hi", voice="nova")
    with pytest.raises(turnwire.InvalidRequestError, match="pitch is no option; the options here are text"):
        speaker.speak("hi", pitch=2)  # type: ignore[call-arg]
    with pytest.raises(turnwire.ConfigError, match="speed is no setting"):
        GoogleTranslateSpeaker("ko", speed=2)  # type: ignore[call-arg]


def test_a_service_like_openai_speaks(fake: Fake, client: OpenAI, key: str) -> None:
    speaker = OpenAISpeaker(client.with_options(default_headers={"x-team": "red"}), model=key, voice="nova")
    assert says(speaker.speak("안녕", instructions="천천히")) == "안녕"
    settings = {"base_url": fake.base_url, "api_key": "sk-other"}
    assert OpenAISpeaker(settings, model=key, format="pcm", extra={"seed": 7}).speak("a")[:2]  # type: ignore[arg-type]
    first, second = fake.requests(key)
    assert json.loads(first["body"]) == {
        "model": key,
        "input": "안녕",
        "voice": "nova",
        "response_format": "mp3",
        "instructions": "천천히",
    }
    assert dict(first["headers"])["x-team"] == "red"
    assert dict(first["headers"])["authorization"] == "Bearer sk-test"
    assert dict(second["headers"])["authorization"] == "Bearer sk-other"
    assert json.loads(second["body"])["seed"] == 7


def test_a_speaker_has_the_settings_of_the_environment(
    fake: Fake, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(turnwire.ConfigError, match="API key"):
        OpenAISpeaker()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", fake.base_url)
    OpenAISpeaker(model=key).speak("hi")
    assert dict(fake.requests(key)[0]["headers"])["authorization"] == "Bearer sk-environment"


def test_a_speaker_needs_a_client_whose_key_is_known(client: OpenAI) -> None:
    with pytest.raises(TypeError, match=r"OpenAI or AsyncOpenAI, not builtins\.object"):
        OpenAISpeaker(object())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="api_key is a str"):
        OpenAISpeaker(OpenAI(api_key=lambda: "k"))
    with pytest.raises(TypeError, match=r"a speaker is a turnwire\.Speaker or a function, not str"):
        Speech("google")  # type: ignore[arg-type]


def test_a_chat_service_speaks(chat_service: FakeChat) -> None:
    tokens = {"access_token": "a", "refresh_token": "r"}
    service = turnwire.ChatService(chat_service.url, **tokens)  # type: ignore[arg-type]
    for given in (service, {"base_url": chat_service.url, **tokens}):
        assert says(ServiceSpeaker(given).speak("안녕")) == "안녕"  # type: ignore[arg-type]


def test_a_speaker_object_speaks_the_turns_of_an_engine(client: OpenAI, fake: Fake, key: str) -> None:
    fake.script(f"{key} stream", {"steps": [{"text": "하나요. 둘이요."}, {"finish": "stop"}, {"done": True}]})
    speaker = OpenAISpeaker(client, model="voice")
    turns = Turns(client, model=key, speaker=speaker, speech_mode="streaming", speech={"in_flight": 1})
    events = [event for event in turns.start("hello") if event.type == "audio"]
    assert [(event.seq, event.text, says(event.audio)) for event in events] == [
        (0, "하나요.", "하나요."),
        (1, "둘이요.", "둘이요."),
    ]
