"""asyncio: cancellation, loops in turn, abandoned generators, many streams at once."""

from __future__ import annotations

import asyncio
import gc
import os
from typing import Any

import pytest

import turnwire
from conftest import Program
from fake import Fake

STALL = {"steps": [{"text": "a"}, {"stall": True}]}


async def stream_of(client: turnwire.AsyncOpenAI, key: str) -> turnwire.AsyncStream:
    return await client.chat.completions.create(model=key, messages=[], stream=True)


async def read(client: turnwire.AsyncOpenAI, key: str) -> list[str]:
    return [
        c.choices[0].delta.content async for c in await stream_of(client, key) if c.choices[0].delta.content
    ]


def test_two_loops_in_turn(async_client: turnwire.AsyncOpenAI, fake: Fake, key: str) -> None:
    for _ in range(2):
        fake.chat(key, "a", "b")
        assert asyncio.run(read(async_client, key)) == ["a", "b"]
    assert len({request["connection"] for request in fake.requests(key)}) == 1


def test_a_loop_that_watches_no_descriptor(
    async_client: turnwire.AsyncOpenAI, fake: Fake, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Windows' default: its streams are woken one by one."""

    def refuse(*_: Any) -> None:
        raise NotImplementedError

    monkeypatch.setattr(asyncio.SelectorEventLoop, "add_reader", refuse)
    fake.script(
        key, {"steps": [{"text": "a"}, {"wait_ms": 20}, {"text": "b"}, {"finish": "stop"}, {"done": True}]}
    )
    assert asyncio.run(read(async_client, key)) == ["a", "b"]


def test_a_loop_leaves_no_descriptor(async_client: turnwire.AsyncOpenAI, fake: Fake, key: str) -> None:
    def descriptors() -> int:
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    counts = []
    for _ in range(5):
        fake.chat(key, "a", "b")
        asyncio.run(read(async_client, key))
        counts.append(descriptors())
    # Connections of other tests may end meanwhile.
    assert counts[-1] <= counts[1], counts


@pytest.mark.parametrize(
    "script", [{"wait_ms_before_headers": 9000, "steps": []}, STALL], ids=["head", "chunk"]
)
def test_cancelling_the_task_closes_the_connection(
    async_client: turnwire.AsyncOpenAI, fake: Fake, key: str, script: Any
) -> None:
    fake.script(key, script)

    async def main() -> None:
        task = asyncio.create_task(read(async_client, key))
        await asyncio.to_thread(fake.wait, key, len)
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(fake.client_left_at_once, key)

    asyncio.run(main())


def test_a_limit_of_asyncio_ends_a_stream(async_client: turnwire.AsyncOpenAI, fake: Fake, key: str) -> None:
    fake.script(key, STALL)

    async def main() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(read(async_client, key), 0.2)

    asyncio.run(main())
    fake.client_left(key)


def test_an_abandoned_stream_closes_its_connection(
    async_client: turnwire.AsyncOpenAI, fake: Fake, key: str
) -> None:
    fake.script(key, STALL)

    async def main() -> None:
        async for _ in await stream_of(async_client, key):
            break
        gc.collect()
        await asyncio.to_thread(fake.client_left, key)

    asyncio.run(main())


def test_a_stream_goes_on_where_a_loop_left_it(
    async_client: turnwire.AsyncOpenAI, fake: Fake, key: str
) -> None:
    fake.chat(key, "a", "b", "c")

    async def main() -> None:
        async with await stream_of(async_client, key) as stream:
            found = []
            async for chunk in stream:
                found.append(chunk.choices[0].delta.content)
                if found[-1]:
                    break
            found.append((await stream.__anext__()).choices[0].delta.content)
            found += [c.choices[0].delta.content async for c in stream]
            assert found == ["", "a", "b", "c", None]
            assert (await stream.get_final_completion()).choices[0].message.content == "abc"

    asyncio.run(main())


def test_tasks_share_a_stream_as_threads_do(async_client: turnwire.AsyncOpenAI, fake: Fake, key: str) -> None:
    silence = {"wait_ms": 60}
    steps = [silence, {"text": "a"}, silence, {"text": "b"}, silence, {"finish": "stop"}, {"done": True}]

    async def run() -> list[str]:
        open = await stream_of(async_client, key)

        async def read() -> list[str]:
            return [c.choices[0].delta.content async for c in open if c.choices[0].delta.content]

        found = await asyncio.wait_for(asyncio.gather(*(read() for _ in range(5))), 10)
        return sorted(text for texts in found for text in texts)

    for _ in range(3):
        fake.script(key, {"steps": steps})
        assert asyncio.run(run()) == ["a", "b"]


def test_a_cancelled_task_ends_the_stream_for_its_other_readers(
    async_client: turnwire.AsyncOpenAI, fake: Fake, key: str
) -> None:
    fake.script(key, STALL)

    async def run() -> list[str]:
        open = await stream_of(async_client, key)
        assert (await open.__anext__()).choices[0].delta.content == "a"

        async def read() -> list[str]:
            return [c.choices[0].delta.content async for c in open]

        tasks = [asyncio.create_task(read()) for _ in range(3)]
        await asyncio.sleep(0.05)
        tasks[0].cancel()
        return [text for task in tasks[1:] for text in await asyncio.wait_for(task, 10)]

    assert asyncio.run(run()) == []
    fake.client_left(key)


def test_errors_reach_the_task(async_client: turnwire.AsyncOpenAI, fake: Fake, key: str) -> None:
    fake.script(key, {"steps": [{"text": "a"}, {"wait_ms": 50}, {"truncate": True}]})
    with pytest.raises(turnwire.TruncatedStreamError) as raised:
        asyncio.run(read(async_client, key))
    assert raised.value.partial == "a"
    fake.script(key, {"status": 401, "steps": [{"json": {}}]})
    with pytest.raises(turnwire.AuthenticationError):
        asyncio.run(read(async_client, key))


def test_a_loop_closed_amid_a_stream_harms_nobody(program: Program, fake: Fake, key: str) -> None:
    paced = {
        "steps": [
            {"repeat": {"times": 100, "steps": [{"text": "a"}, {"wait_ms": 5}]}},
            {"finish": "stop"},
            {"done": True},
        ]
    }
    fake.script(key, paced, {"steps": [{"text": "b"}, {"finish": "stop"}, {"done": True}]})
    out = program.run("""
import asyncio
a = turnwire.AsyncOpenAI(base_url=client.base_url)
async def read():
    return [c.choices[0].delta.content async for c in await a.chat.completions.create(model=key, messages=[], stream=True)]
loop = asyncio.new_event_loop()
task = loop.create_task(read())
try: loop.run_until_complete(asyncio.wait_for(asyncio.shield(task), 0.1))
except asyncio.TimeoutError: pass
task._log_destroy_pending = False
loop.close()
time.sleep(0.2)
print(asyncio.run(read()))
""")
    assert out == "['b', None]\n"


def test_a_thousand_streams_at_once(async_client: turnwire.AsyncOpenAI, fake: Fake, key: str) -> None:
    steps = [
        {"repeat": {"times": 5, "steps": [{"text": "a"}, {"wait_ms": 20}]}},
        {"finish": "stop"},
        {"done": True},
    ]
    fake.script(key, *[{"steps": steps}] * 1000)

    async def main() -> list[list[str]]:
        return await asyncio.gather(*(read(async_client, key) for _ in range(1000)))

    assert asyncio.run(main()) == [["a"] * 5] * 1000


def test_the_loop_is_not_blocked(async_client: turnwire.AsyncOpenAI, fake: Fake, key: str) -> None:
    fake.script(key, {"steps": [{"text": "a"}, {"wait_ms": 20_000}, {"finish": "stop"}, {"done": True}]})

    async def main() -> None:
        task = asyncio.create_task(read(async_client, key))
        for _ in range(30):
            await asyncio.sleep(0.01)
        assert not task.done(), "the loop goes on while the stream is silent"
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
