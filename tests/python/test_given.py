"""The caller's arguments: they reach the service unchanged, or are refused in words."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydantic
import pytest

import turnwire
from conftest import Program
from fake import Fake, FakeChat, FakeStore
from turnwire._host import Caller
from turnwire._web import routes

USER = "22222222-2222-4222-8222-222222222222"
HI = [{"role": "user", "content": "안녕하세요"}]


class Answer(pydantic.BaseModel):
    reasoning: str
    answer: int
    because: list[str]


def ask(client: turnwire.OpenAI, key: str, **more: Any) -> None:
    params = {"messages": HI, **more}
    client.chat.completions.create(model=key, stream=True, **params).get_final_completion()


def sent(fake: Fake, key: str) -> Any:
    return json.loads(fake.requests(key)[-1]["body"])


def test_fields_keep_their_order_at_any_depth(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    fake.chat(key, '{"reasoning": "b", "answer": 1, "because": []}')
    schema = {
        "type": "object",
        "properties": {
            "z": {"properties": {"y": {}, "b": {}, "a": {}}},
            "c": {},
            "a": {},
        },
        "required": ["z", "c", "a"],
    }
    tool = {"type": "function", "function": {"name": "f", "parameters": schema}}
    ask(client, key, tools=[tool], extra_body={"z": {"y": 1, "b": 2}})
    body = sent(fake, key)
    assert json.dumps(body["tools"][0]["function"]["parameters"]) == json.dumps(schema)
    assert list(body["z"]) == ["y", "b"]

    with client.chat.completions.stream(model=key, messages=HI, response_format=Answer) as stream:
        assert stream.get_final_completion().choices[0].message.parsed
    schema = sent(fake, key)["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]) == schema["required"] == ["reasoning", "answer", "because"]


@pytest.mark.parametrize("odd", [2**63, 2**64 - 1, -(2**63), 0.1 + 0.2, 5e-324, 1.7976931348623157e308])
def test_numbers_are_sent_as_they_are(client: turnwire.OpenAI, fake: Fake, key: str, odd: float) -> None:
    fake.chat(key, "a")
    ask(client, key, extra_body={"deep": [{"n": odd}]})
    assert sent(fake, key)["deep"] == [{"n": odd}]


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_json_number_is_refused(client: turnwire.OpenAI, key: str, odd: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        ask(client, key, temperature=odd)


def test_halves_of_surrogate_pairs_become_replacement_characters(
    client: turnwire.OpenAI, fake: Fake, key: str
) -> None:
    fake.chat(key, "a")
    message: Any = {
        "role": "user",
        "content": "a\ud83d b\udc00 \ud83d\ude00",
        "name": "\udfff",
    }
    ask(client, key, messages=[message], extra_body={"\ud83d": ["\ud83d"]})
    body = sent(fake, key)
    assert body["messages"] == [{"role": "user", "content": "a� b� 😀", "name": "�"}]
    assert body["�"] == ["�"]
    ask(client, key, extra_query={"q\ud83d": "\ud83d"})
    assert "q%EF%BF%BD=%EF%BF%BD" in fake.requests(key)[-1]["query"]


def test_halves_of_surrogate_pairs_are_replaced_wherever_text_is_taken(
    client: turnwire.OpenAI, fake: Fake, key: str, tmp_path: Path
) -> None:
    fake.chat(key, "a")
    got: list[Any] = []
    with turnwire.Outbox(
        sink=lambda record: got.append((record.conversation, record.id, record.payload))
    ) as outbox:
        outbox.enqueue("c\ud83d", "i\udc00", {"\ud83d": "\ud83d\ude00"})
        assert outbox.flush().delivered == 1
        assert not outbox.requeue("\ud83d") and not outbox.discard("\ud83d")
    assert got == [("c�", "i�", {"�": "😀"})]
    said: list[str] = []

    def speak(request: turnwire.SpeechRequest) -> tuple[bytes, str]:
        said.append(request.text)
        return b"audio", "audio/pcm"

    turns = turnwire.Turns(client, model=key, speaker=speak)
    list(turns.start("a\ud83d"))
    turns.speak("말\ud83d 하나.")
    assert said == ["말 하나."] and not turns.stop("\ud83d")
    assert sent(fake, key)["messages"][-1]["content"] == "a�"
    store = turnwire.SqliteStore(tmp_path / "chat.db")
    workspace = store.create_workspace("user\ud83d", "n\udc00")
    assert [found.name for found in store.workspaces("user�")] == ["n�"]
    store.save("user\ud83d", turnwire.StoreMessage.from_user(workspace.id, "user\ud83d", "a\ud83d"))
    assert [kept.content for kept in store.history("user\ud83d", workspace.id)] == ["a�"]


def test_blank_variables_are_not_set(program: Program, fake: Fake) -> None:
    blank = dict.fromkeys(("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"), " ")
    out = program.run(
        f"c = turnwire.OpenAI(base_url={fake.base_url!r})\n"
        "print(c.api_key, c.organization, c.project, len(c.models.list().data))\n"
        "c = turnwire.OpenAI(api_key='sk-x'); print(c.base_url)",
        before=f"import os; os.environ.update({blank!r})\n",
    )
    assert out == "None None None 2\nNone\n"


def test_headers_of_the_environment_are_sent(program: Program, fake: Fake, key: str) -> None:
    fake.chat(key, "a")
    lines = "X-Team: a:b \\nnothing\\n X-Second:2\\n"
    out = program.run(
        "texts(stream())",
        f'import os; os.environ["OPENAI_CUSTOM_HEADERS"] = "{lines}"\n',
    )
    headers = dict(fake.requests(key)[-1]["headers"])
    assert not out and headers["x-team"] == "a:b" and headers["x-second"] == "2"


def test_what_is_elsewhere_says_what_there_is_instead(client: turnwire.OpenAI) -> None:
    for name in ("images", "responses", "embeddings", "files"):
        with pytest.raises(AttributeError, match=rf"no {name}: turnwire.openai.OpenAI has it"):
            getattr(client, name)
    assert not hasattr(client, "nonsense")
    with pytest.raises(turnwire.OpenAIError, match=r"no AzureOpenAI: .*api-version"):
        turnwire.AzureOpenAI(azure_endpoint="https://example.openai.azure.com")
    assert not isinstance(client, turnwire.AzureOpenAI)


@pytest.mark.parametrize("limits", [turnwire.Limits(event_bytes=50), turnwire.Limits(reply_bytes=8)])
def test_sizes_can_be_limited(fake: Fake, key: str, limits: turnwire.Limits) -> None:
    fake.chat(key, "1234567890")
    with pytest.raises(turnwire.APIError, match=r"larger than (50|8) bytes") as raised:
        ask(turnwire.OpenAI(base_url=fake.base_url, limits=limits), key)
    assert raised.value.error_code == "too_large"


def test_an_infinite_timeout_is_no_limit_and_one_that_is_no_time_is_refused(fake: Fake, key: str) -> None:
    fake.chat(key, "a")
    for none in (float("inf"), 10**400):
        ask(turnwire.OpenAI(base_url=fake.base_url, timeout=none), key)
    odds: list[Any] = [float("nan"), -1.0, -(10**400), "1"]
    for odd in odds:
        with pytest.raises(turnwire.ConfigError, match="timeout must be a number of seconds from 0 on"):
            turnwire.OpenAI(base_url=fake.base_url, timeout=odd)


def test_halves_of_surrogate_pairs_are_replaced_in_the_calls_of_a_chat_store(store: FakeStore) -> None:
    kept = turnwire.ChatStore(store.url, **store.login(USER))  # type: ignore[arg-type]
    workspace = kept.create_workspace(USER, "n\ud83d \ud83d\ude00")
    assert [found.name for found in kept.workspaces(USER)] == ["n� 😀"]
    message = turnwire.StoreMessage.from_user(workspace.id, USER, "a\udc00")
    kept.save(message)
    kept.save(message.reply("b\ud83d"))
    assert [found.content for found in kept.history(workspace.id)] == ["a�", "b�"]
    calls: list[Callable[[], object]] = [
        lambda: kept.history("w\ud83d"),
        lambda: kept.count_message("w\ud83d"),
        lambda: kept.active_session("w\ud83d"),
        lambda: kept.start_session("w\ud83d", USER),
        lambda: kept.set_session_status("w\ud83d", "ACTIVE"),
        lambda: kept.workspaces("w\ud83d"),
    ]
    for call in calls:
        # There is no such workspace, and no such user.
        with contextlib.suppress(turnwire.APIStatusError):
            call()
        last = store.all_requests()[-1]
        assert any("w%EF%BF%BD" in str(part) or "w�" in str(part) for part in last.values()), last
    assert kept.for_user("u\ud83d").with_options(headers={"x-a": "b"}).stats().saved == 2
    with pytest.raises(turnwire.TurnwireError):
        kept.with_tokens("a\ud83d", "r\ud83d").history(workspace.id)


def test_halves_of_surrogate_pairs_are_replaced_in_the_calls_of_a_chat_service() -> None:
    chat = FakeChat()
    try:
        chat.workspace("ws-1")
        service = turnwire.ChatService(
            chat.url, access_token="the-access-token", refresh_token="the-refresh-token"
        )
        list(service.stream("a\ud83d \ud83d\ude00", workspace_id="ws-1"))
        service.send("b\udc00", workspace_id="ws-1")
        assert service.speak("말\ud83d 하나.") == service.speak("말� 하나.")
        bodies = [str(request["body"]) for request in chat.all_requests()]
        assert "a� 😀" in bodies[0] and "b�" in bodies[1] and not any("\\ud8" in body for body in bodies)
    finally:
        chat.close()


def test_halves_of_surrogate_pairs_are_replaced_in_the_requests_of_routes(
    client: turnwire.OpenAI, key: str
) -> None:
    turns = turnwire.Turns(client, model=key)
    with pytest.raises(turnwire.ConfigError, match="`http://a�` is no origin"):
        routes(turns, str, {"origins": ["http://a\ud83d"]})
    made = routes(turns, str, {})
    assert made.route_of("/chat\ud83d") is None
    with pytest.raises(ValueError, match='there is no route "chat�"'):
        made.admit("chat\ud83d", "POST", [])
    assert made.admit("chat", "P\ud83d", []).status == 405  # type: ignore[union-attr]
    call = made.admit("chat", "POST", [("content-type", "application/json"), ("origin", "http://a\ud83d")])
    reply = call.answer("u\ud83d", b"{}", Caller()).wait()  # type: ignore[union-attr]
    assert reply.status == 400
