"""The scripted service that all libraries are given, and its clients."""

from __future__ import annotations

import json
from typing import Any

import pydantic

import turnwire.openai
from beside import is_turnwires
from fake import Fake

CITY = '{"name": "서울", "people": 9}'


class City(pydantic.BaseModel):
    """A city."""

    name: str
    people: int


class Service:
    """A service with a script for one test. It answers each request whole or streamed, as it is asked."""

    def __init__(self, fake: Fake, key: str) -> None:
        settings: dict[str, Any] = {"base_url": fake.base_url, "api_key": "sk-test", "max_retries": 0}
        self.client = turnwire.openai.OpenAI(**settings)
        self.async_client = turnwire.openai.AsyncOpenAI(**settings)
        self.key = key
        self._fake = fake
        self._scripts: list[tuple[Any, Any]] = []
        self._embeds = False

    def says(self, *texts: str) -> None:
        """Its next answer is these texts."""
        chunks = [{"role": "assistant", "content": ""}, *({"content": text} for text in texts)]
        self._answers({"role": "assistant", "content": "".join(texts)}, chunks, "stop")

    def calls(self, name: str, arguments: str) -> None:
        """Its next answer is the call of a tool."""
        call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}
        first = {**call, "index": 0, "function": {"name": name, "arguments": ""}}
        parts = [{"index": 0, "function": {"arguments": part}} for part in (arguments[:5], arguments[5:])]
        chunks = [{"role": "assistant", "tool_calls": [part]} for part in (first, *parts)]
        self._answers({"role": "assistant", "content": None, "tool_calls": [call]}, chunks, "tool_calls")

    def fails(self, status: int) -> None:
        """Its next answer is an error."""
        error = {"error": {"message": "no", "code": "c"}}
        script = {"status": status, "framing": "length", "steps": [{"json": error}]}
        self._add(script, script)

    def breaks(self, text: str) -> None:
        """Its next stream ends too early."""
        self._add(None, {"steps": [{"text": text}, {"truncate": True}]})

    def embeds(self, number: float) -> None:
        """It answers a request for an embedding."""
        self._embeds = True
        found = {"object": "list", "model": self.key, "usage": {"prompt_tokens": 1, "total_tokens": 1}}
        found["data"] = [{"object": "embedding", "index": 0, "embedding": [number]}]
        self._fake.script(self.key, {"framing": "length", "steps": [{"json": found}]})

    def bodies(self) -> list[Any]:
        """The bodies of its requests."""
        return [json.loads(request["body"]) for request in self._fake.requests(self.key)]

    def check(self) -> None:
        """Fails unless turnwire sent all requests for chat completions, and the ``openai`` package the others."""
        requests = self._fake.requests(self.key)
        assert requests
        for request in requests:
            assert is_turnwires(request) == request["path"].endswith("/chat/completions"), request
            assert request["path"].endswith("/embeddings") == self._embeds

    def _answers(self, message: dict[str, Any], deltas: list[Any], finish: str) -> None:
        usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
        head = {"id": "chatcmpl-1", "created": 1764660000, "model": self.key}
        end = {"index": 0, "finish_reason": finish}
        whole = {"object": "chat.completion", "choices": [{**end, "message": message}], "usage": usage}
        choices = [*({"index": 0, "delta": delta, "finish_reason": None} for delta in deltas)]
        choices.append({**end, "delta": {}})
        chunk = {**head, "object": "chat.completion.chunk"}
        steps: list[Any] = [{"sse": {**chunk, "choices": [choice]}} for choice in choices]
        steps += [{"sse": {**chunk, "choices": [], "usage": usage}}, {"done": True}]
        self._add({"framing": "length", "steps": [{"json": {**head, **whole}}]}, {"steps": steps})

    def _add(self, whole: Any, stream: Any) -> None:
        self._scripts.append((whole, stream))
        for at, way in enumerate(("whole", "stream")):
            scripts = [pair[at] for pair in self._scripts if pair[at] is not None]
            if scripts:
                self._fake.script(f"{self.key} {way}", *scripts)
