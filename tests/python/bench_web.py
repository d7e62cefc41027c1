"""The application that ``cargo xtask bench web`` serves: turns of turnwire, or the same made by hand, behind Flask.

``BENCH_CLIENT`` names the one, ``BENCH_PLACE`` is the JSON of the services.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

from bench_turns import ByHand, Engine
from flask import Flask, Response, request

place: dict[str, Any] = json.loads(os.environ["BENCH_PLACE"])


def sentiment(_: str) -> str:
    time.sleep(place["sentiment_ms"] / 1e3)
    return "중립"


app = Flask(__name__)
# No function of the host runs while tokens are counted.
settings: Any = {} if place["tokens"] else {"sentiment": sentiment}
way: Engine | ByHand
if os.environ["BENCH_CLIENT"] == "turnwire":
    from turnwire.flask import chat_blueprint

    way = Engine(place, **settings)
    app.register_blueprint(chat_blueprint(way.turns, authenticate=lambda _: place["user"]))
else:
    way = ByHand(place, **settings)

    @app.post("/chat/stream")
    def chat_stream() -> Response:
        body = request.get_json()
        workspace = None if body.get("createWorkspace") else body["workspaceId"]
        headers = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
        return Response(way.read(workspace), mimetype="text/event-stream", headers=headers)


@app.post("/finish")
def finish() -> str:
    """Waits until all messages are saved, and tells the worker's process."""
    way.finish()
    return str(os.getpid())
