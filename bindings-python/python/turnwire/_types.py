"""Markers for arguments that were not given, and time limits of several parts."""

from __future__ import annotations

__all__ = ["NOT_GIVEN", "NotGiven", "Omit", "Timeout", "not_given", "omit"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generic, TypeVar

    T = TypeVar("T")

    class Of(Generic[T]):
        """The base of generic classes."""
else:

    class Of:
        """The base of generic classes: it accepts the type at run time and ignores it."""

        __slots__ = ()

        def __class_getitem__(cls, _type):
            return cls


class NotGiven:
    """An argument that was not given, where ``None`` means something of its own."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "NOT_GIVEN"


class Omit:
    """A field that is to be left out."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "omit"


NOT_GIVEN = not_given = NotGiven()
omit = Omit()


class Timeout:
    """Time limits in seconds: ``connect`` for the connection, ``read`` for everything after it.

    ``write`` and ``pool`` are accepted for code that passes them, and have no effect.
    """

    __slots__ = ("connect", "pool", "read", "write")

    def __init__(
        self,
        timeout: float | None = None,
        *,
        connect: float | None = None,
        read: float | None = None,
        write: float | None = None,
        pool: float | None = None,
    ) -> None:
        self.connect = timeout if connect is None else connect
        self.read = timeout if read is None else read
        self.write = timeout if write is None else write
        self.pool = timeout if pool is None else pool

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Timeout):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        limits = ", ".join(f"{name}={getattr(self, name)}" for name in self.__slots__)
        return f"Timeout({limits})"


class Limits:
    """The sizes that the client accepts from a service, in bytes; ``None`` is core's default.

    ``event_bytes`` is for one event of a stream (8 MiB), ``reply_bytes`` for a whole reply, or everything that is kept of a
    streamed one (64 MiB).
    """

    __slots__ = ("event_bytes", "reply_bytes")

    def __init__(self, *, event_bytes: int | None = None, reply_bytes: int | None = None) -> None:
        self.event_bytes = event_bytes
        self.reply_bytes = reply_bytes

    def __repr__(self) -> str:
        return f"Limits(event_bytes={self.event_bytes}, reply_bytes={self.reply_bytes})"


def is_given(value: object) -> bool:
    """True if an argument was given.

    The ``openai`` package's own values for this count too: code that is being moved may still use them.
    """
    return type(value).__name__ not in ("NotGiven", "Omit")
