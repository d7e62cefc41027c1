"""The reply as far as it has come: core's operations, applied to the package's objects.

Core alone knows how replies are put together; ``turnwire::bridge::Progress`` describes the operations.
"""

from __future__ import annotations

from ...._models import BaseModel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def apply(snapshot: BaseModel, operation: list[Any]) -> None:
    """Changes the snapshot as the operation says."""
    name, path, value = operation
    *way, last = path
    if name == "insert":
        *way, last = way
        place = path[-1]
    target: Any = snapshot
    for step in way:
        target = _get(target, step)
    if name == "set":
        _set(target, last, _read(target, last, value))
    elif name == "append":
        _set(target, last, _get(target, last) + value)
    else:
        items = _get(target, last)
        if items is None:
            items = []
            _set(target, last, items)
        if name == "insert":
            items[place:place] = _read(target, last, [value])
        else:
            items += _read(target, last, value)


def _name(step: Any) -> Any:
    """A field's name, which may be one that the service gave, or a place in a list."""
    return step[0] if isinstance(step, list) else step


def _get(target: Any, step: Any) -> Any:
    if isinstance(target, BaseModel):
        return target._get(_name(step))
    return target[step] if isinstance(target, list) else target.get(_name(step))


def _set(target: Any, step: Any, value: Any) -> None:
    if isinstance(target, BaseModel):
        target._put(_name(step), value)
    else:
        target[_name(step)] = value


def _read(target: Any, step: Any, value: Any) -> Any:
    """The value as objects of the package's, where the field has any."""
    read = target._read.get(_name(step)) if isinstance(target, BaseModel) else None
    return value if read is None or value is None else read(value)
