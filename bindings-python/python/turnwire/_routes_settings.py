"""The settings of a chat service's routes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

__all__ = ["RoutePaths", "RoutesSettings"]


class RoutePaths(TypedDict, total=False):
    """The paths of the routes, below the place where they are mounted."""

    chat: str
    """A message, answered as a whole. Default ``/chat``."""
    stream: str
    """A message, answered with the event stream of its turn. Default ``/chat/stream``."""
    tts: str
    """A text, answered with its speech. Default ``/chat/tts``."""
    stop: str
    """The end of a running turn. Default ``/chat/stop``."""
    ui: str
    """A message of the AI SDK, answered with its UI message stream. Default ``/chat/ui``."""
    text: str
    """A message of the AI SDK, answered with plain text. Default ``/chat/text``."""


class RoutesSettings(TypedDict, total=False):
    """The settings of the routes of a chat service."""

    origins: Iterable[str] | None
    """The origins whose pages may call the routes with credentials, such as ``https://chat.example``. With none, no CORS header
    is sent."""
    paths: RoutePaths | None
    max_body: int
    """The largest body of a request, in bytes. Default 4 MiB: the AI SDK sends the whole conversation with each message."""
    max_text: int
    """The longest text that ``/chat/tts`` speaks, in code points. Default 10,000, some ten minutes. A message has the limit of the
    body alone."""
