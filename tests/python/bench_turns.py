"""One measurement of turns, in a process of its own: ``bench_turns.py <client> <what> <place>``.

``turnwire`` is measured beside ``by-hand``: the same turn as it is written with ``openai`` and ``requests``. ``place`` is the
JSON of the services, whose owner checks that every message was saved and counted. It prints the values as JSON. It imports
little: what a client imports counts as the client's.
"""

from __future__ import annotations

import json
import sys
import time
from threading import Thread
from typing import TYPE_CHECKING, Any

from bench_client import cpu, importing, memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

MESSAGE = "오늘 기분이 어때요?"
PROMPT = "공감하며 따뜻하게 대답하세요."
CONTENT = b'"content":'


class Engine:
    """Turns of turnwire."""

    def __init__(self, place: dict[str, Any], **settings: Any) -> None:
        import turnwire

        client = turnwire.OpenAI(base_url=place["model"], api_key="k", max_retries=0)
        self.turns = turnwire.Turns(client, model="m", store=place["store"], system_prompt=PROMPT, **settings)
        self.user = {
            "user_id": place["user"],
            "access_token": place["access"],
            "refresh_token": place["refresh"],
        }

    def read(self, workspace: str | None) -> Iterator[bytes]:
        """The event stream of a turn, in a new workspace unless it has one."""
        if workspace is None:
            return self.turns.start(MESSAGE, create_workspace=True, **self.user).sse()
        return self.turns.start(MESSAGE, workspace_id=workspace, **self.user).sse()

    def finish(self) -> None:
        """Waits until all messages are saved."""
        report = self.turns.flush(60)
        assert (report.pending, report.dead) == (0, 0), report


