"""An outbox on its own: a durable queue of records on their way to a service."""

from __future__ import annotations

from ._any_store import AnyStore
from ._closing import AsyncClosing, Closing, refuse_to_pickle
from ._core import Outbox as CoreOutbox
from ._exit import deliver_at_exit
from ._host import Caller, hosted, is_coroutine_function
from ._host_kinds import SINK
from ._logging import keep_logs
from ._models import BaseModel
from ._nats import NatsSink
from ._request import settings_to_json, to_json
from ._stored import StoreMessage
from ._waiting import result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike
    from typing import Any, Literal, NoReturn

    from typing_extensions import Self, Unpack

    from ._core import Call
    from ._host_types import Outcome, Record, SinkFunction
    from ._settings import OutboxOptions, RecordFields

__all__ = [
    "AnyOutbox",
    "AsyncOutbox",
    "DeadLetter",
    "FlushReport",
    "Outbox",
    "OutboxStats",
    "PendingRecord",
    "Receipt",
]


class Receipt(BaseModel):
    """The result of accepting a record."""

    id: str
    durable: bool
    """True if the record survives the end of this process: not in memory, nor while the file cannot be written."""
    is_new: bool
    """True if the record was accepted now, false if its id was known already."""


class FlushReport(BaseModel):
    """The records that this process has delivered since the last report, those that wait, and dead letters."""

    delivered: int
    pending: int
    dead: int


class OutboxStats(BaseModel):
    """The counters of an outbox since this process opened it.

    They balance: ``accepted + recovered == delivered + dead + pending + discarded``. In a file they count the records of
    all processes that use it; those that end in ``_here`` count only this process.
    """

    accepted: int
    accepted_here: int
    recovered: int
    """Records that were in the file already, dead letters among them."""
    delivered: int
    delivered_here: int
    dead: int
    """Dead letters now."""
    dead_here: int
    pending: int
    """Pending records now, held ones among them."""
    held: int
    discarded: int
    not_durable: int
    """Pending records that are only in memory, because the file cannot be written."""
    is_breaker_open: bool
    """True while the service fails, and no record is sent for a while."""
    storage_error: str | None
    """The reason for which the file is not usable now."""
    set_aside: list[str]
    """Damaged files that were set aside. They are never deleted."""


class PendingRecord(BaseModel):
    """A record that waits. Times are in milliseconds since 1970."""

    id: str
    conversation: str
    user_id: str | None
    accepted_at: int
    attempts: int
    """Failed deliveries."""
    state: Literal["held", "queued", "sending", "needs_token"]
    reason: str | None
    """The failure of the last delivery."""


class DeadLetter(BaseModel):
    """A record that was given up. It stays until it is requeued or discarded. Times are in milliseconds since 1970."""

    id: str
    conversation: str
    user_id: str | None
    payload: Any
    accepted_at: int
    died_at: int
    """The time at which it was given up."""
    attempts: int
    """Failed deliveries."""
    reason: str


class AnyOutbox:
    """The common part of both outboxes, as :class:`turnwire.Turns` and :class:`turnwire.AsyncTurns` take it."""

    __slots__ = ("__weakref__", "_outbox")

    def __init__(self, path: str | PathLike[str] | None, sink: Any, options: OutboxOptions) -> None:
        keep_logs()
        parts: dict[str, Any] = {}
        if sink is not None:
            if isinstance(sink, AnyStore):
                parts["store"] = sink._handle()
            elif isinstance(sink, NatsSink):
                parts["nats"] = sink._sink
            else:
                parts["sink"] = hosted(SINK, sink)
        self._outbox = CoreOutbox(settings_to_json({**options, "path": path}), **parts)
        deliver_at_exit(self._outbox)

    def __reduce__(self) -> NoReturn:
        refuse_to_pickle(self, "open its file there")


