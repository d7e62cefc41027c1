"""One measurement of one client, in a process of its own: ``bench_client.py <client> <what> <base URL> <streams> <facts>``.

``facts`` is the JSON of the numbers that a reader of the body must find. It prints the costs as JSON. It runs where one
client is installed, and imports little: what the client imports counts as the client's.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
from typing import Any

Facts = dict[str, int]
MESSAGES = [{"role": "user", "content": "안녕하세요"}]


def cpu() -> float:
    """The CPU time of the process, in seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def memory() -> float:
    """The resident memory, in KiB."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024


def added(chunk: Any) -> int:
    """The characters that a chunk adds: to the text, or to the arguments of a tool call."""
    if chunk.choices:
        delta = chunk.choices[0].delta
        if delta.content:
            return len(delta.content)
        if delta.tool_calls:
            return len(delta.tool_calls[0].function.arguments or "")
    return 0


class Client:
    """A client of one of the packages, for one base URL."""

    def __init__(self, name: str, base: str, is_async: bool) -> None:
        package = importlib.import_module(name)
        call = {"messages": MESSAGES, "stream": True}
        if name == "litellm":
            call |= {"model": "openai/m", "api_base": f"{base}/v1", "api_key": "k", "max_retries": 0}
            create = package.acompletion if is_async else package.completion
        else:
            call |= {"model": "m"}
            kind = package.AsyncOpenAI if is_async else package.OpenAI
            client = kind(base_url=f"{base}/v1", api_key="k", max_retries=0, timeout=600)
            create = client.chat.completions.create
        self.open = lambda: create(**call)


def sync(name: str, base: str, expected: Facts) -> dict[str, float]:
    """The CPU time of a chunk of a flood."""
    client = Client(name, base, is_async=False)

    def read() -> int:
        characters = 0
        for chunk in client.open():
            characters += added(chunk)
        return characters

    check(read(), expected)  # it connects, and warms up
    before = cpu()
    check(read(), expected)
    return {"cpu_us": (cpu() - before) / expected["chunks"] * 1e6}


async def flood(name: str, base: str, expected: Facts) -> dict[str, float]:
    """The CPU time of a chunk of a flood, in asyncio."""
    client = Client(name, base, is_async=True)

    async def read() -> int:
        characters = 0
        async for chunk in await client.open():
            characters += added(chunk)
        return characters

    check(await read(), expected)
    before = cpu()
    check(await read(), expected)
    return {"cpu_us": (cpu() - before) / expected["chunks"] * 1e6}


async def paced(name: str, base: str, expected: Facts, streams: int) -> dict[str, float]:
    """The CPU time of a chunk of many paced streams, without their connections and ends."""
    import asyncio

    client = Client(name, base, is_async=True)
    total = expected["chunks"] * streams
    marks = {total // 5: 0.0, total * 9 // 10: 0.0}
    seen = 0

    async def read() -> int:
        nonlocal seen
        characters = 0
        async for chunk in await client.open():
            new = added(chunk)
            if new:
                characters += new
                seen += 1
                if seen in marks:
                    marks[seen] = cpu()
        return characters

    for characters in await asyncio.gather(*(read() for _ in range(streams))):
        check(characters, expected)
    (first, from_), (last, to) = marks.items()
    return {"cpu_us": (to - from_) / (last - first) * 1e6}


def importing(name: str) -> dict[str, float]:
    """The CPU time of the import."""
    before = cpu()
    importlib.import_module(name)
    return {"ms": (cpu() - before) * 1e3}


def after_first(name: str, base: str, expected: Facts) -> dict[str, float]:
    """The memory after the first stream, above Python itself."""
    before = memory()
    characters = 0
    for chunk in Client(name, base, is_async=False).open():
        characters += added(chunk)
    check(characters, expected)
    return {"memory_kib": memory() - before}


def check(characters: int, expected: Facts) -> None:
    """Fails unless a reader found all of the text."""
    assert characters == expected["text_chars"], (characters, expected)


def main(name: str, what: str, base: str, streams: str, facts: str) -> dict[str, float]:
    """One measurement."""
    expected: Facts = json.loads(facts)
    if what == "import":
        return importing(name)
    if what == "memory":
        return after_first(name, base, expected)
    if what == "sync":
        return sync(name, base, expected)
    import asyncio

    if what == "async":
        return asyncio.run(flood(name, base, expected))
    return asyncio.run(paced(name, base, expected, int(streams)))


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
