"""The application that the server tests serve: the example, and a client that was used before the fork."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "flask" / "stream.py"
spec = importlib.util.spec_from_file_location("example", EXAMPLE)
assert spec and spec.loader
example = importlib.util.module_from_spec(spec)
spec.loader.exec_module(example)
app = example.app

if os.environ.get("USE_BEFORE_FORK"):
    example.llm.models.list()
