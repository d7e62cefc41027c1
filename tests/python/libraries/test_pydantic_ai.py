"""pydantic-ai, given a client of ``turnwire.openai``."""

from __future__ import annotations

import asyncio

import openai
import pytest
from pydantic_ai import Agent, ModelAPIError, ModelHTTPError, NativeOutput
from pydantic_ai.embeddings import Embedder
from pydantic_ai.embeddings.openai import OpenAIEmbeddingModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

import turnwire
from scripts import CITY, City, Service


def provider(service: Service) -> OpenAIProvider:
    return OpenAIProvider(openai_client=service.async_client)


def model(service: Service) -> OpenAIChatModel:
    return OpenAIChatModel(service.key, provider=provider(service))


def test_whole(service: Service) -> None:
    service.says("안녕", "하세요")
    answer = Agent(model(service)).run_sync("hi")
    assert answer.output == "안녕하세요" and answer.usage.output_tokens == 4


def test_streamed(service: Service) -> None:
    service.says("안녕", "하세요")

    async def read() -> list[str]:
        async with Agent(model(service)).run_stream("hi") as answer:
            return [text async for text in answer.stream_text(delta=True, debounce_by=None)]

    assert asyncio.run(read()) == ["안녕", "하세요"]


@pytest.mark.parametrize("is_streamed", [False, True])
def test_tools(service: Service, is_streamed: bool) -> None:
    service.calls("weather", '{"city": "서울"}')
    service.says("맑음")
    agent = Agent(model(service))
    asked = []

    @agent.tool_plain
    def weather(city: str) -> str:
        asked.append(city)
        return "sunny"

    async def read() -> str:
        async with agent.run_stream("weather?") as answer:
            return await answer.get_output()

    assert (asyncio.run(read()) if is_streamed else agent.run_sync("weather?").output) == "맑음"
    assert asked == ["서울"]
    assert service.bodies()[1]["messages"][-1]["content"] == "sunny"


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize("is_native", [False, True])
def test_structured_output(service: Service, is_native: bool, is_streamed: bool) -> None:
    if is_native:
        service.says(CITY)
    else:
        service.calls("final_result", CITY)
    agent = Agent(model(service), output_type=NativeOutput(City) if is_native else City)

    async def read() -> City:
        async with agent.run_stream("where?") as answer:
            return await answer.get_output()

    output = asyncio.run(read()) if is_streamed else agent.run_sync("where?").output
    assert output == City(name="서울", people=9)


def test_errors(service: Service) -> None:
    service.fails(429)
    with pytest.raises(ModelHTTPError) as caught:
        Agent(model(service)).run_sync("hi")
    assert caught.value.status_code == 429 and caught.value.body == {"message": "no", "code": "c"}
    assert isinstance(caught.value.__cause__, turnwire.RateLimitError)
    assert isinstance(caught.value.__cause__, openai.RateLimitError)


def test_a_stream_that_is_cut_off_is_an_error(service: Service) -> None:
    service.breaks("안녕")

    async def read() -> None:
        async with Agent(model(service)).run_stream("hi") as answer:
            await answer.get_output()

    with pytest.raises(ModelAPIError) as caught:
        asyncio.run(read())
    assert isinstance(caught.value.__cause__, turnwire.TruncatedStreamError)
    assert caught.value.__cause__.partial == "안녕"


def test_embeddings_are_the_packages_own(service: Service) -> None:
    service.embeds(0.5)
    embedder = Embedder(OpenAIEmbeddingModel(service.key, provider=provider(service)))
    assert embedder.embed_query_sync("a").embeddings == [[0.5]]
