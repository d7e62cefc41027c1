"""The extension module: core's calls and streams as Python objects."""

from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Final, Protocol, final

from typing_extensions import Self

from .types._chunk import ChoiceDeltaAudio, ChoiceDeltaFunctionCall
from .types.chat.logprobs import ChoiceLogprobs
from .types.completion_usage import CompletionUsage

__all__ = [
    "ERROR_CODES",
    "EVENT_FIELDS",
    "PRESETS",
    "RECORD_FIELDS",
    "REQUEST_FIELDS",
    "SETTINGS",
    "STORED_FIELDS",
    "TURN_REQUEST_FIELDS",
    "WEB_HEADERS",
    "Answer",
    "AudioWriter",
    "Bell",
    "Call",
    "ChatCompletionChunk",
    "ChatRoutes",
    "ChatService",
    "ChatStore",
    "Choice",
    "ChoiceDelta",
    "ChoiceDeltaToolCall",
    "ChoiceDeltaToolCallFunction",
    "Client",
    "Courier",
    "FakeService",
    "NatsSink",
    "Outbox",
    "Progress",
    "SentenceCutter",
    "Speaker",
    "Speech",
    "SqliteStore",
    "Store",
    "Stream",
    "TextFeed",
    "Trace",
    "Turn",
    "Turns",
    "WebCall",
    "WebReply",
    "__version__",
    "drain_logs",
    "end_traces",
    "flush_dropped",
    "keep_logs",
    "message_from_user",
    "message_reply_to",
    "outbox_command",
    "preset",
    "timeline_svg",
    "timeline_text",
    "with_environment",
]

__version__: Final[str]
"""The version of the package."""

ERROR_CODES: Final[tuple[str, ...]]
"""Every code of an error of core's."""
REQUEST_FIELDS: Final[tuple[str, ...]]
"""Every field of a chat request that core knows by name."""
SETTINGS: Final[dict[str, tuple[str, ...]]]
"""The names of the settings of each of core's objects."""
STORED_FIELDS: Final[dict[str, tuple[str, ...]]]
"""The names of the fields of each of core's objects of stores."""
PRESETS: Final[tuple[str, ...]]
"""The names of the presets."""
EVENT_FIELDS: Final[dict[str, list[str]]]
"""The types of a turn's events, with their fields on the wire."""
TURN_REQUEST_FIELDS: Final[tuple[str, ...]]
"""Every field of a turn's request."""
WEB_HEADERS: Final[tuple[str, ...]]
"""The names of the request headers that `ChatRoutes.admit` reads, in lower case."""

RECORD_FIELDS: Final[dict[str, tuple[str, ...]]]
"""The fields of each kind of record of an outbox."""

class _Timeout(Protocol):
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
    def timeout(self) -> _Timeout | None: ...

@final
class Client:
    """A client of an OpenAI-compatible service."""

    def __new__(
        cls,
        settings: str,
    ) -> Self: ...
    def chat(self, body: str, options: _Options, trace: Trace | None = None) -> Call:
        """Asks for a whole reply; `body` is the request's JSON."""
    def chat_stream(self, body: str, options: _Options, trace: Trace | None = None) -> Call:
        """Asks for a streamed reply; `body` is the request's JSON."""
    def speech(self, body: str, options: _Options) -> Call:
        """Asks for speech, whole; `body` is the request's JSON."""
    def speech_stream(self, body: str, options: _Options) -> Call:
        """Asks for speech, to be read as it arrives; `body` is the request's JSON."""
    def models(self, options: _Options) -> Call:
        """Asks for the models that the service has."""

