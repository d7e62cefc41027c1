"""The settings, events and request fields that are declared, beside those of core."""

from __future__ import annotations

import json
from typing import Any

import pytest

import turnwire
from fake import Fake
from turnwire import Turns, _core


def test_a_setting_that_nobody_knows_is_refused(client: turnwire.OpenAI) -> None:
    with pytest.raises(turnwire.ConfigError, match="modle is no setting; the settings here are model"):
        Turns(client, modle="m")  # type: ignore[call-arg]
    with pytest.raises(turnwire.ConfigError) as refused:
        Turns(client, store={"base_url": "http://localhost", "access_token": 1})  # type: ignore[typeddict-item]
    assert "store.access_token must be a string" in str(refused.value)
    with pytest.raises(TypeError, match="api_key"):
        Turns(turnwire.OpenAI(api_key=lambda: "k"))


def test_infinity_is_no_limit_and_other_numbers_without_json_are_refused_by_name(
    client: turnwire.OpenAI,
) -> None:
    Turns(client, model="m", sentiment_budget=float("inf"), history={"wait": float("inf")})
    with pytest.raises(turnwire.ConfigError, match=r"history\.messages must be a whole number"):
        Turns(client, model="m", history={"messages": float("inf")})  # type: ignore[typeddict-item]
    for odd in (float("nan"), -float("inf")):
        with pytest.raises(turnwire.ConfigError, match=r"history\.wait must be a number of seconds"):
            Turns(client, model="m", history={"wait": odd})


def test_every_setting_of_core_is_declared() -> None:
    from turnwire import _settings, _turns_settings

    declared = {
        name: sorted(field for part in parts for field in part.__annotations__)
        for name, parts in _turns_settings.OBJECTS.items()
    }
    assert declared == {name: sorted(fields) for name, fields in _core.SETTINGS.items()}
    fields = {"message", *_turns_settings.TurnFields.__annotations__}
    assert fields == set(_core.TURN_REQUEST_FIELDS)
    for kind, content in (("record", "payload"), ("message", "message")):
        fields = {"conversation", "id", content, *_settings.RecordFields.__annotations__}
        assert fields == set(_core.RECORD_FIELDS[kind])


def test_every_preset_of_core_is_declared() -> None:
    from turnwire import presets

    assert tuple(presets.__all__) == _core.PRESETS
    for name in _core.PRESETS:
        made = getattr(presets, name)()
        assert isinstance(made, turnwire.Prompts)
        assert set(made._fields) == set(made.model_fields_set) == set(_core.SETTINGS["turns.prompts"])


def test_a_preset_sets_all_prompts_and_a_setting_of_a_single_one_wins(
    client: turnwire.OpenAI, fake: Fake, key: str
) -> None:
    prompts = turnwire.presets.korean()
    assert prompts.labels[-1] == "중립"
    own = turnwire.presets.korean()
    own.sentiment_hint = "[{label}]"
    cases: list[tuple[dict[str, Any], str]] = [
        ({"prompts": prompts}, f"{prompts.system}\n\n사용자의 감정: 기쁨"),
        ({"prompts": prompts, "system_prompt": "own"}, "own\n\n사용자의 감정: 기쁨"),
        ({"prompts": own}, f"{prompts.system}\n\n[기쁨]"),
        ({"prompts": {"system": "s"}}, "s\n\nThe sentiment of the user's message: 기쁨"),
    ]
    for settings, expected in cases:
        fake.chat(key, "a")
        turns = Turns(client, model=key, sentiment=lambda text: "기쁨", sentiment_budget=5, **settings)
        list(turns.start("m"))
        messages = json.loads(fake.requests(key)[-1]["body"])["messages"]
        assert [one["content"] for one in messages if one["role"] == "system"] == [expected]
    with pytest.raises(
        turnwire.ConfigError, match=r"prompts\.name is no setting; the settings here are system"
    ):
        Turns(client, prompts={"name": "n"})  # type: ignore[typeddict-unknown-key]


def test_a_presets_labels_are_those_of_a_model_that_labels(
    client: turnwire.OpenAI, fake: Fake, key: str
) -> None:
    reply = {"choices": [{"message": {"role": "assistant", "content": "기쁨"}}]}
    fake.script(f"{key} whole", {"steps": [{"json": reply}]})
    fake.script(f"{key} stream", {"steps": [{"text": "a"}, {"finish": "stop"}, {"done": True}]})
    turns = Turns(
        client, model=key, sentiment={"model": key}, sentiment_budget=5, prompts=turnwire.presets.korean()
    )
    list(turns.start("m"))
    bodies = [json.loads(request["body"]) for request in fake.requests(key)]
    (asked,) = [body["messages"] for body in bodies if not body.get("stream")]
    assert "기쁨, 슬픔, 분노" in asked[0]["content"]


def test_every_event_of_core_is_declared() -> None:
    from turnwire import _turn_events

    declared = {}
    for name, kind in _turn_events.KINDS.items():
        wire = {attribute: field for field, attribute in kind._wire.items()}
        declared[name] = sorted(["type", *(wire.get(field, field) for field in kind.__slots__)])
    assert declared == {name: sorted(fields) for name, fields in _core.EVENT_FIELDS.items()}
