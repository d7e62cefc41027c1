"""JSON that is still being written."""

from __future__ import annotations

import json
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TOKEN = re.compile(r'\s+|"(?:[^"\\]|\\.)*"|[^\s,:{}\[\]"]+|.', re.DOTALL)


def read_partial(text: str) -> Any:
    """The value of the beginning of a JSON text: open lists and objects have the items that are whole.

    ``None`` as long as there is nothing, and when it is no JSON.
    """
    closers: list[str] = []
    whole = 0
    is_key = False
    for token in _TOKEN.finditer(text):
        word = token.group()
        if word in "{[":
            closers.append("}" if word == "{" else "]")
            is_key = word == "{"
            whole = token.end()
        elif word in "}]":
            if closers:
                closers.pop()
            whole = token.end()
        elif word == ",":
            is_key = bool(closers) and closers[-1] == "}"
        elif word == ":":
            is_key = False
        elif not word.isspace() and not is_key and _is_value(word):
            whole = token.end()
    try:
        return json.loads(text[:whole] + "".join(reversed(closers)))
    except ValueError:
        return None


def _is_value(word: str) -> bool:
    try:
        json.loads(word)
    except ValueError:
        return False
    return True
