"""The services that ``bench.mjs`` measures, in one application: ``/chat/stream`` of turnwire, and ``/sequential/stream``, the same
turn by hand, one step after another. ``BENCH_PLACE`` is the JSON of the services behind both.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from flask import Flask, Response

sys.path.append(str(Path(__file__).parents[1] / "python"))
from bench_turns import ByHand, Engine

from turnwire.flask import chat_blueprint

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
