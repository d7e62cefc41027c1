"""The ASGI application of a case of the routes; and one that a server serves, to which the cases are sent one after another."""

from __future__ import annotations

import json
import logging
from typing import Any

from turnwire import AsyncTurns
from turnwire.asgi import ChatApp, chat_app
from web_cases import authenticate, turns_of


def build(spec: dict[str, Any]) -> tuple[ChatApp, AsyncTurns]:
    """The application of a case."""
    turns: AsyncTurns = turns_of(spec, AsyncTurns)
    return chat_app(turns, authenticate=authenticate, **spec.get("routes", {})), turns


site: tuple[ChatApp, AsyncTurns] | None = None


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Serves the case that it was told last."""
    global site
    path = scope.get("path")
    if path == "/_site":
        # Many cases fail on purpose.
        logging.getLogger("turnwire").setLevel(logging.CRITICAL)
        site = build(json.loads((await receive())["body"]))
    elif path != "/_flush":
        built, _ = site or build({"base_url": "http://127.0.0.1:9", "store": None})
        await built(scope, receive, send)
        return
    elif site is not None:
        await site[1].flush(30)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
