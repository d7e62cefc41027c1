"""The fake LLM server as a child process, and its control over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

REPO = Path(__file__).resolve().parents[2]
WAIT = 60
"""The most seconds of a wait: more than a busy machine needs, and less than a client waits in silence."""


def binary(name: str) -> str:
    """A server's binary: beside the one that ``TURNWIRE_FAKE_LLM`` names, or one that cargo builds."""
    given = os.environ.get("TURNWIRE_FAKE_LLM")
    if given:
        return str(Path(given).with_name(name))
    build = ["cargo", "build", "--quiet", "-p", "turnwire-fakes", "--message-format=json"]
    out = subprocess.run(build, cwd=REPO, check=True, stdout=subprocess.PIPE, text=True).stdout
    made = [json.loads(line).get("executable") for line in out.splitlines()]
    return next(path for path in made if path and Path(path).stem == name)


class Fake:
    """A server of its own; it ends with this process."""

    NAME = "fake-llm"

    def __init__(self) -> None:
        command = [binary(self.NAME), "--port", "0", "--until-stdin-closes"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.url: str = json.loads(self.process.stdout.readline())["url"]
        self.base_url = self.url.removesuffix("/v1") + "/v1"

    def script(self, key: str, *scripts: Any) -> None:
        """Sets what calls that name the model ``key`` are answered with, in turn."""
        self._control(
            "PUT", f"/_fake/scripts/{quote(key)}", scripts[0] if len(scripts) == 1 else list(scripts)
        )

    def chat(self, key: str, *texts: str, **script: Any) -> None:
        """Scripts a stream of these texts that ends well."""
        steps = [
            {"role": "assistant"},
            *({"text": text} for text in texts),
            {"finish": "stop"},
            {"done": True},
        ]
        self.script(key, {"steps": steps, **script})

    def requests(self, key: str) -> list[dict[str, Any]]:
        """The requests for the model ``key``, and their outcomes."""
        found = self._control("GET", f"/_fake/requests?model={key}")
        return list(found)

    def all_requests(self) -> list[dict[str, Any]]:
        """All requests, and their outcomes."""
        found = self._control("GET", "/_fake/requests")
        return list(found)

    def reset(self) -> None:
        """Forgets all scripts, requests and rows."""
        self._control("POST", "/_fake/reset", {})

    def release(self, hold: str) -> None:
        """Lets the replies go on that wait at ``{"hold": hold}``."""
        self._control("POST", f"/_fake/release/{quote(hold)}")

    def wait(self, key: str, until: Callable[[list[dict[str, Any]]], Any]) -> Any:
        """Waits until the requests of ``key`` are as wished."""
        deadline = time.monotonic() + WAIT
        while True:
            requests = self.requests(key)
            found = until(requests)
            if found:
                return found
            assert time.monotonic() < deadline, requests
            time.sleep(0.005)

    def client_left(self, key: str) -> None:
        """Waits until the client of the last request is gone before the reply's end."""
        self.wait(key, lambda requests: requests and requests[-1]["outcome"] == "client_closed")

    def client_left_at_once(self, key: str) -> None:
        """Waits until the client is gone: for a few calls, which take as long as the machine lets them."""
        calls = 0

        def is_gone(requests: list[dict[str, Any]]) -> bool:
            nonlocal calls
            calls += 1
            return bool(requests) and requests[-1]["outcome"] == "client_closed"

        self.wait(key, is_gone)
        assert calls < 20, calls

    def close(self) -> None:
        """Ends the server."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(WAIT)

    def _control(self, method: str, path: str, body: Any = None) -> Any:
        host = self.url.removesuffix("/v1").removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=WAIT)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            text = response.read()
            assert response.status < 300, text
            return json.loads(text) if text.strip() else None
        finally:
            connection.close()


class FakeStore(Fake):
    """A chat store of its own."""

    NAME = "fake-store"

    def login(self, user: str) -> dict[str, str]:
        """Tokens of a user."""
        tokens = self._control("POST", "/_fake/login", {"memUuid": user})
        return {"access_token": tokens["access"], "refresh_token": tokens["refresh"]}

    def workspace(self, id: str, user: str) -> None:
        """Creates a workspace with a session."""
        self._control("POST", "/_fake/workspace", {"workspaceId": id, "memUuid": user})

    def stored(self) -> dict[str, Any]:
        """The rows of all tables."""
        rows = self._control("GET", "/_fake/stored")
        return dict(rows)

    def messages(self, workspace: str) -> list[dict[str, Any]]:
        """The messages of a workspace, in the order of their first saves."""
        rows = self.stored()["messages"]
        return [row["message"] for row in rows if row["message"]["msgWorkspaceId"] == workspace]

    def texts(self, workspace: str) -> list[str]:
        """The texts of a workspace's messages, sorted."""
        return sorted(message["msgContent"] for message in self.messages(workspace))


class FakeChat(Fake):
    """A chat service of its own, which repeats messages in pieces of two letters."""

    NAME = "fake-chat"

    def workspace(self, id: str) -> None:
        """Creates a workspace."""
        self._control("POST", "/_fake/workspace", {"workspaceId": id})

    def refuse(self, access: str) -> None:
        """Refuses an access token from now on."""
        self._control("POST", "/_fake/refuse", {"access": access})
