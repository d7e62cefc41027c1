"""Arguments of a wrong kind: the exception says what was given, and what is allowed."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest

import turnwire
from turnwire import AsyncOutbox, OpenAISpeaker, Outbox, Speech, SqliteStore, StoreMessage, Turns

PARTS = [
    (
        "sentiment",
        "gpt",
        "sentiment must be a function from a message to its label, or the settings of a model",
    ),
    ("sentiment", 5, "sentiment must be a function from a message to its label, or the settings of a model"),
    ("prompts", "x", "prompts must be the prompts of a preset, or an object of prompts"),
    (
        "store",
        5,
        "store must be a `ChatStore` or a `SqliteStore`, or the URL or the settings of a chat store",
    ),
    ("store", SqliteStore, "store must be a `ChatStore` or a `SqliteStore`"),
    ("store", Outbox.memory(), "store must be a `ChatStore` or a `SqliteStore`"),
    ("outbox", 5, "outbox must be an `Outbox` without a sink, or the path or the settings of one"),
    ("outbox", Outbox, "outbox must be an `Outbox` without a sink"),
]


@pytest.mark.parametrize(("name", "given", "why"), PARTS, ids=lambda part: str(part)[:20])
def test_a_part_of_a_wrong_kind_is_refused_with_what_is_allowed(
    client: turnwire.OpenAI, name: str, given: Any, why: str
) -> None:
    with pytest.raises(turnwire.ConfigError) as caught:
        Turns(client, model="m", **{name: given})
    assert why in str(caught.value)


def test_a_class_is_no_speaker(client: turnwire.OpenAI) -> None:
    why = r"not a class: give an instance, OpenAISpeaker\(…\)"
    with pytest.raises(TypeError, match=why):
        Speech(OpenAISpeaker)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=why):
        Turns(client, model="m", speaker=OpenAISpeaker)  # type: ignore[arg-type]


@pytest.mark.parametrize("odd", [None, 5, b"text"])
def test_what_cannot_be_spoken_is_refused_at_once(odd: Any) -> None:
    speech = Speech(lambda _: b"")
    with pytest.raises(TypeError, match=rf"a string, or an iterable of .*, not {type(odd).__name__}"):
        speech.speak(odd)
    with pytest.raises(TypeError, match="give the turn itself, not its bytes"):
        list(speech.speak(iter([b"data: {}"])))


@pytest.mark.parametrize("limit", [0, -1])
def test_a_page_has_at_least_one_message(tmp_path: Path, limit: int) -> None:
    store = SqliteStore(tmp_path / "chat.db")
    with pytest.raises(turnwire.InvalidRequestError, match="limit must be from 1 on"):
        store.history_page("user", "workspace", limit=limit)


@pytest.mark.parametrize(("conversation", "id", "name"), [("c", "", "id"), ("", "i", "conversation")])
def test_a_record_without_an_id_or_a_conversation_is_refused(conversation: str, id: str, name: str) -> None:
    with pytest.raises(
        turnwire.InvalidRequestError, match=f"a record's {name} must be a text that is not empty"
    ):
        Outbox.memory().enqueue(conversation, id, None)


def test_what_belongs_to_a_process_is_not_pickled(client: turnwire.OpenAI) -> None:
    for value, advice in (
        (Outbox.memory(), "open its file there"),
        (AsyncOutbox.memory(), "open its file there"),
        (Turns(client, model="m"), "make the engine there"),
    ):
        for use in (pickle.dumps, copy.copy):
            with pytest.raises(TypeError, match=f"{type(value).__name__} cannot be pickled .*: {advice}"):
                use(value)


@pytest.mark.parametrize("wide", [10**30, -(10**30), 2**63])
def test_an_integer_that_core_cannot_hold_is_refused_by_its_name(tmp_path: Path, wide: int) -> None:
    store = SqliteStore(tmp_path / "chat.db")
    message = StoreMessage.from_user("w", "u", "a", sent_at=2**63 - 1)
    for name, call in (
        ("limit", lambda: store.history_page("u", "w", limit=wide)),
        ("sent_at", lambda: StoreMessage.from_user("w", "u", "a", sent_at=wide)),
        ("sent_at", lambda: message.reply("b", sent_at=wide)),
    ):
        with pytest.raises(turnwire.InvalidRequestError, match=f"{name} is an integer beyond 64 bits"):
            call()
    late = StoreMessage(**{**message.model_dump(), "sent_at": wide})
    chat = turnwire.ChatStore("http://127.0.0.1:9", access_token="a", refresh_token="r")
    for save in (lambda: store.save("u", late), lambda: chat.save(late)):
        with pytest.raises(turnwire.InvalidRequestError, match="sent_at must be a whole number"):
            save()


def test_a_service_is_sent_no_integer_as_a_float() -> None:
    service = turnwire.ChatService("http://127.0.0.1:9", access_token="a", refresh_token="r")
    history: Any = [{"role": "user", "content": "a", "seen": [2**64]}]
    for call in (service.send, service.stream):
        with pytest.raises(
            turnwire.InvalidRequestError, match=r"history\[0\]\.seen\[0\] is an integer beyond 64 bits"
        ):
            call("b", workspace_id="w", history=history)


def short(number: object) -> str:
    """The name of a test's number, which may have hundreds of digits."""
    return str(number)[:5]


