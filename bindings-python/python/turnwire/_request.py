"""Arguments on their way to core: a request's JSON, and the options of its call."""

from __future__ import annotations

import math
import operator
import sys

from ._params import FIELDS
from ._types import NOT_GIVEN, Timeout, is_given

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from ._params import TimeoutLike

CALL_OPTIONS = ("extra_headers", "extra_query", "extra_body", "timeout")


class Options:
    """The options of a client or a call; ``None`` leaves one to core."""

    __slots__ = ("headers", "max_retries", "query", "timeout")

    def __init__(
        self,
        headers: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        max_retries: int | None = None,
        timeout: Any = NOT_GIVEN,
    ) -> None:
        # A header without a value is not sent, even if it otherwise would be.
        self.headers: list[tuple[str, str | None]] = [
            (name, str(value) if value is not None and is_given(value) else None)
            for name, value in (headers or {}).items()
            if type(value).__name__ != "NotGiven"
        ]
        self.query: list[tuple[str, str]] = [
            (key, text) for name, value in (query or {}).items() for key, text in _query(name, value)
        ]
        self.max_retries = max_retries
        self.timeout = _limits(timeout) if is_given(timeout) else None

    def over(self, base: Options) -> Options:
        """These options, with ``base``'s where they set nothing."""
        made = Options()
        made.headers = base.headers + self.headers
        made.query = base.query + self.query
        made.max_retries = base.max_retries if self.max_retries is None else self.max_retries
        made.timeout = base.timeout if self.timeout is None else self.timeout
        return made


def _limits(timeout: Any) -> TimeoutLike:
    if hasattr(timeout, "read") and hasattr(timeout, "connect"):
        given: TimeoutLike = timeout
        return given
    if isinstance(timeout, tuple):
        connect, read = timeout[:2]
        return Timeout(connect=connect, read=read)
    # Core refuses what is no number.
    return Timeout(read=timeout)


def _query(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _query(f"{name}[{key}]", inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _query(f"{name}[]", inner)
    elif isinstance(value, bool):
        yield name, "true" if value else "false"
    elif is_given(value):
        yield name, "" if value is None else str(value)


def split(params: dict[str, Any]) -> tuple[str, Options]:
    """The body and the options that the arguments of ``create`` make."""
    headers, query, extra_body, timeout = (params.pop(name, NOT_GIVEN) for name in CALL_OPTIONS)
    body = {name: value for name, value in params.items() if is_given(value)}
    unknown = [name for name in body if name not in FIELDS and name not in ("messages", "model")]
    if unknown:
        raise TypeError(
            f"create() got an unexpected keyword argument {unknown[0]!r}; extra_body takes fields of any name"
        )
    if extra_body:
        body.update(extra_body)
    return to_json(body), Options(headers or None, query or None, None, timeout)


def to_json(value: Any) -> str:
    """The JSON of arguments."""
    import json

    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)


_LARGEST = sys.float_info.max
# Settings that are sent to a service as they are given.
_SENT = ("extra", "naming_template", "template", "voice")


def settings_to_json(settings: Any) -> str:
    """The JSON of settings. Core reads the largest number as no limit of a time or a size, and refuses it elsewhere."""
    return to_json(_known(settings))


def _known(value: Any) -> Any:
    """The value in JSON's terms: any number as an integer or a float, the largest float for larger ones; and for what JSON does
    not have a list, which core refuses for every setting in its own words."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float)):
        return value if -_LARGEST <= value <= _LARGEST else _LARGEST if value > 0 else [None]
    if isinstance(value, dict):
        return {name: inner if name in _SENT else _known(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_known(inner) for inner in value]
    number = _number(value)
    if number is not None:
        return _known(number)
    plain = _converted(value)
    return [None] if plain is _UNKNOWN else _known(plain)


def _number(value: Any) -> int | float | None:
    """The number that an object of another type is, such as a ``Decimal`` or one of ``numpy``: what ``src/seconds.rs`` reads."""
    for method, read in (("__index__", operator.index), ("__float__", float)):
        if hasattr(value, method):
            try:
                return read(value)
            except OverflowError:
                return math.inf if value > 0 else -math.inf
            except (TypeError, ValueError):
                # An array, or not a number.
                continue
    return None


_UNKNOWN = object()


def _plain(value: Any) -> Any:
    """The JSON form of values that ``json`` does not know."""
    plain = _converted(value)
    if plain is _UNKNOWN:
        raise TypeError(f"a value of type {type(value).__name__} cannot be sent as JSON")
    return plain


def _converted(value: Any) -> Any:
    """The form of models, iterables, dates and paths."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_unset=True)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "__fspath__"):
        return value.__fspath__()
    if hasattr(value, "keys"):
        return {key: value[key] for key in value}
    if hasattr(value, "__iter__") and not isinstance(value, (bytes, bytearray)):
        return list(value)
    return _UNKNOWN
