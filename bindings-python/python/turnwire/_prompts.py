"""The texts that an engine of turns sends to a model."""

from __future__ import annotations

from ._models import BaseModel

__all__ = ["Prompts"]


class Prompts(BaseModel):
    """The prompts of an engine, as its setting ``prompts``. Each that is missing is the engine's own."""

    system: str | None
    """The system prompt of every conversation."""
    naming: str
    """The prompt for the name of a new workspace."""
    sentiment_hint: str
    """The line of the system prompt with the label of the user's message, which replaces ``{label}``."""
    sentiment: str
    """The prompt of a model that labels messages; the labels replace ``{labels}``."""
    labels: list[str]
    """The labels of such a model; the last one replaces any other answer."""
