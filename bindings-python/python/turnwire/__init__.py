"""Client SDK for streamed chat with a language model.

>>> from turnwire import OpenAI
>>> client = OpenAI()
>>> for chunk in client.chat.completions.create(model="gpt-4o-mini", messages=[...], stream=True):
...     if chunk.choices:
...         print(chunk.choices[0].delta.content or "", end="")

It takes the place of the ``openai`` package's clients for chat completions: the same calls, objects and errors. A stream
that ends before the reply does raises :class:`TruncatedStreamError`, with the text that arrived in ``partial``.
"""

from __future__ import annotations

try:
    import turnwire_nats._core as _core  # type: ignore[import-not-found, import-untyped, unused-ignore]
except ModuleNotFoundError:
    pass
else:
    from ._extra import take

    take(_core)
    del take

from ._client import AsyncOpenAI, OpenAI
from ._core import __version__
from ._exceptions import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    CallbackError,
    ConfigError,
    ConflictError,
    ContentFilterFinishReasonError,
    FileError,
    ForkedError,
    InternalServerError,
    InvalidRequestError,
    LengthFinishReasonError,
    NotFoundError,
    OpenAIError,
    OutboxFullError,
    PermissionDeniedError,
    RateLimitError,
    StorageError,
    StructureError,
    TruncatedStreamError,
    TurnwireError,
    UnprocessableEntityError,
)
from ._types import NOT_GIVEN, Limits, NotGiven, Omit, Timeout, not_given, omit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import lib as lib
    from . import presets as presets
    from . import types as types
    from ._binary import HttpxBinaryResponseContent
    from ._chat_store import AsyncChatStore, ChatStore
    from ._core import SentenceCutter
    from ._courier import AsyncCourier, Courier, CourierStats
    from ._elsewhere import AsyncAzureOpenAI as AsyncAzureOpenAI
    from ._elsewhere import AzureOpenAI as AzureOpenAI
    from ._host_types import Outcome, Record, SpeechRequest, Tokens
    from ._models import BaseModel
    from ._nats import NatsSink
    from ._nats_settings import CourierSettings, NatsOptions, NatsSettings
    from ._outbox import AsyncOutbox, DeadLetter, FlushReport, Outbox, OutboxStats, PendingRecord, Receipt
    from ._parsing import pydantic_function_tool
    from ._prompts import Prompts
    from ._response import APIResponse, AsyncAPIResponse
    from ._service import AsyncChatService, AsyncTurnStream, ChatAnswer, ChatService, TurnStream
    from ._settings import (
        ChatServiceSettings,
        ChatStoreSettings,
        HttpSettings,
        OpenAISettings,
        OutboxOptions,
        OutboxSettings,
        RecordFields,
        SpeakerSettings,
        SpeechOptions,
        SpeechSettings,
    )
    from ._speakers import GoogleTranslateSpeaker, OpenAISpeaker, ServiceSpeaker, Speaker
    from ._speech import (
        AsyncSpokenBytes,
        AsyncSpokenText,
        AudioPiece,
        FailedSentence,
        Speech,
        SpokenBytes,
        SpokenText,
    )
    from ._sqlite_store import AsyncSqliteStore, SqliteStore
    from ._stored import HistoryPage, StoreMessage, StoreSession, StoreStats, Workspace
    from ._streaming import AsyncStream, Stream
    from ._timeline import Stage, Timeline, TokenUsage
    from ._turn import AsyncTurn, Turn
    from ._turn_events import (
        AudioEvent,
        ContentEvent,
        DoneEvent,
        ErrorEvent,
        SentimentEvent,
        StageFailedEvent,
        TurnEvent,
        TurnIdsEvent,
        UsageEvent,
        WorkspaceEvent,
    )
    from ._turns import AsyncTurns, Turns
    from ._turns_settings import (
        FallbackSettings,
        PromptSettings,
        SentimentSettings,
        TurnFields,
        TurnsSettings,
    )

Client = OpenAI
AsyncClient = AsyncOpenAI