@final
class Call:
    """A call that is under way. Dropping it ends the call."""

    def take(self) -> Any:
        """The answer, or `None` as long as there is none: JSON with the response's headers, bytes (with the headers, if there
        was a response), a stream, or `()` for no
        result."""
    def wait(self) -> Any:
        """Waits for the answer, and returns it."""
    def wake(self, callback: Callable[[], object]) -> None:
        """Calls `callback` once, from any thread, as soon as there is an answer."""
    def ring(self, bell: Bell, future: Any) -> None:
        """Makes `future` due once, as soon as there is an answer."""
    def wake_all(self) -> None:
        """Wakes all that wait, though nothing may have arrived."""
    def close(self) -> None:
        """Ends the call and closes its connection."""

@final
class Bell:
    """The futures of one event loop that are due. Core makes them due without entering Python."""

    def __new__(cls) -> Self: ...
    def fileno(self) -> int:
        """The descriptor to watch: it is readable as long as there are any."""
    def take(self) -> list[Any]:
        """Removes the futures that are due."""

@final
class Progress:
    """A growing reply: the changes that each chunk makes, as data."""

    def __init__(self) -> None: ...
    def add(self, chunk: str) -> str:
        """Adds a chunk, given as its JSON, and returns its changes, as JSON."""
    def reply(self) -> str:
        """The JSON of the reply so far."""

@final
class Stream:
    """A stream of chunks, events or bytes. Dropping it ends the stream and closes its connection."""

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The response's headers."""
    @property
    def ended(self) -> bool:
        """True once the stream has ended."""
    def take(self) -> Any:
        """The next item; `None` when there is none yet, and once the stream has `ended`."""
    def __iter__(self) -> Self: ...
    def __next__(self) -> Any: ...
    def wake(self, callback: Callable[[], object]) -> None:
        """Calls `callback` once, from any thread, as soon as there is something to take."""
    def ring(self, bell: Bell, future: Any) -> None:
        """Makes `future` due once, as soon as there is something to take."""
    def wake_all(self) -> None:
        """Wakes all that wait, though nothing may have arrived."""
    def close(self) -> None:
        """Ends the stream and closes its connection."""
    def reply(self) -> str | None:
        """The JSON of the whole reply; `None` unless the stream was one of chunks that was read to a good end."""

@final
class Outbox:
    """A durable outbox."""

    def __new__(
        cls,
        settings: str,
        *,
        sink: Callable[[str, None, Answer], object] | None = None,
        store: Store | None = None,
        nats: NatsSink | None = None,
    ) -> Self: ...
    def enqueue(self, record: str) -> Call:
        """Accepts a record, which is JSON."""
    def hold(self, record: str) -> Call:
        """Accepts a record that is not complete yet."""
    def release(self, record: str) -> Call:
        """Replaces the held record of the same id."""
    def stats(self) -> Call:
        """The counters."""
    def pending(self) -> Call:
        """The pending records."""
    def dead_letters(self) -> Call:
        """The dead letters."""
    def requeue(self, id: str) -> Call:
        """Queues a dead letter again."""
    def discard(self, id: str) -> Call:
        """Removes a dead letter, or a pending record."""
    def flush(self, timeout: float | None) -> Call:
        """Waits until all records are delivered or dead, at most for this many seconds."""
    def shutdown(self, timeout: float | None) -> Call:
        """The same, and accepts no record any more."""

@final
class NatsSink:
    """Publishes the records of an outbox to a broker."""

    def __new__(cls, settings: str) -> Self: ...

@final
class Courier:
    """Delivers the records of a stream."""

    def __new__(
        cls,
        broker: str,
        settings: str,
        *,
        sink: Callable[[str, None, Answer], object] | None = None,
        store: Store | None = None,
        token_provider: Callable[[str, None, Answer], object] | None = None,
    ) -> Self: ...
    def run(self) -> Call:
        """Delivers until `stop`."""
    def stop(self) -> None:
        """Ends the current run, or the next one."""
    def is_ready(self) -> bool:
        """True while it runs and the broker is connected."""
    def stats(self) -> Call:
        """The counters."""
    def pending(self) -> Call:
        """The pending records."""
    def dead_letters(self) -> Call:
        """The dead letters."""
    def requeue(self, id: str) -> Call:
        """Publishes a dead letter again."""
    def discard(self, id: str) -> Call:
        """Removes a dead letter, or a parked record."""

