"""Chat services in Flask: the blueprint, the extension, and responses of a view."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import flask_cors
import pytest
from flask import Flask, Request, Response, abort, request
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder, run_wsgi_app

import turnwire
from fake import Fake
from turnwire import Turns
from turnwire.flask import TurnwireFlask, chat_blueprint, sse_response

USER = "11111111-1111-4111-8111-111111111111"
PAGE = "https://chat.example"
ORIGIN = "Access-Control-Allow-Origin"


def user(_: Request) -> str:
    return USER


@pytest.fixture
def turns(client: turnwire.OpenAI, fake: Fake, key: str) -> Turns:
    fake.chat(key, "안", "녕")
    return Turns(client, model=key)


def served(turns: Turns, **settings: Any) -> FlaskClient:
    app = Flask(__name__)
    app.register_blueprint(chat_blueprint(turns, **{"authenticate": user, **settings}))
    return app.test_client()


def types(text: str) -> list[str]:
    return [json.loads(line.removeprefix("data: "))["type"] for line in text.split("\n\n") if line]


def test_flask_is_not_imported_before_this_module() -> None:
    text = "import sys, turnwire; turnwire.Turns, turnwire.SqliteStore; print('flask' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=20)
    assert done.stdout == "False\n", done


def test_a_view_of_ones_own_sends_a_turn(turns: Turns) -> None:
    app = Flask(__name__)

    @app.post("/say")
    def say() -> Response:
        return sse_response(turns.start("안녕하세요"))

    @app.after_request
    def compress(response: Response) -> Response:
        assert response.direct_passthrough, "extensions such as Flask-Compress leave such a body as it is"
        return response

    answered = app.test_client().post("/say")
    assert types(answered.text) == ["content", "content", "done"]
    assert answered.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert answered.headers["X-Accel-Buffering"] == "no"
    assert "Content-Length" not in answered.headers


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_functions_for_the_end_of_a_response_are_called_once(turns: Turns, method: str) -> None:
    app = Flask(__name__)
    closed: list[str] = []

    @app.get("/say")
    def say() -> Response:
        response = sse_response(turns.start("안녕하세요"))
        response.call_on_close(lambda: closed.append("closed"))
        return response

    environ = EnvironBuilder("/say", method=method).get_environ()
    body, _, _ = run_wsgi_app(app, environ)
    assert bool(b"".join(body)) == (method == "GET")
    body.close()  # type: ignore[attr-defined]
    assert closed == ["closed"]


def test_a_service_is_mounted_twice(turns: Turns) -> None:
    app = Flask(__name__)
    app.register_blueprint(chat_blueprint(turns, authenticate=user), url_prefix="/a")
    other = chat_blueprint(turns, authenticate=lambda _: None, name="other", paths={"chat": "/say"})
    app.register_blueprint(other, url_prefix="/b")
    client = app.test_client()
    assert client.post("/a/chat", json={"message": "m"}).json == {"reply": "안녕", "workspaceId": None}
    assert client.post("/b/say", json={"message": "m"}).status_code == 401
    assert client.post("/b/chat", json={"message": "m"}).status_code == 404


def test_the_functions_of_a_turn_know_the_request(client: turnwire.OpenAI, fake: Fake, key: str) -> None:
    fake.chat(key, "a")
    turns = Turns(client, model=key, sentiment_budget=5, sentiment=lambda _: request.headers["X-Mood"])
    answered = served(turns).post("/chat", json={"message": "m"}, headers={"X-Mood": "calm"})
    assert answered.status_code == 200
    assert "calm" in fake.requests(key)[-1]["body"]


def test_a_failing_authenticate_is_logged_and_shown_to_nobody(
    turns: Turns, caplog: pytest.LogCaptureFixture
) -> None:
    for wrong in (lambda _: 1 / 0, lambda _: False):
        caplog.clear()
        with caplog.at_level(logging.ERROR):
            answered = served(turns, authenticate=wrong, origins=PAGE).post(
                "/chat", json={"message": "m"}, headers={"Origin": PAGE}
            )
        assert answered.status_code == 500 and answered.json is not None
        assert list(answered.json) == ["error"] and "zero" not in answered.text
        assert answered.headers.getlist(ORIGIN) == [PAGE]
        assert "Exception on /chat [POST]" in caplog.text


def test_authenticate_may_abort_with_401(turns: Turns) -> None:
    answered = served(turns, authenticate=lambda _: abort(401)).post("/chat", json={"message": "m"})
    assert answered.status_code == 401 and answered.json is not None and list(answered.json) == ["message"]


def test_what_authenticate_aborts_with_is_answered_as_in_a_view(turns: Turns) -> None:
    class Unknown(Exception):
        pass

    def authenticate(request: Request) -> str:
        if "X-Unknown" in request.headers:
            raise Unknown
        abort(403)

    app = Flask(__name__)
    app.register_error_handler(Unknown, lambda _: ({"message": "unknown"}, 401))
    app.register_blueprint(chat_blueprint(turns, authenticate=authenticate, origins=[PAGE]))
    client = app.test_client()
    for headers, status in (({}, 403), ({"X-Unknown": "1"}, 401)):
        answered = client.post("/chat", json={"message": "m"}, headers={"Origin": PAGE, **headers})
        assert answered.status_code == status
        assert answered.headers.getlist(ORIGIN) == [PAGE]
        assert answered.headers.getlist("Vary") == ["Origin"]


def test_an_answer_before_the_view_can_be_read_by_the_page(turns: Turns) -> None:
    app = Flask(__name__)
    app.before_request(lambda: abort(401))
    app.register_blueprint(chat_blueprint(turns, authenticate=user, origins=[PAGE]))
    app.add_url_rule("/own", "own", lambda: "")
    client = app.test_client()
    assert client.post("/chat", headers={"Origin": PAGE}).headers.getlist(ORIGIN) == [PAGE]
    assert ORIGIN not in client.get("/own", headers={"Origin": PAGE}).headers


@pytest.mark.parametrize("is_first", [True, False])
def test_it_is_silent_where_flask_cors_answers(turns: Turns, is_first: bool) -> None:
    app = Flask(__name__)
    if is_first:
        flask_cors.CORS(app, origins=PAGE, expose_headers="X-Own")
    app.register_blueprint(chat_blueprint(turns, authenticate=user, origins=[PAGE]))
    if not is_first:
        flask_cors.CORS(app, origins=PAGE, expose_headers="X-Own")
    client = app.test_client()
    for method, status in (("POST", 200), ("OPTIONS", 204)):
        headers = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
        answered = client.open("/chat", method=method, json={"message": "m"}, headers=headers)
        assert answered.status_code == status
        assert answered.headers.getlist(ORIGIN) == [PAGE]
        assert "Access-Control-Allow-Credentials" not in answered.headers
        if method == "POST":
            assert answered.headers.getlist("Access-Control-Expose-Headers") == ["X-Own"]


def test_a_body_above_the_limit_is_not_read(turns: Turns) -> None:
    class Body:
        """Read in pieces, so that reading on is noticed."""

        taken = 0

        def read(self, size: int = -1) -> bytes:
            assert 0 <= size <= 65536, "it must not be read whole"
            self.taken += size
            return b"a" * size

        def readinto(self, buffer: Any) -> int:
            buffer[:] = self.read(len(buffer))
            return len(buffer)

    client = served(turns, max_body=1000)
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    cases: list[tuple[dict[str, Any], int]] = [({"CONTENT_LENGTH": "1000000"}, 0), (chunked, 70_000)]
    for told, most in cases:
        body = Body()
        environ: dict[str, Any] = {"CONTENT_TYPE": "application/json", "wsgi.input": body, **told}
        answered = client.post("/chat", environ_overrides=environ)
        assert answered.status_code == 413 and answered.json is not None and "error" in answered.json
        assert body.taken <= most


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize("larger", ["service", "application"])
def test_the_lower_limit_holds(turns: Turns, larger: str, is_chunked: bool) -> None:
    body = json.dumps({"message": "m"}).encode()
    limits = {"service": len(body), "application": len(body), larger: 10_000}
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = limits["application"]
    app.register_blueprint(chat_blueprint(turns, authenticate=user, max_body=limits["service"]))
    chunked: dict[str, Any] = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    for more, status in ((b"", 200), (b" ", 413), (b" " * 100_000, 413)):
        environ: dict[str, Any] = {"wsgi.input": io.BytesIO(body + more), "CONTENT_TYPE": "application/json"}
        environ |= chunked if is_chunked else {"CONTENT_LENGTH": str(len(body + more))}
        answered = app.test_client().post("/chat", environ_overrides=environ)
        assert answered.status_code == status and answered.json is not None
        assert ("error" in answered.json) == (status == 413)


def test_no_more_is_read_than_the_request_says(turns: Turns) -> None:
    body = json.dumps({"message": "m"}).encode()
    environ: dict[str, Any] = {
        "wsgi.input": io.BytesIO(body + b"POST /chat"),
        "CONTENT_LENGTH": str(len(body)),
    }
    environ["CONTENT_TYPE"] = "application/json"
    assert served(turns).post("/chat", environ_overrides=environ).status_code == 200
    assert environ["wsgi.input"].read() == b"POST /chat"


def test_flask_before_31_has_no_limit_that_a_view_may_set(turns: Turns) -> None:
    class Before(Request):
        max_content_length = property(lambda _: None)

    app = Flask(__name__)
    app.request_class = Before
    app.register_blueprint(chat_blueprint(turns, authenticate=user))
    assert app.test_client().post("/chat", json={"message": "m"}).status_code == 200


def test_the_body_may_be_read_before_the_view(turns: Turns) -> None:
    app = Flask(__name__)
    app.before_request(lambda: None if request.get_json()["message"] == "m" else abort(400))
    app.register_blueprint(chat_blueprint(turns, authenticate=user))
    assert app.test_client().post("/chat", json={"message": "m"}).status_code == 200


def test_views_may_be_added_to_the_blueprint(turns: Turns) -> None:
    blueprint = chat_blueprint(turns, authenticate=user, origins=[PAGE])

    @blueprint.get("/health")
    def health() -> str:
        return "well"

    app = Flask(__name__)
    app.register_blueprint(blueprint)
    answered = app.test_client().get("/health", headers={"Origin": PAGE})
    assert (answered.status_code, answered.text) == (200, "well")
    assert ORIGIN not in answered.headers


def test_one_request_does_not_know_of_another(turns: Turns) -> None:
    app = Flask(__name__)
    app.register_blueprint(chat_blueprint(turns, authenticate=user, origins=[PAGE]))
    app.add_url_rule("/own", "own", lambda: "")
    with app.app_context():
        answered = app.test_client().post("/chat", json={"message": "m"}, headers={"Origin": PAGE})
        assert answered.headers[ORIGIN] == PAGE
        assert ORIGIN not in app.test_client().get("/own", headers={"Origin": PAGE}).headers


def test_the_body_may_be_read_by_authenticate(turns: Turns) -> None:
    def authenticate(request: Request) -> str:
        name: str = request.get_json()["user"]
        return name

    answered = served(turns, authenticate=authenticate).post("/chat", json={"message": "m", "user": "u"})
    assert answered.status_code == 200


# The extension.


@pytest.fixture
def config(fake: Fake, key: str) -> dict[str, Any]:
    fake.chat(key, "안", "녕")
    return {"TURNWIRE_BASE_URL": fake.base_url, "TURNWIRE_API_KEY": "k", "TURNWIRE_MODEL": key}


def test_the_extension_reads_the_configuration_of_each_application(
    config: dict[str, Any], tmp_path: Path, fake: Fake, key: str
) -> None:
    chat = TurnwireFlask(authenticate=user, sentiment=lambda _: "calm")

    def create(**more: Any) -> Flask:
        app = Flask(__name__)
        app.config.update(config, **more)
        chat.init_app(app)
        return app

    kept = create(TURNWIRE_STORE_FILE=tmp_path / "chat.db", TURNWIRE_URL_PREFIX="/api")
    plain = create(TURNWIRE_ORIGINS=[PAGE], TURNWIRE_PATHS={"chat": "/say"}, TURNWIRE_SYSTEM_PROMPT="own")
    answered = kept.test_client().post("/api/chat", json={"message": "m", "createWorkspace": True})
    assert answered.json is not None and answered.json["workspaceId"]
    answered = plain.test_client().post("/say", json={"message": "m"}, headers={"Origin": PAGE})
    assert answered.json == {"reply": "안녕", "workspaceId": None}
    assert answered.headers[ORIGIN] == PAGE
    assert '"own' in fake.requests(key)[-1]["body"]
    with kept.app_context():
        first = chat.turns
        assert first.flush(5).pending == 0
    with plain.app_context():
        assert chat.turns is not first
    assert plain.extensions["turnwire"] == {"turnwire": plain.extensions["turnwire"]["turnwire"]}
    store = turnwire.SqliteStore(tmp_path / "chat.db")
    assert len(store.workspaces(USER)) == 1


def test_a_key_that_is_no_setting_is_refused(config: dict[str, Any], turns: Turns) -> None:
    cases: list[tuple[dict[str, Any], Turns | None, str]] = [
        (
            {"TURNWIRE_MODLE": "m"},
            None,
            "^TURNWIRE_MODLE: no such setting; the settings are TURNWIRE_API_KEY, .*TURNWIRE_ORIGINS",
        ),
        (
            {"TURNWIRE_STORE_URL": "http://localhost", "TURNWIRE_STORE_FILE": "f"},
            None,
            "^TURNWIRE_STORE_URL, TURNWIRE_STORE_FILE each name a store",
        ),
        ({}, turns, "TURNWIRE_BASE_URL, TURNWIRE_API_KEY, TURNWIRE_MODEL: turns are given"),
    ]
    for more, given, why in cases:
        app = Flask(__name__)
        app.config.update(config, **more)
        with pytest.raises(turnwire.ConfigError, match=why):
            TurnwireFlask(app, authenticate=user, turns=given)
    with pytest.raises(turnwire.ConfigError, match="settings of turns"):
        TurnwireFlask(authenticate=user, turns=turns, sentiment=lambda _: "")


def test_a_configuration_may_be_of_variables_of_the_environment(config: dict[str, Any]) -> None:
    app = Flask(__name__)
    empty = {
        "TURNWIRE_STORE_URL": "",
        "TURNWIRE_STORE_FILE": "",
        "TURNWIRE_OUTBOX": "",
        "TURNWIRE_MAX_BODY": "",
    }
    app.config.update(config, TURNWIRE_ORIGINS=f"https://a.example {PAGE}", **empty)
    TurnwireFlask(app, authenticate=user)
    answered = app.test_client().post("/chat", json={"message": "m"}, headers={"Origin": PAGE})
    assert (answered.status_code, answered.headers[ORIGIN]) == (200, PAGE)


def test_the_extension_takes_turns(turns: Turns) -> None:
    app = Flask(__name__)
    chat = TurnwireFlask(app, authenticate=user, turns=turns)
    with app.app_context():
        assert chat.turns is turns
    assert app.test_client().post("/chat", json={"message": "m"}).status_code == 200
