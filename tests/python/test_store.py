"""Stores: the client of a chat store, and the embedded store; alone and behind turns."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_processes import FORK

import turnwire
from conftest import Program
from fake import Fake, FakeStore
from turnwire import (
    AsyncChatStore,
    AsyncSqliteStore,
    AsyncTurns,
    ChatStore,
    SqliteStore,
    StoreMessage,
    Turns,
    Workspace,
)

USER = "11111111-1111-4111-8111-111111111111"


@pytest.fixture(autouse=True)
def fresh(store: FakeStore) -> Iterator[None]:
    """No script of a test reaches another."""
    yield
    store.reset()


@pytest.fixture
def chat_store(store: FakeStore) -> ChatStore:
    return ChatStore(store.url, **store.login(USER))  # type: ignore[arg-type]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "var" / "chat.db"


def test_a_conversation_is_kept_in_the_chat_store(chat_store: ChatStore, store: FakeStore) -> None:
    workspace = chat_store.create_workspace(USER, "첫 대화")
    assert isinstance(workspace, Workspace) and workspace.id
    chat_store.start_session(workspace.id, USER)
    asked = StoreMessage.from_user(workspace.id, USER, "안녕하세요")
    reply = asked.reply("반갑습니다", sent_at=0)
    assert (reply.role, reply.parent_id, reply.sent_at) == ("AI", asked.id, asked.sent_at + 1)
    for message in (reply, asked, asked):
        chat_store.save(message)
    chat_store.count_message(workspace.id)
    assert chat_store.history(workspace.id) == [asked, reply]
    assert [row["msgId"] for row in store.messages(workspace.id)] == [reply.id, asked.id]

    session = chat_store.active_session(workspace.id)
    assert session is not None and session["sessionMessageCount"] == 1
    chat_store.set_session_status(workspace.id, "COMPLETED")
    assert chat_store.active_session(workspace.id) is None
    (listed,) = [one for one in chat_store.workspaces(USER) if one.id == workspace.id]
    assert (listed.name, listed.user_id, listed.status) == ("첫 대화", USER, "ACTIVE")
    assert isinstance(listed.created_at, int) and listed.deleted_at is None
    assert workspace.id not in [one.id for one in chat_store.workspaces(USER, "DELETED")]
    stats = chat_store.stats()
    assert (stats.saved, stats.counted, stats.uncounted, stats.reissued) == (3, 1, 0, 0)


def test_both_kinds_of_clients_do_the_same(store: FakeStore, file: Path) -> None:
    """Each method of the plain classes, by its asynchronous form."""
    for plain, other in ((ChatStore, AsyncChatStore), (SqliteStore, AsyncSqliteStore)):
        calls = {name for name in vars(plain) if not name.startswith("_")}
        assert calls == {name for name in vars(other) if not name.startswith("_")} and len(calls) >= 8

    async def chat() -> None:
        client = AsyncChatStore(store.url, **store.login(USER))  # type: ignore[arg-type]
        workspace = await client.create_workspace(USER, "async")
        await client.start_session(workspace.id, USER)
        message = StoreMessage.from_user(workspace.id, USER, "hi")
        await asyncio.gather(*(client.save(message) for _ in range(10)))
        await client.count_message(workspace.id)
        assert await client.history(workspace.id) == [message]
        assert workspace.id in [one.id for one in await client.workspaces(USER)]
        session = await client.active_session(workspace.id)
        assert session is not None and session["sessionMessageCount"] == 1
        await client.set_session_status(workspace.id, "TIMEOUT")
        assert await client.active_session(workspace.id) is None
        assert client.stats().saved == 10

    async def sqlite() -> None:
        client = AsyncSqliteStore(file)
        workspace = await client.create_workspace(USER, "async")
        messages = [
            StoreMessage.from_user(workspace.id, USER, text, sent_at=at) for at, text in ((1, "a"), (2, "b"))
        ]
        for message in messages:
            await client.save(USER, message)
        assert await client.history(USER, workspace.id) == messages
        page = await client.history_page(USER, workspace.id, limit=1)
        assert (page.messages, page.before) == ([messages[1]], messages[1].id)
        assert (await client.rename_workspace(USER, workspace.id, "new")).name == "new"
        assert [one.name for one in await client.workspaces(USER)] == ["new"]
        assert [one.messages for one in await client.sessions(USER, workspace.id)] == [2]
        assert await client.delete_workspace(USER, workspace.id)
        assert not await client.delete_workspace(USER, workspace.id)

    for run in (chat, sqlite):
        asyncio.run(run())


def test_tokens_belong_to_a_client_a_copy_or_nobody(store: FakeStore) -> None:
    tokens = store.login(USER)
    anybody = ChatStore(store.url)
    with pytest.raises(turnwire.AuthenticationError, match="this call has no tokens") as refused:
        anybody.workspaces(USER)
    assert (refused.value.error_code, refused.value.operation) == ("authentication", "store.workspaces")
    assert refused.value.status is None and refused.value.status_code == 0
    somebody = anybody.with_tokens(**tokens)
    assert isinstance(somebody.workspaces(USER), list)
    assert somebody.for_user(USER).stats() == anybody.stats()
    with pytest.raises(turnwire.ConfigError, match="belong together"):
        ChatStore(store.url, access_token="a")
    with pytest.raises(turnwire.ConfigError, match="is no setting"):
        ChatStore(store.url, acces_token="a")  # type: ignore[call-arg]


def test_an_error_of_the_store_is_told_without_its_tokens(store: FakeStore) -> None:
    access, refresh = (
        "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0LWFjY2Vzcw.c2ln",
        "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0LXJlZnJlc2g.c2ln",
    )
    client = ChatStore(
        store.url, access_token=access, refresh_token=refresh, http={"retry": {"max_retries": 0}}
    )
    body = {"success": False, "message": f"refused: {access}", "data": None}
    for status, kind in ((400, turnwire.BadRequestError), (500, turnwire.InternalServerError)):
        store.script("history", {"status": status, "steps": [{"json": body}]})
        with pytest.raises(kind) as refused:
            client.history("w")
        error = refused.value
        assert (error.operation, error.status, error.status_code) == ("store.history", status, status)
        assert "refused" in str(error)
        shown = "".join(map(repr, (error, error.args, error.__dict__, client))) + str(error)
        shown += pickle.dumps(error).decode("latin-1")
        for secret in (access, refresh, "c2VjcmV0LWFjY2Vzcw"):
            assert secret not in shown
    for copied in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="pickle"):
            copied(client)


def test_options_of_calls_go_with_a_copy(store: FakeStore, chat_store: ChatStore) -> None:
    store.workspace("options", USER)
    of_the_team = chat_store.with_options(headers={"x-team": "red"}, timeout=60, max_retries=0)
    of_the_team.history("options")
    assert store.all_requests()[-1]["headers"].count(["x-team", "red"]) == 1
    hurried = chat_store.with_options(timeout=0.2, max_retries=0)
    store.script("history", {"wait_ms_before_headers": 60_000, "steps": []})
    with pytest.raises(turnwire.APITimeoutError):
        hurried.history("options")


def test_a_conversation_is_kept_in_a_file(file: Path) -> None:
    client = SqliteStore(file)
    assert client.path == str(file) and repr(client) == f"SqliteStore({str(file)!r})"
    workspace = client.create_workspace(USER, "첫 대화")
    messages = [StoreMessage.from_user(workspace.id, USER, str(at), sent_at=at * 300_000) for at in range(5)]
    for message in reversed(messages):
        client.save(USER, message)
    assert client.history(USER, workspace.id) == messages
    page = client.history_page(USER, workspace.id, limit=2)
    assert page.messages == messages[3:]
    page = client.history_page(USER, workspace.id, before=page.before, limit=50)
    assert page.messages == messages[:3] and page.before is None
    (session,) = client.sessions(USER, workspace.id)
    assert (session.started_at, session.last_message_at, session.messages) == (0, 1_200_000, 5)
    assert client.workspaces("another") == []
    with pytest.raises(turnwire.NotFoundError) as missing:
        client.history("another", workspace.id)
    assert (missing.value.error_code, missing.value.operation) == ("not_found", "store.history")
    assert missing.value.status is None and workspace.id in str(missing.value)
    with pytest.raises(turnwire.InvalidRequestError, match="limit must be from 1 on"):
        client.history_page(USER, workspace.id, limit=0)
    assert client.delete_workspace(USER, workspace.id) and SqliteStore(file).workspaces(USER) == []


def test_a_file_that_is_no_store_is_left_as_it_is(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no database at all\n" * 100)
    for path in (text, tmp_path):
        with pytest.raises(turnwire.StorageError, match=str(path)) as refused:
            SqliteStore(path)
        assert refused.value.operation == "store.open"
    assert text.read_text() == "no database at all\n" * 100


def test_a_message_that_cannot_be_read_is_refused_without_its_text(file: Path, chat_store: ChatStore) -> None:
    wrong = StoreMessage.from_user("w", USER, "private words")
    wrong.sent_at = "private words"  # type: ignore[assignment]
    for save in (lambda: chat_store.save(wrong), lambda: SqliteStore(file).save(USER, wrong)):
        with pytest.raises(turnwire.InvalidRequestError, match="sent_at must be a whole number") as refused:
            save()
        assert "private" not in str(refused.value)


def test_turns_keep_their_messages_in_a_store_that_is_an_object(
    client: turnwire.OpenAI, fake: Fake, store: FakeStore, file: Path, key: str
) -> None:
    chat = ChatStore(store.url, **store.login(USER))  # type: ignore[arg-type]
    sqlite = SqliteStore(file)
    kinds: list[tuple[Any, Any]] = [(chat, chat.history), (sqlite, lambda id: sqlite.history(USER, id))]
    for kept, history in kinds:
        fake.chat(key, "반갑", "습니다")
        turns = Turns(client, model=key, store=kept, naming="first_words")
        events = list(turns.start("안녕하세요", user_id=USER, create_workspace=True))
        (workspace,) = [event.workspace_id for event in events if event.type == "workspace"]
        assert turns.flush().dead == 0
        assert [message.content for message in history(workspace)] == ["안녕하세요", "반갑습니다"]
        fake.chat(key, "again")
        list(turns.start("more", user_id=USER, workspace_id=workspace))
        assert "반갑습니다" in fake.requests(key)[-1]["body"]
        assert turns.flush().dead == 0 and len(history(workspace)) == 4


def test_async_turns_take_any_store(
    client: turnwire.OpenAI, fake: Fake, store: FakeStore, file: Path, key: str
) -> None:
    async def run() -> None:
        kinds: list[Any] = [
            SqliteStore(file),
            AsyncSqliteStore(file),
            AsyncChatStore(store.url, **store.login(USER)),
        ]  # type: ignore[arg-type]
        for kept in kinds:
            fake.chat(key, "b")
            turns = AsyncTurns(client, model=key, store=kept, naming="first_words")
            turn = await turns.start("a", user_id=USER, create_workspace=True)
            (workspace,) = [event.workspace_id async for event in turn if event.type == "workspace"]
            await turns.flush()
            history = (
                kept.history(workspace) if isinstance(kept, AsyncChatStore) else kept.history(USER, workspace)
            )
            messages = history if isinstance(history, list) else await history
            assert [message.content for message in messages] == ["a", "b"]

    asyncio.run(run())
    with pytest.raises(turnwire.ConfigError, match="store must be a `ChatStore` or a `SqliteStore`"):
        Turns(client, store=object())  # type: ignore[arg-type]


def test_the_embedded_store_delivers_when_the_interpreter_ends(
    program: Program, fake: Fake, file: Path, key: str
) -> None:
    fake.chat(key, "b")
    out = program.run(f"""
