"""Turns and functions of every kind in programs that type checkers read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from typing_extensions import assert_never

from turnwire import (
    AsyncOpenAI,
    AsyncTurns,
    AudioEvent,
    ChatStore,
    ContentEvent,
    DoneEvent,
    ErrorEvent,
    FlushReport,
    OpenAI,
    Outbox,
    Outcome,
    Record,
    SentimentEvent,
    SpeechRequest,
    StageFailedEvent,
    Timeline,
    Tokens,
    TurnEvent,
    TurnIdsEvent,
    Turns,
    UsageEvent,
    WorkspaceEvent,
)


def shown(event: TurnEvent) -> str:
    match event:
        case ContentEvent(content=text):
            return text
        case TurnIdsEvent(turn_id=id) | WorkspaceEvent(workspace_id=id):
            return id
        case AudioEvent(audio=audio, mime=mime):
            return f"{len(audio)} {mime}"
        case SentimentEvent(label=label):
            return label
        case UsageEvent(total_tokens=tokens):
            return "" if tokens is None else str(tokens + 1)
        case StageFailedEvent(message=message, code=code) | ErrorEvent(message=message, code=code):
            return message if code is None else code
        case DoneEvent(stopped=stopped):
            return str(stopped)
        case _:
            assert_never(event)


def speaker(request: SpeechRequest) -> Iterator[bytes]:
    yield request.text.encode()


async def later_speaker(request: SpeechRequest) -> AsyncIterator[bytes]:
    yield request.text.encode()


async def later_sentiment(text: str) -> str:
    return text


def typed_speaker(request: SpeechRequest) -> tuple[bytes, str]:
    return b"", "audio/pcm" if request.voice is None else request.voice


def sink(record: Record) -> Outcome | None:
    if record.tokens is None:
        return Outcome.needs_token()
    return Outcome.retry("later", after=1.5) if record.payload else None


def tokens(user_id: str | None, refused: Tokens | None) -> tuple[str, str] | None:
    return None if user_id is None or refused is not None else (user_id, user_id)


def run(client: OpenAI) -> tuple[str, Timeline, FlushReport, bytes]:
    store = ChatStore("http://localhost", token_provider=tokens)
    turns = Turns(client, store=store, outbox=Outbox.memory(), sentiment=str.upper, speaker=speaker)
    turn = turns.start("hello", user_id="u", create_workspace=True)
    text = "".join(shown(event) for event in turn)
    timeline = turn.timeline()
    found: bool = turns.stop(turn.id)
    return (
        text + timeline.text() + timeline.svg("note") + str(found),
        timeline,
        turns.shutdown(),
        turns.speak(text),
    )


async def arun(client: AsyncOpenAI) -> bytes:
    turns = AsyncTurns(client, sentiment=later_sentiment, speaker=later_speaker)
    turn = await turns.start("hello")
    async for event in turn:
        shown(event)
    found: bool = await turns.stop(turn.id)
    return await turns.speak(str(found))


def others(client: OpenAI) -> list[Turns]:
    own = Outbox("outbox.db", sink=sink)
    own.shutdown()
    return [Turns(client, speaker=typed_speaker), Turns(client, speaker={"google": {"language": "ko"}})]
