"""The tool calls of a whole reply."""

from __future__ import annotations

from ..._models import BaseModel, one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Function(BaseModel):
    """The function that the model calls."""

    arguments: str
    name: str


class ChatCompletionMessageFunctionToolCall(BaseModel, function=one(Function)):
    """A call of a function."""

    id: str
    function: Function
    type: str


class Custom(BaseModel):
    """The tool that the model calls, and what it gives to it."""

    input: str
    name: str


class ChatCompletionMessageCustomToolCall(BaseModel, custom=one(Custom)):
    """A call of a tool that takes plain text."""

    id: str
    custom: Custom
    type: str


def read_tool_call(value: Any) -> Any:
    """Reads a call of either kind."""
    if not isinstance(value, dict):
        return value
    is_custom = value.get("type") == "custom"
    kind = ChatCompletionMessageCustomToolCall if is_custom else ChatCompletionMessageFunctionToolCall
    return kind(**value)
