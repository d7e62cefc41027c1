"""OpenTelemetry in programs of their own: without it, under gevent, and at the end of a process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fake import Fake, FakeStore

HERE = Path(__file__).parent
USER = "11111111-1111-4111-8111-111111111111"
SPOKEN = {
    "steps": [
        {"role": "assistant"},
        {"text": "비밀"},
        {"finish": "stop"},
        {"usage": [3, 2]},
        {"done": True},
    ]
}


def run(program: str, **variables: str) -> str:
    """The output of a program of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, os.fspath(HERE)]), **variables}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_opentelemetry_nothing_of_it_is_imported(fake: Fake, key: str) -> None:
    out = run(
        f"""
import sys
import turnwire
client = turnwire.OpenAI(base_url={fake.base_url!r}, api_key="sk", max_retries=0)
client.chat.completions.create(model={key!r}, messages=[{{"role": "user", "content": "x"}}])
list(turnwire.Turns(client, model={key + "-2"!r}).start("x").sse())
print([name for name in sys.modules if name.startswith("opentelemetry") or "telemetry" in name])
"""
    )
    assert out.strip() == "[]"
    (request,) = fake.requests(key)
    assert "traceparent" not in dict(request["headers"])


def test_gevent_s_exporters_are_called_in_the_hub(fake: Fake, key: str) -> None:
    fake.script(key, SPOKEN)
    out = run(
        f"""
from gevent import monkey; monkey.patch_all()
import gevent, threading
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
import turnwire
ended = []
class Processor(SpanProcessor):
    def on_end(self, span):
        ended.append((span.name, gevent.get_hub() is hub))
hub = gevent.get_hub()
provider = TracerProvider()
provider.add_span_processor(Processor())
trace.set_tracer_provider(provider)
client = turnwire.OpenAI(base_url={fake.base_url!r}, api_key="sk", max_retries=0)
list(turnwire.Turns(client, model={key!r}).start("x"))
with gevent.Timeout(10):
    while "invoke_workflow turn" not in dict(ended):
        gevent.sleep(0.01)
print(set(dict(ended).values()), len(ended))
"""
    )
    assert out.strip() == "{True} 3"


@pytest.mark.parametrize("fork", [False, True])
def test_the_end_of_a_process_loses_no_span(fake: Fake, store: FakeStore, key: str, fork: bool) -> None:
    """The process ends at once, while the last message is on its way."""
    fake.script(key, SPOKEN)
    out = run(
        f"""
import os, sys
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
import turnwire
client = turnwire.OpenAI(base_url={fake.base_url!r}, api_key="sk", max_retries=0)
turns = turnwire.Turns(client, model={key!r}, store={store.url!r}, naming="first_words")
provider = TracerProvider()
exporter = ConsoleSpanExporter(formatter=lambda span: span.name + "\\n")
provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=60_000))
trace.set_tracer_provider(provider)
if {fork} and (child := os.fork()):
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
for event in turns.start("x", user_id={USER!r}, create_workspace=True, **{store.login(USER)!r}):
    pass
"""
    )
    assert {"invoke_workflow turn", "reply", f"chat {key}", "save_user", "save_ai"} <= set(out.split("\n"))
