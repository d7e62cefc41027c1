"""The models of a service."""

from __future__ import annotations

from . import _calls
from ._models import BaseModel, many, one
from ._request import Options
from ._resource import Resource
from ._types import NOT_GIVEN
from ._waiting import result
from .types import Model

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator, Mapping
    from typing import Any, TypedDict

    from typing_extensions import Unpack

    from ._params import TimeoutTypes
    from ._resource import AsyncOwner, Owner
    from ._response import AsyncResponseContextManager, RawAPIResponse, ResponseContextManager

    class CallOptions(TypedDict, total=False):
        """The options of a call."""

        extra_headers: Mapping[str, Any] | None
        extra_query: Mapping[str, Any] | None
        timeout: TimeoutTypes


__all__ = ["AsyncModels", "ModelList", "Models"]


class ModelList(BaseModel, data=many(one(Model))):
    """A list of models, to be iterated over."""

    data: list[Model]
    object: str

    def __iter__(self) -> Iterator[Model]:  # type: ignore[override]
        return iter(self.data or ())

    async def __aiter__(self) -> AsyncIterator[Model]:
        for model in self.data or ():
            yield model

    def has_next_page(self) -> bool:
        """False: the list is whole."""
        return False


def _options(
    extra_headers: Mapping[str, Any] | None = None,
    extra_query: Mapping[str, Any] | None = None,
    timeout: TimeoutTypes = NOT_GIVEN,
) -> Options:
    return Options(extra_headers, extra_query, None, timeout)


class Models(Resource):
    """The models of the service."""

    __slots__ = ()
    _owner: Owner

    def list(self, **options: Unpack[CallOptions]) -> ModelList:
        """All models. It accepts ``extra_headers``, ``extra_query`` and ``timeout``."""
        return self._raw(_options(**options)).parse()

    @property
    def with_raw_response(self) -> RawModels:
        """The same, with the response's headers."""
        return RawModels(self)

    @property
    def with_streaming_response(self) -> StreamedModels:
        """The same within a ``with`` block, with the response's headers and body."""
        return StreamedModels(self)

    def _raw(self, options: Options) -> RawAPIResponse[ModelList]:
        client = self._owner
        call = client._inner().models(client._call_options(options))
        return _calls.whole(call.wait(), ModelList)


class AsyncModels(Resource):
    """The models of the service."""

    __slots__ = ()
    _owner: AsyncOwner

    def list(self, **options: Unpack[CallOptions]) -> AsyncModelList:
        """All models, to be awaited or iterated over. It accepts the options of ``Models.list``."""
        return AsyncModelList(self, _options(**options))

    @property
    def with_raw_response(self) -> AsyncRawModels:
        """The same, with the response's headers."""
        return AsyncRawModels(self)

    @property
    def with_streaming_response(self) -> AsyncStreamedModels:
        """The same within an ``async with`` block, with the response's headers and body."""
        return AsyncStreamedModels(self)

    async def _raw(self, options: Options) -> RawAPIResponse[ModelList]:
        client = self._owner
        call = client._inner().models(await client._call_options(options))
        return _calls.whole(await result(call), ModelList)


class AsyncModelList:
    """A list of models that has not arrived yet."""

    __slots__ = ("_options", "_owner")

    def __init__(self, models: AsyncModels, options: Options) -> None:
        self._owner = models
        self._options = options

    async def _fetch(self) -> ModelList:
        return (await self._owner._raw(self._options)).parse()

    def __await__(self) -> Generator[Any, None, ModelList]:
        return self._fetch().__await__()

    async def __aiter__(self) -> AsyncIterator[Model]:
        for model in await self._fetch():
            yield model


class RawModels(Resource):
    """The list of models, with the headers of its response."""

    __slots__ = ()
    _owner: Models

    def list(self, **options: Unpack[CallOptions]) -> RawAPIResponse[ModelList]:
        """As ``Models.list``."""
        return self._owner._raw(_options(**options))


class AsyncRawModels(Resource):
    """The list of models, with the headers of its response."""

    __slots__ = ()
    _owner: AsyncModels

    async def list(self, **options: Unpack[CallOptions]) -> RawAPIResponse[ModelList]:
        """As ``Models.list``."""
        return await self._owner._raw(_options(**options))


class StreamedModels(Resource):
    """The list of models, within a ``with`` block."""

    __slots__ = ()
    _owner: Models

    def list(self, **options: Unpack[CallOptions]) -> ResponseContextManager[ModelList]:
        """As ``Models.list``."""
        from ._response import opening

        return opening(lambda: self._owner._raw(_options(**options)))


class AsyncStreamedModels(Resource):
    """The list of models, within an ``async with`` block."""

    __slots__ = ()
    _owner: AsyncModels

    def list(self, **options: Unpack[CallOptions]) -> AsyncResponseContextManager[ModelList]:
        """As ``Models.list``."""
        from ._response import async_opening

        return async_opening(lambda: self._owner._raw(_options(**options)))
