"""The sink that publishes an outbox's records to a NATS broker, and the settings of brokers."""

from __future__ import annotations

from ._closing import refuse_to_pickle
from ._core import NatsSink as CoreNatsSink
from ._logging import keep_logs
from ._request import settings_to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from typing_extensions import Unpack

    from ._nats_settings import NatsOptions

__all__ = ["NatsSink"]


class NatsSink:
    """Publishes the records of an outbox to a NATS broker, from which a :class:`Courier` of any process delivers them.

    >>> outbox = Outbox("var/outbox.db", sink=NatsSink("nats://localhost:4222"))

    A record counts as delivered when the broker has stored it. While the broker is not reached, or is full, records wait in the
    outbox. The first record connects, once in each process: the sink may be used on in a forked process.
    """

    __slots__ = ("_sink",)

    def __init__(self, url: str, **options: Unpack[NatsOptions]) -> None:
        """A sink for this broker, which is not contacted yet. The servers of a cluster are separated by commas."""
        keep_logs()
        self._sink = CoreNatsSink(settings_to_json({**options, "url": url}))

    def __reduce__(self) -> NoReturn:
        refuse_to_pickle(self, "make it there")
