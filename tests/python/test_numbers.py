"""Numbers in settings and calls, by the cases of ``tests/vectors/settings``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

import turnwire
from fake import REPO
from turnwire import Turns

CASES = json.loads((REPO / "tests" / "vectors" / "settings" / "numbers.json").read_text("utf-8"))
VALUES: dict[str, Any] = {
    "Infinity": float("inf"),
    "-Infinity": -float("inf"),
    "NaN": float("nan"),
    "huge": 10**400,
}
TOKENS: Any = {"access_token": "a", "refresh_token": "r"}
NOWHERE = "http://127.0.0.1:9"
Give = Callable[[Any], Any]


def value_of(text: str) -> Any:
    return VALUES[text] if text in VALUES else json.loads(text)


def client(**settings: Any) -> turnwire.OpenAI:
    return turnwire.OpenAI(base_url=NOWHERE, **settings)


def ways(of: str, name: str) -> Iterator[tuple[str, Give]]:
    """The ways in which a program gives the setting a value, and the setting's path in each."""
    holder, _, part = of.partition(".")
    if holder == "http":
        within = [*([part] if part else []), name]

        def http(value: Any) -> Any:
            for key in reversed(within):
                value = {key: value}
            return value

        path = ".".join(["http", *within])
        yield path, lambda value: turnwire.ChatStore(NOWHERE, http=http(value))
        yield path, lambda value: turnwire.ChatService(NOWHERE, http=http(value))
        yield f"store.{path}", lambda value: Turns(client(), store={"base_url": NOWHERE, "http": http(value)})
    elif of == "client":
        if name.startswith("limits."):
            size = name.removeprefix("limits.") + "_bytes"
            yield (
                f"limits.{size}",
                lambda value: client(limits=turnwire.Limits(**{size: value})),
            )
        else:
            yield name, lambda value: client(**{name: value})
            yield name, lambda value: turnwire.AsyncOpenAI(base_url=NOWHERE, **{name: value})
    elif of == "call":
        for made in (
            client,
            lambda: turnwire.ChatStore(NOWHERE, **TOKENS),
            lambda: turnwire.ChatService(NOWHERE, **TOKENS),
        ):
            yield name, lambda value, made=made: called(made().with_options(**{name: value}))
        if name == "timeout":
            yield name, lambda value: client().models.list(timeout=value)
    elif of == "wait":
        for engine in (Turns(client()), turnwire.Outbox.memory()):
            yield name, engine.flush
        for make in (lambda: Turns(client()), turnwire.Outbox.memory):
            yield name, lambda value, make=make: make().shutdown(value)
    elif of == "cutter":
        yield name, lambda value: turnwire.SentenceCutter(longest=value)
    elif of == "turns.speech":
        speaker: Any = turnwire.GoogleTranslateSpeaker("ko")
        yield name, lambda value: turnwire.Speech(speaker, **{name: value})
        yield f"speech.{name}", lambda value: Turns(client(), speaker=speaker, speech={name: value})
    elif holder == "turns":
        yield path_of(part, name), lambda value: Turns(client(), **nested(part, name, value))
    elif holder == "outbox":
        yield path_of(part, name), lambda value: turnwire.Outbox.memory(**nested(part, name, value))
        yield (
            f"outbox.{path_of(part, name)}",
            lambda value: Turns(client(), store=NOWHERE, outbox=nested(part, name, value)),
        )
    elif of == "nats":
        yield name, lambda value: turnwire.NatsSink("nats://localhost:9", **{name: value})
        yield name, lambda value: turnwire.Courier("nats://localhost:9", print, **{name: value})
    elif of == "routes":
        from turnwire.asgi import chat_app
        from turnwire.flask import chat_blueprint

        for routes in (chat_blueprint, lambda turns, **more: chat_app(turnwire.AsyncTurns(client()), **more)):
            yield (
                name,
                lambda value, routes=routes: routes(Turns(client()), authenticate=str, **{name: value}),
            )
    elif of == "speaker.openai":
        yield f"openai.{name}", lambda value: turnwire.OpenAISpeaker(client(), **{name: value})
    elif of == "speech_request":
        speech: Any = turnwire.GoogleTranslateSpeaker("ko")
        yield name, lambda value: speech.speak("a", **{name: value})
    else:
        raise AssertionError(f"no way to give {of}")


