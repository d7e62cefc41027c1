"""The cost of a streamed chunk beside ``openai`` and ``litellm``, on bodies as services send them.

Not a test: ``cargo xtask bench python`` runs it. Each measurement is a process of its own and a line of JSON on standard
output; the clients take turns. ``TURNWIRE_BENCH_SERVER`` is the program that serves the bodies.
``TURNWIRE_PEERS_PYTHON`` is an interpreter with ``litellm``, which needs another ``openai``: without it, ``litellm`` is
left out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bench_client

SHAPES = ["openai", "escaped", "moving", "tools", "llamacpp", "ollama", "constant"]
# Of paced streams, each of which takes seconds.
PACED_SHAPES = ["openai", "moving"]
# Chunks of a flood. The peers take a hundred times as long, so that a shorter one costs as much a chunk.
FLOOD = {"turnwire": 40_000, "turnwire.openai": 40_000, "openai": 3_000, "litellm": 1_500}
PACED, PACE_MS = 50, 20
PEERS = "TURNWIRE_PEERS_PYTHON"


def main() -> None:
    """Measures all that was asked for."""

    def words(text: str) -> list[str]:
        return [] if text == "none" else text.split(",")

    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--shapes", type=words, help="all for floods, two for paced streams unless given")
    parser.add_argument("--framings", type=words, default=["large"], help="of floods, or `none`")
    parser.add_argument("--streams", type=words, default=["200"], help="paced at once, or `none`")
    parser.add_argument("--others", type=words, default=["import", "memory"], help="or `none`")
    parser.add_argument("--clients", type=words, default=list(FLOOD))
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    clients = [client for client in options.clients if client != "litellm" or PEERS in os.environ]
    with server() as url:
        for line, path in cells(options):
            for _ in range(options.rounds):
                for client in clients:
                    base = f"{url}{path.format(count=FLOOD[client])}"
                    found = measure(client, line, base)
                    print(json.dumps({**line, "client": client, **found}), flush=True)


def cells(options: argparse.Namespace) -> Iterator[tuple[dict[str, Any], str]]:
    """All lines to measure, each with the path of its body."""
    for way in ("sync", "async"):
        for framing in options.framings:
            for shape in SHAPES if options.shapes is None else options.shapes:
                facts = {"shape": shape, "framing": framing, "pace_ms": 0, "streams": 1}
                yield {"language": f"python {way}", **facts}, f"/{shape}/{framing}/0/{{count}}"
    for streams in map(int, options.streams):
        for shape in PACED_SHAPES if options.shapes is None else options.shapes:
            facts = {"shape": shape, "framing": "packet", "pace_ms": PACE_MS, "streams": streams}
            yield {"language": "python async", **facts}, f"/{shape}/packet/{PACE_MS}/{PACED}"
    for what in options.others:
        yield {"language": "python", "what": what}, "/openai/chunked/0/10"


def measure(client: str, line: dict[str, Any], base: str) -> dict[str, float]:
    """One measurement, in a process of its own."""
    python = os.environ[PEERS] if client == "litellm" else sys.executable
    # Of the environment, nothing that a client would read.
    env = {"PATH": os.environ["PATH"], "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    # It takes the constant body for a model that repeats itself, and ends it.
    env["REPEATED_STREAMING_CHUNK_LIMIT"] = "1000000"
    what = line.get("what") or ("paced" if line["pace_ms"] else line["language"].removeprefix("python "))
    with urllib.request.urlopen(base) as response:
        facts = response.read().decode()
    command = [python, bench_client.__file__, client, what, base, str(line.get("streams", 1)), facts]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=env).stdout
    found: dict[str, float] = json.loads(out.splitlines()[-1])
    return found


@contextmanager
def server() -> Iterator[str]:
    """The URL of a running server of bodies."""
    program = os.environ["TURNWIRE_BENCH_SERVER"]
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        yield json.loads(process.stdout.readline())["url"]
        process.stdin.close()  # it ends with its standard input


if __name__ == "__main__":
    main()