@pytest.mark.parametrize("odd", [-1, 10**30, -(10**400), float("nan"), "1"], ids=short)
def test_a_count_that_core_cannot_hold_is_refused_by_its_name(client: turnwire.OpenAI, odd: Any) -> None:
    tokens: Any = {"access_token": "a", "refresh_token": "r"}
    for call in (
        lambda: turnwire.OpenAI(api_key="k", max_retries=odd),
        lambda: client.with_options(max_retries=odd).models.list(),
        lambda: turnwire.ChatStore("http://127.0.0.1:9", **tokens).with_options(max_retries=odd),
        lambda: turnwire.ChatService("http://127.0.0.1:9", **tokens).with_options(max_retries=odd),
    ):
        with pytest.raises(turnwire.ConfigError, match="max_retries must be a whole number from 0 on"):
            call()
    if isinstance(odd, int):
        with pytest.raises(turnwire.ConfigError, match="longest must be a whole number from 0 on"):
            turnwire.SentenceCutter(longest=odd)


@pytest.mark.parametrize("odd", [10**400, -(10**400), float("inf"), float("nan")], ids=short)
def test_a_number_that_no_float_holds_is_no_setting_that_is_absent(client: turnwire.OpenAI, odd: Any) -> None:
    """Core's defaults are for settings that are not given."""
    speaker: Any = turnwire.GoogleTranslateSpeaker("ko")
    retries: Any = {"retry": {"max_retries": odd}}
    for make, name in (
        (lambda: turnwire.Turns(client, history={"messages": odd}), r"history\.messages"),
        (
            lambda: turnwire.Turns(client, fallbacks=[{"model": "m", "client": {"http": retries}}]),
            "max_retries",
        ),
        (lambda: turnwire.Speech(speaker, in_flight=odd), "in_flight"),
        (lambda: turnwire.Outbox.memory(limits={"memory_records": odd}), r"limits\.memory_records"),
    ):
        with pytest.raises(turnwire.ConfigError, match=f"{name} must be a whole number from 0 on"):
            make()


@pytest.mark.parametrize("make", [turnwire.Turns, lambda client: turnwire.Outbox.memory()])
def test_a_wait_takes_any_number_from_0_on(client: turnwire.OpenAI, make: Any) -> None:
    waiting = make(client)
    for wait in (0, 10**400, float("inf"), None):
        assert waiting.flush(wait).pending == 0
    for odd in (-1, -(10**400), float("nan"), "1"):
        for call in (waiting.flush, waiting.shutdown):
            with pytest.raises(turnwire.ConfigError, match="timeout must be a number of seconds from 0 on"):
                call(odd)
    waiting.shutdown(10**400)
