"""Sends a message to a language model, and shows the reply while it is generated.

pip install ./bindings-python
python examples/python/chat.py "안녕하세요"
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time

from offline import offline_unless_set

from turnwire import NOT_GIVEN, OpenAI, OpenAIError
from turnwire.types.chat import ChatCompletion


def main() -> int:
    options = arguments().parse_args()
    message = options.message or ("" if sys.stdin.isatty() else sys.stdin.read())
    if not message.strip():
        arguments().error("there is nothing to say: give a message, or write one to the standard input")
    try:
        chat(options, message)
    except OpenAIError as error:
        say(f"\n{error}" if error.partial else str(error))
        return 1
    except KeyboardInterrupt:
        return 130  # the received text stays visible
    except BrokenPipeError:
        # The reader has stopped, which is not an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def chat(options: argparse.Namespace, message: str) -> None:
    llm = connect(options)
    messages = [{"role": "user", "content": message}]
    if options.system:
        messages.insert(0, {"role": "system", "content": options.system})

    started, first_token = time.monotonic(), None
    if options.no_stream:
        reply = llm.chat.completions.create(model=options.model, messages=messages)
        said = visible(reply.choices[0].message.content or "")
        print(reply.to_json(indent=None) if options.json else said, flush=True)
    else:
        with llm.chat.completions.create(
            model=options.model, messages=messages, stream=True, stream_options={"include_usage": True}
        ) as stream:
            for chunk in stream:
                text = chunk.choices[0].delta.content if chunk.choices else None
                if text and first_token is None:
                    first_token = time.monotonic() - started
                if options.json:
                    print(chunk.to_json(indent=None), flush=True)
                elif text:
                    print(visible(text), end="", flush=True)
            reply = stream.get_final_completion()
        if not options.json:
            print()
    if reply.choices and reply.choices[0].message.refusal:
        say(f"the model refused: {reply.choices[0].message.refusal}")
    if not options.json and sys.stderr.isatty():
        say(summary(reply, first_token))


def connect(options: argparse.Namespace) -> OpenAI:
    """The client of the service from the options or the environment; without either, of an offline one."""
    base_url = options.base_url or offline_unless_set()
    return OpenAI(base_url=base_url, timeout=options.timeout or NOT_GIVEN)


def summary(reply: ChatCompletion, first_token: float | None) -> str:
    """The outcome of the reply, in one line."""
    facts = [reply.model, *(choice.finish_reason for choice in reply.choices[:1])]
    if reply.usage:
        facts.append(f"{reply.usage.completion_tokens} tokens")
    if first_token is not None:
        facts.append(f"first token {first_token * 1000:.0f} ms")
    return " · ".join(facts)


def seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("it takes a number of seconds, more than 0")
    return value


STEERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """Escapes control characters except tabs and line breaks: a model or a service must not control
    the terminal, nor change the direction of its text."""
    text = re.sub(r"\r(?=\n|\Z)", "", text)  # the line break may be in the next piece
    return STEERS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def say(text: str) -> None:
    print(visible(text), file=sys.stderr)


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Sends a message to a language model, and shows the reply while it is generated.",
        epilog="OPENAI_API_KEY and OPENAI_BASE_URL name the service; without them and without --base-url, a small "
        "offline service inside this program answers.",
    )
    parser.add_argument("message", nargs="?", help="the message; without it, standard input is read")
    parser.add_argument("--base-url", metavar="URL", help="the URL of the service, up to /chat/completions")
    parser.add_argument("--model", default="gpt-4o-mini", help="the model that answers")
    parser.add_argument("--system", metavar="TEXT", help="instructions for the model")
    parser.add_argument(
        "--timeout", type=seconds, metavar="SECONDS", help="the longest silence of the service"
    )
    parser.add_argument("--json", action="store_true", help="show the JSON of each chunk, one per line")
    parser.add_argument("--no-stream", action="store_true", help="ask for the whole reply at once")
    return parser


if __name__ == "__main__":
    sys.exit(main())
