"""The settings that core knows, by name, and the fields of a turn's request.

A setting that is not given has core's default. Times are in seconds; for a limit of time or size, ``None`` is no limit.
``OBJECTS`` has the class of each of core's objects of settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    from ._outbox import AnyOutbox
    from ._prompts import Prompts
    from ._store import AnyStore

__all__ = [
    "ChatServiceOptions",
    "ChatServiceSettings",
    "ChatStoreOptions",
    "ChatStoreSettings",
    "HttpSettings",
    "OpenAISettings",
    "OutboxOptions",
    "OutboxSettings",
    "PromptSettings",
    "RecordFields",
    "SentimentSettings",
    "SpeakerSettings",
    "SpeechOptions",
    "SpeechSettings",
    "TurnFields",
    "TurnsSettings",
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


class PromptSettings(TypedDict, total=False):
    """The prompts of an engine: :class:`turnwire.Prompts` as a dictionary."""

    system: str | None
    naming: str
    sentiment_hint: str
    sentiment: str
    labels: list[str]


class SentimentSettings(TypedDict, total=False):
    """A model that labels messages."""

    model: str
    labels: list[str]
    client: OpenAISettings
    """The model's service, if it is another than that of the replies."""


class FallbackSettings(TypedDict, total=False):
    """A service that answers when those before it cannot: another model, another client, or both."""

    model: str
    client: OpenAISettings
    """The model's service, if it is another than that of the replies."""


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


class _SpeechText(TypedDict):
    """The text of a request for speech, which is an argument of its own."""

    text: str


class SpeechOptions(TypedDict, total=False):
    """The options of one text. The speaker's own apply unless given; one that it does not know is refused."""

    voice: str | None
    language: str | None
    speed: float | None
    instructions: str | None
    format: AudioFormat | None


class HistorySettings(TypedDict, total=False):
    """The part of the conversation that the model gets."""

    messages: int
    characters: int
    wait: float | None


class _FunctionSettings(TypedDict, total=False):
    """The settings that the engines take apart from the others, as they may be functions."""

    sentiment: SentimentSettings
    speaker: SpeakerSettings


class TurnsSettings(TypedDict, total=False):
    """The settings of :class:`turnwire.Turns` besides ``sentiment`` and ``speaker``."""

    model: str
    template: Mapping[str, Any]
    """A request whose fields every turn's request has."""
    fallbacks: list[FallbackSettings]
    """The services that answer, in order, when those before them cannot be reached, are overloaded, or break before the
    first content."""
    prompts: Prompts | PromptSettings | None
    """All prompts at once, such as ``turnwire.presets.korean()``. Settings of single ones win."""
    system_prompt: str
    """The text that begins every conversation."""
    store: AnyStore | str | ChatStoreSettings | None
    """The store: a ``ChatStore`` or ``SqliteStore``, or the settings or URL of a chat store. Without one nothing is kept."""
    outbox: AnyOutbox | str | PathLike[str] | OutboxSettings | None
    """The outbox: an ``Outbox`` without a sink, or its settings, or the path of its file. In memory unless given."""
    sentiment_budget: float | None
    """The longest wait of the reply for the label. Default 0.15."""
    sentiment_hint: str
    """The text that gives the model the label, in place of ``{label}``."""
    speech: SpeechSettings
    speech_mode: Literal["on_demand", "after_text", "streaming"]
    speech_wait: float | None
    """The longest wait of the last event for each next sentence. Default 30."""
    history: HistorySettings
    naming: Literal["model", "first_words"]
    """The source of a new workspace's name. Default ``model``."""
    naming_template: Mapping[str, Any]
    """The request for the name, such as of a small model. Default: the model of the replies, without options."""
    naming_start: Literal["at_once", "first_content"]
    """The time at which the name is asked for: with the reply's request, or with its first content, for a service that
    answers one request at a time. Default ``at_once``."""
    naming_prompt: str
    """The text that asks the model for a new workspace's name."""
    naming_limit: float | None
    """The longest wait of a new workspace for its name. Default 5."""
    workspace_wait: float | None
    """The longest wait of the last event for a new workspace's id. Default 5."""
    on_disconnect: Literal["save_partial", "finish", "discard"]
    """The fate of a reply whose reader has gone. Default ``save_partial``."""
    turn_events: bool
    """Sends the ids of the turn and its messages first, and in the last event, which has the model that answered as well."""
    sentiment_events: bool
    """Sends the label."""
    usage_events: bool
    """Sends the tokens that the reply took."""
    failure_events: bool
    """Sends the side stages that failed and are missed: not the naming of a workspace."""
    detailed_errors: bool
    """Sends the full line of an error, for development."""


class TurnFields(TypedDict, total=False):
    """The fields of a turn's request besides the message."""

    user_id: str | None
    """The user's UUID, which a store needs."""
    workspace_id: str | None
    """The workspace to go on in."""
    create_workspace: bool
    """Begins a new workspace."""
    workspace_of: str | None
    """The id of a message: goes on in the workspace that it opens, also before that exists."""
    access_token: str | None
    refresh_token: str | None
    """The user's tokens, in place of the store's. They belong together."""
    history: Iterable[Any] | None
    """The conversation before this message, in place of the store's."""
    message_id: str | None
    reply_id: str | None
    """The ids of the message and its reply in the store, UUIDs in lower case. A later turn with the same ids replaces
    their texts. New ones unless given."""
    speech: bool
    """Asks for the speech of a whole reply, which only a chat service has."""


OBJECTS: dict[str, tuple[Any, ...]] = {
    "openai": (OpenAISettings,),
    "store": (ChatStoreSettings,),
    "store.paths": (StorePaths,),
    "service": (ChatServiceSettings,),
    "service.paths": (ServicePaths,),
    "outbox": (OutboxSettings,),
    "outbox.limits": (OutboxLimits,),
    "outbox.delivery": (DeliverySettings,),
    "turns": (TurnsSettings, _FunctionSettings),
    "turns.fallbacks": (FallbackSettings,),
    "turns.history": (HistorySettings,),
    "turns.prompts": (PromptSettings,),
    "turns.sentiment": (SentimentSettings,),
    "turns.speech": (SpeechSettings,),
    "speaker": (SpeakerSettings,),
    "speaker.google": (GoogleSpeakerSettings,),
    "speaker.openai": (OpenAISpeakerSettings,),
    "speech_request": (_SpeechText, SpeechOptions),
    "http": (HttpSettings,),
    "http.timeouts": (TimeoutSettings,),
    "http.retry": (RetrySettings,),
    "http.limits": (SizeSettings,),
}
"""The declarations of each of core's objects of settings."""
