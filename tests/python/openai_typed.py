"""A program for the ``openai`` package with the clients of ``turnwire.openai``, as type checkers read it."""

from __future__ import annotations

import asyncio

import openai
import pydantic
from openai.types.chat import ChatCompletion

from turnwire.openai import AsyncOpenAI, OpenAI


class City(pydantic.BaseModel):
    """The form of a reply."""

    name: str


def length(client: openai.OpenAI) -> int:
    """Accepts what a library of the ``openai`` package accepts."""
    reply: ChatCompletion = client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "a"}]
    )
    return len(reply.choices[0].message.content or "")


def text(client: OpenAI) -> str:
    """Streams."""
    with client.chat.completions.create(model="m", messages=[], stream=True) as stream:
        return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def city(client: OpenAI) -> City | None:
    """Parses."""
    raw = client.chat.completions.with_raw_response.parse(model="m", messages=[], response_format=City)
    return raw.parse().choices[0].message.parsed


async def vector(client: AsyncOpenAI) -> list[float]:
    """Uses another resource."""
    found = await client.with_options(timeout=3).embeddings.create(model="m", input="a")
    return found.data[0].embedding


def main() -> None:
    """Uses both clients."""
    client = OpenAI(api_key="k", max_retries=1, default_headers={"a": "b"})
    print(length(client), text(client.copy(timeout=3)), city(client))
    print(asyncio.run(vector(AsyncOpenAI())))
