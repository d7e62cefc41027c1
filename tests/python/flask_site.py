"""The Flask application of a case of the routes; and one that a server serves, to which the cases are sent one after another."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from flask import Flask

from turnwire import Turns
from turnwire.flask import chat_blueprint
from web_cases import authenticate, turns_of


def build(spec: dict[str, Any]) -> tuple[Flask, Turns]:
    """The application of a case."""
    turns: Turns = turns_of(spec)
    app = Flask(__name__)
    app.logger.disabled = True
    app.register_blueprint(chat_blueprint(turns, authenticate=authenticate, **spec.get("routes", {})))
    return app, turns


site: tuple[Flask, Turns] | None = None


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Serves the case that it was told last."""
    global site
    path = environ["PATH_INFO"]
    if path == "/_site":
        site = build(json.loads(environ["wsgi.input"].read()))
    elif path != "/_flush":
        assert site is not None
        return site[0](environ, start_response)
    elif site is not None:
        site[1].flush(30)
    start_response("200 OK", [("Content-Length", "0")])
    return []
