"""The reply so far: core's operations, applied to the package's objects.

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
    if isinstance(last, int):
        *way, field = way
        owner = _at(snapshot, way)
        items = _list(owner, field)
        (item,) = _read(owner, field, [value])
        items[last : last + (name == "set")] = [item]
        return
    owner = _at(snapshot, way)
    if name == "set":
        _set(owner, last, _read(owner, last, value))
    elif name == "append":
        _set(owner, last, _get(owner, last) + value)
    else:
        items = _list(owner, last)
        items += _read(owner, last, value)


def _at(target: Any, way: list[Any]) -> Any:
    for step in way:
        target = _get(target, step)
    return target


def _list(owner: Any, field: Any) -> list[Any]:
    """The list in the field; a new one where there is none."""
    items: list[Any] | None = _get(owner, field)
    if items is None:
        items = []
        _set(owner, field, items)
    return items


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
