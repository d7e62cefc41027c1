"""What a stream's chunks add up to, and the events that they make."""

from __future__ import annotations

from ...._exceptions import ContentFilterFinishReasonError, LengthFinishReasonError
from ...._parsing import Parsing
from ...._types import NOT_GIVEN, Of
from ....types.chat.parsed import ParsedChatCompletion, ParsedChatCompletionMessage, ParsedChoice
from . import _events as events
from ._partial import read_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TypeVar

    from ...._core import ChatCompletionChunk
    from ...._core import Choice as ChunkChoice

    Content = TypeVar("Content")


class ChatCompletionStreamState(Of["Content"]):
    """Adds up chunks, of a plain stream too: :meth:`handle_chunk` takes them, one by one."""

    def __init__(self, *, input_tools: Any = NOT_GIVEN, response_format: Any = NOT_GIVEN) -> None:
        self._parsing = Parsing(response_format, {"tools": input_tools}, whole=False)
        self._snapshot: ParsedChatCompletion[Content] | None = None
        self._told: dict[int, _Told] = {}

    @classmethod
    def _of(cls, parsing: Parsing) -> ChatCompletionStreamState[Content]:
        state = cls()
        state._parsing = parsing
        return state

    @property
    def current_completion_snapshot(self) -> ParsedChatCompletion[Content]:
        """The reply as far as it has come."""
        if self._snapshot is None:
            raise RuntimeError("no chunk has come yet, so there is no snapshot")
        return self._snapshot

    def get_final_completion(self) -> ParsedChatCompletion[Content]:
        """The whole reply, read into what it was asked to be. It is for when the stream has ended."""
        return self._parsing.read(self.current_completion_snapshot)

    def handle_chunk(self, chunk: ChatCompletionChunk) -> list[events.ChatCompletionStreamEvent]:
        """Adds a chunk, and gives the events that it makes."""
        snapshot = self._add_head(chunk)
        choices = [(part, self._add_choice(snapshot, part)) for part in chunk.choices]
        made: list[events.ChatCompletionStreamEvent] = [
            events.ChunkEvent(type="chunk", chunk=chunk, snapshot=snapshot)
        ]
        for part, choice in choices:
            made += self._new(part, choice)
            made += self._told.setdefault(choice.index, _Told(self._parsing)).done(part, choice)
        return made

    def _add_head(self, chunk: ChatCompletionChunk) -> ParsedChatCompletion[Content]:
        snapshot = self._snapshot
        if snapshot is None:
            fields = {"system_fingerprint": None, **chunk.to_dict()}
            fields.pop("obfuscation", None)
            made: ParsedChatCompletion[Content] = ParsedChatCompletion(
                **{**fields, "object": "chat.completion", "choices": []}
            )
            self._snapshot = made
            return made
        snapshot.usage = chunk.usage
        snapshot.system_fingerprint = chunk.system_fingerprint
        if chunk.moderation is not None:
            snapshot.moderation = chunk.moderation
        return snapshot

    def _add_choice(
        self, snapshot: ParsedChatCompletion[Content], part: ChunkChoice
    ) -> ParsedChoice[Content]:
        at = part.index or 0
        found = [choice for choice in snapshot.choices if choice.index == at]
        delta = part.delta.to_dict()
        for (index, _), call in zip(_calls(part), delta.get("tool_calls") or (), strict=True):
            call["index"] = index
        if found:
            choice = found[0]
            choice.message = _with_delta(choice.message, delta)
            _add_logprobs(choice, part)
        else:
            fields = part.to_dict()
            fields.pop("delta", None)
            choice = ParsedChoice(**{**fields, "index": at, "message": _added({}, delta)})
            snapshot.choices.append(choice)
            snapshot.choices.sort(key=lambda each: each.index)
        if part.finish_reason:
            choice.finish_reason = part.finish_reason
            if self._parsing.reads:
                if part.finish_reason == "length":
                    raise LengthFinishReasonError(completion=snapshot)
                if part.finish_reason == "content_filter":
                    raise ContentFilterFinishReasonError(completion=snapshot)
        self._read(part, choice)
        return choice

    def _read(self, part: ChunkChoice, choice: ParsedChoice[Content]) -> None:
        """Reads what is to be read of a reply that is still being written."""
        message = choice.message
        if self._parsing.reads_text and message.content and not message.refusal:
            message.parsed = read_partial(message.content)
        for index, _ in _calls(part):
            function = _call(choice, index).function
            if self._parsing.reads_tool(function.name) and function.arguments:
                function.parsed_arguments = read_partial(function.arguments)

    def _new(
        self, part: ChunkChoice, choice: ParsedChoice[Content]
    ) -> Iterator[events.ChatCompletionStreamEvent]:
        delta, message = part.delta, choice.message
        if delta.content is not None and message.content is not None:
            yield events.ContentDeltaEvent(
                type="content.delta", delta=delta.content, snapshot=message.content, parsed=message.parsed
            )
        if delta.refusal is not None and message.refusal is not None:
            yield events.RefusalDeltaEvent(
                type="refusal.delta", delta=delta.refusal, snapshot=message.refusal
            )
        for index, call in _calls(part):
            whole = _call(choice, index)
            if whole.type == "function":
                yield events.FunctionToolCallArgumentsDeltaEvent(
                    type="tool_calls.function.arguments.delta",
                    name=whole.function.name,
                    index=index,
                    arguments=whole.function.arguments,
                    parsed_arguments=whole.function.parsed_arguments,
                    arguments_delta=(call.function and call.function.arguments) or "",
                )
        new, so_far = part.logprobs, choice.logprobs
        if new and so_far and new.content and so_far.content:
            yield events.LogprobsContentDeltaEvent(
                type="logprobs.content.delta", content=new.content, snapshot=so_far.content
            )
        if new and so_far and new.refusal and so_far.refusal:
            yield events.LogprobsRefusalDeltaEvent(
                type="logprobs.refusal.delta", refusal=new.refusal, snapshot=so_far.refusal
            )


