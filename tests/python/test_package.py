"""The package as it is installed: types, stubs, import, examples, and the wheel if ``TURNWIRE_WHEEL`` names it."""

from __future__ import annotations

import json
import os
import platform
import signal
import struct
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

import turnwire
from fake import REPO, Fake

CHAT = REPO / "examples" / "python" / "chat.py"
SERVICES = ("flask/app.py", "flask/gunicorn.conf.py", "fastapi/app.py")
EXAMPLES = [CHAT, *(REPO / "examples" / name for name in SERVICES)]
TYPED = [*EXAMPLES, *(Path(__file__).with_name(f"{name}_typed.py") for name in ("openai", "speech", "turns"))]


def run(
    *command: Any, env: dict[str, str] | None = None, input: str = ""
) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    words = [str(word) for word in command]
    return subprocess.run(
        words, capture_output=True, text=True, env={**clean, **(env or {})}, input=input, cwd="/"
    )


def check(*command: Any) -> None:
    # The examples share the offline model.
    done = run(sys.executable, "-m", *command, env={"MYPYPATH": str(CHAT.parent)})
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_stubs_are_those_of_the_module(tmp_path: Path) -> None:
    # Without the extra there is no courier that could be called.
    (tmp_path / "allowed").write_text(r"turnwire\._core\.Courier\.(?!__).*")
    check("mypy.stubtest", "turnwire._core", "--allowlist", tmp_path / "allowed")


@pytest.mark.nats
def test_the_stubs_are_those_of_the_module_of_the_extra() -> None:
    check("mypy.stubtest", "turnwire._core")


