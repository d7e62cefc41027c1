"""The services that ``bench.mjs`` measures, in one application: ``/chat/stream`` of turnwire, and ``/sequential/stream``, the same
turn by hand, one step after another. ``/chat/timeline`` and ``/sequential/timeline`` tell the stages of one turn.
``BENCH_PLACE`` is the JSON of the services behind both.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from flask import Flask, Response

sys.path.append(str(Path(__file__).parents[1] / "python"))
from bench_turns import CONTENT, ByHand, Engine

from turnwire.flask import chat_blueprint

if TYPE_CHECKING:
    from concurrent.futures import Future

place: dict[str, Any] = json.loads(os.environ["BENCH_PLACE"])


def sentiment(_: str) -> str:
    """A classifier on the CPU."""
    time.sleep(place["sentiment_ms"] / 1e3)
    return "중립"


app = Flask(__name__)
engine = Engine(place, sentiment=sentiment, outbox=place["outbox"])
app.register_blueprint(chat_blueprint(engine.turns, authenticate=lambda _: str(place["user"])))
by_hand = ByHand(place, sentiment=sentiment)


@app.post("/sequential/stream")
def sequential() -> Response:
    headers = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
    return Response(by_hand.read(None), mimetype="text/event-stream", headers=headers)


@app.get("/chat/timeline")
def timeline() -> dict[str, Any]:
    # The first turn opens connections.
    for _ in range(2):
        turn = engine.turns.start("오늘 기분이 어때요?", create_workspace=True, **engine.user)
        list(turn)
        engine.finish()
    told: dict[str, Any] = turn.timeline().model_dump()
    return told


class Clocked(ByHand):
    """A turn by hand that notes the times of its steps."""

    STEPS: ClassVar = {"workspace/create": "create_workspace", "session/start": "start_session"}

    def __init__(self) -> None:
        super().__init__(place, sentiment=self.clocked_sentiment)
        self.stages: list[dict[str, Any]] = []
        self.began = time.perf_counter()

    def now(self) -> float:
        return (time.perf_counter() - self.began) * 1e3

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = self.now()
        yield
        self.stages.append({"name": name, "began_ms": began, "ended_ms": self.now(), "outcome": "done"})

    def clocked_sentiment(self, message: str) -> str:
        with self.step("sentiment"):
            return sentiment(message)

    def call(self, method: str, path: str, **options: Any) -> Any:
        if path not in self.STEPS:
            return super().call(method, path, **options)
        with self.step(self.STEPS[path]):
            return super().call(method, path, **options)

    def open(self) -> str:
        began = self.now()
        workspace = super().open()
        created = self.stages[-2]["began_ms"]
        self.stages.append({"name": "naming", "began_ms": began, "ended_ms": created, "outcome": "done"})
        return workspace

    def save(self, message: dict[str, Any], after: Future[None] | None) -> None:
        if after is not None:
            after.result()
        with self.step({"USER": "save_user", "AI": "save_ai"}[message["msgSenderRole"]]):
            super().save(message, None)

    def turn(self) -> dict[str, Any]:
        """The stages of one turn."""
        self.stages, self.began = [], time.perf_counter()
        first, opened = None, 0.0
        for piece in self.read(None):
            if b'"workspace"' in piece:
                opened = self.now()
            if first is None and CONTENT in piece:
                first = self.now()
            total = self.now()
        self.finish()
        reply = {"name": "reply", "began_ms": opened, "ended_ms": total, "outcome": "done"}
        return {"stages": [*self.stages, reply], "first_token_ms": first, "total_ms": total}


@app.get("/sequential/timeline")
def sequential_timeline() -> dict[str, Any]:
    clocked = Clocked()
    clocked.turn()
    return clocked.turn()
