"""The outbox on its own and in an engine, besides the cases that every language runs."""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import turnwire
from conftest import Program
from fake import Fake, FakeStore
from turnwire import (
    AsyncOutbox,
    AsyncTurns,
    Outbox,
    OutboxFullError,
    Record,
    SqliteStore,
    StoreMessage,
    Tokens,
    Turns,
)

USER = "11111111-1111-4111-8111-111111111111"
FAST: Any = {"initial_backoff": 0.001, "max_backoff": 0.002}


def test_a_sink_gets_the_record_and_its_tokens() -> None:
    got: list[Record] = []
    with Outbox(sink=got.append) as outbox:
        outbox.enqueue("c", "1", {"a": 1}, user_id=USER, access_token="a", refresh_token="r")
        assert outbox.flush().delivered == 1
    assert got == [Record("1", "c", {"a": 1}, USER, Tokens("a", "r"))]


def test_a_sink_that_raises_or_returns_something_else_is_tried_again_with_the_reason() -> None:
    results: Any = iter([ValueError("no such room"), 3, None])

    def sink(_: Record) -> None:
        result: Any = next(results)
        if isinstance(result, Exception):
            raise result
        return result  # type: ignore[no-any-return]

    outbox = Outbox(sink=sink, delivery={"initial_backoff": 3600, "max_backoff": 3600})
    outbox.enqueue("c", "1", None)
    assert "ValueError: no such room" in reason(outbox)
    outbox = Outbox(sink=sink, delivery={"initial_backoff": 3600, "max_backoff": 3600})
    outbox.enqueue("c", "1", None)
    assert "sink must return a turnwire.Outcome or None, not int" in reason(outbox)


def reason(outbox: Outbox) -> str:
    while not (found := outbox.pending()[0].reason):
        outbox.flush(0.01)
    return found


def test_a_coroutine_function_needs_the_asynchronous_outbox() -> None:
    async def sink(_: Record) -> None: ...

    with pytest.raises(TypeError, match="use AsyncOutbox"):
        Outbox(sink=sink)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="sink must be a function, not int"):
        Outbox(sink=3)  # type: ignore[arg-type]
    with pytest.raises(turnwire.ConfigError, match="no setting"):
        Outbox(sinks=1)  # type: ignore[call-arg]


def test_a_coroutine_function_delivers_on_the_event_loop() -> None:
    got: list[tuple[str, bool]] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()

        async def sink(record: Record) -> None:
            await asyncio.sleep(0)
            got.append((record.id, asyncio.get_running_loop() is loop))

        async with AsyncOutbox(sink=sink) as outbox:
            await outbox.enqueue("c", "1", None)
            assert (await outbox.flush()).delivered == 1

    asyncio.run(run())
    assert got == [("1", True)]


LOCKING = """
import sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


def test_no_call_waits_for_the_file_on_the_event_loop(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", LOCKING, str(path)]

    async def run() -> None:
        outbox = AsyncOutbox(path)
        await outbox.enqueue("c", "1", None)
        with subprocess.Popen(command, stdin=pipe, stdout=pipe) as other:
            assert other.stdout is not None and other.stdout.readline() == b"locked\n"
            turns = 0

            async def count() -> None:
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep(0.001)

            counting = asyncio.ensure_future(count())
            receipt = await outbox.enqueue("c", "2", None)
            counting.cancel()
            # The file was occupied for the 50 ms that a caller waits. A loop that is blocked has a turn or two at their end.
            assert not receipt.durable and receipt.is_new and turns > 2
        await outbox.shutdown(0)

    asyncio.run(run())


def test_a_caller_that_waits_for_room_can_be_interrupted(program: Program) -> None:
    out = program.run(
        """
import _thread, threading
outbox = turnwire.Outbox(limits={"memory_records": 1}, wait_when_full=60)
outbox.enqueue("c", "1", None)
began = time.monotonic()
threading.Timer(0.2, _thread.interrupt_main).start()
try:
    outbox.enqueue("c", "2", None)
except KeyboardInterrupt:
    print("interrupted", time.monotonic() - began < 10)
