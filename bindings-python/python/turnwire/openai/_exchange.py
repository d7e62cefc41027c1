"""Requests of the ``openai`` package on their way to core, and core's answers on their way back."""

from __future__ import annotations

from time import monotonic
from typing import Any

import openai

from .._core import Call, Client
from .._exceptions import OpenAIError
from .._request import Options, settings_to_json
from .._response import END
from .._types import NOT_GIVEN, Timeout
from ._http import response
from ._stream import AsyncBody, Body

_CHAT, _SPEECH = "/chat/completions", "/audio/speech"
_ASK = {
    (_CHAT, False): Client.chat,
    (_CHAT, True): Client.chat_stream,
    (_SPEECH, False): Client.speech,
    (_SPEECH, True): Client.speech_stream,
}
"""Core's calls, by the path and by whether the body is read as it arrives."""

# Headers of the openai package's own HTTP, in place of which core sends its own.
_NOT_SENT = ("accept", "accept-encoding", "connection", "content-length", "content-type", "host")

_DEFAULT_TIMEOUT = openai.DEFAULT_TIMEOUT.as_dict()


def is_cores(options: Any) -> bool:
    """True for a request that core sends: for a chat completion, or for speech."""
    return options.method.lower() == "post" and options.url in (_CHAT, _SPEECH)


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
        self._options = _options(client, request, options)
        url = str(request.url.copy_with(query=None))
        self._path = _CHAT if url.endswith(_CHAT) else _SPEECH
        self._base_url = url.removesuffix(self._path)
        # A reply of a model is read as it arrives if it comes in chunks, and audio if the caller wants it so.
        is_read = request.headers.get("x-stainless-raw-response") == "stream"
        self._is_stream = stream if self._path == _CHAT else is_read
        self._begun = monotonic()

    def call(self) -> Call:
        """Sends the request."""
        service = self._client._services.client(self._base_url)
        return _ASK[self._path, self._is_stream](service, self._request.content.decode(), self._options)

    def response(self, answer: Any, body: type[Body | AsyncBody]) -> Any:
        """The response that the call's answer is."""
        seconds = monotonic() - self._begun
        if self._is_stream:
            made = body(answer, self._request, END.encode() if self._path == _CHAT else b"")
            return response(200, answer.headers, self._request, seconds, stream=made)
        content, headers = answer
        if self._path == _CHAT:
            # Core has read it as JSON, whatever the service calls it.
            headers = [(n, v) for n, v in headers if n != "content-type"]
            headers.append(("content-type", "application/json"))
            content = content.encode()
        return response(200, headers, self._request, seconds, content=content)


def part(client: Any) -> tuple[Client, Options]:
    """Core's client and the options of its calls, with the settings of the client as they are now."""
    limits = client.timeout
    timeout = NOT_GIVEN if limits == openai.DEFAULT_TIMEOUT else Timeout(read=getattr(limits, "read", limits))
    own = {"OpenAI-Organization": client.organization, "OpenAI-Project": client.project}
    headers = {**client.auth_headers, **own, **client._custom_headers}
    made = Options(headers, client._custom_query, client.max_retries, timeout)
    made.headers.insert(0, ("authorization", None))
    return client._services.client(str(client.base_url).rstrip("/")), made


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
