"""instructor, given clients of ``turnwire.openai``."""

from __future__ import annotations

import asyncio
from typing import Any

import instructor
import openai
import pytest
from instructor.core import InstructorRetryException

import turnwire
from scripts import CITY, City, Service

MODES = [instructor.Mode.TOOLS, instructor.Mode.JSON]
MESSAGES: Any = [{"role": "user", "content": "where?"}]
SEOUL = {"name": "서울", "people": 9}


def answers(service: Service, mode: instructor.Mode, city: str = CITY) -> None:
    if mode is instructor.Mode.TOOLS:
        service.calls("City", city)
    else:
        service.says(city[:9], city[9:])


@pytest.mark.parametrize("mode", MODES)
def test_whole(service: Service, mode: instructor.Mode) -> None:
    answers(service, mode)
    answers(service, mode)
    ask = {"model": service.key, "messages": MESSAGES, "response_model": City}
    client = instructor.from_openai(service.client, mode=mode)
    city, reply = client.chat.completions.create_with_completion(**ask)
    assert city.model_dump() == SEOUL and isinstance(reply, openai.types.chat.ChatCompletion)
    client = instructor.from_openai(service.async_client, mode=mode)
    assert asyncio.run(client.chat.completions.create(**ask)).model_dump() == SEOUL


@pytest.mark.parametrize("mode", MODES)
def test_streamed(service: Service, mode: instructor.Mode) -> None:
    answers(service, mode)
    answers(service, mode)
    ask = {"model": service.key, "messages": MESSAGES, "response_model": City}
    client = instructor.from_openai(service.client, mode=mode)
    cities = list(client.chat.completions.create_partial(**ask))
    assert len(cities) > 1 and cities[-1].model_dump() == SEOUL

    async def read() -> list[Any]:
        client = instructor.from_openai(service.async_client, mode=mode)
        return [city async for city in client.chat.completions.create_partial(**ask)]

    assert asyncio.run(read())[-1].model_dump() == SEOUL


def test_many_at_once(service: Service) -> None:
    service.calls("IterableCity", f'{{"tasks": [{CITY}, {CITY}]}}')
    client = instructor.from_openai(service.client)
    found = client.chat.completions.create_iterable(model=service.key, messages=MESSAGES, response_model=City)
    assert [city.model_dump() for city in found] == [SEOUL, SEOUL]


def test_a_reply_of_the_wrong_form_is_asked_for_again(service: Service) -> None:
    answers(service, instructor.Mode.TOOLS, '{"name": "서울", "people": "many"}')
    answers(service, instructor.Mode.TOOLS)
    client = instructor.from_openai(service.client)
    ask = {"model": service.key, "messages": MESSAGES, "response_model": City, "max_retries": 2}
    assert client.chat.completions.create(**ask).model_dump() == SEOUL
    assert len(service.bodies()) == 2


def test_errors(service: Service) -> None:
    service.fails(401)
    client = instructor.from_openai(service.client)
    with pytest.raises((openai.AuthenticationError, InstructorRetryException)) as caught:
        client.chat.completions.create(model=service.key, messages=MESSAGES, response_model=City)
    errors: list[BaseException | None] = [caught.value]
    while errors[-1] is not None:
        errors.append(errors[-1].__cause__)
    assert any(isinstance(error, turnwire.AuthenticationError) for error in errors)
