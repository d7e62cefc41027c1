"""Stores of conversations: the client of a chat store, and the embedded store."""

from __future__ import annotations

from ._core import ChatStore as CoreChatStore
from ._core import SqliteStore as CoreSqliteStore
from ._core import message_from_user, message_payload, message_reply_to
from ._host import Caller, hosted
from ._host_kinds import TOKEN_PROVIDER
from ._models import BaseModel, many, one
from ._request import Options, settings_to_json, to_json
from ._types import NOT_GIVEN
from ._waiting import result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike
    from typing import Any, Literal, TypeVar

    from typing_extensions import Self, Unpack

    from ._core import Store
    from ._host_types import TokenFunction
    from ._params import TimeoutTypes
    from ._settings import ChatStoreOptions

    Model = TypeVar("Model", bound=BaseModel)
    Found = tuple[str, list[tuple[str, str]]]

__all__ = [
    "AnyStore",
    "AsyncChatStore",
    "AsyncSqliteStore",
    "ChatStore",
    "HistoryPage",
    "SqliteStore",
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

    def payload(self) -> dict[str, Any]:
        """The payload of a record, for an outbox whose sink is a store."""
        import json

        made: dict[str, Any] = json.loads(message_payload(to_json(self)))
        return made


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


class AnyStore:
    """A store, as :class:`turnwire.Turns`, :class:`turnwire.AsyncTurns` and :class:`turnwire.Outbox` take it."""

    __slots__ = ("__weakref__",)

    def _handle(self) -> Store:
        raise NotImplementedError


class _ChatStore(AnyStore):
    """The common part of both clients of a chat store."""

    __slots__ = ("_asks", "_store")

    def __init__(
        self,
        base_url: str,
        *,
        token_provider: TokenFunction | None = None,
        **settings: Unpack[ChatStoreOptions],
    ) -> None:
        """Nothing is sent. Every call needs tokens: the client's own, those of ``with_tokens``, or the provider's.

        ``token_provider`` is called with the id of a user and with the tokens that were refused, both of which may be
        ``None``, and returns ``(access_token, refresh_token)``, or ``None`` if there are none.
        """
        ask = None if token_provider is None else hosted(TOKEN_PROVIDER, token_provider)
        self._asks = ask is not None
        self._store = CoreChatStore(settings_to_json({**settings, "base_url": base_url}), token_provider=ask)

    def with_tokens(self, access_token: str, refresh_token: str) -> Self:
        """The same client with these tokens. It shares connections and renewed tokens."""
        return self._with(self._store.with_tokens(access_token, refresh_token))

    def for_user(self, user_id: str) -> Self:
        """The same client for the user with this UUID, whose tokens the provider is asked for."""
        return self._with(self._store.for_user(user_id))

    def with_options(
        self,
        *,
        headers: Mapping[str, str | None] | None = None,
        max_retries: int | None = None,
        timeout: TimeoutTypes = NOT_GIVEN,
    ) -> Self:
        """The same client with other options for its calls."""
        return self._with(self._store.with_options(Options(headers, None, max_retries, timeout)))

    def stats(self) -> StoreStats:
        """Counters of the calls of this client and its copies."""
        return StoreStats.model_validate_json(self._store.stats())

    def _with(self, store: CoreChatStore) -> Self:
        made = type(self).__new__(type(self))
        made._asks = self._asks
        made._store = store
        return made

    @property
    def _calls(self) -> CoreChatStore:
        """The client for a call of the code that runs now."""
        return self._store.asked_by(self._here()) if self._asks else self._store

    def _here(self) -> Caller:
        return Caller()

    def _handle(self) -> Store:
        return self._store.store()


class ChatStore(_ChatStore):
    """A client of the chat store, which keeps messages, workspaces and sessions.

    It may be shared by threads and greenlets, and used on in a forked process. An expired access token is renewed once,
    however many calls find it stale.

    >>> store = ChatStore("http://localhost:8888", access_token=access, refresh_token=refresh)
    >>> workspace = store.create_workspace(user_id, "첫 대화")
    >>> store.start_session(workspace.id, user_id)
    >>> message = StoreMessage.from_user(workspace.id, user_id, "안녕하세요")
    >>> store.save(message)
    >>> store.count_message(workspace.id)
    >>> store.history(workspace.id) == [message]
    True
    """

    __slots__ = ()

    def save(self, message: StoreMessage) -> None:
        """Saves a message. Saving the same id again replaces it, so transient failures are retried."""
        self._calls.save(to_json(message)).wait()

    def count_message(self, workspace_id: str) -> None:
        """Counts a saved message in the workspace's active session. Call it once for each saved message."""
        self._calls.count_message(workspace_id).wait()

    def create_workspace(self, user_id: str, name: str) -> Workspace:
        """Creates a workspace for a user. A call that failed may still have created it."""
        return _read(Workspace, self._calls.create_workspace(user_id, name).wait())

    def start_session(self, workspace_id: str, user_id: str) -> None:
        """Starts a session in a workspace, so that its messages are counted."""
        self._calls.start_session(workspace_id, user_id).wait()

    def history(self, workspace_id: str) -> list[StoreMessage]:
        """The messages of a workspace, the earliest first."""
        return _read_all(StoreMessage, self._calls.history(workspace_id).wait())

    def workspaces(
        self, user_id: str, status: Literal["ACTIVE", "ARCHIVED", "DELETED"] = "ACTIVE"
    ) -> list[Workspace]:
        """All workspaces of a user with this status."""
        return _read_all(Workspace, self._calls.workspaces(user_id, status).wait())

    def active_session(self, workspace_id: str) -> dict[str, Any] | None:
        """The fields of the workspace's session in which messages are counted now, as the store names them."""
        return _fields(self._calls.active_session(workspace_id).wait())

    def set_session_status(
        self, workspace_id: str, status: Literal["ACTIVE", "COMPLETED", "ERROR", "TIMEOUT"]
    ) -> None:
        """Sets the status of the workspace's session."""
        self._calls.set_session_status(workspace_id, status).wait()


class AsyncChatStore(_ChatStore):
    """As :class:`ChatStore`, for asyncio. It belongs to no event loop, and may be used from several."""

    __slots__ = ()

    def _here(self) -> Caller:
        from asyncio import get_running_loop

        return Caller(get_running_loop())

    async def save(self, message: StoreMessage) -> None:
        """As ``ChatStore.save``."""
        await result(self._calls.save(to_json(message)))

    async def count_message(self, workspace_id: str) -> None:
        """As ``ChatStore.count_message``."""
        await result(self._calls.count_message(workspace_id))

    async def create_workspace(self, user_id: str, name: str) -> Workspace:
        """As ``ChatStore.create_workspace``."""
        return _read(Workspace, await result(self._calls.create_workspace(user_id, name)))

    async def start_session(self, workspace_id: str, user_id: str) -> None:
        """As ``ChatStore.start_session``."""
        await result(self._calls.start_session(workspace_id, user_id))

    async def history(self, workspace_id: str) -> list[StoreMessage]:
        """As ``ChatStore.history``."""
        return _read_all(StoreMessage, await result(self._calls.history(workspace_id)))

    async def workspaces(
        self, user_id: str, status: Literal["ACTIVE", "ARCHIVED", "DELETED"] = "ACTIVE"
    ) -> list[Workspace]:
        """As ``ChatStore.workspaces``."""
        return _read_all(Workspace, await result(self._calls.workspaces(user_id, status)))

    async def active_session(self, workspace_id: str) -> dict[str, Any] | None:
        """As ``ChatStore.active_session``."""
        return _fields(await result(self._calls.active_session(workspace_id)))

    async def set_session_status(
        self, workspace_id: str, status: Literal["ACTIVE", "COMPLETED", "ERROR", "TIMEOUT"]
    ) -> None:
        """As ``ChatStore.set_session_status``."""
        await result(self._calls.set_session_status(workspace_id, status))


class _SqliteStore(AnyStore):
    """The common part of both embedded stores."""

    __slots__ = ("_store",)

    def __init__(self, path: str | PathLike[str]) -> None:
        """Opens or creates the file, with access for its owner alone. Open it when the program starts."""
        self._store = CoreSqliteStore(path)

    @property
    def path(self) -> str:
        """The path of the file, absolute and without links."""
        return str(self._store.path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"

    def _handle(self) -> Store:
        return self._store.store()


class SqliteStore(_SqliteStore):
    """An embedded store of conversations: one SQLite file, shared by the processes that open it, without a server.

    It goes where :class:`ChatStore` goes. It needs no tokens: every call names its user, who reaches only workspaces and
    messages of their own. It may be shared by threads and greenlets, and used on in a forked process.

    >>> store = SqliteStore("var/chat.db")
    >>> turns = Turns(client, store=store)
    >>> list(turns.start("안녕하세요", user_id="user-1", create_workspace=True))
    >>> turns.flush()
    >>> [message.content for message in store.history("user-1", store.workspaces("user-1")[0].id)]
    """

    __slots__ = ()

    def save(self, user_id: str, message: StoreMessage) -> None:
        """Saves a message of this user. Saving the same id again replaces it."""
        self._store.save(user_id, to_json(message)).wait()

    def history(self, user_id: str, workspace_id: str) -> list[StoreMessage]:
        """The messages of a workspace, the earliest first."""
        return _read_all(StoreMessage, self._store.history(user_id, workspace_id).wait())

    def history_page(
        self, user_id: str, workspace_id: str, *, before: str | None = None, limit: int = 50
    ) -> HistoryPage:
        """A page of a workspace's history, from its end: the latest messages, or those before the page whose ``before``
        is given. Messages that are saved meanwhile move no page."""
        return _read(HistoryPage, self._store.history_page(user_id, workspace_id, before, limit).wait())

    def workspaces(self, user_id: str) -> list[Workspace]:
        """The workspaces of a user, the last used first."""
        return _read_all(Workspace, self._store.workspaces(user_id).wait())

    def create_workspace(self, user_id: str, name: str) -> Workspace:
        """Creates a workspace for a user."""
        return _read(Workspace, self._store.create_workspace(user_id, name).wait())

    def rename_workspace(self, user_id: str, workspace_id: str, name: str) -> Workspace:
        """Renames a workspace."""
        return _read(Workspace, self._store.rename_workspace(user_id, workspace_id, name).wait())

    def delete_workspace(self, user_id: str, workspace_id: str) -> bool:
        """Deletes a workspace and its messages for good, and overwrites their text in the file. False if the user does
        not have it."""
        return _flag(self._store.delete_workspace(user_id, workspace_id).wait())

    def sessions(self, user_id: str, workspace_id: str) -> list[StoreSession]:
        """The sessions of a workspace, the earliest first."""
        return _read_all(StoreSession, self._store.sessions(user_id, workspace_id).wait())


class AsyncSqliteStore(_SqliteStore):
    """As :class:`SqliteStore`, for asyncio. No call blocks the event loop, except for the opening of the file."""

    __slots__ = ()

    async def save(self, user_id: str, message: StoreMessage) -> None:
        """As ``SqliteStore.save``."""
        await result(self._store.save(user_id, to_json(message)))

    async def history(self, user_id: str, workspace_id: str) -> list[StoreMessage]:
        """As ``SqliteStore.history``."""
        return _read_all(StoreMessage, await result(self._store.history(user_id, workspace_id)))

    async def history_page(
        self, user_id: str, workspace_id: str, *, before: str | None = None, limit: int = 50
    ) -> HistoryPage:
        """As ``SqliteStore.history_page``."""
        call = self._store.history_page(user_id, workspace_id, before, limit)
        return _read(HistoryPage, await result(call))

    async def workspaces(self, user_id: str) -> list[Workspace]:
        """As ``SqliteStore.workspaces``."""
        return _read_all(Workspace, await result(self._store.workspaces(user_id)))

    async def create_workspace(self, user_id: str, name: str) -> Workspace:
        """As ``SqliteStore.create_workspace``."""
        return _read(Workspace, await result(self._store.create_workspace(user_id, name)))

    async def rename_workspace(self, user_id: str, workspace_id: str, name: str) -> Workspace:
        """As ``SqliteStore.rename_workspace``."""
        return _read(Workspace, await result(self._store.rename_workspace(user_id, workspace_id, name)))

    async def delete_workspace(self, user_id: str, workspace_id: str) -> bool:
        """As ``SqliteStore.delete_workspace``."""
        return _flag(await result(self._store.delete_workspace(user_id, workspace_id)))

    async def sessions(self, user_id: str, workspace_id: str) -> list[StoreSession]:
        """As ``SqliteStore.sessions``."""
        return _read_all(StoreSession, await result(self._store.sessions(user_id, workspace_id)))


OBJECTS: dict[str, type[BaseModel]] = {
    "message": StoreMessage,
    "workspace": Workspace,
    "session": StoreSession,
    "page": HistoryPage,
}
"""The class of each of core's objects of stores."""


def _read(kind: type[Model], found: Found) -> Model:
    return kind.model_validate_json(found[0])


def _read_all(kind: Callable[..., Model], found: Found) -> list[Model]:
    import json

    return [kind(**fields) for fields in json.loads(found[0])]


def _fields(found: Found) -> dict[str, Any] | None:
    import json

    fields: dict[str, Any] | None = json.loads(found[0])
    return fields


def _flag(found: Found) -> bool:
    return found[0] == "true"


def _now() -> int:
    from time import time_ns

    return time_ns() // 1_000_000
