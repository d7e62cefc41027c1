"""The chat service of ``tests/pages``, in Flask and in ASGI."""

from __future__ import annotations

import os
from typing import Any

from flask import Flask

from turnwire import AsyncOpenAI, AsyncTurns, OpenAI, SpeechRequest, Turns, TurnsSettings
from turnwire.asgi import chat_app
from turnwire.flask import chat_blueprint

SETTINGS: TurnsSettings = {
    "model": "pages",
    "store": os.environ["STORE_URL"],
    "naming": "first_words",
    "speech_mode": "streaming",
    "keep_alive": 0.05,
    "turn_events": True,
    "usage_events": True,
    "sentiment_events": True,
    # The pages expect the label: also from a busy machine.
    "sentiment_budget": 30,
}


def calm(_: str) -> str:
    return "calm"


def say(request: SpeechRequest) -> bytes:
    return request.text.encode()


def user(request: Any) -> str | None:
    user: str | None = request.headers.get("x-user")
    return user


def flask() -> Flask:
    app = Flask(__name__)
    turns = Turns(OpenAI(api_key="k", max_retries=0), sentiment=calm, speaker=say, **SETTINGS)
    app.register_blueprint(chat_blueprint(turns, authenticate=user))
    return app


def asgi() -> Any:
    turns = AsyncTurns(AsyncOpenAI(api_key="k", max_retries=0), sentiment=calm, speaker=say, **SETTINGS)
    return chat_app(turns, authenticate=user)


app = flask() if os.environ["PAGES"] == "flask" else asgi()
