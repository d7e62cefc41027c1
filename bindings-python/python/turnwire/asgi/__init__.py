"""Turns in ASGI applications: responses, and a chat service as an application.

>>> from turnwire.asgi import SSEResponse
>>> @app.post("/chat/stream")
... async def chat_stream(chat: Chat) -> SSEResponse:
...     return SSEResponse(await turns.start(chat.message))

A response is a plain ASGI callable, which the views of Starlette, FastAPI and Quart return as well. A view of Django sends the
bytes:

>>> body = turn.asse()
>>> return StreamingHttpResponse(body, headers=body.headers)

No framework is imported here.
"""

from __future__ import annotations

from ._app import ChatApp, Request, chat_app
from ._response import SSEResponse, TextResponse, UIMessageResponse

__all__ = ["ChatApp", "Request", "SSEResponse", "TextResponse", "UIMessageResponse", "chat_app"]
