"""The embedded store."""

from __future__ import annotations

from ._any_store import AnyStore
from ._core import SqliteStore as CoreSqliteStore
from ._logging import keep_logs
from ._request import to_json
from ._stored import HistoryPage, StoreMessage, StoreSession, Workspace, read, read_all, read_flag
from ._waiting import result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike

    from ._core import Store

__all__ = ["AsyncSqliteStore", "SqliteStore"]


class _SqliteStore(AnyStore):
    """The common part of both embedded stores."""

    __slots__ = ("__weakref__", "_store")

    def __init__(self, path: str | PathLike[str]) -> None:
        """Opens or creates the file, with access for its owner alone. Open it when the program starts."""
        keep_logs()
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
        return read_all(StoreMessage, self._store.history(user_id, workspace_id).wait())

    def history_page(
        self, user_id: str, workspace_id: str, *, before: str | None = None, limit: int = 50
    ) -> HistoryPage:
        """A page of a workspace's history, from its end: the latest messages, or those before the page whose ``before``
        is given. Messages that are saved meanwhile move no page."""
        return read(HistoryPage, self._store.history_page(user_id, workspace_id, before, limit).wait())

    def workspaces(self, user_id: str) -> list[Workspace]:
        """The workspaces of a user, the last used first."""
        return read_all(Workspace, self._store.workspaces(user_id).wait())

    def create_workspace(self, user_id: str, name: str) -> Workspace:
        """Creates a workspace for a user."""
        return read(Workspace, self._store.create_workspace(user_id, name).wait())

    def rename_workspace(self, user_id: str, workspace_id: str, name: str) -> Workspace:
        """Renames a workspace."""
        return read(Workspace, self._store.rename_workspace(user_id, workspace_id, name).wait())

    def delete_workspace(self, user_id: str, workspace_id: str) -> bool:
        """Deletes a workspace and its messages for good, and overwrites their text in the file. False if the user does
        not have it."""
        return read_flag(self._store.delete_workspace(user_id, workspace_id).wait())

    def sessions(self, user_id: str, workspace_id: str) -> list[StoreSession]:
        """The sessions of a workspace, the earliest first."""
        return read_all(StoreSession, self._store.sessions(user_id, workspace_id).wait())


class AsyncSqliteStore(_SqliteStore):
    """As :class:`SqliteStore`, for asyncio. No call blocks the event loop, except for the opening of the file."""

    __slots__ = ()

    async def save(self, user_id: str, message: StoreMessage) -> None:
        """As ``SqliteStore.save``."""
        await result(self._store.save(user_id, to_json(message)))

    async def history(self, user_id: str, workspace_id: str) -> list[StoreMessage]:
        """As ``SqliteStore.history``."""
        return read_all(StoreMessage, await result(self._store.history(user_id, workspace_id)))

    async def history_page(
        self, user_id: str, workspace_id: str, *, before: str | None = None, limit: int = 50
    ) -> HistoryPage:
        """As ``SqliteStore.history_page``."""
        call = self._store.history_page(user_id, workspace_id, before, limit)
        return read(HistoryPage, await result(call))

    async def workspaces(self, user_id: str) -> list[Workspace]:
        """As ``SqliteStore.workspaces``."""
        return read_all(Workspace, await result(self._store.workspaces(user_id)))

    async def create_workspace(self, user_id: str, name: str) -> Workspace:
        """As ``SqliteStore.create_workspace``."""
        return read(Workspace, await result(self._store.create_workspace(user_id, name)))

    async def rename_workspace(self, user_id: str, workspace_id: str, name: str) -> Workspace:
        """As ``SqliteStore.rename_workspace``."""
        return read(Workspace, await result(self._store.rename_workspace(user_id, workspace_id, name)))

    async def delete_workspace(self, user_id: str, workspace_id: str) -> bool:
        """As ``SqliteStore.delete_workspace``."""
        return read_flag(await result(self._store.delete_workspace(user_id, workspace_id)))

    async def sessions(self, user_id: str, workspace_id: str) -> list[StoreSession]:
        """As ``SqliteStore.sessions``."""
        return read_all(StoreSession, await result(self._store.sessions(user_id, workspace_id)))
