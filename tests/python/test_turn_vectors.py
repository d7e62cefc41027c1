"""The cases of turns that every language must meet: read as events and as bytes, by plain code and in asyncio."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import turnwire
from fake import REPO, Fake, FakeStore
from turnwire import AsyncTurns, Turns

FOLDER = REPO / "tests" / "vectors" / "turns"
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in sorted(FOLDER.glob("*.json"))
    for case in json.loads(file.read_text("utf-8"))
]
FIELDS = {
    "name", "settings", "llm", "store", "sentiment", "speaker", "request", "leave", "asked", "events", "beside", "refused", "error",
    "error_event", "error_message_has", "saved", "ids", "workspace_name", "flushed", "stages", "again", "again_error", "timeline",
    "asked_again",
}  # fmt: skip
USER, WORKSPACE = "11111111-1111-4111-8111-111111111111", "ws-1"


@pytest.fixture
def fakes(fake: Fake, store: FakeStore) -> Iterator[tuple[Fake, FakeStore]]:
    """Both services without a trace of the case before."""
    fake.reset()
    store.reset()
    store.workspace(WORKSPACE, USER)
    yield fake, store
    fake.reset()
    store.reset()


def test_there_are_cases() -> None:
    assert len(CASES) >= 40


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("form", ["events", "bytes"])
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_case(fakes: tuple[Fake, FakeStore], case: dict[str, Any], kind: str, form: str) -> None:
    assert set(case) <= FIELDS, set(case) - FIELDS
    fake, store = fakes
    for way, script in case.get("llm", {}).items():
        fake.script(way if " " in way else f"m {way}", script)
    for key, script in (case.get("store", {}) or {}).items():
        store.script(key, script)
    request = filled(case["request"], request_values(store))
    run = run_sync if kind == "sync" else run_async
    found, error, timeline, report = run(fake, store, case, request, form)

    check_services(fake, store, case, report)
    expected = case["events"]
    if case.get("refused"):
        assert found == [] and timeline is None
    elif form == "bytes":
        expected = expected + ([case["error_event"]] if "error_event" in case else [])
        assert case.get("error_message_has", "") in (found[-1].get("message", "") if found else "")
        assert error is None
    if form == "events" or case.get("refused"):
        check_error(case, error)
        for name, outcome in case.get("stages", {}).items():
            last = [stage for stage in timeline.stages if stage.name == name][-1]
            assert last.outcome == outcome, (name, timeline)
        facts = timeline.model_dump() if timeline else {}
        assert {name: facts[name] for name in case.get("timeline", {})} == case.get("timeline", {})
    check_events(found, [filled(event, event_values(store)) for event in expected], case, store)


@contextmanager
def repeated(case: dict[str, Any]) -> Iterator[None]:
    """The second start of a request, which is refused if the case says so."""
    if "again_error" not in case:
        yield
        return
    with pytest.raises(turnwire.TurnwireError) as refused:
        yield
    assert refused.value.error_code == case["again_error"]["code"]


def check_error(case: dict[str, Any], error: Exception | None) -> None:
    if "error" not in case:
        assert error is None, error
        return
    assert isinstance(error, turnwire.TurnwireError), error
    found = (error.error_code, error.partial, error.usage)
    assert found == tuple(case["error"].get(name) for name in ("code", "partial", "usage"))


def check_services(fake: Fake, store: FakeStore, case: dict[str, Any], report: turnwire.FlushReport) -> None:
    for name, count in case.get("flushed", {}).items():
        assert getattr(report, name) == count, name
    stored = store.stored()
    if "saved" in case:
        rows = [row["message"] for row in stored["messages"]]
        assert [[row["msgSenderRole"], row["msgContent"]] for row in rows] == case["saved"]
    if "ids" in case:
        assert [row["message"]["msgId"] for row in stored["messages"]] == case["ids"]
    if "workspace_name" in case:
        assert len(stored["workspaces"]) == 2
        assert stored["workspaces"][1]["workspaceName"] == case["workspace_name"]
    bodies = [json.loads(request["body"]) for request in fake.all_requests()]
    streams = [body for body in bodies if body.get("stream")]
    if "again_error" in case:
        assert len(streams) == 1
    for at, field in enumerate(("asked", "asked_again")):
        if field in case:
            assert streams[at]["messages"] == case[field], field
    if case.get("refused"):
        assert fake.all_requests() == store.all_requests() == []


def check_events(
    found: list[dict[str, Any]], expected: list[dict[str, Any]], case: dict[str, Any], store: FakeStore
) -> None:
    found, last = found[:-1], found[-1:]
    for event in case.get("beside", ()):
        besides = filled(event, event_values(store))
        found.remove(next(other for other in found if is_like(other, besides)))
    # The failures that no case expects one by one: messages of a workspace that does not exist.
    found = [event for event in found + last if not event.get("stage", "").startswith("save_")]
    assert len(found) == len(expected), (found, expected)
    for event, other in zip(found, expected, strict=True):
        assert is_like(event, other), (event, other)


def is_like(event: dict[str, Any], expected: dict[str, Any]) -> bool:
    """True if it is the expected event, in which ``<id>`` and ``<any>`` stand for any text."""
    return set(event) == set(expected) and all(
        bool(event[name]) if value in ("<id>", "<any>") else event[name] == value
        for name, value in expected.items()
    )


def request_values(store: FakeStore) -> dict[str, str]:
    tokens = store.login(USER)
    return {
        "<user>": USER,
        "<workspace>": WORKSPACE,
        "<access>": tokens["access_token"],
        "<refresh>": tokens["refresh_token"],
    }


def event_values(store: FakeStore) -> dict[str, str]:
    stored = store.stored()
    ids = [row["message"]["msgId"] for row in stored["messages"]]
    return {
        "<workspace>": WORKSPACE,
        "<new workspace>": [row["workspaceId"] for row in stored["workspaces"]][-1],
        "<message id>": ids[0] if ids else "not saved",
        "<reply id>": ids[1] if len(ids) > 1 else "not saved",
    }


def filled(fields: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    return {
        name: values.get(value, value) if isinstance(value, str) else value for name, value in fields.items()
    }


def settings(store: FakeStore, case: dict[str, Any]) -> dict[str, Any]:
    given = dict(case.get("settings", {}))
    if "sentiment_budget_ms" in given:
        given["sentiment_budget"] = given.pop("sentiment_budget_ms") / 1000
    if "speaker" in case:
        stops = {name: value for name, value in case["speaker"].items() if name == "on_failure"}
        given |= {"speaker": speaker_of(case["speaker"]), "speech": {"retries": 0, **stops}}
    return {"model": "m", "store": None if case.get("store", {}) is None else store.url, **given}


def speaker_of(speaker: dict[str, Any]) -> Any:
    def pieces(text: str) -> Iterator[bytes]:
        yield text.encode()[:1]
        yield text.encode()[1:]

    def speak(request: turnwire.SpeechRequest) -> Any:
        if "error" in speaker or speaker.get("fails_at") == request.text:
            raise ValueError(speaker.get("error", "no voice"))
        return pieces(request.text), speaker["media_type"]

    return speak


def wire(event: Any) -> dict[str, Any]:
    """An event as the wire has it."""
    from base64 import b64encode

    names = {name: key for key, name in type(event)._wire.items()}
    fields = {names.get(name, name): getattr(event, name) for name in type(event).__slots__}
    if isinstance(event, turnwire.AudioEvent):
        fields["audioBase64"] = b64encode(event.audio).decode()
    shown = {name: value for name, value in fields.items() if value is not None and value is not False}
    return {"type": event.type, **shown}


def frames(text: str) -> list[dict[str, Any]]:
    return [json.loads(frame.removeprefix("data: ")) for frame in text.split("\n\n") if frame]


Result = tuple[list[dict[str, Any]], Exception | None, Any, Any]


def run_sync(
    fake: Fake, store: FakeStore, case: dict[str, Any], request: dict[str, Any], form: str
) -> Result:
    sentiment = case.get("sentiment")
    never = threading.Event()

    def label(text: str) -> str:
        if "error" in sentiment:
            raise ValueError(sentiment["error"])
        if "never" in sentiment:
            never.wait(20)
        return str(sentiment["label"])

    client = turnwire.OpenAI(base_url=fake.base_url, api_key="sk-test", max_retries=0)
    turns = Turns(client, sentiment=label if sentiment else None, **settings(store, case))
    leave = case.get("leave", {})
    found: list[dict[str, Any]] = []
    try:
        turn = turns.start(**request)
    except turnwire.TurnwireError as refused:
        return [], refused, None, turns.flush()
    error: Exception | None = None
    text = ""
    try:
        source: Any = turn if form == "events" else turn.sse()
        while True:
            if leave.get("after") == len(found):
                if leave["by"] == "cancel":
                    turn.cancel()
                    break
                assert turns.stop(turn.id)
            item = next(source, None)
            if item is None:
                break
            if form == "events":
                found.append(wire(item))
            else:
                text += item.decode()
                found = frames(text)
    except turnwire.TurnwireError as raised:
        error = raised
    if "again" in case:
        with repeated(case):
            assert list(turns.start(**request | case["again"]))
    report = turns.flush()
    never.set()
    return found, error, turn.timeline(), report


def run_async(
    fake: Fake, store: FakeStore, case: dict[str, Any], request: dict[str, Any], form: str
) -> Result:
    sentiment = case.get("sentiment")

    async def label(text: str) -> str:
        if "error" in sentiment:
            raise ValueError(sentiment["error"])
        if "never" in sentiment:
            await asyncio.sleep(20)
        return str(sentiment["label"])

    async def run() -> Result:
        client = turnwire.AsyncOpenAI(base_url=fake.base_url, api_key="sk-test", max_retries=0)
        turns = AsyncTurns(client, sentiment=label if sentiment else None, **settings(store, case))
        leave = case.get("leave", {})
        found: list[dict[str, Any]] = []
        try:
            turn = await turns.start(**request)
        except turnwire.TurnwireError as refused:
            return [], refused, None, await turns.flush()
        error: Exception | None = None
        text = ""
        try:
            source: Any = turn if form == "events" else turn.asse()
            while True:
                if leave.get("after") == len(found):
                    if leave["by"] == "cancel":
                        turn.cancel()
                        break
                    assert await turns.stop(turn.id)
                try:
                    item = await source.__anext__()
                except StopAsyncIteration:
                    break
                if form == "events":
                    found.append(wire(item))
                else:
                    text += item.decode()
                    found = frames(text)
        except turnwire.TurnwireError as raised:
            error = raised
        if "again" in case:
            with repeated(case):
                assert [event async for event in await turns.start(**request | case["again"])]
        report = await turns.flush()
        return found, error, turn.timeline(), report

    return asyncio.run(run())
