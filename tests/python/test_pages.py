"""Chat pages on the AI SDK 5, 6 and 7 against services in Flask and ASGI: ``tests/pages``."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fake import Fake, FakeStore

HERE = Path(__file__).parent
PAGES = HERE.parent / "pages"
SERVERS = {
    "flask": ["gunicorn", "--worker-class", "gthread", "--threads", "16", "--bind", "fd://{fd}"],
    "asgi": ["uvicorn", "--fd", "{fd}", "--no-access-log"],
}


@pytest.mark.parametrize("service", SERVERS)
def test_stock_pages_show_the_replies_of(service: str) -> None:
    # The pages reset what these hold.
    fake, store = Fake(), FakeStore()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        # Connections wait until the server accepts them.
        listener.listen(64)
        listener.set_inheritable(True)
        command = [part.format(fd=listener.fileno()) for part in SERVERS[service]]
        env = {"OPENAI_BASE_URL": fake.base_url, "STORE_URL": store.url, "PAGES": service}
        server = subprocess.Popen(
            [sys.executable, "-m", *command, "pages_app:app"],
            cwd=HERE,
            env={**os.environ, **env},
            pass_fds=[listener.fileno()],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    pages = {"service": url, "llm": fake.url, "store": store.url}
    node = shutil.which("node")
    assert node
    try:
        shown = subprocess.run(
            [node, "--test", "elsewhere.test.mjs"],
            cwd=PAGES,
            env={**os.environ, "TURNWIRE_PAGES": json.dumps(pages)},
            capture_output=True,
            text=True,
            timeout=120,
        )
    finally:
        server.terminate()
        said, _ = server.communicate(timeout=20)
        fake.close()
        store.close()
    assert shown.returncode == 0 and "# pass 30" in shown.stdout, f"{shown.stdout}\n{shown.stderr}\n{said}"
