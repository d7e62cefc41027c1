"""Couriers: they deliver the records that outboxes have published to a NATS broker."""

from __future__ import annotations

from ._any_store import AnyStore
from ._closing import refuse_to_pickle
from ._core import Courier as CoreCourier
from ._host import Caller, hosted, is_coroutine_function
from ._host_kinds import SINK, TOKEN_PROVIDER
from ._logging import keep_logs
from ._models import BaseModel
from ._outbox import DeadLetter, PendingRecord
from ._request import settings_to_json
from ._stored import read_all, read_flag
from ._waiting import result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from typing_extensions import Unpack

    from ._host_types import Outcome, Record, SinkFunction, TokenFunction
    from ._nats_settings import NatsOptions
    from ._settings import DeliverySettings

__all__ = ["AsyncCourier", "Courier", "CourierStats"]


class CourierStats(BaseModel):
    """The counters of a stream, and of the courier that reads them, which end in ``_here``."""

    pending: int
    """Records that wait in the stream, parked ones among them."""
    parked: int
    """Records that wait outside their partition: for a token, or behind one that does."""
    dead: int
    """Dead letters now."""
    delivered_here: int
    dead_here: int
    is_breaker_open: bool
    """True while the service fails, and this courier sends no record for a while."""


class _Courier:
    """The common part of both couriers."""

    __slots__ = ("__weakref__", "_courier")

    def __init__(
        self,
        url: str,
        sink: Any,
        token_provider: TokenFunction | None,
        delivery: DeliverySettings | None,
        options: NatsOptions,
    ) -> None:
        keep_logs()
        parts: dict[str, Any] = {}
        if isinstance(sink, AnyStore):
            parts["store"] = sink._handle()
        else:
            parts["sink"] = hosted(SINK, sink)
        if token_provider is not None:
            parts["token_provider"] = hosted(TOKEN_PROVIDER, token_provider)
        broker = settings_to_json({**options, "url": url})
        self._courier = CoreCourier(broker, settings_to_json({"delivery": delivery}), **parts)

    @property
    def is_ready(self) -> bool:
        """True while the courier runs, and its connection to the broker is up."""
        return self._courier.is_ready()

    def stop(self) -> None:
        """Ends ``run``, or the next one if none is running. It may be called from any thread and from a signal handler."""
        self._courier.stop()

    def __reduce__(self) -> NoReturn:
        refuse_to_pickle(self, "make one there")


class Courier(_Courier):
    """Delivers the records that :class:`NatsSink` has published.

    Any number of couriers, in any processes, share the work: each record is delivered by one of them, and the records of a
    conversation in order.

    >>> courier = Courier("nats://localhost:4222", ChatStore("http://localhost:8888"), token_provider)
    >>> signal.signal(signal.SIGTERM, lambda *_: courier.stop())
    >>> courier.run()
    """

    __slots__ = ()

    def __init__(
        self,
        url: str,
        sink: Callable[[Record], Outcome | None] | AnyStore,
        token_provider: TokenFunction | None = None,
        *,
        delivery: DeliverySettings | None = None,
        **options: Unpack[NatsOptions],
    ) -> None:
        """A courier of this broker, which is not contacted yet.

        ``sink`` is a store, or a function as that of an :class:`Outbox`. ``token_provider`` returns the tokens of a user, as that
        of a :class:`ChatStore`: a record brings none, as tokens do not leave the process of their user's turn. A sink that needs
        none, or has a provider of its own, needs none here.
        """
        if is_coroutine_function(sink):
            raise TypeError("sink is a coroutine function: use AsyncCourier, or give a plain function")
        super().__init__(url, sink, token_provider, delivery, options)

    def run(self) -> None:
        """Delivers until ``stop`` is called; then it accepts no more records, and returns when those in flight have ended.

        A broker that is not reached is tried again. ``Ctrl-C`` stops it in the same way, and is raised at its end. Raises
        ``ConfigError`` if the stream has other settings, and ``AuthenticationError`` if the broker refuses the login.
        """
        call = self._courier.run()
        try:
            call.wait()
        except KeyboardInterrupt:
            self.stop()
            call.wait()
            raise

    def stats(self) -> CourierStats:
        """The counters. ``pending``, ``parked`` and ``dead`` are those of the stream, for all couriers."""
        return CourierStats.model_validate_json(self._courier.stats().wait()[0])

    def pending(self) -> list[PendingRecord]:
        """The records that wait in the stream: those of the partitions as they were published, then the parked ones; at most
        1,000."""
        return read_all(PendingRecord, self._courier.pending().wait())

    def dead_letters(self) -> list[DeadLetter]:
        """The records that were given up, in that order; at most 1,000."""
        return read_all(DeadLetter, self._courier.dead_letters().wait())

    def requeue(self, id: str) -> bool:
        """Publishes a dead letter again, behind all others of its conversation; false if there is none of this id."""
        return read_flag(self._courier.requeue(id).wait())

    def discard(self, id: str) -> bool:
        """Removes a dead letter, or a parked record; false if there is none of this id. A record that waits in its partition
        stays."""
        return read_flag(self._courier.discard(id).wait())


class AsyncCourier(_Courier):
    """As :class:`Courier`, for asyncio. It belongs to no event loop."""

    __slots__ = ()

    def __init__(
        self,
        url: str,
        sink: SinkFunction | AnyStore,
        token_provider: TokenFunction | None = None,
        *,
        delivery: DeliverySettings | None = None,
        **options: Unpack[NatsOptions],
    ) -> None:
        """As :class:`Courier`; besides, ``sink`` and ``token_provider`` may be coroutine functions."""
        super().__init__(url, sink, token_provider, delivery, options)

    async def run(self) -> None:
        """As ``Courier.run``. Cancelling it stops it: it ends with the deliveries in flight. A second cancellation ends it at once,
        and what was in flight is delivered again after half a minute."""
        from asyncio import CancelledError, ensure_future, get_running_loop, shield

        # Functions that are coroutine functions run here.
        Caller(get_running_loop())
        running = ensure_future(result(self._courier.run()))
        try:
            await shield(running)
        except CancelledError:
            self.stop()
            await running
            raise

    async def stats(self) -> CourierStats:
        """As ``Courier.stats``."""
        return CourierStats.model_validate_json((await result(self._courier.stats()))[0])

    async def pending(self) -> list[PendingRecord]:
        """As ``Courier.pending``."""
        return read_all(PendingRecord, await result(self._courier.pending()))

    async def dead_letters(self) -> list[DeadLetter]:
        """As ``Courier.dead_letters``."""
        return read_all(DeadLetter, await result(self._courier.dead_letters()))

    async def requeue(self, id: str) -> bool:
        """As ``Courier.requeue``."""
        return read_flag(await result(self._courier.requeue(id)))

    async def discard(self, id: str) -> bool:
        """As ``Courier.discard``."""
        return read_flag(await result(self._courier.discard(id)))
