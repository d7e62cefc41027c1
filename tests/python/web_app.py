"""The chat service in Flask that the tests of the web serve: its user is the header ``X-User``."""

from __future__ import annotations

import os
import time

from flask import Flask, Request, Response

from turnwire import OpenAI, Turns
from turnwire.flask import chat_blueprint


def authenticate(request: Request) -> str | None:
    """The user."""
    return request.headers.get("X-User")


turns = Turns(
    OpenAI(),
    model=os.environ["OPENAI_MODEL"],
    store=os.environ.get("STORE_URL"),
    outbox=os.environ.get("OUTBOX"),
    keep_alive=float(os.environ.get("KEEP_ALIVE", 5)),
)
app = Flask(__name__)
app.register_blueprint(chat_blueprint(turns, authenticate=authenticate))


@app.after_request
def name_worker(response: Response) -> Response:
    """Adds the id of the worker's process."""
    response.headers["X-Worker"] = str(os.getpid())
    return response


@app.get("/nap")
def nap() -> str:
    """Keeps its thread for a moment."""
    time.sleep(0.2)
    return ""
