"""The timeline of a turn."""

from __future__ import annotations

from ._models import BaseModel, many, one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

__all__ = ["Stage", "Timeline"]


class Stage(BaseModel):
    """A stage of a turn, in milliseconds since the turn's start."""

    name: str
    began_ms: float
    ended_ms: float | None
    outcome: Literal["running", "done", "late", "failed", "cancelled"]
    reason: str | None


class Timeline(BaseModel, stages=many(one(Stage))):
    """The stages of a turn, in milliseconds since the turn's start."""

    stages: list[Stage]
    first_token_ms: float | None
    first_audio_ms: float | None
    total_ms: float | None
    pieces: int
