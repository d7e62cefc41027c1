"""The ends of a process with messages that wait: all of them are delivered, by this process or by the next one."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from conftest import Program
from fake import FakeStore

SLOW = {"act": "pass", "wait_ms_before_headers": 300}
DOWN = {"status": 503, "steps": []}
PATIENT = """
import turnwire._exit
turnwire._exit._PATIENCE = 60  # a pause of the machine must not use it up
"""


@pytest.mark.parametrize("how", ["pass", "sys.exit(3)", "raise SystemExit", "raise ValueError('uncaught')"])
def test_a_normal_end_waits_for_the_messages(
    program: Program, store: FakeStore, key: str, talking: str, how: str
) -> None:
    store.script(key, SLOW)
    process = program.start(f"{PATIENT}{talking}\nturns = engine()\ntalk(turns, 'hello')\n{how}")
    _, err = process.communicate(timeout=60)
    assert ("ValueError" in err) == ("ValueError" in how), err
    assert store.texts(key) == ["hello", "안녕"]


WAYS = {
    "end": "pass",
    "exit": "sys.exit(3)",
    "uncaught": "raise ValueError('uncaught')",
    "at once": "os._exit(0)",
    "SIGTERM": "os.kill(os.getpid(), signal.SIGTERM)",
    "SIGKILL": "os.kill(os.getpid(), signal.SIGKILL)",
    "abort": "os.abort()",
}


@pytest.mark.parametrize("how", WAYS.values(), ids=WAYS)
def test_nothing_in_a_file_is_lost_however_a_process_ends(
    program: Program, store: FakeStore, key: str, talking: str, how: str, tmp_path: Path
) -> None:
    store.script(key, DOWN)
    outbox = {"path": str(tmp_path / "outbox.db"), "delivery": {"max_backoff": 0.05}}
    engine = f"turns = engine(outbox={outbox!r})"
    talks = "for n in range(3): talk(turns, f'hello {n}')\nprint('said', flush=True)"
    process = program.start(f"{talking}\n{engine}\n{talks}\n{how}")
    took, _ = program.end(process)
    assert took < 5 and store.texts(key) == []
    store.script(key, {"act": "pass"})
    # The tokens of the process that is gone are nowhere; those of its user's next turn deliver its messages.
    out = program.run(f"{talking}\n{engine}\ntalk(turns, 'hello 3')\nprint(turns.flush(10).pending)")
    assert out == "0\n"
    assert store.texts(key) == [*(f"hello {n}" for n in range(4)), *["안녕"] * 4]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_child_of_multiprocessing_waits_for_its_messages(
    program: Program, store: FakeStore, key: str, talking: str, method: str, tmp_path: Path
) -> None:
    store.script(key, SLOW)
    # Children that are spawned import a file.
    path = tmp_path / "main.py"
    path.write_text(f"""{program.prelude}{PATIENT}{talking}
def work(said):
    global turns
    turns = engine()
    talk(turns, said)
if __name__ == "__main__":
    children = multiprocessing.get_context({method!r})
    child = children.Process(target=work, args=("hello",))
    child.start(); child.join()
    assert child.exitcode == 0
    with children.Pool(1) as pool:
        pool.map(work, ["again"])
        pool.close(); pool.join()
""")
    assert program.run(f"os.execv(sys.executable, [sys.executable, {str(path)!r}])") == ""
    assert store.texts(key) == ["again", "hello", "안녕", "안녕"]


@pytest.mark.parametrize("imported", ["before", "after"])
def test_a_child_of_multiprocessing_delivers_by_the_engine_of_its_parent(
    program: Program, store: FakeStore, key: str, talking: str, imported: str
) -> None:
    store.script(key, SLOW)
    late = talking.replace("multiprocessing, ", "") if imported == "after" else talking
    out = program.run(f"""{PATIENT}{late}
turns = engine()
import multiprocessing
children = multiprocessing.get_context("fork")
child = children.Process(target=talk, args=(turns, "hello"))
child.start(); child.join()
print(child.exitcode)
""")
    assert out == "0\n" and store.texts(key) == ["hello", "안녕"]


def test_the_end_of_a_child_waits_once_for_a_store_that_hangs(
    program: Program, store: FakeStore, key: str, talking: str
) -> None:
    store.script(key, {"wait_ms_before_headers": 60_000, "steps": []})
    process = program.start(f"""{talking}
engines = [engine() for _ in range(3)]
def work():
    for turns in engines: talk(turns, "hello")
    print("said", flush=True)
child = multiprocessing.get_context("fork").Process(target=work)
began = time.monotonic()
child.start(); child.join()
print(child.exitcode, time.monotonic() - began >= 2)
""")
    took, out = program.end(process)
    assert out == "0 True\n" and took < 4


def test_an_unused_engine_delays_no_end(program: Program, talking: str) -> None:
    out = program.run(f"""{talking}
turns = engine()
def nothing(): pass
began = time.monotonic()
child = multiprocessing.get_context("fork").Process(target=nothing)
child.start(); child.join()
print(time.monotonic() - began < 1)
""")
    assert out == "True\n"


def test_a_process_that_is_stopped_by_a_handler_of_sigterm_delivers(
    program: Program, store: FakeStore, key: str, talking: str
) -> None:
    store.script(key, SLOW)
    process = program.start(f"""{PATIENT}{talking}
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
turns = engine()
talk(turns, 'hello')
print("said", flush=True)
time.sleep(30)
""")
    assert process.stdout is not None
    process.stdout.readline()
    os.kill(process.pid, signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0 and store.texts(key) == ["hello", "안녕"]


COUNTING = """
import gc, threading
from turnwire import Outbox, Outcome
second = threading.Event()
tries = []
def sink(record):
    tries.append(record.id)
    if len(tries) == 1: return Outcome.retry("later", after={after})
    print("delivered", flush=True); second.set()
def drop():
    outbox = Outbox(sink=sink)
    outbox.enqueue("c", "1", 1)
    while not tries: time.sleep(0.01)
drop(); gc.collect()
"""


def test_an_outbox_that_is_collected_delivers_what_waits(program: Program) -> None:
    assert program.run(COUNTING.format(after=0.1) + "print(second.wait(10))") == "delivered\nTrue\n"


def test_an_outbox_that_is_collected_delivers_at_the_end_of_the_process(program: Program) -> None:
    assert program.run(PATIENT + COUNTING.format(after=0.5)) == "delivered\n"


def test_an_engine_that_is_collected_saves_its_messages(
    program: Program, store: FakeStore, key: str, talking: str
) -> None:
    store.script(key, {"status": 503, "steps": []}, {"act": "pass"})
    program.run(f"{PATIENT}{talking}\nimport gc\ndef drop(): talk(engine(), 'hello')\ndrop(); gc.collect()")
    assert store.texts(key) == ["hello", "안녕"]
