"""The settings of the parts that core knows, by name: clients, stores, outboxes, speakers.

A setting that is not given has core's default. Times are in seconds; for a limit of time or size, ``None`` is no limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any, Literal, TypedDict

__all__ = [
    "ChatServiceOptions",
    "ChatServiceSettings",
    "ChatStoreOptions",
    "ChatStoreSettings",
    "HttpSettings",
    "OpenAISettings",
    "OutboxOptions",
    "OutboxSettings",
    "RecordFields",
    "SpeakerSettings",
    "SpeechOptions",
    "SpeechSettings",
]


AudioFormat = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]


class TimeoutSettings(TypedDict, total=False):
    """The limits of the phases of a call."""

    connect: float | None
    headers: float | None
    idle: float | None
    content: float | None
    total: float | None
    stream_total: float | None


class RetrySettings(TypedDict, total=False):
    """Retries of transient failures."""

    max_retries: int
    initial_backoff: float | None
    max_backoff: float | None
    jitter: float
    max_retry_after: float | None


class SizeSettings(TypedDict, total=False):
    """The largest sizes, in bytes, that a service may send."""

    event: int | None
    reply: int | None
    error_body: int | None


class HttpSettings(TypedDict, total=False):
    """Connections, retries and limits."""

    timeout: float | None
    """The longest silence of the service, which sets all of ``timeouts``."""
    timeouts: TimeoutSettings
    retry: RetrySettings
    limits: SizeSettings
    headers: Mapping[str, str | None] | Iterable[tuple[str, str | None]]
    query: Mapping[str, str] | Iterable[tuple[str, str]]
    proxy: str
    no_proxy: bool
    root_certificates: list[str]


class OpenAISettings(TypedDict, total=False):
    """A client of a model's service."""

    api_key: str | None
    base_url: str | None
    organization: str | None
    project: str | None
    http: HttpSettings


class StorePaths(TypedDict, total=False):
    """The paths of a store's calls."""

    save: str
    update_messages: str
    create_workspace: str
    start_session: str
    history: str
    workspaces: str
    session: str
    update_status: str
    reissue: str
    workspace: str
    refresh_token: str


class ChatStoreOptions(TypedDict, total=False):
    """The settings of a client of a chat store besides its URL."""

    access_token: str | None
    refresh_token: str | None
    """The tokens of a program that acts for one user. They belong together."""
    extend_login: bool
    """Extends a login whose refresh token expires before its access token."""
    older_store: bool
    """Uses the calls of an older store."""
    paths: StorePaths
    http: HttpSettings


class ChatStoreSettings(ChatStoreOptions, total=False):
    """The chat store that keeps messages, workspaces and sessions."""

    base_url: str


class ServicePaths(TypedDict, total=False):
    """The paths of a chat service's calls."""

    chat: str
    stream: str
    speech: str
    stop: str


class ChatServiceOptions(TypedDict, total=False):
    """The settings of a client of a chat service besides its URL."""

    access_token: str | None
    refresh_token: str | None
    """The user's tokens, for turns without their own. They belong together."""
    wire: Literal["events", "text"]
    """The form of the service's streams: events, or bare text. Default ``events``."""
    fallback: bool
    """Asks for a whole reply when a turn cannot be streamed. Default true."""
    paths: ServicePaths
    http: HttpSettings


class ChatServiceSettings(ChatServiceOptions, total=False):
    """A client of a chat service."""

    base_url: str


class OutboxLimits(TypedDict, total=False):
    """The capacity of an outbox."""

    memory_records: int
    memory_bytes: int | None
    file_bytes: int | None
    record_bytes: int | None


class DeliverySettings(TypedDict, total=False):
    """The delivery of an outbox's records."""

    concurrency: int
    limit: float | None
    initial_backoff: float | None
    """The bound of the first wait. A workspace whose creation has no answer is looked for after ten times this, at least 5 s and
    at most 60 s."""
    max_backoff: float | None
    max_retry_after: float | None
    max_age: float | None
    poison_tries: int
    breaker_failures: int
    breaker_wait: float | None
    max_breaker_wait: float | None
    remembered: int


class OutboxOptions(TypedDict, total=False):
    """The settings of an outbox besides its file."""

    durability: Literal["os", "fsync"]
    """The failure that a record in the file survives: the end of the process (the default), or that of the power, for which
    each record waits for the disk."""
    wait_when_full: float | None
    """The longest wait of a caller for room; 0 refuses at once."""
    limits: OutboxLimits
    delivery: DeliverySettings


class OutboxSettings(OutboxOptions, total=False):
    """An outbox."""

    path: str | PathLike[str]
    """The file. Without one the outbox is in memory."""


class RecordFields(TypedDict, total=False):
    """The fields of an outbox's record besides its conversation, id and payload."""

    user_id: str | None
    """The user, for whom fresh tokens are asked for a record that outlives its own."""
    access_token: str | None
    refresh_token: str | None
    """The user's tokens, which are never written to the file. They belong together."""


class GoogleSpeakerOptions(TypedDict, total=False):
    """The settings of a speaker of Google Translate besides its language."""

    slow: bool
    top_level_domain: str
    base_url: str
    http: HttpSettings


class GoogleSpeakerSettings(GoogleSpeakerOptions, total=False):
    """A speaker of Google Translate."""

    language: str


class OpenAISpeakerOptions(TypedDict, total=False):
    """The settings of a speaker of an OpenAI-compatible service besides its client."""

    model: str
    """Default ``gpt-4o-mini-tts``."""
    voice: str | Mapping[str, Any]
    """Default ``alloy``."""
    format: AudioFormat
    """Default ``mp3``."""
    speed: float
    instructions: str
    extra: Mapping[str, Any]
    """Further fields of the request."""


class OpenAISpeakerSettings(OpenAISpeakerOptions, total=False):
    """A speaker of an OpenAI-compatible service."""

    client: OpenAISettings
    """The service, if it is another than that of the replies."""


class SpeakerSettings(TypedDict, total=False):
    """A speaker: one of these."""

    google: GoogleSpeakerSettings
    openai: OpenAISpeakerSettings
    service: ChatServiceSettings


class SpeechSettings(TypedDict, total=False):
    """The way in which replies are spoken."""

    voice: str
    language: str
    speed: float
    instructions: str
    format: AudioFormat
    in_flight: int
    retries: int
    sentence_limit: float | None
    on_failure: Literal["skip", "stop"]
    longest_sentence: int


class SpeechOptions(TypedDict, total=False):
    """The options of one text. The speaker's own apply unless given; one that it does not know is refused."""

    voice: str | None
    language: str | None
    speed: float | None
    instructions: str | None
    format: AudioFormat | None
