"""Tokens and how likely they were."""

from __future__ import annotations

from ..._models import BaseModel, many, number, one


class TopLogprob(BaseModel, logprob=number):
    """A token that could have stood at a place."""

    token: str
    bytes: list[int] | None
    logprob: float


class ChatCompletionTokenLogprob(BaseModel, logprob=number, top_logprobs=many(one(TopLogprob))):
    """A token of the reply, and those that could have stood in its place."""

    token: str
    bytes: list[int] | None
    logprob: float
    top_logprobs: list[TopLogprob]


class ChoiceLogprobs(
    BaseModel,
    content=many(one(ChatCompletionTokenLogprob)),
    refusal=many(one(ChatCompletionTokenLogprob)),
):
    """The tokens of a reply's text and of its refusal."""

    content: list[ChatCompletionTokenLogprob] | None
    refusal: list[ChatCompletionTokenLogprob] | None