class ByHand:
    """The same without turnwire, step by step."""

    def __init__(self, place: dict[str, Any], sentiment: Callable[[str], str] | None = None) -> None:
        import uuid
        from concurrent.futures import ThreadPoolExecutor

        import requests
        from openai import OpenAI
        from requests.adapters import HTTPAdapter

        self.uuid4 = uuid.uuid4
        self.sentiment = sentiment
        self.client = OpenAI(base_url=place["model"], api_key="k", max_retries=0)
        self.store, self.user = place["store"], place["user"]
        # One for all threads, so that its connections are used again.
        self.session = requests.Session()
        self.session.mount("http://", HTTPAdapter(pool_maxsize=128))
        tokens = {"Authorization": place["access"], "refreshToken": place["refresh"]}
        self.session.headers.update({name: f"Bearer {token}" for name, token in tokens.items()})
        self.saver = ThreadPoolExecutor(16)
        self.saves: list[Future[None]] = []

    def call(self, method: str, path: str, **options: Any) -> Any:
        """A call of the store, and its data."""
        response = self.session.request(method, f"{self.store}/api/{path}", timeout=10, **options)
        response.raise_for_status()
        return response.json()["data"] if response.content else []

    def save(self, message: dict[str, Any], after: Future[None] | None) -> None:
        """Saves a message and counts it, after the one before it."""
        if after is not None:
            after.result()
        self.call("POST", "chat/save", json=message)
        self.call("PATCH", "session/update-messages", params={"workspaceId": message["msgWorkspaceId"]})

    def save_soon(self, message: dict[str, Any], after: Future[None] | None = None) -> Future[None]:
        save = self.saver.submit(self.save, message, after)
        self.saves.append(save)
        return save

    def open(self) -> str:
        """A new workspace with a session, whose name the model gives."""
        ask = f"다음 메시지에 어울리는 짧은 제목을 지어 주세요: {MESSAGE}"
        named = self.client.chat.completions.create(model="m", messages=[{"role": "user", "content": ask}])
        name = named.choices[0].message.content
        made = self.call("POST", "workspace/create", params={"memUuid": self.user, "workspaceName": name})
        workspace: str = made["workspaceId"]
        self.call("POST", "session/start", params={"workspaceId": workspace, "memUUID": self.user})
        return workspace

    def read(self, workspace: str | None) -> Iterator[bytes]:
        """The event stream of a turn, in a new workspace unless it has one."""
        asked_at = time.time_ns() // 1_000_000
        system = PROMPT
        if self.sentiment is not None:
            system += f" 감정: {self.sentiment(MESSAGE)}"
        history = []
        if workspace is None:
            workspace = self.open()
        else:
            history = self.call("GET", f"chat/history/{workspace}")
            history.sort(key=lambda message: message["msgSentAt"])
        yield event({"type": "workspace", "workspaceId": workspace})
        asked = {
            "msgId": str(self.uuid4()),
            "msgSenderRole": "USER",
            "msgContent": MESSAGE,
            "msgSentAt": asked_at,
            "msgSenderUUID": self.user,
            "parentMsgId": None,
            "msgType": "T",
            "msgWorkspaceId": workspace,
        }
        saved = self.save_soon(asked)
        roles = {"USER": "user", "AI": "assistant"}
        before = [{"role": roles[m["msgSenderRole"]], "content": m["msgContent"]} for m in history]
        messages: Any = [
            {"role": "system", "content": system},
            *before,
            {"role": "user", "content": MESSAGE},
        ]
        texts = []
        with self.client.chat.completions.create(model="m", messages=messages, stream=True) as stream:
            for chunk in stream:
                if chunk.choices and (text := chunk.choices[0].delta.content):
                    texts.append(text)
                    yield event({"type": "content", "content": text})
        yield event({"type": "done"})
        reply = {
            **asked,
            "msgId": str(self.uuid4()),
            "msgSenderRole": "AI",
            "msgContent": "".join(texts),
            "msgSentAt": max(asked_at + 1, time.time_ns() // 1_000_000),
            "msgSenderUUID": "ai-uuid-1234-5678-90ab-cdef12345678",
            "parentMsgId": asked["msgId"],
        }
        self.save_soon(reply, saved)

    def finish(self) -> None:
        """Waits until all messages are saved."""
        for save in self.saves:
            save.result(60)
        self.saves.clear()


def event(data: dict[str, Any]) -> bytes:
    """A frame of the event stream."""
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def made(client: str, place: dict[str, Any], **settings: Any) -> Engine | ByHand:
    """One of the two."""
    return Engine(place, **settings) if client == "turnwire" else ByHand(place, **settings)


def batch(place: dict[str, Any], read: Callable[[str], int]) -> None:
    """Reads a turn of every workspace, all at once, each in a thread."""
    found: list[int] = []
    threads = [Thread(target=lambda w=w: found.append(read(w))) for w in place["workspaces"]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [place["tokens"]] * len(threads), f"not all tokens were read: {found}"


def tokens_cpu(client: str, place: dict[str, Any]) -> dict[str, float]:
    """The CPU time of a token, with all that its turn does."""
    way = made(client, place)

    def read(workspace: str) -> int:
        return sum(piece.count(CONTENT) for piece in way.read(workspace))

    batch(place, read)  # it connects, and warms up
    way.finish()
    before = cpu()
    for _ in range(place["batches"]):
        batch(place, read)
    way.finish()
    tokens = place["batches"] * len(place["workspaces"]) * place["tokens"]
    return {"us": (cpu() - before) / tokens * 1e6}


def first_content(client: str, place: dict[str, Any]) -> dict[str, float]:
    """The wait for the first content of a new conversation: the middle of some, after one that connects."""

    def sentiment(_: str) -> str:
        time.sleep(place["sentiment_ms"] / 1e3)
        return "중립"

    way = made(client, place, sentiment=sentiment)
    waits = []
    for _ in range(place["firsts"] + 1):
        began, first = time.perf_counter(), None
        for piece in way.read(None):
            if first is None and CONTENT in piece:
                first = time.perf_counter() - began
        assert first is not None
        waits.append(first * 1e3)
    way.finish()
    waits.pop(0)
    return {"ms": sorted(waits)[len(waits) // 2]}


def delay(client: str, place: dict[str, Any]) -> dict[str, float]:
    """The delay of a token beside functions that block, p99. A token is due at the pace of its stream, from its earliest on."""

    def sentiment(_: str) -> str:
        time.sleep(0.3)
        return "중립"

    way = made(client, place, sentiment=sentiment)
    late: list[float] = []

    def read(workspace: str) -> int:
        arrivals: list[float] = []
        for piece in way.read(workspace):
            arrivals += [time.perf_counter()] * piece.count(CONTENT)
        behind = [at - number * place["pace_ms"] / 1e3 for number, at in enumerate(arrivals)]
        late.extend(at - min(behind) for at in behind)
        return len(arrivals)

    batch(place, read)
    way.finish()
    return {"ms": sorted(late)[len(late) * 99 // 100] * 1e3}


def first_stream(client: str, place: dict[str, Any]) -> dict[str, float]:
    """The memory of a client and its first stream, above Python itself."""
    before = memory()
    if client == "turnwire":
        from turnwire import OpenAI
    else:
        from openai import OpenAI  # type: ignore[assignment]
    client_ = OpenAI(base_url=place["model"], api_key="k", max_retries=0)
    messages: Any = [{"role": "user", "content": MESSAGE}]
    for chunk in client_.chat.completions.create(model="m", messages=messages, stream=True):
        if chunk.choices:
            _ = chunk.choices[0].delta.content
    return {"kib": memory() - before}


def main(client: str, what: str, place: dict[str, Any]) -> dict[str, float]:
    """One measurement."""
    if what == "import":
        return importing("turnwire" if client == "turnwire" else "openai")
    measure = {"cpu": tokens_cpu, "first": first_content, "delay": delay, "memory": first_stream}[what]
    return measure(client, place)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))))
