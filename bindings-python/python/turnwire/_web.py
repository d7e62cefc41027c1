"""The routes of a chat service over an engine of turns, for the adapters of web frameworks."""

from __future__ import annotations

from ._core import ChatRoutes
from ._request import settings_to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ._turns import AsyncTurns, Turns

__all__ = ["routes", "user_id"]


def routes(turns: Turns | AsyncTurns, settings: Mapping[str, Any]) -> ChatRoutes:
    """Core's routes over these turns."""
    given = dict(settings)
    if given.get("origins") is not None:
        origins = given["origins"]
        given["origins"] = [origins] if isinstance(origins, str) else list(origins)
    return ChatRoutes(turns._turns, settings_to_json(given))


def user_id(found: object) -> str | None:
    """The result of ``authenticate``. Nothing but a string is a user: ``str(False)`` would be one."""
    if found is None or isinstance(found, str):
        return found
    kind = type(found).__name__
    raise TypeError(f"authenticate must return the user's id, a string, or None; it returned {kind}")
