"""The chat service of ``examples/flask``, as a person starts it."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jwt
import pytest

import turnwire
from fake import REPO, Fake, FakeStore
from test_turn_vectors import frames

FOLDER = REPO / "examples" / "flask"
USER = "11111111-1111-4111-8111-111111111111"
JWT_SECRET = "dHVybndpcmUgZmFrZSBzdG9yZTogbm90IGEgc2VjcmV0IGF0IGFsbA=="
"""That of the fake store."""


@contextmanager
def service(folder: Path, command: Sequence[str] = ("gunicorn", "app:app"), **env: str) -> Iterator[str]:
    """The URL of the service, which runs as its README tells."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "TURNWIRE_"))
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with socket.socket() as listener:
        # Taken before the service starts: until it listens, another process may get a port that is free.
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        port, fd = listener.getsockname()[1], listener.fileno()
        env = {**clean, "PATH": path, "CHAT_FOLDER": str(folder), **env, "BIND": f"fd://{fd}"}
        process = subprocess.Popen(
            command, cwd=FOLDER, env=env, pass_fds=[fd], stderr=subprocess.PIPE, text=True
        )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            # A worker that still boots loses the signal, and gunicorn ends it after half a minute.
            _, errors = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert "Traceback" not in errors, errors


def post(url: str, body: Any, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json", **headers}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def of_a_clock_ahead(secret: str) -> dict[str, str]:
    """The headers of a user whose token a machine has signed with a clock that is ten minutes ahead."""
    now = int(time.time())
    claims = {"member": {"memUUID": USER}, "iat": now + 600, "exp": now + 1200}
    return {
        "Authorization": f"Bearer {jwt.encode(claims, base64.b64decode(secret), algorithm='HS256')}",
        "RefreshToken": "Bearer r",
    }


def test_without_settings_it_answers_and_keeps_the_conversation(tmp_path: Path) -> None:
    with service(tmp_path) as url:
        status, text = post(f"{url}/chat/stream", {"message": "안녕하세요", "createWorkspace": True})
        events = frames(text)
        types = [event["type"] for event in events]
        assert status == 200 and types[0] == "turn" and types[-1] == "done" and "workspace" in types
        workspace = next(event["workspaceId"] for event in events if event["type"] == "workspace")
        said = "".join(event.get("content", "") for event in events)
        status, text = post(f"{url}/chat", {"message": "또 만나요", "workspaceId": workspace})
        again = json.loads(text)
        assert status == 200 and again["workspaceId"] == workspace
    # Its workers have delivered what waited.
    history = turnwire.SqliteStore(tmp_path / "chat.db").history(USER, workspace)
    assert [message.content for message in history] == ["안녕하세요", said, "또 만나요", again["reply"]]
    assert turnwire.Outbox(tmp_path / "outbox.db").stats().pending == 0


def test_with_settings_it_checks_the_login_and_saves_in_the_chat_store(
    tmp_path: Path, fake: Fake, store: FakeStore, key: str
) -> None:
    fake.chat(key, "안", "녕")
    store.workspace(key, USER)
    login, secret, now = store.login(USER), base64.b64decode(JWT_SECRET), int(time.time())
    good = {"member": {"memUUID": USER}, "exp": now + 60}
    refused = [
        "",
        "no token",
        jwt.encode({**good, "exp": now - 60}, secret, algorithm="HS256"),
        jwt.encode({"member": {"memUUID": USER}}, secret, algorithm="HS256"),
        jwt.encode({**good, "member": None}, secret, algorithm="HS256"),
        jwt.encode(good, "another secret, of thirty-two bytes", algorithm="HS256"),
        jwt.encode(good, "", algorithm="none"),
    ]
    env = {
        "OPENAI_BASE_URL": fake.base_url,
        "OPENAI_MODEL": key,
        "TURNWIRE_STORE_URL": store.url,
        "JWT_SECRET": JWT_SECRET,
        "ORIGINS": "https://a.example, https://b.example https://c.example",
    }
    with service(tmp_path, **env) as url:

        def ask(token: str) -> tuple[int, dict[str, Any]]:
            tokens = {"Authorization": f"Bearer {token}", "RefreshToken": f"Bearer {login['refresh_token']}"}
            status, text = post(f"{url}/chat", {"message": "m", "workspaceId": key}, **tokens)
            return status, json.loads(text)

        for token in refused:
            status, answered = ask(token)
            assert (status, list(answered)) == (401, ["message"]), token
        assert post(f"{url}/chat/tts", {"text": ""}, **of_a_clock_ahead(JWT_SECRET))[0] == 400
        for name in "abc":
            asked = urllib.request.Request(
                f"{url}/chat", headers={"Origin": f"https://{name}.example"}, method="OPTIONS"
            )
            with urllib.request.urlopen(asked, timeout=60) as response:
                assert response.headers["Access-Control-Allow-Origin"] == f"https://{name}.example"
        assert ask(login["access_token"]) == (200, {"reply": "안녕", "workspaceId": key})
    # Its workers have delivered what waited.
    assert store.texts(key) == ["m", "안녕"]


@pytest.mark.parametrize(
    ("setting", "url", "error"),
    [
        ("TURNWIRE_STORE_URL", "http://localhost:1", "TURNWIRE_STORE_URL needs JWT_SECRET"),
        ("TURNWIRE_NATS_URL", "nats://localhost:1", "TURNWIRE_NATS_URL needs TURNWIRE_STORE_URL"),
    ],
)
def test_a_setting_without_the_one_that_it_needs_ends_the_service(
    tmp_path: Path, setting: str, url: str, error: str
) -> None:
    env = {**os.environ, setting: url, "CHAT_FOLDER": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "app.py"], cwd=FOLDER, env=env, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 1 and done.stderr.startswith(error), done
