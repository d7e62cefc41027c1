"""``turnwire.testing``: the fakes as users have them, in this process, and as fixtures of pytest."""

from __future__ import annotations

import gc
import importlib.metadata
import inspect
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import turnwire
from conftest import USER
from turnwire import OpenAI, Turns, testing
from turnwire.testing import FakeLlm, FakeStore


@pytest.fixture
def llm() -> Iterator[FakeLlm]:
    with FakeLlm() as llm:
        yield llm


@pytest.fixture
def chat_store() -> Iterator[FakeStore]:
    with FakeStore() as store:
        yield store


def client(llm: FakeLlm, **settings: Any) -> OpenAI:
    return OpenAI(base_url=llm.base_url, api_key="k", **{"max_retries": 0, **settings})


def read(client: OpenAI) -> str:
    stream = client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "hi"}], stream=True
    )
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def test_replies_come_in_the_order_of_the_queue_and_the_last_one_stays(llm: FakeLlm) -> None:
    llm.fail(429, "slow down", {"retry-after": "0"})
    llm.reply("안", "녕")
    assert read(client(llm, max_retries=1)) == "안녕"
    assert read(client(llm)) == "안녕"
    first = llm.requests[0]
    assert (first.method, first.path, first.json["model"]) == ("POST", "/v1/chat/completions", "m")
    assert first.headers["authorization"] == "Bearer k" and len(llm.requests) == 3


def test_a_program_that_does_not_stream_gets_the_same_reply(llm: FakeLlm) -> None:
    llm.reply("안", "녕")
    llm.truncate("half")
    create = client(llm).chat.completions.create
    completion = create(model="m", messages=[{"role": "user", "content": "hi"}])
    assert completion.choices[0].message.content == "안녕"
    with pytest.raises(turnwire.APIConnectionError):
        create(model="m", messages=[])


def test_a_list_of_models_takes_no_reply(llm: FakeLlm) -> None:
    llm.reply("안", "녕")
    assert client(llm).models.list().data
    assert read(client(llm)) == "안녕"


def test_a_reply_that_is_queued_later_is_the_next(llm: FakeLlm) -> None:
    llm.fail(500, "broken")
    with pytest.raises(turnwire.InternalServerError):
        read(client(llm))
    llm.reply("again")
    assert read(client(llm)) == "again"


def test_the_name_of_a_workspace_takes_no_reply_from_a_turn(llm: FakeLlm, chat_store: FakeStore) -> None:
    llm.reply("first")
    llm.reply("second")
    turns = Turns(client(llm), model="m", store=chat_store.url)
    tokens = chat_store.login(USER)
    events = list(turns.start("hi", user_id=USER, create_workspace=True, **tokens))
    assert turns.flush().dead == 0
    assert "".join(event.content for event in events if event.type == "content") == "first"
    assert len(llm.requests) == 2


def test_without_a_script_the_model_answers_and_a_reset_forgets(llm: FakeLlm) -> None:
    llm.fail(500, "broken")
    llm.reset()
    assert read(client(llm)) and len(llm.requests) == 1


@pytest.mark.parametrize("way", ["truncate", "break_off"])
def test_a_reply_ends_too_early(llm: FakeLlm, way: str) -> None:
    getattr(llm, way)("half")
    with pytest.raises(turnwire.APIConnectionError) as caught:
        read(client(llm))
    assert caught.value.partial == "half"


def test_a_reply_falls_silent_and_the_client_leaves(llm: FakeLlm) -> None:
    llm.stall("a")
    with client(llm).chat.completions.create(model="m", messages=[], stream=True) as stream:
        next(stream)
    assert llm.wait_for(lambda requests: requests[-1].outcome == "client_closed")
    with pytest.raises(TimeoutError, match="client_closed"):
        llm.wait_for(lambda requests: requests[-1].outcome == "complete", timeout=0)


def test_an_error_is_the_services(llm: FakeLlm) -> None:
    llm.fail(400, "no such model")
    with pytest.raises(turnwire.BadRequestError, match="no such model"):
        read(client(llm))
    with pytest.raises(ValueError, match="not a script"):
        llm.script({"stepps": []})


def test_no_secret_is_shown_with_a_request(llm: FakeLlm) -> None:
    read(client(llm, default_headers={"x-key": "sk-secret"}))
    assert llm.requests[0].headers["x-key"] == "sk-secret"
    assert "sk-secret" not in repr(llm.requests) and "chat/completions" in repr(llm.requests)
    with pytest.raises(TimeoutError) as caught:
        llm.wait_for(lambda requests: False, timeout=0)
    assert "sk-secret" not in str(caught.value)


def test_the_store_keeps_what_it_is_told(llm: FakeLlm, chat_store: FakeStore) -> None:
    llm.reply("안녕")
    workspace = chat_store.add_workspace(USER)
    turns = Turns(client(llm), model="m", store=chat_store.url)
    tokens = chat_store.login(USER)
    chat_store.advance(3600)
    list(turns.start("hi", user_id=USER, workspace_id=workspace, **tokens))
    assert turns.flush().dead == 0
    assert [message["msgContent"] for message in chat_store.messages(workspace)] == ["hi", "안녕"]
    # The access token had expired, and was reissued once.
    assert [request.path for request in chat_store.requests].count("/reissue") == 1


def test_a_closed_service_is_gone_and_so_is_one_that_is_dropped() -> None:
    closed = FakeLlm()
    closed.close()
    closed.close()
    dropped = FakeLlm()
    url = dropped.url
    del dropped
    gc.collect()
    with pytest.raises(ValueError, match="the fake service is closed"):
        closed.reply("a")
    for host in (closed.url, url):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", int(host.rsplit(":", 1)[1])))


def test_a_forked_child_ends_without_the_service(llm: FakeLlm) -> None:
    text = """
import os, sys
from turnwire.testing import FakeLlm
with FakeLlm() as llm:
    child = os.fork()
    if child == 0:
        del llm
        sys.exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    llm.reply("a")
"""
    subprocess.run([sys.executable, "-c", text], check=True, timeout=20)


def example(documented: Any) -> str:
    """The test in a docstring."""
    lines = [
        line[4:] for line in inspect.cleandoc(documented.__doc__).splitlines() if line[:3] in (">>>", "...")
    ]
    return "\n".join(lines) + "\n"


def test_the_documented_tests_run_with_the_fixtures_of_the_plugin(tmp_path: Path) -> None:
    imports = "import pytest\nfrom turnwire import OpenAI, TruncatedStreamError, Turns\n"
    (tmp_path / "test_documented.py").write_text(imports + example(testing) + example(FakeStore))
    # A package that is installed has its plugin by itself.
    installed = importlib.metadata.entry_points(group="pytest11", name="turnwire")
    given = [] if installed else ["-p", "turnwire.testing.plugin"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *given, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    assert installed or "TURNWIRE_WHEEL" not in os.environ
