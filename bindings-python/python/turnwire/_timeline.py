"""The timeline of a turn."""

from __future__ import annotations

from ._core import timeline_svg, timeline_text
from ._models import BaseModel, many, one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

__all__ = ["Stage", "Timeline", "TokenUsage"]


class Stage(BaseModel):
    """A stage of a turn, in milliseconds since the turn's start."""

    name: str
    began_ms: float
    ended_ms: float | None
    outcome: Literal["running", "done", "late", "failed", "cancelled"]
    reason: str | None


class TokenUsage(BaseModel):
    """The tokens of a reply, as far as the service counted them."""

    prompt_tokens: int | None
    completion_tokens: int | None
    total_tokens: int | None


class Timeline(BaseModel, stages=many(one(Stage)), usage=one(TokenUsage)):
    """The stages of a turn, in milliseconds since the turn's start."""

    stages: list[Stage]
    first_token_ms: float | None
    first_audio_ms: float | None
    total_ms: float | None
    pieces: int
    model: str | None
    """The model that was asked for the reply."""
    fallback: bool
    """True if a fallback answered in place of the first service."""
    usage: TokenUsage | None
    """The tokens of the reply, complete or not."""

    def text(self) -> str:
        """The timeline as a chart for a terminal, 80 columns wide."""
        return timeline_text(self.model_dump_json())

    def svg(self, note: str = "") -> str:
        """The timeline as a picture of its own, SVG, with a note below its title."""
        return timeline_svg(self.model_dump_json(), note)