turns = turnwire.Turns(client, model=key, store=turnwire.SqliteStore({str(file)!r}), naming="first_words")
print(len(list(turns.start("a", user_id={USER!r}, create_workspace=True))))
""")
    assert out == "3\n"
    kept = SqliteStore(file)
    (workspace,) = kept.workspaces(USER)
    assert [message.content for message in kept.history(USER, workspace.id)] == ["a", "b"]


def test_stores_work_on_in_a_forked_child(program: Program, store: FakeStore, file: Path, fake: Fake) -> None:
    store.workspace("forked", USER)
    out = program.run(
        FORK
        + f"""
chat = turnwire.ChatStore({store.url!r}, **{store.login(USER)!r})
kept = turnwire.SqliteStore({str(file)!r})
workspace = kept.create_workspace("u", "before")
def use(name):
    for id, save in (("forked", chat.save), (workspace.id, lambda message: kept.save("u", message))):
        save(turnwire.StoreMessage.from_user(id, {USER!r}, name))
def seen():
    return [sorted(m.content for m in found) for found in (chat.history("forked"), kept.history("u", workspace.id))]
use("before")
def child():
    use("child")
    print(seen(), flush=True)
in_child(child)
use("parent")
print(seen())
"""
    )
    assert (
        out
        == "[['before', 'child'], ['before', 'child']]\n[['before', 'child', 'parent'], ['before', 'child', 'parent']]\n"
    )


def test_a_call_is_cancelled_with_its_task(store: FakeStore) -> None:
    async def run() -> None:
        client = AsyncChatStore(store.url, **store.login(USER))  # type: ignore[arg-type]
        store.script("history", {"wait_ms_before_headers": 60_000, "steps": []})
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.history("w"), 0.2)

    asyncio.run(run())


@pytest.mark.parametrize("form", ["plain", "coroutine"])
def test_a_token_provider_is_asked_for_a_user_in_the_callers_context(store: FakeStore, form: str) -> None:
    who = contextvars.ContextVar("who", default="nobody")
    asked: list[Any] = []

    def provide(user: str | None, refused: turnwire.Tokens | None) -> tuple[str, str]:
        asked.append((user, refused and refused.access_token, who.get()))
        tokens = store.login(USER)
        return tokens["access_token"], tokens["refresh_token"]

    async def coroutine(user: str | None, refused: turnwire.Tokens | None) -> tuple[str, str]:
        await asyncio.sleep(0)
        return provide(user, refused)

    given = provide if form == "plain" else coroutine
    who.set("somebody")
    stale = {"access_token": "stale", "refresh_token": "stale"}
    client = ChatStore(store.url, token_provider=given)
    assert client.for_user("u-7").history("w") == []
    assert client.workspaces("u-8") == []
    client.with_tokens(**stale).history("w")
    expected = [("u-7", None, "somebody"), ("u-8", None, "somebody"), (None, "stale", "somebody")]
    assert asked == expected
    asked.clear()

    async def run() -> None:
        client = AsyncChatStore(store.url, token_provider=given)
        assert await client.for_user("u-7").history("w") == []
        assert await client.workspaces("u-8") == []
        await client.with_tokens(**stale).history("w")

    asyncio.run(run())
    assert asked == expected


def test_a_token_provider_that_fails_is_the_calls_error(store: FakeStore) -> None:
    def broken(user: str | None, refused: Any) -> Any:
        raise ValueError("no login")

    for provider, why in ((broken, "ValueError: no login"), (lambda user, refused: "token", "must return")):
        client = ChatStore(store.url, token_provider=provider)
        with pytest.raises(turnwire.CallbackError, match=why) as failed:
            client.history("w")
        assert failed.value.operation == "store.tokens"
    with pytest.raises(turnwire.AuthenticationError, match="no tokens"):
        ChatStore(store.url, token_provider=lambda user, refused: None).history("w")
    with pytest.raises(TypeError, match="token_provider must be a function"):
        ChatStore(store.url, token_provider="token")  # type: ignore[arg-type]


def test_turns_and_their_outbox_ask_the_stores_token_provider(
    client: turnwire.OpenAI, fake: Fake, store: FakeStore, key: str
) -> None:
    asked = []

    def provide(user: str | None, refused: Any) -> turnwire.Tokens:
        asked.append(user)
        return turnwire.Tokens(**store.login(USER))

    fake.chat(key, "b")
    store.workspace(key, USER)
    turns = Turns(client, model=key, store=ChatStore(store.url, token_provider=provide))
    list(turns.start("a", user_id=USER, workspace_id=key))
    report = turns.flush()
    assert (report.delivered, report.dead) == (2, 0) and set(asked) == {USER}
    assert [message["msgContent"] for message in store.messages(key)] == ["a", "b"]


def test_an_outbox_delivers_to_a_store(store: FakeStore, file: Path) -> None:
    store.workspace("outbox", USER)
    sqlite = SqliteStore(file)
    workspace = sqlite.create_workspace(USER, "a")
    chat = ChatStore(store.url, **store.login(USER))  # type: ignore[arg-type]
    kinds: list[tuple[Any, str, Any]] = [
        (chat, "outbox", chat.history),
        (sqlite, workspace.id, lambda id: sqlite.history(USER, id)),
    ]
    for kept, id, history in kinds:
        outbox = turnwire.Outbox(sink=kept)
        message = StoreMessage.from_user(id, USER, "hi")
        outbox.enqueue(id, message.id, message, user_id=USER)
        assert outbox.flush().delivered == 1
        assert history(id) == [message]
