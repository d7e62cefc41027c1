"""The client of a chat service: streams, whole replies, speech."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from test_processes import FORK

import turnwire
from conftest import Program
from fake import FakeChat
from turnwire import AsyncChatService, ChatService, ContentEvent, DoneEvent, WorkspaceEvent

TOKENS = {"access_token": "the-access-token", "refresh_token": "the-refresh-token"}
EVENTS = [WorkspaceEvent("ws-1"), ContentEvent("안녕"), ContentEvent("하세"), ContentEvent("요"), DoneEvent()]


@pytest.fixture(scope="module")
def server() -> Iterator[FakeChat]:
    chat = FakeChat()
    yield chat
    chat.close()


@pytest.fixture(autouse=True)
def chat(server: FakeChat) -> Iterator[FakeChat]:
    server.workspace("ws-1")
    yield server
    server.reset()


@pytest.fixture
def service(chat: FakeChat) -> ChatService:
    return ChatService(chat.url, **TOKENS)  # type: ignore[arg-type]


def test_a_turn_is_read_as_events(service: ChatService, chat: FakeChat) -> None:
    with service.stream("안녕하세요", workspace_id="ws-1") as turn:
        assert list(turn) == EVENTS
        assert list(turn) == []
    assert [event.type for event in service.stream("a", create_workspace=True)] == [
        "workspace",
        "content",
        "done",
    ]
    chat.script("한 번", {"headers": [["x-request-id", "req-7"]], "steps": [{"sse": {"type": "done"}}]})
    turn = service.stream("한 번", workspace_id="ws-1")
    assert turn.request_id == "req-7" and list(turn) == [DoneEvent()]


def test_a_turn_is_asked_for_whole(service: ChatService) -> None:
    answer = service.send("안녕하세요", workspace_id="ws-1")
    assert (answer.reply, answer.workspace_id, answer.audio, answer.stopped, answer.usage) == (
        "안녕하세요",
        "ws-1",
        None,
        False,
        None,
    )
    spoken = service.send("안녕하세요", workspace_id="ws-1", speech=True)
    assert (
        isinstance(spoken.audio, bytes)
        and spoken.audio == service.speak("안녕하세요")
        and len(spoken.audio) > 100
    )


def test_the_same_in_asyncio(chat: FakeChat) -> None:
    calls = {name for name in vars(ChatService) if not name.startswith("_")}
    assert calls == {name for name in vars(AsyncChatService) if not name.startswith("_")}

    async def run() -> None:
        service = AsyncChatService(chat.url, **TOKENS)  # type: ignore[arg-type]
        async with await service.stream("안녕하세요", workspace_id="ws-1") as turn:
            assert [event async for event in turn] == EVENTS
        answer = await service.send("a", workspace_id="ws-1", speech=True)
        assert answer.reply == "a" and answer.audio == await service.speak("a")
        chat.script("silence", {"wait_ms_before_headers": 60_000, "steps": []})
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(service.stream("silence", workspace_id="ws-1"), 0.2)

    asyncio.run(run())


def test_a_turn_that_breaks_keeps_its_text(service: ChatService, chat: FakeChat) -> None:
    half = [{"sse": {"type": "content", "content": "half"}}]
    for key, end, kind in (
        ("cut", [], turnwire.TruncatedStreamError),
        ("failed", [{"sse": {"type": "error", "message": "no model"}}], turnwire.APIError),
    ):
        chat.script(key, {"steps": half + end})
        turn = service.stream(key, workspace_id="ws-1")
        assert next(turn) == ContentEvent("half")
        with pytest.raises(kind) as broken:
            next(turn)
        assert (broken.value.partial, broken.value.operation) == ("half", "service.stream")


def test_leaving_a_turn_closes_its_connection(service: ChatService, chat: FakeChat) -> None:
    held = {"steps": [{"sse": {"type": "content", "content": "a"}}, {"stall": True}]}
    for leave in ("close", "drop"):
        chat.script("held", held)
        turn = service.stream("held", workspace_id="ws-1")
        assert next(turn) == ContentEvent("a")
        if leave == "close":
            turn.close()
            assert list(turn) == []
        del turn
        deadline = 200
        while chat.all_requests()[-1]["outcome"] != "client_closed" and deadline:
            deadline -= 1
            asyncio.run(asyncio.sleep(0.01))
        assert deadline, chat.all_requests()[-1]


def test_what_a_service_refuses_is_told_without_the_tokens(chat: FakeChat, service: ChatService) -> None:
    chat.refuse(TOKENS["access_token"])
    calls: list[Any] = [
        lambda: service.stream("a", workspace_id="ws-1"),
        lambda: service.send("a", workspace_id="ws-1"),
        lambda: service.speak("a"),
    ]
    for call, operation in zip(calls, ("service.stream", "service.send", "service.speak"), strict=True):
        with pytest.raises(turnwire.AuthenticationError, match="expired") as refused:
            call()
        assert (refused.value.operation, refused.value.status) == (operation, 401)
        shown = f"{refused.value!r} {refused.value.__dict__} {pickle.dumps(refused.value)!r} {service!r}"
        assert not any(token in shown for token in TOKENS.values())
    fresh = {"access_token": "fresh", "refresh_token": "fresh"}
    assert service.send("a", workspace_id="ws-1", **fresh).reply == "a"  # type: ignore[arg-type]
    with pytest.raises(turnwire.NotFoundError):
        service.send("a", workspace_id="none", **fresh)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(service)


def test_a_request_is_refused_before_it_is_sent(service: ChatService, chat: FakeChat) -> None:
    sent = len(chat.all_requests())
    calls: list[tuple[Any, str]] = [
        (lambda: service.stream(" "), "service.stream"),
        (lambda: service.stream("a", usr_id="u"), "service.stream"),  # type: ignore[call-arg]
        (lambda: service.stream("a", speech=True, workspace_id="ws-1"), "service.stream"),
        (lambda: service.send("a", history=[{"role": "user", "content": "b"}]), "service.send"),
        (lambda: service.speak(" "), "service.speak"),
    ]
    for call, operation in calls:
        with pytest.raises(turnwire.InvalidRequestError) as refused:
            call()
        assert refused.value.operation == operation
    assert len(chat.all_requests()) == sent
    with pytest.raises(turnwire.ConfigError, match="wire must be one of events, text"):
        ChatService(chat.url, wire="morse")  # type: ignore[arg-type]


def test_settings_and_options_reach_the_service(chat: FakeChat) -> None:
    paths = {"chat": "/chat", "stream": "/chat-stream", "speech": "/tts"}
    service = ChatService(chat.url, **TOKENS, paths=paths, http={"headers": {"x-team": "red"}})  # type: ignore[arg-type]
    assert list(service.stream("안녕하세요", workspace_id="ws-1")) == EVENTS
    asked = chat.all_requests()[-1]
    assert asked["path"] == "/chat-stream" and ["x-team", "red"] in asked["headers"]
    service.with_options(headers={"x-team": "blue"}, timeout=60, max_retries=0).speak("a")
    assert ["x-team", "blue"] in chat.all_requests()[-1]["headers"]
    chat.script("tts", {"wait_ms_before_headers": 60_000, "steps": []})
    hurried = service.with_options(timeout=0.2, max_retries=0)
    with pytest.raises(turnwire.APITimeoutError):
        hurried.speak("silence")


def test_a_service_works_on_in_a_forked_child(program: Program, chat: FakeChat) -> None:
    out = program.run(
        FORK
        + f"""
