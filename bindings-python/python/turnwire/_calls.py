"""Calls of core, and their results as objects."""

from __future__ import annotations

from ._response import APIResponse, Response
from ._streaming import AsyncStream, Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._core import Call


async def result(call: Call) -> Any:
    """Waits for a call in asyncio's way."""
    from ._waiting import filled

    found = call.take()
    while found is None:
        await filled(call)
        found = call.take()
    return found


def completion(found: tuple[str, list[tuple[str, str]]]) -> APIResponse[Any]:
    """A whole reply."""
    raw, headers = found
    response = Response(200, headers, raw)

    def make() -> Any:
        import json

        from .types.chat import ChatCompletion

        made = ChatCompletion(**json.loads(raw))
        made._request_id = response.headers.get("x-request-id")
        return made

    return APIResponse(response, make)


def stream(chunks: Any) -> APIResponse[Stream]:
    """A streamed reply."""
    made = Stream(chunks)
    return APIResponse(made.response, lambda: made)


def async_stream(chunks: Any) -> APIResponse[AsyncStream]:
    """A streamed reply, for asyncio."""
    made = AsyncStream(chunks)
    return APIResponse(made.response, lambda: made)
