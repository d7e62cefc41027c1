"""The ``openai`` package's clients, with chat completions and speech through turnwire: for code and libraries that ask for
an ``openai`` client and check its type.

>>> from turnwire.openai import OpenAI
>>> client = OpenAI()
>>> client.chat.completions.create(model="gpt-4o-mini", messages=[...], stream=True)  # through turnwire
>>> client.embeddings.create(model="text-embedding-3-small", input="...")  # the openai package's own

The ``openai`` package has to be installed beside: ``pip install "turnwire[openai]"``.
"""

from __future__ import annotations

try:
    import openai as _openai  # noqa: F401
except ImportError as error:
    raise ImportError(
        'turnwire.openai extends the clients of the openai package, which is not installed: pip install "turnwire[openai]"'
    ) from error

from ._client import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, OpenAI
from ._stream import AsyncStream, Stream

Client = OpenAI
AsyncClient = AsyncOpenAI

__all__ = [
    "AsyncAzureOpenAI",
    "AsyncClient",
    "AsyncOpenAI",
    "AsyncStream",
    "AzureOpenAI",
    "Client",
    "OpenAI",
    "Stream",
]
