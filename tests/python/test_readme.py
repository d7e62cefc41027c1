"""The peer's own documented snippets for chat run with the import changed; and so do those of our own documents."""

from __future__ import annotations

import ast
import asyncio
import importlib.metadata
import inspect
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import turnwire
from fake import REPO, Fake
from turnwire.testing import FakeLlm

NOT_TAKEN_OVER = {
    r"\bresponses\b": "the Responses API",
    r"\.(fine_tuning|files|audio|webhooks|realtime)\b": "APIs besides chat and models",
    r"workload_identity": "credentials of cloud platforms; a function as api_key takes their place",
    r"http_client|DefaultHttpx2Client": "another HTTP client in place of core's; proxies come from the environment",
    r"AzureOpenAI|[Bb]edrock": "clients of their own for Azure and Bedrock",
    r"client\.(get|post)\(": "requests of any kind",
    r"image_url|input_image": "the Responses API's input",
}
"""The parts that this package does not have, as the words by which a snippet needs them. Every other snippet runs."""


def snippets(text: str) -> list[str]:
    found = re.findall(r"^```py(?:thon)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(code) for code in found]


@dataclass
class Documented:
    """A snippet of our own."""

    code: str
    answers: list[Any]
    """The messages by which the model answers; without any it repeats what it is told."""
    printed: str | None
    """The output that the document shows."""


def documented(text: str) -> list[Documented]:
    parts = re.compile(
        r"(?P<answers>(?:^<!-- the model answers: [^\n]* -->\n)*)^```python\n(?P<code>.*?)^```\n"
        r"(?:\n(?:It prints|Prints):\n\n```text\n(?P<printed>.*?)^```)?",
        re.MULTILINE | re.DOTALL,
    )
    return [
        Documented(
            found["code"],
            [json.loads(answer) for answer in re.findall(r"answers: (.*) -->", found["answers"])],
            found["printed"],
        )
        for found in parts.finditer(text)
    ]


def is_taken_over(code: str) -> bool:
    return not any(re.search(word, code) for word in NOT_TAKEN_OVER)


THEIRS = snippets(importlib.metadata.metadata("openai").get_payload())  # type: ignore[attr-defined]
RUN = [re.sub(r"\bopenai\b", "turnwire", code) for code in THEIRS if is_taken_over(code)]
DOCUMENTS = [
    REPO / "README.md",
    REPO / "bindings-python" / "README.md",
    *sorted((REPO / "docs").rglob("*.md")),
]
OURS = [found for document in DOCUMENTS for found in documented(document.read_text("utf-8"))]


def test_the_snippets_for_chat_are_found_and_run_but_for_clients_of_another_kind() -> None:
    chat = [code for code in THEIRS if "chat.completions" in code]
    assert len(chat) >= 9 and len(RUN) >= 8 and OURS
    for code in chat:
        assert is_taken_over(code) or re.search(r"workload_identity|http_client|AzureOpenAI", code), code
    for needs in (r"with_raw_response", r"with_streaming_response", r"max_retries", r"httpx2\.Timeout"):
        assert any(re.search(needs, code) for code in RUN), needs


@pytest.mark.parametrize("code", RUN, ids=range(len(RUN)))
def test_snippet(fake: Fake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str) -> None:
    prepare(fake.base_url, monkeypatch, tmp_path)
    run(code)


@pytest.mark.parametrize(
    "ours",
    [
        pytest.param(
            ours, marks=[pytest.mark.nats] if re.search(r"\b(NatsSink|Courier)\b", ours.code) else []
        )
        for ours in OURS
    ],
    ids=range(len(OURS)),
)
def test_snippet_of_our_documents(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], ours: Documented
) -> None:
    if "fastapi" in ours.code:
        pytest.importorskip("fastapi", reason="it needs Python 3.11")
    with FakeLlm() as llm:
        for message in ours.answers:
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **message}}
            llm.script({"framing": "length", "steps": [{"json": {"id": "c", "choices": [choice]}}]})
        prepare(llm.base_url, monkeypatch, tmp_path)
        if "set_tracer_provider" in ours.code:
            # A process has one tracer provider, and here that of other tests.
            done = subprocess.run(
                [sys.executable, "-c", ours.code], capture_output=True, text=True, timeout=60
            )
            assert done.returncode == 0 and '"name": "invoke_workflow turn"' in done.stdout, done
            return
        names = run(ours.code)
        if ours.printed is not None:
            assert without_ports(capsys.readouterr().out) == without_ports(ours.printed)
        if isinstance(names.get("courier"), turnwire.Courier):
            deliver_nothing(names["courier"], names["deliver"])
        for name, value in names.items():
            if name.startswith("test_"):
                with FakeLlm() as own:
                    value(own)
        if callable(names.get("app")):
            is_asgi = "async def" in ours.code
            status, body = asyncio.run(of_asgi(names["app"])) if is_asgi else of_flask(names["app"])
            assert status == 200 and b'"content"' in body and b'"done"' in body, (status, body)


def deliver_nothing(courier: turnwire.Courier, deliver: Callable[[], None]) -> None:
    # The next run ends at once.
    courier.stop()
    terminated = signal.getsignal(signal.SIGTERM)
    try:
        deliver()
    finally:
        signal.signal(signal.SIGTERM, terminated)


def without_ports(text: str) -> str:
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:port", text)


def prepare(base_url: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    # For the files that a snippet makes.
    monkeypatch.chdir(folder)
    monkeypatch.setenv("OPENAI_BASE_URL", base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")


def run(code: str) -> dict[str, Any]:
    """Runs a snippet, and returns its names."""
    # The names that a snippet finds around it.
    names = {
        "__name__": "snippet",
        "os": os,
        "turnwire": turnwire,
        "OpenAI": turnwire.OpenAI,
        "client": turnwire.AsyncOpenAI() if "await " in code else turnwire.OpenAI(),
        "messages": [{"role": "user", "content": "안녕하세요"}],
        "response": turnwire.types.chat.ChatCompletion(my_field=None),
    }
    program = compile(code, "snippet", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if program.co_flags & inspect.CO_COROUTINE:
        asyncio.run(eval(program, names))
    else:
        exec(program, names)
    return names


MESSAGE = {"message": "안녕하세요", "createWorkspace": True}


def of_flask(app: Any) -> tuple[int, bytes]:
    """The answer of a snippet's Flask application to a message."""
    answer = app.test_client().post("/chat/stream", json=MESSAGE, headers={"X-User": "user-1"})
    return answer.status_code, answer.get_data()


async def of_asgi(app: Any) -> tuple[int, bytes]:
    """The answer of a snippet's ASGI application to a message."""
    request = [{"type": "http.request", "body": json.dumps(MESSAGE).encode(), "more_body": False}]
    answer: list[dict[str, Any]] = []

    async def receive() -> Any:
        return request.pop() if request else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        answer.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/chat/stream",
        "raw_path": b"/chat/stream",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"x-user", b"user-1")],
    }
    await app(scope, receive, send)
    return answer[0]["status"], b"".join(part.get("body", b"") for part in answer[1:])
