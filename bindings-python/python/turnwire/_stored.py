"""The objects of stores: messages, workspaces, sessions."""

from __future__ import annotations

from ._core import message_from_user, message_reply_to
from ._models import BaseModel, many, one
from ._request import to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal, TypeVar

    from typing_extensions import Self

    Model = TypeVar("Model", bound=BaseModel)
    Found = tuple[str, list[tuple[str, str]]]

__all__ = [
    "HistoryPage",
    "StoreMessage",
    "StoreSession",
    "StoreStats",
    "Workspace",
]


class StoreMessage(BaseModel):
    """A stored message. Times are in milliseconds since 1970."""

    id: str
    """A UUID, the store's key: saving the same id again replaces the message."""
    role: Literal["USER", "AI"] | str
    content: str
    sent_at: int
    """The time of sending. Histories are sorted by it."""
    sender_id: str
    """The user's UUID, or one that all messages of the AI share."""
    parent_id: str | None
    """The message that it replies to."""
    kind: Literal["T", "V"] | str
    """The input method: typed, or by voice."""
    workspace_id: str

    @classmethod
    def from_user(cls, workspace_id: str, user_id: str, content: str, *, sent_at: int | None = None) -> Self:
        """A typed message of a user, with a new id. It is sent now unless ``sent_at`` tells another time."""
        made = message_from_user(workspace_id, user_id, content, _now() if sent_at is None else sent_at)
        return cls.model_validate_json(made)

    def reply(self, content: str, *, sent_at: int | None = None) -> Self:
        """The AI's reply to this message, in its workspace. It is later than this message, as only the time orders the two."""
        made = message_reply_to(to_json(self), content, _now() if sent_at is None else sent_at)
        return type(self).model_validate_json(made)


class Workspace(BaseModel):
    """A workspace: the store's name for a conversation. Times are in milliseconds since 1970."""

    id: str
    name: str
    created_at: int | None
    updated_at: int | None
    deleted_at: int | None
    user_id: str | None
    status: Literal["ACTIVE", "ARCHIVED", "DELETED"] | str | None


class StoreSession(BaseModel):
    """Messages of a workspace without a pause of 10 minutes. Times are in milliseconds since 1970."""

    started_at: int
    last_message_at: int
    messages: int
    """The number of messages."""


class HistoryPage(BaseModel, messages=many(one(StoreMessage))):
    """A part of a workspace's history."""

    messages: list[StoreMessage]
    """The messages, the earliest first."""
    before: str | None
    """The place of the page before this one; ``None`` at the beginning of the history."""


class StoreStats(BaseModel):
    """Counters of the calls of a store's client and its copies."""

    saved: int
    """Saves that the store accepted."""
    counted: int
    """Saved messages that the store counted."""
    uncounted: int
    """Saved messages whose count failed."""
    reissued: int
    """Tokens that the store renewed."""


OBJECTS: dict[str, type[BaseModel]] = {
    "message": StoreMessage,
    "workspace": Workspace,
    "session": StoreSession,
    "page": HistoryPage,
}
"""The class of each of core's objects of stores."""


def read(kind: type[Model], found: Found) -> Model:
    """The object that a call ended with."""
    return kind.model_validate_json(found[0])


def read_all(kind: Callable[..., Model], found: Found) -> list[Model]:
    """The objects that a call ended with."""
    import json

    return [kind(**fields) for fields in json.loads(found[0])]


def read_fields(found: Found) -> dict[str, Any] | None:
    """The fields of an object that a call ended with, unchanged."""
    import json

    fields: dict[str, Any] | None = json.loads(found[0])
    return fields


def read_flag(found: Found) -> bool:
    """The truth that a call ended with."""
    return found[0] == "true"


def _now() -> int:
    from time import time_ns

    return time_ns() // 1_000_000
