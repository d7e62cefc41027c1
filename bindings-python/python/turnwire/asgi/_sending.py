"""Sending a response to a reader who may go away."""

from __future__ import annotations

import asyncio
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Mapping

    from .._turn import AsyncTurnBytes
    from ._types import Receive, Send


async def while_read(receive: Receive, work: Coroutine[None, None, None]) -> None:
    """Does ``work`` until it ends, or until the reader goes away: then it is cancelled."""
    working = asyncio.ensure_future(work)
    listening = asyncio.ensure_future(_reader_goes(receive))
    tasks = (working, listening)
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _reader_goes(receive: Receive) -> None:
    """Waits until the reader goes away. The body of the request may be unread yet."""
    is_complete = False
    while (message := await receive())["type"] != "http.disconnect":
        if is_complete:
            # Some middleware gives the body of the request again and again, without ever waiting.
            await asyncio.Event().wait()
        is_complete = not message.get("more_body", False)


async def send_turn(
    body: AsyncTurnBytes, status: int, headers: list[tuple[bytes, bytes]], send: Send
) -> None:
    """Sends a turn as a response."""
    try:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        async for piece in body:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except OSError:
        # Raised by servers when the reader has gone.
        pass
    finally:
        await body.close()


async def send_whole(body: bytes, status: int, headers: list[tuple[bytes, bytes]], send: Send) -> None:
    """Sends a response that is complete."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def send_nothing(send: Send) -> None:
    """Ends a request whose reader has gone before a response has begun: some middleware takes silence for a failure."""
    # Raised by servers when the reader has gone.
    with suppress(OSError):
        await send_whole(b"", 499, [], send)


def merged(headers: Mapping[str, str], more: Mapping[str, str] | None) -> dict[str, str]:
    """Headers, of which ``more`` win, in whatever case their names are written."""
    return {name.lower(): value for name, value in [*headers.items(), *(more or {}).items()]}


def encoded(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI has them."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
