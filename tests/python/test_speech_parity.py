"""``client.audio.speech`` of the ``openai`` package and of this one: requests, results and errors are equal."""

from __future__ import annotations

import ast
import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import openai
import pytest

import turnwire
from fake import Fake
from turnwire import _audio

LIBRARIES = [turnwire, openai]
AUDIO = bytes(range(256)) * 40


def client_of(library: ModuleType, fake: Fake, kind: str = "OpenAI", **settings: Any) -> Any:
    options = {"base_url": fake.base_url, "api_key": "sk-test", "max_retries": 0, **settings}
    return getattr(library, kind)(**options)


def asked(key: str, **params: Any) -> dict[str, Any]:
    return {"model": key, "voice": "alloy", "input": "안녕하세요", **params}


def both(fake: Fake, key: str, call: Callable[[Any, ModuleType], Any], *scripts: Any) -> list[Any]:
    """The results of a call with each library, which are the same."""
    found = []
    for library in LIBRARIES:
        fake.script(
            key,
            *(
                scripts
                or [{"headers": [["content-type", "audio/x-own"]], "steps": [{"send_hex": AUDIO.hex()}]}]
            ),
        )
        found.append(call(client_of(library, fake), library))
    assert found[0] == found[1]
    return found


def test_requests_are_alike(fake: Fake, key: str) -> None:
    for library in LIBRARIES:
        client_of(library, fake).audio.speech.create(
            **asked(key, voice={"id": "voice_1"}, response_format="wav", speed=1.25, instructions="천천히"),
            stream_format=library.omit,
            extra_headers={"x-a": "1"},
            extra_query={"q": "a b", "list": [1, 2]},
            extra_body={"seed": 4, "speed": 2},
        )
        client_of(library, fake).audio.speech.create(**asked(key, extra_headers={"Accept": "audio/mpeg"}))
    ours, theirs = fake.requests(key)[:2], fake.requests(key)[2:]
    for mine, other in zip(ours, theirs, strict=True):
        assert list(json.loads(mine["body"]).items()) == list(json.loads(other["body"]).items())
        assert mine["path"] == other["path"]
        assert (mine["query"] or "").replace("+", "%20") == (other["query"] or "").replace("+", "%20")
        headers = [dict(request["headers"]) for request in (mine, other)]
        for name in ("accept", "authorization", "content-type", "x-a"):
            assert headers[0].get(name) == headers[1].get(name)


def test_whole_audio_looks_alike(fake: Fake, key: str, tmp_path: Path) -> None:
    def look(client: Any, library: ModuleType) -> Any:
        audio = client.audio.speech.create(**asked(key))
        audio.write_to_file(tmp_path / "a")
        return (
            type(audio).__name__,
            audio.content,
            audio.read(),
            list(audio.iter_bytes()),
            list(audio.iter_bytes(1000)),
            (tmp_path / "a").read_bytes(),
            audio.response.headers["content-type"],
            audio.response.status_code,
        )

    assert both(fake, key, look)[0][1] == AUDIO


def test_raw_responses_look_alike(fake: Fake, key: str) -> None:
    def look(client: Any, library: ModuleType) -> Any:
        raw = client.audio.speech.with_raw_response.create(**asked(key))
        return (
            raw.status_code,
            raw.headers["Content-Type"],
            raw.content,
            raw.parse().read(),
            raw.request_id is not None,
        )

    both(fake, key, look)


def test_streamed_responses_look_alike(fake: Fake, key: str, tmp_path: Path) -> None:
    def look(client: Any, library: ModuleType) -> Any:
        create = client.audio.speech.with_streaming_response.create
        with create(**asked(key)) as audio:
            kinds = (
                audio.headers["content-type"],
                audio.status_code,
                audio.read(),
                list(audio.iter_bytes(1000)),
            )
        with create(**asked(key)) as audio:
            pieces = list(audio.iter_bytes(1000))
        with create(**asked(key)) as audio:
            audio.stream_to_file(tmp_path / "a")
        with create(**asked(key)) as audio:
            list(audio.iter_bytes())
            with pytest.raises(library.OpenAIError):
                audio.read()
        return kinds, pieces, (tmp_path / "a").read_bytes()

    both(
        fake, key, look, {"headers": [["content-type", "audio/x-own"]], "steps": [{"send_hex": AUDIO.hex()}]}
    )


def test_text_is_read_alike(fake: Fake, key: str) -> None:
    text = "첫 줄\n둘째 줄\r\n" * 30
    script = {
        "headers": [["content-type", "text/plain; charset=utf-8"]],
        "split": 7,
        "steps": [{"send": text}],
    }

    def look(client: Any, library: ModuleType) -> Any:
        create = client.audio.speech.with_streaming_response.create
        with create(**asked(key)) as audio:
            lines = list(audio.iter_lines())
        with create(**asked(key)) as audio:
            texts = list(audio.iter_text(5))
        whole = client.audio.speech.create(**asked(key))
        return lines, texts, whole.text, list(whole.iter_lines()), list(whole.iter_text(5))

    both(fake, key, look, script)


