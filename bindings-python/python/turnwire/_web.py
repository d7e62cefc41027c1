"""The routes of a chat service over an engine of turns, for the adapters of web frameworks."""

from __future__ import annotations

from ._core import ChatRoutes
from ._exceptions import ConfigError
from ._request import settings_to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from ._turns import AsyncTurns, Turns

__all__ = ["refused_with", "routes", "user_id"]


def routes(
    turns: Turns | AsyncTurns, authenticate: Callable[..., object], settings: Mapping[str, Any]
) -> ChatRoutes:
    """Core's routes over these turns."""
    if not hasattr(turns, "_turns"):
        raise ConfigError(f"a chat service needs Turns or AsyncTurns; it was given {type(turns).__name__}")
    if not callable(authenticate):
        kind = type(authenticate).__name__
        raise ConfigError(f"authenticate must be a function that returns the id of the user; it is {kind}")
    given = dict(settings)
    if given.get("origins") is not None:
        origins = given["origins"]
        if not hasattr(origins, "__iter__"):
            kind = type(origins).__name__
            raise ConfigError(f"origins must be strings such as 'https://chat.example'; it is {kind}")
        given["origins"] = [origins] if isinstance(origins, str) else list(origins)
    return ChatRoutes(turns._turns, settings_to_json(given))


def user_id(found: object) -> str | None:
    """The result of ``authenticate``. Nothing but a string is a user: ``str(False)`` would be one."""
    if isinstance(found, str):
        try:
            found.encode()
        except UnicodeEncodeError:
            raise ValueError("authenticate returned an id with half of a surrogate pair") from None
    if found is None or isinstance(found, str):
        return found
    kind = type(found).__name__
    raise TypeError(f"authenticate must return the user's id, a string, or None; it returned {kind}")


def refused_with(error: Exception) -> int | None:
    """The status of an ``HTTPException`` of a framework. Those of HTTP clients have a status, too: of another request."""
    if all(kind.__name__ != "HTTPException" for kind in type(error).__mro__):
        return None
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    return status if isinstance(status, int) else None
