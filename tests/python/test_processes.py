"""Forks at every moment, signals, garbage, and the interpreter's end."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from conftest import Program
from fake import Fake

STALL = {"steps": [{"text": "a"}, {"stall": True}]}

FORK = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # Python's own, of forks with threads: what is tested here
def in_child(work):
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException as error:
            print("failed", type(error).__name__, getattr(error, "error_code", error))
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(pid, 0)
"""


def test_fork_before_the_first_use(program: Program, fake: Fake, key: str) -> None:
    fake.chat(key, "a")
    fake.script(key, *[{"steps": [{"text": "a"}, {"finish": "stop"}, {"done": True}]}] * 2)
    out = program.run(FORK + "in_child(lambda: print(texts(stream())))\nprint(texts(stream()))")
    assert out == "['a']\n['a']\n"


def test_fork_after_the_first_use(program: Program, fake: Fake, key: str) -> None:
    fake.script(key, *[{"steps": [{"text": "a"}, {"finish": "stop"}, {"done": True}]}] * 4)
    work = """
print(texts(stream()))
in_child(lambda: (print(texts(stream())), in_child(lambda: print(texts(stream())))))
print(texts(stream()))
"""
    assert program.run(FORK + work) == "['a']\n" * 4
    connections = [request["connection"] for request in fake.requests(key)]
    assert connections[0] == connections[3] and len(set(connections)) == 3


def test_fork_amid_a_stream(program: Program, fake: Fake, key: str) -> None:
    steps = [{"text": "a"}, {"wait_ms": 300}, {"text": "b"}, {"finish": "stop"}, {"done": True}]
    plain = {"steps": [{"text": "c"}, {"finish": "stop"}, {"done": True}]}
    fake.script(key, {"steps": steps}, plain, plain)
    work = """
s = stream()
print(next(s).choices[0].delta.content)
def child():
    global s
    try:
        list(s)
    except turnwire.OpenAIError as error:
        print(error.error_code)
    s = None
    print(texts(stream()))
in_child(child)
print(texts(s), texts(stream()))
"""
    assert program.run(FORK + work) == "a\nforked\n['c']\n['b'] ['c']\n"


def test_fork_while_others_stream(program: Program, fake: Fake, key: str) -> None:
    burst = {
        "steps": [
            {"repeat": {"times": 400, "steps": [{"text": "a"}, {"wait_ms": 1}]}},
            {"finish": "stop"},
            {"done": True},
        ]
    }
    fake.script(key, burst)
    fake.chat(f"{key}-child", "b")
    work = """
import threading
counts = []
threads = [threading.Thread(target=lambda: counts.append(len(texts(stream())))) for _ in range(4)]
for t in threads: t.start()
time.sleep(0.05)
def child():
    global key
    key += "-child"
    print(texts(stream()))
for _ in range(20): in_child(child)
for t in threads: t.join()
print(counts)
"""
    assert program.run(FORK + work) == "['b']\n" * 20 + "[400, 400, 400, 400]\n"


def test_fork_while_others_open_streams(program: Program, fake: Fake, key: str) -> None:
    fake.script(key, *[{"steps": [{"text": "a"}, {"finish": "stop"}, {"done": True}]}] * 820)
    work = """
import threading
counts = []
def many(): counts.append(sum(len(texts(stream())) for _ in range(200)))
threads = [threading.Thread(target=many) for _ in range(4)]
for t in threads: t.start()
for _ in range(20): in_child(lambda: print(texts(stream())))
for t in threads: t.join()
print(counts)
"""
    assert program.run(FORK + work, seconds=120) == "['a']\n" * 20 + "[200, 200, 200, 200]\n"


def test_fork_amid_an_asyncio_stream(program: Program, fake: Fake, key: str) -> None:
    steps = [{"text": "a"}, {"wait_ms": 300}, {"text": "b"}, {"finish": "stop"}, {"done": True}]
    plain = {"steps": [{"text": "c"}, {"finish": "stop"}, {"done": True}]}
    fake.script(key, {"steps": steps}, plain)
    work = """
import asyncio
a = turnwire.AsyncOpenAI(base_url=client.base_url)
async def open(): return await a.chat.completions.create(model=key, messages=[], stream=True)
async def read(s): return [c.choices[0].delta.content async for c in s if c.choices[0].delta.content]
async def main():
    s = await open()
    async for _ in s: break
    def child():
        try: asyncio.run(read(s))
        except turnwire.OpenAIError as error: print(error.error_code)
        async def again(): print(await read(await open()))
        asyncio.run(again())
    in_child(child)
    print(await read(s))
asyncio.run(main())
"""
    assert program.run(FORK + work) == "forked\n['c']\n['b']\n"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(fake: Fake, key: str, method: str, tmp_path: object) -> None:
    import multiprocessing

    fake.script(key, *[{"steps": [{"text": "a"}, {"finish": "stop"}, {"done": True}]}] * 3)
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.starmap(read_all, [(fake.base_url, key)] * 3) == [["a"]] * 3


def read_all(base_url: str, key: str) -> list[str]:
    import turnwire
    from conftest import texts

    client = turnwire.OpenAI(base_url=base_url)
    return texts(client.chat.completions.create(model=key, messages=[], stream=True))


def interrupt(process: subprocess.Popen[str]) -> float:
    """Sends Ctrl-C, and tells how long the program took to end."""
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in out, (out, err)
    return float(out.split()[-1]) - began


def at_once(attempt: Callable[[], float]) -> None:
    """Fails unless one of a few attempts takes less than a tenth of a second: a busy machine delays some of them."""
    times: list[float] = []
    while not times or times[-1] >= 0.1:
        assert len(times) < 10, times
        times.append(attempt())


