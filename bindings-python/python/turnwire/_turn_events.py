"""The events of a turn, as objects with a ``type``."""

from __future__ import annotations

from ._fields import Fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, Literal

    from typing_extensions import Self

__all__ = [
    "AudioEvent",
    "ContentEvent",
    "DoneEvent",
    "ErrorEvent",
    "SentimentEvent",
    "StageFailedEvent",
    "TurnEvent",
    "TurnIdsEvent",
    "UsageEvent",
    "WorkspaceEvent",
]


class _Event(Fields):
    """An event: its fields are attributes, and it equals an event of the same fields."""

    __slots__ = ()
    _wire: ClassVar[dict[str, str]] = {}
    """The attributes of fields that have another name on the wire."""

    @classmethod
    def _of(cls, fields: dict[str, Any]) -> Self:
        wire = cls._wire
        return cls(**({wire.get(name, name): value for name, value in fields.items()} if wire else fields))


class TurnIdsEvent(_Event):
    """The ids of the turn and of its messages, before all other events. Sent only if asked for."""

    __slots__ = ("message_id", "reply_id", "turn_id")
    _wire = {"turnId": "turn_id", "messageId": "message_id", "replyId": "reply_id"}  # noqa: RUF012
    type: Literal["turn"] = "turn"

    def __init__(self, turn_id: str, message_id: str, reply_id: str) -> None:
        self.turn_id = turn_id
        self.message_id = message_id
        self.reply_id = reply_id


class WorkspaceEvent(_Event):
    """The workspace of the turn is known."""

    __slots__ = ("workspace_id",)
    _wire = {"workspaceId": "workspace_id"}  # noqa: RUF012
    type: Literal["workspace"] = "workspace"

    def __init__(self, workspace_id: str) -> None:
        self.workspace_id = workspace_id


class ContentEvent(_Event):
    """A piece of the reply."""

    __slots__ = ("content",)
    type: Literal["content"] = "content"

    def __init__(self, content: str) -> None:
        self.content = content


class DoneEvent(_Event):
    """The reply is complete, or was stopped. No event comes after it. The ids and the model are sent only if asked for."""

    __slots__ = ("fallback", "message_id", "model", "reply_id", "stopped", "turn_id")
    _wire = {"turnId": "turn_id", "messageId": "message_id", "replyId": "reply_id"}  # noqa: RUF012
    type: Literal["done"] = "done"

    def __init__(
        self,
        stopped: bool = False,
        turn_id: str | None = None,
        message_id: str | None = None,
        reply_id: str | None = None,
        model: str | None = None,
        fallback: bool = False,
    ) -> None:
        self.stopped = stopped
        self.turn_id = turn_id
        self.message_id = message_id
        self.reply_id = reply_id
        self.model = model
        self.fallback = fallback


class ErrorEvent(_Event):
    """The reply failed midway. No event comes after it."""

    __slots__ = ("code", "message")
    type: Literal["error"] = "error"

    def __init__(self, message: str, code: str | None = None) -> None:
        self.message = message
        self.code = code


class SentimentEvent(_Event):
    """The label of the user's message. Sent only if asked for."""

    __slots__ = ("label",)
    type: Literal["sentiment"] = "sentiment"

    def __init__(self, label: str) -> None:
        self.label = label


class AudioEvent(_Event):
    """A spoken piece of the reply, in the reply's order. Sent only if asked for."""

    __slots__ = ("audio", "mime", "seq", "text")
    _wire = {"audioBase64": "audio"}  # noqa: RUF012
    type: Literal["audio"] = "audio"

    def __init__(self, seq: int, mime: str, audio: bytes, text: str) -> None:
        self.seq = seq
        self.mime = mime
        self.audio = audio
        self.text = text

    @classmethod
    def _of(cls, fields: dict[str, Any]) -> Self:
        from base64 import b64decode

        return cls(fields["seq"], fields["mime"], b64decode(fields["audioBase64"]), fields["text"])


class StageFailedEvent(_Event):
    """A side stage failed, and the turn went on without it. Sent only if asked for."""

    __slots__ = ("code", "message", "stage")
    type: Literal["stage_failed"] = "stage_failed"

    def __init__(self, stage: str, message: str, code: str | None = None) -> None:
        self.stage = stage
        self.message = message
        self.code = code


class UsageEvent(_Event):
    """The tokens that the reply took, as far as the service counted them. Sent only if asked for."""

    __slots__ = ("completion_tokens", "prompt_tokens", "total_tokens")
    _wire = {  # noqa: RUF012
        "promptTokens": "prompt_tokens",
        "completionTokens": "completion_tokens",
        "totalTokens": "total_tokens",
    }
    type: Literal["usage"] = "usage"

    def __init__(
        self,
        prompt_tokens: int | None = None,
        completion_tokens: int | None = None,
        total_tokens: int | None = None,
    ) -> None:
        self.prompt_tokens = prompt_tokens
        self.completion_tokens = completion_tokens
        self.total_tokens = total_tokens


if TYPE_CHECKING:
    TurnEvent = (
        TurnIdsEvent
        | WorkspaceEvent
        | ContentEvent
        | DoneEvent
        | ErrorEvent
        | SentimentEvent
        | AudioEvent
        | StageFailedEvent
        | UsageEvent
    )
else:
    TurnEvent = _Event

KINDS: dict[str, type[_Event]] = {
    kind.type: kind
    for kind in (
        TurnIdsEvent,
        WorkspaceEvent,
        ContentEvent,
        DoneEvent,
        ErrorEvent,
        SentimentEvent,
        AudioEvent,
        StageFailedEvent,
        UsageEvent,
    )
}
"""The class of each type of event."""


def read(text: str) -> _Event:
    """The event of this JSON."""
    import json

    fields = json.loads(text)
    return KINDS[fields.pop("type")]._of(fields)
