"""Chat completions with their responses: ``with_raw_response`` and ``with_streaming_response``."""

from __future__ import annotations

from ._response import AsyncResponseContextManager, ResponseContextManager
from ._types import NOT_GIVEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal, TypeVar, overload

    from typing_extensions import Unpack

    from ._chat import AsyncCompletions, Completions, Form, No
    from ._params import Common, Messages, Params
    from ._response import RawAPIResponse
    from ._streaming import AsyncStream, Stream
    from .types.chat import ChatCompletion, ParsedChatCompletion

    Content = TypeVar("Content")

__all__ = ["AsyncRawCompletions", "AsyncStreamedCompletions", "RawCompletions", "StreamedCompletions"]


class RawCompletions:
    """Replies with the headers of their responses."""

    __slots__ = ("_completions",)

    def __init__(self, completions: Completions) -> None:
        self._completions = completions

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
        return self._completions._raw(messages, model, stream, params)

    def parse(
        self,
        *,
        messages: Messages,
        model: str,
        response_format: Form[Content] = NOT_GIVEN,
        **params: Unpack[Common],
    ) -> RawAPIResponse[ParsedChatCompletion[Content]]:
        """As ``Completions.parse``."""
        return self._completions._raw_parsed(messages, model, response_format, params)


class StreamedCompletions:
    """Replies with their responses, within ``with`` blocks."""

    __slots__ = ("_completions",)

    def __init__(self, completions: Completions) -> None:
        self._completions = completions

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
        completions = self._completions
        return ResponseContextManager(lambda: completions._raw(messages, model, stream, params))

    def parse(
        self,
        *,
        messages: Messages,
        model: str,
        response_format: Form[Content] = NOT_GIVEN,
        **params: Unpack[Common],
    ) -> ResponseContextManager[ParsedChatCompletion[Content]]:
        """As ``Completions.parse``."""
        completions = self._completions
        return ResponseContextManager(
            lambda: completions._raw_parsed(messages, model, response_format, params)
        )


class AsyncRawCompletions:
    """Replies with the headers of their responses."""

    __slots__ = ("_completions",)

    def __init__(self, completions: AsyncCompletions) -> None:
        self._completions = completions

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
        return await self._completions._raw(messages, model, stream, params)

    async def parse(
        self,
        *,
        messages: Messages,
        model: str,
        response_format: Form[Content] = NOT_GIVEN,
        **params: Unpack[Common],
    ) -> RawAPIResponse[ParsedChatCompletion[Content]]:
        """As ``AsyncCompletions.parse``."""
        return await self._completions._raw_parsed(messages, model, response_format, params)


class AsyncStreamedCompletions:
    """Replies with their responses, within ``async with`` blocks."""

    __slots__ = ("_completions",)

    def __init__(self, completions: AsyncCompletions) -> None:
        self._completions = completions

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
        completions = self._completions
        return AsyncResponseContextManager(lambda: completions._raw(messages, model, stream, params))

    def parse(
        self,
        *,
        messages: Messages,
        model: str,
        response_format: Form[Content] = NOT_GIVEN,
        **params: Unpack[Common],
    ) -> AsyncResponseContextManager[ParsedChatCompletion[Content]]:
        """As ``AsyncCompletions.parse``."""
        completions = self._completions
        return AsyncResponseContextManager(
            lambda: completions._raw_parsed(messages, model, response_format, params)
        )
