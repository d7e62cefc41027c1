"""Texts that are spoken sentence by sentence, in asyncio."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from voices import TextError, echo

import turnwire
from fake import Fake
from turnwire import AsyncOpenAI, Speech, SpeechRequest


def run(test: Callable[[], Any]) -> None:
    asyncio.run(asyncio.wait_for(test(), 60))


def test_asynchronous_texts_are_spoken(async_client: AsyncOpenAI, fake: Fake, key: str) -> None:
    fake.chat(key, "안녕하세요. ", "반가", "워요.")

    async def letters() -> AsyncIterator[str]:
        for letter in "하나요. 둘이요.":
            await asyncio.sleep(0)
            yield letter

    async def test() -> None:
        speech = Speech(echo)
        assert [piece.text async for piece in speech.aspeak(letters())] == ["하나요.", "둘이요."]
        assert [piece.text async for piece in speech.aspeak(["하나", "요."])] == ["하나요."]
        reply = await async_client.chat.completions.create(model=key, messages=[], stream=True)
        pieces = [piece async for piece in speech.aspeak(reply)]
        assert [(piece.seq, piece.text) for piece in pieces] == [(0, "안녕하세요."), (1, "반가워요.")]
        turn = await turnwire.AsyncTurns(async_client, model=key).start("hello")
        assert [piece.seq async for piece in speech.aspeak(turn)] == [0, 1]
        joined = [data async for data in speech.aspeak(letters()).joined()]
        assert b"".join(joined).decode() == "하나요.둘이요."

    run(test)


def test_leaving_an_asynchronous_loop_ends_the_reading_of_the_text() -> None:
    async def test(how: str) -> None:
        ended = asyncio.Event()

        async def text() -> AsyncIterator[str]:
            try:
                yield "하나요. 둘"
                await asyncio.sleep(60)
            finally:
                ended.set()

        spoken = Speech(echo).aspeak(text())
        assert (await spoken.__anext__()).text == "하나요."
        if how == "closed":
            await spoken.aclose()
        elif how == "cancelled":
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(spoken.__anext__(), 0.05)
        else:
            del spoken
            gc.collect()
        await asyncio.wait_for(ended.wait(), 30)

    for how in ("closed", "cancelled", "dropped"):
        run(lambda how=how: test(how))  # type: ignore[misc]


def test_an_asynchronous_text_is_read_no_further_than_it_is_spoken() -> None:
    async def test() -> None:
        read = 0

        async def text() -> AsyncIterator[str]:
            nonlocal read
            while True:
                read += 1
                yield "문장이요. " * 10

        async with Speech(lambda request: bytes(64 * 1024)).aspeak(text()) as spoken:
            await spoken.__anext__()
            last = -1
            while last != read:
                last = read
                await asyncio.sleep(0.3)
            assert read < 500
            for _ in range(3000):
                await spoken.__anext__()
            assert read > last

    run(test)


def test_an_exception_of_an_asynchronous_text_is_raised_and_a_function_may_be_a_coroutine() -> None:
    async def speaker(request: SpeechRequest) -> tuple[bytes, str]:
        await asyncio.sleep(0)
        return echo(request)

    async def text() -> AsyncIterator[str]:
        yield "하나요. 둘"
        raise TextError("gone")

    async def test() -> None:
        spoken = Speech(speaker).aspeak(text())
        assert (await spoken.__anext__()).text == "하나요."
        with pytest.raises(TextError):
            await spoken.__anext__()

    run(test)
