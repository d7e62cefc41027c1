"""A fake language model."""

from __future__ import annotations

from ._service import Fake

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["FakeLlm"]


class FakeLlm(Fake):
    """A service of chat completions and speech, as OpenAI's. It repeats messages, unless a reply is queued; the last one that
    is queued stays until another is.

    Requests that stream and requests that do not each read the queue from its beginning: the request that names a workspace takes
    no reply from a turn.

    >>> with FakeLlm() as fake_llm:
    ...     fake_llm.fail(429, "slow down", {"retry-after": "0"})
    ...     fake_llm.reply("안녕", "하세요")
    ...     client = OpenAI(base_url=fake_llm.base_url, api_key="k")
    """

    _kind = "llm"

    @property
    def base_url(self) -> str:
        """The base URL for a client."""
        return f"{self.url}/v1"

    def reply(self, *texts: str, delay: float = 0) -> None:
        """Queues a reply of these pieces, with ``delay`` seconds before each. A request that does not stream gets all at once."""
        self.script({"steps": [*_pieces(texts, delay), {"finish": "stop"}, {"done": True}]})

    def truncate(self, *texts: str) -> None:
        """Queues a reply whose connection closes after these pieces, before its end."""
        self.script({"steps": [*_pieces(texts), {"truncate": True}]})

    def break_off(self, *texts: str) -> None:
        """Queues a reply whose connection is reset after these pieces."""
        self.script({"steps": [*_pieces(texts), {"reset": True}]})

    def stall(self, *texts: str) -> None:
        """Queues a reply that falls silent after these pieces."""
        self.script({"steps": [*_pieces(texts), {"stall": True}]})

    def fail(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        """Queues an error."""
        error = {"error": {"message": message, "type": None, "param": None, "code": None}}
        given = [*(headers or {}).items()]
        self.script({"status": status, "headers": given, "framing": "length", "steps": [{"json": error}]})


def _pieces(texts: tuple[str, ...], delay: float = 0) -> list[dict[str, Any]]:
    pause: list[dict[str, Any]] = [{"wait_ms": round(delay * 1000)}] if delay else []
    steps: list[dict[str, Any]] = [{"role": "assistant"}]
    for text in texts:
        steps += [*pause, {"text": text}]
    return steps