def test_asynchronous_audio_looks_alike(fake: Fake, key: str, tmp_path: Path) -> None:
    async def look(client: Any) -> Any:
        whole = await client.audio.speech.create(**asked(key))
        raw = await client.audio.speech.with_raw_response.create(**asked(key))
        create = client.audio.speech.with_streaming_response.create
        async with create(**asked(key)) as audio:
            pieces = [piece async for piece in audio.iter_bytes(1000)]
        async with create(**asked(key)) as audio:
            read = await audio.read()
        async with create(**asked(key)) as audio:
            await audio.stream_to_file(tmp_path / "a")
        whole.write_to_file(tmp_path / "b")
        aread = await whole.aread()
        again = [piece async for piece in await whole.aiter_bytes()]
        files = [(tmp_path / name).read_bytes() for name in "ab"]
        return whole.content, raw.parse().content, pieces, read, aread, again, files

    found = []
    for library in LIBRARIES:
        fake.script(key, {"steps": [{"send_hex": AUDIO.hex()}]})
        found.append(asyncio.run(look(client_of(library, fake, "AsyncOpenAI"))))
    assert found[0] == found[1]


def test_awaiting_the_pieces_first_is_not_needed(fake: Fake, key: str) -> None:
    async def test() -> None:
        audio = await client_of(turnwire, fake, "AsyncOpenAI").audio.speech.create(**asked(key))
        assert [piece async for piece in audio.aiter_bytes(100)] == list(audio.iter_bytes(100))

    asyncio.run(test())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500, 503])
@pytest.mark.parametrize("streamed", [False, True])
def test_errors_are_alike(fake: Fake, key: str, status: int, streamed: bool) -> None:
    error = {"error": {"message": "no such voice", "type": "t", "code": "c", "param": "voice"}}

    def look(client: Any, library: ModuleType) -> Any:
        speech = client.audio.speech
        with pytest.raises(library.APIStatusError) as raised:
            if streamed:
                with speech.with_streaming_response.create(**asked(key)):
                    pass
            else:
                speech.create(**asked(key))
        error = raised.value
        return type(error).__name__, error.message, error.code, error.param, error.body, error.status_code

    both(fake, key, look, {"status": status, "framing": "length", "steps": [{"json": error}]})


def test_audio_that_breaks_off_or_never_comes_is_the_same_error(fake: Fake, key: str) -> None:
    for library in LIBRARIES:
        client = client_of(library, fake)
        fake.script(key, {"steps": [{"send_hex": "010203"}, {"truncate": True}]})
        with pytest.raises(library.APIConnectionError):
            client.audio.speech.create(**asked(key))
        fake.script(key, {"steps": [{"send_hex": "010203"}, {"stall": True}]})
        with pytest.raises(library.APITimeoutError):
            client.audio.speech.create(**asked(key, timeout=0.2))


def test_every_keyword_of_theirs_is_taken() -> None:
    import inspect

    theirs = set(inspect.signature(openai.resources.audio.Speech.create).parameters) - {"self"}
    assert theirs == set(inspect.signature(_audio._request).parameters)
    tree = ast.parse(Path(_audio.__file__).read_text("utf-8"))
    [typed] = [c for c in ast.walk(tree) if isinstance(c, ast.ClassDef) and c.name == "SpeechParams"]
    fields = {field.target.id for field in typed.body if isinstance(field, ast.AnnAssign)}  # type: ignore[union-attr]
    assert fields == theirs - {"input", "model", "voice"}


def test_every_method_of_theirs_is_there() -> None:
    from openai._legacy_response import HttpxBinaryResponseContent
    from openai._response import AsyncStreamedBinaryAPIResponse, StreamedBinaryAPIResponse

    from turnwire import _binary

    # Of httpx: their objects show through it.
    other = {
        "encoding",
        "charset_encoding",
        "http_request",
        "url",
        "method",
        "http_version",
        "elapsed",
        "retries_taken",
    }
    for ours, theirs in (
        (_binary.HttpxBinaryResponseContent, HttpxBinaryResponseContent),
        (_binary.OpenedAudio, StreamedBinaryAPIResponse),
        (_binary.AsyncOpenedAudio, AsyncStreamedBinaryAPIResponse),
    ):
        public = {name for name in dir(theirs) if not name.startswith("_")}
        assert public - set(dir(ours)) <= other, ours
