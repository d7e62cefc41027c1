"""The log of turns, stores, outboxes and speech: all rooms are heard, and none tells content or secrets."""

from __future__ import annotations

from test_turns import USER

from conftest import Program
from fake import Fake, FakeStore

LOGGED = """
import logging
logging.basicConfig(level=1, format="%(name)s %(levelname)s %(message)s", stream=sys.stdout)
"""


def test_all_rooms_are_logged_without_content_tokens_or_keys(
    program: Program, fake: Fake, store: FakeStore, key: str, tmp_path: object
) -> None:
    half = {"steps": [{"role": "assistant"}, {"text": "half a private"}, {"truncate": True}]}
    whole = [{"role": "assistant"}, {"text": "A private reply."}, {"finish": "stop"}, {"done": True}]
    fake.script(key, {"steps": whole}, half)
    login = store.login(USER)
    out = program.run(f"""{LOGGED}
def speaker(request): raise ValueError("no voice")
own = turnwire.OpenAI(base_url={fake.base_url!r}, api_key="sk-5f7d", max_retries=0)
turns = turnwire.Turns(
    own, model=key, store=turnwire.ChatStore({store.url!r}), outbox={str(tmp_path)!r} + "/outbox.db", speaker=speaker,
    naming="first_words", speech={{"retries": 0}}, speech_mode="streaming", sentiment=lambda text: "private label",
    system_prompt="private prompt",
)
asked = dict(user_id={USER!r}, **{login!r})
list(turns.start("a private message", create_workspace=True, **asked))
turns.flush()
try: list(turns.start("a private message", workspace_id="ws", **asked))
except turnwire.TruncatedStreamError: pass
outbox = turnwire.Outbox({str(tmp_path)!r} + "/own.db", sink=lambda record: turnwire.Outcome.dead("no"))
outbox.enqueue("c", "m", {{"text": "a private payload"}}, access_token={login["access_token"]!r}, refresh_token={login["refresh_token"]!r})
outbox.flush()
service = turnwire.ChatService("http://127.0.0.1:9", access_token={login["access_token"]!r}, refresh_token="private")
try: list(service.stream("a private question", workspace_id="ws"))
except turnwire.APIConnectionError: pass
turnwire.SqliteStore({str(tmp_path)!r} + "/store.db").create_workspace({USER!r}, "a private name")
""")
    rooms = {line.split()[0].split(".")[1] for line in out.splitlines() if line.startswith("turnwire.")}
    assert rooms >= {"turn", "store", "outbox", "speech", "service", "chat"}, out
    for secret in (*login.values(), "private", "sk-5f7d"):
        assert secret not in out, out


def test_an_outbox_on_its_own_is_logged(program: Program, tmp_path: object) -> None:
    out = program.run(f"""{LOGGED}
outbox = turnwire.Outbox({str(tmp_path)!r} + "/own.db", sink=lambda record: turnwire.Outcome.dead("no"))
outbox.enqueue("c", "m", {{"text": "a private payload"}})
outbox.flush()
""")
    assert "turnwire.outbox" in out and "private" not in out, out
