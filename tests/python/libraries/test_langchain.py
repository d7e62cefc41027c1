"""langchain-openai, given clients of ``turnwire.openai``."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest
from langchain_core.messages import AIMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

import turnwire
from scripts import CITY, City, Service

SEOUL = City(name="서울", people=9)
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


def model(service: Service, **settings: Any) -> ChatOpenAI:
    return ChatOpenAI(
        model=service.key,
        client=service.client.chat.completions,
        root_client=service.client,
        async_client=service.async_client.chat.completions,
        root_async_client=service.async_client,
        **settings,
    )


async def read(runnable: Any) -> list[Any]:
    return [item async for item in runnable.astream("hi")]


def test_whole(service: Service) -> None:
    service.says("안녕", "하세요")
    service.says("안녕", "하세요")
    for answer in (model(service).invoke("hi"), asyncio.run(model(service).ainvoke("hi"))):
        assert answer.content == "안녕하세요" and answer.usage_metadata["output_tokens"] == 4


def test_streamed(service: Service) -> None:
    service.says("안녕", "하세요")
    service.says("안녕", "하세요")
    llm = model(service, stream_usage=True)
    for chunks in (list(llm.stream("hi")), asyncio.run(read(llm))):
        assert [chunk.content for chunk in chunks if chunk.content] == ["안녕", "하세요"]
        assert sum((chunk.usage_metadata or {}).get("output_tokens", 0) for chunk in chunks) == 4


@pytest.mark.parametrize("includes_headers", [False, True])
def test_tools(service: Service, includes_headers: bool) -> None:
    for _ in range(4):
        service.calls("weather", '{"city": "서울"}')
    llm = model(service, include_response_headers=includes_headers).bind_tools([WEATHER])
    streams = [list(llm.stream("hi")), asyncio.run(read(llm))]
    whole: list[AIMessage] = [llm.invoke("hi"), asyncio.run(llm.ainvoke("hi"))]
    for message in (*whole, *(sum(chunks[1:], chunks[0]) for chunks in streams)):
        assert [(call["name"], call["args"]) for call in message.tool_calls] == [
            ("weather", {"city": "서울"})
        ]
        assert ("headers" in message.response_metadata) == includes_headers


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
def test_structured_output(service: Service, method: Any) -> None:
    for _ in range(4):
        if method == "function_calling":
            service.calls("City", CITY)
        else:
            service.says(CITY[:9], CITY[9:])
    llm = model(service).with_structured_output(City, method=method)
    assert llm.invoke("hi") == asyncio.run(llm.ainvoke("hi")) == SEOUL
    assert list(llm.stream("hi"))[-1] == asyncio.run(read(llm))[-1] == SEOUL


def test_errors(service: Service) -> None:
    service.fails(429)
    with pytest.raises(openai.RateLimitError) as caught:
        model(service).invoke("hi")
    assert isinstance(caught.value, turnwire.RateLimitError) or isinstance(
        caught.value.__cause__, turnwire.RateLimitError
    )


def test_a_stream_that_is_cut_off_is_an_error(service: Service) -> None:
    service.breaks("안녕")
    with pytest.raises(openai.APIConnectionError) as caught:
        list(model(service).stream("hi"))
    assert isinstance(caught.value, turnwire.TruncatedStreamError) or isinstance(
        caught.value.__cause__, turnwire.TruncatedStreamError
    )


def test_embeddings_are_the_packages_own(service: Service) -> None:
    service.embeds(0.5)
    embeddings = OpenAIEmbeddings(
        model=service.key,
        client=service.client.embeddings,
        async_client=service.async_client.embeddings,
        check_embedding_ctx_length=False,
    )
    assert embeddings.embed_query("a") == [0.5]
