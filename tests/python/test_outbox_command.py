"""The command ``python -m turnwire.outbox``: the same words as in every language."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from fake import REPO
from turnwire import Outbox, Outcome, Record

CASE = json.loads((REPO / "tests/vectors/outbox-command/commands.json").read_text("utf-8"))


def run(arguments: list[str], directory: Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "turnwire.outbox", *arguments]
    return subprocess.run(command, cwd=directory, capture_output=True, timeout=30, **options)


def test_the_command_is_the_same_in_every_language(tmp_path: Path) -> None:
    directory = Path(os.path.realpath(tmp_path))
    fill(directory / "outbox.db")
    for command in CASE["commands"]:
        for name, text in command.get("file", {}).items():
            (directory / name).write_text(text, "utf-8")
        ended = run(command["arguments"], directory)
        found = (ended.returncode, fixed(ended.stdout, directory), fixed(ended.stderr, directory))
        assert found == (command["code"], command["out"], command["err"]), command["arguments"]


def fill(path: Path) -> None:
    outcomes = {id: iter(each) for id, each in CASE["sink"].items()}

    def sink(record: Record) -> Outcome:
        return Outcome(**next(outcomes[record.id]))

    outbox = Outbox(path, sink=sink)
    for step in CASE["steps"]:
        ((name, given),) = step.items()
        if name == "until":
            while [(each.id, each.attempts) for each in outbox.pending()] != [
                (each["id"], each.get("attempts", 0)) for each in given
            ]:
                outbox.flush(0.02)
        elif name == "shutdown":
            outbox.shutdown(given)
        else:
            getattr(outbox, name)(**given)


def fixed(output: bytes, directory: Path) -> str:
    text = output.decode().replace(str(directory), "<directory>")
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "YYYY-MM-DD hh:mm:ss", text)
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>", text)


def test_the_output_is_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.db") as outbox:
        outbox.enqueue("대화", "1", {})
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    ended = run(["pending", "--file", "outbox.db"], tmp_path, env=environment)
    assert ended.returncode == 0 and "대화" in ended.stdout.decode()


def test_a_reader_that_leaves_is_no_failure_and_a_full_pipe_is_waited_for(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.db", sink=lambda _: Outcome.dead("no")) as outbox:
        for id in "ab":
            outbox.enqueue("c", id, "x" * 200_000)
    command = [sys.executable, "-m", "turnwire.outbox", "dead", "--json", "--file", "outbox.db"]
    left = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert left.stdout is not None and left.stderr is not None
    left.stdout.close()
    assert left.stderr.read() == b"" and left.wait(30) == 0
    left.stderr.close()

    # As npm and npx leave their pipes.
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    slow = subprocess.Popen(command, cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    with open(reader, "rb") as pipe:
        lines = pipe.read().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["a", "b"]
    assert slow.stderr is not None and slow.stderr.read() == b"" and slow.wait(30) == 0
    slow.stderr.close()
