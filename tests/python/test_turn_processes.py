"""Turns in forked processes, under gevent, at Ctrl-C, and at the interpreter's end."""

from __future__ import annotations

import time

import pytest
from test_processes import CAUGHT, FORK, at_once, interrupt
from test_turns import HELD, USER

from conftest import Program
from fake import Fake, FakeStore


def test_ctrl_c_ends_the_wait_for_an_event(program: Program, fake: Fake, key: str) -> None:
    fake.script(key, HELD)

    def attempt() -> float:
        process = program.start(f"""
turn = turnwire.Turns(client, model=key).start("hello")
next(turn)
try:
    print("read", flush=True)
    next(turn)
{CAUGHT}""")
        assert process.stdout is not None
        process.stdout.readline()
        took = interrupt(process)
        fake.client_left(key)
        return took

    at_once(attempt)


def test_a_turn_of_the_parent_is_refused_in_a_child(program: Program, fake: Fake, key: str) -> None:
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
    out = program.run(f"""
turns = turnwire.Turns(client, model=key, store={store.url!r})
fields = dict(user_id={USER!r}, workspace_id={key!r}, **{tokens!r})
print([event.type for event in turns.start("hello", **fields)])
print(time.monotonic())
""")
    events, began = out.splitlines()
    assert events == "['workspace', 'content', 'done']" and time.monotonic() - float(began) < 6
    if hung:
        # Saves of other tests have no key of their own.
        store.script("save", {"act": "pass"})
    else:
        assert [message["msgContent"] for message in store.messages(key)] == ["hello", "안녕"]


def test_the_interpreter_ends_amid_a_sentiment(program: Program, fake: Fake, key: str) -> None:
    fake.script(key, HELD)
    began = program.run("""
turn = turnwire.Turns(client, model=key, sentiment=lambda text: time.sleep(0.5) or "calm").start("hello")
next(turn)
print(time.monotonic())
""")
    assert time.monotonic() - float(began) < 5


def test_the_interpreter_ends_while_a_sentiment_computes(program: Program, fake: Fake, key: str) -> None:
    fake.script(key, HELD)
    began = program.run("""
def label(text):
    while True: pass
turn = turnwire.Turns(client, model=key, sentiment=label).start("hello")
next(turn)
print(time.monotonic())
""")
    assert time.monotonic() - float(began) < 5


def test_leaving_a_turn_ends_its_sentiment_under_gevent(program: Program, fake: Fake, key: str) -> None:
    fake.script(key, HELD)
    out = program.run(
        """
turn = turnwire.Turns(client, model=key, sentiment=label).start("hello")
next(turn)
turn.close()
with gevent.Timeout(30):
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
turns = turnwire.Turns(client, model=key, sentiment=label, sentiment_budget=30)
ticks = 0
def tick():
    global ticks
    while True: gevent.sleep(0.01); ticks += 1
gevent.spawn(tick)
turn = turns.start("hello")
print([event.type for event in turn], where == [gevent.get_hub()])
print([stage.outcome for stage in turn.timeline().stages if stage.name == "sentiment"])
""",
        before="""
from gevent import monkey; monkey.patch_all()
import gevent
where = []
def label(text):
    where.append(gevent.get_hub())
    before = ticks
    # Other greenlets go on.
    while ticks < before + 10: gevent.sleep(0.01)
    return "calm"
""",
    )
    assert out == "['content', 'done'] True\n['done']\n"


def test_functions_run_in_greenlets_under_gevent(program: Program) -> None:
    """Also a speaker's generator, which waits for its listener, and a sink, which nobody calls."""
    out = program.run(
        """
turns = turnwire.Turns(client, speaker=speaker)
with gevent.Timeout(10):
    print(turns.speak("One. Two."))
    outbox = turnwire.Outbox(sink=sink)
    outbox.enqueue("c", "m", {})
    print(outbox.flush().delivered, len(hubs))
""",
        before="""
from gevent import monkey; monkey.patch_all()
import gevent
hubs = set()
def speaker(request):
    for letter in request.text:
        gevent.sleep(0.001)
        hubs.add(id(gevent.get_hub()))
        yield letter.encode()
def sink(record):
    gevent.sleep(0.001)
    hubs.add(id(gevent.get_hub()))
""",
    )
    assert out == "b'One.Two.'\n1 1\n"


def test_a_coroutine_function_that_nobody_calls_has_a_loop(program: Program) -> None:
    """The one that used the outbox last, or where none runs one of its own."""
    out = program.run("""
import asyncio
loops = []
async def sink(record):
    await asyncio.sleep(0)
    loops.append(asyncio.get_running_loop())
outbox = turnwire.AsyncOutbox(sink=sink)
async def main(id):
    await outbox.enqueue("c", id, {})
    return (await outbox.flush()).delivered, asyncio.get_running_loop()
delivered, loop = asyncio.run(main("a"))
print(delivered, loops == [loop])
outbox._outbox.enqueue('{"conversation": "c", "id": "b", "payload": {}}').wait()
print(outbox._outbox.flush(5).wait()[0], len(loops))
""")
    first, second = out.splitlines()
    assert first == "1 True" and '"delivered":1' in second and second.endswith(" 2"), out
