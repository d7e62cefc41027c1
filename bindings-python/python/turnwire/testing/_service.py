"""The common part of the fake services."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from urllib.parse import quote

from .._closing import Closing
from .._core import FakeService

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = ["Fake", "FakeRequest"]


@dataclass(frozen=True)
class FakeRequest:
    """A request that a fake service got."""

    method: str
    path: str
    query: str | None
    headers: dict[str, str] = field(repr=False)
    """By their names in lower case. They are not shown with the request: some are secret."""
    body: str
    outcome: str | None
    """The end of the reply: ``complete``, ``truncated`` or ``reset`` as scripted, or ``client_closed`` if the client went away
    first; ``None`` while it is being sent."""

    @property
    def json(self) -> Any:
        """The body, from JSON."""
        return json.loads(self.body)


class Fake(Closing):
    """A service on a port and a thread of its own."""

    _kind: str

    def __init__(self) -> None:
        self._service = FakeService(self._kind)
        self.url = self._service.url
        """``http://127.0.0.1:PORT``."""

    @property
    def requests(self) -> list[FakeRequest]:
        """The requests so far."""
        found: list[dict[str, Any]] = self._control("GET", "requests")
        fields = ("method", "path", "query", "body", "outcome")
        return [
            FakeRequest(headers=dict(one["headers"]), **{name: one[name] for name in fields}) for one in found
        ]

    def wait_for(
        self, condition: Callable[[list[FakeRequest]], object], timeout: float = 5
    ) -> list[FakeRequest]:
        """Waits until the requests are as wished, such as ``lambda requests: requests[-1].outcome == "client_closed"``."""
        end = time.monotonic() + timeout
        while True:
            requests = self.requests
            if requests and condition(requests):
                return requests
            if time.monotonic() > end:
                raise TimeoutError(f"the requests are not as wished after {timeout} s: {requests}")
            time.sleep(0.005)

    def script(self, *replies: Mapping[str, Any], key: str = "*") -> None:
        """Queues replies for requests of ``key``, such as ``"MODEL"``, ``"MODEL stream"`` or ``"MODEL whole"``; by default for all. Each is a dictionary with ``status``, ``headers``,
        ``wait_ms_before_headers`` and ``steps``, a list of what is sent: ``{"text": "안"}``, ``{"wait_ms": 20}``,
        ``{"stall": True}``, ``{"reset": True}``, ``{"truncate": True}``, ``{"json": {…}}``, ``{"send": "raw text"}`` …
        The last reply of a queue stays until another is queued."""
        self._control("POST", f"scripts/{quote(key, safe='')}", list(replies))

    def reset(self) -> None:
        """Forgets all that was scripted, asked and kept."""
        self._control("POST", "reset", {})

    def close(self) -> None:
        """Closes the port and every connection."""
        self._service.close()

    def _control(self, method: str, call: str, body: object = None) -> Any:
        return json.loads(self._service.control(method, call, "" if body is None else json.dumps(body)))
