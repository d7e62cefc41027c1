"""Threads: many on one client, two on one stream."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import turnwire
from conftest import texts
from fake import Fake


def test_32_threads_share_a_client(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    steps = [{"repeat": {"times": 50, "steps": [{"text": "a"}]}}, {"finish": "stop"}, {"done": True}]
    fake.script(key, *[{"steps": steps}] * 320)

    def work(_: int) -> list[int]:
        create = client.chat.completions.create
        return [len(texts(create(model=key, messages=[], stream=True))) for _ in range(10)]

    with ThreadPoolExecutor(32) as pool:
        assert list(pool.map(work, range(32))) == [[50] * 10] * 32


def test_two_threads_share_a_stream(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    steps = [{"text": str(n)} for n in range(500)]
    fake.script(key, {"split": 200, "steps": [*steps, {"finish": "stop"}, {"done": True}]})
    stream = client.chat.completions.create(model=key, messages=[], stream=True)
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(texts, [stream, stream])
    assert sorted(one + other, key=int) == [str(n) for n in range(500)]
    assert one == sorted(one, key=int)


def test_threads_that_read_one_chunk_each_share_those_that_come_together(
    client: turnwire.OpenAI, fake: Fake, key: str
) -> None:
    silent = {"wait_ms": 60}
    texts = [{"text": "a"}, {"text": "b"}]
    for _ in range(10):
        fake.script(
            key, {"coalesce": 65536, "steps": [{"role": "assistant"}, silent, *texts, {"stall": True}]}
        )
        with client.chat.completions.create(model=key, messages=[], stream=True) as stream:
            assert next(stream).choices[0].delta.role == "assistant"
            with ThreadPoolExecutor(2) as pool:
                reading = [pool.submit(next, stream) for _ in texts]
                try:
                    found = [one.result(10).choices[0].delta.content for one in reading]
                finally:
                    stream.close()
        assert sorted(found) == ["a", "b"]


def test_a_stream_closed_by_another_thread_ends(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    fake.script(key, {"steps": [{"text": "a"}, {"stall": True}]})
    stream = client.chat.completions.create(model=key, messages=[], stream=True)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(texts, stream)
        fake.wait(key, lambda requests: requests[-1]["bytes_written"] > 100)
        stream.close()
        assert reading.result(30) in (["a"], [])