__all__ = [
    "NOT_GIVEN",
    "APIConnectionError",
    "APIError",
    "APIResponse",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncAPIResponse",
    "AsyncChatService",
    "AsyncChatStore",
    "AsyncClient",
    "AsyncCourier",
    "AsyncOpenAI",
    "AsyncOutbox",
    "AsyncSpokenBytes",
    "AsyncSpokenText",
    "AsyncSqliteStore",
    "AsyncStream",
    "AsyncTurn",
    "AsyncTurnStream",
    "AsyncTurns",
    "AudioEvent",
    "AudioPiece",
    "AuthenticationError",
    "BadRequestError",
    "BaseModel",
    "CallbackError",
    "ChatAnswer",
    "ChatService",
    "ChatServiceSettings",
    "ChatStore",
    "ChatStoreSettings",
    "Client",
    "ConfigError",
    "ConflictError",
    "ContentEvent",
    "ContentFilterFinishReasonError",
    "Courier",
    "CourierSettings",
    "CourierStats",
    "DeadLetter",
    "DoneEvent",
    "ErrorEvent",
    "FailedSentence",
    "FallbackSettings",
    "FileError",
    "FlushReport",
    "ForkedError",
    "GoogleTranslateSpeaker",
    "HistoryPage",
    "HttpSettings",
    "HttpxBinaryResponseContent",
    "InternalServerError",
    "InvalidRequestError",
    "LengthFinishReasonError",
    "Limits",
    "NatsOptions",
    "NatsSettings",
    "NatsSink",
    "NotFoundError",
    "NotGiven",
    "Omit",
    "OpenAI",
    "OpenAIError",
    "OpenAISettings",
    "OpenAISpeaker",
    "Outbox",
    "OutboxFullError",
    "OutboxOptions",
    "OutboxSettings",
    "OutboxStats",
    "Outcome",
    "PendingRecord",
    "PermissionDeniedError",
    "PromptSettings",
    "Prompts",
    "RateLimitError",
    "Receipt",
    "Record",
    "RecordFields",
    "SentenceCutter",
    "SentimentEvent",
    "SentimentSettings",
    "ServiceSpeaker",
    "Speaker",
    "SpeakerSettings",
    "Speech",
    "SpeechOptions",
    "SpeechRequest",
    "SpeechSettings",
    "SpokenBytes",
    "SpokenText",
    "SqliteStore",
    "Stage",
    "StageFailedEvent",
    "StorageError",
    "StoreMessage",
    "StoreSession",
    "StoreStats",
    "Stream",
    "StructureError",
    "Timeline",
    "Timeout",
    "TokenUsage",
    "Tokens",
    "TruncatedStreamError",
    "Turn",
    "TurnEvent",
    "TurnFields",
    "TurnIdsEvent",
    "TurnStream",
    "Turns",
    "TurnsSettings",
    "TurnwireError",
    "UnprocessableEntityError",
    "UsageEvent",
    "Workspace",
    "WorkspaceEvent",
    "__version__",
    "not_given",
    "omit",
    "presets",
    "pydantic_function_tool",
]

# Names that many programs never use are imported on first access.
_LATER = {
    "Prompts": "_prompts",
    "AsyncChatService": "_service",
    "AsyncTurnStream": "_service",
    "ChatAnswer": "_service",
    "ChatService": "_service",
    "TurnStream": "_service",
    "PromptSettings": "_turns_settings",
    "AsyncChatStore": "_chat_store",
    "AsyncSqliteStore": "_sqlite_store",
    "ChatStore": "_chat_store",
    "HistoryPage": "_stored",
    "SqliteStore": "_sqlite_store",
    "StoreMessage": "_stored",
    "StoreSession": "_stored",
    "StoreStats": "_stored",
    "Workspace": "_stored",
    "ChatServiceSettings": "_settings",
    "ChatStoreSettings": "_settings",
    "FallbackSettings": "_turns_settings",
    "HttpSettings": "_settings",
    "OpenAISettings": "_settings",
    "OutboxOptions": "_settings",
    "OutboxSettings": "_settings",
    "RecordFields": "_settings",
    "SentimentSettings": "_turns_settings",
    "SpeakerSettings": "_settings",
    "SpeechOptions": "_settings",
    "SpeechSettings": "_settings",
    "TurnFields": "_turns_settings",
    "TurnsSettings": "_turns_settings",
    "APIResponse": "_response",
    "AsyncAPIResponse": "_response",
    "AsyncAzureOpenAI": "_elsewhere",
    "AzureOpenAI": "_elsewhere",
    "AsyncStream": "_streaming",
    "BaseModel": "_models",
    "Stream": "_streaming",
    "pydantic_function_tool": "_parsing",
    "AsyncCourier": "_courier",
    "Courier": "_courier",
    "CourierSettings": "_nats_settings",
    "CourierStats": "_courier",
    "NatsOptions": "_nats_settings",
    "NatsSettings": "_nats_settings",
    "NatsSink": "_nats",
    "AsyncOutbox": "_outbox",
    "DeadLetter": "_outbox",
    "FlushReport": "_outbox",
    "Outbox": "_outbox",
    "OutboxStats": "_outbox",
    "PendingRecord": "_outbox",
    "Receipt": "_outbox",
    "AsyncTurns": "_turns",
    "Turns": "_turns",
    "AsyncTurn": "_turn",
    "Turn": "_turn",
    "Stage": "_timeline",
    "Timeline": "_timeline",
    "TokenUsage": "_timeline",
    "Outcome": "_host_types",
    "Record": "_host_types",
    "SpeechRequest": "_host_types",
    "Tokens": "_host_types",
    "AudioPiece": "_speech",
    "FailedSentence": "_speech",
    "Speech": "_speech",
    "SpokenText": "_speech",
    "AsyncSpokenText": "_speech",
    "SpokenBytes": "_speech",
    "AsyncSpokenBytes": "_speech",
    "GoogleTranslateSpeaker": "_speakers",
    "OpenAISpeaker": "_speakers",
    "ServiceSpeaker": "_speakers",
    "Speaker": "_speakers",
    "SentenceCutter": "_core",
    "HttpxBinaryResponseContent": "_binary",
    "AudioEvent": "_turn_events",
    "ContentEvent": "_turn_events",
    "DoneEvent": "_turn_events",
    "ErrorEvent": "_turn_events",
    "SentimentEvent": "_turn_events",
    "StageFailedEvent": "_turn_events",
    "TurnEvent": "_turn_events",
    "TurnIdsEvent": "_turn_events",
    "UsageEvent": "_turn_events",
    "WorkspaceEvent": "_turn_events",
}


def __getattr__(name: str) -> object:
    import importlib

    if name in ("lib", "presets", "types"):
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
