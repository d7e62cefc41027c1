"""The cases of a chat service's routes as an ASGI application: in this process, and under uvicorn."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from asgi_site import build

import web_cases
from asgi_servers import serving
from fake import Fake, FakeStore
from test_turn_vectors import fakes as fakes
from turnwire import AsyncTurns
from turnwire.asgi import ChatApp
from web_cases import CASES, Remote, Reply


@dataclass
class Local:
    """An application, called as its server calls it, on a loop of another thread."""

    app: ChatApp
    turns: AsyncTurns
    loop: asyncio.AbstractEventLoop

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Reply:
        sent: queue.Queue[Any] = queue.Queue()
        requests = [{"type": "http.request", "body": body or b""}]
        pairs = {**headers, "Content-Length": str(len(body or b""))}.items()
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "headers": [(name.lower().encode(), value.encode()) for name, value in pairs],
        }

        async def receive() -> Any:
            return requests.pop() if requests else await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.put(message)

        def pieces() -> Iterator[bytes]:
            while message := sent.get(timeout=60):
                yield message["body"]
                if not message["more_body"]:
                    return asked.result(60)

        asked = asyncio.run_coroutine_threadsafe(self.app(scope, receive, send), self.loop)
        start = sent.get(timeout=60)
        given = [(name.decode(), value.decode()) for name, value in start["headers"]]
        return Reply(start["status"], given, pieces())

    def flush(self) -> None:
        asyncio.run_coroutine_threadsafe(self.turns.flush(30), self.loop).result(60)


@pytest.fixture(scope="module")
def local() -> Iterator[Callable[[dict[str, Any]], AbstractContextManager[Local]]]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    @contextmanager
    def open(spec: dict[str, Any]) -> Iterator[Local]:
        yield Local(*build(spec), loop)

    yield open
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture(scope="module")
def remote(fake: Fake) -> Iterator[Remote]:
    pytest.importorskip("uvicorn")
    with serving("uvicorn", "asgi_site:app", {}) as port:
        yield Remote(port)


def test_there_are_cases() -> None:
    assert len(CASES) >= 100


@pytest.mark.parametrize("case", CASES)
def test_case_in_this_process(
    fakes: tuple[Fake, FakeStore], local: Any, case: dict[str, Any], tmp_path: Path
) -> None:
    web_cases.run(case, fakes, tmp_path, local)


@pytest.mark.parametrize("case", CASES)
def test_case_under_uvicorn(
    fakes: tuple[Fake, FakeStore], remote: Remote, case: dict[str, Any], tmp_path: Path
) -> None:
    web_cases.run(case, fakes, tmp_path, remote.open)
