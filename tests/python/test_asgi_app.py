"""``chat_app``: its routes, the user of a request, and the life of a server."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

import turnwire
from conftest import USER
from fake import Fake, FakeStore
from turnwire import AsyncTurns, SqliteStore, Turns
from turnwire.asgi import ChatApp, Request, chat_app


class Answer:
    """A response, sent by hand to an application."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])


async def ask(
    app: Any,
    path: str,
    body: bytes = b"",
    method: str = "POST",
    headers: dict[str, str] | None = None,
    left: asyncio.Event | None = None,
    **scope: Any,
) -> Answer:
    """Asks an application. The reader goes away when ``left`` says so."""
    path, _, query = path.partition("?")
    given = {"content-type": "application/json", **(headers or {})}
    pieces = [body[:3], body[3:]]
    answer = Answer()

    async def receive() -> dict[str, Any]:
        if pieces:
            piece = pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(pieces)}
        await (left or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        answer.sent.append(message)

    full = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        **scope,
    }
    await asyncio.wait_for(app(full, receive, send), 60)
    return answer


def said(**fields: Any) -> bytes:
    return json.dumps({"message": "안녕하세요", "createWorkspace": True, **fields}).encode()


@pytest.fixture
def turns(async_client: turnwire.AsyncOpenAI, key: str, tmp_path: Path) -> AsyncTurns:
    store = SqliteStore(tmp_path / "chat.db")
    return AsyncTurns(async_client, model=key, store=store, naming="first_words", turn_events=True)


def events(answer: Answer) -> list[Any]:
    return [json.loads(frame[6:]) for frame in answer.body.decode().split("\n\n") if frame]


def test_a_message_is_answered_and_the_next_one_knows_it(fake: Fake, turns: AsyncTurns, key: str) -> None:
    fake.chat(key, "안", "녕")
    app = chat_app(turns, authenticate=lambda request: "u-1")

    async def run() -> None:
        first = await ask(app, "/chat", said())
        assert first.status == 200 and int(first.headers["content-length"]) == len(first.body)
        whole = json.loads(first.body)
        assert whole["reply"] == "안녕"
        await turns.flush()
        next = said(createWorkspace=False, workspaceId=whole["workspaceId"])
        stream = await ask(app, "/chat/stream", next)
        assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert [event["type"] for event in events(stream)] == [
            "turn",
            "workspace",
            "content",
            "content",
            "done",
        ]

    asyncio.run(run())
    asked = json.loads(fake.requests(key)[-1]["body"])["messages"]
    assert [message["content"] for message in asked] == ["안녕하세요", "안녕", "안녕하세요"]


@pytest.mark.parametrize("kind", ["plain", "coroutine", "awaitable"])
def test_the_user_is_known_by_the_head_of_the_request(turns: AsyncTurns, kind: str) -> None:
    seen: list[Request] = []

    def plain(request: Request) -> str | None:
        seen.append(request)
        return request.query.get("user")

    async def coroutine(request: Request) -> str | None:
        return plain(request)

    def awaitable(request: Request) -> Awaitable[str | None]:
        return coroutine(request)

    ways: dict[str, Any] = {"plain": plain, "coroutine": coroutine, "awaitable": awaitable}
    app = chat_app(turns, authenticate=ways[kind])

    async def run() -> None:
        answer = await ask(app, "/chat/stop?user=u-1", b'{"turnId": "unknown"}', headers={"X-Key": "v"})
        assert (answer.status, answer.body) == (204, b"")
        answer = await ask(app, "/chat/stop", b'{"turnId": "unknown"}')
        assert answer.status == 401 and list(json.loads(answer.body)) == ["message"]

    asyncio.run(run())
    request = seen[0]
    assert (request.method, request.path, request.headers["x-key"]) == ("POST", "/chat/stop", "v")
    assert request.query == {"user": "u-1"} and request.scope["type"] == "http"


class HTTPException(Exception):
    """Stands for that of a framework: Starlette's has ``status_code``, Werkzeug's ``code``."""

    def __init__(self, name: str, status: int) -> None:
        setattr(self, name, status)


@pytest.mark.parametrize("name", ["status_code", "code"])
@pytest.mark.parametrize("status", [401, 403])
def test_an_authentication_may_refuse(
    turns: AsyncTurns, caplog: pytest.LogCaptureFixture, name: str, status: int
) -> None:
    def authenticate(request: Request) -> str:
        raise HTTPException(name, status)

    answer = asyncio.run(ask(chat_app(turns, authenticate=authenticate), "/chat", said()))
    assert (answer.status, list(json.loads(answer.body))) == (
        status,
        ["message" if status == 401 else "error"],
    )
    assert not caplog.records