@final
class Trace:
    """A trace of the program. It belongs to the call that it is given to."""

    def __new__(cls, parent: str, state: str, report: Callable[[str], object]) -> Self:
        """`parent` and `state` are the values of the headers `traceparent` and `tracestate`. `report` is called once with the
        finished spans as JSON, on a thread of core."""

@final
class Turns:
    """The engine of turns."""

    def __new__(
        cls,
        client: Client,
        options: _Options,
        settings: str,
        *,
        store: Store | None = None,
        outbox: Outbox | None = None,
        sentiment: Callable[[str, Any, Answer], object] | None = None,
        speaker: Speaker | None = None,
    ) -> Self: ...
    def start(self, request: str, caller: Any, trace: Trace | None = None) -> Turn:
        """Starts a turn. `request` is JSON; functions of Python's that run for the turn get `caller` with each question."""
    def stop(self, id: str, user_id: str | None) -> bool:
        """Stops the turn of this id, if it is this user's in case one is given; false if there is none."""
    def speak(self, text: str, caller: Any) -> Call:
        """Speaks a text, on demand."""
    def flush(self, timeout: float | None) -> Call:
        """Waits until all messages are delivered or dead, at most for this many seconds."""
    def shutdown(self, timeout: float | None) -> Call:
        """The same, and starts no turn any more."""

@final
class ChatRoutes:
    """The routes of a chat service."""

    def __new__(cls, turns: Turns, settings: str) -> Self: ...
    @property
    def paths(self) -> dict[str, str]:
        """The paths of the routes, by their names."""
    def route_of(self, path: str) -> str | None:
        """The name of the route at this path; `None` if there is none."""
    def admit(self, route: str | None, method: str, headers: Sequence[tuple[str, str]]) -> WebReply | WebCall:
        """Checks the head of a request. The headers are pairs, of which those in `WEB_HEADERS` are read. The result is the
        reply, or the call for the rest of the request."""

@final
class WebCall:
    """A request whose head is accepted."""

    @property
    def route(self) -> str:
        """The name of the route."""
    @property
    def max_body(self) -> int:
        """The largest body, in bytes."""
    def unauthorized(self) -> WebReply:
        """The reply where `authenticate` knows no user."""
    def too_large(self) -> WebReply:
        """The reply to a body larger than `max_body`."""
    def failed(self) -> WebReply:
        """The reply where `authenticate` raised."""
    def answer(self, user_id: str, body: bytes, caller: Any, trace: Trace | None = None) -> Call:
        """Answers the request of this user; the call's result is a `WebReply`. Functions of Python's that run for its turn get
        `caller` with each question."""

@final
class FakeService:
    """A fake service on a thread of its own. Dropping it closes the port and every connection."""

    def __new__(cls, kind: str) -> FakeService:
        """``kind`` is ``llm`` or ``store``."""
    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``."""
    def control(self, method: str, call: str, body: str) -> str:
        """Makes a control call: the JSON of its answer."""
    def close(self) -> None:
        """Closes the port and every connection."""

@final
class WebReply:
    """The reply to a request."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> list[tuple[str, str]]:
        """Pairs, without `Content-Length`."""
    @property
    def body(self) -> bytes:
        """The whole body; empty if the body is a turn."""
    @property
    def turn(self) -> Turn | None:
        """The turn that is the body, to be sent on `wire`."""
    @property
    def wire(self) -> str | None:
        """`sse`, `ui` or `text`, for a turn."""

@final
class Turn:
    """A turn that runs. It is read once, as events or as bytes."""

    @property
    def id(self) -> str: ...
    @property
    def message_id(self) -> str:
        """The id of the user's message."""
    @property
    def reply_id(self) -> str:
        """The id of the AI's message."""
    def events(self) -> Stream:
        """Begins to read the turn as events."""
    def bytes(self, wire: str) -> Stream:
        """Begins to read the turn as the body of a response, on the wire ``sse``, ``ui`` or ``text``."""
    def timeline(self) -> str:
        """The timeline so far, as JSON."""
    def stop(self) -> None:
        """Stops the turn: its reader gets the text so far, and its last event."""
    def cancel(self) -> None:
        """Ends the turn now, as its reader's going away does."""

