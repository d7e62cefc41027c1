"""A chat service as an application."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from inspect import isawaitable
from logging import getLogger
from urllib.parse import parse_qsl

from .. import _web
from .._core import WEB_HEADERS, WebReply
from .._host import is_coroutine_function
from .._tracing import request_trace
from .._turn import AsyncTurnBytes
from .._turns import AsyncTurns
from .._waiting import result
from ._sending import encoded, send_nothing, send_turn, send_whole, while_read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from typing_extensions import Unpack

    from .._core import WebCall
    from .._routes_settings import RoutesSettings
    from .._turns import Turns
    from ._types import Receive, Scope, Send

    Authenticate = Callable[["Request"], str | Awaitable[str | None] | None]

__all__ = ["ChatApp", "Request", "chat_app"]


class Request:
    """The head of a request, by which its user is known."""

    __slots__ = ("headers", "method", "path", "query", "scope")

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        """The scope of ASGI, of which Starlette's ``Request`` can be made as well."""
        self.method: str = scope["method"]
        self.path: str = _path(scope)
        """The path below the place where the application is mounted."""
        self.headers: dict[str, str] = {}
        """The headers, by their names in lower case."""
        for name, value in scope["headers"]:
            key, text = name.decode("latin-1").lower(), value.decode("latin-1")
            between = "; " if key == "cookie" else ", "
            self.headers[key] = f"{self.headers[key]}{between}{text}" if key in self.headers else text
        self.query = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True))
        """The parameters of the query; of one that is given twice, the last."""


class ChatApp:
    """The routes of a chat service: an ASGI application, on its own or mounted in another."""

    def __init__(
        self, turns: AsyncTurns | Turns, authenticate: Authenticate, settings: RoutesSettings
    ) -> None:
        self._turns = turns
        self._authenticate = authenticate
        self._routes = _web.routes(turns, authenticate, settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})
        else:
            await self._answer(Request(scope), receive, send)

    @asynccontextmanager
    async def lifespan(self, app: object = None) -> AsyncIterator[None]:
        """Delivers messages that still wait when the server ends, as the ``lifespan`` of Starlette or FastAPI."""
        try:
            yield
        finally:
            await result(self._turns._turns.flush(5))

    async def _live(self, receive: Receive, send: Send) -> None:
        async with self.lifespan():
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": f"{message['type']}.complete"})
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, request: Request, receive: Receive, send: Send) -> None:
        headers = [(name, value) for name, value in request.headers.items() if name in WEB_HEADERS]
        route = self._routes.route_of(request.path)
        call = self._routes.admit(route, request.method, headers)
        if isinstance(call, WebReply):
            await _send(call, send)
            return
        # Read also for a request that is refused: a connection that is closed with unread bytes loses the answer.
        body = await _read(receive, call.max_body)
        if body is None:
            await send_nothing(send)
        elif len(body) > call.max_body:
            await _send(call.too_large(), send)
        else:
            await while_read(receive, self._reply(request, call, body, send))

    async def _reply(self, request: Request, call: WebCall, body: bytes, send: Send) -> None:
        try:
            user = await self._user(request)
        except Exception as error:
            status = _web.refused_with(error)
            if status == 401:
                return await _send(call.unauthorized(), send)
            if status is None:
                getLogger("turnwire.asgi").exception("authenticate failed")
            return await _send(call.failed(), send, status)
        except asyncio.CancelledError:
            await send_nothing(send)
            raise
        if user is None:
            return await _send(call.unauthorized(), send)
        loop = asyncio.get_running_loop() if isinstance(self._turns, AsyncTurns) else None
        try:
            reply = await result(call.answer(user, body, *request_trace(call.route, loop)))
        except asyncio.CancelledError:
            await send_nothing(send)
            raise
        await _send(reply, send)

    async def _user(self, request: Request) -> str | None:
        if is_coroutine_function(self._authenticate):
            user = self._authenticate(request)
        else:
            # On a thread, as it may look the user up.
            user = await asyncio.to_thread(self._authenticate, request)
        return _web.user_id(await user if isawaitable(user) else user)


def chat_app(
    turns: AsyncTurns | Turns, *, authenticate: Authenticate, **settings: Unpack[RoutesSettings]
) -> ChatApp:
    """A chat service on ``turns``: an ASGI application with the routes ``/chat``, ``/chat/stream``, ``/chat/tts``,
    ``/chat/stop``, ``/chat/ui`` and ``/chat/text``.

    ``authenticate`` returns the user's id, or ``None`` for a 401. It is a coroutine function, or a plain one, which runs on
    a thread. An ``HTTPException`` of a framework that it raises is answered with its status, another exception with 500.

    When the server ends, messages that still wait are delivered. A mounted application does not learn of that end: its
    ``lifespan`` is for the application that it is mounted in, unless that has one of its own, which then enters it.

    >>> app = chat_app(AsyncTurns(AsyncOpenAI(), store="…"), authenticate=user_of)
    >>> other = FastAPI(lifespan=app.lifespan)
    >>> other.mount("/api", app)
    """
    return ChatApp(turns, authenticate, settings)


async def _read(receive: Receive, most: int) -> bytes | None:
    """The body of a request; of one that is larger than ``most`` bytes, its beginning. ``None`` if the reader goes away."""
    body = bytearray()
    while (message := await receive())["type"] != "http.disconnect":
        body += message.get("body", b"")
        if len(body) > most or not message.get("more_body", False):
            return bytes(body)
    return None


async def _send(reply: WebReply, send: Send, status: int | None = None) -> None:
    headers = encoded(reply.headers)
    if reply.turn is not None and reply.wire is not None:
        body = AsyncTurnBytes(reply.turn.bytes(reply.wire))
        return await send_turn(body, reply.status, headers, send)
    if reply.body:
        headers.append((b"content-length", b"%d" % len(reply.body)))
    await send_whole(reply.body, status or reply.status, headers, send)


def _path(scope: Scope) -> str:
    """The path below ``root_path``. Servers and frameworks differ in the part of it that they leave in ``path``."""
    path, root = str(scope["path"]), str(scope.get("root_path", "")).rstrip("/")
    return path[len(root) :] if root and path.startswith(f"{root}/") else path
