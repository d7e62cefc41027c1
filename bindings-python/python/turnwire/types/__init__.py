"""The objects that a service answers with, under the names that they have in the ``openai`` package."""

from __future__ import annotations

from .._models import BaseModel, one

TYPE_CHECKING = False


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


class Model(BaseModel):
    """A model that a service has."""

    id: str
    created: int
    object: str
    owned_by: str
    shutdown_date: str | None


if TYPE_CHECKING:
    from . import chat as chat


def __getattr__(name: str) -> object:
    import importlib

    if name == "chat":
        return importlib.import_module(f"{__name__}.chat")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["BaseModel", "CompletionTokensDetails", "CompletionUsage", "Model", "PromptTokensDetails"]