@final
class Answer:
    """The answer that core waits for. One that is dropped unanswered is an error."""

    def set(self, json: str) -> None:
        """Answers with JSON. Only the first answer or failure counts."""
    def audio(self, media_type: str | None) -> AudioWriter | None:
        """Answers with audio, which is written piece by piece; `None` if the question is not one for audio, or answered."""
    def fail(self, exception: BaseException) -> None:
        """Fails with the exception that the function raised."""
    def leave_thread(self) -> None:
        """Frees core's thread, which else waits for the end of this object: the function runs on no thread."""
    def on_abandoned(self, callback: Callable[[], object]) -> None:
        """Calls `callback` once if core gives the question up before it is answered: from any thread, or at once."""

@final
class Store:
    """A store of any kind, as an engine of turns and an outbox take it."""

@final
class ChatStore:
    """A client of a chat store."""

    def __new__(
        cls,
        settings: str,
        *,
        token_provider: Callable[[str, Any, Answer], object] | None = None,
    ) -> Self: ...
    def asked_by(self, caller: Any) -> ChatStore:
        """The same client with this caller, which its token provider gets."""
    def store(self) -> Store:
        """The store, as an engine of turns and an outbox take it."""
    def with_tokens(self, access: str, refresh: str) -> ChatStore:
        """The same client with these tokens."""
    def for_user(self, user_id: str) -> ChatStore:
        """The same client for the user with this id."""
    def with_options(self, options: _Options) -> ChatStore:
        """The same client with these options for its calls."""
    def save(self, message: str) -> Call:
        """Saves a message, given as JSON."""
    def count_message(self, workspace_id: str) -> Call:
        """Counts a saved message in the workspace's session."""
    def create_workspace(self, user_id: str, name: str) -> Call:
        """Creates a workspace for a user."""
    def start_session(self, workspace_id: str, user_id: str) -> Call:
        """Starts a session in a workspace."""
    def history(self, workspace_id: str) -> Call:
        """The messages of a workspace."""
    def workspaces(self, user_id: str, status: str) -> Call:
        """The workspaces of a user with this status."""
    def active_session(self, workspace_id: str) -> Call:
        """The session of a workspace in which messages are counted now."""
    def set_session_status(self, workspace_id: str, status: str) -> Call:
        """Sets the status of a workspace's session."""
    def stats(self) -> str:
        """Counters of the calls of this client and its copies, as JSON."""

@final
class SqliteStore:
    """A store of conversations in one SQLite file."""

    def __new__(cls, path: str | PathLike[str]) -> Self: ...
    @property
    def path(self) -> Path:
        """The path of the file, absolute and without links."""
    def store(self) -> Store:
        """The store, as an engine of turns and an outbox take it."""
    def save(self, user_id: str, message: str) -> Call:
        """Saves a message of a user, given as JSON."""
    def history(self, user_id: str, workspace_id: str) -> Call:
        """The messages of a workspace."""
    def history_page(self, user_id: str, workspace_id: str, before: str | None, limit: int) -> Call:
        """A page of a workspace's history: the latest messages, or those before a page."""
    def workspaces(self, user_id: str) -> Call:
        """The workspaces of a user, the last used first."""
    def create_workspace(self, user_id: str, name: str) -> Call:
        """Creates a workspace for a user."""
    def rename_workspace(self, user_id: str, workspace_id: str, name: str) -> Call:
        """Renames a workspace."""
    def delete_workspace(self, user_id: str, workspace_id: str) -> Call:
        """Deletes a workspace and its messages."""
    def sessions(self, user_id: str, workspace_id: str) -> Call:
        """The sessions of a workspace, the earliest first."""

