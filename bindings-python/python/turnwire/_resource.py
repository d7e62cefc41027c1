"""The parts of a client, and what each needs of the part that it belongs to."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from ._core import Client
    from ._request import Options
    from ._response import RawAPIResponse

    class Owner(Protocol):
        """A client, as its resources use it."""

        def _inner(self) -> Client: ...
        def _call_options(self, options: Options) -> Options: ...

    class AsyncOwner(Protocol):
        """A client for asyncio, as its resources use it."""

        def _inner(self) -> Client: ...
        async def _call_options(self, options: Options) -> Options: ...

    class Replies(Protocol):
        """``chat.completions``, as the calls beside it use it."""

        def _raw(
            self, messages: Any, model: str, stream: Any, params: dict[str, Any]
        ) -> RawAPIResponse[Any]: ...
        def _raw_parsed(self, messages: Any, model: str, form: Any, params: Any) -> RawAPIResponse[Any]: ...

    class AsyncReplies(Protocol):
        """``chat.completions`` for asyncio, as the calls beside it use it."""

        async def _raw(
            self, messages: Any, model: str, stream: Any, params: dict[str, Any]
        ) -> RawAPIResponse[Any]: ...
        async def _raw_parsed(
            self, messages: Any, model: str, form: Any, params: Any
        ) -> RawAPIResponse[Any]: ...


class Resource:
    """A part of a client, or of another part. It is made anew at each access."""

    __slots__ = ("_owner",)

    def __init__(self, owner: Any) -> None:
        self._owner = owner
