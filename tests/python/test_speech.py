"""Texts that are spoken sentence by sentence, and audio that is handed on as it arrives."""

from __future__ import annotations

import contextvars
import gc
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from voices import TextError, echo, says

import turnwire
from conftest import Program
from fake import REPO, Fake
from turnwire import AudioPiece, OpenAI, OpenAISpeaker, Speech, SpeechRequest, Turns


def test_a_text_is_spoken_sentence_by_sentence_in_order(client: OpenAI, fake: Fake, key: str) -> None:
    fake.script(key, {"act": "pass", "wait_ms_before_headers": 80}, {"act": "pass"})
    speech = Speech(OpenAISpeaker(client, model=key), in_flight=3)
    spoken = speech.speak("하나요. 둘이요. 셋이요.")
    pieces = list(spoken)
    assert [(piece.seq, piece.sentence, piece.text, says(piece.audio)) for piece in pieces] == [
        (number, number, text, text) for number, text in enumerate(["하나요.", "둘이요.", "셋이요."])
    ]
    assert {piece.mime for piece in pieces} == {"audio/mpeg"}
    assert spoken.failures == []
    match pieces[0]:
        case AudioPiece(0, "하나요."):
            pass
        case _:
            raise AssertionError(pieces[0])


def test_a_sentence_is_spoken_while_the_next_one_is_being_written() -> None:
    heard = threading.Event()

    def text() -> Iterator[str]:
        yield from ["하나", "요. 둘"]
        assert heard.wait(5), "the first sentence is not spoken before the second is whole"
        yield "이요."

    pieces = []
    for piece in Speech(echo).speak(text()):
        pieces.append(piece.audio.decode())
        heard.set()
    assert pieces == ["하나요.", "둘이요."]


def test_a_reply_and_a_turn_are_spoken(client: OpenAI, fake: Fake, key: str) -> None:
    fake.chat(key, "안녕하세요. ", "반가", "워요.")
    speech = Speech(echo)

    def told(text: Any) -> list[str]:
        return [piece.text for piece in speech.speak(text)]

    expected = ["안녕하세요.", "반가워요."]
    reply = client.chat.completions.create(model=key, messages=[], stream=True)
    assert told(reply) == expected
    with client.chat.completions.stream(model=key, messages=[]) as stream:
        assert told(stream) == expected
    assert told(Turns(client, model=key).start("hello")) == expected


@pytest.mark.parametrize("how", ["dropped", "closed"])
def test_leaving_the_loop_ends_the_requests_and_the_reply(
    client: OpenAI, fake: Fake, key: str, how: str
) -> None:
    endless = {"steps": [{"repeat": {"times": 1000000, "steps": [{"text": "문장이요. "}, {"wait_ms": 5}]}}]}
    fake.script(f"{key}-text", endless)
    fake.script(key, {"act": "pass"}, {"steps": [{"stall": True}]})
    reply = client.chat.completions.create(model=f"{key}-text", messages=[], stream=True)
    spoken = Speech(OpenAISpeaker(client, model=key)).speak(reply)
    assert next(spoken).seq == 0
    fake.wait(key, lambda requests: len(requests) > 1)
    if how == "closed":
        spoken.close()
    else:
        del spoken
        gc.collect()
    fake.client_left(key)
    fake.client_left(f"{key}-text")


def test_the_text_is_read_no_further_than_it_is_spoken() -> None:
    read = 0

    def text() -> Iterator[str]:
        nonlocal read
        while True:
            read += 1
            yield "문장이요. " * 10

    with Speech(lambda request: bytes(64 * 1024)).speak(text()) as spoken:
        assert next(spoken).seq == 0
        last = -1
        while last != read:
            last = read
            threading.Event().wait(0.3)
        # 16 KiB of text wait in the feed, and 64 sentences in the pipeline.
        assert read < 500
        for _ in range(3000):
            next(spoken)
        assert read > last


def test_an_exception_of_the_text_is_raised_after_the_sentences_before_it() -> None:
    error = TextError("gone")

    def text() -> Iterator[str]:
        yield "하나요. 둘이"
        raise error

    spoken = Speech(echo).speak(text())
    assert next(spoken).text == "하나요."
    with pytest.raises(TextError) as raised:
        next(spoken)
    assert raised.value is error
    assert list(spoken) == []
    with pytest.raises(TypeError, match="strings, chunks or events, not int"):
        list(Speech(echo).speak([1]))


BROKEN = json.loads((REPO / "tests/vectors/speech/broken.json").read_text("utf-8"))


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case["name"])
def test_of_a_text_that_breaks_the_complete_sentences_are_heard(case: dict[str, Any]) -> None:
    def text() -> Iterator[str]:
        yield from case["pieces"]
        raise TextError("gone")

    spoken = Speech(echo).speak(text())
    for sentence in case["heard"]:
        assert next(spoken).text == sentence
    with pytest.raises(TextError):
        next(spoken)


def test_a_reply_that_breaks_off_raises_its_own_error(client: OpenAI, fake: Fake, key: str) -> None:
    fake.script(key, {"steps": [{"text": "하나요. 둘"}, {"truncate": True}]})
    spoken = Speech(echo).speak(client.chat.completions.create(model=key, messages=[], stream=True))
    assert next(spoken).text == "하나요."
    with pytest.raises(turnwire.TruncatedStreamError) as raised:
        next(spoken)
    assert raised.value.partial == "하나요. 둘"