"""
    )
    assert out == "interrupted True\n"


def test_an_outbox_in_a_file_is_shared(tmp_path: Path) -> None:
    path = tmp_path / "var" / "outbox.db"
    first, second = Outbox(path), Outbox(path)
    first.enqueue("c", "1", {"text": "안녕"})
    assert not second.enqueue("c", "1", {}).is_new
    assert [record.id for record in second.pending()] == ["1"]
    assert second.stats().pending == 1 and second.stats().accepted_here == 0


def test_a_program_with_32_threads_delivers_each_record_once() -> None:
    got: list[str] = []
    outbox = Outbox(sink=lambda record: got.append(record.id))
    ids = [f"{thread}-{n}" for thread in range(32) for n in range(20)]
    threads = [
        threading.Thread(
            target=lambda own: [outbox.enqueue(own, id, 1) for id in ids if id.startswith(own)],
            args=(f"{n}-",),
        )
        for n in range(32)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outbox.flush(30).delivered == len(ids)
    assert sorted(got) == sorted(ids)
    assert [id for id in got if id.startswith("7-")] == [id for id in ids if id.startswith("7-")]


def test_an_engine_sends_through_the_outbox_that_it_is_given(
    client: turnwire.OpenAI, fake: Fake, store: FakeStore, key: str, tmp_path: Path
) -> None:
    fake.chat(key, "안녕")
    store.workspace(key, USER)
    outbox = Outbox(tmp_path / "outbox.db")
    turns = Turns(client, model=key, store=store.url, outbox=outbox)
    list(turns.start("안녕하세요", user_id=USER, workspace_id=key, **store.login(USER)))
    assert turns.flush().delivered == 2
    stats = outbox.stats()
    assert (stats.accepted, stats.delivered, stats.pending) == (2, 2, 0)


def test_an_integer_that_would_become_a_float_is_refused_by_its_path() -> None:
    got: list[Any] = []
    with Outbox(sink=lambda record: got.append(record.payload)) as outbox:
        for entrance in (outbox.enqueue, outbox.hold, outbox.release):
            with pytest.raises(
                turnwire.InvalidRequestError, match=r"payload\.rows\[1\]\.n is an integer beyond 64 bits"
            ):
                entrance("c", "1", {"rows": [2**64 - 1, {"n": 2**64}]})
        outbox.enqueue("c", "1", {"rows": [2**64 - 1, -(2**63), 1e300, str(2**64)]})
        outbox.flush()
    assert got == [{"rows": [2**64 - 1, -(2**63), 1e300, str(2**64)]}]


def test_two_engines_share_an_outbox_and_each_ends_alone(
    client: turnwire.OpenAI, fake: Fake, store: FakeStore, key: str
) -> None:
    fake.chat(key, "안녕")
    store.workspace(key, USER)
    fields: Any = {"user_id": USER, "workspace_id": key, **store.login(USER)}
    kept, outbox = turnwire.ChatStore(store.url), Outbox()
    one, other = (Turns(client, model=key, store=kept, outbox=outbox) for _ in range(2))
    list(one.start("하나", **fields))
    assert one.shutdown().delivered == 2
    with pytest.raises(turnwire.ConfigError, match="the turns were shut down"):
        one.start("하나", **fields)
    list(other.start("둘", **fields))
    assert other.flush().delivered == 2
    outbox.shutdown()
    with pytest.raises(turnwire.ConfigError, match="the outbox of the turns was shut down"):
        other.start("둘", **fields)


def test_two_engines_on_one_file_end_each_with_an_outbox_of_its_own(
    client: turnwire.OpenAI, fake: Fake, store: FakeStore, key: str, tmp_path: Path
) -> None:
    fake.chat(key, "안녕")
    store.workspace(key, USER)
    fields: Any = {"user_id": USER, "workspace_id": key, **store.login(USER)}
    one, other = (Turns(client, model=key, store=store.url, outbox=tmp_path / "outbox.db") for _ in range(2))
    list(one.start("하나", **fields))
    assert one.shutdown().delivered == 2
    list(other.start("둘", **fields))
    assert other.shutdown().delivered == 2
    with Outbox(tmp_path / "outbox.db") as file:
        assert (file.stats().pending, file.stats().dead) == (0, 0)


def test_an_engine_refuses_an_outbox_with_a_sink_of_its_own(client: turnwire.OpenAI, tmp_path: Path) -> None:
    with (
        Outbox(sink=lambda _: None) as outbox,
        pytest.raises(turnwire.ConfigError, match="a sink of its own"),
    ):
        Turns(client, model="m", store=SqliteStore(tmp_path / "chat.db"), outbox=outbox)


def test_a_function_that_takes_too_long_is_named_as_one() -> None:
    delivery: Any = {"limit": 0.05, "initial_backoff": 3600, "max_backoff": 3600}
    outbox = Outbox(sink=lambda _: time.sleep(0.5), delivery=delivery)
    outbox.enqueue("c", "1", None)
    assert reason(outbox) == "the function `sink` did not end within 50ms"


def test_an_asynchronous_engine_takes_either_outbox(
    client: turnwire.OpenAI, fake: Fake, key: str, tmp_path: Path
) -> None:
    fake.chat(key, "안녕")

    async def run(outbox: Any) -> None:
        kept = SqliteStore(tmp_path / f"{type(outbox).__name__}.db")
        turns = AsyncTurns(client, model=key, store=kept, outbox=outbox)
        turn = await turns.start("안녕하세요", user_id=USER, create_workspace=True)
        async for _ in turn:
            pass
        assert (await turns.flush()).delivered == 2
        assert len(kept.history(USER, kept.workspaces(USER)[0].id)) == 2

    asyncio.run(run(Outbox(tmp_path / "a")))
    asyncio.run(run(AsyncOutbox(tmp_path / "b")))


def test_a_store_is_a_sink_for_messages(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "chat.db")
    workspace = store.create_workspace(USER, "첫 대화").id
    message = StoreMessage.from_user(workspace, USER, "안녕하세요")
    with Outbox(sink=store) as outbox:
        outbox.enqueue(workspace, message.id, message, user_id=USER)
        assert outbox.flush().delivered == 1
        with pytest.raises(turnwire.InvalidRequestError, match="has its workspace as conversation"):
            outbox.enqueue("another", message.id, message)
        outbox.enqueue(workspace, "2", {"text": "no message"})
        assert outbox.flush().dead == 1
        assert outbox.dead_letters()[0].reason == "its payload is no message"
    assert store.history(USER, workspace) == [message]


def test_room_is_waited_for_in_asyncio_while_the_loop_makes_it() -> None:
    async def run() -> None:
        async def sink(_: Record) -> None:
            await asyncio.sleep(0)

        async with AsyncOutbox(sink=sink, limits={"memory_records": 1}, wait_when_full=20) as outbox:
            for n in range(5):
                await outbox.enqueue("c", str(n), None)
        small = AsyncOutbox.memory(limits={"memory_records": 1})
        await small.enqueue("c", "1", None)
        with pytest.raises(OutboxFullError) as full:
            await small.enqueue("c", "2", None)
        assert full.value.operation == "outbox.enqueue"

    asyncio.run(run())


def test_messages_in_memory_are_delivered_at_the_end_by_a_function(program: Program) -> None:
    out = program.run(
        """
