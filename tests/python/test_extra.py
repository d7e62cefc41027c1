"""The package with and without its extra for NATS, and with one of another version."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import turnwire
from turnwire import AsyncCourier, ChatStore, ConfigError, Courier, NatsSink, Outbox, _core, _extra

INSTALL = (
    "the client of NATS brokers is an extra, which is not installed; install it: "
    'pip install "turnwire[nats]"; from a clone, pip install ./bindings-python/nats'
)
SECRET = "hunter2"
URL = f"nats://app:{SECRET}@localhost:4222"


def run(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=60, **options)


def test_without_it_its_classes_say_what_to_install_and_show_no_secret() -> None:
    store = ChatStore("http://localhost:1")
    for make, operation in (
        (lambda: NatsSink(URL), "nats.sink"),
        (lambda: Courier(URL, print), "courier.build"),
        (lambda: AsyncCourier(URL, store, lambda *_: None, token=SECRET), "courier.build"),
    ):
        with pytest.raises(ConfigError) as refused:
            make()
        assert str(refused.value) == f"{operation}: config: {INSTALL}"


def test_without_it_the_command_shows_the_files_and_says_what_to_install(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.db") as outbox:
        outbox.enqueue("chat", "p1", {})
    options = ["pending", "--json", "--file", "outbox.db", "--nats", URL]
    ended = run("-m", "turnwire.outbox", *options, cwd=tmp_path)
    assert ended.returncode == 1 and json.loads(ended.stdout)["id"] == "p1", ended
    assert ended.stderr == f"error: outbox.command: config: {INSTALL}\n"


def test_one_of_another_version_is_refused_in_words(tmp_path: Path) -> None:
    other = tmp_path / "turnwire_nats"
    other.mkdir()
    (other / "__init__.py").write_text("")
    (other / "_core.py").write_text('__version__ = "0.0.1"')
    program = """
for _ in range(2):
    try:
        import turnwire
    except ImportError as error:
        print(error)
"""
    ended = run("-c", program, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    version = turnwire.__version__
    refusal = (
        f"turnwire {version} cannot use turnwire-nats 0.0.1, which has another version: "
        f'pip install "turnwire[nats]=={version}", or uninstall turnwire-nats\n'
    )
    assert (ended.stdout, ended.stderr) == (refusal * 2, "")


def test_a_folder_that_an_uninstallation_left_is_no_extra(tmp_path: Path) -> None:
    (tmp_path / "turnwire_nats").mkdir()
    program = "import turnwire; print(turnwire.__version__)"
    ended = run("-c", program, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert (ended.stdout, ended.stderr) == (f"{turnwire.__version__}\n", "")


def test_the_version_that_it_has_to_have_is_that_of_the_native_part() -> None:
    assert turnwire.__version__ == _extra.VERSION


@pytest.mark.parametrize("package", ["turnwire", pytest.param("turnwire_nats", marks=pytest.mark.nats)])
def test_a_process_has_one_native_part(package: str) -> None:
    program = """
import pathlib, turnwire._core, turnwire.testing
maps = pathlib.Path("/proc/self/maps").read_text().split()
print(*{word for word in maps if "_core.abi3" in word}, turnwire._core.__file__)
"""
    ended = run("-c", program)
    assert ended.stdout.split() == [str(_core.__file__)] * 2, ended
    assert Path(str(_core.__file__)).parent.name == package
    assert _core.Courier.__module__ == "turnwire._core"
