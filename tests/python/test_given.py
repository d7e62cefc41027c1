"""The caller's arguments: they reach the service unchanged, or are refused in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pydantic
import pytest

import turnwire
from conftest import Program
from fake import Fake

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
    ask(turnwire.OpenAI(base_url=fake.base_url, timeout=float("inf")), key)
    for odd in (float("nan"), -1.0):
        with pytest.raises(turnwire.ConfigError, match="timeout must be a number of seconds from 0 on"):
            turnwire.OpenAI(base_url=fake.base_url, timeout=odd)
