"""The results of core's calls as objects."""

from __future__ import annotations

from ._http import Response
from ._response import RawAPIResponse
from ._streaming import AsyncStream, Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    from ._models import BaseModel

    Model = TypeVar("Model", bound=BaseModel)


def completion(found: tuple[str, list[tuple[str, str]]]) -> RawAPIResponse[Any]:
    """A whole reply."""
    from .types.chat import ChatCompletion

    return whole(found, ChatCompletion)


def whole(found: tuple[str, list[tuple[str, str]]], kind: type[Model]) -> RawAPIResponse[Model]:
    """An object that arrived whole, with the headers of its response."""
    raw, headers = found
    response = Response(200, headers, raw)

    def make() -> Model:
        made = kind.model_validate_json(raw)
        made._request_id = response.headers.get("x-request-id")
        return made

    return RawAPIResponse(response, make)


def stream(chunks: Any) -> RawAPIResponse[Stream]:
    """A streamed reply."""
    made = Stream(chunks)
    return RawAPIResponse(made.response, lambda: made)


def async_stream(chunks: Any) -> RawAPIResponse[AsyncStream]:
    """A streamed reply, for asyncio."""
    made = AsyncStream(chunks)
    return RawAPIResponse(made.response, lambda: made)
