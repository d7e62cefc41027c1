"""Turns: events, bytes, timelines, host functions, stores, and the ends that a turn can have."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from typing import Any

import pytest

import turnwire
from conftest import Program
from fake import Fake, FakeStore
from turnwire import AsyncTurns, ContentEvent, DoneEvent, Turns, _core

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


def test_a_turn_is_read_as_bytes(turns: Turns, fake: Fake, key: str) -> None:
    fake.chat(key, "안", "녕")
    body = turns.start("안녕하세요").sse()
    expected = 'data: {"type": "content", "content": "안"}\n\ndata: {"type": "content", "content": "녕"}\n\ndata: {"type": "done"}\n\n'
    assert b"".join(body).decode() == expected
    body.close()
    body.close()


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
        fake.client_left(key, 2)


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
    turns = Turns(client, model=key, sentiment=sentiment)
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
        turn: Any = Turns(client, model=key, sentiment=sentiment).start("hello")
        events = list(turn)
    else:
        turns = AsyncTurns(client, model=key, sentiment=awaited)

        async def main() -> Any:
            turn = await turns.start("hello")
            return turn, [event async for event in turn]

        turn, events = asyncio.run(main())
    assert events == [ContentEvent("a"), DoneEvent()]
    failed = stage(turn, "sentiment")
    words = "ValueError: no such label" if wrong == "raises" else "must return a str, and returned an int"
    assert failed.outcome == "failed" and words in failed.reason


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

        turns = AsyncTurns(async_client, model=key, sentiment=sentiment)
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
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return text

    async def main() -> None:
        turn = await AsyncTurns(async_client, model=key, sentiment=sentiment).start("hello")

        async def read() -> None:
            async for _ in turn:
                pass

        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(read(), 0.5)
        deadline = time.monotonic() + 5
        while not ended:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)

    asyncio.run(main())
    fake.client_left(key, 2)


def test_messages_are_saved_in_the_store(
    client: turnwire.OpenAI, fake: Fake, store: FakeStore, key: str, tmp_path: Any
) -> None:
    fake.chat(key, "안녕")
    store.workspace(key, USER)
    turns = Turns(client, model=key, store=store.url, outbox=tmp_path / "outbox.db")
    turn = turns.start("hello", user_id=USER, workspace_id=key, **store.login(USER))  # type: ignore[misc]
    assert list(turn)[-1] == DoneEvent()
    report = turns.flush(timeout=5)
    assert (report.delivered, report.pending, report.dead) == (2, 0, 0)
    saved = store.messages(key)
    assert [message["msgId"] for message in saved] == [turn.message_id, turn.reply_id]
    assert [message["msgContent"] for message in saved] == ["hello", "안녕"]
    assert stage(turn, "save_ai").outcome == "done"
    assert turns.shutdown().pending == 0
    with pytest.raises(turnwire.InvalidRequestError):
        turns.start("hello", user_id=USER, workspace_id=key)


def test_a_setting_that_nobody_knows_is_refused(client: turnwire.OpenAI) -> None:
    with pytest.raises(turnwire.ConfigError, match="modle is no setting; the settings here are model"):
        Turns(client, modle="m")  # type: ignore[call-arg]
    with pytest.raises(turnwire.ConfigError) as refused:
        Turns(client, store={"base_url": "http://localhost", "access_token": 1})  # type: ignore[typeddict-item]
    assert "store.access_token must be a string" in str(refused.value)
    with pytest.raises(TypeError, match="api_key"):
        Turns(turnwire.OpenAI(api_key=lambda: "k"))


def test_every_setting_of_core_is_declared() -> None:
    from turnwire import _settings

    declared = {
        name: sorted(field for part in parts for field in part.__annotations__)
        for name, parts in _settings.OBJECTS.items()
    }
    assert declared == {name: sorted(fields) for name, fields in _core.SETTINGS.items()}
    fields = {"message", *_settings.TurnFields.__annotations__}
    assert fields == set(_core.TURN_REQUEST_FIELDS)


def test_every_event_of_core_is_declared() -> None:
    from turnwire import _turn_events

    declared = {}
    for name, kind in _turn_events.KINDS.items():
        wire = {attribute: field for field, attribute in kind._wire.items()}
        declared[name] = sorted(["type", *(wire.get(field, field) for field in kind.__slots__)])
    assert declared == {name: sorted(fields) for name, fields in _core.EVENT_FIELDS.items()}


def test_ctrl_c_ends_the_wait_for_an_event(program: Program, fake: Fake, key: str) -> None:
    from test_processes import CAUGHT, interrupt

    fake.script(key, HELD)
    process = program.start(f"""
