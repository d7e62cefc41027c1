"""The reply that a stream's chunks add up to, and the events that they make."""

from __future__ import annotations

from ...._core import Progress
from ...._exceptions import ContentFilterFinishReasonError, LengthFinishReasonError
from ...._parsing import Parsing
from ...._types import NOT_GIVEN, Of
from ....types.chat.parsed import ParsedChatCompletion
from . import _events as events
from ._partial import read_partial
from ._snapshot import apply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    from ...._core import ChatCompletionChunk
    from ....types.chat.parsed import ParsedChoice

    Content = TypeVar("Content")
    EventData = dict[str, Any]
    """An event as core reports it."""


class ChatCompletionStreamState(Of["Content"]):
    """Adds up chunks, of a plain stream too: :meth:`handle_chunk` takes them, one by one."""

    def __init__(self, *, input_tools: Any = NOT_GIVEN, response_format: Any = NOT_GIVEN) -> None:
        self._parsing = Parsing(response_format, {"tools": input_tools}, whole=False)
        self._progress = Progress()
        self._snapshot: ParsedChatCompletion[Content] | None = None

    @classmethod
    def _of(cls, parsing: Parsing) -> ChatCompletionStreamState[Content]:
        state = cls()
        state._parsing = parsing
        return state

    @property
    def current_completion_snapshot(self) -> ParsedChatCompletion[Content]:
        """The reply so far."""
        if self._snapshot is None:
            raise RuntimeError("no chunk has come yet, so there is no snapshot")
        return self._snapshot

    def get_final_completion(self) -> ParsedChatCompletion[Content]:
        """The whole reply, parsed; for use once the stream has ended."""
        return self._parsing.read(self.current_completion_snapshot)

    def handle_chunk(self, chunk: ChatCompletionChunk) -> list[events.ChatCompletionStreamEvent]:
        """Adds a chunk, and returns the events that it makes."""
        import json

        added = json.loads(self._progress.add(chunk._json()))
        if self._snapshot is None:
            # Fields that the service never sends are null, as in the peer's snapshots.
            self._snapshot = ParsedChatCompletion(
                object="chat.completion", choices=[], system_fingerprint=None, usage=None
            )
        snapshot = self._snapshot
        begun = {choice.index for choice in snapshot.choices}
        for operation in added["ops"]:
            apply(snapshot, operation)
        parts = [(part, snapshot.choices[part["choice"]]) for part in added["events"]]
        for part, choice in parts:
            if choice.index in begun:
                # As in the peer's snapshots: a message that is added to has all of its fields, which may be nothing,
                # and is read anew.
                message = choice.message
                message._fields_set = {*message._fields_set, *message._fields} - {"parsed"}
            self._read(part, choice)
        made: list[events.ChatCompletionStreamEvent] = [
            events.ChunkEvent(type="chunk", chunk=chunk, snapshot=snapshot)
        ]
        for part, choice in parts:
            for group in ("text", "calls", "logprobs", "done", "last"):
                made += (self._event(data, choice) for data in part[group])
        return made

    def _read(self, part: EventData, choice: ParsedChoice[Content]) -> None:
        """Parses a reply that is still being written, where that was asked for."""
        if choice.finish_reason and self._parsing.reads:
            if choice.finish_reason == "length":
                raise LengthFinishReasonError(completion=self.current_completion_snapshot)
            if choice.finish_reason == "content_filter":
                raise ContentFilterFinishReasonError(completion=self.current_completion_snapshot)
        message = choice.message
        if self._parsing.reads_text and message.content and not message.refusal:
            message.parsed = read_partial(message.content)
        for data in part["calls"]:
            call = _call(choice, data)
            call._put("index", data["index"])
            function = call.function
            if self._parsing.reads_tool(function.name) and function.arguments:
                function.parsed_arguments = read_partial(function.arguments)

    def _event(self, data: EventData, choice: ParsedChoice[Content]) -> Any:
        return _MAKE[data["type"]](self._parsing, data, choice)