def test_the_status_of_another_request_is_no_refusal(turns: AsyncTurns) -> None:
    class Answered(Exception):
        code = 401

    def authenticate(request: Request) -> str:
        raise Answered

    assert asyncio.run(ask(chat_app(turns, authenticate=authenticate), "/chat", said())).status == 500


def test_wrong_arguments_are_refused_in_words(turns: AsyncTurns) -> None:
    cases: list[tuple[Any, dict[str, Any], str]] = [
        (turns, {"authenticate": None}, "authenticate must be a function"),
        (turnwire.AsyncOpenAI(api_key="k"), {}, "needs Turns or AsyncTurns; it was given AsyncOpenAI"),
        (turns, {"origins": 5}, "origins must be strings"),
    ]
    for given, settings, why in cases:
        with pytest.raises(turnwire.ConfigError, match=why):
            chat_app(given, **{"authenticate": lambda request: "u", **settings})


@pytest.mark.parametrize("found", [ValueError("a secret of the database"), False, 7, "u\ud800"], ids=ascii)
def test_an_authentication_that_fails_is_logged_and_told_without_details(
    turns: AsyncTurns, caplog: pytest.LogCaptureFixture, found: object
) -> None:
    def authenticate(request: Request) -> Any:
        if isinstance(found, Exception):
            raise found
        return found

    app = chat_app(turns, authenticate=authenticate, origins="https://chat.example")
    answer = asyncio.run(ask(app, "/chat", said(), headers={"origin": "https://chat.example"}))
    assert answer.status == 500 and list(json.loads(answer.body)) == ["error"]
    assert answer.headers["access-control-allow-origin"] == "https://chat.example"
    assert b"secret" not in answer.body
    expected = "a secret of the database" if isinstance(found, Exception) else "must return the user's id"
    if isinstance(found, str):
        expected = "half of a surrogate pair"
    assert expected in caplog.text and caplog.records[-1].levelno == logging.ERROR


def test_requests_are_refused_before_their_user_is_known(turns: AsyncTurns) -> None:
    def nobody(request: Request) -> str:
        raise AssertionError("asked")

    app = chat_app(turns, authenticate=nobody, max_body=20, origins=["https://chat.example"])
    origin = {"origin": "https://chat.example", "access-control-request-method": "POST"}

    async def run() -> None:
        preflight = await ask(app, "/chat", method="OPTIONS", headers=origin)
        assert preflight.status == 204 and "access-control-allow-headers" in preflight.headers
        assert (await ask(app, "/chat", method="GET")).status == 405
        assert (await ask(app, "/else")).status == 404
        assert (await ask(app, "/chat", said())).status == 413
        told = {"content-length": "1000000"}
        assert (await ask(app, "/chat", b"", headers=told)).status == 413

    asyncio.run(run())


@pytest.mark.parametrize(
    ("root_path", "path"),
    [("", "/chat/stop"), ("/api", "/api/chat/stop"), ("/api", "/chat/stop"), ("/chat", "/chat/chat/stop")],
)
def test_it_is_mounted_anywhere(turns: AsyncTurns, root_path: str, path: str) -> None:
    app = chat_app(turns, authenticate=lambda request: request.path)
    answer = asyncio.run(ask(app, path, b'{"turnId": "unknown"}', root_path=root_path))
    assert answer.status == 204


def test_paths_are_settings(turns: AsyncTurns) -> None:
    app = chat_app(turns, authenticate=lambda request: "u", paths={"stop": "/halt"})
    assert asyncio.run(ask(app, "/halt", b'{"turnId": "unknown"}')).status == 204
    assert asyncio.run(ask(app, "/chat/stop", b'{"turnId": "unknown"}')).status == 404


@pytest.mark.parametrize("path", ["/chat", "/chat/stream", "/chat/ui", "/chat/text"])
def test_a_reader_who_leaves_ends_the_turn(fake: Fake, turns: AsyncTurns, key: str, path: str) -> None:
    fake.script(key, {"steps": [{"text": "a"}, {"stall": True}]})
    app = chat_app(turns, authenticate=lambda request: "u-1")

    message = {"role": "user", "parts": [{"type": "text", "text": "hi"}]}

    async def run() -> None:
        left = asyncio.Event()
        asking = asyncio.ensure_future(ask(app, path, said(id="c", messages=[message]), left=left))
        await asyncio.to_thread(fake.wait, key, bool)
        left.set()
        answer = await asking
        # Some middleware takes it for a failure that no response begins.
        if path == "/chat":
            assert (answer.status, answer.body) == (499, b"")
        else:
            assert answer.sent[-1].get("more_body") is not False
        await asyncio.to_thread(fake.client_left, key)

    asyncio.run(run())


