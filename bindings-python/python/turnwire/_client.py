"""The clients."""

from __future__ import annotations

from ._closing import AsyncClosing, Closing
from ._core import Client, with_environment
from ._exceptions import OpenAIError
from ._types import NOT_GIVEN, Limits, is_given

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from typing import Any, TypeAlias

    from typing_extensions import Self

    from ._audio import AsyncAudio, Audio
    from ._chat import AsyncChat, Chat
    from ._models_list import AsyncModels, Models
    from ._params import TimeoutTypes
    from ._request import Options
    from ._settings import HttpSettings, OpenAISettings
    from ._types import NotGiven
    from .openai import AsyncOpenAI as AsyncOpenAIOfPackage
    from .openai import OpenAI as OpenAIOfPackage

    SyncClient: TypeAlias = "OpenAI | OpenAIOfPackage"
    AnyClient: TypeAlias = "OpenAI | AsyncOpenAI | OpenAIOfPackage | AsyncOpenAIOfPackage"
    Key = str | Callable[[], str | Awaitable[str]]

__all__ = ["AsyncOpenAI", "OpenAI"]


class _Client:
    """The common part of both clients: settings, and core's client."""

    _native: Client | None

    def __init__(
        self,
        *,
        api_key: Key | None = None,
        organization: str | None = None,
        project: str | None = None,
        base_url: Any = None,
        timeout: TimeoutTypes = NOT_GIVEN,
        max_retries: int | NotGiven | None = None,
        default_headers: Mapping[str, Any] | None = None,
        default_query: Mapping[str, Any] | None = None,
        limits: Limits | None = None,
        http_client: None = None,
    ) -> None:
        _refuse(http_client)
        import json

        given = {
            "api_key": None if callable(api_key) else api_key,
            "base_url": str(base_url) if base_url is not None and is_given(base_url) else None,
            "organization": organization,
            "project": project,
        }
        found = json.loads(with_environment(json.dumps(_set(given))))
        self.api_key: Key | None = api_key if callable(api_key) else found.get("api_key")
        self.base_url = found.get("base_url")
        self.organization = found.get("organization")
        self.project = found.get("project")
        self.timeout = timeout
        self.limits = Limits() if limits is None else limits
        self.max_retries: Any = max_retries if is_given(max_retries) else None
        self.default_headers = dict(default_headers or {})
        self.default_query = dict(default_query or {})
        from ._request import Options

        # Options of each call: the settings in which a copy of the client differs.
        self._options = Options()
        self._open()

    def _open(self) -> None:
        # Modules that calls need are imported now, not by the first call: a process that is forked while another thread
        # imports waits for that thread without end.
        from . import _chat, types
        from ._logging import keep_logs
        from ._request import settings_to_json

        _ = _chat, types.chat
        keep_logs()
        self._native = Client(settings_to_json(self._settings()))

    def _settings(self) -> OpenAISettings:
        from ._request import Options

        options = Options(self.default_headers, self.default_query, self.max_retries, self.timeout)
        http: HttpSettings = {"headers": options.headers, "query": options.query}
        if options.max_retries is not None:
            http["retry"] = {"max_retries": options.max_retries}
        if options.timeout is not None:
            http["timeout"] = options.timeout.read
            if options.timeout.connect is not None:
                http["timeouts"] = {"connect": options.timeout.connect}
        sizes = {"event": self.limits.event_bytes, "reply": self.limits.reply_bytes}
        settings = {
            # A function is called before each request, and its key takes this one's place.
            "api_key": "unset" if callable(self.api_key) else self.api_key,
            "base_url": self.base_url,
            "organization": self.organization,
            "project": self.project,
            "http": {**http, "limits": _set(sizes)},
        }
        made: OpenAISettings = _set(settings)
        return made

    def copy(
        self,
        *,
        api_key: Key | None = None,
        organization: str | None = None,
        project: str | None = None,
        base_url: Any = None,
        timeout: TimeoutTypes = NOT_GIVEN,
        max_retries: int | NotGiven | None = None,
        default_headers: Mapping[str, Any] | None = None,
        set_default_headers: Mapping[str, Any] | None = None,
        default_query: Mapping[str, Any] | None = None,
        set_default_query: Mapping[str, Any] | None = None,
        http_client: None = None,
    ) -> Self:
        """The same client with other settings. It shares the connections, unless the service is another."""
        from ._request import Options

        _refuse(http_client)
        if (default_headers and set_default_headers) or (default_query and set_default_query):
            raise ValueError("defaults are either added to or replaced, not both")
        made = type(self).__new__(type(self))
        made.__dict__.update(self.__dict__)
        for name in ("audio", "chat", "models"):
            made.__dict__.pop(name, None)
        made.api_key = self.api_key if api_key is None else api_key
        made.organization = self.organization if organization is None else organization
        made.project = self.project if project is None else project
        made.timeout = timeout if is_given(timeout) else self.timeout
        made.max_retries = (
            self.max_retries if max_retries is None or not is_given(max_retries) else max_retries
        )
        made.default_headers = {**self.default_headers, **(default_headers or {})}
        made.default_query = {**self.default_query, **(default_query or {})}
        replaced = set_default_headers is not None or set_default_query is not None
        if set_default_headers is not None:
            made.default_headers = dict(set_default_headers)
        if set_default_query is not None:
            made.default_query = dict(set_default_query)
        if replaced or (base_url is not None and is_given(base_url) and str(base_url) != self.base_url):
            made.base_url = self.base_url if base_url is None or not is_given(base_url) else str(base_url)
            made._options = Options()
            made._open()
            return made
        headers = dict(default_headers or {})
        if isinstance(api_key, str):
            headers["Authorization"] = f"Bearer {api_key}"
        if organization is not None:
            headers["OpenAI-Organization"] = organization
        if project is not None:
            headers["OpenAI-Project"] = project
        made._options = Options(headers, default_query, made.max_retries, timeout).over(self._options)
        return made

    with_options = copy

    if not TYPE_CHECKING:  # a type checker knows what there is

        def __getattr__(self, name: str) -> Any:
            from ._elsewhere import RESOURCES, resource

            kind = type(self).__name__
            if name in RESOURCES:
                raise AttributeError(resource(kind, name))
            raise AttributeError(f"{kind!r} object has no attribute {name!r}")

    @property
    def beta(self) -> Self:
        """The former place of ``chat.completions.parse`` and ``.stream``, kept for old code of the ``openai`` package."""
        return self

    def is_closed(self) -> bool:
        """True once ``close`` was called."""
        return self._native is None

    def _part(self, name: str) -> tuple[Client, Options]:
        """Core's client and the options of its calls, for a part that is made of them: an engine of turns, a speaker."""
        if callable(self.api_key):
            raise TypeError(f"{name} need a client whose api_key is a str, not a function")
        return self._inner(), self._options

    def _inner(self) -> Client:
        if self._native is None:
            raise OpenAIError("the client was closed: make another")
        return self._native


