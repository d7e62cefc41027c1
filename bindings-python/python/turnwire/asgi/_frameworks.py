"""The response classes of frameworks. None is imported: one that is used is loaded."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from starlette.responses import Response

    from .._turn import AsyncTurnBytes

    Base = Response
else:

    class Base:
        """Stands for Starlette's ``Response`` until that is loaded."""


def join_starlette(kind: Any) -> None:
    """Makes ``kind`` a subclass of Starlette's ``Response`` if that is loaded. FastAPI sends only such objects as they are."""
    response = getattr(sys.modules.get("starlette.responses"), "Response", None)
    if response is not None and kind.__bases__ == (Base,):
        kind.__bases__ = (response,)


def in_quart() -> bool:
    """True in a view of Quart."""
    quart = sys.modules.get("quart")
    return quart is not None and bool(quart.has_request_context())


def quart_response(body: AsyncTurnBytes, status: int, headers: dict[str, str]) -> Any:
    """A response of Quart, which itself listens for the reader's going away."""
    from quart import Response

    response = Response(body, status, headers)
    # By default it is cut after a minute.
    response.timeout = None
    return response