def _call(choice: ParsedChoice[Any], data: EventData) -> Any:
    return (choice.message.tool_calls or [])[data["call"]]


def _content_delta(_: Parsing, data: EventData, choice: ParsedChoice[Any]) -> events.ContentDeltaEvent:
    message = choice.message
    return events.ContentDeltaEvent(
        type=data["type"], delta=data["delta"], snapshot=message.content, parsed=message.parsed
    )


def _content_done(parsing: Parsing, data: EventData, choice: ParsedChoice[Any]) -> events.ContentDoneEvent:
    message = choice.message
    message.parsed = parsing.text(message.content, message.refusal)
    return events.ContentDoneEvent(type=data["type"], content=message.content, parsed=message.parsed)


def _refusal_delta(_: Parsing, data: EventData, choice: ParsedChoice[Any]) -> events.RefusalDeltaEvent:
    return events.RefusalDeltaEvent(type=data["type"], delta=data["delta"], snapshot=choice.message.refusal)


def _refusal_done(_: Parsing, data: EventData, choice: ParsedChoice[Any]) -> events.RefusalDoneEvent:
    return events.RefusalDoneEvent(type=data["type"], refusal=choice.message.refusal)


def _arguments_delta(
    _: Parsing, data: EventData, choice: ParsedChoice[Any]
) -> events.FunctionToolCallArgumentsDeltaEvent:
    function = _call(choice, data).function
    return events.FunctionToolCallArgumentsDeltaEvent(
        type=data["type"],
        name=function.name,
        index=data["index"],
        arguments=function.arguments,
        parsed_arguments=function.parsed_arguments,
        arguments_delta=data["arguments_delta"],
    )


def _arguments_done(
    parsing: Parsing, data: EventData, choice: ParsedChoice[Any]
) -> events.FunctionToolCallArgumentsDoneEvent:
    function = _call(choice, data).function
    function.parsed_arguments = parsing.arguments(function.name, function.arguments)
    return events.FunctionToolCallArgumentsDoneEvent(
        type=data["type"],
        index=data["index"],
        name=function.name,
        arguments=function.arguments,
        parsed_arguments=function.parsed_arguments,
    )


def _new(items: list[Any], count: int) -> list[Any]:
    return items[len(items) - count :]


def _content_logprobs(_: Parsing, data: EventData, choice: Any) -> events.LogprobsContentDeltaEvent:
    items = choice.logprobs.content
    return events.LogprobsContentDeltaEvent(
        type=data["type"], content=_new(items, data["count"]), snapshot=items
    )


def _content_logprobs_done(_: Parsing, data: EventData, choice: Any) -> events.LogprobsContentDoneEvent:
    return events.LogprobsContentDoneEvent(type=data["type"], content=choice.logprobs.content)


def _refusal_logprobs(_: Parsing, data: EventData, choice: Any) -> events.LogprobsRefusalDeltaEvent:
    items = choice.logprobs.refusal
    return events.LogprobsRefusalDeltaEvent(
        type=data["type"], refusal=_new(items, data["count"]), snapshot=items
    )


def _refusal_logprobs_done(_: Parsing, data: EventData, choice: Any) -> events.LogprobsRefusalDoneEvent:
    return events.LogprobsRefusalDoneEvent(type=data["type"], refusal=choice.logprobs.refusal)


_MAKE = {
    "content.delta": _content_delta,
    "content.done": _content_done,
    "refusal.delta": _refusal_delta,
    "refusal.done": _refusal_done,
    "tool_calls.function.arguments.delta": _arguments_delta,
    "tool_calls.function.arguments.done": _arguments_done,
    "logprobs.content.delta": _content_logprobs,
    "logprobs.content.done": _content_logprobs_done,
    "logprobs.refusal.delta": _refusal_logprobs,
    "logprobs.refusal.done": _refusal_logprobs_done,
}
"""The function that makes each event, by the event's name."""
