"""The fields of a chat completion request, by name."""

from __future__ import annotations

__all__ = ["FIELDS"]

FIELDS = frozenset(
    {
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "metadata",
        "modalities",
        "moderation",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
    }
)
"""The fields of a request besides ``model``, ``messages`` and ``stream``."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, Literal, Protocol, TypedDict, TypeVar

    from ._types import NotGiven, Omit

    Content = TypeVar("Content")
    Messages = Iterable[Any]
    Form = type[Content] | dict[str, Any] | NotGiven | Omit
    No = Literal[False] | None | NotGiven | Omit

    class TimeoutLike(Protocol):
        """Time limits of several parts, such as ``turnwire.Timeout`` or ``httpx.Timeout``."""

        @property
        def connect(self) -> float | None: ...
        @property
        def read(self) -> float | None: ...

    TimeoutTypes = float | TimeoutLike | None | NotGiven

    class Common(TypedDict, total=False):
        """The fields of a request, and the options of a call, that whole replies and streams share."""

        audio: Mapping[str, Any] | Omit | NotGiven | None
        frequency_penalty: float | Omit | NotGiven | None
        function_call: Any
        functions: Iterable[Any] | Omit | NotGiven
        logit_bias: Mapping[str, int] | Omit | NotGiven | None
        logprobs: bool | Omit | NotGiven | None
        max_completion_tokens: int | Omit | NotGiven | None
        max_tokens: int | Omit | NotGiven | None
        metadata: Mapping[str, str] | Omit | NotGiven | None
        modalities: Sequence[str] | Omit | NotGiven | None
        moderation: Any
        n: int | Omit | NotGiven | None
        parallel_tool_calls: bool | Omit | NotGiven
        prediction: Mapping[str, Any] | Omit | NotGiven | None
        presence_penalty: float | Omit | NotGiven | None
        prompt_cache_key: str | Omit | NotGiven
        prompt_cache_options: Any
        prompt_cache_retention: str | Omit | NotGiven | None
        reasoning_effort: str | Omit | NotGiven | None
        safety_identifier: str | Omit | NotGiven
        seed: int | Omit | NotGiven | None
        service_tier: str | Omit | NotGiven | None
        stop: str | Sequence[str] | Omit | NotGiven | None
        store: bool | Omit | NotGiven | None
        stream_options: Mapping[str, Any] | Omit | NotGiven | None
        temperature: float | Omit | NotGiven | None
        tool_choice: Any
        tools: Iterable[Any] | Omit | NotGiven
        top_logprobs: int | Omit | NotGiven | None
        top_p: float | Omit | NotGiven | None
        user: str | Omit | NotGiven
        verbosity: str | Omit | NotGiven | None
        web_search_options: Any
        extra_headers: Mapping[str, Any] | None
        extra_query: Mapping[str, Any] | None
        extra_body: Mapping[str, Any] | None
        timeout: TimeoutTypes

    class Params(Common, total=False):
        """``Common`` and the form that the reply must have."""

        response_format: Any
