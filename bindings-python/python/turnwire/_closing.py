"""``with`` and ``async with`` blocks: around open objects, and around calls that open them."""

from __future__ import annotations

from ._types import Of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator
    from types import TracebackType
    from typing import Any, NoReturn, TypeVar

    from typing_extensions import Self

    Closable = TypeVar("Closable", bound="Closing")
    AsyncClosable = TypeVar("AsyncClosable", bound="AsyncClosing")
    IsCoroutine = Coroutine[Any, Any, None]
else:
    # By its methods; the import of the class would take more time than this package.
    IsCoroutine = object

__all__ = ["AsyncClosing", "AsyncOpening", "Closing", "Done", "Opening", "refuse_to_pickle"]


class Closing:
    """An object that is closed when its ``with`` block ends."""

    __slots__ = ()

    def close(self) -> None:
        """Closes it."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncClosing:
    """An object that is closed when its ``async with`` block ends."""

    __slots__ = ()

    def close(self) -> Coroutine[Any, Any, None]:
        """Closes it."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


class Done(IsCoroutine):
    """The coroutine of something that is done already. It need not be awaited."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        yield from ()

    def send(self, value: Any) -> NoReturn:
        raise StopIteration

    def throw(self, *error: Any) -> NoReturn:
        raise StopIteration

    def close(self) -> None:
        pass


class Opening(Of["Closable"]):
    """Opens something for a ``with`` block."""

    __slots__ = ("_open", "_opened")

    def __init__(self, open: Callable[[], Closable]) -> None:
        self._open = open
        self._opened: Closable | None = None

    def __enter__(self) -> Closable:
        self._opened = self._open()
        return self._opened

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._opened is not None:
            self._opened.close()


class AsyncOpening(Of["AsyncClosable"]):
    """Opens something for an ``async with`` block."""

    __slots__ = ("_open", "_opened")

    def __init__(self, open: Callable[[], Awaitable[AsyncClosable]]) -> None:
        self._open = open
        self._opened: AsyncClosable | None = None

    async def __aenter__(self) -> AsyncClosable:
        self._opened = await self._open()
        return self._opened

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._opened is not None:
            await self._opened.close()


def refuse_to_pickle(value: object, advice: str) -> NoReturn:
    """Raises that an object of core's cannot go to another process."""
    raise TypeError(f"{type(value).__name__} cannot be pickled or copied, as for another process: {advice}")
