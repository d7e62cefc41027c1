"""Requests of the ``openai`` package on their way to core, and core's answers on their way back."""

from __future__ import annotations

from time import monotonic
from typing import Any

import openai

from .._core import Call, Client
from .._exceptions import OpenAIError
from .._request import Options, settings_to_json
from .._types import NOT_GIVEN, Timeout
from ._http import response
from ._stream import AsyncBody, Body

_CHAT = "/chat/completions"

# Headers of the openai package's own HTTP, in place of which core sends its own.
_NOT_SENT = ("accept", "accept-encoding", "connection", "content-length", "content-type", "host")

_DEFAULT_TIMEOUT = openai.DEFAULT_TIMEOUT.as_dict()


def is_cores(options: Any) -> bool:
    """True for a request that core sends."""
    return bool(options.method.lower() == "post" and options.url == _CHAT)


class Services:
    """Core's clients: one for each service that a client and its copies call."""

    def __init__(self, base_url: Any, timeout: Any) -> None:
        self._connect = None if timeout == openai.DEFAULT_TIMEOUT else getattr(timeout, "connect", timeout)
        self._clients: dict[str, Client] | None = {}
        # Copies that are made before the first call share its connections too.
        self.client(str(base_url).rstrip("/"))

    def client(self, base_url: str) -> Client:
        """The client of a service."""
        if self._clients is None:
            raise OpenAIError("the client was closed: make another")
        found = self._clients.get(base_url)
        if found is None:
            found = self._clients.setdefault(base_url, Client(settings_to_json(self._settings(base_url))))
        return found

    def close(self) -> None:
        """Closes the connections."""
        self._clients = None

    def _settings(self, base_url: str) -> dict[str, Any]:
        http = {} if self._connect is None else {"timeouts": {"connect": self._connect}}
        # Credentials are headers of each request.
        return {"api_key": "unset", "base_url": base_url, "organization": None, "project": None, "http": http}


class Exchange:
    """One request, and its answer."""

    def __init__(self, client: Any, request: Any, options: Any, stream: bool) -> None:
        self._client = client
        self._request = request
        self._stream = stream
        self._options = _options(client, request, options)
        self._begun = monotonic()

    def call(self) -> Call:
        """Sends the request."""
        base_url = str(self._request.url.copy_with(query=None)).removesuffix(_CHAT)
        service = self._client._services.client(base_url)
        ask = service.chat_stream if self._stream else service.chat
        call: Call = ask(self._request.content.decode(), self._options)
        return call

    def response(self, answer: Any, body: type[Body | AsyncBody]) -> Any:
        """The response that the call's answer is."""
        seconds = monotonic() - self._begun
        if self._stream:
            made = body(answer, self._request)
            return response(200, answer.headers, self._request, seconds, stream=made)
        text, headers = answer
        # Core has read it as JSON, whatever the service calls it.
        headers = [*((n, v) for n, v in headers if n != "content-type"), ("content-type", "application/json")]
        return response(200, headers, self._request, seconds, content=text.encode())


def _options(client: Any, request: Any, options: Any) -> Options:
    limits = request.extensions["timeout"]
    # Core's own limits are for streams too, so that they replace the package's.
    timeout = NOT_GIVEN if limits == _DEFAULT_TIMEOUT else Timeout(read=limits["read"])
    made = Options(None, None, options.get_max_retries(client.max_retries), timeout)
    made.headers = [("authorization", None), *_headers(client, request)]
    made.query = list(request.url.params.multi_items())
    return made


def _headers(client: Any, request: Any) -> list[tuple[str, str | None]]:
    return [
        (name, value)
        for name, value in request.headers.multi_items()
        if name not in _NOT_SENT
        and not name.startswith("x-stainless-")
        and (name, value) != ("user-agent", client.user_agent)
    ]
