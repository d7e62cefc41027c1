"""Errors of both trees: ``except openai.RateLimitError`` and ``except turnwire.RateLimitError`` catch the same one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai

from .. import _exceptions
from .._http import Response
from ._http import response

Kind = type[Exception]


def join(error: Exception, request: Any = None) -> None:
    """Makes an error of either tree one of both, with the request that failed."""
    error.__class__ = _JOINED.get(type(error), type(error))
    if not isinstance(error, _exceptions.APIError):
        return
    error.request = request
    answer = getattr(error, "response", None)
    if isinstance(answer, Response):
        headers = answer.headers.multi_items()
        error.response = response(answer.status_code, headers, request, content=answer.content)  # type: ignore[attr-defined]


def _joined() -> Iterator[tuple[Kind, Kind]]:
    """Each class of an error, with the one that is of both trees."""
    for name, ours in vars(_exceptions).items():
        if isinstance(ours, type) and issubclass(ours, _exceptions.OpenAIError):
            # One that the openai package does not have is the kind of error there that it is a kind of here.
            theirs = next(getattr(openai, k.__name__) for k in ours.__mro__ if hasattr(openai, k.__name__))
            both = type(name, (ours, theirs), {"__module__": __name__, "__doc__": ours.__doc__})
            yield ours, both
            if theirs.__name__ == name:
                yield theirs, both


_JOINED = dict(_joined())
# Pickled errors name their classes.
globals().update({both.__name__: both for both in _JOINED.values()})
