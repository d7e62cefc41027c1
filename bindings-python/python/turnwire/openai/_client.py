"""The clients."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import openai
from openai.types.chat import ChatCompletionChunk

from .._exceptions import TurnwireError
from .._logging import keep_logs
from .._waiting import result
from ._errors import join
from ._exchange import Exchange, Services, is_cores, part
from ._stream import AsyncBody, AsyncStream, Body, Stream

_REFUSED = {
    "http_client": "chat completions and speech go through turnwire's own HTTP, which reads proxies and certificates from the environment",
    "provider": "turnwire does not sign requests for other providers",
    "workload_identity": "turnwire does not exchange its tokens; api_key may be a function that returns a fresh one",
}
"""Settings with which nothing could go through turnwire, and why."""

_THEIRS = openai.Stream[ChatCompletionChunk]
_THEIRS_ASYNC = openai.AsyncStream[ChatCompletionChunk]


class _Both:
    """The part that all clients share."""

    if not TYPE_CHECKING:  # a type checker sees the arguments of the openai package's class

        def __init__(self, *, _copied=None, **settings):
            # A copy shares the other's HTTP client.
            _refuse({**settings, "http_client": None} if _copied else settings)
            try:
                super().__init__(**settings)
                is_shared = _copied is not None and _copied.base_url == self.base_url
                self._services = _copied._services if is_shared else Services(self.base_url, self.timeout)
            except (TurnwireError, openai.OpenAIError) as error:
                join(error)
                raise
            keep_logs()

        def copy(self, *, _extra_kwargs=None, **changes):
            """The same client with other settings. It shares the connections, unless the service is another."""
            _refuse(changes)
            return super().copy(**changes, _extra_kwargs={**(_extra_kwargs or {}), "_copied": self})

        with_options = copy

        def _part(self, name):
            """Core's client and the options of its calls, for a part that is made of them: an engine of turns, a speaker."""
            if isinstance(self, (openai.AzureOpenAI, openai.AsyncAzureOpenAI)):
                raise TypeError(
                    f"{name} need another client than Azure's: give a turnwire.OpenAI with its base_url"
                )
            if getattr(self, "_api_key_provider", None):
                raise TypeError(f"{name} need a client whose api_key is a str, not a function")
            return part(self)


def _refuse(settings: dict[str, Any]) -> None:
    for name, why in _REFUSED.items():
        if settings.get(name):
            raise TypeError(
                f"{name} is not supported by the clients of turnwire.openai: {why}. Use the openai package's client with it"
            )


class OpenAI(_Both, openai.OpenAI):
    """The ``openai`` package's client, with chat completions and speech through turnwire.

    The settings are those of ``openai.OpenAI``, except ``http_client``, ``provider`` and ``workload_identity``.
    """

    _services: Services

    def request(self, cast_to: Any, options: Any, *, stream: bool = False, stream_cls: Any = None) -> Any:
        """Sends a request: through turnwire if it is for a chat completion or for speech."""
        if not is_cores(options):
            return super().request(cast_to, options, stream=stream, stream_cls=stream_cls)
        cast_to = self._maybe_override_cast_to(cast_to, options)
        options = self._prepare_options(copy.copy(options))
        request = self._build_request(options)
        self._prepare_request(request)
        exchange = Exchange(self, request, options, stream)
        try:
            return self._process_response(
                cast_to=cast_to,
                options=options,
                response=exchange.response(exchange.call().wait(), Body),
                stream=stream,
                stream_cls=Stream if stream_cls == _THEIRS else stream_cls,
            )
        except (TurnwireError, openai.OpenAIError) as error:
            join(error, request)
            raise

    def close(self) -> None:
        """Closes the connections. Streams that are open live on."""
        self._services.close()
        super().close()


class AsyncOpenAI(_Both, openai.AsyncOpenAI):
    """As :class:`OpenAI`, for asyncio."""

    _services: Services

    async def request(
        self, cast_to: Any, options: Any, *, stream: bool = False, stream_cls: Any = None
    ) -> Any:
        """As ``OpenAI.request``."""
        if not is_cores(options):
            return await super().request(cast_to, options, stream=stream, stream_cls=stream_cls)
        cast_to = self._maybe_override_cast_to(cast_to, options)
        options = await self._prepare_options(copy.copy(options))
        request = self._build_request(options)
        await self._prepare_request(request)
        exchange = Exchange(self, request, options, stream)
        try:
            return await self._process_response(
                cast_to=cast_to,
                options=options,
                response=exchange.response(await result(exchange.call()), AsyncBody),
                stream=stream,
                stream_cls=AsyncStream if stream_cls == _THEIRS_ASYNC else stream_cls,
            )
        except (TurnwireError, openai.OpenAIError) as error:
            join(error, request)
            raise

    async def close(self) -> None:
        """Closes the connections. Streams that are open live on."""
        self._services.close()
        await super().close()


class AzureOpenAI(OpenAI, openai.AzureOpenAI):
    """The ``openai`` package's client of Azure, with chat completions and speech through turnwire."""


class AsyncAzureOpenAI(AsyncOpenAI, openai.AsyncAzureOpenAI):
    """As :class:`AzureOpenAI`, for asyncio."""
