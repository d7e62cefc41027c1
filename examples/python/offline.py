"""A chat completions service inside this process. It is not a model, and its replies say so."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def offline_unless_set() -> str | None:
    """Starts the service and returns its base URL, unless the environment names a real one."""
    if any(os.environ.get(name, "").strip() for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL")):
        return None
    print(
        "offline: a small service in this program answers; for a real model set OPENAI_API_KEY or OPENAI_BASE_URL,\n"
        "or run `cargo xtask local-llm`",
        file=sys.stderr,
    )
    return start_offline()


def start_offline() -> str:
    """Starts the service and returns its base URL. It ends with the process."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/v1"


class _Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        said = asked["messages"][-1]["content"]
        content = f'저는 모델이 아니라 예제 안의 작은 서비스입니다. 하신 말씀은 "{said}"였습니다.'
        head = {"id": "chatcmpl-offline", "created": int(time.time()), "model": asked["model"]}
        self.send_response(200)
        if not asked.get("stream"):
            message = {"role": "assistant", "content": content, "refusal": None}
            choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
            body = json.dumps({**head, "object": "chat.completion", "choices": [choice]}).encode()
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        self.send_header("content-type", "text/event-stream")
        self.end_headers()  # the connection's end is the body's

        def send(delta: dict[str, Any], finish_reason: str | None = None) -> None:
            choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
            chunk = {**head, "object": "chat.completion.chunk", "choices": [choice]}
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())

        send({"role": "assistant", "content": ""})
        for at in range(0, len(content), 3):
            send({"content": content[at : at + 3]})
            time.sleep(0.015)
        send({}, "stop")
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *_: object) -> None:
        """Suppresses logging, as the terminal shows the chat."""
