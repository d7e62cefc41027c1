"""The cases of a chat service's routes in Flask: in this process, and behind gunicorn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_site import build
from test_servers import gunicorn

import web_cases
from fake import Fake, FakeStore
from test_turn_vectors import fakes as fakes
from turnwire import Turns
from web_cases import CASES, Remote, Reply


@dataclass
class Local:
    """The test client of an application."""

    client: FlaskClient
    turns: Turns

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Reply:
        answered = self.client.open(path, method=method, headers=headers, data=body, buffered=False)
        return Reply(answered.status_code, list(answered.headers.items()), answered.iter_encoded())

    def flush(self) -> None:
        self.turns.flush(30)


@contextmanager
def local(spec: dict[str, Any]) -> Iterator[Local]:
    app, turns = build(spec)
    yield Local(app.test_client(), turns)


@pytest.fixture(scope="module")
def remote(fake: Fake) -> Iterator[Remote]:
    with gunicorn(fake, "m", "--worker-class", "gthread", "--threads", "8", app="flask_site") as port:
        yield Remote(port)


def test_there_are_cases() -> None:
    assert len(CASES) >= 100


@pytest.mark.parametrize("case", CASES)
def test_case_in_the_test_client(fakes: tuple[Fake, FakeStore], case: dict[str, Any], tmp_path: Path) -> None:
    web_cases.run(case, fakes, tmp_path, local, has_other_paths=True)


@pytest.mark.parametrize("case", CASES)
def test_case_behind_gunicorn(
    fakes: tuple[Fake, FakeStore], remote: Remote, case: dict[str, Any], tmp_path: Path
) -> None:
    web_cases.run(case, fakes, tmp_path, remote.open, has_other_paths=True)
