"""The command that inspects an outbox's file: ``python -m turnwire.outbox --help``."""

from __future__ import annotations

import sys

from ._core import outbox_command

if __name__ == "__main__":
    sys.exit(outbox_command(sys.argv[1:]))
