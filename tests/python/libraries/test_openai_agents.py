"""openai-agents, given a client of ``turnwire.openai``."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest
from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool, set_tracing_disabled

import turnwire
from scripts import CITY, City, Service

set_tracing_disabled(True)


def agent(service: Service, **settings: Any) -> Agent:
    model = OpenAIChatCompletionsModel(model=service.key, openai_client=service.async_client)
    return Agent(name="assistant", model=model, **settings)


async def stream(service: Service, **settings: Any) -> tuple[list[str], Any]:
    answer = Runner.run_streamed(agent(service, **settings), "hi")
    texts = [
        event.data.delta
        async for event in answer.stream_events()
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta"
    ]
    return texts, answer.final_output


def test_whole(service: Service) -> None:
    service.says("안녕", "하세요")
    answer = Runner.run_sync(agent(service), "hi")
    assert answer.final_output == "안녕하세요"
    assert answer.context_wrapper.usage.output_tokens == 4


def test_streamed(service: Service) -> None:
    service.says("안녕", "하세요")
    assert asyncio.run(stream(service)) == (["안녕", "하세요"], "안녕하세요")


@pytest.mark.parametrize("is_streamed", [False, True])
def test_tools(service: Service, is_streamed: bool) -> None:
    service.calls("weather", '{"city": "서울"}')
    service.says("맑음")
    asked = []

    @function_tool
    def weather(city: str) -> str:
        asked.append(city)
        return "sunny"

    if is_streamed:
        assert asyncio.run(stream(service, tools=[weather])) == (["맑음"], "맑음")
    else:
        assert Runner.run_sync(agent(service, tools=[weather]), "hi").final_output == "맑음"
    assert asked == ["서울"]
    assert service.bodies()[1]["messages"][-1]["content"] == "sunny"


@pytest.mark.parametrize("is_streamed", [False, True])
def test_structured_output(service: Service, is_streamed: bool) -> None:
    service.says(CITY)
    if is_streamed:
        output = asyncio.run(stream(service, output_type=City))[1]
    else:
        output = Runner.run_sync(agent(service, output_type=City), "hi").final_output
    assert output == City(name="서울", people=9)
    assert service.bodies()[0]["response_format"]["type"] == "json_schema"


def test_errors(service: Service) -> None:
    service.fails(429)
    with pytest.raises(openai.RateLimitError) as caught:
        Runner.run_sync(agent(service), "hi")
    assert isinstance(caught.value, turnwire.RateLimitError)


def test_a_stream_that_is_cut_off_is_an_error(service: Service) -> None:
    service.breaks("안녕")
    with pytest.raises(openai.APIConnectionError) as caught:
        asyncio.run(stream(service))
    assert isinstance(caught.value, turnwire.TruncatedStreamError) and caught.value.partial == "안녕"
