"""Arguments of a wrong kind: the exception says what was given, and what is allowed."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest

import turnwire
from turnwire import AsyncOutbox, OpenAISpeaker, Outbox, Speech, SqliteStore, Turns

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