class Outbox(AnyOutbox, Closing):
    """A durable outbox: every accepted record is delivered, pending, or a dead letter.

    It may be shared by threads and greenlets, by processes that open the same file, and used on in a forked process.
    Records of one conversation are delivered in order, one at a time; those of others concurrently.

    >>> with Outbox("var/outbox.db") as outbox:
    ...     outbox.enqueue("conversation-1", "message-1", {"text": "안녕하세요"})

    The end of a ``with`` block is a ``shutdown``.
    """

    __slots__ = ()

    def __init__(
        self,
        path: str | PathLike[str] | None = None,
        *,
        sink: Callable[[Record], Outcome | None] | AnyStore | NatsSink | None = None,
        **options: Unpack[OutboxOptions],
    ) -> None:
        """Opens the file, which is created if it is missing. Without a ``path`` the outbox is in memory.

        ``sink`` delivers the records: a function, which runs on threads of its own, a store, or a broker. It is called again until it
        returns ``None`` or another last :class:`Outcome`, so a delivery must be safe to repeat. Without one the records
        wait for ``Turns(outbox=…)``, whose store becomes the sink.
        """
        if sink is not None and is_coroutine_function(sink):
            raise TypeError("sink is a coroutine function: use AsyncOutbox, or give a plain function")
        super().__init__(path, sink, options)

    @classmethod
    def memory(
        cls,
        *,
        sink: Callable[[Record], Outcome | None] | AnyStore | NatsSink | None = None,
        **options: Unpack[OutboxOptions],
    ) -> Self:
        """An outbox in memory: its records are lost with the process."""
        return cls(None, sink=sink, **options)

    def enqueue(self, conversation: str, id: str, payload: Any, **fields: Unpack[RecordFields]) -> Receipt:
        """Accepts a record at once, without waiting for the service, and for a file 50 ms at most.

        The record is stored when this returns. The payload is any JSON; an integer in it beyond 64 bits is
        refused, so send it as a string. For a sink that is a store it is a :class:`StoreMessage`, the conversation its
        ``workspace_id``, and the id its own. Ids are unique: one that is known, also of a delivered record, is the same
        record. Raises ``OutboxFullError`` if there is no room, after ``wait_when_full`` seconds.
        """
        return _receipt(self._outbox.enqueue(_record(conversation, id, payload, fields)).wait())

    def hold(self, conversation: str, id: str, payload: Any, **fields: Unpack[RecordFields]) -> Receipt:
        """Accepts a record that is not complete yet: it is stored, and blocks its conversation, until it is released or
        discarded."""
        return _receipt(self._outbox.hold(_record(conversation, id, payload, fields)).wait())

    def release(self, conversation: str, id: str, payload: Any, **fields: Unpack[RecordFields]) -> Receipt:
        """Replaces the held record of this id by the complete one, which may be in another conversation. Without a held
        one this is ``enqueue``."""
        return _receipt(self._outbox.release(_record(conversation, id, payload, fields)).wait())

    def stats(self) -> OutboxStats:
        """The counters of accepted records and their states."""
        return OutboxStats.model_validate_json(self._outbox.stats().wait()[0])

    def pending(self) -> list[PendingRecord]:
        """The pending records, in the order of acceptance; at most 1,000."""
        return _all(PendingRecord, self._outbox.pending().wait())

    def dead_letters(self) -> list[DeadLetter]:
        """The records that were given up, in the order of acceptance; at most 1,000."""
        return _all(DeadLetter, self._outbox.dead_letters().wait())

    def requeue(self, id: str) -> bool:
        """Queues a dead letter again, behind all others of its conversation; false if there is none of this id."""
        return _found(self._outbox.requeue(id).wait())

    def discard(self, id: str) -> bool:
        """Removes a dead letter, or a pending record; false if there is none of this id, or it is being sent."""
        return _found(self._outbox.discard(id).wait())

    def flush(self, timeout: float | None = 5) -> FlushReport:
        """Waits until every record accepted so far is delivered or dead, at most for ``timeout`` seconds. Returns at once
        if there is no sink."""
        return _report(self._outbox.flush(timeout).wait())

    def shutdown(self, timeout: float | None = 5) -> FlushReport:
        """As ``flush``, and accepts no record any more. Pending records stay in the file, for the next process."""
        return _report(self._outbox.shutdown(timeout).wait())

    def close(self) -> None:
        """A ``shutdown`` of at most 5 seconds."""
        self.shutdown()


