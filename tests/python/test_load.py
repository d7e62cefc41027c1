"""Many turns in one process, and functions of the program that misbehave: nothing is left, and no other turn is disturbed."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import pytest

import turnwire
from conftest import USER, Program
from fake import Fake
from turnwire import Turns

REPLY = {
    "steps": [{"repeat": {"times": 20, "steps": [{"text": "some text"}]}}, {"finish": "stop"}, {"done": True}]
}


def test_10000_turns_leave_nothing_behind(program: Program, key: str) -> None:
    out = program.run(
        f"""
import gc
from concurrent.futures import ThreadPoolExecutor
from fake import Fake, FakeStore
def fds(): return len(os.listdir("/proc/self/fd"))
turnwire.Turns(client, model=key).flush(0)  # the library's own descriptors are open from the first call on
before = fds()
# Of its own, so that their connections can be ended.
fake, store = Fake(), FakeStore()
fake.script(key, {REPLY!r})
workspaces = [f"w{{n}}" for n in range(100)]  # many, so that no history is long
for workspace in workspaces: store.workspace(workspace, {USER!r})
fields = dict(user_id={USER!r}, **store.login({USER!r}))
client = turnwire.OpenAI(base_url=fake.base_url, api_key="k", max_retries=0)
turns = turnwire.Turns(client, model=key, store=store.url, sentiment=lambda text: "calm")
light = turnwire.Turns(client, model=key, sentiment=lambda text: "calm")
def talk(n):
    # Every tenth is saved, which takes five calls of the store.
    turn = light.start("hello") if n % 10 else turns.start("hello", workspace_id=workspaces[n // 10], **fields)
    assert b"".join(turn.sse()).count(b"some text") == 20
def round():
    with ThreadPoolExecutor(20) as pool: list(pool.map(talk, range(1000)))
    report = turns.flush(60)
    assert (report.pending, report.dead) == (0, 0), report
    gc.collect()
    rss = int(open("/proc/self/statm").read().split()[1]) * 4
    return rss, len(os.listdir("/proc/self/task")), len(gc.get_objects()), fds()
rounds = [round() for _ in range(10)]
(rss, threads, objects, open_), last = rounds[2], rounds[-1]
# A busy machine may need another connection now and then, which stays for reuse.
assert last[0] - rss < 4000 + 64 * max(0, last[3] - open_), rounds
assert last[1] <= threads + 20 and last[2] <= objects + 50, rounds
# Without services there are no idle connections, and without engines no workers: each descriptor that is left is a leak.
del turns, light
for service in (fake, store):
    service.close()
    service.process.stdout.close()
deadline = time.monotonic() + 60
while fds() > before and time.monotonic() < deadline: time.sleep(0.02)
print(fds() - before)
""",
        seconds=600,
    )
    assert out == "0\n"


def test_functions_that_block_delay_no_turn(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    fake.script(key, REPLY)
    asked, free = threading.Semaphore(0), threading.Event()

    def block(_: str) -> str:
        asked.release()
        free.wait(30)
        return "calm"

    turns = Turns(client, model=key, sentiment=block)

    def texts() -> int:
        return [event.type for event in turns.start("hello")].count("content")

    try:
        with ThreadPoolExecutor(50) as pool:
            # All have ended before a single function has.
            assert list(pool.map(lambda _: texts(), range(50))) == [20] * 50
        assert asked.acquire(timeout=30) and not free.is_set()
    finally:
        free.set()


def fail(_: str) -> NoReturn:
    raise ValueError("no such label")


def leave(_: str) -> NoReturn:
    sys.exit(3)


def interrupt(_: str) -> NoReturn:
    raise KeyboardInterrupt


def hang(_: str) -> str:
    threading.Event().wait(20)
    return "late"


def wrong(_: str) -> Any:
    return 7


def recur(text: str) -> str:
    return recur(text)


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No words about exceptions in threads."""
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    yield


@pytest.mark.parametrize("function", [fail, leave, interrupt, hang, wrong, recur])
@pytest.mark.usefixtures("quiet")
def test_a_function_that_misbehaves_breaks_no_turn(
    client: turnwire.OpenAI, fake: Fake, key: str, function: Callable[[str], str]
) -> None:
    fake.script(key, REPLY)
    turns = Turns(client, model=key, sentiment=function)
    for _ in range(3):
        turn = turns.start("hello")
        assert [event.type for event in turn] == ["content"] * 20 + ["done"]
        (outcome,) = (stage.outcome for stage in turn.timeline().stages if stage.name == "sentiment")
        assert outcome != "done"
