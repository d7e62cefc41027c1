"""The cases of a chat service's routes, which every web framework must meet; and the runner of one."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import pytest

import test_turn_vectors as of_turns
import turnwire
from fake import REPO, Fake, FakeStore

CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in sorted((REPO / "tests" / "vectors" / "web").glob("*.json"))
    for case in json.loads(file.read_text("utf-8"))
]
FIELDS = {
    "name", "settings", "llm", "store", "speaker", "routes", "user", "before", "running", "request", "status", "headers",
    "absent", "json", "text", "events", "beside", "part_types", "saved", "asked",
}  # fmt: skip
NO_ROUTE = {"error": "There is nothing at this path."}
USER, OTHER_USER = of_turns.USER, "0b1e55ed-0000-4000-8000-000000000002"
USER_HEADER = "x-test-user"


def authenticate(request: Any) -> str | None:
    """The user of a request, as the runner tells it."""
    user = json.loads(request.headers[USER_HEADER])
    if isinstance(user, dict):
        raise RuntimeError(user["raises"])
    name: str | None = user
    return name


def turns_of(spec: dict[str, Any], kind: Any = turnwire.Turns) -> Any:
    """The turns of a case."""
    client = turnwire.OpenAI(base_url=spec["base_url"], api_key="k", max_retries=0)
    given = of_turns.settings(SimpleNamespace(url=spec["store"]), {**spec, "store": {}})  # type: ignore[arg-type]
    if spec["store"] is None or not spec["store"].startswith("http"):
        given["store"] = spec["store"] and turnwire.SqliteStore(spec["store"])
    return kind(client, **given)


@dataclass
class Reply:
    """The reply to a request; its body may still arrive."""

    status: int
    headers: list[tuple[str, str]]
    body: Iterator[bytes]
    text: str = ""

    def read_until(self, words: str | None) -> None:
        """Reads until the body has these words, or to its end."""
        while (words is None or words not in self.text) and (piece := next(self.body, None)) is not None:
            self.text += piece.decode()

    def events(self) -> list[dict[str, Any]]:
        return of_turns.frames(self.text)


class Site(Protocol):
    """A running service."""

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Reply: ...

    def flush(self) -> None:
        """Delivers all messages."""
        ...


@dataclass
class Remote:
    """A service on a server of its own, which is told the case, and flushes on demand."""

    port: int

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, headers)
        response = connection.getresponse()

        def pieces() -> Iterator[bytes]:
            while piece := response.read1():
                yield piece
            connection.close()

        return Reply(response.status, response.getheaders(), pieces())

    @contextmanager
    def open(self, spec: dict[str, Any]) -> Iterator[Remote]:
        """Makes it the service of a case."""
        reply = self.send("POST", "/_site", {}, json.dumps(spec).encode())
        reply.read_until(None)
        assert reply.status == 200, reply.text
        yield self

    def flush(self) -> None:
        self.send("POST", "/_flush", {}, None).read_until(None)


@dataclass
class Running:
    """A case, with its services."""

    case: dict[str, Any]
    fake: Fake
    store: FakeStore
    embedded: turnwire.SqliteStore | None
    values: dict[str, str]
    site: Site

    def filled(self, text: str) -> str:
        for name, value in self.values.items():
            text = text.replace(name, value)
        return text

    def send(self, sent: dict[str, Any]) -> Reply:
        request, body = sent["request"], None
        if "json" in request:
            body = self.filled(json.dumps(request["json"])).encode()
        elif "text" in request:
            body = self.filled(request["text"]).encode()
        elif "base64" in request:
            body = base64.b64decode(request["base64"])
        tokens = {"Authorization": "Bearer <access>", "RefreshToken": "Bearer <refresh>"}
        headers = {"Content-Type": "application/json", **tokens, **request.get("headers", {})}
        headers[USER_HEADER] = json.dumps(sent.get("user", "<user>"))
        given = {name: self.filled(value) for name, value in headers.items() if value is not None}
        return self.site.send(request.get("method", "POST"), request["path"], given, body)

    def compare(self, reply: Reply, is_foreign: bool) -> None:
        case = self.case
        assert reply.status == case["status"], reply
        if is_foreign:
            return

        def values(wanted: str) -> list[str]:
            return [value for name, value in reply.headers if name.lower() == wanted.lower()]

        for name, value in case.get("headers", {}).items():
            assert values(name) == [value], name
        for name in case.get("absent", ()):
            assert values(name) == [], name
        reply.read_until(None)
        assert "secret" not in reply.text
        if case["request"].get("method") == "HEAD":
            return
        if "json" in case:
            assert self.is_like(json.loads(reply.text), case["json"]), reply.text
        if "text" in case:
            assert reply.text == case["text"]
        if "events" in case:
            self.compare_events(reply.events(), case["events"], case.get("beside", []))
        if "part_types" in case:
            *parts, last = [line.removeprefix("data: ") for line in reply.text.split("\n\n") if line]
            assert ([json.loads(part)["type"] for part in parts], last) == (case["part_types"], "[DONE]")

    def compare_events(self, found: list[Any], expected: list[Any], beside: list[Any]) -> None:
        *others, last = found
        for event in beside:
            others.remove(next(other for other in others if self.is_like(other, event)))
        assert self.is_like([*others, last], expected), found

    def is_like(self, found: Any, expected: Any) -> bool:
        """``<any>`` stands for any text, and ``<workspace>`` for that of the user."""
        if isinstance(found, dict) and isinstance(expected, dict):
            names = set(found) == set(expected)
            return names and all(self.is_like(found[name], expected[name]) for name in expected)
        if isinstance(found, list) and isinstance(expected, list):
            pairs = zip(found, expected, strict=False)
            return len(found) == len(expected) and all(self.is_like(*pair) for pair in pairs)
        if expected == "<any>":
            return isinstance(found, str) and found != ""
        return bool(found == (self.values["<workspace>"] if expected == "<workspace>" else expected))

    def saved(self) -> list[list[str]]:
        if self.embedded is not None:
            messages = self.embedded.history(USER, self.values["<workspace>"])
            return [[message.role, message.content] for message in messages]
        rows = [row["message"] for row in self.store.stored()["messages"]]
        return [[row["msgSenderRole"], row["msgContent"]] for row in rows]


def run(
    case: dict[str, Any],
    fakes: tuple[Fake, FakeStore],
    folder: Path,
    open_site: Callable[[dict[str, Any]], AbstractContextManager[Site]],
    has_other_paths: bool = False,
) -> None:
    """Runs a case. With ``has_other_paths``, the paths besides the routes are the application's own."""
    assert set(case) <= FIELDS, set(case) - FIELDS
    fake, store = fakes
    for way, script in case.get("llm", {}).items():
        fake.script(f"m {way}", script)
    values, kind, embedded = of_turns.request_values(store), case.get("store", "chat"), None
    if kind == "embedded":
        embedded = turnwire.SqliteStore(folder / "chat.db")
        values["<workspace>"] = embedded.create_workspace(USER, "a").id
    place = {"chat": store.url, "embedded": embedded and embedded.path, None: None}[kind]
    spec: dict[str, Any] = {name: case[name] for name in ("settings", "speaker", "routes") if name in case}
    with open_site({**spec, "base_url": fake.base_url, "store": place}) as site:
        running = Running(case, fake, store, embedded, {**values, "<other user>": OTHER_USER}, site)
        for sent in case.get("before", ()):
            running.send(sent).read_until(None)
        beside = case.get("running")
        if beside is not None:
            other = running.send(beside)
            other.read_until('"type": "content"')
            running.values["<turn id>"] = other.events()[0].get("turnId", "")
        reply = running.send(case)
        running.compare(reply, has_other_paths and case.get("json") == NO_ROUTE)
        if beside is not None:
            other.read_until(None)
            running.compare_events(other.events(), beside["events"], [])
        site.flush()
        assert running.saved() == case.get("saved", [])
        bodies = [json.loads(request["body"]) for request in fake.all_requests()]
        assert len([body for body in bodies if body.get("stream")]) == case.get("asked", 0)
