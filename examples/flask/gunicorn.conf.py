"""The settings of gunicorn for streams."""

import os
from typing import Any

bind = os.environ.get("BIND", "127.0.0.1:5000")
# An open stream holds a thread. Or "gevent", with no such limit; never "sync", which ends a worker in a long stream.
worker_class = "gthread"
threads = 64
workers = 2
# Longer than turnwire's clients keep a connection that is idle, 90 s: the server closes none just as a request arrives.
keepalive = 100
# The application is loaded once; the workers are forked from it and share its memory.
preload_app = True


def worker_exit(server: Any, worker: Any) -> None:
    """Delivers the messages that still wait. Those that it does not reach stay in the outbox's file, for the next start."""
    from app import outbox, turns

    turns.shutdown(timeout=10)
    if outbox:
        outbox.shutdown(timeout=0)
