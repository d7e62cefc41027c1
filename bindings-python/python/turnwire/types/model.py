"""A model of a service."""

from __future__ import annotations

from .._models import BaseModel

__all__ = ["Model"]


class Model(BaseModel):
    """A model of a service."""

    id: str
    created: int
    object: str
    owned_by: str
    shutdown_date: str | None