def path_of(part: str, name: str) -> str:
    return f"{part}.{name}" if part else name


def nested(part: str, name: str, value: Any) -> dict[str, Any]:
    return {part: {name: value}} if part else {name: value}


def called(made: Any) -> None:
    if isinstance(made, turnwire.OpenAI):
        made.models.list()


def refusal(give: Give, value: Any) -> str:
    """The refusal in words; empty where the value is taken."""
    try:
        give(value)
    except (turnwire.ConfigError, turnwire.InvalidRequestError) as error:
        # Between the operation with the code, and the advice.
        return str(error).split(": ", 2)[-1].split(";")[0]
    return ""


class Float:
    """A number as other libraries have it."""

    def __float__(self) -> float:
        return 1.0


class Index(Float):
    """Likewise, a whole one."""

    def __index__(self) -> int:
        return 1


REFUSED = [object(), b"1", Decimal("NaN"), Decimal("sNaN"), -Fraction(10**400)]
NOT_WHOLE = [Decimal(1), Fraction(1), Float(), Fraction(10**400)]
TAKEN = [Decimal("0.5"), Fraction(1, 2), Float(), Index(), Decimal("Infinity"), Fraction(10**400)]
# Values that only Python has, by the first word of the kind: those refused, and those taken.
OF_PYTHON: dict[str, tuple[list[Any], list[Any]]] = {
    "time": ([*REFUSED, Decimal(-1)], TAKEN),
    "bytes": ([*REFUSED, Decimal(-1)], [Decimal(4096), *TAKEN[2:]]),
    "code": ([*REFUSED, Decimal(-1)], TAKEN),
    "count": ([*REFUSED, *NOT_WHOLE], [Index()]),
    "number": ([*REFUSED, Decimal("Infinity"), Fraction(10**400)], [Decimal(1), Float(), Index()]),
}


def marks(of: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.nats] if of == "nats" else []


SETTINGS = [
    pytest.param(of, name, kind, marks=marks(of))
    for of, settings in CASES["objects"].items()
    for name, kind in settings.items()
]
UNUSABLE = [
    pytest.param(case, marks=marks(case["object"]), id=f"{case['object']}.{case['setting']}")
    for case in CASES["unusable"]
]


@pytest.mark.parametrize(("of", "name", "kind"), SETTINGS)
def test_a_number_is_refused_in_the_words_of_its_kind(of: str, name: str, kind: str) -> None:
    facts = CASES["kinds"][kind]
    words = facts["words"].replace("<unit>", "seconds").replace("<none>", "None")
    for path, give in ways(of, name):
        for text in facts["refuses"]:
            assert refusal(give, value_of(text)) == f"{path} {words}", text
        # A call that takes the value would be made.
        if of not in ("call", "speech_request"):
            for text in facts["accepts"]:
                assert "must be" not in refusal(give, value_of(text)), text


@pytest.mark.parametrize(("of", "name", "kind"), SETTINGS)
def test_a_number_of_any_type_is_a_number_and_nothing_else_is(of: str, name: str, kind: str) -> None:
    words = CASES["kinds"][kind]["words"].replace("<unit>", "seconds").replace("<none>", "None")
    refused, taken = OF_PYTHON[kind.split()[0]]
    for path, give in ways(of, name):
        for value in refused:
            assert refusal(give, value) == f"{path} {words}", repr(value)
        if of not in ("call", "speech_request"):
            for value in taken:
                assert "must be" not in refusal(give, value), repr(value)


def test_what_is_sent_as_it_is_is_json() -> None:
    for options in ({"extra": {"a": object()}}, {"voice": object()}):
        with pytest.raises(TypeError, match="a value of type object cannot be sent as JSON"):
            turnwire.OpenAISpeaker(client(), **options)  # type: ignore[arg-type]
    for template in ({"a": object()}, {"a": Decimal(1)}):
        with pytest.raises(TypeError, match="cannot be sent as JSON"):
            Turns(client(), template=template)  # type: ignore[typeddict-item]


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_number_that_nothing_can_work_with_is_refused(case: dict[str, str]) -> None:
    for _, give in ways(case["object"], case["setting"]):
        assert case["words"] in refusal(give, value_of(case["value"]))
