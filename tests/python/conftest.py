"""A fake LLM server for all tests; each test has a key of its own, which is the model that it asks for."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import turnwire
from fake import Fake, FakeStore

HERE = Path(__file__).parent

# The libraries have an environment of their own.
collect_ignore = [] if importlib.util.find_spec("pydantic_ai") else ["libraries"]

# A shell starts its background jobs with SIGINT ignored, which a child inherits; a handler it does not inherit, so that
# Ctrl-C ends what these tests start wherever they run.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "nats: needs the extra for NATS, which ``cargo xtask test python`` installs"
    )


@pytest.fixture(scope="session")
def fake() -> Iterator[Fake]:
    for name in [name for name in os.environ if name.startswith("OPENAI_")]:
        del os.environ[name]
    server = Fake()
    yield server
    server.close()


@pytest.fixture(scope="session")
def store() -> Iterator[FakeStore]:
    server = FakeStore()
    yield server
    server.close()


@pytest.fixture
def key(request: pytest.FixtureRequest) -> str:
    """A name of the test's own for its script: tests of two files may have the same name."""
    name = f"{request.node.path.stem} {request.node.name}"
    return "".join(c if c.isalnum() else "-" for c in name)[:160]


@pytest.fixture
def client(fake: Fake) -> turnwire.OpenAI:
    return turnwire.OpenAI(base_url=fake.base_url, api_key="sk-test", max_retries=0)


@pytest.fixture
def async_client(fake: Fake) -> turnwire.AsyncOpenAI:
    return turnwire.AsyncOpenAI(base_url=fake.base_url, api_key="sk-test", max_retries=0)


class Program:
    """A Python program in a process of its own, given as text. It finds ``client``, ``key`` and ``texts``."""

    PRELUDE = """
import os, sys, time
import turnwire
key = {key!r}
client = turnwire.OpenAI(base_url={base_url!r}, api_key="k", max_retries=0)
def stream(): return client.chat.completions.create(model=key, messages=[], stream=True)
def texts(chunks): return [c.choices[0].delta.content for c in chunks if c.choices and c.choices[0].delta.content]
"""

    def __init__(self, fake: Fake, key: str) -> None:
        self.prelude = self.PRELUDE.format(key=key, base_url=fake.base_url)

    def start(self, text: str, before: str = "") -> subprocess.Popen[str]:
        program = before + self.prelude + text
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", program]
        # In a group of its own, so that what it forks can be ended with it.
        return subprocess.Popen(
            command, stdout=pipe, stderr=pipe, text=True, cwd=HERE, start_new_session=True
        )

    def run(self, text: str, before: str = "", seconds: float = 60) -> str:
        """Its output; it must end well, and say nothing else."""
        process = self.start(text, before)
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            raise AssertionError(f"it hangs: {out}{err}") from None
        assert process.returncode == 0 and not err, (process.returncode, out, err)
        return out

    def end(self, process: subprocess.Popen[str]) -> tuple[float, str]:
        """The seconds from its first line to its end, and the rest of its output. A pause of the machine counts as a moment."""
        assert process.stdout is not None
        process.stdout.readline()
        moments = 0
        while process.poll() is None:
            if moments == 6000:
                os.killpg(process.pid, signal.SIGKILL)
            time.sleep(0.01)
            moments += 1
        return moments / 100, process.communicate()[0]


@pytest.fixture
def program(fake: Fake, key: str) -> Program:
    return Program(fake, key)


USER = "11111111-1111-4111-8111-111111111111"
TALK = """
import multiprocessing, os, signal
def talk(turns, said):
    list(turns.start(said, **fields))
def engine(**settings):
    return turnwire.Turns(client, model=key, store=store, **settings)
"""


@pytest.fixture
def talking(store: FakeStore, fake: Fake, key: str) -> str:
    """The beginning of a program with a store."""
    steps = [{"text": "안녕"}, {"finish": "stop"}, {"done": True}]
    fake.script(key, {"steps": steps})
    store.workspace(key, USER)
    fields = {"user_id": USER, "workspace_id": key, **store.login(USER)}
    return f"store = {store.url!r}\nfields = {fields!r}\n{TALK}"


def texts(chunks: Any) -> list[str]:
    """The texts that chunks add to the first reply."""
    return [c.choices[0].delta.content for c in chunks if c.choices and c.choices[0].delta.content]
