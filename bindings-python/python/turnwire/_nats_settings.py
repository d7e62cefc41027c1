"""The settings of NATS brokers and couriers. As in ``_settings``, what is not given has core's default."""

from __future__ import annotations

from os import PathLike
from typing import TypedDict

from ._settings import DeliverySettings

__all__ = ["CourierSettings", "NatsOptions", "NatsSettings"]


class NatsOptions(TypedDict, total=False):
    """The settings of a broker besides its URL.

    All processes of a stream need the same ``stream``, ``partitions``, ``replicas`` and ``max_bytes``. Of ``credentials_file``,
    ``token``, ``user`` and ``nkey`` one is enough, or none.
    """

    credentials_file: str | PathLike[str]
    """A file with a JWT and its seed (``.creds``)."""
    token: str | None
    user: str | None
    password: str | None
    nkey: str | None
    """The seed of an NKey."""
    ca_file: str | PathLike[str]
    """A PEM file with certificates that are trusted besides the system's."""
    client_certificate: str | PathLike[str]
    client_key: str | PathLike[str]
    """The certificate that is presented to the broker, and its key, as PEM files."""
    stream: str
    """The name of the stream. Default ``turnwire``."""
    partitions: int
    """The number of partitions, of which each delivers one record at a time; fixed when the stream is created. Default 64."""
    replicas: int
    """The number of servers that keep each record. Default 1; use 3 in a cluster."""
    max_bytes: int | None
    """The size of the stream. Needs NATS 2.10.5 or later. Default: the broker's own limit."""
    counted_for: float | None
    """The seconds for which the id of a delivered record is remembered, so that it is counted once. Default one hour."""


class NatsSettings(NatsOptions, total=False):
    """A broker."""

    url: str


class CourierSettings(TypedDict, total=False):
    """The settings of a courier besides its broker."""

    delivery: DeliverySettings