def part_of(client: Any, name: str) -> tuple[Client, Options]:
    """Core's client and the options of its calls, of a client of this package or of ``turnwire.openai``."""
    part = getattr(type(client), "_part", None)
    if part is None:
        kind = type(client)
        raise TypeError(
            f"{name} need a client of turnwire or turnwire.openai, OpenAI or AsyncOpenAI, not {kind.__module__}.{kind.__name__}"
        )
    made: tuple[Client, Options] = part(client, name)
    return made


def _set(settings: dict[str, Any]) -> Any:
    """The settings that have a value."""
    return {name: value for name, value in settings.items() if value is not None}


def _refuse(http_client: object) -> None:
    if http_client is not None and is_given(http_client):
        raise TypeError(
            "http_client is not supported: the client brings its own HTTP. A proxy is read from HTTPS_PROXY, HTTP_PROXY, "
            "ALL_PROXY and NO_PROXY, certificates from the system's store or SSL_CERT_FILE; timeout, max_retries, "
            "default_headers and default_query are the client's own arguments"
        )


class OpenAI(_Client, Closing):
    """A client of OpenAI, or of any service that speaks its chat completions.

    It may be shared by threads, and used on in a forked process. Settings that are not given are read from ``OPENAI_API_KEY``,
    ``OPENAI_BASE_URL``, ``OPENAI_ORG_ID`` and ``OPENAI_PROJECT_ID``; services of your own need no key.
    """

    @property
    def chat(self) -> Chat:
        """Chat completions."""
        from ._chat import Chat

        return Chat(self)

    @property
    def audio(self) -> Audio:
        """Speech."""
        from ._audio import Audio

        return Audio(self)

    @property
    def models(self) -> Models:
        """The models that the service has."""
        from ._models_list import Models

        return Models(self)

    def _call_options(self, options: Options) -> Options:
        if callable(self.api_key):
            from ._request import Options

            key = self.api_key()
            options = options.over(Options({"Authorization": f"Bearer {key}"}))
        return options.over(self._options)

    def close(self) -> None:
        """Closes the connections that no other copy of the client uses. Streams that are open live on."""
        self._native = None


class AsyncOpenAI(_Client, AsyncClosing):
    """As :class:`OpenAI`, for asyncio. It belongs to no event loop, and may be used from several."""

    @property
    def chat(self) -> AsyncChat:
        """Chat completions."""
        from ._chat import AsyncChat

        return AsyncChat(self)

    @property
    def audio(self) -> AsyncAudio:
        """Speech."""
        from ._audio import AsyncAudio

        return AsyncAudio(self)

    @property
    def models(self) -> AsyncModels:
        """The models that the service has."""
        from ._models_list import AsyncModels

        return AsyncModels(self)

    async def _call_options(self, options: Options) -> Options:
        if callable(self.api_key):
            key = self.api_key()
            if not isinstance(key, str):
                key = await key
            from ._request import Options

            options = options.over(Options({"Authorization": f"Bearer {key}"}))
        return options.over(self._options)

    async def close(self) -> None:
        """Closes the connections that no other copy of the client uses. Streams that are open live on."""
        self._native = None
