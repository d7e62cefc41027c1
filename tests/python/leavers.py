"""A chat service behind gunicorn, a third of whose readers leave in silence: its resources, its messages and the model's streams.

``test_leavers.py`` runs it small. In full: ``python tests/python/leavers.py --clients 200 --rounds 10``, which prints a table.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from test_servers import gunicorn

import turnwire
from fake import Fake, FakeStore

USER = "11111111-1111-4111-8111-111111111111"
KEEP_ALIVE = 0.5
TEXTS, LEAVERS = 5, 0.3
COMMENT = b": keep-alive"
WARM = "warm"
"""The workspace of the turns before the first round."""
READ_WITHIN = 60
"""The most seconds of a round: a reader who waits for a server that hangs fails, and does not wait for ever."""
WORKERS = {"gthread": ["--threads", "{clients}"], "gevent": ["--threads", "1"]}


@dataclass
class Round:
    """The workers together after a round."""

    rss: int
    """In KiB."""
    descriptors: int
    """Without connections to the services."""
    connections: int
    """To the services, which are kept for later requests."""
    threads: int
    noticed: float
    """The longest time from a reader's leaving to the end of its model's stream, in keep-alives: of the length of the setting,
    or of the one that they had for the slowest reader who stayed, as a busy machine delays both alike."""


def run(
    fake: Fake, store: FakeStore, worker: str, clients: int, rounds: int, keep_alive: float = KEEP_ALIVE
) -> Iterator[Round]:
    """Serves ``clients`` at once, ``rounds`` times."""
    key = f"leavers-{worker}-{time.monotonic_ns()}"
    texts = [{"text": "a"}, {"wait_ms": 20}]
    end = [{"text": "b"}, {"finish": "stop"}, {"done": True}]
    names = [f"{key}-{number}" for number in range(clients)]
    for name in (*names, WARM):
        store.workspace(name, USER)
    login = store.login(USER)
    with tempfile.TemporaryDirectory() as folder:
        outbox = Path(folder) / "outbox.db"
        env = {"STORE_URL": store.url, "OUTBOX": str(outbox), "KEEP_ALIVE": str(keep_alive)}
        options = [word.format(clients=clients) for word in WORKERS[worker]]
        options += ["--worker-class", worker, "--workers", "2", "--log-level", "error"]
        with gunicorn(fake, key, *options, app="web_app", env=env) as port:
            # So that each worker has all of its threads.
            asyncio.run(_all(_nap(port) for _ in range(4 * clients)))
            fake.chat(key, *"a" * TEXTS)
            asyncio.run(_serve_in_each_worker(port, clients, login))
            leavers = int(LEAVERS * clients)
            for number in range(1, rounds + 1):
                said = [f"{name} {number}" for name in names]
                # Silent until all who left are noticed: by the keep-alives alone, as nothing else is written.
                hold = f"{key}-{number}"
                fake.script(key, {"steps": [*texts * TEXTS, {"hold": hold}, *end]})
                readers = [(port, *of, login) for of in zip(names, said, strict=True)]
                leaving, staying = readers[:leavers], readers[leavers:]
                noticed, kept = asyncio.run(_round(fake, key, hold, leaving, staying))
                yield Round(*_least_resources(), noticed / max(keep_alive, *kept))
        # The workers have ended, and so delivered all messages, or left them in the file.
        rows = [row["message"] for row in store.stored()["messages"]]
        messages = [message for message in rows if message["msgWorkspaceId"].startswith(f"{key}-")]
        delivered = len(messages)
        pending = turnwire.Outbox(outbox).stats().pending
        expected = 2 * clients * rounds
        # One that a worker was sending at its end may count as both.
        assert delivered <= expected <= delivered + pending, (
            f"{delivered} delivered, {pending} pending of {expected}"
        )
        assert all(message["msgContent"] for message in messages), "each reply has the text so far"


async def _all(readers: Any) -> list[Any]:
    return await asyncio.wait_for(asyncio.gather(*readers), READ_WITHIN)


async def _nap(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /nap HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert b" 200 " in await reader.readline()
    await reader.read()
    writer.close()


async def _serve_in_each_worker(port: int, clients: int, login: dict[str, str]) -> None:
    """Lets each worker serve turns: its first ones open its runtime and its outbox. Which one accepts a connection is chance."""

    async def serve(message: str) -> bytes:
        reader, writer = await _ask(port, WARM, message, login)
        text = await reader.read()
        writer.close()
        assert b'"done"' in text, text
        return next(line for line in text.splitlines() if line.startswith(b"X-Worker:"))

    workers: set[bytes] = set()
    waves = 0
    while len(workers) < 2:
        waves += 1
        workers |= set(await _all(serve(f"wave {waves}, {one}") for one in range(clients)))


async def _leave(port: int, name: str, message: str, login: dict[str, str]) -> float:
    """Reads the first texts of a reply, and leaves. Returns the time of that."""
    reader, writer = await _ask(port, name, message, login)
    text = await _texts(reader)
    assert text.count(b'"a"') == TEXTS, text
    writer.close()
    return time.monotonic()


async def _stay(port: int, name: str, message: str, login: dict[str, str]) -> tuple[float, Any]:
    """Reads a reply up to its third keep-alive. Returns the seconds of one, and the reading of the rest."""
    reader, writer = await _ask(port, name, message, login)
    text = await _texts(reader)
    began, silence = time.monotonic(), b""
    while silence.count(COMMENT) < 3 and (piece := await reader.read(65536)):
        silence += piece
    keep_alive = (time.monotonic() - began) / 3
    assert silence.count(COMMENT) >= 3 and b'"b"' not in silence, text + silence

    async def read_on() -> None:
        whole = text + silence + await reader.read()
        assert whole.count(b'"a"') == TEXTS and b'"b"' in whole and b'"done"' in whole, whole
        writer.close()

    return keep_alive, read_on


async def _round(
    fake: Fake, key: str, hold: str, leaving: list[Any], staying: list[Any]
) -> tuple[float, list[float]]:
    """The longest time from a reader's leaving to the end of its model's stream, and the others' keep-alives, in seconds."""
    left, stayed = await asyncio.gather(
        _all(_leave(*of) for of in leaving), _all(_stay(*of) for of in staying)
    )
    messages = [message for _, _, message, _ in leaving]
    closed = await asyncio.to_thread(_closed, fake, key, messages)
    await asyncio.to_thread(fake.release, hold)
    await _all(read_on() for _, read_on in stayed)
    noticed = max(end - at for at, end in zip(left, closed, strict=True))
    return noticed, [seconds for seconds, _ in stayed]


