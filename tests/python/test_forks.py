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
    print(turns.flush(60).pending)
in_child(child)
talk(turns, "parent 3")
print(turns.flush(60).pending)
""")
    assert out == "0\n0\n"
    asked = [f"{who} {n}" for who, count in (("child", 3), ("parent", 4)) for n in range(count)]
    assert store.texts(key) == [*asked, *["안녕"] * 7]
    assert set(saves(store, key).values()) == {1}


def test_every_child_can_use_the_files_of_a_parent_whose_threads_use_them(
    program: Program, tmp_path: Path
) -> None:
    out = program.run(
        f"""{FORK}
import threading
store = turnwire.SqliteStore({str(tmp_path / "chat.db")!r})
workspace = store.create_workspace("user", "all").id
def save(said, sent_at=0):
    message = turnwire.StoreMessage.from_user(workspace, "user", said, sent_at=sent_at)
    store.save("user", message)
    return message
is_over, saved = False, [0, 0, 0]
def work(n):
    while not is_over:
        save("parent")
        saved[n] += 1
threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
for thread in threads: thread.start()
def child(n):
    try: message = save("child", n)
    except turnwire.StorageError as error:
        # A fork waits for a second: a thread of a busy machine may hold the file for longer.
        assert "forked in the middle" in str(error), error
        print("late")
        return
    page = store.history_page("user", workspace)
    assert message.id in [known.id for known in page.messages], "its message is missing"
for n in range(200): in_child(lambda: child(n + 1))
is_over = True
for thread in threads: thread.join()
found = [message.content for message in store.history("user", workspace)]
print(found.count("child"), found.count("parent") == sum(saved))
""",
        seconds=600,
    )
    # Without the wait, most forks would be in the middle of a call: the three threads do nothing else.
    late = out.count("late\n")
    assert late < 20 and out.replace("late\n", "") == f"{200 - late} True\n", out


def test_a_fork_amid_a_slow_call_waits_for_it_and_not_for_ever(program: Program, tmp_path: Path) -> None:
    """A call that waits for another process's write holds a fork back for a second."""
    out = program.run(
        f"""{FORK}
import subprocess, threading
path = {str(tmp_path / "chat.db")!r}
store = turnwire.SqliteStore(path)
workspace = store.create_workspace("user", "all").id
message = turnwire.StoreMessage.from_user(workspace, "user", "said")
hold = f"import sqlite3; c = sqlite3.connect({{path!r}}, isolation_level=None); c.execute('BEGIN IMMEDIATE'); print(flush=True); input()"
pipe = subprocess.PIPE
other = subprocess.Popen([sys.executable, "-c", hold], stdin=pipe, stdout=pipe)
other.stdout.readline()
thread = threading.Thread(target=store.save, args=("user", message))
thread.start()
while sys._current_frames()[thread.ident].f_code.co_name != "save": time.sleep(0.001)
time.sleep(0.1)
began = time.monotonic()
def child():
    try: store.history("user", workspace)
    except turnwire.StorageError as error: print("forked in the middle" in str(error))
in_child(child)
print(1 <= time.monotonic() - began < 10)
other.communicate(b'\\n')
thread.join()
in_child(lambda: print(len(store.history("user", workspace))))
"""
    )
    assert out == "True\nTrue\n1\n"
