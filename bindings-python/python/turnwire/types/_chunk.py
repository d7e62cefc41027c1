"""A chunk in full, for all but the few attributes that the extension module reads itself."""

from __future__ import annotations

from .._models import BaseModel, many, one
from . import CompletionUsage
from .chat.logprobs import ChoiceLogprobs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class ChoiceDeltaAudio(BaseModel):
    """More of a reply that is spoken."""

    id: str | None
    data: str | None
    expires_at: int | None
    transcript: str | None


class ChoiceDeltaFunctionCall(BaseModel):
    """More of a call of a function as services made it before there were tools."""

    arguments: str | None
    name: str | None


class ChoiceDeltaToolCallFunction(BaseModel):
    """More of the call of a function."""

    arguments: str | None
    name: str | None


class ChoiceDeltaToolCall(BaseModel, function=one(ChoiceDeltaToolCallFunction)):
    """More of a tool call."""

    index: int
    id: str | None
    function: ChoiceDeltaToolCallFunction | None
    type: str | None


class ChoiceDelta(
    BaseModel,
    audio=one(ChoiceDeltaAudio),
    function_call=one(ChoiceDeltaFunctionCall),
    tool_calls=many(one(ChoiceDeltaToolCall)),
):
    """The addition of a chunk to a message."""

    audio: ChoiceDeltaAudio | None
    content: str | None
    function_call: ChoiceDeltaFunctionCall | None
    refusal: str | None
    role: str | None
    tool_calls: list[ChoiceDeltaToolCall] | None


class Choice(BaseModel, delta=one(ChoiceDelta), logprobs=one(ChoiceLogprobs)):
    """The additions of a chunk to one reply."""

    delta: ChoiceDelta
    index: int
    finish_reason: str | None
    logprobs: ChoiceLogprobs | None


class ChatCompletionChunk(BaseModel, choices=many(one(Choice)), usage=one(CompletionUsage)):
    """A chunk of a streamed reply."""

    id: str
    choices: list[Choice]
    created: int
    model: str
    object: str
    moderation: Any
    obfuscation: str | None
    service_tier: str | None
    system_fingerprint: str | None
    usage: CompletionUsage | None


def read(raw: str) -> ChatCompletionChunk:
    """The model of a chunk from its JSON."""
    return ChatCompletionChunk(**read_fields(raw))


def read_fields(raw: str) -> dict[str, Any]:
    """The fields of a chunk from its JSON."""
    import json

    fields: dict[str, Any] = json.loads(raw)
    for choice in fields.get("choices") or ():
        # Core hands on a message that adds something as the delta; any other message repeats earlier chunks.
        choice.setdefault("delta", {})
    return fields


def fields_of(obj: Any) -> dict[str, Any]:
    """The fields in a mapping, or those of an object."""
    return dict(obj) if isinstance(obj, dict) else obj.model_dump(exclude_unset=True)


def restore(model: ChatCompletionChunk, path: tuple[str | int, ...]) -> Any:
    """A part of the chunk, as it was pickled or copied."""
    from .._core import ChatCompletionChunk as Chunk

    part: Any = Chunk._from_model(model)
    for step in path:
        part = part[step] if isinstance(step, int) else getattr(part, step)
    return part
