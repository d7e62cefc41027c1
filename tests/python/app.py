"""The application that the server tests serve: the example, and a client that was used before the fork."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "python"))
sys.modules.pop("flask_stream", None)  # it reads its settings when it is imported

import flask_stream  # noqa: E402

app = flask_stream.app

if os.environ.get("USE_BEFORE_FORK"):
    flask_stream.llm.models.list()
