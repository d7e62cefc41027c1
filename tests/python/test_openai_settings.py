"""Settings of the clients of ``turnwire.openai``: they reach both sides, or are refused. And what the import brings."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

import openai
import openai.types.chat
import pytest

import turnwire
import turnwire.openai
from beside import (
    ERROR,
    LIBRARIES,
    MESSAGES,
    answer,
    async_client_of,
    client_of,
    headers,
    is_turnwires,
)
from fake import Fake
from test_parity import WHOLE

SETTINGS: dict[str, dict[str, Any]] = {
    "none": {},
    "key": {"api_key": "other"},
    "organization": {"organization": "o", "project": "p"},
    "headers": {"default_headers": {"X-A": "1", "OpenAI-Organization": "own"}},
    "query": {"default_query": {"a": "1 2", "b": [1, 2], "c": True}},
    "function": {"api_key": lambda: "fresh"},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_reach_the_service(fake: Fake, key: str, name: str) -> None:
    options = {"extra_headers": {"X-B": "2"}, "extra_query": {"d": "e"}, "extra_body": {"top_k": 1}}
    fake.script(key, *[answer(WHOLE["text"])] * 4)
    for library in LIBRARIES:
        ask = {"model": key, "messages": MESSAGES, **options}
        client_of(library, fake, **SETTINGS[name]).chat.completions.create(**ask)
        # As a copy, with the same changes.
        client_of(library, fake).copy(**SETTINGS[name]).chat.completions.create(**ask)
    requests = fake.requests(key)
    assert [is_turnwires(request) for request in requests] == [True, True, False, False]
    for ours, theirs in zip(requests[:2], requests[2:], strict=True):
        assert headers(ours) == headers(theirs)
        assert ours["query"].replace("+", "%20") == theirs["query"].replace("+", "%20")
        assert json.loads(ours["body"]) == json.loads(theirs["body"])
        assert dict(ours["headers"])["user-agent"].startswith("turnwire/")


def test_the_environment_is_read(fake: Fake, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-env")
    monkeypatch.setenv("OPENAI_BASE_URL", fake.base_url)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-env")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-env")
    for library in LIBRARIES:
        library.OpenAI().chat.completions.create(model=key, messages=MESSAGES)
    ours, theirs = fake.requests(key)
    assert headers(ours) == headers(theirs) and headers(ours)["authorization"] == "Bearer sk-env"


def test_a_header_may_be_omitted(fake: Fake, key: str) -> None:
    client = client_of(turnwire.openai, fake)
    omit = {"Authorization": openai.Omit()}
    client.chat.completions.create(model=key, messages=MESSAGES, extra_headers=omit)
    assert "authorization" not in headers(fake.requests(key)[0])


def test_a_user_agent_of_ones_own_is_sent(fake: Fake, key: str) -> None:
    client = client_of(turnwire.openai, fake, default_headers={"User-Agent": "mine/1"})
    client.chat.completions.create(model=key, messages=MESSAGES)
    assert dict(fake.requests(key)[0]["headers"])["user-agent"] == "mine/1"


def test_settings_may_be_assigned(fake: Fake, key: str) -> None:
    client = client_of(turnwire.openai, fake, base_url="http://127.0.0.1:1/v1")
    client.base_url, client.api_key = fake.base_url, "later"
    client.chat.completions.create(model=key, messages=MESSAGES)
    assert headers(fake.requests(key)[0])["authorization"] == "Bearer later"


def test_a_key_may_come_from_a_coroutine_function(fake: Fake, key: str) -> None:
    keys = iter(["first", "second"])

    async def api_key() -> str:
        return next(keys)

    async def ask() -> None:
        client = async_client_of(turnwire.openai, fake, api_key=api_key)
        for _ in range(2):
            await client.chat.completions.create(model=key, messages=MESSAGES)

    asyncio.run(ask())
    assert [headers(r)["authorization"] for r in fake.requests(key)] == ["Bearer first", "Bearer second"]


def test_retries_are_those_that_were_set(fake: Fake, key: str) -> None:
    fake.script(key, *[answer(ERROR, status=500, headers=[["retry-after-ms", "1"]])] * 7)
    client = client_of(turnwire.openai, fake)
    for retries, sent in ((0, 1), (2, 4), (1, 6)):
        with pytest.raises(openai.InternalServerError) as caught:
            client.with_options(max_retries=retries).chat.completions.create(model=key, messages=MESSAGES)
        assert caught.value.attempts == retries + 1  # type: ignore[attr-defined]
        assert len(fake.requests(key)) == sent


def test_copies_share_the_connections(fake: Fake, key: str) -> None:
    client = client_of(turnwire.openai, fake)
    for one in (client.with_options(max_retries=1), client.copy(api_key="b"), client):
        assert type(one) is turnwire.openai.OpenAI
        one.chat.completions.create(model=key, messages=MESSAGES)
    requests = fake.requests(key)
    assert len({request["connection"] for request in requests}) == 1
    assert [headers(r)["authorization"][7:] for r in requests] == ["sk-test", "b", "sk-test"]
    other = client.with_options(base_url=fake.base_url.replace("127.0.0.1", "localhost"))
    other.chat.completions.create(model=key, messages=MESSAGES)
    assert fake.requests(key)[-1]["connection"] != requests[0]["connection"]


@pytest.mark.parametrize("name", ["http_client", "provider", "workload_identity"])
def test_settings_that_chat_could_not_honour_are_refused(fake: Fake, name: str) -> None:
    for kind in (turnwire.openai.OpenAI, turnwire.openai.AsyncOpenAI, turnwire.openai.AzureOpenAI):
        with pytest.raises(TypeError, match=rf"^{name} is not supported .* Use the openai package's client"):
            kind(**{name: object()})
    with pytest.raises(TypeError, match=f"^{name} is not supported"):
        client_of(turnwire.openai, fake).with_options(**{name: object()})


def test_azure(fake: Fake, key: str) -> None:
    for library in LIBRARIES:
        endpoint = fake.base_url.removesuffix("/v1")
        settings = {"azure_endpoint": endpoint, "api_key": "az", "api_version": "2024-10-21"}
        client = library.AzureOpenAI(**settings)
        client.chat.completions.create(model=key, messages=MESSAGES)
        client.with_options(max_retries=1).chat.completions.create(model=key, messages=MESSAGES)
        client.audio.speech.create(model=key, voice="alloy", input="a")
    found = fake.requests(key)
    assert [is_turnwires(request) for request in found] == [True] * 3 + [False] * 3
    for request, call in zip(
        found, ["chat/completions", "chat/completions", "audio/speech"] * 2, strict=True
    ):
        assert request["path"] == f"/openai/deployments/{key}/{call}"
        assert request["query"] == "api-version=2024-10-21"
        assert headers(request) == headers(found[-1])
    assert "authorization" not in headers(found[0]) and headers(found[0])["api-key"] == "az"

    async def ask() -> None:
        client = turnwire.openai.AsyncAzureOpenAI(
            azure_endpoint=fake.base_url.removesuffix("/v1"), azure_ad_token="ad", api_version="v"
        )
        async for _ in await client.chat.completions.create(model=key, messages=MESSAGES, stream=True):
            pass

    asyncio.run(ask())
    assert headers(fake.requests(key)[-1])["authorization"] == "Bearer ad"


def run(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], check=True, stdout=subprocess.PIPE, text=True, cwd="/"
    ).stdout


def test_nothing_of_the_package_is_imported_unless_asked_for() -> None:
    assert run("import sys, turnwire; print('openai' in sys.modules, 'turnwire.openai' in sys.modules)") == (
        "False False\n"
    )


def test_a_missing_package_is_named() -> None:
    program = """
import sys
sys.modules["openai"] = None
try: import turnwire.openai
except ImportError as error: print(error)
"""
    assert 'pip install "turnwire[openai]"' in run(program)
