"""The cost of chunks, imports, memory and many streams, beside the ``openai`` package.

Not a test: ``python tests/python/bench.py [rounds]``. Each measurement is a process of its own; the clients take turns, and
the table shows medians.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
from typing import Any

CHUNKS = 20_000
STREAMS, TOKENS = 1_000, 20
CLIENTS = ("turnwire", "openai")
MEASURES = ("sync", "async", "import", "memory", "streams")


def chunk(text: str) -> dict[str, Any]:
    """A chunk as OpenAI sends it: about 330 bytes."""
    return {
        "id": "chatcmpl-DkYv3nQeZ8hW5uTzR1sJ7bXm2aLpC",
        "object": "chat.completion.chunk",
        "created": 1764660000,
        "model": "gpt-4o-mini-2024-07-18",
        "service_tier": "default",
        "system_fingerprint": "fp_44add7f2c1",
        "choices": [{"index": 0, "delta": {"content": text}, "logprobs": None, "finish_reason": None}],
        "obfuscation": "aB3dE5fG7hJ9",
    }


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def memory() -> int:
    """The resident memory, in KiB."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def measure(client: str, what: str, base_url: str) -> float:
    """One measurement, in this process."""
    messages = [{"role": "user", "content": "안녕하세요"}]
    if what == "import":
        before = cpu()
        __import__(client)
        return (cpu() - before) * 1e3
    if what == "memory":
        before_import = memory()
        llm = __import__(client).OpenAI(base_url=base_url, api_key="k")
        stream = llm.chat.completions.create(model="short", messages=messages, stream=True)
        assert sum(len(c.choices) for c in stream) > 2
        return float(memory() - before_import)
    if what == "sync":
        llm = __import__(client).OpenAI(base_url=base_url, api_key="k")

        def read() -> float:
            before, count = cpu(), 0
            stream = llm.chat.completions.create(model="burst", messages=messages, stream=True)
            for chunk in stream:
                if chunk.choices[0].delta.content:
                    count += 1
            assert count == CHUNKS, count
            return (cpu() - before) / count * 1e6

        read()
        return read()
    import asyncio

    async def many() -> float:
        llm = __import__(client).AsyncOpenAI(base_url=base_url, api_key="k", max_retries=0, timeout=120)

        async def read(model: str) -> int:
            stream = await llm.chat.completions.create(model=model, messages=messages, stream=True)
            return len([1 async for chunk in stream if chunk.choices[0].delta.content])

        if what == "async":
            await read("burst")
            before = cpu()
            assert await read("burst") == CHUNKS
            return (cpu() - before) / CHUNKS * 1e6
        await read("short")
        before = cpu()
        counts = await asyncio.gather(*(read("paced") for _ in range(STREAMS)))
        assert sum(counts) == STREAMS * TOKENS, sum(counts)
        return (cpu() - before) * 1e3

    return asyncio.run(many())


def main(rounds: int) -> None:
    """Runs all measurements and shows them."""
    from fake import Fake

    fake = Fake()
    text = {"sse": chunk(" word")}
    end = [
        {"sse": {**chunk(""), "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}},
        {"done": True},
    ]
    fake.script(
        "burst", *([{"coalesce": 65536, "steps": [{"repeat": {"times": CHUNKS, "steps": [text]}}, *end]}] * 2)
    )
    burst = {"coalesce": 65536, "steps": [{"repeat": {"times": CHUNKS, "steps": [text]}}, *end]}
    short = {"steps": [text] * 5 + end}
    paced = {"steps": [{"repeat": {"times": TOKENS, "steps": [text, {"wait_ms": 20}]}}, *end]}
    results: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for what in MEASURES:
            for client in CLIENTS:
                fake.script("burst", *[burst] * 2)
                fake.script("short", *[short] * 2)
                fake.script("paced", *[paced] * STREAMS)
                command = [sys.executable, __file__, "--one", client, what, fake.base_url]
                out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
                results.setdefault((client, what), []).append(json.loads(out))
    units = {
        "sync": "µs CPU a chunk",
        "async": "µs CPU a chunk",
        "import": "ms CPU",
        "memory": "KiB",
        "streams": "ms CPU",
    }
    print(f"{'':10}{'turnwire':>12}{'openai':>12}{'ratio':>10}")
    for what in MEASURES:
        ours, theirs = (statistics.median(results[client, what]) for client in CLIENTS)
        print(f"{what:10}{ours:12.2f}{theirs:12.2f}{'1/' + format(theirs / ours, '.1f'):>10}  {units[what]}")
    fake.close()


if __name__ == "__main__":
    # Not the tree that this file stands in: the packages that are installed.
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(*sys.argv[2:5])))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
