"""Names of the ``openai`` package that this one does not have, with a sentence on the alternative."""

from __future__ import annotations

from ._exceptions import OpenAIError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

RESOURCES = {
    "batches", "completions", "containers", "conversations", "embeddings", "evals", "files", "fine_tuning", "images",
    "moderations", "realtime", "responses", "uploads", "vector_stores", "videos", "webhooks",
}  # fmt: skip
"""Resources of the clients."""


def resource(kind: str, name: str) -> str:
    """The sentence for a resource."""
    return (
        f"turnwire's {kind} has chat.completions, audio.speech and models, and no {name}: turnwire.openai.{kind} has it, where "
        "the openai package is installed"
    )


class _Elsewhere:
    """A client that can be imported and compared with, but not created."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise OpenAIError(
            f"turnwire has no {type(self).__name__}: OpenAI and AsyncOpenAI take the base_url of any compatible service, with "
            "its headers (default_headers) and query (default_query), such as Azure's api-key and api-version; or use "
            f"turnwire.openai.{type(self).__name__}, where the openai package is installed"
        )


class AzureOpenAI(_Elsewhere):
    """A client of Azure's, which this package does not have."""


class AsyncAzureOpenAI(_Elsewhere):
    """A client of Azure's, which this package does not have."""
