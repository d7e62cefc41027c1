"""The peer's own documented snippets for chat run with the import changed; and so do those of our package's page."""

from __future__ import annotations

import ast
import asyncio
import importlib.metadata
import inspect
import os
import re
import textwrap
from typing import Any

import pytest

import turnwire
from fake import REPO, Fake

NOT_TAKEN_OVER = {
    "workload_identity": "credentials of cloud platforms",
    "http_client": "another HTTP client in place of core's",
    "with_streaming_response": "the body's bytes",
    "AzureOpenAI": "a client of its own for Azure",
}


def snippets(text: str) -> list[str]:
    found = re.findall(r"^```py(?:thon)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(code) for code in found if "chat.completions" in code]


THEIRS = snippets(importlib.metadata.metadata("openai").get_payload())  # type: ignore[attr-defined]
RUN = [code for code in THEIRS if not any(word in code for word in NOT_TAKEN_OVER)]
OURS = [
    code
    for readme in (REPO / "README.md", REPO / "bindings-python" / "README.md")
    for code in snippets(readme.read_text("utf-8"))
]


def test_there_are_snippets() -> None:
    assert len(RUN) >= 5 and OURS


@pytest.mark.parametrize("code", RUN + OURS, ids=range(len(RUN) + len(OURS)))
def test_snippet(fake: Fake, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", fake.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    code = re.sub(r"\bopenai\b", "turnwire", code)
    names: dict[str, Any] = {"__name__": "snippet", "os": os, "turnwire": turnwire, "OpenAI": turnwire.OpenAI}
    names["client"] = turnwire.AsyncOpenAI() if "await " in code else turnwire.OpenAI()
    program = compile(code, "snippet", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if program.co_flags & inspect.CO_COROUTINE:
        asyncio.run(eval(program, names))
    else:
        exec(program, names)
