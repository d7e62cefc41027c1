"""Turns in Flask whose readers leave."""

from __future__ import annotations

import gc
import threading

import pytest
from flask import Flask

import turnwire
from fake import Fake
from turnwire import Turns
from turnwire.flask import chat_blueprint


@pytest.fixture
def silent(client: turnwire.OpenAI, fake: Fake, key: str) -> Turns:
    """Their replies begin, and fall silent."""
    fake.script(key, {"steps": [{"text": "a"}, {"stall": True}]})
    return Turns(client, model=key)


def test_closing_the_bytes_ends_a_reader_in_another_thread(silent: Turns, fake: Fake, key: str) -> None:
    body = silent.start("m").sse()
    first = next(body)
    rest: list[list[bytes]] = []
    reader = threading.Thread(target=lambda: rest.append(list(body)))
    reader.start()
    closers = [threading.Thread(target=body.close) for _ in range(8)]
    for closer in closers:
        closer.start()
    for thread in [*closers, reader]:
        thread.join(30)
        assert not thread.is_alive()
    body.close()
    assert first and rest == [[]] and list(body) == []
    fake.client_left(key)


def test_bytes_that_nobody_reads_are_left_by_the_garbage_collector(
    silent: Turns, fake: Fake, key: str
) -> None:
    class Cycle:
        def __init__(self) -> None:
            self.body = silent.start("m").sse()
            self.own = self

    next(Cycle().body)
    gc.collect()
    fake.client_left(key)


def test_a_response_that_is_closed_leaves_its_turn(silent: Turns, fake: Fake, key: str) -> None:
    app = Flask(__name__)
    app.register_blueprint(chat_blueprint(silent, authenticate=lambda _: "user-1"))
    answered = app.test_client().post("/chat/stream", json={"message": "m"}, buffered=False)
    assert next(iter(answered.response))
    answered.close()
    answered.close()
    fake.client_left(key)
