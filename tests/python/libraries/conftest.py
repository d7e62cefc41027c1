"""A scripted service for each test of a library, whose log is read when the test ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fake import Fake
from scripts import Service


@pytest.fixture
def key(request: pytest.FixtureRequest) -> str:
    """A key of the test's own, also beside one of the same name in another file."""
    return "".join(c if c.isalnum() else "-" for c in request.node.nodeid.rpartition("/")[2])


@pytest.fixture
def service(fake: Fake, key: str) -> Iterator[Service]:
    made = Service(fake, key)
    yield made
    made.check()
