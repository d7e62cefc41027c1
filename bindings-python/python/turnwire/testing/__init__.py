"""Fake services for tests: a language model and a chat store on this computer, which answer as real ones do, or as badly as a
test wants.

The package is a plugin of pytest, with the fixtures ``fake_llm`` and ``fake_store``: a fresh service for each test.

>>> def test_a_reply_that_breaks_off(fake_llm):
...     fake_llm.truncate("half of")
...     client = OpenAI(base_url=fake_llm.base_url, api_key="k")
...     with pytest.raises(TruncatedStreamError) as caught:
...         list(client.chat.completions.create(model="m", messages=[], stream=True))
...     assert caught.value.partial == "half of"

Without pytest they are context managers: ``with FakeLlm() as fake_llm: …``. They work with clients of any kind, such as
``openai``'s.
"""

from __future__ import annotations

from ._llm import FakeLlm
from ._service import FakeRequest
from ._store import FakeLogin, FakeStore

__all__ = ["FakeLlm", "FakeLogin", "FakeRequest", "FakeStore"]
