"""Responses beside what they say: status and headers."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Generic, TypeVar

    T = TypeVar("T")

__all__ = ["APIResponse", "Headers", "Request", "Response"]


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
    """What was asked for."""

    __slots__ = ("method", "url")

    def __init__(self, method: str, url: str) -> None:
        self.method = method
        self.url = url

    def __repr__(self) -> str:
        return f"<Request({self.method!r}, {self.url!r})>"


class Response:
    """What was answered."""

    __slots__ = ("headers", "request", "status_code", "text")

    def __init__(
        self, status_code: int, headers: list[tuple[str, str]], text: str = "", request: Request | None = None
    ) -> None:
        self.status_code = status_code
        self.headers = Headers(headers)
        self.text = text
        self.request = request

    @property
    def content(self) -> bytes:
        """The body's bytes."""
        return self.text.encode()

    @property
    def is_success(self) -> bool:
        """Whether the status says so."""
        return 200 <= self.status_code < 300

    def json(self) -> Any:
        """The body, read as JSON."""
        import json

        return json.loads(self.text)

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"


if TYPE_CHECKING:

    class _Of(Generic[T]):
        pass
else:

    class _Of:
        """Takes the type of the result at run time, and has no use for it."""

        __slots__ = ()

        def __class_getitem__(cls, _result):
            return cls


class APIResponse(_Of["T"]):
    """A response, and by :meth:`parse` what it says."""

    __slots__ = ("_made", "_make", "http_response")

    def __init__(self, response: Response, make: Callable[[], T]) -> None:
        self.http_response = response
        self._make = make
        self._made: T | None = None

    def parse(self) -> T:
        """What the response says: a reply, or a stream of one."""
        if self._made is None:
            self._made = self._make()
        return self._made

    @property
    def headers(self) -> Headers:
        """The response's headers."""
        return self.http_response.headers

    @property
    def status_code(self) -> int:
        """The response's status."""
        return self.http_response.status_code

    @property
    def request_id(self) -> str | None:
        """The service's id of the request."""
        request_id = self.headers.get("x-request-id")
        return None if request_id is None else str(request_id)

    @property
    def text(self) -> str:
        """The response's body; empty for a stream."""
        return self.http_response.text

    @property
    def content(self) -> bytes:
        """The response's body as bytes."""
        return self.http_response.content

    def json(self) -> Any:
        """The response's body, read as JSON."""
        return self.http_response.json()

    def __repr__(self) -> str:
        return f"<APIResponse [{self.status_code}]>"
