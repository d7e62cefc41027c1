"""Chat completions with their responses: ``with_raw_response`` and ``with_streaming_response``."""

from __future__ import annotations

from ._resource import Resource
from ._response import async_opening, opening
from ._types import NOT_GIVEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal, TypeVar, overload

    from typing_extensions import Unpack

    from ._params import Common, Form, Messages, No, Params
    from ._resource import AsyncReplies, Replies
    from ._response import AsyncResponseContextManager, RawAPIResponse, ResponseContextManager
    from ._streaming import AsyncStream, Stream
    from .types.chat import ChatCompletion, ParsedChatCompletion

    Content = TypeVar("Content")

__all__ = ["AsyncRawCompletions", "AsyncStreamedCompletions", "RawCompletions", "StreamedCompletions"]


class RawCompletions(Resource):
    """Replies with the headers of their responses."""

    __slots__ = ()
    _owner: Replies

    if TYPE_CHECKING:

        @overload
        def create(
            self, *, messages: Messages, model: str, stream: No = None, **params: Unpack[Params]
        ) -> RawAPIResponse[ChatCompletion]: ...
        @overload
        def create(
            self, *, messages: Messages, model: str, stream: Literal[True], **params: Unpack[Params]
        ) -> RawAPIResponse[Stream]: ...

    def create(self, *, messages: Messages, model: str, stream: Any = None, **params: Any) -> Any:
        """As ``Completions.create``."""
        return self._owner._raw(messages, model, stream, params)

    def parse(
        self,
        *,
        messages: Messages,
        model: str,
        response_format: Form[Content] = NOT_GIVEN,
        **params: Unpack[Common],
    ) -> RawAPIResponse[ParsedChatCompletion[Content]]:
        """As ``Completions.parse``."""
        return self._owner._raw_parsed(messages, model, response_format, params)


class StreamedCompletions(Resource):
    """Replies with their responses, within ``with`` blocks."""

    __slots__ = ()
    _owner: Replies

    if TYPE_CHECKING:

        @overload
        def create(
            self, *, messages: Messages, model: str, stream: No = None, **params: Unpack[Params]
        ) -> ResponseContextManager[ChatCompletion]: ...
        @overload
        def create(
            self, *, messages: Messages, model: str, stream: Literal[True], **params: Unpack[Params]
        ) -> ResponseContextManager[Stream]: ...

    def create(self, *, messages: Messages, model: str, stream: Any = None, **params: Any) -> Any:
        """As ``Completions.create``."""
        completions = self._owner
        return opening(lambda: completions._raw(messages, model, stream, params))

    def parse(
        self,
        *,
        messages: Messages,
        model: str,
        response_format: Form[Content] = NOT_GIVEN,
        **params: Unpack[Common],
    ) -> ResponseContextManager[ParsedChatCompletion[Content]]:
        """As ``Completions.parse``."""
        completions = self._owner
        return opening(lambda: completions._raw_parsed(messages, model, response_format, params))


class AsyncRawCompletions(Resource):
    """Replies with the headers of their responses."""

    __slots__ = ()
    _owner: AsyncReplies

    if TYPE_CHECKING:

        @overload
        async def create(
            self, *, messages: Messages, model: str, stream: No = None, **params: Unpack[Params]
        ) -> RawAPIResponse[ChatCompletion]: ...
        @overload
        async def create(
            self, *, messages: Messages, model: str, stream: Literal[True], **params: Unpack[Params]
        ) -> RawAPIResponse[AsyncStream]: ...

    async def create(self, *, messages: Messages, model: str, stream: Any = None, **params: Any) -> Any:
        """As ``AsyncCompletions.create``."""
        return await self._owner._raw(messages, model, stream, params)

    async def parse(
        self,
        *,
        messages: Messages,
        model: str,
        response_format: Form[Content] = NOT_GIVEN,
        **params: Unpack[Common],
    ) -> RawAPIResponse[ParsedChatCompletion[Content]]:
        """As ``AsyncCompletions.parse``."""
        return await self._owner._raw_parsed(messages, model, response_format, params)


class AsyncStreamedCompletions(Resource):
    """Replies with their responses, within ``async with`` blocks."""

    __slots__ = ()
    _owner: AsyncReplies

    if TYPE_CHECKING:

        @overload
        def create(
            self, *, messages: Messages, model: str, stream: No = None, **params: Unpack[Params]
        ) -> AsyncResponseContextManager[ChatCompletion]: ...
        @overload
        def create(
            self, *, messages: Messages, model: str, stream: Literal[True], **params: Unpack[Params]
        ) -> AsyncResponseContextManager[AsyncStream]: ...

    def create(self, *, messages: Messages, model: str, stream: Any = None, **params: Any) -> Any:
        """As ``AsyncCompletions.create``."""
        completions = self._owner
        return async_opening(lambda: completions._raw(messages, model, stream, params))

    def parse(
        self,
        *,
        messages: Messages,
        model: str,
        response_format: Form[Content] = NOT_GIVEN,
        **params: Unpack[Common],
    ) -> AsyncResponseContextManager[ParsedChatCompletion[Content]]:
        """As ``AsyncCompletions.parse``."""
        completions = self._owner
        return async_opening(lambda: completions._raw_parsed(messages, model, response_format, params))
