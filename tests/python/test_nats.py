"""Outboxes over a NATS broker: what a sink publishes, couriers deliver."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import pickle
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from test_processes import FORK

import turnwire
from conftest import Program
from fake import FakeStore
from turnwire import (
    AsyncCourier,
    AsyncOutbox,
    ChatStore,
    Courier,
    NatsSink,
    Outbox,
    Outcome,
    Record,
    StoreMessage,
)

pytestmark = pytest.mark.nats

USER = "11111111-1111-4111-8111-111111111111"
WORKSPACE = "22222222-2222-4222-8222-222222222222"


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a broker with JetStream."""
    program = shutil.which("nats-server")
    assert program, "there is no nats-server: `cargo xtask test python` installs it"
    folder = tmp_path_factory.mktemp("nats")
    log = folder / "log"
    places = ["-sd", str(folder), "--ports_file_dir", str(folder), "-l", str(log)]
    server = subprocess.Popen([program, "-js", "-a", "127.0.0.1", "-p", "-1", *places])

    def ports() -> Any:
        assert server.poll() is None, log.read_text()
        found = folder / f"nats-server_{server.pid}.ports"
        text = found.read_text() if found.exists() else ""
        return text.rstrip().endswith("}") and json.loads(text)

    try:
        yield until(ports)["nats"][0]
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def place(broker: str, key: str) -> dict[str, Any]:
    """The settings of a stream of the test's own."""
    return {"url": broker, "stream": key[-60:], "partitions": 4}


@pytest.fixture
def chat_store(store: FakeStore) -> Iterator[ChatStore]:
    store.workspace(WORKSPACE, USER)
    yield ChatStore(store.url)
    store.reset()


def until(found: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        value = found()
        if value:
            return value
        assert time.monotonic() < deadline, "it did not come so"
        time.sleep(0.01)


class Running:
    """A courier on a thread of its own; the end of the block stops it, and raises what it raised."""

    def __init__(self, courier: Courier) -> None:
        self.courier = courier
        self.errors: list[BaseException] = []
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        try:
            self.courier.run()
        except BaseException as error:
            self.errors.append(error)

    def __enter__(self) -> Courier:
        self.thread.start()
        return self.courier

    def __exit__(self, *_: object) -> None:
        self.courier.stop()
        self.thread.join(60)
        assert not self.thread.is_alive()
        assert not self.errors, self.errors


def has_delivered(courier: Courier, number: int) -> bool:
    return courier.stats().delivered_here == number


def counted(store: FakeStore) -> int:
    """The messages of the workspace that are counted."""
    sessions = store.stored()["sessions"]
    return sum(
        session["sessionMessageCount"] for session in sessions if session["sessionWorkspaceId"] == WORKSPACE
    )


def test_a_record_reaches_the_store_once_and_a_courier_can_run_again(
    place: dict[str, Any], chat_store: ChatStore, store: FakeStore, tmp_path: Path
) -> None:
    tokens = tuple(store.login(USER).values())
    asked = []

    def provider(user: str | None, refused: Any) -> Any:
        asked.append(user)
        return tokens

    messages = [StoreMessage.from_user(WORKSPACE, USER, text) for text in ("하나", "둘")]
    courier = Courier(sink=chat_store, token_provider=provider, **place)
    with Outbox(tmp_path / "outbox.db", sink=NatsSink(**place)) as outbox:
        for number, message in enumerate(messages, start=1):
            outbox.enqueue(WORKSPACE, message.id, message, user_id=USER)
            assert outbox.flush(60).pending == 0
            assert courier.stats().pending == 1
            with Running(courier):
                until(partial(has_delivered, courier, number))
                assert courier.is_ready
            assert not courier.is_ready
    assert store.texts(WORKSPACE) == ["둘", "하나"]
    assert [message["msgId"] for message in store.messages(WORKSPACE)] == [each.id for each in messages]
    assert counted(store) == 2
    assert set(asked) == {USER}
    assert courier.pending() == [] and courier.dead_letters() == []


def test_a_dead_letter_is_seen_and_requeued_or_discarded(place: dict[str, Any]) -> None:
    delivered: list[Any] = []
    refuses = True

    def sink(record: Record) -> Outcome | None:
        if refuses:
            return Outcome.dead("no such chat")
        delivered.append((record.id, record.user_id, record.payload))
        return None

    courier = Courier(sink=sink, **place)
    outbox = Outbox.memory(sink=NatsSink(**place))
    for id in ("a", "b"):
        outbox.enqueue("chat", id, {"text": "…"}, user_id=USER)
    with Running(courier):
        until(lambda: courier.stats().dead == 2)
        first, second = courier.dead_letters()
        assert (first.id, first.conversation, first.user_id, first.reason) == (
            "a",
            "chat",
            USER,
            "no such chat",
        )
        assert first.payload == {"text": "…"} and first.accepted_at <= first.died_at
        refuses = False
        assert courier.requeue("a") and not courier.requeue("a")
        assert courier.discard(second.id) and not courier.discard(second.id)
        until(lambda: delivered)
    assert delivered == [("a", USER, {"text": "…"})]
    outbox.shutdown()
    stats = courier.stats()
    assert (stats.pending, stats.dead, stats.delivered_here, stats.dead_here) == (0, 0, 1, 2)


def test_a_cancelled_courier_ends_with_what_is_in_flight(place: dict[str, Any]) -> None:
    async def main() -> None:
        begun, goes_on = asyncio.Event(), asyncio.Event()

        async def sink(record: Record) -> None:
            begun.set()
            await goes_on.wait()

        courier = AsyncCourier(sink=sink, **place)
        async with AsyncOutbox.memory(sink=NatsSink(**place)) as outbox:
            await outbox.enqueue("chat", "a", {})
            assert (await outbox.flush(60)).delivered == 1
        assert [record.id for record in await courier.pending()] == ["a"]
        running = asyncio.ensure_future(courier.run())
        await asyncio.wait_for(begun.wait(), 60)
        running.cancel()
        await asyncio.sleep(0)
        goes_on.set()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(running, 60)
        stats = await courier.stats()
        assert (stats.pending, stats.delivered_here) == (0, 1)
        assert await courier.dead_letters() == []
        assert not await courier.requeue("a") and not await courier.discard("a")

    asyncio.run(main())


def test_a_stream_with_other_settings_is_refused_in_words(place: dict[str, Any]) -> None:
    Courier(sink=print, **place).stats()
    other = Courier(sink=print, **{**place, "partitions": 8})
    for call in (other.run, other.stats):
        with pytest.raises(turnwire.ConfigError, match=r"in 4 partitions.*in 8 partitions"):
            call()


def test_forked_processes_publish_by_the_same_sink(
    program: Program, broker: str, place: dict[str, Any]
) -> None:
    text = f"""
sink = turnwire.NatsSink(**{place!r})
def publish(id):
    with turnwire.Outbox.memory(sink=sink) as outbox:
        outbox.enqueue("chat", id, {{}})
        print(outbox.flush(60).delivered)
publish("before")
in_child(lambda: publish("child"))
publish("after")
"""
    assert program.run(FORK + text) == "1\n1\n1\n"
    waiting = Courier(sink=print, **place).pending()
    assert [record.id for record in waiting] == ["before", "child", "after"]


def test_wrong_settings_are_refused_and_no_secret_shows(chat_store: ChatStore) -> None:
    secret = "hunter2"
    url = f"nats://app:{secret}@localhost:4222"
    sink = NatsSink(url)
    shown = [repr(sink), str(sink), repr(Courier(url, print)), repr(AsyncCourier(url, print))]
    assert not [text for text in shown if secret in text]
    for make in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError, match="cannot be pickled"):
            make(sink)
    wrong: Any = asyncio.sleep, {"limits": 3}
    with pytest.raises(TypeError, match="use AsyncCourier"):
        Courier("nats://h", wrong[0])
    cases: list[tuple[Callable[[], Any], str]] = [
        (lambda: NatsSink(f"http://{secret}@h"), "nats://"),
        (lambda: NatsSink(url, token=secret), "leave one out"),
        (lambda: NatsSink("nats://h", user=secret), "user and password belong together"),
        (lambda: NatsSink("nats://h", partition=3), "partition is no setting"),  # type: ignore[call-arg]
        (lambda: Courier("nats://h", print, delivery=wrong[1]), "delivery.limits is no setting"),
        (lambda: Courier("nats://h", chat_store), "token provider"),
    ]
    for call, why in cases:
        with pytest.raises(turnwire.ConfigError, match=why) as refused:
            call()
        assert secret not in str(refused.value)


