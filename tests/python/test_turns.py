"""Turns: events, bytes, timelines, host functions, stores, and the ends that a turn can have."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from typing import Any

import pytest

import turnwire
from fake import Fake, FakeStore
from turnwire import AsyncTurns, ContentEvent, DoneEvent, Turns

USER = "11111111-1111-4111-8111-111111111111"
HELD = {"steps": [{"role": "assistant"}, {"text": "a"}, {"stall": True}]}


@pytest.fixture
def turns(client: turnwire.OpenAI, key: str) -> Turns:
    return Turns(client, model=key)


def system_texts(fake: Fake, key: str) -> str:
    """All that the model was told before the user's message."""
    import json

    messages = json.loads(fake.requests(key)[-1]["body"])["messages"]
    return "\n".join(message["content"] for message in messages if message["role"] == "system")


def stage(turn: Any, name: str) -> Any:
    return next(stage for stage in turn.timeline().stages if stage.name == name)


def test_a_turn_is_read_as_events(turns: Turns, fake: Fake, key: str) -> None:
    fake.chat(key, "안", "녕")
    turn = turns.start("안녕하세요")
    events = list(turn)
    assert events == [ContentEvent("안"), ContentEvent("녕"), DoneEvent()]
    assert [event.type for event in events] == ["content", "content", "done"]
    assert list(turn) == []
    assert turn.id and turn.message_id != turn.reply_id
    assert stage(turn, "reply").outcome == "done" and turn.timeline().pieces == 2


def test_a_timeline_is_data_a_chart_and_a_picture(turns: Turns, fake: Fake, key: str) -> None:
    fake.chat(key, "a", "b")
    turn = turns.start("hello")
    list(turn)
    timeline = turn.timeline()
    assert timeline.text().startswith("stage ") and "first token after" in timeline.text()
    picture = timeline.svg("simulated <services>")
    assert picture.startswith("<svg ") and "simulated &lt;services&gt;" in picture
    again = turnwire.Timeline.model_validate_json(timeline.model_dump_json())
    assert again == timeline and again.text() == timeline.text() and again.svg() == timeline.svg()


def test_a_turn_is_read_as_bytes(turns: Turns, fake: Fake, key: str) -> None:
    fake.chat(key, "안", "녕")
    body = turns.start("안녕하세요").sse()
    expected = 'data: {"type": "content", "content": "안"}\n\ndata: {"type": "content", "content": "녕"}\n\ndata: {"type": "done"}\n\n'
    assert b"".join(body).decode() == expected
    body.close()
    body.close()


