"""A program that runs one turn after another until it is killed: ``talk.py <JSON of the run>``. The crash tests start it."""

from __future__ import annotations

import json
import sys
from typing import Any

import turnwire


def main(run: dict[str, Any]) -> None:
    """Runs turns, and notes each message that is taken, and each turn that has ended."""
    client = turnwire.OpenAI(base_url=run["model"], api_key="k", max_retries=0)
    outbox: Any = {"path": run["outbox"], "delivery": {"initial_backoff": 0.001, "max_backoff": 0.02}}
    turns = turnwire.Turns(client, model="m", store=run["store"], outbox=outbox)
    fields: Any = {name: run[name] for name in ("user_id", "workspace_id", "access_token", "refresh_token")}
    with open(run["taken"], "a", buffering=1) as taken, open(run["answered"], "a", buffering=1) as answered:
        n = 0
        while True:
            said = f"{run['name']}-{n}"
            turn = turns.start(said, **fields)
            taken.write(f"{said}\n")
            for _ in turn:
                pass
            answered.write(f"{said}\n")
            n += 1


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
