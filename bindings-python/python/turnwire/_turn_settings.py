"""The settings of turns and the fields of a turn's request, by name. Core knows the same names."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import Any, Literal, TypedDict

__all__ = ["StoreSettings", "TurnFields", "TurnsSettings"]


class StoreSettings(TypedDict, total=False):
    """The chat store that keeps messages, workspaces and sessions."""

    base_url: str
    access_token: str | None
    refresh_token: str | None


class TurnsSettings(TypedDict, total=False):
    """The settings of :class:`turnwire.Turns`. Times are in seconds; ``None`` is the default."""

    store: str | StoreSettings | None
    """The chat store, or its URL. Without one nothing is kept."""
    outbox: str | PathLike[str] | None
    """The path of the outbox's file. Without one the outbox is in memory."""
    model: str | None
    system_prompt: str | None
    """The text that begins every conversation."""
    sentiment_budget: float | None
    """The longest wait of the reply for the label. Default 0.15."""
    sentiment_hint: str | None
    """The text that tells the model the label, which stands for ``{label}``."""
    naming_prompt: str | None
    """The text that asks the model for a new workspace's name."""
    naming_limit: float | None
    """The longest wait of a new workspace for its name. Default 5."""
    workspace_wait: float | None
    """The longest wait of the last event for a new workspace's id. Default 5."""
    on_disconnect: Literal["save_partial", "finish", "discard"] | None
    """The fate of a reply whose reader has gone. Default ``save_partial``."""
    turn_events: bool | None
    """Sends the ids of the turn and its messages first."""
    sentiment_events: bool | None
    """Sends the label."""
    usage_events: bool | None
    """Sends the tokens that the reply took."""
    failure_events: bool | None
    """Sends the side stages that failed."""
    detailed_errors: bool | None
    """Sends the full line of an error, for development."""


class TurnFields(TypedDict, total=False):
    """The fields of a turn's request besides the message."""

    user_id: str | None
    """The user's UUID, which a store needs."""
    workspace_id: str | None
    """The workspace to go on in."""
    create_workspace: bool
    """Begins a new workspace."""
    access_token: str | None
    refresh_token: str | None
    """The user's tokens, in place of the store's. They belong together."""
    history: Iterable[Any] | None
    """The conversation before this message, in place of the store's."""