outbox = turnwire.Outbox(sink=lambda record: time.sleep(0.1) or os.write(1, b"delivered") and None)
outbox.enqueue("c", "1", None)
os.write(1, b"end ")
"""
    )
    assert out == "end delivered"


def test_the_end_has_a_deadline_and_a_file_keeps_the_rest(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    began = time.monotonic()
    program.run(
        f"""
outbox = turnwire.Outbox({str(path)!r}, sink=lambda record: turnwire.Outcome.unavailable("down", after=3600))
outbox.enqueue("c", "1", None)
"""
    )
    assert time.monotonic() - began < 10
    assert [record.id for record in Outbox(path).pending()] == ["1"]


def test_a_sink_on_nobodys_behalf_has_no_context_of_a_caller() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="none")
    got: list[str] = []
    with Outbox(sink=lambda _: got.append(variable.get())) as outbox:
        variable.set("the caller's")
        outbox.enqueue("c", "1", None)
        outbox.flush()
    assert got == ["none"]


def test_a_delivery_that_begins_while_its_event_loop_ends_is_tried_again_at_once() -> None:
    begun: list[str] = []
    outboxes: list[AsyncOutbox] = []

    async def first() -> None:
        is_begun = asyncio.Event()

        async def sink(record: Record) -> None:
            begun.append(record.id)
            if len(begun) == 1:
                is_begun.set()
                await asyncio.Event().wait()

        outbox = AsyncOutbox(sink=sink, delivery=FAST)
        outboxes.append(outbox)

        async def at_end() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                # `asyncio.run` waits for this task, and has cancelled those that there were: the sink's is a new one.
                await outbox.enqueue("c", "1", None)
                await is_begun.wait()

        ending = asyncio.ensure_future(at_end())
        await asyncio.sleep(0)
        assert not ending.done()

    async def second() -> None:
        report = await outboxes[0].flush(10)
        assert (report.delivered, report.pending) == (1, 0)

    asyncio.run(first())
    asyncio.run(second())
    assert begun == ["1", "1"]