turn = turnwire.Turns(client, model=key).start("hello")
next(turn)
try:
    print("read", flush=True)
    next(turn)
{CAUGHT}""")
    assert process.stdout is not None
    process.stdout.readline()
    assert interrupt(process) < 0.2
    fake.client_left(key, 2)


def test_a_turn_of_the_parent_is_refused_in_a_child(program: Program, fake: Fake, key: str) -> None:
    from test_processes import FORK

    steps = [{"text": "a"}, {"wait_ms": 300}, {"text": "b"}, {"finish": "stop"}, {"done": True}]
    plain = {"steps": [{"text": "c"}, {"finish": "stop"}, {"done": True}]}
    fake.script(key, {"steps": steps}, plain, plain)
    out = program.run(
        FORK
        + """
def texts(turn): return [event.content for event in turn if event.type == "content"]
turns = turnwire.Turns(client, model=key, sentiment=lambda text: "calm")
turn = turns.start("hello")
print(next(turn).content)
def child():
    for act in (lambda: next(turn), turn.timeline, turn.stop):
        try: act()
        except turnwire.ForkedError as error: print(error.code)
    print(texts(turns.start("hello")))
    turns.flush(1)
in_child(child)
print(texts(turn), texts(turns.start("hello")))
"""
    )
    assert out == "a\nforked\nforked\nforked\n['c']\n['b'] ['c']\n"


@pytest.mark.parametrize("hung", [False, True])
def test_messages_are_delivered_when_the_interpreter_ends(
    program: Program, fake: Fake, store: FakeStore, key: str, hung: bool
) -> None:
    fake.chat(key, "안녕")
    store.workspace(key, USER)
    if hung:
        store.script("save", {"wait_ms_before_headers": 60_000, "steps": []})
    tokens = store.login(USER)
    began = time.monotonic()
    out = program.run(f"""
turns = turnwire.Turns(client, model=key, store={store.url!r})
fields = dict(user_id={USER!r}, workspace_id={key!r}, **{tokens!r})
print([event.type for event in turns.start("hello", **fields)])
""")
    assert out == "['workspace', 'content', 'done']\n" and time.monotonic() - began < 6
    if not hung:
        assert [message["msgContent"] for message in store.messages(key)] == ["hello", "안녕"]


def test_the_interpreter_ends_amid_a_sentiment(program: Program, fake: Fake, key: str) -> None:
    fake.script(key, HELD)
    began = time.monotonic()
    out = program.run("""
turn = turnwire.Turns(client, model=key, sentiment=lambda text: time.sleep(0.5) or "calm").start("hello")
next(turn)
""")
    assert out == "" and time.monotonic() - began < 5


def test_leaving_a_turn_ends_its_sentiment_under_gevent(program: Program, fake: Fake, key: str) -> None:
    fake.script(key, HELD)
    out = program.run(
        """
turn = turnwire.Turns(client, model=key, sentiment=label).start("hello")
next(turn)
turn.close()
with gevent.Timeout(5):
    while not ended: gevent.sleep(0.01)
print(ended)
""",
        before="""
from gevent import monkey; monkey.patch_all()
import gevent
ended = []
def label(text):
    try: gevent.sleep(60)
    except gevent.GreenletExit: ended.append("killed"); raise
""",
    )
    assert out == "['killed']\n"


def test_a_sentiment_is_cooperative_under_gevent(program: Program, fake: Fake, key: str) -> None:
    fake.chat(key, "a")
    out = program.run(
        """
turns = turnwire.Turns(client, model=key, sentiment=label, sentiment_budget=1)
ticks = 0
def tick():
    global ticks
    while True: gevent.sleep(0.01); ticks += 1
gevent.spawn(tick)
turn = turns.start("hello")
print([event.type for event in turn], ticks > 10, where == [gevent.get_hub()])
print([stage.outcome for stage in turn.timeline().stages if stage.name == "sentiment"])
""",
        before="""
from gevent import monkey; monkey.patch_all()
import gevent
where = []
def label(text):
    where.append(gevent.get_hub())
    gevent.sleep(0.3)
    return "calm"
""",
    )
    assert out == "['content', 'done'] True True\n['done']\n"
