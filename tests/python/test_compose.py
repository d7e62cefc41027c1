"""``examples/compose``, as far as it can be checked without a container engine."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from fake import REPO
from test_flask_example import post, service

FOLDER = REPO / "examples" / "compose"
DOCKERFILES = sorted(FOLDER.glob("*.Dockerfile"))
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """The instructions of all stages, each with its arguments on one line."""
    text = re.sub(r"^\s*#.*\n", "", dockerfile.read_text("utf-8"), flags=re.MULTILINE)
    lines = [line.split(maxsplit=1) for line in re.sub(r"\\\n\s*", "", text).splitlines() if line]
    return [(name, arguments) for name, arguments in lines]


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, *DOCKERFILES], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_all_that_is_copied_is_there_and_not_ignored(dockerfile: Path) -> None:
    ignored = dockerfile.with_name(dockerfile.name + ".dockerignore").read_text("utf-8").split()
    copied = [arguments for name, arguments in instructions(dockerfile) if name == "COPY"]
    own = [arguments.split() for arguments in copied if not arguments.startswith("--from")]
    assert own
    for *sources, _ in own:
        for source in sources:
            assert (REPO / source).exists(), source
            parts = Path(source).parts
            assert not any(fnmatch(part, rule.removeprefix("**/")) for rule in ignored for part in parts), (
                source
            )


def test_the_secrets_that_the_readme_writes_are_in_no_image_and_in_no_commit() -> None:
    written = re.findall(r"> (\S+)$", (FOLDER / "README.md").read_text("utf-8"), re.MULTILINE)
    assert written == [".env", "tokens"]
    paths = {f"examples/compose/{name}" for name in written}
    for dockerfile in DOCKERFILES:
        ignored = dockerfile.with_name(dockerfile.name + ".dockerignore").read_text("utf-8").split()
        assert paths <= set(ignored), dockerfile.name
    assert paths <= set((REPO / ".gitignore").read_text("utf-8").split())


PROVED = {
    "pip wheel --no-deps --wheel-dir /wheels ./bindings-python": (
        "languages.rs",
        ["fn pip(", "fn wheel_from_clone(", "fn own_wheel("],
    ),
    "mvn --batch-mode --file examples/spring-boot -DskipTests package": (
        "store_server.rs",
        ["fn maven(", "const FOLDER", "fn build("],
    ),
    "java -jar /srv/chat-store.jar": ("store_server.rs", ["fn command("]),
}
"""Commands that a suite runs outside of containers: the file of ``tests/xtask/src``, and its items that have the words."""
SYSTEM = ("apt-get ", "rm -rf /var/lib/apt", "useradd ", "install --directory ")


def literals(file: str, items: list[str]) -> Iterator[str]:
    """The texts in these items of a file, in their order."""
    source = (REPO / "tests/xtask/src" / file).read_text("utf-8")
    for item in items:
        end = ";\n" if item.startswith("const") else "\n}\n"
        yield from re.findall(r'"([^"\n]*)"', source.split(item)[1].split(end)[0])


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_every_command_of_an_image_is_run_by_a_suite(dockerfile: Path) -> None:
    pinned = (REPO / "tests/python/requirements.in").read_text("utf-8").split()
    for name, arguments in instructions(dockerfile):
        commands = arguments.split(" && ") if name == "RUN" else []
        if name == "CMD" and "gunicorn" not in arguments:
            commands = [" ".join(yaml.safe_load(arguments))]
        for command in map(str.strip, commands):
            if command.startswith("pip install"):
                # The versions are those of the tests.
                assert all(word in pinned for word in command.split() if "==" in word), command
            elif not command.startswith(SYSTEM):
                words = literals(*PROVED[command])
                # In this order; a file's place in the image is its own.
                assert all(word in words for word in command.split() if word[0] != "/"), command


def test_the_services_fit_together() -> None:
    services = COMPOSE["services"]
    for name, one in services.items():
        if "build" in one:
            assert (FOLDER / one["build"]["context"] / one["build"]["dockerfile"]).is_file(), name
            # Nothing is open to other machines.
            assert all(port.startswith("127.0.0.1:") for port in one["ports"]), name
        assert set(one.get("depends_on", {})) <= set(services), name
        volumes = {volume.split(":")[0] for volume in one.get("volumes", [])}
        assert volumes <= set(COMPOSE["volumes"]), name
        for value in one["environment"].values():
            is_secret = "PASSWORD" in str(value) or "SECRET" in str(value)
            assert not is_secret or ":?" in str(value), f"{name}: {value} has a default"


def test_every_setting_is_read_by_its_program() -> None:
    flask = "".join(path.read_text("utf-8") for path in (REPO / "examples/flask").glob("*.py"))
    offline = (REPO / "examples/python/offline.py").read_text("utf-8")
    for name in COMPOSE["services"]["chat"]["environment"]:
        assert f'"{name}"' in flask or name in offline, name
    settings = (REPO / "examples/spring-boot/src/main/resources/application.yaml").read_text("utf-8")
    for name in COMPOSE["services"]["store"]["environment"]:
        if name.startswith("CHAT_"):
            assert f"{name.split('_')[1].lower()}:" in settings, name


def test_the_command_of_the_chat_service_runs_with_its_environment(tmp_path: Path) -> None:
    [command] = [rest for name, rest in instructions(FOLDER / "chat.Dockerfile") if name == "CMD"]
    # As compose fills them in without a file .env; an address and a folder of this machine; and no store, which needs a login.
    given = COMPOSE["services"]["chat"]["environment"]
    env = {name: re.sub(r"\$\{\w+:[-?](.*?)\}", r"\1", value) for name, value in given.items()}
    env |= {"TURNWIRE_STORE_URL": "", "JWT_SECRET": ""}
    with service(tmp_path, yaml.safe_load(command), **env) as url:
        status, text = post(f"{url}/chat/stream", {"message": "안녕하세요", "createWorkspace": True})
        assert status == 200 and '"done"' in text, text
