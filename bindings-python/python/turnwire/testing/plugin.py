"""The plugin of pytest: a fresh service for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from . import FakeLlm, FakeStore


@pytest.fixture
def fake_llm() -> Iterator[FakeLlm]:
    """A fake language model: :class:`turnwire.testing.FakeLlm`."""
    from . import FakeLlm

    with FakeLlm() as service:
        yield service


@pytest.fixture
def fake_store() -> Iterator[FakeStore]:
    """A fake chat store: :class:`turnwire.testing.FakeStore`."""
    from . import FakeStore

    with FakeStore() as service:
        yield service
