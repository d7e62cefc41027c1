"""Chat services in Flask.

>>> from flask import Flask
>>> from turnwire import OpenAI, Turns
>>> from turnwire.flask import chat_blueprint
>>> app = Flask(__name__)
>>> app.register_blueprint(chat_blueprint(Turns(OpenAI()), authenticate=lambda request: "user-1"))

Streams need a server whose workers do not block: ``gunicorn -k gthread --threads 32`` or ``-k gevent``, not ``sync``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from io import RawIOBase
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Request, Response, current_app, request
from werkzeug.exceptions import InternalServerError, RequestEntityTooLarge
from werkzeug.wsgi import get_input_stream

from . import _web
from ._core import WebCall, WebReply
from ._exceptions import ConfigError
from ._routes_settings import RoutesSettings
from ._settings import OpenAISettings
from ._tracing import request_trace
from ._turn import Turn, TurnBytes
from ._turns import Turns
from ._turns_settings import TurnsSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO

    from flask.typing import ResponseReturnValue
    from typing_extensions import Unpack

    from ._host_types import SpeakerFunction
    from ._speakers import Speaker

__all__ = ["TurnwireFlask", "chat_blueprint", "sse_response"]

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
"""All of them: core answers those that a route does not take."""
_ORIGIN = "Access-Control-Allow-Origin"
_ADMITTED = "turnwire.admitted"
"""The key of a request's ``WebCall`` or ``WebReply`` in its environment."""
_INPUT = "wsgi.input"
_CLIENT_KEYS = [key for key in OpenAISettings.__annotations__ if key != "http"]
_KEYS = dict.fromkeys(
    (
        *_CLIENT_KEYS,
        *TurnsSettings.__annotations__,
        *RoutesSettings.__annotations__,
        *("sentiment", "speaker", "store_url", "store_file", "url_prefix"),
    )
)
"""The settings of a configuration, in small letters and without ``TURNWIRE_``."""


def sse_response(turn: Turn) -> Response:
    """A turn as an event stream, for a view of your own. Its reader's going away is noticed by writes that fail, at the latest
    by two of ``keep_alive``."""
    body = turn.sse()
    return _streamed(body, 200, list(body.headers.items()))


def chat_blueprint(
    turns: Turns,
    *,
    authenticate: Callable[[Request], str | Awaitable[str | None] | None],
    name: str = "turnwire",
    **settings: Unpack[RoutesSettings],
) -> Blueprint:
    """The routes of a chat service: ``/chat``, ``/chat/stream``, ``/chat/tts`` and ``/chat/stop``, and for the AI SDK
    ``/chat/ui`` and ``/chat/text``. An application may have several, by other names.

    ``authenticate`` returns the id of the request's user, or ``None`` for 401, as ``abort(401)`` is answered. Another
    exception of it is handled as one of a view is: by the application's handlers, or logged and answered with 500.
    ``origins`` allows pages of other origins; on an application where ``flask-cors`` answers as well, its headers stand.
    """
    routes = _web.routes(turns, authenticate, settings)
    # A page on the AI SDK asks there for a stream to resume; its chat makes no difference.
    paths = {**routes.paths, "resume": routes.paths["ui"].rstrip("/") + "/<path:chat>/stream"}
    blueprint = Blueprint(name, __name__)

    @blueprint.url_value_preprocessor
    def admit(endpoint: str | None, values: dict[str, Any] | None) -> None:
        # Before every function of the application: a page may read the answers of those, too.
        route = (endpoint or "").rpartition(".")[2]
        if route not in paths:
            # A view that the application has added to the blueprint.
            return
        admitted = routes.admit(route, request.method, list(request.headers.items()))
        request.environ[_ADMITTED] = admitted
        if isinstance(admitted, WebCall):
            most = admitted.max_body
            limit = min(most, request.max_content_length or most)
            request.environ[_INPUT] = _Body(get_input_stream(request.environ), limit)

    def answer(**_: str) -> ResponseReturnValue:
        admitted: WebCall | WebReply = request.environ[_ADMITTED]
        if isinstance(admitted, WebReply):
            return _response(admitted)
        try:
            # Also for a request that is refused: a connection that is closed with unread bytes loses the answer.
            body = request.get_data()
            if len(body) == request.max_content_length:
                # Werkzeug cuts off a longer body without an error. This read raises it.
                request.environ[_INPUT].read(1)
        except RequestEntityTooLarge:
            return _response(admitted.too_large())
        try:
            user = _web.user_id(current_app.ensure_sync(authenticate)(request))
        except Exception as error:
            if _web.refused_with(error) != 401:
                raise
            user = None
        if user is None:
            return _response(admitted.unauthorized())
        return _response(admitted.answer(user, body, *request_trace(admitted.route)).wait())

    for route, path in paths.items():
        blueprint.add_url_rule(path, route, answer, methods=_METHODS, provide_automatic_options=False)

    @blueprint.errorhandler(InternalServerError)
    def failed(error: InternalServerError) -> ResponseReturnValue:
        admitted = request.environ.get(_ADMITTED)
        # Flask has logged the exception.
        return _response(admitted.failed()) if isinstance(admitted, WebCall) else error.get_response()

    @blueprint.record
    def registered(state: Any) -> None:
        # The first function is the last one called: after that of flask-cors, wherever it is registered.
        functions = state.app.after_request_funcs.setdefault(None, [])
        if _allow_origin not in functions:
            functions.insert(0, _allow_origin)

    return blueprint


