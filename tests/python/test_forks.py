"""Forks of a process with messages and files: both processes deliver, each message once, and every child can use the files."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from test_exit import SLOW
from test_processes import FORK

from conftest import Program
from fake import FakeStore


def saves(store: FakeStore, key: str) -> Counter[str]:
    """The number of requests to save each message."""
    bodies = [
        json.loads(request["body"])
        for request in store.all_requests()
        if request["method"] == "POST" and request["body"]
    ]
    return Counter(body["msgContent"] + body["msgId"] for body in bodies if body.get("msgWorkspaceId") == key)


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_messages_queued_before_a_fork_are_delivered_once_beside_the_childs_own(
    program: Program, store: FakeStore, key: str, talking: str, kind: str, tmp_path: Path
) -> None:
    store.script(key, SLOW)
    settings = {} if kind == "memory" else {"outbox": str(tmp_path / "outbox.db")}
    out = program.run(f"""{FORK}{talking}
turns = engine(**{settings!r})
for n in range(3): talk(turns, f"parent {{n}}")
def child():
    for n in range(3): talk(turns, f"child {{n}}")
    print(turns.flush(10).pending)
in_child(child)
talk(turns, "parent 3")
print(turns.flush(10).pending)
""")
    assert out == "0\n0\n"
    asked = [f"{who} {n}" for who, count in (("child", 3), ("parent", 4)) for n in range(count)]
    assert store.texts(key) == [*asked, *["안녕"] * 7]
    assert set(saves(store, key).values()) == {1}
