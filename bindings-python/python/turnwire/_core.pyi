"""The extension module: core's calls and streams as Python objects."""

from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol, final

from typing_extensions import Self

from .types import CompletionUsage
from .types._chunk import ChoiceDeltaAudio, ChoiceDeltaFunctionCall, ChoiceDeltaToolCall
from .types.chat.logprobs import ChoiceLogprobs

__all__ = [
    "ERROR_CODES",
    "REQUEST_FIELDS",
    "Call",
    "ChatCompletionChunk",
    "Choice",
    "ChoiceDelta",
    "Chunks",
    "Client",
    "Progress",
    "__version__",
    "drain_logs",
    "keep_logs",
]

__version__: Final[str]
"""The version of the package."""

ERROR_CODES: Final[tuple[str, ...]]
"""Every code that an error of core's can have."""
REQUEST_FIELDS: Final[tuple[str, ...]]
"""Every field of a request that core knows by name."""

class _Sizes(Protocol):
    @property
    def event_bytes(self) -> int | None: ...
    @property
    def reply_bytes(self) -> int | None: ...

class _Limits(Protocol):
    @property
    def connect(self) -> float | None: ...
    @property
    def read(self) -> float | None: ...

class _Options(Protocol):
    @property
    def headers(self) -> list[tuple[str, str | None]]: ...
    @property
    def query(self) -> list[tuple[str, str]]: ...
    @property
    def max_retries(self) -> int | None: ...
    @property
    def timeout(self) -> _Limits | None: ...

@final
class Client:
    """A client of an OpenAI-compatible service; it works on in a forked process."""

    def __new__(
        cls,
        *,
        api_key: str | None,
        base_url: str | None,
        organization: str | None,
        project: str | None,
        options: _Options,
        limits: _Sizes,
    ) -> Self: ...
    def chat(self, body: str, options: _Options) -> Call:
        """Asks for a whole reply; `body` is the request's JSON."""
    def chat_stream(self, body: str, options: _Options) -> Call:
        """Asks for a streamed reply; `body` is the request's JSON."""
    def models(self, options: _Options) -> Call:
        """Asks for the models that the service has."""

@final
class Call:
    """A call that is under way. Dropping it ends the call."""

    def take(self) -> Any:
        """The result, or `None` as long as there is none."""
    def wait(self) -> Any:
        """Waits for the result, and gives it."""
    def wake(self, callback: Callable[[], object]) -> None:
        """Calls `callback` once, from any thread, as soon as there is a result."""
    def close(self) -> None:
        """Ends the call and closes its connection."""

@final
class Progress:
    """A reply as it grows: what each chunk changes in it, as data."""

    def __init__(self) -> None: ...
    def add(self, chunk: str) -> str:
        """Adds a chunk, given as its JSON, and gives what it changes, as JSON."""
    def reply(self) -> str:
        """The JSON of the reply as far as it has come."""

@final
class Chunks:
    """The chunks of a stream. Dropping it ends the stream and closes its connection."""

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The response's headers."""
    @property
    def ended(self) -> bool:
        """Whether the stream is at its end."""
    def take(self) -> ChatCompletionChunk | None:
        """The next chunk; `None` when there is none yet, and when the stream has `ended`."""
    def __iter__(self) -> Self: ...
    def __next__(self) -> ChatCompletionChunk: ...
    def wake(self, callback: Callable[[], object]) -> None:
        """Calls `callback` once, from any thread, as soon as there is something to take."""
    def close(self) -> None:
        """Ends the stream and closes its connection."""
    def reply(self) -> str | None:
        """The JSON of the whole reply; `None` unless the stream was read to a good end."""

class _Read:
    """What the objects of a chunk have in common with all others."""

    def model_dump(self, **options: Any) -> dict[str, Any]: ...
    def model_dump_json(self, **options: Any) -> str: ...
    def to_dict(self, **options: Any) -> dict[str, Any]: ...
    def to_json(self, **options: Any) -> str: ...
    @property
    def model_extra(self) -> dict[str, Any]: ...
    @property
    def model_fields_set(self) -> set[str]: ...
    def __getattr__(self, name: str) -> Any: ...

@final
class ChatCompletionChunk(_Read):
    """A chunk of a streamed reply."""

    def __new__(cls, **fields: Any) -> Self: ...
    @classmethod
    def construct(cls, **fields: Any) -> Self: ...
    @classmethod
    def model_construct(cls, **fields: Any) -> Self: ...
    @classmethod
    def model_validate(cls, obj: Any, **_options: Any) -> Self: ...
    @classmethod
    def _from_model(cls, model: Any) -> Self: ...
    def _json(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def choices(self) -> list[Choice]:
        """What the chunk adds to each reply."""
    @property
    def created(self) -> int: ...
    @property
    def model(self) -> str: ...
    @property
    def usage(self) -> CompletionUsage | None:
        """The tokens that the request took, in the last chunk if they were asked for."""
    object: str
    obfuscation: str | None
    service_tier: str | None
    system_fingerprint: str | None
    def __eq__(self, value: Any, /) -> bool: ...
    def __iter__(self) -> Iterator[tuple[str, Any]]: ...

@final
class Choice(_Read):
    """What a chunk adds to one reply."""

    @property
    def delta(self) -> ChoiceDelta: ...
    @property
    def index(self) -> int: ...
    @property
    def finish_reason(self) -> str | None:
        """Why the reply ended, in its last chunk."""
    logprobs: ChoiceLogprobs | None
    def __eq__(self, value: Any, /) -> bool: ...
    def __iter__(self) -> Iterator[tuple[str, Any]]: ...

@final
class ChoiceDelta(_Read):
    """What a chunk adds to a message."""

    @property
    def content(self) -> str | None:
        """More text."""
    @property
    def refusal(self) -> str | None:
        """More of a refusal."""
    @property
    def role(self) -> str | None:
        """Who speaks, in the first chunk."""
    audio: ChoiceDeltaAudio | None
    function_call: ChoiceDeltaFunctionCall | None
    tool_calls: list[ChoiceDeltaToolCall] | None
    def __eq__(self, value: Any, /) -> bool: ...
    def __iter__(self) -> Iterator[tuple[str, Any]]: ...

def keep_logs(level: int) -> None:
    """Keeps what core logs at this level of Python's and above it, for `drain_logs`."""

def drain_logs() -> None:
    """Hands what core has logged to Python's `logging`."""
