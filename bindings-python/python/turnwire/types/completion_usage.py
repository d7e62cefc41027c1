"""The tokens of a request."""

from __future__ import annotations

from .._models import BaseModel, one

__all__ = ["CompletionTokensDetails", "CompletionUsage", "PromptTokensDetails"]


class CompletionTokensDetails(BaseModel):
    """The kinds of a reply's tokens."""

    accepted_prediction_tokens: int | None
    audio_tokens: int | None
    reasoning_tokens: int | None
    rejected_prediction_tokens: int | None
    text_tokens: int | None


class PromptTokensDetails(BaseModel):
    """The kinds of a prompt's tokens."""

    audio_tokens: int | None
    cache_write_tokens: int | None
    cached_tokens: int | None
    image_tokens: int | None
    text_tokens: int | None


class CompletionUsage(
    BaseModel,
    completion_tokens_details=one(CompletionTokensDetails),
    prompt_tokens_details=one(PromptTokensDetails),
):
    """The tokens that a request took."""

    completion_tokens: int
    prompt_tokens: int
    total_tokens: int
    completion_tokens_details: CompletionTokensDetails | None
    prompt_tokens_details: PromptTokensDetails | None
