"""The Flask example behind real servers: workers that are forked, threads, greenlets, readers who leave."""

from __future__ import annotations

import http.client
import importlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

import turnwire
from fake import Fake, FakeStore

HERE = Path(__file__).parent
USER = "11111111-1111-4111-8111-111111111111"
WORKERS = {
    "sync": ["--worker-class", "sync", "--workers", "2"],
    "gthread": ["--worker-class", "gthread", "--threads", "8"],
    "gevent": ["--worker-class", "gevent"],
}

BOOT = 60
"""The most seconds until a server's workers have booted."""
END = 20
"""The most seconds of a server's end. Its own deadlines are six together: gunicorn looks each second, and a worker delivers
messages for two seconds, and waits two for its threads."""


@contextmanager
def gunicorn(
    fake: Fake, key: str, *options: str, app: str = "app", env: dict[str, str] | None = None
) -> Iterator[int]:
    descriptor, booted = tempfile.mkstemp()
    os.close(descriptor)
    env = {
        **os.environ,
        "OPENAI_BASE_URL": fake.base_url,
        "OPENAI_MODEL": key,
        "USE_BEFORE_FORK": "1",
        "BOOTED": booted,
        **(env or {}),
    }
    command = [sys.executable, "-m", "gunicorn", "--preload", "--config", "python:booted", *options]
    # Its log is a file: a pipe that nobody reads fills, and then blocks each worker that logs, with all of its greenlets.
    with tempfile.TemporaryFile("a+") as log:
        with socket.socket() as listener:
            # Taken before the server starts: until it listens, another process may get a port that is free.
            listener.bind(("127.0.0.1", 0))
            listener.listen(64)
            port, fd = listener.getsockname()[1], listener.fileno()
            command += ["--bind", f"fd://{fd}", f"{app}:app"]
            process = subprocess.Popen(command, cwd=HERE, env=env, stderr=log, pass_fds=[fd])
        try:
            # A signal that a worker gets while it boots is lost, and gunicorn waits half a minute for it.
            given = dict(zip(options[::2], options[1::2], strict=True))
            deadline = time.monotonic() + BOOT
            while os.path.getsize(booted) < int(given.get("--workers", 1)):
                assert time.monotonic() < deadline and process.poll() is None, _text(log)
                time.sleep(0.02)
            yield port
        finally:
            process.terminate()
            try:
                process.wait(END)
            except subprocess.TimeoutExpired as late:
                process.kill()
                process.wait()
                # With the failure before it, if there is one: readers who gave up leave turns that still run.
                raise AssertionError(f"the server does not end: {_text(log)}") from late
            finally:
                os.unlink(booted)
        err = _text(log)
    assert "Traceback" not in err, err


def _text(log: IO[str]) -> str:
    log.seek(0)
    return log.read()


def ask(port: int, **fields: str) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = json.dumps({"message": "안녕하세요", **fields})
    connection.request("POST", "/chat/stream", body, {"content-type": "application/json"})
    return connection


def answer(port: int, **fields: str) -> str:
    connection = ask(port, **fields)
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def test_the_endpoint_tells_what_is_wrong(fake: Fake, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.script(
        key,
        {"status": 401, "steps": [{"json": {}}]},
        {"steps": [{"text": "half"}, {"truncate": True}]},
    )
    monkeypatch.setenv("OPENAI_BASE_URL", fake.base_url)
    monkeypatch.setenv("OPENAI_MODEL", key)
    sys.modules.pop("app", None)
    client = importlib.import_module("app").app.test_client()
    assert client.post("/chat/stream", json={}).status_code == 400
    refused = client.post("/chat/stream", json={"message": "a"})
    assert (refused.status_code, refused.json) == (502, {"error": "authentication"})
    broken = client.post("/chat/stream", json={"message": "a"})
    assert broken.text == 'data: {"content": "half"}\n\ndata: {"error": "truncated"}\n\n'


@pytest.mark.parametrize("worker", WORKERS)
def test_workers_forked_after_the_first_use_stream(fake: Fake, key: str, worker: str) -> None:
    steps = [{"text": "안"}, {"wait_ms": 20}, {"text": "녕"}, {"finish": "stop"}, {"done": True}]
    fake.script(key, *[{"steps": steps}] * 20)
    expected = 'data: {"content": "안"}\n\ndata: {"content": "녕"}\n\ndata: {"done": true}\n\n'
    with gunicorn(fake, key, *WORKERS[worker]) as port, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: answer(port), range(20))) == [expected] * 20


@pytest.mark.parametrize("worker", WORKERS)
def test_the_stream_is_closed_when_the_reader_leaves(fake: Fake, key: str, worker: str) -> None:
    steps = [{"repeat": {"times": 500, "steps": [{"text": "a"}, {"wait_ms": 10}]}}, {"finish": "stop"}]
    fake.script(key, {"steps": steps})
    with gunicorn(fake, key, *WORKERS[worker]) as port:
        connection = ask(port)
        connection.getresponse().read(20)
        connection.close()
        fake.client_left(key)


