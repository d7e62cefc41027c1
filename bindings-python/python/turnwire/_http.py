"""Requests and responses as HTTP has them: headers, status, text."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["Headers", "Request", "Response"]


class Headers:
    """The headers of a response; names in any case. A name that comes several times has its values joined."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = [(name.lower(), value) for name, value in pairs]

    def multi_items(self) -> list[tuple[str, str]]:
        """Every header as it came."""
        return list(self._pairs)

    def get_list(self, key: str) -> list[str]:
        """All values of a name."""
        key = key.lower()
        return [value for name, value in self._pairs if name == key]

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a name."""
        values = self.get_list(key)
        return ", ".join(values) if values else default

    def keys(self) -> list[str]:
        """The names."""
        return list(dict.fromkeys(name for name, _ in self._pairs))

    def values(self) -> list[str]:
        """The values."""
        return [self[name] for name in self.keys()]

    def items(self) -> list[tuple[str, str]]:
        """Names with their values."""
        return [(name, self[name]) for name in self.keys()]

    def __getitem__(self, key: str) -> str:
        value = self.get(key)
        if value is None:
            raise KeyError(key)
        return str(value)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and bool(self.get_list(key))

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._pairs == other._pairs

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Headers({dict(self.items())!r})"


class Request:
    """A request."""

    __slots__ = ("method", "url")

    def __init__(self, method: str, url: str) -> None:
        self.method = method
        self.url = url

    def __repr__(self) -> str:
        return f"<Request({self.method!r}, {self.url!r})>"


class Response:
    """A response."""

    __slots__ = ("_body", "headers", "request", "status_code")

    def __init__(
        self,
        status_code: int,
        headers: list[tuple[str, str]],
        body: str | bytes = "",
        request: Request | None = None,
    ) -> None:
        self.status_code = status_code
        self.headers = Headers(headers)
        self._body = body
        self.request = request

    @property
    def text(self) -> str:
        """The body, as UTF-8 if it came as bytes."""
        return self._body if isinstance(self._body, str) else self._body.decode("utf-8", "replace")

    @property
    def content(self) -> bytes:
        """The body's bytes."""
        return self._body if isinstance(self._body, bytes) else self._body.encode()

    @property
    def is_success(self) -> bool:
        """True for a status of success."""
        return 200 <= self.status_code < 300

    def json(self) -> Any:
        """The body, read as JSON."""
        import json

        return json.loads(self.text)

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"
