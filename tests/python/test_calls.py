"""Calls, their options and their results."""

from __future__ import annotations

import gc
import logging
import pickle
import re
import time
from typing import Any

import pytest

import turnwire
from conftest import Program, texts
from fake import REPO, Fake
from turnwire import _core, _exceptions

HI = [{"role": "user", "content": "안녕하세요"}]


def test_every_code_has_a_class() -> None:
    assert set(_exceptions.TABLE) == set(_core.ERROR_CODES)
    assert all(issubclass(kind, turnwire.TurnwireError) for kind in _exceptions.TABLE.values())
    documented = re.findall(r"^\| `(\w+)` \|", (REPO / "core/ERRORS.md").read_text("utf-8"), re.MULTILINE)
    assert set(documented) == set(_exceptions.TABLE)


def test_every_error_has_the_facts_of_the_base(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    fake.script(key, {"status": 429, "steps": [{"json": {"error": {"message": "slow", "code": "too_fast"}}}]})
    with pytest.raises(turnwire.TurnwireError) as raised:
        client.chat.completions.create(model=key, messages=HI)
    error = raised.value
    assert isinstance(error, turnwire.RateLimitError) and isinstance(error, turnwire.OpenAIError)
    assert (error.error_code, error.operation, error.status) == ("rate_limited", "chat", 429)
    assert (error.retryable, error.attempts, error.partial) == (True, 1, None)
    assert error.code == "too_fast", "the service's own, as the openai package has it"

    with pytest.raises(turnwire.ConfigError) as refused:
        turnwire.OpenAI(base_url="no url")
    assert refused.value.code == refused.value.error_code == "config"


def test_a_cut_off_stream_keeps_its_text(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    fake.script(key, {"steps": [{"role": "assistant"}, {"text": "안"}, {"text": "녕"}, {"truncate": True}]})
    read: list[str] = []
    with pytest.raises(turnwire.TruncatedStreamError) as raised:
        for chunk in client.chat.completions.create(model=key, messages=HI, stream=True):
            read.append(chunk.choices[0].delta.content or "")
    error = raised.value
    assert isinstance(error, turnwire.APIConnectionError)
    assert "".join(read) == error.partial == "안녕"
    assert error.error_code == "truncated" and error.retryable and error.request_id
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.partial, str(again)) == (type(error), "안녕", str(error))


def test_the_whole_reply_is_there_after_the_stream(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    fake.chat(key, "안", "녕")
    stream = client.chat.completions.create(model=key, messages=HI, stream=True)
    reply = stream.get_final_completion()
    assert reply.choices[0].message.content == "안녕"
    assert reply.choices[0].finish_reason == "stop" and reply.object == "chat.completion"
    assert reply._request_id == stream.response.headers["x-request-id"]
    assert list(stream) == []


def test_a_closed_stream_has_no_more(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    fake.script(key, {"steps": [{"text": "a"}, {"text": "b"}, {"stall": True}]})
    with client.chat.completions.create(model=key, messages=HI, stream=True) as stream:
        assert next(stream).choices[0].delta.content == "a"
    fake.client_left(key)
    assert list(stream) == []
    with pytest.raises(RuntimeError):
        stream.get_final_completion()


def test_a_dropped_stream_closes_its_connection(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    fake.script(key, {"steps": [{"text": "a"}, {"stall": True}]})
    stream = client.chat.completions.create(model=key, messages=HI, stream=True)
    next(stream)
    del stream
    fake.client_left(key)


def test_a_stream_in_a_cycle_is_closed_by_the_collector(
    client: turnwire.OpenAI, fake: Fake, key: str
) -> None:
    fake.script(key, {"steps": [{"text": "a"}, {"stall": True}]})
    cycle: list[Any] = [client.chat.completions.create(model=key, messages=HI, stream=True)]
    next(cycle[0])
    cycle.append(cycle)
    del cycle
    gc.collect()
    fake.client_left(key)


def test_what_trickles_after_the_end_is_not_waited_for(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    trickle = {"repeat": {"times": 1200, "steps": [{"wait_ms": 100}, {"comment": "still here"}]}}
    fake.script(key, {"steps": [{"text": "a"}, {"finish": "stop"}, {"done": True}, trickle]})
    began = time.monotonic()
    assert texts(client.chat.completions.create(model=key, messages=HI, stream=True)) == ["a"]
    assert time.monotonic() - began < 30


def test_ten_streams_in_turn_use_one_connection(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    for _ in range(10):
        fake.chat(key, "a")
        assert texts(client.chat.completions.create(model=key, messages=HI, stream=True)) == ["a"]
    assert len({request["connection"] for request in fake.requests(key)}) == 1


def test_copies_share_connections(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    # The end of a body comes with its last event: without a wait for it, another connection might be opened.
    steps = [{"text": "a"}, {"finish": "stop"}, {"done": True}]
    fake.script(key, *[{"coalesce": 65536, "steps": steps}] * 4)
    other = client.with_options(
        max_retries=1, timeout=5, default_headers={"x-team": "red"}, api_key="sk-other"
    )
    for each in (client, other, client, other.with_options(default_query={"v": "2"})):
        texts(each.chat.completions.create(model=key, messages=HI, stream=True))
    requests = fake.requests(key)
    headers = [dict(request["headers"]) for request in requests]
    assert len({request["connection"] for request in requests}) == 1
    assert [h.get("x-team") for h in headers] == [None, "red", None, "red"]
    assert [h["authorization"] for h in headers] == [
        f"Bearer sk-{k}" for k in ("test", "other", "test", "other")
    ]
    assert [request["query"] for request in requests] == [None, None, None, "v=2"]
    assert (client.max_retries, other.max_retries) == (0, 1)


def test_retries_are_the_clients_or_the_calls(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    busy = {"status": 503, "headers": [["retry-after-ms", "1"]], "steps": [{"json": {}}]}
    fake.script(key, busy, busy)
    with pytest.raises(turnwire.InternalServerError):
        client.chat.completions.create(model=key, messages=HI)
    fake.chat(key, "a")
    fake.script(key, busy, {"steps": [{"text": "a"}, {"finish": "stop"}, {"done": True}]})
    assert texts(
        client.with_options(max_retries=1).chat.completions.create(model=key, messages=HI, stream=True)
    ) == ["a"]


@pytest.mark.parametrize("timeout", [0.2, turnwire.Timeout(5, read=0.2), (5, 0.2)])
@pytest.mark.parametrize("stream", [False, True])
def test_a_timeout_ends_a_silent_call(
    fake: Fake, client: turnwire.OpenAI, key: str, timeout: Any, stream: bool
) -> None:
    fake.script(key, *[{"wait_ms_before_headers": 60_000, "steps": [{"text": "a"}]}] * 2)
    began = time.monotonic()
    with pytest.raises(turnwire.APITimeoutError):
        client.chat.completions.create(model=key, messages=HI, stream=stream, timeout=timeout)
    with pytest.raises(turnwire.APITimeoutError):
        client.with_options(timeout=timeout).chat.completions.create(model=key, messages=HI, stream=stream)
    assert time.monotonic() - began < 20


def test_a_timeout_does_not_end_a_stream_that_comes(fake: Fake, client: turnwire.OpenAI, key: str) -> None:
    steps = [{"text": "a"}, {"wait_ms": 500}] * 4
    fake.script(key, {"steps": [*steps, {"finish": "stop"}, {"done": True}]})
    assert len(texts(client.chat.completions.create(model=key, messages=HI, stream=True, timeout=1.9))) == 4
    fake.chat(key, "a")
    for none in (None, float("inf"), 1e300, 10**400, turnwire.Timeout(float("inf"), connect=float("inf"))):
        assert texts(client.chat.completions.create(model=key, messages=HI, stream=True, timeout=none)) == [
            "a"
        ]
        lifted = client.with_options(timeout=none)
        assert texts(lifted.chat.completions.create(model=key, messages=HI, stream=True)) == ["a"]


@pytest.mark.parametrize(
    "timeout", [-1, float("nan"), -float("inf"), -(10**400), "1"], ids=lambda odd: str(odd)[:5]
)
def test_a_timeout_that_is_no_time_is_refused(client: turnwire.OpenAI, key: str, timeout: Any) -> None:
    with pytest.raises(turnwire.ConfigError, match="timeout must be a number of seconds from 0 on"):
        client.chat.completions.create(model=key, messages=HI, timeout=timeout)


def test_another_http_client_is_refused_with_what_to_use_instead(client: turnwire.OpenAI) -> None:
    for make in (turnwire.OpenAI, turnwire.AsyncOpenAI, client.with_options):
        make(api_key="k", http_client=None)
        with pytest.raises(TypeError, match="HTTPS_PROXY"):
            make(api_key="k", http_client=object())


def test_a_header_can_be_taken_away(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    own = client.with_options(set_default_headers={"User-Agent": turnwire.omit, "x-a": "1"})
    for headers in ({"X-A": turnwire.omit, "authorization": None}, {"x-b": turnwire.NOT_GIVEN}):
        fake.chat(key, "a")
        texts(own.chat.completions.create(model=key, messages=HI, stream=True, extra_headers=headers))
    sent = [dict(request["headers"]) for request in fake.requests(key)]
    names = ("user-agent", "x-a", "authorization")
    assert [[s.get(name) for name in names] for s in sent] == [
        [None, None, None],
        [None, "1", "Bearer sk-test"],
    ]


def test_unknown_keywords_are_refused(client: turnwire.OpenAI) -> None:
    with pytest.raises(TypeError, match="'temprature'"):
        client.chat.completions.create(model="m", messages=HI, temprature=1)  # type: ignore[call-overload]


def test_a_key_may_be_a_function(fake: Fake, key: str) -> None:
    keys = iter(["one", "two"])
    client = turnwire.OpenAI(base_url=fake.base_url, api_key=lambda: next(keys))
    for _ in range(2):
        fake.chat(key, "a")
        texts(client.chat.completions.create(model=key, messages=HI, stream=True))
    sent = [dict(request["headers"])["authorization"] for request in fake.requests(key)]
    assert sent == ["Bearer one", "Bearer two"]
    turnwire.OpenAI(api_key=lambda: "for the service of OpenAI itself")


def test_a_closed_client_says_so(fake: Fake) -> None:
    with turnwire.OpenAI(base_url=fake.base_url) as client:
        client.models.list()
    assert client.is_closed()
    with pytest.raises(turnwire.OpenAIError, match="closed"):
        client.models.list()


def test_the_environment_is_read(program: Program, fake: Fake) -> None:
    before = f"""
import os
os.environ.update(OPENAI_API_KEY="sk-env", OPENAI_BASE_URL={fake.base_url!r}, OPENAI_ORG_ID="org", OPENAI_PROJECT_ID="p")
"""
    out = program.run(
        "c = turnwire.OpenAI(); print(c.api_key, c.organization, len(c.models.list().data))", before
    )
    assert out == "sk-env org 2\n"


def test_core_logs_under_our_name(program: Program, fake: Fake, key: str) -> None:
    fake.chat(key, "SECRETTEXT")
    before = """
import logging
logging.basicConfig(level=logging.DEBUG, format="%(name)s %(levelname)s %(message)s", stream=__import__("sys").stdout)
"""
    out = program.run("texts(stream())", before)
    assert "turnwire." in out and key in out
    assert "SECRETTEXT" not in out and "Bearer" not in out
    assert program.run("import logging; texts(stream())") == ""


def test_logging_is_not_imported_for_nobody(program: Program) -> None:
    text = "print([m for m in ('logging', 'asyncio', 'typing', 'inspect', 'pydantic') if m in sys.modules])"
    out = program.run(text)
    assert out == "[]\n"
    assert logging.getLogger("turnwire").level == 0