class _Body(RawIOBase):
    """The body of a request. Reading beyond the limit raises, of whatever length the request says that its body is."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self._stream = stream
        self._left = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._stream.read(min(len(buffer), 65536, self._left + 1))
        self._left -= len(piece)
        if self._left < 0:
            raise RequestEntityTooLarge
        buffer[: len(piece)] = piece
        return len(piece)


class TurnwireFlask:
    """The Flask extension: a chat service from the configuration of an application.

    Each setting is a key in capitals that begins with ``TURNWIRE_``: those of ``OpenAI`` (``TURNWIRE_API_KEY``,
    ``TURNWIRE_BASE_URL``, …), of ``Turns`` (``TURNWIRE_MODEL``, ``TURNWIRE_SYSTEM_PROMPT``, ``TURNWIRE_OUTBOX``, …) and of
    ``chat_blueprint`` (``TURNWIRE_ORIGINS``, ``TURNWIRE_PATHS``, …). Besides, ``TURNWIRE_STORE_URL`` names a chat store,
    ``TURNWIRE_STORE_FILE`` the file of an embedded one, and ``TURNWIRE_URL_PREFIX`` the place of the routes. As variables of the
    environment are texts, an empty one is no value, and one of origins is split at its blanks.

    >>> chat = TurnwireFlask(authenticate=authenticate)
    >>> def create_app() -> Flask:
    ...     app = Flask(__name__)
    ...     app.config.from_prefixed_env()
    ...     chat.init_app(app)
    ...     return app
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        authenticate: Callable[[Request], str | Awaitable[str | None] | None],
        turns: Turns | None = None,
        sentiment: Callable[[str], str] | None = None,
        speaker: Speaker | SpeakerFunction | None = None,
        name: str = "turnwire",
    ) -> None:
        """``turns`` are used in place of those that the configuration describes; ``sentiment`` and ``speaker`` belong to the
        latter."""
        functions = {"sentiment": sentiment, "speaker": speaker}
        self._functions = {part: value for part, value in functions.items() if value is not None}
        if turns is not None and self._functions:
            raise ConfigError("sentiment and speaker are settings of turns: give them to these turns")
        self._authenticate = authenticate
        self._turns = turns
        self._name = name
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Adds the routes to an application."""
        given = {key: value for key, value in app.config.get_namespace("TURNWIRE_").items() if value != ""}
        if unknown := [key for key in given if key not in _KEYS]:
            raise ConfigError(f"{_named(unknown)}: no such setting; the settings are {_named(_KEYS)}")
        url_prefix = given.pop("url_prefix", None)
        settings: RoutesSettings = _take(given, RoutesSettings.__annotations__)
        if isinstance(origins := settings.get("origins"), str):
            settings["origins"] = origins.split()
        turns = self._turns or _turns(given, self._functions)
        if self._turns is not None and given:
            raise ConfigError(
                f"{_named(given)}: turns are given, which have settings of their own; remove these keys"
            )
        blueprint = chat_blueprint(turns, authenticate=self._authenticate, name=self._name, **settings)
        app.register_blueprint(blueprint, url_prefix=url_prefix)
        app.extensions.setdefault("turnwire", {})[self._name] = turns

    @property
    def turns(self) -> Turns:
        """The engine of the current application."""
        turns: Turns = current_app.extensions["turnwire"][self._name]
        return turns


def _turns(given: dict[str, Any], functions: dict[str, Any]) -> Turns:
    """The turns that a configuration describes."""
    from ._client import OpenAI
    from ._sqlite_store import SqliteStore

    client = OpenAI(**_take(given, _CLIENT_KEYS))
    stores = [key for key in ("store", "store_url", "store_file") if given.get(key) is not None]
    if len(stores) > 1:
        raise ConfigError(f"{_named(stores)} each name a store: keep one")
    url, file = given.pop("store_url", None), given.pop("store_file", None)
    if url is not None:
        given["store"] = url
    elif file is not None:
        given["store"] = SqliteStore(file)
    return Turns(client, **given, **functions)


def _named(keys: Iterable[str]) -> str:
    """The keys as a configuration has them."""
    return ", ".join(f"TURNWIRE_{key.upper()}" for key in keys)


def _take(given: dict[str, Any], names: Iterable[str]) -> Any:
    return {name: given.pop(name) for name in names if name in given}


def _response(reply: WebReply) -> Response:
    headers = [(name, value) for name, value in reply.headers if not _is_cors(name)]
    if reply.turn is not None and reply.wire is not None:
        return _streamed(TurnBytes(reply.turn.bytes(reply.wire)), reply.status, headers)
    return current_app.response_class(reply.body, reply.status, headers)


def _streamed(body: TurnBytes, status: int, headers: list[tuple[str, str]]) -> Response:
    # Passed through, as files are: the server reads the turn itself, and extensions that compress or buffer bodies leave it.
    kind = _passing(current_app.response_class)  # type: ignore[arg-type]
    return kind(body, status, headers, direct_passthrough=True)


@cache
def _passing(kind: type[Response]) -> type[Response]:
    """The class of responses whose body is passed through, with the functions of ``call_on_close``, which Werkzeug drops."""

    class Passing(kind):  # type: ignore[valid-type, misc]
        def get_app_iter(self, environ: dict[str, Any]) -> Iterable[bytes]:
            body: Iterable[bytes] = super().get_app_iter(environ)
            return _Closing(self) if body is self.response else body

    return Passing


class _Closing:
    """The body of a response, which closes the response. It adds nothing to each chunk."""

    def __init__(self, response: Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._response.response)  # type: ignore[arg-type]

    def close(self) -> None:
        self._response.close()


def _allow_origin(response: Response) -> Response:
    """Adds the headers that let pages of another origin read a response, unless they are there."""
    admitted = request.environ.get(_ADMITTED)
    if admitted is not None and _ORIGIN not in response.headers:
        reply = admitted.failed() if isinstance(admitted, WebCall) else admitted
        for name, value in reply.headers:
            if name == "Vary":
                response.vary.add(value)
            elif _is_cors(name):
                response.headers[name] = value
    return response


def _is_cors(name: str) -> bool:
    return name == "Vary" or name.startswith("Access-Control-")