service = turnwire.ChatService({chat.url!r}, **{TOKENS!r})
def reply(): return "".join(event.content for event in service.stream("hello", workspace_id="ws-1") if event.type == "content")
print(reply())
turn = service.stream("hello", workspace_id="ws-1")
def child():
    print(reply(), service.send("whole", workspace_id="ws-1").reply)
    try: next(turn)
    except turnwire.ForkedError as error: print(error.code)
in_child(child)
print(len(list(turn)), reply())
"""
    )
    assert out == "hello\nhello whole\nforked\n5 hello\n"


def test_a_token_provider_replaces_refused_tokens(chat: FakeChat) -> None:
    chat.refuse(TOKENS["access_token"])
    asked: list[Any] = []

    def provide(user: str | None, refused: turnwire.Tokens | None) -> tuple[str, str]:
        asked.append((user, refused and refused.access_token))
        return "fresh", "fresh"

    service = ChatService(chat.url, **TOKENS, token_provider=provide)  # type: ignore[arg-type]
    assert service.send("a", workspace_id="ws-1", user_id="u-7").reply == "a"
    assert list(service.stream("안녕하세요", workspace_id="ws-1")) == EVENTS
    assert asked == [("u-7", TOKENS["access_token"])]

    async def run() -> None:
        async def coroutine(user: str | None, refused: turnwire.Tokens | None) -> tuple[str, str]:
            return provide(user, refused)

        service = AsyncChatService(chat.url, token_provider=coroutine)
        async with await service.stream("안녕하세요", workspace_id="ws-1") as turn:
            assert [event async for event in turn] == EVENTS

    asyncio.run(run())
    assert asked[1:] == [(None, None)]
