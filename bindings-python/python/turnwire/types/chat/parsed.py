"""A whole reply whose text was read into what it was asked to be."""

from __future__ import annotations

from ..._models import many, one
from ..._types import Of
from .chat_completion import ChatCompletion, ChatCompletionMessage, Choice
from .tool_call import ChatCompletionMessageFunctionToolCall, Function, read_tool_call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    Content = TypeVar("Content")


class ParsedFunction(Function):
    """The function that the model calls, with its arguments read."""

    parsed_arguments: Any


class ParsedFunctionToolCall(ChatCompletionMessageFunctionToolCall, function=one(ParsedFunction)):
    """A call of a function."""

    function: ParsedFunction  # pyright: ignore[reportIncompatibleVariableOverride]


def _read_call(value: Any) -> Any:
    is_of_function = not isinstance(value, dict) or value.get("type") != "custom" or "function" in value
    return one(ParsedFunctionToolCall)(value) if is_of_function else read_tool_call(value)


class ParsedChatCompletionMessage(ChatCompletionMessage, Of["Content"], tool_calls=many(_read_call)):
    """The model's message, and its parsed form. A call of a custom tool is in ``tool_calls`` unchanged."""

    tool_calls: list[ParsedFunctionToolCall] | None  # type: ignore[assignment]
    parsed: Content | None


class ParsedChoice(Choice, Of["Content"], message=one(ParsedChatCompletionMessage)):
    """One of the replies."""

    message: ParsedChatCompletionMessage[Content]  # pyright: ignore[reportIncompatibleVariableOverride]


class ParsedChatCompletion(ChatCompletion, Of["Content"], choices=many(one(ParsedChoice))):
    """A whole reply."""

    choices: list[ParsedChoice[Content]]  # type: ignore[assignment]