@final
class ChatService:
    """A client of a chat service."""

    def __new__(
        cls,
        settings: str,
        *,
        token_provider: Callable[[str, Any, Answer], object] | None = None,
    ) -> Self: ...
    def asked_by(self, caller: Any) -> ChatService:
        """The same client with this caller, which its token provider gets."""
    def with_options(self, options: _Options) -> ChatService:
        """The same client with these options for its calls."""
    def stream(self, request: str) -> Call:
        """Requests a turn as a stream of events. `request` is JSON."""
    def send(self, request: str) -> Call:
        """Requests a turn and its whole reply. `request` is JSON."""
    def speak(self, text: str) -> Call:
        """Requests the speech of a text."""
    def stop(self, turn_id: str) -> Call:
        """Stops a running turn."""

@final
class AudioWriter:
    """Writes the audio that answers a question. Dropping it before its end breaks the audio off."""

    def write(self, piece: bytes) -> Call:
        """Writes a piece. The call ends once there is room for it: with true, or with false if nobody listens any more."""
    def end(self) -> None:
        """Ends the audio."""
    def fail(self, exception: BaseException) -> None:
        """Breaks the audio off with the exception that the function raised."""

@final
class Speaker:
    """A speaker."""

    def __new__(cls, settings: str, client: Client | None, options: _Options | None) -> Self: ...
    @staticmethod
    def of_service(service: ChatService) -> Speaker:
        """The speaker of this chat service."""
    @staticmethod
    def of_function(ask: Callable[[str, Any, Answer], object]) -> Speaker:
        """A function as a speaker: it is asked with a question, the caller and an `Answer`."""
    def speak(self, request: str) -> Call:
        """Asks for the audio of a text. `request` is JSON."""

@final
class Speech:
    """Speaks texts sentence by sentence."""

    def __new__(cls, speaker: Speaker, settings: str) -> Self: ...
    def speak(self, caller: Any) -> tuple[Stream, TextFeed]:
        """The pieces of a speech, and the feed of its text. A speaker that is a function of Python's gets `caller`."""
    def joined(self, caller: Any) -> tuple[Stream, TextFeed]:
        """The bytes of a speech as one file, and the feed of its text."""
    def write_file(self, path: str | PathLike[str], caller: Any) -> tuple[Call, TextFeed]:
        """Writes a speech into a file: the call, and the feed of the text."""

@final
class TextFeed:
    """The text of a speech. Dropping it ends the text."""

    def push(self, text: str) -> str:
        """Appends text. The result is `open`, `full` (wait before the next piece) or `closed` (nobody reads it any more)."""
    def write(self, text: str) -> bool:
        """Appends text, and waits while the feed is full. False once nobody reads it any more."""
    def end(self) -> None:
        """Ends the text."""
    def fail(self, raised: BaseException) -> None:
        """Ends the text with the exception that its source raised."""
    def wake(self, callback: Callable[[], object]) -> None:
        """Calls `callback` once, from any thread, as soon as there is room or nobody reads the text any more."""
    def ring(self, bell: Bell, future: Any) -> None:
        """Makes `future` due once, as soon as there is room or nobody reads the text any more."""
    def wake_all(self) -> None:
        """Wakes all that wait, though nothing may have arrived."""
    def close(self) -> None:
        """Ends the text."""

@final
class SentenceCutter:
    """Cuts a growing text into sentences that can be spoken, each as soon as it is complete.

    Markdown marks are removed, code blocks and emoji are left out, and a URL becomes its host name. `longest` is the length
    of the longest sentence, in code points, at least 16.
    """

    def __new__(cls, *, longest: int = 200) -> Self: ...
    def push(self, text: str) -> list[str]:
        """Adds more of the text, and returns the sentences that are complete."""
    def finish(self) -> list[str]:
        """Ends the text, and returns the rest of its sentences. The cutter is then ready for another text."""

