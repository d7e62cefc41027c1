"""The settings, events and request fields that are declared, beside those of core."""

from __future__ import annotations

import pytest

import turnwire
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
    from turnwire import _settings

    declared = {
        name: sorted(field for part in parts for field in part.__annotations__)
        for name, parts in _settings.OBJECTS.items()
    }
    assert declared == {name: sorted(fields) for name, fields in _core.SETTINGS.items()}
    fields = {"message", *_settings.TurnFields.__annotations__}
    assert fields == set(_core.TURN_REQUEST_FIELDS)
    for kind, content in (("record", "payload"), ("message", "message")):
        fields = {"conversation", "id", content, *_settings.RecordFields.__annotations__}
        assert fields == set(_core.RECORD_FIELDS[kind])


def test_every_event_of_core_is_declared() -> None:
    from turnwire import _turn_events

    declared = {}
    for name, kind in _turn_events.KINDS.items():
        wire = {attribute: field for field, attribute in kind._wire.items()}
        declared[name] = sorted(["type", *(wire.get(field, field) for field in kind.__slots__)])
    assert declared == {name: sorted(fields) for name, fields in _core.EVENT_FIELDS.items()}
