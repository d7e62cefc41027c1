"""Turns in ASGI applications: each framework under each server, and readers who leave."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import turnwire
from fake import Fake

pytest.importorskip("starlette", reason="the frameworks need Python 3.11")

from starlette.background import BackgroundTask
from starlette.responses import Response

from asgi_servers import SERVERS, post, serving
from turnwire.asgi import SSEResponse, TextResponse, UIMessageResponse

PATHS = [
    "/bare",
    "/starlette/chat",
    "/starlette/bare/",
    "/fastapi/chat",
    "/fastapi/threads/chat",
    "/quart/chat",
    "/django/chat",
    "/service/chat/stream",
]
SILENCE = [{"text": "a"}, {"stall": True}]


def names(key: str) -> dict[str, str]:
    """A model for each path."""
    return {path: key + path.replace("/", "-") for path in PATHS}


def each(work: Callable[[str], object]) -> list[object]:
    with ThreadPoolExecutor(len(PATHS)) as pool:
        return list(pool.map(work, PATHS))


@pytest.fixture(scope="module", params=SERVERS)
def port(request: pytest.FixtureRequest, fake: Fake) -> Iterator[int]:
    with serving(request.param, "asgi_apps:app", {"OPENAI_BASE_URL": fake.base_url}) as port:
        yield port


def test_each_framework_streams_and_none_cuts_a_long_reply(fake: Fake, key: str, port: int) -> None:
    models = names(key)
    # Longer than the time that the application gives Quart's responses.
    steps = [{"text": "안"}, {"wait_ms": 600}, {"text": "녕"}, {"finish": "stop"}, {"done": True}]
    for model in models.values():
        fake.script(model, {"steps": steps})

    def read(path: str) -> object:
        response = post(port, path, message="hi", model=models[path], createWorkspace=True)
        found = [response.getheader(name) for name in ("content-type", "cache-control", "x-accel-buffering")]
        return path, response.status, found, response.read().decode()

    headers = ["text/event-stream; charset=utf-8", "no-cache, no-transform", "no"]
    events = [{"type": "content", "content": "안"}, {"type": "content", "content": "녕"}, {"type": "done"}]
    text = "".join(f"data: {json.dumps(event, ensure_ascii=False)}\n\n" for event in events)
    assert each(read) == [(path, 200, headers, text) for path in PATHS]


def test_a_reader_who_leaves_in_silence_ends_the_turn_at_once(fake: Fake, key: str, port: int) -> None:
    models = names(key)
    for model in models.values():
        fake.script(model, {"steps": SILENCE})

    def leave(path: str) -> None:
        response = post(port, path, message="hi", model=models[path], createWorkspace=True)
        assert response.readline().startswith(b"data: "), path
        response.close()
        fake.client_left(models[path])

    each(leave)


SCOPE = {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}}


class Reader:
    """A reader by hand: it leaves when it is told to, or when it has read enough."""

    def __init__(self, leaves_after: int | None = None) -> None:
        self.sent: list[dict[str, Any]] = []
        self.left = asyncio.Event()
        self.got = asyncio.Event()
        self.leaves_after = leaves_after
        self.asked = 0

    async def receive(self) -> dict[str, Any]:
        self.asked += 1
        if self.asked == 1:
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)
        if len(self.sent) == self.leaves_after:
            self.left.set()
        if message.get("body"):
            self.got.set()

    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


async def silent(fake: Fake, client: turnwire.AsyncOpenAI, key: str) -> turnwire.AsyncTurn:
    """A turn whose model falls silent after the first piece."""
    fake.script(key, {"steps": SILENCE})
    return await turnwire.AsyncTurns(client, model=key, keep_alive=None).start("hi")


async def ends(response: Any, reader: Any) -> None:
    await asyncio.wait_for(response(SCOPE, reader.receive, reader.send), 30)


def test_the_reader_is_listened_to_in_silence(
    fake: Fake, async_client: turnwire.AsyncOpenAI, key: str
) -> None:
    async def run() -> None:
        reader = Reader(leaves_after=2)
        await ends(SSEResponse(await silent(fake, async_client, key)), reader)
        # The reply is not whole, and nobody is told that it is.
        assert [message.get("more_body") for message in reader.sent] == [None, True]

    asyncio.run(run())
    fake.client_left(key)


def test_cancelling_the_task_leaves_the_turn(
    fake: Fake, async_client: turnwire.AsyncOpenAI, key: str
) -> None:
    async def run() -> None:
        reader = Reader()
        response = SSEResponse(await silent(fake, async_client, key))
        task = asyncio.create_task(response(SCOPE, reader.receive, reader.send))
        await reader.got.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())
    fake.client_left(key)


@pytest.mark.parametrize(
    "raised", [OSError("the reader has gone"), RuntimeError("a fault")], ids=["left", "fault"]
)
def test_a_send_that_fails_leaves_the_turn(
    fake: Fake, async_client: turnwire.AsyncOpenAI, key: str, raised: Exception
) -> None:
    async def send(message: Any) -> None:
        if message.get("body"):
            raise raised

    async def run() -> None:
        reader = Reader()
        reader.send = send  # type: ignore[method-assign]
        await ends(SSEResponse(await silent(fake, async_client, key)), reader)

    if isinstance(raised, OSError):
        asyncio.run(run())
    else:
        with pytest.raises(RuntimeError, match="a fault"):
            asyncio.run(run())
    fake.client_left(key)


def test_middleware_that_repeats_the_request_does_not_occupy_the_loop(
    fake: Fake, async_client: turnwire.AsyncOpenAI, key: str
) -> None:
    async def receive() -> dict[str, Any]:
        reader.asked += 1
        return {"type": "http.request", "body": b"{}"}

    reader = Reader()
    reader.receive = receive  # type: ignore[method-assign]
    fake.chat(key, "a")

    async def run() -> None:
        turn = await turnwire.AsyncTurns(async_client, model=key).start("hi")
        await ends(SSEResponse(turn), reader)

    asyncio.run(run())
    assert reader.asked == 2 and reader.sent[-1]["more_body"] is False


@pytest.mark.parametrize("leaves", ["before it", "unsent"])
def test_a_response_that_nobody_reads_leaves_the_turn(
    fake: Fake, async_client: turnwire.AsyncOpenAI, key: str, leaves: str
) -> None:
    async def run() -> None:
        fake.script(key, {"steps": SILENCE})
        turns = turnwire.AsyncTurns(async_client, model=key, keep_alive=None)
        turn = await turns.start("hi")
        response, id = SSEResponse(turn), turn.id
        del turn
        if leaves == "before it":
            reader = Reader()
            reader.left.set()
            await ends(response, reader)
        del response
        gc.collect()
        assert not await turns.stop(id)

    asyncio.run(run())
    # If it was asked at all.
    fake.wait(key, lambda requests: all(request["outcome"] == "client_closed" for request in requests))


def test_a_status_and_headers_of_ones_own(fake: Fake, async_client: turnwire.AsyncOpenAI, key: str) -> None:
    fake.chat(key, "a")
    reader = Reader()
    done: list[str] = []

    async def run() -> None:
        turn = await turnwire.AsyncTurns(async_client, model=key).start("hi")
        response: Response = SSEResponse(turn, 202, {"X-One": "1", "Cache-Control": "no-store, no-transform"})
        response.headers["x-two"] = "2"
        response.background = BackgroundTask(done.append, "after")
        await ends(response, reader)

    asyncio.run(run())
    assert reader.sent[0]["status"] == 202 and done == ["after"]
    assert dict(reader.sent[0]["headers"]) == {
        b"content-type": b"text/event-stream; charset=utf-8",
        b"cache-control": b"no-store, no-transform",
        b"x-accel-buffering": b"no",
        b"x-one": b"1",
        b"x-two": b"2",
    }


def test_the_other_formats(fake: Fake, async_client: turnwire.AsyncOpenAI, key: str) -> None:
    async def run(kind: Any) -> Reader:
        fake.chat(key, "안녕")
        reader = Reader()
        await ends(kind(await turnwire.AsyncTurns(async_client, model=key).start("hi")), reader)
        return reader

    ui = asyncio.run(run(UIMessageResponse))
    assert (b"x-vercel-ai-ui-message-stream", b"v1") in ui.sent[0]["headers"]
    assert ui.body().startswith(b'data: {"type": "start"') and ui.body().endswith(b"data: [DONE]\n\n")
    text = asyncio.run(run(TextResponse))
    assert (b"content-type", b"text/plain; charset=utf-8") in text.sent[0]["headers"]
    assert text.body().decode() == "안녕"


def test_plain_text_that_breaks_off_does_not_end_well(
    fake: Fake, async_client: turnwire.AsyncOpenAI, key: str
) -> None:
    fake.script(key, {"steps": [{"text": "half"}, {"truncate": True}]})
    reader = Reader()

    async def run() -> None:
        await ends(TextResponse(await turnwire.AsyncTurns(async_client, model=key).start("hi")), reader)

    with pytest.raises(turnwire.TruncatedStreamError):
        asyncio.run(run())
    assert reader.body() == b"half" and reader.sent[-1]["more_body"]


def test_the_bytes_are_closed_by_another_task_while_one_reads_them(
    fake: Fake, async_client: turnwire.AsyncOpenAI, key: str
) -> None:
    async def run() -> None:
        body = (await silent(fake, async_client, key)).asse()
        read: list[bytes] = []

        async def reading() -> None:
            async for piece in body:
                read.append(piece)

        task = asyncio.create_task(reading())
        while not read:
            await asyncio.sleep(0.001)
        await body.aclose()
        await body.aclose()
        await asyncio.wait_for(task, 30)
        assert len(read) == 1

    asyncio.run(run())
    fake.client_left(key)


def test_the_bytes_are_closed_by_another_thread_unawaited(
    fake: Fake, async_client: turnwire.AsyncOpenAI, key: str
) -> None:
    async def run() -> None:
        body = (await silent(fake, async_client, key)).asse()
        await body.__anext__()
        waits = asyncio.ensure_future(body.__anext__())
        await asyncio.sleep(0)
        # As Django does; `-W error` of the tests' settings makes a coroutine that nobody awaits an error.
        await asyncio.to_thread(lambda: [body.close(), body.close()])
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(waits, 30)

    asyncio.run(run())
    fake.client_left(key)


ROUTE = """
app = FastAPI()
@app.get("/annotated")
async def annotated() -> SSEResponse: ...
assert issubclass(SSEResponse, Response) or "turnwire" == FIRST
class Turn:
    class _turn:
        def bytes(wire):
            class Body:
                headers = {}
                def close(self): pass
            return Body()
assert isinstance(SSEResponse(Turn), Response) and isinstance(SSEResponse(Turn), SSEResponse)
"""
FASTAPI = "from fastapi import FastAPI, Response\n"
OURS = "from turnwire.asgi import SSEResponse\n"


@pytest.mark.parametrize("first", ["fastapi", "turnwire"])
def test_fastapi_takes_it_in_either_order_of_imports(first: str) -> None:
    imports = FASTAPI + OURS if first == "fastapi" else OURS + FASTAPI
    subprocess.run([sys.executable, "-c", f"{imports}FIRST = {first!r}\n{ROUTE}"], check=True, timeout=60)


def test_no_framework_is_imported() -> None:
    text = """
import sys, turnwire.asgi
assert not {"starlette", "fastapi", "quart", "django", "pydantic"} & {name.split(".")[0] for name in sys.modules}
"""
    subprocess.run([sys.executable, "-c", text], check=True, timeout=60)
