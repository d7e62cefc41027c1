"""The application that the server tests serve: a streamed endpoint on the client alone, without turns."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

from flask import Flask, Response, abort, request

from turnwire import OpenAI, OpenAIError

app = Flask(__name__)
# Shared by all threads, and by workers forked from this process.
llm = OpenAI()
MODEL = os.environ["OPENAI_MODEL"]
if os.environ.get("USE_BEFORE_FORK"):
    llm.models.list()


@app.post("/chat/stream")
def chat_stream() -> Response:
    message = request.get_json().get("message") or abort(400, "there is no message")
    stream = llm.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": message}], stream=True
    )

    def events() -> Iterator[str]:
        with stream:  # closed as soon as the reader leaves, so that the rest is not billed
            try:
                for chunk in stream:
                    if chunk.choices and chunk.choices[0].delta.content:
                        yield event({"content": chunk.choices[0].delta.content})
                yield event({"done": True})
            except OpenAIError as error:
                yield event({"error": error.error_code})

    return Response(events(), mimetype="text/event-stream")


@app.errorhandler(OpenAIError)
def failed(error: OpenAIError) -> tuple[dict[str, str | None], int]:
    return {"error": error.error_code}, 502  # an error before the stream; a later one becomes an event


def event(data: dict[str, object]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"