class _Told:
    """Which of a choice's parts were told to be whole."""

    def __init__(self, parsing: Parsing) -> None:
        self._parsing = parsing
        self._done: set[str | int] = set()
        self._open: int | None = None
        """The tool call that is being written."""

    def done(
        self, part: ChunkChoice, choice: ParsedChoice[Any]
    ) -> Iterator[events.ChatCompletionStreamEvent]:
        """The events of parts that are whole now."""
        if choice.finish_reason:
            yield from self._text(choice)
            yield from self._call(choice)
        for index, _ in _calls(part):
            if self._open != index:
                yield from self._text(choice)
                yield from self._call(choice)
            self._open = index

    def _text(self, choice: ParsedChoice[Any]) -> Iterator[events.ChatCompletionStreamEvent]:
        message, logprobs = choice.message, choice.logprobs
        if message.content and self._is_first("content"):
            message.parsed = self._parsing.text(message.content, message.refusal)
            yield events.ContentDoneEvent(type="content.done", content=message.content, parsed=message.parsed)
        if message.refusal is not None and self._is_first("refusal"):
            yield events.RefusalDoneEvent(type="refusal.done", refusal=message.refusal)
        if logprobs and logprobs.content is not None and self._is_first("logprobs.content"):
            yield events.LogprobsContentDoneEvent(type="logprobs.content.done", content=logprobs.content)
        if logprobs and logprobs.refusal is not None and self._is_first("logprobs.refusal"):
            yield events.LogprobsRefusalDoneEvent(type="logprobs.refusal.done", refusal=logprobs.refusal)

    def _call(self, choice: ParsedChoice[Any]) -> Iterator[events.ChatCompletionStreamEvent]:
        index = self._open
        if index is None or not self._is_first(index):
            return
        call = _call(choice, index)
        if call.type == "function":
            function = call.function
            function.parsed_arguments = self._parsing.arguments(function.name, function.arguments)
            yield events.FunctionToolCallArgumentsDoneEvent(
                type="tool_calls.function.arguments.done",
                index=index,
                name=function.name,
                arguments=function.arguments,
                parsed_arguments=function.parsed_arguments,
            )

    def _is_first(self, what: str | int) -> bool:
        if what in self._done:
            return False
        self._done.add(what)
        return True


def _calls(part: ChunkChoice) -> list[tuple[int, Any]]:
    """The parts of tool calls, with which call they are of; by their places where a service does not say."""
    calls = enumerate(part.delta.tool_calls or ())
    return [(at if call.index is None else call.index, call) for at, call in calls]


def _call(choice: ParsedChoice[Any], index: int) -> Any:
    return next(call for call in choice.message.tool_calls or () if call.index == index)


def _with_delta(message: Any, delta: dict[str, Any]) -> ParsedChatCompletionMessage[Any]:
    fields = message.model_dump(exclude={"parsed"})
    for call in fields["tool_calls"] or ():
        call["function"].pop("parsed_arguments", None)
    made: ParsedChatCompletionMessage[Any] = ParsedChatCompletionMessage(**_added(fields, delta))
    for old, new in zip(message.tool_calls or (), made.tool_calls or (), strict=False):
        new.function.parsed_arguments = old.function.parsed_arguments
    return made


def _add_logprobs(choice: ParsedChoice[Any], part: ChunkChoice) -> None:
    new, so_far = part.logprobs, choice.logprobs
    if new is None:
        return
    if so_far is None:
        choice.logprobs = type(new)(content=new.content, refusal=new.refusal)
        return
    so_far.content = (so_far.content or []) + new.content if new.content else so_far.content
    so_far.refusal = (so_far.refusal or []) + new.refusal if new.refusal else so_far.refusal


def _added(so_far: dict[str, Any], delta: dict[str, Any]) -> dict[str, Any]:
    """Adds up the fields: texts and numbers, objects by their fields, lists by their items' ``index``."""
    for name, more in delta.items():
        old = so_far.get(name)
        # These say which one is meant, and of what kind it is.
        if name in ("index", "type") or (old is None and not isinstance(more, list)):
            so_far[name] = more
        elif isinstance(more, list):
            so_far[name] = _joined(old or [], more)
        elif isinstance(old, dict) and isinstance(more, dict):
            _added(old, more)
        elif (isinstance(old, str) and isinstance(more, str)) or (_is_number(old) and _is_number(more)):
            so_far[name] += more
    return so_far


def _joined(items: list[Any], more: list[Any]) -> list[Any]:
    for item in more:
        index = item.get("index") if isinstance(item, dict) else None
        found = [old for old in items if isinstance(old, dict) and old.get("index") == index]
        if index is not None and found:
            _added(found[0], item)
        else:
            items.append(item)
    return items


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
