"""A store of any kind, as engines of turns and outboxes take it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._core import Store

__all__ = ["AnyStore"]


class AnyStore:
    """A store, as :class:`turnwire.Turns`, :class:`turnwire.AsyncTurns` and :class:`turnwire.Outbox` take it."""

    __slots__ = ()

    def _handle(self) -> Store:
        raise NotImplementedError