class _Read:
    """The methods that the objects of a chunk share with all others."""

    def __eq__(self, value: Any, /) -> bool: ...
    def __iter__(self) -> Iterator[tuple[str, Any]]: ...
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
    @staticmethod
    def _from_model(model: Any) -> ChatCompletionChunk: ...
    def _json(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def choices(self) -> list[Choice]:
        """The additions to each reply."""
    @property
    def created(self) -> int: ...
    @property
    def model(self) -> str: ...
    @property
    def usage(self) -> CompletionUsage | None:
        """The tokens that the request took: in the last chunk, if they were asked for."""
    object: str
    obfuscation: str | None
    service_tier: str | None
    system_fingerprint: str | None

class _Part(_Read):
    """A part of a chunk."""

    @classmethod
    def construct(cls, **fields: Any) -> Self: ...
    @classmethod
    def model_construct(cls, **fields: Any) -> Self: ...
    @classmethod
    def model_validate(cls, obj: Any, **_options: Any) -> Self: ...

@final
class Choice(_Part):
    """The additions of a chunk to one reply."""

    @property
    def delta(self) -> ChoiceDelta: ...
    @property
    def index(self) -> int: ...
    @property
    def finish_reason(self) -> str | None:
        """The reason for the reply's end, in its last chunk."""
    logprobs: ChoiceLogprobs | None

@final
class ChoiceDelta(_Part):
    """The addition of a chunk to a message."""

    @property
    def content(self) -> str | None:
        """More text."""
    @property
    def refusal(self) -> str | None:
        """More of a refusal."""
    @property
    def role(self) -> str | None:
        """The speaker, in the first chunk."""
    @property
    def tool_calls(self) -> list[ChoiceDeltaToolCall] | None:
        """More of the tool calls."""
    audio: ChoiceDeltaAudio | None
    function_call: ChoiceDeltaFunctionCall | None

@final
class ChoiceDeltaToolCall(_Part):
    """The addition of a chunk to a tool call."""

    def __new__(cls, **fields: Any) -> Self: ...
    @staticmethod
    def _from_model(model: Any) -> ChoiceDeltaToolCall: ...
    index: int
    id: str | None
    function: ChoiceDeltaToolCallFunction | None
    type: str | None

@final
class ChoiceDeltaToolCallFunction(_Part):
    """The addition of a chunk to the function of a tool call."""

    def __new__(cls, **fields: Any) -> Self: ...
    @staticmethod
    def _from_model(model: Any) -> ChoiceDeltaToolCallFunction: ...
    arguments: str | None
    name: str | None

def keep_logs(level: int) -> None:
    """Keeps what core logs at this level of Python's and above it, for `drain_logs`."""

def drain_logs() -> None:
    """Hands what core has logged to Python's `logging`."""

def message_from_user(workspace_id: str, user_id: str, content: str, sent_at: int) -> str:
    """A new message of a user, as JSON. `sent_at` is in milliseconds since 1970."""

def message_reply_to(message: str, content: str, sent_at: int) -> str:
    """The AI's new reply to a message, both as JSON."""

def preset(name: str) -> str | None:
    """The prompts of the preset with this name, as JSON; `None` if there is none."""

def timeline_text(json: str) -> str:
    """The chart of a timeline for a terminal."""

def timeline_svg(json: str, note: str) -> str:
    """The picture of a timeline, as SVG, with a note below its title."""

def with_environment(settings: str) -> str:
    """The settings of a client, as JSON, with those of the environment where none are given."""

def flush_dropped(timeout: float | None, /) -> Call:
    """Waits until outboxes whose objects are gone have delivered what is due, at most for so many seconds."""

def end_traces(timeout: float | None) -> Call:
    """Hands over, at the end of the process, the spans of what still runs, and waits for their reports, at most for so many
    seconds."""

def outbox_command(arguments: list[str]) -> int:
    """Runs the command `outbox` with these arguments, and returns its exit code."""
