"""The HTTP library of the ``openai`` package: ``httpx2``, or ``httpx`` for its older versions."""

from __future__ import annotations

import importlib
from datetime import timedelta
from typing import Any

import openai

httpx: Any = importlib.import_module(
    next(kind.__module__ for kind in openai.DefaultHttpxClient.__mro__ if kind.__name__ == "Client")
)

# Core has decoded the body, which these describe as it was on the wire.
_OF_THE_WIRE = ("content-encoding", "content-length", "transfer-encoding")


def response(
    status: int, headers: list[tuple[str, str]], request: Any, seconds: float = 0, **body: Any
) -> Any:
    """A response that took these seconds. ``body`` is one of the arguments that ``httpx.Response`` takes for it."""
    kept = [(name, value) for name, value in headers if name.lower() not in _OF_THE_WIRE]
    made = httpx.Response(status, headers=kept, request=request, **body)
    made.elapsed = timedelta(seconds=seconds)
    return made
