"""A whole reply."""

from __future__ import annotations

from ..._models import BaseModel, many, one
from ..completion_usage import CompletionUsage
from .logprobs import ChatCompletionTokenLogprob, ChoiceLogprobs, TopLogprob
from .tool_call import (
    ChatCompletionMessageCustomToolCall,
    ChatCompletionMessageFunctionToolCall,
    read_tool_call,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "Annotation",
    "AnnotationURLCitation",
    "ChatCompletion",
    "ChatCompletionAudio",
    "ChatCompletionMessage",
    "ChatCompletionTokenLogprob",
    "Choice",
    "ChoiceLogprobs",
    "FunctionCall",
    "TopLogprob",
]


class AnnotationURLCitation(BaseModel):
    """A page that the reply cites, and where in its text."""

    end_index: int
    start_index: int
    title: str
    url: str


class Annotation(BaseModel, url_citation=one(AnnotationURLCitation)):
    """A note on a part of the reply's text."""

    type: str
    url_citation: AnnotationURLCitation


class FunctionCall(BaseModel):
    """A call of a function as services made it before there were tools."""

    arguments: str
    name: str


class ChatCompletionAudio(BaseModel):
    """A reply that is spoken."""

    id: str
    data: str
    expires_at: int
    transcript: str


class ChatCompletionMessage(
    BaseModel,
    annotations=many(one(Annotation)),
    audio=one(ChatCompletionAudio),
    function_call=one(FunctionCall),
    tool_calls=many(read_tool_call),
):
    """The model's message."""

    content: str | None
    refusal: str | None
    role: str
    annotations: list[Annotation] | None
    audio: ChatCompletionAudio | None
    function_call: FunctionCall | None
    tool_calls: list[ChatCompletionMessageFunctionToolCall | ChatCompletionMessageCustomToolCall] | None


class Choice(BaseModel, logprobs=one(ChoiceLogprobs), message=one(ChatCompletionMessage)):
    """One of the replies."""

    finish_reason: str
    index: int
    logprobs: ChoiceLogprobs | None
    message: ChatCompletionMessage


class ChatCompletion(BaseModel, choices=many(one(Choice)), usage=one(CompletionUsage)):
    """A whole reply."""

    id: str
    choices: list[Choice]
    created: int
    model: str
    object: str
    metadata: dict[str, str] | None
    moderation: Any
    service_tier: str | None
    system_fingerprint: str | None
    usage: CompletionUsage | None
