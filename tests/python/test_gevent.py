"""Waiting under gevent: hubs, forks, kills, and streams that are closed while they are read."""

from __future__ import annotations

from conftest import Program
from fake import Fake

BEFORE = """
from gevent import monkey; monkey.patch_all()
import gevent
"""
STALLS = {"steps": [{"text": "a"}, {"stall": True}]}
ENDS = {"steps": [{"text": "a"}, {"wait_ms": 100}, {"text": "b"}, {"finish": "stop"}, {"done": True}]}


def test_a_program_that_waits_for_everything_ends(program: Program, fake: Fake, key: str) -> None:
    fake.script(key, ENDS)
    text = """
readers = [gevent.spawn(lambda: texts(stream())) for _ in range(20)]
assert gevent.wait(timeout=10), "no watcher is left"
print({tuple(reader.value) for reader in readers})
"""
    assert program.run(text, BEFORE) == "{('a', 'b')}\n"


def test_a_hub_with_nothing_else_to_do_waits_for_a_stream(program: Program, fake: Fake, key: str) -> None:
    fake.script(key, ENDS)
    assert program.run("print(texts(stream()))", BEFORE) == "['a', 'b']\n"


def test_a_child_leaves_the_bell_of_its_parent_alone(program: Program, fake: Fake, key: str) -> None:
    fake.script(key, ENDS)
    text = """
assert texts(stream()) == ["a", "b"]
reader = gevent.spawn(lambda: texts(stream()))
gevent.sleep(0.02)
if os.fork() == 0:
    assert texts(stream()) == ["a", "b"]
    gevent.sleep(0.2)
    os._exit(0)
with gevent.Timeout(10):
    print(reader.get(), os.wait()[1])
"""
    assert program.run(text, BEFORE) == "['a', 'b'] 0\n"


def test_each_thread_has_a_bell_of_its_own(program: Program, fake: Fake, key: str) -> None:
    fake.script(key, ENDS)
    text = """
pool = gevent.get_hub().threadpool
found = [pool.spawn(lambda: texts(stream())) for _ in range(4)]
with gevent.Timeout(10):
    print([one.get() for one in found] == [["a", "b"]] * 4)
"""
    assert program.run(text, BEFORE) == "True\n"


def test_a_stream_that_another_greenlet_closes_ends_quietly(program: Program, fake: Fake, key: str) -> None:
    fake.script(key, STALLS)
    text = """
open, found = stream(), []
def read():
    for chunk in open: found.append(chunk.choices[0].delta.content)
reader = gevent.spawn(read)
with gevent.Timeout(30):
    while not found: gevent.sleep(0.01)
    open.close(); open.close()
    reader.get()
print(found)
"""
    assert program.run(text, BEFORE) == "['a']\n"
    fake.client_left(key)


def test_greenlets_share_a_stream_as_threads_do(program: Program, fake: Fake, key: str) -> None:
    silence = {"wait_ms": 60}
    fake.script(
        key,
        {
            "steps": [
                silence,
                {"text": "a"},
                silence,
                {"text": "b"},
                silence,
                {"finish": "stop"},
                {"done": True},
            ]
        },
    )
    text = """
open = stream()
readers = [gevent.spawn(texts, open) for _ in range(5)]
with gevent.Timeout(10):
    print(sorted(text for reader in readers for text in reader.get()))
"""
    assert program.run(text, BEFORE) == "['a', 'b']\n"


def test_a_greenlet_that_gives_up_leaves_its_stream_to_the_others(
    program: Program, fake: Fake, key: str
) -> None:
    fake.script(
        key, {"steps": [{"text": "a"}, {"hold": key}, {"text": "b"}, {"finish": "stop"}, {"done": True}]}
    )
    text = f"""
from urllib.request import Request, urlopen
open = stream()
assert next(open).choices[0].delta.content == "a"
reader = gevent.spawn(texts, open)
gevent.sleep(0.05)
for _ in range(20):
    with gevent.Timeout(0.005, False):
        next(open)
urlopen(Request("{fake.base_url.removesuffix("/v1")}/_fake/release/{key}", method="POST")).close()
with gevent.Timeout(10):
    print(reader.get())
"""
    assert program.run(text, BEFORE) == "['b']\n"
