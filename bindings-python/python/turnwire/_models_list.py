"""The models that a service has."""

from __future__ import annotations

from . import _calls
from ._models import BaseModel, many, one
from ._request import Options
from ._types import NOT_GIVEN
from .types import Model

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator, Mapping
    from typing import Any

    from ._client import AsyncOpenAI, OpenAI
    from ._params import TimeoutTypes

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


def _read(found: tuple[str, Any]) -> ModelList:
    return ModelList.model_validate_json(found[0])


class Models:
    """The models that the service has."""

    __slots__ = ("_client",)

    def __init__(self, client: OpenAI) -> None:
        self._client = client

    def list(
        self,
        *,
        extra_headers: Mapping[str, Any] | None = None,
        extra_query: Mapping[str, Any] | None = None,
        timeout: TimeoutTypes = NOT_GIVEN,
    ) -> ModelList:
        """All of them."""
        client = self._client
        options = client._call_options(Options(extra_headers, extra_query, None, timeout))
        return _read(client._inner().models(options).wait())


class AsyncModels:
    """The models that the service has."""

    __slots__ = ("_client",)

    def __init__(self, client: AsyncOpenAI) -> None:
        self._client = client

    def list(
        self,
        *,
        extra_headers: Mapping[str, Any] | None = None,
        extra_query: Mapping[str, Any] | None = None,
        timeout: TimeoutTypes = NOT_GIVEN,
    ) -> AsyncModelList:
        """All of them, to be awaited or iterated over."""
        return AsyncModelList(self._client, Options(extra_headers, extra_query, None, timeout))


class AsyncModelList:
    """A list of models that is not there yet."""

    __slots__ = ("_client", "_options")

    def __init__(self, client: AsyncOpenAI, options: Options) -> None:
        self._client = client
        self._options = options

    async def _fetch(self) -> ModelList:
        options = await self._client._call_options(self._options)
        return _read(await _calls.result(self._client._inner().models(options)))

    def __await__(self) -> Generator[Any, None, ModelList]:
        return self._fetch().__await__()

    async def __aiter__(self) -> AsyncIterator[Model]:
        for model in await self._fetch():
            yield model
