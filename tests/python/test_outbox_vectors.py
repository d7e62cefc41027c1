"""The cases of the outbox that every language must meet, by plain code and in asyncio."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import turnwire
from fake import REPO
from turnwire import AsyncOutbox, Outbox, Outcome, Record

FOLDER = REPO / "tests" / "vectors" / "outbox"
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in sorted(FOLDER.glob("*.json"))
    for case in json.loads(file.read_text("utf-8"))
]
FIELDS = {"name", "settings", "path", "content", "sink", "error", "steps", "deliveries", "payloads"}


def test_there_are_cases() -> None:
    assert len(CASES) >= 25


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_case(case: dict[str, Any], kind: str, tmp_path: Path) -> None:
    assert set(case) <= FIELDS, set(case) - FIELDS
    sink = Sink(case)
    path = tmp_path / case["path"] if "path" in case else None
    if path is not None and "content" in case:
        if case["content"] is None:
            path.mkdir()
        else:
            path.write_text(case["content"], "utf-8")

    def make(of: Any) -> Any:
        return of(path, sink=None if case.get("sink", {}) is None else sink, **case.get("settings", {}))

    if "error" in case:
        with raises(case["error"]):
            make(Outbox)
        return
    if kind == "sync":
        run(case, lambda: make(Outbox), lambda call: call())
    else:
        run_async(case, lambda: make(AsyncOutbox))
    if "deliveries" in case:
        assert sink.deliveries == case["deliveries"]
    assert {id: sink.payloads[id] for id in case.get("payloads", {})} == case.get("payloads", {})


def run_async(case: dict[str, Any], make: Any) -> None:
    """Runs the case in a thread, with each call on an event loop that goes on meanwhile."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def call(begin: Any) -> Any:
        async def begun() -> Any:
            return await begin()

        return asyncio.run_coroutine_threadsafe(begun(), loop).result(30)

    try:
        run(case, make, call)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def run(case: dict[str, Any], make: Any, call: Any) -> None:
    outbox = make()
    for step in case["steps"]:
        if "reopen" in step:
            call(partial(outbox.shutdown, 0))
            outbox = make()
            continue
        name, given = next(iter(step.items()))
        if name == "until":
            for _ in range(500):
                if (found := compared(given, call(outbox.pending))) == given:
                    break
                call(partial(outbox.flush, 0.02))
            else:
                pytest.fail(f"{step}: {found}")
        elif name in ("enqueue", "hold", "release"):
            if "error" in step:
                with raises(step["error"]):
                    enter(outbox, name, given, call)
            else:
                receipt = enter(outbox, name, given, call)
                assert receipt.model_dump() == step.get("receipt", receipt.model_dump())
        elif name in ("flush", "shutdown"):
            report = call(partial(getattr(outbox, name), given)).model_dump()
            assert report == step.get("report", report)
        elif name in ("requeue", "discard"):
            assert call(partial(getattr(outbox, name), given)) is step["found"]
        else:
            assert compared(given, call(getattr(outbox, name))) == given
    call(partial(outbox.shutdown, 0))


def enter(outbox: Any, name: str, record: dict[str, Any], call: Any) -> Any:
    """Calls with the arguments of a record, or below them where Python itself would refuse these."""
    if not {"conversation", "id", "payload"} <= set(record):
        return getattr(outbox._outbox, name)(json.dumps(record)).wait()
    return call(partial(getattr(outbox, name), **record))


def compared(expected: Any, found: Any) -> Any:
    """The fields that are compared."""
    if isinstance(expected, list):
        if len(expected) != len(found):
            return found
        return [
            {field: getattr(item, field) for field in each}
            for each, item in zip(expected, found, strict=True)
        ]
    return {field: getattr(found, field) for field in expected}


@contextmanager
def raises(expected: dict[str, Any]) -> Iterator[None]:
    with pytest.raises(turnwire.TurnwireError) as raised:
        yield
    assert raised.value.error_code == expected["code"]
    assert expected["has"] in str(raised.value)


class Sink:
    """A sink that follows the script of a case."""

    def __init__(self, case: dict[str, Any]) -> None:
        script = case.get("sink") or {}
        self.outcomes: dict[str, Iterator[Any]] = {id: self.repeated(each) for id, each in script.items()}
        self.deliveries: list[str] = []
        self.payloads: dict[str, Any] = {}

    def repeated(self, outcomes: list[Any]) -> Iterator[Any]:
        yield from outcomes
        while True:
            yield outcomes[-1]

    def __call__(self, record: Record) -> Outcome | None:
        self.deliveries.append(record.id)
        self.payloads[record.id] = record.payload
        outcome = next(self.outcomes.get(record.id, iter(["delivered"])))
        return None if outcome == "delivered" else Outcome(**outcome)
