"""``examples/fastapi``, started as its page says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import USER
from fake import REPO, Fake, FakeStore

pytest.importorskip("fastapi", reason="FastAPI needs Python 3.11")

from asgi_servers import post, serving
from test_flask_example import of_a_clock_ahead

FOLDER = REPO / "examples" / "fastapi"
SECRET = "dHVybndpcmUgZmFrZSBzdG9yZTogbm90IGEgc2VjcmV0IGF0IGFsbA=="
"""The fake store's."""


def events(text: str) -> list[dict[str, str]]:
    return [json.loads(frame[6:]) for frame in text.split("\n\n") if frame]


def test_it_runs_without_settings(tmp_path: Path) -> None:
    env = {"OPENAI_API_KEY": "", "OPENAI_BASE_URL": "", "CHAT_FOLDER": str(tmp_path)}
    with serving("uvicorn", "app:app", env, FOLDER) as port:
        first = events(post(port, "/chat/stream", message="안녕", createWorkspace=True).read().decode())
        assert first[-1]["type"] == "done"
        text = "".join(event["content"] for event in first if event["type"] == "content")
        assert text.endswith('하신 말씀은 "안녕"였습니다.')
        workspace = next(event["workspaceId"] for event in first if event["type"] == "workspace")
        again = json.loads(post(port, "/chat", message="또", workspaceId=workspace).read())
        assert again["workspaceId"] == workspace and '"또"' in again["reply"]
        assert events(post(port, "/ask", question="왜").read().decode())[-1]["type"] == "done"
        assert post(port, "/chat/stream", message="").status == 400
    assert (tmp_path / "chat.db").exists()


def test_it_serves_the_users_of_a_chat_store(fake: Fake, store: FakeStore, key: str, tmp_path: Path) -> None:
    fake.chat(key, "안", "녕")
    store.workspace(key, USER)
    env = {
        "OPENAI_BASE_URL": fake.base_url,
        "OPENAI_MODEL": key,
        "TURNWIRE_STORE_URL": store.url,
        "JWT_SECRET": SECRET,
        "CHAT_FOLDER": str(tmp_path),
        "ORIGINS": "https://a.example, https://b.example https://c.example",
    }
    tokens = store.login(USER)
    with serving("uvicorn", "app:app", env, FOLDER) as port:
        refused = post(port, "/chat/stream", message="안녕", workspaceId=key)
        assert refused.status == 401 and list(json.loads(refused.read())) == ["message"]
        assert post(port, "/ask", question="왜").status == 401
        assert post(port, "/chat/tts", of_a_clock_ahead(SECRET), text="").status == 400
        for name in "abc":
            reply = post(port, "/chat", {"Origin": f"https://{name}.example"})
            assert reply.headers["Access-Control-Allow-Origin"] == f"https://{name}.example"
        headers = {
            "Authorization": f"Bearer {tokens['access_token']}",
            "RefreshToken": f"Bearer {tokens['refresh_token']}",
        }
        assert (
            post(port, "/chat/stream", headers, message="안녕하세요", workspaceId=key)
            .read()
            .endswith(b"\n\n")
        )
    # The server's end delivers what waits.
    assert store.texts(key) == ["안녕", "안녕하세요"]
