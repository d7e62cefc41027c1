"""``docs/migrating.md``: a service grows step by step from the document's own code, and answers as before after each."""

from __future__ import annotations

import base64
import io
import json
import re
import threading
import time
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import flask
import jwt
import openai
import pytest
import requests

import turnwire
from fake import REPO, Fake, FakeStore
from test_flask_example import JWT_SECRET, USER
from test_turn_vectors import frames
from turnwire.flask import chat_blueprint
from turnwire.testing import FakeLlm

DOCUMENT = (REPO / "docs" / "migrating.md").read_text("utf-8")
SECTIONS = {found[1]: found[2] for found in re.finditer(r"## (\d)\. .*\n((?:(?!^## ).*\n)*)", DOCUMENT, re.M)}
HEARD = "audio of gTTS"


def side(step: str, sign: str) -> str:
    """The code of a step before (``-``) or after (``+``) its change."""
    diffs = re.findall(r"^```diff\n(.*?)^```", SECTIONS[step], re.M | re.S)
    lines = "".join(diffs).splitlines()
    return "\n".join(line[1:] for line in lines if line[:1] in (" ", sign, ""))


class Speech:
    """In place of gTTS, which asks Google."""

    def __init__(self, text: str, lang: str) -> None:
        assert text and lang == "ko"

    def write_to_fp(self, file: io.BytesIO) -> None:
        file.write(HEARD.encode())


def surroundings(fake: Fake, store: FakeStore, tokens: dict[str, str]) -> dict[str, Any]:
    """The rest of the service, which the document does not show."""

    def create_workspace(user: str, name: str, tokens: dict[str, str]) -> str:
        store.workspace(id := str(uuid.uuid4()), user)
        return id

    def body(role: str, user: str, workspace: str, text: str) -> dict[str, Any]:
        return {
            "msgId": str(uuid.uuid4()),
            "msgSenderRole": role,
            "msgContent": text,
            "msgSentAt": time.time_ns() // 1_000_000,
            "msgSenderUUID": user,
            "parentMsgId": None,
            "msgType": "T",
            "msgWorkspaceId": workspace,
        }

    def prompt(*parts: Any) -> list[dict[str, str]]:
        return [{"role": "user", "content": str(parts[-1])}]

    return {
        **{name: getattr(flask, name) for name in ("Response", "jsonify", "request", "stream_with_context")},
        **{module.__name__: module for module in (base64, io, json, jwt, requests, threading)},
        **{name: getattr(turnwire, name) for name in ("ChatStore", "Turns", "presets")},
        "GoogleTranslateSpeaker": partial(turnwire.GoogleTranslateSpeaker, base_url=fake.url),
        "JWT_SECRET": JWT_SECRET,
        "MODEL": "m",
        "ORIGINS": ["https://chat.example"],
        "STORE": store.url,
        "ai_message": partial(body, "AI"),
        "analyze_sentiment": lambda text: "중립",
        "app": flask.Flask(__name__),
        "chat_blueprint": chat_blueprint,
        "create_workspace": create_workspace,
        "gTTS": Speech,
        "load_history": lambda workspace, tokens: [],
        "naming_prompt": prompt,
        "prompt": prompt,
        "start_session": lambda *_: None,
        "tokens": tokens,
        "user_message": partial(body, "USER"),
    }


@pytest.mark.parametrize("step", range(6))
def test_a_service_answers_and_saves_after_each_step(
    step: int, fake: Fake, store: FakeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    login = store.login(USER)
    tokens = {
        "Authorization": f"Bearer {login['access_token']}",
        "RefreshToken": f"Bearer {login['refresh_token']}",
    }
    with FakeLlm() as llm:
        monkeypatch.setenv("OPENAI_BASE_URL", llm.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "k")
        names = surroundings(fake, store, tokens)
        exec(side("1", "+" if step >= 1 else "-"), names)
        package: Any = turnwire if step >= 1 else openai
        assert isinstance(names["client"], package.OpenAI)
        code = side("3", "+" if step >= 3 else "-")
        if step > 3:
            # These steps show the turns alone.
            code = re.sub(r"^turns = Turns\(\n.*?^\)$", side(str(step), "+"), code, flags=re.M | re.S)
        exec(code, names)
        client = names["app"].test_client()

        message = {"message": "안녕하세요", "createWorkspace": True}
        answer = client.post("/chat/stream", json=message, headers=tokens)
        events = frames(answer.text)
        types = [event["type"] for event in events]
        wanted = {"workspace", "content", "done"} | ({"audio"} if step >= 5 else set())
        assert answer.status_code == 200 and set(types) == wanted and types[-1] == "done", events
        workspace = next(event["workspaceId"] for event in events if event["type"] == "workspace")
        reply = "".join(event.get("content", "") for event in events)
        deadline = time.monotonic() + 60
        while store.texts(workspace) != sorted(["안녕하세요", reply]):
            assert time.monotonic() < deadline, store.texts(workspace)
            time.sleep(0.01)
        assert (tmp_path / "var" / "outbox.db").exists() == (step >= 4)

        answer = client.post("/chat/tts", json={"text": "안녕"}, headers=tokens)
        audio = base64.b64decode(answer.json["audioBase64"])
        assert answer.status_code == 200 and (audio == HEARD.encode()) == (step < 3) and audio

        statuses = [
            client.post("/chat/stream", json=body, headers=tokens).status_code
            for body in ({"message": "안녕"}, {"message": "", "createWorkspace": True})
        ]
        assert statuses == [404, 400]
