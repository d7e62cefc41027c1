"""A whole reply whose text was read into what it was asked to be."""

from __future__ import annotations

from ..._models import many, one
from .chat_completion import ChatCompletion, ChatCompletionMessage, Choice
from .tool_call import ChatCompletionMessageFunctionToolCall, Function

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generic, TypeVar

    Content = TypeVar("Content")

    class _Of(Generic[Content]):
        pass
else:

    class _Of:
        """Takes the type of the content at run time, and has no use for it."""

        __slots__ = ()

        def __class_getitem__(cls, _content):
            return cls


class ParsedFunction(Function):
    """The function that the model calls, with its arguments read."""

    parsed_arguments: Any


class ParsedFunctionToolCall(ChatCompletionMessageFunctionToolCall, function=one(ParsedFunction)):
    """A call of a function."""

    function: ParsedFunction


class ParsedChatCompletionMessage(
    ChatCompletionMessage, _Of["Content"], tool_calls=many(one(ParsedFunctionToolCall))
):
    """What the model says, and what that was read into."""

    tool_calls: list[ParsedFunctionToolCall] | None  # type: ignore[assignment]
    parsed: Content | None


class ParsedChoice(Choice, _Of["Content"], message=one(ParsedChatCompletionMessage)):
    """One of the replies."""

    message: ParsedChatCompletionMessage[Content]


class ParsedChatCompletion(ChatCompletion, _Of["Content"], choices=many(one(ParsedChoice))):
    """A whole reply."""

    choices: list[ParsedChoice[Content]]  # type: ignore[assignment]
