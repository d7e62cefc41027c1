"""The application that the tests of turns serve: turns at the level of the module, made and used before the fork."""

from __future__ import annotations

import os

from flask import Flask, Response, current_app, request

from turnwire import OpenAI, SqliteStore, Turns


def sentiment(text: str) -> str:
    """The application's name, which only the request's context knows."""
    return f"{current_app.name}: {text}"


app = Flask(__name__)
store = SqliteStore(os.environ["STORE_FILE"]) if "STORE_FILE" in os.environ else os.environ.get("STORE_URL")
# The labels are in time on a busy machine as well.
turns = Turns(
    OpenAI(), model=os.environ["OPENAI_MODEL"], sentiment=sentiment, sentiment_budget=30, store=store
)
with app.app_context():
    list(Turns(OpenAI(), model=os.environ["OPENAI_MODEL"], sentiment=sentiment).start("before the fork"))


@app.post("/chat/stream")
def chat_stream() -> Response:
    body = request.get_json()
    turn = turns.start(body.pop("message"), **body)
    return Response(turn.sse(), mimetype="text/event-stream")


@app.get("/flush")
def flush() -> str:
    """The worker that answers, once it has delivered all messages."""
    report = turns.flush(timeout=30)
    assert (report.pending, report.dead) == (0, 0), report
    return str(os.getpid())
