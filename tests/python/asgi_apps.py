"""The same chat service in each ASGI framework, under one server: the path's first part names the framework."""

from __future__ import annotations

import json
from typing import Any

import django  # type: ignore[import-untyped]
import quart
from django.conf import settings  # type: ignore[import-untyped]
from django.core.handlers.asgi import ASGIHandler  # type: ignore[import-untyped]
from django.http import HttpRequest, StreamingHttpResponse  # type: ignore[import-untyped]
from django.urls import path  # type: ignore[import-untyped]
from django.views.decorators.csrf import csrf_exempt  # type: ignore[import-untyped]
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from turnwire import AsyncOpenAI, AsyncTurn, AsyncTurns, OpenAI, Turns
from turnwire.asgi import SSEResponse, chat_app


class Chat(BaseModel):
    message: str
    model: str


async def start(fields: Any) -> AsyncTurn:
    """A turn of the model that the request names, without keep-alives: no write of the server's notices a leaver."""
    turns = AsyncTurns(AsyncOpenAI(), model=fields["model"], keep_alive=None)
    return await turns.start(fields["message"])


async def bare(scope: Any, receive: Any, send: Any) -> None:
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message["more_body"]:
            break
    await SSEResponse(await start(json.loads(body)))(scope, receive, send)


async def in_starlette(request: Request) -> Response:
    return SSEResponse(await start(await request.json()))


# One answers as it is, the others through middleware that wraps what it sends.
routes = [Route("/chat", in_starlette, methods=["POST"]), Mount("/bare", bare)]
wrapped = Starlette(
    routes=[Mount("/starlette", routes=routes)], middleware=[Middleware(GZipMiddleware, minimum_size=1)]
)

fast = FastAPI()


@fast.post("/fastapi/chat")
async def in_fastapi(chat: Chat) -> SSEResponse:
    return SSEResponse(await start(chat.model_dump()))


@fast.post("/fastapi/threads/chat")
def in_a_thread(chat: Chat) -> SSEResponse:
    turns = Turns(OpenAI(), model=chat.model, keep_alive=None)
    return SSEResponse(turns.start(chat.message))


in_quart = quart.Quart(__name__)
# Shorter than the streams of the tests.
in_quart.config["RESPONSE_TIMEOUT"] = 0.2


@in_quart.post("/quart/chat")
async def quart_chat() -> Any:
    return SSEResponse(await start(await quart.request.get_json()))


@csrf_exempt  # type: ignore[untyped-decorator]
async def in_django(request: HttpRequest) -> StreamingHttpResponse:
    turn = await start(json.loads(request.body))
    body = turn.asse()
    return StreamingHttpResponse(body, headers=body.headers)


urlpatterns = [path("django/chat", in_django)]
settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="k", ALLOWED_HOSTS=["*"])
django.setup(set_prefix=False)


async def service(scope: Any, receive: Any, send: Any) -> None:
    """A ``chat_app`` below a prefix, of the model that the request names."""
    message = await receive()
    turns = AsyncTurns(AsyncOpenAI(), model=json.loads(message["body"])["model"], keep_alive=None)
    messages = [message]

    async def again() -> Any:
        return messages.pop() if messages else await receive()

    await chat_app(turns, authenticate=lambda request: "u-1")({**scope, "root_path": "/service"}, again, send)


APPS: dict[str, Any] = {
    "bare": bare,
    "starlette": wrapped,
    "fastapi": fast,
    "quart": in_quart,
    "django": ASGIHandler(),
    "service": service,
}


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    await APPS[scope["path"].split("/")[1]](scope, receive, send)
