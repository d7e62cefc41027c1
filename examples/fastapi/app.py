"""A chat service in FastAPI: streamed replies, sentiment, speech, and conversations that are kept.

pip install fastapi uvicorn pyjwt ./bindings-python
uvicorn --app-dir examples/fastapi app:app
curl -N localhost:8000/chat/stream -H "content-type: application/json" \
  -d '{"message": "오늘 기분이 어때요?", "createWorkspace": true}'
"""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel

from turnwire import (
    AsyncChatStore,
    AsyncOpenAI,
    AsyncSqliteStore,
    AsyncTurns,
    GoogleTranslateSpeaker,
    presets,
)
from turnwire.asgi import SSEResponse, chat_app

# For a service without settings: the model that `offline_unless_set` starts.
sys.path.append(str(Path(__file__).parents[1] / "python"))
from offline import offline_unless_set

FOLDER = Path(os.environ.get("CHAT_FOLDER", "var"))
SECRET = base64.b64decode(os.environ.get("JWT_SECRET", ""))
STORE_URL = os.environ.get("TURNWIRE_STORE_URL")
if STORE_URL and not SECRET:
    sys.exit(
        "TURNWIRE_STORE_URL needs JWT_SECRET, the store's secret in base64: access tokens are checked with it"
    )


class HasHeaders(Protocol):
    """A request of FastAPI's, or one of turnwire's."""

    @property
    def headers(self) -> Mapping[str, str]: ...


async def authenticate(request: HasHeaders) -> str | None:
    """The user's id, from the access token; ``None`` is answered with 401."""
    if not SECRET:
        return "11111111-1111-4111-8111-111111111111"  # without a login there is one user
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    try:
        # Not by the time of issue: the clocks of two machines differ.
        claims = jwt.decode(
            token, SECRET, algorithms=["HS256"], options={"require": ["exp"], "verify_iat": False}
        )
        return str(claims["member"]["memUUID"])
    except (jwt.InvalidTokenError, KeyError, TypeError):
        return None


async def analyze_sentiment(text: str) -> str:
    """The label of a message, for the model: here by a few words, in a real service by a classifier."""
    words = {"기쁨": ("좋", "행복", "신나"), "슬픔": ("슬프", "우울", "외로"), "분노": ("화나", "짜증")}
    return next((label for label, found in words.items() if any(word in text for word in found)), "중립")


client = AsyncOpenAI(base_url=offline_unless_set())
MODEL = os.environ.get("OPENAI_MODEL", "gpt-4o-mini")
turns = AsyncTurns(
    client,
    model=MODEL,
    store=AsyncChatStore(STORE_URL) if STORE_URL else AsyncSqliteStore(FOLDER / "chat.db"),
    outbox=FOLDER / "outbox.db",
    sentiment=analyze_sentiment,
    speaker=GoogleTranslateSpeaker("ko"),
    prompts=presets.korean(),
    turn_events=True,
)
questions = AsyncTurns(client, model=MODEL)
ORIGINS = os.environ.get("ORIGINS", "").replace(",", " ").split()
chat = chat_app(turns, authenticate=authenticate, origins=ORIGINS)
# At the server's end it delivers messages that still wait. The rest stays in the outbox's file, for the next start.
app = FastAPI(lifespan=chat.lifespan)


class Question(BaseModel):
    question: str


async def signed_in(request: Request) -> None:
    if await authenticate(request) is None:
        raise HTTPException(401)


@app.post("/ask", dependencies=[Depends(signed_in)])
async def ask(asked: Question) -> SSEResponse:
    """A view of your own: here for a question that is kept in no conversation."""
    return SSEResponse(await questions.start(asked.question))


# `/chat`, `/chat/stream`, `/chat/tts`, `/chat/stop`, `/chat/ui` and `/chat/text`; mounted last, as it takes all other paths.
app.mount("", chat)