def test_the_command_shows_file_and_stream_together(place: dict[str, Any], tmp_path: Path) -> None:
    courier = Courier(sink=lambda _: Outcome.dead("no such chat"), **place)
    published = Outbox.memory(sink=NatsSink(**place))
    published.enqueue("chat", "d1", {})
    assert published.shutdown(60).delivered == 1
    with Running(courier):
        until(lambda: courier.stats().dead == 1)
    with Outbox(tmp_path / "outbox.db") as outbox:
        outbox.enqueue("chat", "p1", {})

    def run(*words: str) -> str:
        options = ["--nats", place["url"], "--stream", place["stream"], "--file", "outbox.db"]
        command = [sys.executable, "-m", "turnwire.outbox", *words, *options]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert (ended.returncode, ended.stderr) == (0, ""), ended
        return ended.stdout

    file, stream = [json.loads(line) for line in run("status", "--json").splitlines()]
    assert (file["file"], file["pending"], file["dead"]) == ("outbox.db", 1, 0)
    assert stream == {"stream": place["stream"], "pending": 0, "parked": 0, "dead": 1}
    table = run("status")
    titles = [line.split() for line in table.splitlines() if line.startswith(("outbox", "stream"))]
    assert titles == [["outbox", "outbox.db"], ["stream", place["stream"]]], table
    (pending,) = map(json.loads, run("pending", "--json").splitlines())
    assert (pending["id"], pending["place"]) == ("p1", "outbox.db")
    (dead,) = map(json.loads, run("dead", "--json").splitlines())
    assert (dead["id"], dead["place"]) == ("d1", f"stream {place['stream']}")
    assert run("requeue", "d1") == "d1: queued again\n"
    assert [record.id for record in courier.pending()] == ["d1"]
    ended = subprocess.run(
        [sys.executable, "-m", "turnwire.outbox", "discard", "d1", "--stream", place["stream"]],
        cwd=tmp_path,
        env=os.environ | {"TURNWIRE_NATS_URL": place["url"]},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1 and "`d1` is on its way in its partition" in ended.stderr, ended
    with Running(Courier(sink=lambda _: None, **place)):
        until(lambda: courier.stats().pending == 0)


def test_the_command_creates_no_stream(broker: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "turnwire.outbox", "status", "--nats", broker, "--stream", "nowhere"]
    for _ in range(2):
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert ended.returncode == 1 and "there is no stream `nowhere`" in ended.stderr, ended