def test_sentences_that_fail_are_left_out_and_known(client: OpenAI, fake: Fake, key: str) -> None:
    refusal = {"status": 400, "framing": "length", "steps": [{"json": {"error": {"message": "too long"}}}]}

    def speech(**settings: Any) -> Speech:
        fake.script(key, {"act": "pass"}, refusal, {"act": "pass"})
        return Speech(OpenAISpeaker(client, model=key), in_flight=1, **settings)

    spoken = speech().speak("하나요. 둘이요. 셋이요.")
    assert [(piece.seq, piece.sentence, piece.text) for piece in spoken] == [
        (0, 0, "하나요."),
        (1, 2, "셋이요."),
    ]
    [failed] = spoken.failures
    assert (failed.sentence, failed.text) == (1, "둘이요.")
    assert isinstance(failed.error, turnwire.BadRequestError)
    stopped = speech(on_failure="stop").speak("하나요. 둘이요. 셋이요.")
    assert next(stopped).seq == 0
    with pytest.raises(turnwire.BadRequestError, match="too long"):
        next(stopped)


def test_a_speech_is_one_file(client: OpenAI, tmp_path: Path, key: str) -> None:
    speech = Speech(OpenAISpeaker(client, model=key))
    assert says(b"".join(speech.speak(["하나요. ", "둘이요."]).joined())) == "하나요.둘이요."
    path = tmp_path / "speech.mp3"
    size = speech.speak("하나요. 둘이요.").write_to_file(path)
    assert (size, says(path.read_bytes())) == (path.stat().st_size, "하나요.둘이요.")
    spoken = speech.speak(iter(["하나요."]))
    spoken.joined()
    with pytest.raises(RuntimeError, match="spoken once"):
        next(spoken)

    def text() -> Iterator[str]:
        yield "하나요. "
        raise TextError("gone")

    with pytest.raises(TextError):
        speech.speak(text()).write_to_file(path)
    assert says(path.read_bytes()) == "하나요.둘이요."


where: contextvars.ContextVar[str] = contextvars.ContextVar("where", default="nowhere")


def test_the_text_and_a_function_that_speaks_have_the_context_variables_of_the_call() -> None:
    seen = []

    def speaker(request: SpeechRequest) -> tuple[bytes, str]:
        seen.append(where.get())
        return echo(request)

    def text() -> Iterator[str]:
        seen.append(where.get())
        yield "하나요."

    where.set("here")
    spoken = Speech(speaker).speak(text())
    where.set("elsewhere")
    assert [piece.text for piece in spoken] == ["하나요."]
    assert seen == ["here", "here"]


def test_the_text_belongs_to_the_process_that_speaks_it(program: Program) -> None:
    assert "ForkedError" in program.run(
        """
from turnwire import Speech
import threading
speech = Speech(lambda request: request.text.encode())
forked = threading.Event()
def text():
    yield "하나요. "
    forked.wait()
    yield "둘이요."
spoken = speech.speak(text())
next(spoken)
child = os.fork()
if child == 0:
    try:
        next(spoken)
    except turnwire.ForkedError as error:
        print(type(error).__name__, flush=True)
    print([piece.seq for piece in speech.speak("하나요. 둘이요.")], flush=True)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
forked.set()
assert next(spoken).seq == 1
"""
    )


def test_an_unread_text_keeps_no_interpreter_alive(program: Program) -> None:
    program.run(
        """
from turnwire import Speech
def text():
    while True:
        yield "문장이요. "
spoken = Speech(lambda request: bytes(65536)).speak(text())
next(spoken)
"""
    )


def test_under_gevent_the_text_is_read_in_a_greenlet(program: Program) -> None:
    program.run(
        """
import threading
from turnwire import Speech
ticks = 0
def tick():
    global ticks
    while True:
        gevent.sleep(0.005)
        ticks += 1
gevent.spawn(tick)
def text():
    for number in range(5):
        # Other greenlets go on.
        before = ticks
        while ticks < before + 3: gevent.sleep(0.005)
        yield f"문장 {number}이요. "
pieces = [piece.text for piece in Speech(lambda request: request.text.encode()).speak(text())]
assert len(pieces) == 5, pieces
""",
        before="import gevent.monkey; gevent.monkey.patch_all(); import gevent\n",
    )


def test_audio_is_handed_on_as_it_arrives(client: OpenAI, fake: Fake, key: str, tmp_path: Path) -> None:
    script = {"steps": [{"send_hex": "010203"}, {"stall": True}]}
    fake.script(key, script)
    with client.audio.speech.with_streaming_response.create(model=key, voice="alloy", input="hi") as audio:
        assert next(audio.iter_bytes()) == b"\x01\x02\x03"
    fake.client_left(key)
    fake.script(key, {"act": "pass"})
    create = client.audio.speech.with_streaming_response.create
    with create(model=key, voice="alloy", input="안녕") as audio:
        audio.stream_to_file(tmp_path / "a.mp3")
        assert audio.headers["content-type"] == "audio/mpeg"
        with pytest.raises(turnwire.OpenAIError, match="was read as it arrived"):
            audio.read()
    assert says((tmp_path / "a.mp3").read_bytes()) == "안녕"


def test_other_resources_of_audio_are_the_other_packages(client: OpenAI) -> None:
    with pytest.raises(
        AttributeError, match=r"has chat\.completions, audio\.speech and models, and no audio\.voices"
    ):
        client.audio.voices  # type: ignore[attr-defined]  # noqa: B018
    assert not hasattr(client.audio, "other")


def test_a_body_that_is_too_large_is_an_error(fake: Fake, key: str) -> None:
    client = OpenAI(base_url=fake.base_url, api_key="k", limits=turnwire.Limits(reply_bytes=100))
    with pytest.raises(turnwire.APIError, match="larger than 100 bytes"):
        client.audio.speech.create(model=key, voice="alloy", input="안녕")