class AsyncOutbox(AnyOutbox, AsyncClosing):
    """As :class:`Outbox`, for asyncio: no call waits for the file on the event loop, but the constructor, which opens it.

    It belongs to no event loop, and may be used from several.
    """

    __slots__ = ()

    def __init__(
        self,
        path: str | PathLike[str] | None = None,
        *,
        sink: SinkFunction | AnyStore | NatsSink | None = None,
        **options: Unpack[OutboxOptions],
    ) -> None:
        """As :class:`Outbox`; besides, ``sink`` may be a coroutine function. It runs on the loop on which the outbox was made,
        or else on the one that used it last."""
        super().__init__(path, sink, options)

    @classmethod
    def memory(
        cls, *, sink: SinkFunction | AnyStore | NatsSink | None = None, **options: Unpack[OutboxOptions]
    ) -> Self:
        """An outbox in memory: its records are lost with the process."""
        return cls(None, sink=sink, **options)

    async def enqueue(
        self, conversation: str, id: str, payload: Any, **fields: Unpack[RecordFields]
    ) -> Receipt:
        """As ``Outbox.enqueue``. Records of tasks that run at the same time have no order among each other."""
        return await _entered(self._outbox.enqueue, _record(conversation, id, payload, fields))

    async def hold(self, conversation: str, id: str, payload: Any, **fields: Unpack[RecordFields]) -> Receipt:
        """As ``Outbox.hold``."""
        return await _entered(self._outbox.hold, _record(conversation, id, payload, fields))

    async def release(
        self, conversation: str, id: str, payload: Any, **fields: Unpack[RecordFields]
    ) -> Receipt:
        """As ``Outbox.release``."""
        return await _entered(self._outbox.release, _record(conversation, id, payload, fields))

    async def stats(self) -> OutboxStats:
        """As ``Outbox.stats``."""
        return OutboxStats.model_validate_json((await result(self._outbox.stats()))[0])

    async def pending(self) -> list[PendingRecord]:
        """As ``Outbox.pending``."""
        return _all(PendingRecord, await result(self._outbox.pending()))

    async def dead_letters(self) -> list[DeadLetter]:
        """As ``Outbox.dead_letters``."""
        return _all(DeadLetter, await result(self._outbox.dead_letters()))

    async def requeue(self, id: str) -> bool:
        """As ``Outbox.requeue``."""
        return _found(await result(self._outbox.requeue(id)))

    async def discard(self, id: str) -> bool:
        """As ``Outbox.discard``."""
        return _found(await result(self._outbox.discard(id)))

    async def flush(self, timeout: float | None = 5) -> FlushReport:
        """As ``Outbox.flush``."""
        return _report(await result(self._outbox.flush(timeout)))

    async def shutdown(self, timeout: float | None = 5) -> FlushReport:
        """As ``Outbox.shutdown``."""
        return _report(await result(self._outbox.shutdown(timeout)))

    async def close(self) -> None:
        """As ``Outbox.close``."""
        await self.shutdown()

    aclose = close


def _record(conversation: str, id: str, payload: Any, fields: RecordFields) -> str:
    content = "message" if isinstance(payload, StoreMessage) else "payload"
    return to_json({"conversation": conversation, "id": id, content: payload, **fields})


async def _entered(enter: Callable[[str], Call], record: str) -> Receipt:
    """Accepts a record on another thread, as its file may take a moment."""
    from asyncio import get_running_loop

    loop = get_running_loop()
    # A sink that is a coroutine function may run here.
    Caller(loop)
    call = await loop.run_in_executor(None, enter, record)
    return _receipt(await result(call))


def _receipt(found: tuple[str, Any]) -> Receipt:
    return Receipt.model_validate_json(found[0])


def _report(found: tuple[str, Any]) -> FlushReport:
    return FlushReport.model_validate_json(found[0])


def _all(kind: Any, found: tuple[str, Any]) -> list[Any]:
    import json

    return [kind(**fields) for fields in json.loads(found[0])]


def _found(found: tuple[str, Any]) -> bool:
    return found[0] == "true"
