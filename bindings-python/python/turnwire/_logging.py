"""Core's log records in Python's ``logging``, under ``turnwire``."""

from __future__ import annotations

import sys

from ._core import keep_logs as keep


def keep_logs() -> None:
    """Keeps core's records if the logger is enabled. A program without ``logging`` has no listener."""
    logging = sys.modules.get("logging")
    if logging is None:
        return
    level = logging.getLogger("turnwire").getEffectiveLevel()
    if level <= logging.ERROR:
        keep(level)


def emit(level: int, target: str, message: str, at: float) -> None:
    """Hands one record to its logger."""
    import logging

    logger = logging.getLogger(target.replace("::", "."))
    if logger.isEnabledFor(level):
        record = logger.makeRecord(logger.name, level, "", 0, message, (), None)
        record.created = at
        record.msecs = at % 1 * 1000
        logger.handle(record)
