"""The common part of the clients of services that need a user's tokens: chat stores and chat services."""

from __future__ import annotations

from ._host import Caller, hosted
from ._host_kinds import TOKEN_PROVIDER
from ._logging import keep_logs
from ._request import Options, settings_to_json
from ._types import NOT_GIVEN, Of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Protocol, TypeVar

    from typing_extensions import Self

    from ._host import Ask
    from ._host_types import TokenFunction
    from ._params import TimeoutTypes

    class Native(Protocol):
        """A client of core."""

        def asked_by(self, caller: Caller, /) -> Self: ...

        def with_options(self, options: Options, /) -> Self: ...

    Core = TypeVar("Core", bound=Native)

__all__ = ["AsyncCalls", "TokenClient"]


class TokenClient(Of["Core"]):
    """A client of core, and the function that it asks for tokens."""

    __slots__ = ("__weakref__", "_asks", "_native")

    def _open(
        self,
        make: Callable[[str, Ask | None], Core],
        settings: dict[str, Any],
        token_provider: TokenFunction | None,
    ) -> None:
        ask = None if token_provider is None else hosted(TOKEN_PROVIDER, token_provider)
        self._asks = ask is not None
        keep_logs()
        self._native: Core = make(settings_to_json(settings), ask)

    def with_options(
        self,
        *,
        headers: Mapping[str, str | None] | None = None,
        max_retries: int | None = None,
        timeout: TimeoutTypes = NOT_GIVEN,
    ) -> Self:
        """The same client with other options for its calls."""
        return self._with(self._native.with_options(Options(headers, None, max_retries, timeout)))

    def _with(self, native: Core) -> Self:
        made = type(self).__new__(type(self))
        made._asks = self._asks
        made._native = native
        return made

    @property
    def _calls(self) -> Core:
        """The client for a call of the code that runs now."""
        return self._native.asked_by(self._here()) if self._asks else self._native

    def _here(self) -> Caller:
        return Caller()


class AsyncCalls:
    """The calls of a client for asyncio."""

    __slots__ = ()

    def _here(self) -> Caller:
        from asyncio import get_running_loop

        return Caller(get_running_loop())
