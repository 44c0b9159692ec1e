"""A sandbox for all tests of this folder, reset before each; a listener that plays the bridge."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from support.sandbox import Sandbox

from bridge.sandbox import wires


@dataclass
class Got:
    """One webhook as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Listener:
    """Plays the bridge: keeps what comes, answers with `answers` in turn, then 200."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.reply: Callable[[Got], bytes] = lambda got: b""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                got = Got(self.command, self.path, headers, body)
                outer.got.append(got)
                status, more = outer.answers.pop(0) if outer.answers else (200, {})
                content = outer.reply(got)
                self.send_response(status)
                for name, value in {**more, "content-length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST  # noqa: N815 (the base class calls it so)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self, count: int, seconds: float = 10) -> list[Got]:
        until = time.monotonic() + seconds
        while len(self.got) < count:
            assert time.monotonic() < until, f"{len(self.got)} of {count} webhooks came"
            time.sleep(0.005)
        return self.got


@pytest.fixture
def listener(sandbox: Sandbox) -> Iterator[Listener]:
    heard = Listener()
    sandbox.post("connect", {"bridge": heard.url})
    yield heard
    sandbox.post("connect", {name: {"url": None} for name in sandbox.get("hooks")})
    sandbox.post("reset")
    heard.stop()


Call = Callable[..., requests.Response]


@pytest.fixture
def graph(sandbox: Sandbox) -> Call:
    """Calls the Graph API with the Page's token."""

    def call(method: str, path: str, body: Any = None, token: str | None = wires.PAGE_TOKEN, **params: str) -> requests.Response:  # fmt: skip
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{sandbox.url}/graph/v25.0/{path}"
        return sandbox.http.request(
            method, url, params=params, json=body, headers=headers, timeout=30
        )

    return call


@pytest.fixture
def bot(sandbox: Sandbox) -> Call:
    """Calls a method of the Bot API."""

    def call(method: str, token: str = wires.TELEGRAM_TOKEN, **params: Any) -> requests.Response:
        return sandbox.http.post(
            f"{sandbox.url}/telegram/bot{token}/{method}", json=params, timeout=30
        )

    return call


@pytest.fixture
def desk(sandbox: Sandbox) -> Call:
    """Calls Zendesk with an API token, or with the headers given."""
    pair = f"{wires.ZENDESK_EMAIL}/token:{wires.ZENDESK_API_TOKEN}".encode()
    basic = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    def call(method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, auth: bool = True, **more: Any) -> requests.Response:  # fmt: skip
        url = f"{sandbox.url}/zendesk{path}"
        sent = {**(basic if auth else {}), **(headers or {})}
        return sandbox.http.request(method, url, json=body, headers=sent, timeout=30, **more)

    return call


@pytest.fixture
def ticket(desk: Call) -> Callable[..., dict[str, Any]]:
    """Opens a ticket for a requester without e-mail, as the bridge does."""

    def make(**more: Any) -> dict[str, Any]:
        wish = {"user": {"name": "Ana", "external_id": "person-1", "skip_verify_email": True}}
        user = desk("POST", "/api/v2/users/create_or_update", wish).json()["user"]
        body = {"subject": "Broken mug", "requester_id": user["id"], "external_id": "stamp-1",
                "comment": {"body": "It is broken", "public": True, "author_id": user["id"]}, **more}  # fmt: skip
        response = desk("POST", "/api/v2/tickets", {"ticket": body})
        assert response.status_code == 201, response.text
        return response.json()["ticket"]

    return make


@pytest.fixture
def fresh(sandbox: Sandbox) -> Call:
    """Calls Freshdesk with the bridge's key, or with another one (None: with none)."""

    def call(method: str, path: str, body: Any = None, key: str | None = wires.FRESHDESK_API_KEY, **more: Any) -> requests.Response:  # fmt: skip
        url = f"{sandbox.url}/freshdesk/api/v2/{path}"
        auth = (key, "X") if key is not None else None
        return sandbox.http.request(method, url, json=body, auth=auth, timeout=30, **more)

    return call


@pytest.fixture
def raised(fresh: Call) -> Callable[..., dict[str, Any]]:
    """Raises a Freshdesk ticket for a contact without e-mail, as the bridge does."""

    def make(**more: Any) -> dict[str, Any]:
        body = {"name": "Ana", "unique_external_id": "instagram:1", "subject": "Broken mug",
                "description": "<div>It is broken</div>", "status": 2, "priority": 1, "tags": ["bridge"],
                "custom_fields": {"cf_bridge_id": "stamp-1"}, **more}  # fmt: skip
        response = fresh("POST", "tickets", body)
        assert response.status_code == 201, response.text
        return response.json()

    return make