def test_a_turn_is_read_as_a_ui_stream_and_as_text(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    turns = Turns(client, model=key, keep_alive=None)
    half = {"steps": [{"role": "assistant"}, {"text": "half"}, {"truncate": True}]}
    chat = {
        "steps": [{"role": "assistant"}, {"text": "안"}, {"text": "녕"}, {"finish": "stop"}, {"done": True}]
    }
    fake.script(key, chat, chat, half, half)
    turn = turns.start("안녕하세요")
    body = b"".join(turn.ui_stream()).decode()
    assert f'data: {{"type": "start", "messageId": "{turn.reply_id}"}}\n\n' in body
    assert '"type": "text-delta", "id": "0", "delta": "안"' in body and '"finishReason": "stop"' in body
    assert body.endswith("data: [DONE]\n\n")
    assert b"".join(turns.start("안녕하세요").text_stream()).decode() == "안녕"
    broken = b"".join(turns.start("hello").ui_stream()).decode()
    assert '"type": "error", "errorText": "' in broken and broken.endswith("data: [DONE]\n\n")
    pieces: list[bytes] = []
    with pytest.raises(turnwire.TruncatedStreamError) as ended:
        pieces.extend(turns.start("hello").text_stream())
    assert pieces == [b"half"] and ended.value.partial == "half"


def test_the_bodies_of_a_turn_in_asyncio(async_client: turnwire.AsyncOpenAI, fake: Fake, key: str) -> None:
    chat = {"steps": [{"role": "assistant"}, {"text": "안녕"}, {"finish": "stop"}, {"done": True}]}
    half = {"steps": [{"role": "assistant"}, {"text": "half"}, {"truncate": True}]}

    async def run() -> None:
        turns = AsyncTurns(async_client, model=key)
        fake.script(key, chat, chat, half)
        body = b"".join([piece async for piece in (await turns.start("hello")).aui_stream()]).decode()
        assert '"delta": "안녕"' in body and body.endswith("data: [DONE]\n\n")
        assert [piece async for piece in (await turns.start("hello")).atext_stream()] == ["안녕".encode()]
        with pytest.raises(turnwire.TruncatedStreamError):
            [piece async for piece in (await turns.start("hello")).atext_stream()]

    asyncio.run(run())


def test_silence_in_a_body_is_broken_as_often_as_the_setting_says(
    client: turnwire.OpenAI, fake: Fake, key: str
) -> None:
    fake.script(key, HELD)
    keep_alive = b": keep-alive\n\n"
    with Turns(client, model=key, keep_alive=0.05).start("hello").sse() as body:
        # The reply's beginning may be waited for as well.
        assert b'"a"' in next(piece for piece in body if piece != keep_alive)
        assert [next(body) for _ in range(2)] == [keep_alive] * 2
    with pytest.raises(turnwire.ConfigError, match="keep_alive is 0"):
        Turns(client, model=key, keep_alive=0)


def test_a_turn_has_one_reader(turns: Turns, fake: Fake, key: str) -> None:
    fake.chat(key, "a")
    turn = turns.start("hello")
    body = turn.sse()
    for read in (turn.sse, lambda: next(turn)):
        with pytest.raises(turnwire.InvalidRequestError, match="reader"):
            read()
    assert b"done" in b"".join(body)


def test_a_request_is_refused_before_anything_runs(turns: Turns, fake: Fake, key: str) -> None:
    with pytest.raises(turnwire.InvalidRequestError) as refused:
        turns.start(" ")
    assert refused.value.code == "invalid_request" and refused.value.operation
    with pytest.raises(turnwire.InvalidRequestError, match="user"):
        turns.start("hello", usr_id="1")  # type: ignore[call-arg]
    assert fake.requests(key) == []


def test_a_broken_turn_keeps_its_text(turns: Turns, fake: Fake, key: str) -> None:
    half = {"steps": [{"role": "assistant"}, {"text": "half"}, {"truncate": True}]}
    fake.script(key, half, half)
    events: list[Any] = []
    with pytest.raises(turnwire.TruncatedStreamError) as broken:
        events.extend(turns.start("hello"))
    assert events == [ContentEvent("half")] and broken.value.partial == "half"
    body = b"".join(turns.start("hello").sse()).decode()
    assert '"type": "error"' in body and '"code": "truncated"' in body


def test_a_turn_that_is_left_closes_the_models_connection(turns: Turns, fake: Fake, key: str) -> None:
    for leave in ("close", "cancel", "drop", "bytes"):
        fake.script(key, HELD)
        turn = turns.start("hello")
        if leave == "bytes":
            body = turn.sse()
            next(body)
            body.close()
        else:
            next(turn)
            if leave != "drop":
                getattr(turn, leave)()
        del turn
        fake.client_left(key)


def test_a_turn_is_stopped_from_another_thread(turns: Turns, fake: Fake, key: str) -> None:
    for stop in (lambda turn: turn.stop(), lambda turn: turns.stop(turn.id)):
        fake.script(key, HELD)
        turn = turns.start("hello")
        assert next(turn) == ContentEvent("a")
        thread = threading.Timer(0.05, stop, (turn,))
        thread.start()
        assert list(turn) == [DoneEvent(stopped=True)]
        thread.join()
    assert not turns.stop("nobody's")


def test_a_user_stops_no_turn_of_another(turns: Turns, fake: Fake, key: str) -> None:
    fake.script(key, HELD)
    turn = turns.start("hello", user_id=USER)
    assert next(turn) == ContentEvent("a")
    assert not turns.stop(turn.id, user_id="another")
    assert not asyncio.run(AsyncTurns(turnwire.OpenAI(api_key="k")).stop(turn.id, user_id=USER))
    assert turns.stop(turn.id, user_id=USER)
    assert list(turn) == [DoneEvent(stopped=True)]


def test_the_sentiment_runs_beside_the_reply_in_the_callers_context(
    client: turnwire.OpenAI, fake: Fake, key: str
) -> None:
    fake.chat(key, "a")
    who = contextvars.ContextVar("who", default="nobody")
    threads = []

    def sentiment(text: str) -> str:
        threads.append(threading.get_ident())
        return f"{who.get()} {text}"

    who.set("somebody")
    turns = Turns(client, model=key, sentiment=sentiment, sentiment_budget=30)
    turn = turns.start("hello")
    who.set("another")
    assert list(turn)[-1] == DoneEvent()
    assert "somebody hello" in system_texts(fake, key)
    assert stage(turn, "sentiment").outcome == "done" and threads != [threading.get_ident()]


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("wrong", ["raises", "returns no text"])
def test_a_sentiment_that_fails_never_breaks_the_turn(
    client: turnwire.OpenAI, fake: Fake, key: str, kind: str, wrong: str
) -> None:
    fake.chat(key, "a")

    def sentiment(text: str) -> Any:
        if wrong == "raises":
            raise ValueError("no such label")
        return 1

    async def awaited(text: str) -> Any:
        return sentiment(text)

    if kind == "sync":
        turn: Any = Turns(client, model=key, sentiment=sentiment, sentiment_budget=30).start("hello")
        events = list(turn)
    else:
        turns = AsyncTurns(client, model=key, sentiment=awaited, sentiment_budget=30)

        async def main() -> Any:
            turn = await turns.start("hello")
            return turn, [event async for event in turn]

        turn, events = asyncio.run(main())
    assert events == [ContentEvent("a"), DoneEvent()]
    failed = stage(turn, "sentiment")
    words = "ValueError: no such label" if wrong == "raises" else "must return a str, not int"
    assert failed.outcome == "failed" and words in failed.reason


def test_an_exception_without_words_fails_a_sentiment_with_its_class(
    client: turnwire.OpenAI, fake: Fake, key: str
) -> None:
    fake.chat(key, "a")

    class SilentError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    def sentiment(text: str) -> str:
        raise SilentError

    turn = Turns(client, model=key, sentiment=sentiment, sentiment_budget=30).start("hello")
    assert list(turn)[-1] == DoneEvent()
    assert "raised SilentError" in stage(turn, "sentiment").reason


def test_a_plain_function_may_return_an_awaitable_in_asyncio(
    async_client: turnwire.AsyncOpenAI, fake: Fake, key: str
) -> None:
    fake.chat(key, "a")
    loops = []

    async def label(text: str) -> str:
        loops.append(asyncio.get_running_loop())
        return f"label of {text}"

    async def main() -> None:
        turns = AsyncTurns(async_client, model=key, sentiment=lambda text: label(text), sentiment_budget=30)
        assert [event async for event in await turns.start("hello")][-1] == DoneEvent()
        assert loops == [asyncio.get_running_loop()]

    asyncio.run(main())
    assert "label of hello" in system_texts(fake, key)


def test_turns_refuse_what_is_not_a_client_of_this_package() -> None:
    for kind in (Turns, AsyncTurns):
        with pytest.raises(TypeError, match=r"OpenAI or AsyncOpenAI, not builtins\.NoneType"):
            kind(None)  # type: ignore[arg-type]


def test_plain_turns_refuse_coroutine_functions(client: turnwire.OpenAI, key: str) -> None:
    async def sentiment(text: str) -> str:
        return text

    class Callable:
        async def __call__(self, text: str) -> str:
            return text

    for function in (sentiment, Callable()):
        with pytest.raises(TypeError, match="AsyncTurns"):
            Turns(client, model=key, sentiment=function)  # type: ignore[arg-type]


def test_asyncio_reads_a_turn(async_client: turnwire.AsyncOpenAI, fake: Fake, key: str) -> None:
    fake.chat(key, "안", "녕")
    fake.script(key, *[{"steps": [{"text": "안"}, {"text": "녕"}, {"finish": "stop"}, {"done": True}]}] * 2)
    who = contextvars.ContextVar("who", default="nobody")

    async def main() -> None:
        loop = asyncio.get_running_loop()

        async def sentiment(text: str) -> str:
            assert asyncio.get_running_loop() is loop
            await asyncio.sleep(0.01)
            return f"{who.get()} {text}"

        turns = AsyncTurns(async_client, model=key, sentiment=sentiment, sentiment_budget=30)
        who.set("somebody")
        turn = await turns.start("hello")
        assert [event async for event in turn] == [ContentEvent("안"), ContentEvent("녕"), DoneEvent()]
        assert stage(turn, "sentiment").outcome == "done"
        body = b"".join([piece async for piece in (await turns.start("hello")).asse()])
        assert body.endswith(b'data: {"type": "done"}\n\n')

    asyncio.run(main())
    assert "somebody hello" in system_texts(fake, key)


def test_cancelling_the_reader_leaves_the_turn_and_its_sentiment(
    async_client: turnwire.AsyncOpenAI, fake: Fake, key: str
) -> None:
    fake.script(key, HELD)
    ended = []

    async def sentiment(text: str) -> str:
        begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return text

    begun = asyncio.Event()

    async def main() -> None:
        turn = await AsyncTurns(async_client, model=key, sentiment=sentiment).start("hello")

        async def read() -> None:
            async for _ in turn:
                pass

        await asyncio.wait_for(begun.wait(), 30)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(read(), 0.5)
        deadline = time.monotonic() + 30
        while not ended:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)

    asyncio.run(main())
    fake.client_left(key)


def test_messages_are_saved_in_the_store(
    client: turnwire.OpenAI, fake: Fake, store: FakeStore, key: str, tmp_path: Any
) -> None:
    fake.chat(key, "안녕")
    store.workspace(key, USER)
    turns = Turns(client, model=key, store=store.url, outbox=tmp_path / "outbox.db")
    turn = turns.start("hello", user_id=USER, workspace_id=key, **store.login(USER))  # type: ignore[misc]
    assert list(turn)[-1] == DoneEvent()
    report = turns.flush(timeout=30)
    assert (report.delivered, report.pending, report.dead) == (2, 0, 0)
    saved = store.messages(key)
    assert [message["msgId"] for message in saved] == [turn.message_id, turn.reply_id]
    assert [message["msgContent"] for message in saved] == ["hello", "안녕"]
    assert stage(turn, "save_ai").outcome == "done"
    assert turns.shutdown().pending == 0
    with pytest.raises(turnwire.TurnwireError) as refused:
        turns.start("hello", user_id=USER, workspace_id=key)
    assert refused.value.error_code == "config"
