"""The peer's own documented snippets for chat run with the import changed; and so do those of our package's page."""

from __future__ import annotations

import ast
import asyncio
import importlib.metadata
import inspect
import os
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

import turnwire
from fake import REPO, Fake

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


def is_taken_over(code: str) -> bool:
    return not any(re.search(word, code) for word in NOT_TAKEN_OVER)


THEIRS = snippets(importlib.metadata.metadata("openai").get_payload())  # type: ignore[attr-defined]
RUN = [re.sub(r"\bopenai\b", "turnwire", code) for code in THEIRS if is_taken_over(code)]
OURS = [
    code
    for readme in (REPO / "README.md", REPO / "bindings-python" / "README.md")
    for code in snippets(readme.read_text("utf-8"))
]


def test_the_snippets_for_chat_are_found_and_run_but_for_clients_of_another_kind() -> None:
    chat = [code for code in THEIRS if "chat.completions" in code]
    assert len(chat) >= 9 and len(RUN) >= 8 and OURS
    for code in chat:
        assert is_taken_over(code) or re.search(r"workload_identity|http_client|AzureOpenAI", code), code
    for needs in (r"with_raw_response", r"with_streaming_response", r"max_retries", r"httpx2\.Timeout"):
        assert any(re.search(needs, code) for code in RUN), needs


@pytest.mark.parametrize("code", RUN + OURS, ids=range(len(RUN) + len(OURS)))
def test_snippet(fake: Fake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str) -> None:
    # For the files that a snippet makes.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_BASE_URL", fake.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    names: dict[str, Any] = {"__name__": "snippet", "os": os, "turnwire": turnwire, "OpenAI": turnwire.OpenAI}
    names["client"] = turnwire.AsyncOpenAI() if "await " in code else turnwire.OpenAI()
    # The names that a snippet finds around it.
    names["messages"] = [{"role": "user", "content": "안녕하세요"}]
    names["response"] = turnwire.types.chat.ChatCompletion(my_field=None)
    program = compile(code, "snippet", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if program.co_flags & inspect.CO_COROUTINE:
        asyncio.run(eval(program, names))
    else:
        exec(program, names)
