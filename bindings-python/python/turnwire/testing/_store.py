"""A fake chat store."""

from __future__ import annotations

import uuid
from typing import TypedDict

from ._service import Fake

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["FakeLogin", "FakeStore"]

_LIFE = 24 * 60 * 60 * 1000


class FakeLogin(TypedDict):
    """The tokens of a user, by the names of a turn's fields."""

    access_token: str
    refresh_token: str


class FakeStore(Fake):
    """A chat store, which keeps in memory what it is told. Its ``url`` is that of a ``ChatStore``.

    ``script`` takes the name of a call as its key: ``save``, ``update-messages``, ``create-workspace``, ``start-session``,
    ``history``, ``workspaces``, ``session``, ``update-status`` or ``reissue``.

    >>> def test_a_message_is_saved_after_a_failure(fake_llm, fake_store):
    ...     fake_store.fail("save", 503, "starting")
    ...     fake_store.work("save")
    ...     user = "11111111-1111-4111-8111-111111111111"
    ...     workspace = fake_store.add_workspace(user)
    ...     turns = Turns(OpenAI(base_url=fake_llm.base_url, api_key="k"), store=fake_store.url)
    ...     list(turns.start("안녕", user_id=user, workspace_id=workspace, **fake_store.login(user)))
    ...     turns.flush()
    ...     assert len(fake_store.messages(workspace)) == 2
    """

    _kind = "store"

    def login(self, user_id: str, access_life: float | None = None) -> FakeLogin:
        """Tokens of a user. The access token lives for
        ``access_life`` seconds, by default half an hour; one that has expired is answered with 401 and ``Token-Expired``."""
        asked: dict[str, Any] = {"memUuid": user_id}
        if access_life is not None:
            asked |= {"accessMs": round(access_life * 1000), "refreshMs": _LIFE}
        tokens = self._control("POST", "login", asked)
        return {"access_token": tokens["access"], "refresh_token": tokens["refresh"]}

    def add_workspace(self, user_id: str, workspace_id: str | None = None) -> str:
        """Creates a workspace with an active session, and returns its id."""
        id = workspace_id or str(uuid.uuid4())
        self._control("POST", "workspace", {"workspaceId": id, "memUuid": user_id})
        return id

    def messages(self, workspace_id: str) -> list[dict[str, Any]]:
        """The messages of a workspace as they were saved (``msgId``, ``msgContent`` …), in the order of their first saves."""
        rows = self._control("GET", "stored")["messages"]
        found = [row["message"] for row in rows]
        return [message for message in found if message["msgWorkspaceId"] == workspace_id]

    def advance(self, seconds: float) -> None:
        """Turns the store's clock: tokens expire, sessions time out."""
        self._control("POST", "advance", {"ms": round(seconds * 1000)})

    def fail(self, call: str, status: int, message: str) -> None:
        """Queues an error for a call."""
        error = {"success": False, "message": message, "data": None}
        self.script({"status": status, "framing": "length", "steps": [{"json": error}]}, key=call)

    def work(self, call: str) -> None:
        """Queues the call's own answer, such as after errors."""
        self.script({"act": "pass"}, key=call)
