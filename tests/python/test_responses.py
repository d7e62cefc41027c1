"""Responses beside what they say: headers, ids, bodies."""

from __future__ import annotations

import asyncio
import json
import re
import socketserver
import threading
from typing import Any

import openai
import pytest

import turnwire
from conftest import texts
from fake import Fake

HI = [{"role": "user", "content": "안녕하세요"}]


def test_raw_responses_have_headers(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    headers = [["x-ratelimit-remaining-requests", "59"]]
    fake.chat(key, "a", headers=headers)
    raw = client.chat.completions.with_raw_response.create(model=key, messages=HI, stream=True)
    assert raw.headers["X-RateLimit-Remaining-Requests"] == "59" and raw.status_code == 200 and raw.request_id
    assert texts(raw.parse()) == ["a"]
    whole = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=HI)
    assert whole.parse().id == json.loads(whole.text)["id"]
    assert whole.parse() is whole.parse()


@pytest.mark.parametrize("stream", [False, True])
def test_responses_can_be_read_in_their_time(
    client: turnwire.OpenAI, async_client: turnwire.AsyncOpenAI, fake: Fake, key: str, stream: bool
) -> None:
    chunks = [{"id": "c", "choices": [{"index": 0, "delta": {"content": c}}]} for c in ("안", "b")]
    end = {"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    body = {"id": "c", "choices": [{"index": 0, "message": {"content": "안b"}, "finish_reason": "stop"}]}
    steps = [*({"sse": each} for each in (*chunks, end)), {"done": True}] if stream else [{"json": body}]
    framing = {} if stream else {"framing": "length"}
    script = {"headers": [["x-request-id", "r"], ["x-more", "1"]], "steps": steps, **framing}
    fake.script(key, *[script] * 16)
    opened = lambda of: of.chat.completions.with_streaming_response.create(  # noqa: E731
        model=key, messages=HI, stream=stream
    )

    def sync(read: Any) -> Any:
        with opened(client) as response:
            assert response.headers["X-More"] == "1" and response.request_id == "r"
            return read(response)

    async def awaited(read: Any) -> Any:
        async with opened(async_client) as response:
            found = read(response)
            return await found if hasattr(found, "__await__") else [piece async for piece in found]

    text = sync(lambda r: r.text())
    if stream:
        frames = [json.loads(line[6:]) for line in text.split("\n\n")[:-2]]
        assert frames == [*chunks, end] and text.endswith("\n\ndata: [DONE]\n\n")
    else:
        assert json.loads(text) == body == sync(lambda r: r.json())
    lines = sync(lambda r: list(r.iter_lines()))
    assert lines == text.removesuffix("\n").split("\n")
    pieces = sync(lambda r: list(r.iter_bytes(7)))
    assert b"".join(pieces) == text.encode() == sync(lambda r: r.read())
    assert {len(piece) for piece in pieces[:-1]} == {7}
    assert asyncio.run(awaited(lambda r: r.text())) == text
    assert asyncio.run(awaited(lambda r: r.iter_lines())) == lines
    assert asyncio.run(awaited(lambda r: r.iter_bytes(7))) == pieces
    assert "".join(asyncio.run(awaited(lambda r: r.iter_text(3)))) == text
    parsed = sync(lambda r: texts(r.parse()) if stream else r.parse().id)
    assert parsed == (["안", "b"] if stream else "c")
    with pytest.raises(ValueError, match="chunk_size"):
        sync(lambda r: list(r.iter_text(0)))


def test_leaving_a_response_closes_its_connection(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    fake.script(key, {"steps": [{"text": "a"}, {"stall": True}]})
    create = client.chat.completions.with_streaming_response.create
    with create(model=key, messages=HI, stream=True) as response:
        assert next(response.iter_lines()).startswith("data: {")
        assert not response.is_closed
    assert response.is_closed
    fake.client_left(key)


def test_the_list_of_models_has_its_response(
    client: turnwire.OpenAI, async_client: turnwire.AsyncOpenAI
) -> None:
    raw = client.models.with_raw_response.list()
    assert raw.headers["content-type"] == "application/json" and raw.request_id.startswith("req_")
    assert raw.parse()._request_id == raw.request_id and raw.json()["object"] == "list"
    with client.models.with_streaming_response.list() as response:
        assert response.request_id and response.parse() == raw.parse()
    assert client.models.list()._request_id

    async def main() -> list[str | None]:
        raw = await async_client.models.with_raw_response.list()
        async with async_client.models.with_streaming_response.list() as response:
            assert await response.parse() == raw.parse()
            return [raw.request_id, response.request_id, (await async_client.models.list())._request_id]

    assert all(asyncio.run(main()))


def test_models_are_listed(client: turnwire.OpenAI, async_client: turnwire.AsyncOpenAI) -> None:
    assert [model.id for model in client.models.list()] == [model.id for model in client.models.list().data]

    async def both() -> tuple[list[str], list[str]]:
        return [m.id async for m in async_client.models.list()], [
            m.id for m in (await async_client.models.list()).data
        ]

    one, other = asyncio.run(both())
    assert one == other == [model.id for model in client.models.list()]


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request"])
@pytest.mark.parametrize(
    "values", [["안녕".encode()], ["é".encode("latin-1")], ["é".encode("latin-1"), "안녕".encode()]]
)
def test_headers_that_are_not_ascii_are_alike(status: str, values: list[bytes]) -> None:
    reply = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "a"}}
    body = json.dumps(
        {"id": "a", "object": "chat.completion", "created": 1, "model": "m", "choices": [reply]}
    )
    fields = [b"x-%d: %s\r\n" % place for place in enumerate(values)]
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
    answer = head.encode() + b"connection: close\r\n" + b"".join(fields) + b"\r\n" + body.encode()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            # All of it: a connection that is closed with unread bytes may lose the answer.
            with self.request.makefile("rb") as request:
                head = b"".join(iter(request.readline, b"\r\n"))
                length = re.search(rb"(?i)content-length: (\d+)", head)
                assert length
                request.read(int(length[1]))
            self.request.sendall(answer)

    found = []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for library in (turnwire, openai):
            url = f"http://127.0.0.1:{server.server_address[1]}/v1"
            client = library.OpenAI(base_url=url, api_key="k", max_retries=0)
            try:
                headers = client.chat.completions.with_raw_response.create(model="m", messages=[]).headers
            except library.BadRequestError as error:
                headers = error.response.headers
            found.append([headers[f"x-{place}"] for place in range(len(values))])
        server.shutdown()
    assert found[0] == found[1]