@pytest.fixture(scope="module")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Begins empty. The programs use the same packages, whose analysis takes most of the time."""
    return tmp_path_factory.mktemp("mypy")


def test_the_package_is_strictly_typed(mypy_cache: Path) -> None:
    check("mypy", "--strict", "--cache-dir", mypy_cache, "-p", "turnwire")


@pytest.mark.parametrize("program", TYPED, ids=lambda path: path.name)
def test_programs_are_strictly_typed(program: Path, mypy_cache: Path) -> None:
    check("mypy", "--strict", "--cache-dir", mypy_cache, program)


def test_pyright_agrees(tmp_path: Path) -> None:
    """On the package as it is installed, and on the programs."""
    pyright = Path(__file__).parent / "node_modules" / ".bin" / "pyright"
    included = [Path(turnwire.__file__).parent, *TYPED]
    # A package is left out by default if a folder above it is named `site-packages`.
    # Paths that are absolute are not included at all.
    include = [os.path.relpath(path, tmp_path) for path in included]
    paths = [str(CHAT.parent), str(REPO / "examples" / "flask")]
    project = {"include": include, "exclude": [], "extraPaths": paths}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(project))
    done = run(pyright, "--warnings", "--pythonpath", sys.executable, "--project", tmp_path)
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr


def test_the_sources_are_clean() -> None:
    settings = REPO / "bindings-python" / "pyproject.toml"
    ours = [REPO / "bindings-python" / "python", REPO / "bindings-python" / "nats", REPO / "tests" / "python"]
    folders = [*ours, *{example.parent for example in EXAMPLES}]
    check("ruff", "check", "--no-cache", "--config", settings, *folders)
    check("ruff", "format", "--no-cache", "--check", "--config", settings, *folders)


def test_import_is_quick() -> None:
    """A generous limit, which one of many tries keeps on a machine that does other things besides; ``bench.py`` measures."""
    program = "import time; t = time.process_time(); import turnwire; print(time.process_time() - t)"
    assert any(float(run(sys.executable, "-c", program).stdout) < 0.03 for _ in range(50))


def chat(fake: Fake | None, *arguments: str, input: str = "") -> subprocess.CompletedProcess[str]:
    env = {"OPENAI_BASE_URL": fake.base_url} if fake else None
    return run(sys.executable, CHAT, *arguments, env=env, input=input)


def test_the_example_streams(fake: Fake, key: str) -> None:
    fake.chat(key, "안", "녕")
    done = chat(fake, "--model", key, "--system", "s", input="hello")
    assert (done.returncode, done.stdout) == (0, "안녕\n"), done
    assert done.stderr == ""


def test_the_example_shows_json(fake: Fake, key: str) -> None:
    fake.chat(key, "a")
    done = chat(fake, "--model", key, "--json", "hello")
    assert done.returncode == 0 and all(line.startswith("{") for line in done.stdout.splitlines())


def test_the_example_asks_for_the_whole(fake: Fake) -> None:
    done = chat(fake, "--no-stream", "--timeout", "5", "hello")
    assert done.returncode == 0 and done.stdout.strip(), done


def test_the_example_keeps_what_came(fake: Fake, key: str) -> None:
    fake.script(key, {"steps": [{"text": "half"}, {"truncate": True}]})
    done = chat(fake, "--model", key, "hello")
    assert done.returncode == 1 and done.stdout == "half" and "truncated" in done.stderr


def test_the_example_answers_offline() -> None:
    for options in ([], ["--no-stream"]):
        done = chat(None, "안녕하세요", *options)
        assert done.returncode == 0 and "안녕하세요" in done.stdout, done
        assert done.stderr.startswith("offline: "), done


def test_no_model_steers_the_terminal_of_the_example(fake: Fake, key: str) -> None:
    fake.chat(key, "a\x1b]0;title\x07\r", "\nb \x9b1m\u202e")
    done = chat(fake, "--model", key, "hello")
    assert done.stdout == "a\\x1b]0;title\\x07\nb \\x9b1m\\u202e\n", done


@pytest.mark.parametrize("wrong", [["--timeout", "0"], ["--nope"], [" "]])
def test_the_example_refuses_wrong_usage(wrong: list[str]) -> None:
    done = chat(None, *wrong)
    assert done.returncode == 2 and done.stderr.startswith("usage: "), done


def test_ctrl_c_in_the_example_keeps_what_came(fake: Fake, key: str) -> None:
    fake.script(key, {"steps": [{"text": "half"}, {"stall": True}]})
    env = {**os.environ, "OPENAI_BASE_URL": fake.base_url}
    command = [sys.executable, CHAT, "--model", key, "hello"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.read(4) == "half"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "") and process.returncode == 130


@pytest.mark.skipif("TURNWIRE_WHEEL" not in os.environ, reason="no wheel is named")
def test_the_wheel_can_be_published() -> None:
    wheel = os.environ["TURNWIRE_WHEEL"]
    check("twine", "check", "--strict", wheel)
    check("abi3audit", "--strict", wheel)


@pytest.mark.nats
def test_the_wheel_of_the_extra_can_be_published() -> None:
    wheel = os.environ["TURNWIRE_NATS_WHEEL"]
    check("twine", "check", "--strict", wheel)
    check("abi3audit", "--strict", wheel)


def sections(elf: bytes) -> dict[str, int]:
    """The sizes of a library's sections, by their names."""
    (table,) = struct.unpack_from("<Q", elf, 40)
    entry, count, names = struct.unpack_from("<3H", elf, 58)
    headers = [struct.unpack_from("<2I4Q", elf, table + number * entry) for number in range(count)]
    strings = elf[headers[names][4] :]
    return {strings[header[0] :].split(b"\0", 1)[0].decode(): header[5] for header in headers}


@pytest.mark.skipif("TURNWIRE_WHEEL" not in os.environ, reason="no wheel is named")
@pytest.mark.skipif(
    (sys.platform, platform.machine(), platform.libc_ver()[0]) != ("linux", "x86_64", "glibc"),
    reason="the layout was made for Linux",
)
def test_the_functions_of_a_streamed_chat_stand_together() -> None:
    with zipfile.ZipFile(os.environ["TURNWIRE_WHEEL"]) as wheel:
        found = sections(wheel.read("turnwire/_core.abi3.so"))
    # Fewer: names have changed, and programs take megabytes more. More: patterns match what no chat runs.
    # See tests/bench/layout.py.
    assert 1_100_000 < found.get(".text.chat", 0) < 1_600_000, found
    assert found[".text"] > 4_000_000, found


def test_the_sdist_has_all_that_a_build_needs(tmp_path: Path) -> None:
    check("maturin", "sdist", "-m", REPO / "bindings-python" / "Cargo.toml", "-o", tmp_path)
    (sdist,) = tmp_path.glob("*.tar.gz")
    check("twine", "check", "--strict", sdist)
    with tarfile.open(sdist) as tar:
        tar.extractall(tmp_path)
    (manifest,) = tmp_path.glob("turnwire-*/Cargo.toml")
    # Reuses compiled dependencies.
    env = {"CARGO_TARGET_DIR": str(REPO / "target")}
    done = run("cargo", "check", "--offline", "--manifest-path", manifest, "-p", "turnwire-python", env=env)
    assert done.returncode == 0, done.stderr