def test_a_reader_who_leaves_before_the_body_starts_nothing(fake: Fake, turns: AsyncTurns, key: str) -> None:
    async def leaves() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    sent: list[Any] = []
    app = chat_app(turns, authenticate=lambda request: "u-1")
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/chat",
        "headers": [(b"content-type", b"application/json")],
    }
    asyncio.run(app(scope, leaves, send))
    assert not fake.requests(key)
    assert sent[0]["status"] == 499 and not sent[1]["body"]


def test_functions_of_coroutines_run_on_the_loop_with_the_requests_context(
    fake: Fake, async_client: turnwire.AsyncOpenAI, key: str
) -> None:
    from contextvars import ContextVar

    who: ContextVar[str] = ContextVar("who")

    async def sentiment(text: str) -> str:
        return f"{who.get()} {asyncio.get_running_loop() is loop[0]}"

    async def authenticate(request: Request) -> str:
        who.set("u-1")
        return "u-1"

    loop: list[Any] = []
    turns = AsyncTurns(
        async_client, model=key, sentiment=sentiment, sentiment_budget=5, sentiment_events=True
    )
    app = chat_app(turns, authenticate=authenticate)
    fake.chat(key, "a")

    async def run() -> Answer:
        loop.append(asyncio.get_running_loop())
        return await ask(app, "/chat/stream", said())

    assert {"type": "sentiment", "label": "u-1 True"} in events(asyncio.run(run()))


def test_plain_turns_are_served_too(fake: Fake, client: turnwire.OpenAI, key: str) -> None:
    turns = Turns(
        client, model=key, sentiment=lambda text: "plain", sentiment_budget=5, sentiment_events=True
    )
    fake.chat(key, "a")
    answer = asyncio.run(ask(chat_app(turns, authenticate=lambda request: "u"), "/chat/stream", said()))
    assert [event["type"] for event in events(answer)] == ["sentiment", "content", "done"]


def test_the_servers_end_delivers_messages_that_wait(
    fake: Fake, store: FakeStore, async_client: turnwire.AsyncOpenAI, key: str
) -> None:
    fake.chat(key, "a")
    store.workspace(key, USER)
    tokens = store.login(USER)
    turns = AsyncTurns(async_client, model=key, store=store.url)
    app = chat_app(turns, authenticate=lambda request: USER)
    headers = {"authorization": tokens["access_token"], "refreshtoken": f"Bearer {tokens['refresh_token']}"}

    async def run() -> None:
        steps = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            if len(steps) == 1:
                await ask(app, "/chat", said(createWorkspace=False, workspaceId=key), headers=headers)
            return steps.pop(0)

        async def send(message: Any) -> None:
            sent.append((message["type"], store.texts(key)))

        await app({"type": "lifespan"}, receive, send)
        assert sent == [
            ("lifespan.startup.complete", []),
            ("lifespan.shutdown.complete", ["a", "안녕하세요"]),
        ]

    asyncio.run(run())


def test_a_mounted_application_delivers_at_the_end_of_the_outer_one(
    fake: Fake, store: FakeStore, async_client: turnwire.AsyncOpenAI, key: str
) -> None:
    fake.chat(key, "a")
    store.workspace(key, USER)
    tokens = store.login(USER)
    turns = AsyncTurns(async_client, model=key, store=store.url)
    app = chat_app(turns, authenticate=lambda request: USER)
    headers = {"authorization": tokens["access_token"], "refreshtoken": f"Bearer {tokens['refresh_token']}"}

    async def run() -> None:
        async with app.lifespan():
            await ask(app, "/chat", said(createWorkspace=False, workspaceId=key), headers=headers)
        assert store.texts(key) == ["a", "안녕하세요"]

    asyncio.run(run())


def test_a_web_socket_is_refused(turns: AsyncTurns) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    app: ChatApp = chat_app(turns, authenticate=lambda request: "u")
    asyncio.run(app({"type": "websocket", "path": "/chat"}, receive, send))
    assert sent == [{"type": "websocket.close"}]