def interrupted(program: Program, text: str, fake: Fake, key: str) -> float:
    """The time that a program took to end at Ctrl-C amid its request."""
    asked = len(fake.requests(key))
    process = program.start(text)
    fake.wait(key, lambda requests: len(requests) > asked)
    time.sleep(0.05)
    took = interrupt(process)
    fake.client_left(key)
    return took


CAUGHT = "except KeyboardInterrupt as e: print(type(e).__name__, time.monotonic())"


def test_ctrl_c_before_the_first_byte(program: Program, fake: Fake, key: str) -> None:
    fake.script(key, {"wait_ms_before_headers": 10_000, "steps": [{"text": "a"}]})
    at_once(lambda: interrupted(program, f"try: stream()\n{CAUGHT}", fake, key))


def test_ctrl_c_amid_a_whole_reply(program: Program, fake: Fake, key: str) -> None:
    fake.script(key, {"framing": "length", "wait_ms_before_headers": 10_000, "steps": [{"json": {}}]})
    text = f"try: client.chat.completions.create(model=key, messages=[])\n{CAUGHT}"
    at_once(lambda: interrupted(program, text, fake, key))


@pytest.mark.parametrize(
    "script", [{"wait_ms_before_headers": 10_000, "steps": []}, STALL], ids=["head", "chunk"]
)
def test_ctrl_c_in_asyncio(program: Program, fake: Fake, key: str, script: object) -> None:
    fake.script(key, script)
    text = f"""
import asyncio
a = turnwire.AsyncOpenAI(base_url=client.base_url)
async def read():
    async for _ in await a.chat.completions.create(model=key, messages=[], stream=True): pass
try: asyncio.run(read())
{CAUGHT}"""
    at_once(lambda: interrupted(program, text, fake, key))


def test_ctrl_c_amid_a_stream(program: Program, fake: Fake, key: str) -> None:
    fake.script(key, STALL)

    def attempt() -> float:
        text = f"s = stream()\nnext(s)\ntry:\n print('read', flush=True)\n next(s)\n{CAUGHT}"
        process = program.start(text)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.1)
        took = interrupt(process)
        fake.client_left(key)
        return took

    at_once(attempt)


def test_a_timer_ends_a_wait(program: Program, fake: Fake, key: str) -> None:
    fake.script(key, STALL)
    out = program.run("""
import signal
def ring(*_): raise TimeoutError
signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.2)
try: list(stream())
except TimeoutError: print("rung")
""")
    assert out == "rung\n"


@pytest.mark.parametrize(
    ("living", "end"),
    [
        ("pass", "pass"),
        ("pass", "sys.exit(0)"),
        (
            "import threading; threading.Thread(target=lambda: list(s), daemon=True).start(); time.sleep(0.1)",
            "pass",
        ),
        (
            "import threading\nfor _ in range(8): threading.Thread(target=lambda: list(stream()), daemon=True).start()\ntime.sleep(0.2)",
            "pass",
        ),
        (
            "import threading; key += '-hung'; threading.Thread(target=stream, daemon=True).start(); time.sleep(0.1)",
            "pass",
        ),
        ("pass", "os._exit(0)"),
    ],
    ids=["end", "exit", "a thread waits", "threads stream", "the service hangs", "at once"],
)
def test_the_interpreter_ends_with_live_streams(
    program: Program, fake: Fake, key: str, living: str, end: str
) -> None:
    paced = {"steps": [{"repeat": {"times": 5000, "steps": [{"text": "a"}, {"wait_ms": 1}]}}]}
    fake.script(key, STALL, *[paced] * 8)
    fake.script(f"{key}-hung", {"wait_ms_before_headers": 60_000, "steps": []})
    # The end alone counts: a busy machine may take seconds for the start.
    began = program.run(f"s = stream()\nnext(s)\n{living}\nprint(time.monotonic(), flush=True)\n{end}")
    assert time.monotonic() - float(began) < 3


def test_the_interpreter_ends_with_a_loop_that_waits(program: Program, fake: Fake, key: str) -> None:
    paced = {"steps": [{"repeat": {"times": 5000, "steps": [{"text": "a"}, {"wait_ms": 1}]}}]}
    fake.script(key, *[paced] * 8)
    text = """
import asyncio, threading
a = turnwire.AsyncOpenAI(base_url=client.base_url)
async def read():
    async for _ in await a.chat.completions.create(model=key, messages=[], stream=True): pass
async def main(): await asyncio.gather(*(read() for _ in range(8)))
threading.Thread(target=lambda: asyncio.run(main()), daemon=True).start()
time.sleep(0.4)
"""
    assert program.run(text) == ""


def test_10000_streams_a_third_of_them_abandoned_leave_nothing_behind(
    program: Program, fake: Fake, key: str
) -> None:
    fake.script(
        key,
        *[
            {
                "steps": [
                    {"repeat": {"times": 20, "steps": [{"text": "some text"}]}},
                    {"finish": "stop"},
                    {"done": True},
                ]
            }
        ]
        * 11_000,
    )
    out = program.run(
        """
import gc
def now():
    gc.collect()
    rss = int(open("/proc/self/statm").read().split()[1]) * 4
    return rss, len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
def some(count):
    for i in range(count):
        s = stream()
        if i % 3: assert len(texts(s)) == 20
        else: next(s)
some(1000)
time.sleep(0.3)
before = now()
some(10_000)
print('done')
time.sleep(0.3)
after = now()
assert after[0] - before[0] < 3000, (before, after)
assert after[1] <= before[1] + 3 and after[2] == before[2], (before, after)
""",
        seconds=600,
    )
    assert out == "done\n"
