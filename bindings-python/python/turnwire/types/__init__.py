"""The objects that a service answers with, under the names that they have in the ``openai`` package."""

from __future__ import annotations

from .._models import BaseModel
from .completion_usage import CompletionTokensDetails, CompletionUsage, PromptTokensDetails
from .model import Model

TYPE_CHECKING = False


if TYPE_CHECKING:
    from . import chat as chat


def __getattr__(name: str) -> object:
    import importlib

    if name == "chat":
        return importlib.import_module(f"{__name__}.chat")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["BaseModel", "CompletionTokensDetails", "CompletionUsage", "Model", "PromptTokensDetails"]
