"""Readers who leave a chat service behind gunicorn: ``leavers.py``, small."""

from __future__ import annotations

import pytest
from leavers import WORKERS, run

from fake import Fake, FakeStore


@pytest.mark.parametrize("worker", WORKERS)
def test_leavers_cost_nothing_that_lasts(fake: Fake, store: FakeStore, worker: str) -> None:
    clients = 24
    rounds = list(run(fake, store, worker, clients, rounds=3))
    # One more for the rounds in which the machine is busy. Without keep-alives nobody would notice them.
    assert min(one.noticed for one in rounds) <= 2 and max(one.noticed for one in rounds) < 3, rounds
    warm, last = rounds[1], rounds[-1]
    assert last.descriptors <= warm.descriptors + 4, rounds
    # A reader's turn has at most one to the model, and two to the store for its two messages.
    assert last.connections <= 2 * 3 * clients, rounds
    # The runtime's blocking threads come and go.
    assert last.threads <= warm.threads + 24, rounds
    assert last.rss <= 1.1 * warm.rss, rounds