async def _ask(port: int, name: str, message: str, login: dict[str, str]) -> tuple[Any, Any]:
    body = json.dumps({"message": message, "workspaceId": name})
    head = (
        "POST /chat/stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"X-User: {USER}\r\nAuthorization: Bearer {login['access_token']}\r\n"
        f"RefreshToken: Bearer {login['refresh_token']}\r\nContent-Length: {len(body.encode())}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write((head + body).encode())
    return reader, writer


async def _texts(reader: Any) -> bytes:
    """A reply up to its first texts."""
    text = b""
    while text.count(b'"a"') < TEXTS and (piece := await reader.read(65536)):
        text += piece
    assert text.startswith(b"HTTP/1.1 200"), text
    return text


def _closed(fake: Fake, key: str, messages: list[str]) -> list[float]:
    """The times at which the model's streams of these messages were closed."""

    def ends(requests: list[dict[str, Any]]) -> list[float] | None:
        closed = [request for request in requests if request["outcome"] == "client_closed"]
        times = {
            json.loads(one["body"])["messages"][-1]["content"]: one["client_closed_at_ms"] for one in closed
        }
        return [times[message] for message in messages] if times.keys() >= set(messages) else None

    found: list[float] = fake.wait(key, ends)
    return [at / 1000 + _began(fake) for at in found]


@cache
def _began(fake: Fake) -> float:
    """The time at which the fake began, from which its own times count."""
    urlopen(f"{fake.base_url}/models").close()
    at: float = fake.all_requests()[-1]["at_ms"] / 1000
    return time.monotonic() - at


def _least_resources() -> tuple[int, int, int, int]:
    """The least of several readings: what is closed just then lasts no longer."""
    readings = []
    for _ in range(10):
        readings.append(_resources())
        time.sleep(0.02)
    rss, descriptors, connections, threads = zip(*readings, strict=True)
    return min(rss), min(descriptors), min(connections), min(threads)


def _resources() -> tuple[int, int, int, int]:
    """The memory, descriptors, connections and threads of all workers."""
    workers = [pid for master in _children(os.getpid()) for pid in _children(master) if _is_gunicorn(pid)]
    assert len(workers) == 2, workers
    connected = _connected()
    rss = threads = 0
    opened = []
    for pid in workers:
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        rss += int(status["VmRSS"].split()[0])
        threads += int(status["Threads"])
        for descriptor in os.listdir(f"/proc/{pid}/fd"):
            with suppress(FileNotFoundError):
                opened.append(os.readlink(f"/proc/{pid}/fd/{descriptor}"))
    # Before and after: connections are opened and closed meanwhile, by deliveries.
    connected |= _connected()
    connections = sum(target in connected for target in opened)
    return rss, len(opened) - connections, connections, threads


def _connected() -> set[str]:
    found = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    is_listening = "0A"
    return {f"socket:[{fields[9]}]" for fields in found if fields[3] != is_listening}


def _children(pid: int) -> list[int]:
    return [int(child) for task in os.listdir(f"/proc/{pid}/task") for child in _words(pid, task)]


def _words(pid: int, task: str) -> list[str]:
    try:
        return Path(f"/proc/{pid}/task/{task}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        # A thread that has ended has no children: they are another's.
        return []


def _is_gunicorn(pid: int) -> bool:
    return b"gunicorn" in Path(f"/proc/{pid}/cmdline").read_bytes()


def main() -> None:
    """Runs it, and prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--worker", choices=WORKERS, action="append")
    parser.add_argument("--keep-alive", type=float, default=2, help="seconds")
    options = parser.parse_args()
    fake, store = Fake(), FakeStore()
    print(
        "| worker | round | RSS MiB | descriptors | connections | threads | leavers noticed within keep-alives |"
    )
    print("| --- " + "| ---: " * 6 + "|")
    for worker in options.worker or WORKERS:
        rounds = run(fake, store, worker, options.clients, options.rounds, options.keep_alive)
        for number, one in enumerate(rounds, 1):
            counts = (one.descriptors, one.connections, one.threads)
            row = (worker, number, f"{one.rss / 1024:.1f}", *counts, f"{one.noticed:.2f}")
            print("| " + " | ".join(map(str, row)) + " |", flush=True)
    fake.close()
    store.close()


if __name__ == "__main__":
    main()
