"""Ready-made prompts for languages and audiences.

>>> from turnwire import OpenAI, Turns, presets
>>> turns = Turns(OpenAI(), prompts=presets.korean())

Their fields can be changed, and settings of single prompts (``system_prompt``, ``naming_prompt``, …) win.
"""

from __future__ import annotations

from ._core import preset
from ._prompts import Prompts

__all__ = ["korean"]


def korean() -> Prompts:
    """Korean prompts, for a kind companion of elderly people."""
    return _of("korean")


def _of(name: str) -> Prompts:
    found = preset(name)
    assert found is not None, name
    return Prompts.model_validate_json(found)
