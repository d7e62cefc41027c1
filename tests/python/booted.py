"""Configuration of gunicorn: each worker that has booted adds a byte to the file ``BOOTED``."""

import os
from typing import Any


def post_worker_init(worker: Any) -> None:
    """Called in the worker, once it handles signals."""
    with open(os.environ["BOOTED"], "ab") as file:
        file.write(b".")
