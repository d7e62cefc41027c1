"""A chat service in Flask: streamed replies, sentiment, speech, and conversations that are kept.

pip install flask gunicorn pyjwt ./bindings-python
gunicorn --chdir examples/flask app:app
curl -N localhost:5000/chat/stream -H "content-type: application/json" \
  -d '{"message": "오늘 기분이 어때요?", "createWorkspace": true}'
"""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path

import jwt
from flask import Flask, Request

from turnwire import (
    ChatStore,
    GoogleTranslateSpeaker,
    NatsSink,
    OpenAI,
    OpenAISpeaker,
    Outbox,
    SqliteStore,
    Turns,
    presets,
)
from turnwire.flask import chat_blueprint

# For a service without settings: the model that `offline_unless_set` starts.
sys.path.append(str(Path(__file__).parents[1] / "python"))
from offline import offline_unless_set

FOLDER = Path(os.environ.get("CHAT_FOLDER", "var"))
SECRET = base64.b64decode(os.environ.get("JWT_SECRET", ""))
STORE_URL = os.environ.get("TURNWIRE_STORE_URL")
if STORE_URL and not SECRET:
    sys.exit(
        "TURNWIRE_STORE_URL needs JWT_SECRET: the store's secret in base64, which its access tokens are checked with"
    )
NATS_URL = os.environ.get("TURNWIRE_NATS_URL")
if NATS_URL and not STORE_URL:
    sys.exit("TURNWIRE_NATS_URL needs TURNWIRE_STORE_URL: the store that couriers deliver to")


def authenticate(request: Request) -> str | None:
    """The user's id, from the access token; ``None`` is answered with 401."""
    if not SECRET:
        return "11111111-1111-4111-8111-111111111111"  # without a login there is one user
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    try:
        # Not by the time of issue: the clocks of two machines differ.
        claims = jwt.decode(
            token, SECRET, algorithms=["HS256"], options={"require": ["exp"], "verify_iat": False}
        )
        return str(claims["member"]["memUUID"])
    except (jwt.InvalidTokenError, KeyError, TypeError):
        return None


def analyze_sentiment(text: str) -> str:
    """The label of a message, for the model: here by a few words, in a real service by a classifier."""
    words = {"기쁨": ("좋", "행복", "신나"), "슬픔": ("슬프", "우울", "외로"), "분노": ("화나", "짜증")}
    return next((label for label, found in words.items() if any(word in text for word in found)), "중립")


def speaker() -> GoogleTranslateSpeaker | OpenAISpeaker:
    """Google's voice; with ``OPENAI_SPEECH_URL`` that of a service with OpenAI's speech."""
    if url := os.environ.get("OPENAI_SPEECH_URL"):
        return OpenAISpeaker({"base_url": url})
    if url := os.environ.get("SPEECH_URL"):
        return GoogleTranslateSpeaker("ko", base_url=url)
    return GoogleTranslateSpeaker("ko")


# The messages on their way to the store, with a broker by it. An outbox that is given is shut down after `turns`.
OUTBOX_FILE = FOLDER / "outbox.db"
outbox = Outbox(OUTBOX_FILE, sink=NatsSink(NATS_URL)) if NATS_URL else None
turns = Turns(
    OpenAI(base_url=offline_unless_set()),
    model=os.environ.get("OPENAI_MODEL", "gpt-4o-mini"),
    store=ChatStore(STORE_URL) if STORE_URL else SqliteStore(FOLDER / "chat.db"),
    outbox=outbox or OUTBOX_FILE,
    sentiment=analyze_sentiment,
    speaker=speaker(),
    speech_mode="streaming" if "SPEAK" in os.environ else "on_demand",
    prompts=presets.korean(),
    turn_events=True,
)
ORIGINS = os.environ.get("ORIGINS", "").replace(",", " ").split()
app = Flask(__name__)
app.register_blueprint(chat_blueprint(turns, authenticate=authenticate, origins=ORIGINS))
