"""The settings of the engine of turns that core knows, by name, and the fields of a turn's request.

As in ``_settings``, what is not given has core's default. ``OBJECTS`` has the class of each of core's objects of settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from ._nats_settings import CourierSettings, NatsSettings
from ._routes_settings import RoutePaths, RoutesSettings
from ._settings import (
    ChatServiceSettings,
    ChatStoreSettings,
    DeliverySettings,
    GoogleSpeakerSettings,
    HttpSettings,
    OpenAISettings,
    OpenAISpeakerSettings,
    OutboxLimits,
    OutboxSettings,
    RetrySettings,
    ServicePaths,
    SizeSettings,
    SpeakerSettings,
    SpeechOptions,
    SpeechSettings,
    StorePaths,
    TimeoutSettings,
)

if TYPE_CHECKING:
    from ._any_store import AnyStore
    from ._outbox import AnyOutbox
    from ._prompts import Prompts

__all__ = [
    "PromptSettings",
    "SentimentSettings",
    "TurnFields",
    "TurnsSettings",
]


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


class _SpeechText(TypedDict):
    """The text of a request for speech, which is an argument of its own."""

    text: str


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
    """The longest wait of the last event, or of a broken reply's error, for each next sentence of speech. Default 30."""
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
    keep_alive: float | None
    """The longest silence in the body of a response, in seconds: a comment shortly before its end keeps the connection alive;
    ``None`` sends none. Default 5. Where the server tells nothing of a reader that has gone, these writes are what notices it,
    within two such silences."""
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
    "nats": (NatsSettings,),
    "courier": (CourierSettings,),
    "turns": (TurnsSettings, _FunctionSettings),
    "turns.fallbacks": (FallbackSettings,),
    "turns.history": (HistorySettings,),
    "turns.prompts": (PromptSettings,),
    "turns.sentiment": (SentimentSettings,),
    "turns.speech": (SpeechSettings,),
    "routes": (RoutesSettings,),
    "routes.paths": (RoutePaths,),
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
