"""ASGI servers as child processes."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
SERVERS = {
    "uvicorn": ["uvicorn", "--fd", "{fd}", "--no-access-log"],
    "hypercorn": ["hypercorn", "--bind", "fd://{fd}"],
    "gunicorn": ["gunicorn", "--worker-class", "asgi", "--bind", "fd://{fd}"],
}


@contextmanager
def serving(server: str, app: str, env: dict[str, str], folder: Path = HERE) -> Iterator[int]:
    """A server of ``app``, a module of the folder; its port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        # Connections wait until the server accepts them.
        listener.listen(64)
        listener.set_inheritable(True)
        command = [part.format(fd=listener.fileno()) for part in SERVERS[server]]
        process = subprocess.Popen(
            [sys.executable, "-m", *command, app],
            cwd=folder,
            env={**os.environ, **env},
            pass_fds=[listener.fileno()],
            stderr=subprocess.PIPE,
            text=True,
        )
        port = int(listener.getsockname()[1])
    try:
        yield port
    finally:
        process.terminate()
        try:
            _, err = process.communicate(timeout=25)
        except subprocess.TimeoutExpired:
            process.kill()
            _, err = process.communicate()
            raise AssertionError(f"the server does not end: {err}") from None
    assert "Traceback" not in err and "Warning" not in err, err


def post(
    port: int, path: str, headers: dict[str, str] | None = None, **fields: object
) -> http.client.HTTPResponse:
    """The head of the response; closing it closes the connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    given = {"content-type": "application/json", "connection": "close", **(headers or {})}
    connection.request("POST", path, json.dumps(fields), given)
    return connection.getresponse()
