"""``client.chat.completions``."""

from __future__ import annotations

from . import _calls
from ._request import split
from ._resource import Resource
from ._tracing import call_trace
from ._types import NOT_GIVEN
from ._waiting import result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal, TypeVar, overload

    from typing_extensions import Unpack

    from ._params import Common, Form, Messages, No, Params
    from ._raw import AsyncRawCompletions, AsyncStreamedCompletions, RawCompletions, StreamedCompletions
    from ._resource import AsyncOwner, Owner
    from ._response import RawAPIResponse
    from ._streaming import AsyncStream, Stream
    from .lib.streaming.chat import (
        AsyncChatCompletionStream,
        AsyncChatCompletionStreamManager,
        ChatCompletionStream,
        ChatCompletionStreamManager,
    )
    from .types.chat import ChatCompletion, ParsedChatCompletion

    Content = TypeVar("Content")

__all__ = ["AsyncChat", "AsyncCompletions", "Chat", "Completions"]


class Chat(Resource):
    """``client.chat``."""

    __slots__ = ()
    _owner: Owner

    @property
    def completions(self) -> Completions:
        """Replies, whole or streamed."""
        return Completions(self._owner)


class Completions(Resource):
    """Replies, whole or streamed."""

    __slots__ = ()
    _owner: Owner

    if TYPE_CHECKING:

        @overload
        def create(
            self, *, messages: Messages, model: str, stream: No = None, **params: Unpack[Params]
        ) -> ChatCompletion: ...
        @overload
        def create(
            self, *, messages: Messages, model: str, stream: Literal[True], **params: Unpack[Params]
        ) -> Stream: ...
        @overload
        def create(
            self, *, messages: Messages, model: str, stream: bool, **params: Unpack[Params]
        ) -> ChatCompletion | Stream: ...

    def create(self, *, messages: Messages, model: str, stream: Any = None, **params: Any) -> Any:
        """Asks for a reply: whole, or streamed with ``stream=True``.

        It accepts the fields that the service's documentation lists, and also ``extra_headers``, ``extra_query``,
        ``extra_body`` (fields that the service has and this version does not know) and ``timeout``.
        """
        return self._raw(messages, model, stream, params).parse()

    def parse(
        self,
        *,
        messages: Messages,
        model: str,
        response_format: Form[Content] = NOT_GIVEN,
        **params: Unpack[Common],
    ) -> ParsedChatCompletion[Content]:
        """Asks for a whole reply in the form of a pydantic model or a JSON schema, and parses it.

        The result is ``.choices[0].message.parsed``.
        """
        return self._raw_parsed(messages, model, response_format, params).parse()

    def stream(
        self,
        *,
        messages: Messages,
        model: str,
        response_format: Form[Content] = NOT_GIVEN,
        **params: Unpack[Common],
    ) -> ChatCompletionStreamManager[Content]:
        """Asks for a streamed reply as events, within a ``with`` block.

        >>> with client.chat.completions.stream(model="gpt-4o-mini", messages=[...]) as stream:
        ...     for event in stream:
        ...         if event.type == "content.delta":
        ...             print(event.delta, end="")
        ...     completion = stream.get_final_completion()
        """
        from ._parsing import Parsing
        from .lib.streaming.chat import ChatCompletionStream, ChatCompletionStreamManager

        parsing = Parsing(response_format, params, whole=False)

        def open() -> ChatCompletionStream[Content]:
            return ChatCompletionStream(self._raw(messages, model, True, parsing.params).parse(), parsing)

        return ChatCompletionStreamManager(open)

    @property
    def with_raw_response(self) -> RawCompletions:
        """The same calls, with the response's headers: ``.parse()`` returns the call's own result."""
        from ._raw import RawCompletions

        return RawCompletions(self)

    @property
    def with_streaming_response(self) -> StreamedCompletions:
        """The same calls within a ``with`` block, with the response's headers, and its body on demand."""
        from ._raw import StreamedCompletions

        return StreamedCompletions(self)

    def _raw(
        self, messages: Messages, model: str, stream: Any, params: dict[str, Any]
    ) -> RawAPIResponse[Any]:
        body, options = split({"messages": messages, "model": model, **params})
        client = self._owner
        options = client._call_options(options)
        inner = client._inner()
        if stream:
            return _calls.stream(inner.chat_stream(body, options, call_trace(model)).wait())
        return _calls.completion(inner.chat(body, options, call_trace(model)).wait())

    def _raw_parsed(
        self, messages: Messages, model: str, form: Form[Content], params: Any
    ) -> RawAPIResponse[ParsedChatCompletion[Content]]:
        from ._parsing import Parsing

        parsing = Parsing(form, params)
        return parsing.of(self._raw(messages, model, None, parsing.params))