def test_a_server_that_logs_much_is_not_blocked_by_its_log(fake: Fake, key: str) -> None:
    options = [*WORKERS["gevent"], "--access-logfile", "/dev/stderr"]
    with gunicorn(fake, key, *options) as port:
        for _ in range(40):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/", headers={"user-agent": "a" * 4000})
            assert connection.getresponse().status == 404
            connection.close()


def test_greenlets_run_while_one_waits(fake: Fake, key: str) -> None:
    fake.script(key, {"steps": [{"text": "a"}, {"hold": key}, {"finish": "stop"}, {"done": True}]})
    with gunicorn(fake, key, *WORKERS["gevent"]) as port, ThreadPoolExecutor(20) as pool:
        answers = [pool.submit(answer, port) for _ in range(20)]
        try:
            # All are asked for before one of them ends.
            fake.wait(key, lambda requests: len(requests) == 20)
        finally:
            fake.release(key)
        assert len({one.result() for one in answers}) == 1


def test_a_killed_greenlet_closes_its_stream(fake: Fake, key: str) -> None:
    fake.script(
        key,
        {"steps": [{"text": "a"}, {"stall": True}]},
        {"steps": [{"text": "b"}, {"finish": "stop"}, {"done": True}]},
    )
    text = f"""
from gevent import monkey; monkey.patch_all()
import gevent, turnwire
client = turnwire.OpenAI(base_url={fake.base_url!r})
texts = []
def read():
    for chunk in client.chat.completions.create(model={key!r}, messages=[], stream=True):
        texts.append(chunk.choices[0].delta.content)
ticks = 0
def tick():
    global ticks
    while True:
        gevent.sleep(0.01); ticks += 1
ticker = gevent.spawn(tick)
reader = gevent.spawn(read)
while not texts: gevent.sleep(0.01)
# The reader waits from now on, and the ticker goes on.
before = ticks
while ticks < before + 30: gevent.sleep(0.01)
reader.kill()
read()
assert texts == ["a", "b", None], texts
print("well")
"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60)
    assert done.stdout == "well\n" and not done.stderr, done
    fake.wait(key, lambda requests: requests[0]["outcome"] == "client_closed")


@pytest.mark.parametrize("worker", WORKERS)
def test_turns_made_and_used_before_the_fork_answer_in_every_worker(
    fake: Fake, store: FakeStore, key: str, worker: str
) -> None:
    steps = [{"text": "안"}, {"wait_ms": 20}, {"text": "녕"}, {"finish": "stop"}, {"done": True}]
    fake.script(key, *[{"steps": steps}] * 30)
    store.workspace(key, USER)
    fields = {"user_id": USER, "workspace_id": key, **store.login(USER)}
    texts = [{"type": "content", "content": text} for text in "안녕"]
    events = [{"type": "workspace", "workspaceId": key}, *texts, {"type": "done"}]
    expected = "".join(f"data: {json.dumps(event, ensure_ascii=False)}\n\n" for event in events)
    options = [*WORKERS[worker], "--workers", "2"]
    env = {"STORE_URL": store.url}
    seen = set()
    with gunicorn(fake, key, *options, app="turns_app", env=env) as port, ThreadPoolExecutor(8) as pool:
        # Which worker accepts a connection is chance.
        deadline = time.monotonic() + 60
        while len(seen) < 2:
            assert time.monotonic() < deadline, "both workers answer"
            found = list(pool.map(lambda _: answer(port, **fields), range(2)))
            assert found == [expected] * 2
            seen |= set(pool.map(lambda _: get(port, "/flush"), range(4)))
    told = [request["body"] for request in fake.requests(key)[1:]]
    assert told and all("turns_app: 안녕하세요" in body for body in told), "each knew its request's context"
    saved = store.messages(key)
    assert len(saved) == 2 * len(told)
    assert {message["msgContent"] for message in saved} == {"안녕하세요", "안녕"}


@pytest.mark.parametrize("worker", WORKERS)
def test_workers_share_the_embedded_store_that_was_opened_before_the_fork(
    fake: Fake, key: str, worker: str, tmp_path: Path
) -> None:
    steps = [{"text": "안녕"}, {"finish": "stop"}, {"done": True}]
    fake.script(key, {"steps": steps})
    store = turnwire.SqliteStore(tmp_path / "chat.db")
    workspaces = [store.create_workspace(USER, f"{n}").id for n in range(4)]
    options = [*WORKERS[worker], "--workers", "2"]
    env = {"STORE_FILE": store.path}

    def talk(port: int, workspace: str) -> None:
        for _ in range(5):
            assert '"done"' in answer(port, user_id=USER, workspace_id=workspace)

    with gunicorn(fake, key, *options, app="turns_app", env=env) as port, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda workspace: talk(port, workspace), workspaces))
    # The workers have ended, and so delivered all messages.
    for workspace in workspaces:
        assert [message.content for message in store.history(USER, workspace)] == ["안녕하세요", "안녕"] * 5


def get(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    text = connection.getresponse().read().decode()
    connection.close()
    return text
