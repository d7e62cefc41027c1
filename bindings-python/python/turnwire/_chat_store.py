"""The client of a chat store."""

from __future__ import annotations

from ._any_store import AnyStore
from ._core import ChatStore as CoreChatStore
from ._request import to_json
from ._stored import StoreMessage, StoreStats, Workspace, read, read_all, read_fields
from ._token_client import AsyncCalls, TokenClient
from ._waiting import result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from typing_extensions import Self, Unpack

    from ._core import Store
    from ._host_types import TokenFunction
    from ._settings import ChatStoreOptions

__all__ = ["AsyncChatStore", "ChatStore"]


class _ChatStore(TokenClient["CoreChatStore"], AnyStore):
    """The common part of both clients of a chat store."""

    __slots__ = ()

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
        self._open(
            lambda json, ask: CoreChatStore(json, token_provider=ask),
            {**settings, "base_url": base_url},
            token_provider,
        )

    def with_tokens(self, access_token: str, refresh_token: str) -> Self:
        """The same client with these tokens. It shares connections and renewed tokens."""
        return self._with(self._native.with_tokens(access_token, refresh_token))

    def for_user(self, user_id: str) -> Self:
        """The same client for the user with this UUID, whose tokens the provider is asked for."""
        return self._with(self._native.for_user(user_id))

    def stats(self) -> StoreStats:
        """Counters of the calls of this client and its copies."""
        return StoreStats.model_validate_json(self._native.stats())

    def _handle(self) -> Store:
        return self._native.store()


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
        return read(Workspace, self._calls.create_workspace(user_id, name).wait())

    def start_session(self, workspace_id: str, user_id: str) -> None:
        """Starts a session in a workspace, so that its messages are counted."""
        self._calls.start_session(workspace_id, user_id).wait()

    def history(self, workspace_id: str) -> list[StoreMessage]:
        """The messages of a workspace, the earliest first."""
        return read_all(StoreMessage, self._calls.history(workspace_id).wait())

    def workspaces(
        self, user_id: str, status: Literal["ACTIVE", "ARCHIVED", "DELETED"] = "ACTIVE"
    ) -> list[Workspace]:
        """All workspaces of a user with this status."""
        return read_all(Workspace, self._calls.workspaces(user_id, status).wait())

    def active_session(self, workspace_id: str) -> dict[str, Any] | None:
        """The fields of the workspace's session in which messages are counted now, as the store names them."""
        return read_fields(self._calls.active_session(workspace_id).wait())

    def set_session_status(
        self, workspace_id: str, status: Literal["ACTIVE", "COMPLETED", "ERROR", "TIMEOUT"]
    ) -> None:
        """Sets the status of the workspace's session."""
        self._calls.set_session_status(workspace_id, status).wait()


class AsyncChatStore(AsyncCalls, _ChatStore):
    """As :class:`ChatStore`, for asyncio. It belongs to no event loop, and may be used from several."""

    __slots__ = ()

    async def save(self, message: StoreMessage) -> None:
        """As ``ChatStore.save``."""
        await result(self._calls.save(to_json(message)))

    async def count_message(self, workspace_id: str) -> None:
        """As ``ChatStore.count_message``."""
        await result(self._calls.count_message(workspace_id))

    async def create_workspace(self, user_id: str, name: str) -> Workspace:
        """As ``ChatStore.create_workspace``."""
        return read(Workspace, await result(self._calls.create_workspace(user_id, name)))

    async def start_session(self, workspace_id: str, user_id: str) -> None:
        """As ``ChatStore.start_session``."""
        await result(self._calls.start_session(workspace_id, user_id))

    async def history(self, workspace_id: str) -> list[StoreMessage]:
        """As ``ChatStore.history``."""
        return read_all(StoreMessage, await result(self._calls.history(workspace_id)))

    async def workspaces(
        self, user_id: str, status: Literal["ACTIVE", "ARCHIVED", "DELETED"] = "ACTIVE"
    ) -> list[Workspace]:
        """As ``ChatStore.workspaces``."""
        return read_all(Workspace, await result(self._calls.workspaces(user_id, status)))

    async def active_session(self, workspace_id: str) -> dict[str, Any] | None:
        """As ``ChatStore.active_session``."""
        return read_fields(await result(self._calls.active_session(workspace_id)))

    async def set_session_status(
        self, workspace_id: str, status: Literal["ACTIVE", "COMPLETED", "ERROR", "TIMEOUT"]
    ) -> None:
        """As ``ChatStore.set_session_status``."""
        await result(self._calls.set_session_status(workspace_id, status))