class AsyncChat(Resource):
    """``client.chat``."""

    __slots__ = ()
    _owner: AsyncOwner

    @property
    def completions(self) -> AsyncCompletions:
        """Replies, whole or streamed."""
        return AsyncCompletions(self._owner)


class AsyncCompletions(Resource):
    """Replies, whole or streamed."""

    __slots__ = ()
    _owner: AsyncOwner

    if TYPE_CHECKING:

        @overload
        async def create(
            self, *, messages: Messages, model: str, stream: No = None, **params: Unpack[Params]
        ) -> ChatCompletion: ...
        @overload
        async def create(
            self, *, messages: Messages, model: str, stream: Literal[True], **params: Unpack[Params]
        ) -> AsyncStream: ...
        @overload
        async def create(
            self, *, messages: Messages, model: str, stream: bool, **params: Unpack[Params]
        ) -> ChatCompletion | AsyncStream: ...

    async def create(self, *, messages: Messages, model: str, stream: Any = None, **params: Any) -> Any:
        """As ``Completions.create``."""
        return (await self._raw(messages, model, stream, params)).parse()

    async def parse(
        self,
        *,
        messages: Messages,
        model: str,
        response_format: Form[Content] = NOT_GIVEN,
        **params: Unpack[Common],
    ) -> ParsedChatCompletion[Content]:
        """As ``Completions.parse``."""
        return (await self._raw_parsed(messages, model, response_format, params)).parse()

    def stream(
        self,
        *,
        messages: Messages,
        model: str,
        response_format: Form[Content] = NOT_GIVEN,
        **params: Unpack[Common],
    ) -> AsyncChatCompletionStreamManager[Content]:
        """As ``Completions.stream``, within an ``async with`` block."""
        from ._parsing import Parsing
        from .lib.streaming.chat import AsyncChatCompletionStream, AsyncChatCompletionStreamManager

        parsing = Parsing(response_format, params, whole=False)

        async def open() -> AsyncChatCompletionStream[Content]:
            raw = await self._raw(messages, model, True, parsing.params)
            return AsyncChatCompletionStream(raw.parse(), parsing)

        return AsyncChatCompletionStreamManager(open)

    @property
    def with_raw_response(self) -> AsyncRawCompletions:
        """The same calls, with the response's headers: ``.parse()`` returns the call's own result."""
        from ._raw import AsyncRawCompletions

        return AsyncRawCompletions(self)

    @property
    def with_streaming_response(self) -> AsyncStreamedCompletions:
        """The same calls within an ``async with`` block, with the response's headers, and its body on demand."""
        from ._raw import AsyncStreamedCompletions

        return AsyncStreamedCompletions(self)

    async def _raw(
        self, messages: Messages, model: str, stream: Any, params: dict[str, Any]
    ) -> RawAPIResponse[Any]:
        body, options = split({"messages": messages, "model": model, **params})
        client = self._owner
        options = await client._call_options(options)
        inner = client._inner()
        if stream:
            return _calls.async_stream(await result(inner.chat_stream(body, options, call_trace(model))))
        return _calls.completion(await result(inner.chat(body, options, call_trace(model))))

    async def _raw_parsed(
        self, messages: Messages, model: str, form: Form[Content], params: Any
    ) -> RawAPIResponse[ParsedChatCompletion[Content]]:
        from ._parsing import Parsing

        parsing = Parsing(form, params)
        return parsing.of(await self._raw(messages, model, None, parsing.params))
