"""docs/openapi.yaml is what a running server does: its routes, and whatever schemathesis asks of them.

schemathesis makes requests from the document, valid and not, and compares the answers with it. Here they go
to a real server with a real Redis; half of the deliveries are signed as the other side would sign them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis.specs.openapi import checks
from support.many import many
from support.world import World

from bridge.core.model import Secret
from bridge.sandbox import wires
from bridge.settings import Settings
from bridge.web import create_app, inbound

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.yaml"
TOKEN = "console-token-for-tests"
API = schemathesis.openapi.from_path(DOCUMENT)
OPERATIONS = {one.label: one for one in (found.ok() for found in API.get_all_operations())}
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A server that keeps what comes; nobody works it off."""
    with World(workers=0, environ={"BRIDGE_CONSOLE_TOKEN": TOKEN}) as running:
        yield running


@pytest.fixture(scope="module")
def cookie(world: World) -> str:
    """The session of an operator who has signed in; guesses by others do not end it."""
    form = {"token": TOKEN}
    answer = requests.post(f"{world.url}/console/login", form, allow_redirects=False, timeout=30)
    OPERATIONS["POST /console/login"].Case().validate_response(answer, checks=CHECKS)
    assert answer.status_code == 303
    return "; ".join(f"{name}={value}" for name, value in answer.cookies.items())


# --- the document names what there is ------------------------------------------------------------------


def test_the_document_names_every_route_and_no_other() -> None:
    config = SimpleNamespace(connections={})
    settings = Settings(console_token=Secret(TOKEN))
    bridge: Any = SimpleNamespace(settings=settings, config=config)
    routes = {
        (method, re.sub(r"<(?:path:)?(\w+)>", r"{\1}", rule.rule).replace("{name}", "{connection}"))
        for rule in create_app(bridge).url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    written = {(method, path) for method, path in map(str.split, OPERATIONS)}
    assert written == {*routes, ("POST", "/hooks/{connection}")}  # taken before Flask sees it


def test_the_document_names_every_status_of_a_refused_delivery() -> None:
    told = set(OPERATIONS["POST /hooks/{connection}"].definition.raw["responses"])
    refused = {str(status) for status in inbound._REASONS} - {"403", "500"}
    assert told == {"200", *refused}


# --- whatever is asked ---------------------------------------------------------------------------------


def meta(body: bytes) -> dict[str, str]:
    mark = hmac.new(wires.APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={mark}"}


def zendesk(body: bytes) -> dict[str, str]:
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    key = wires.ZENDESK_WEBHOOK_SECRET.encode()
    mark = base64.b64encode(hmac.new(key, at.encode() + body, hashlib.sha256).digest()).decode()
    return {
        "X-Zendesk-Webhook-Signature": mark,
        "X-Zendesk-Webhook-Signature-Timestamp": at,
    }


PROVES: dict[str, Callable[[bytes], dict[str, str]]] = {
    "meta": meta,
    "zendesk": zendesk,
    "telegram": lambda _: {"X-Telegram-Bot-Api-Secret-Token": wires.TELEGRAM_SECRET},
    "freshdesk": lambda _: {"X-Bridge-Secret": wires.FRESHDESK_WEBHOOK_SECRET},
}
HANDSHAKE = {
    "hub.mode": "subscribe",
    "hub.verify_token": wires.VERIFY_TOKEN,
    "hub.challenge": "1158201444",
}


FORM = "application/x-www-form-urlencoded"


def signed_request(person: str = "7734501", secret: str = wires.APP_SECRET) -> str:
    """As Meta asks for somebody to be forgotten."""
    said = {"algorithm": "HMAC-SHA256", "issued_at": 1764000000, "user_id": person}
    payload = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=")
    mark = hmac.new(secret.encode(), payload, hashlib.sha256).digest()
    return f"{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}.{payload.decode()}"


def forgotten(world: World) -> str:
    """The code of such a request."""
    form = {"signed_request": signed_request()}
    answer = requests.post(f"{world.url}/privacy/meta", form, timeout=30)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["confirmation_code"])


def asked(
    world: World, http: requests.Session, case: schemathesis.Case, right: str, cookie: str
) -> requests.Response:
    """The answer to *case*, after it was made *right* as far as that is asked for."""
    if right and "filename" in case.path_parameters:
        case.path_parameters["filename"] = "console.css"
    if right and "connection" in case.path_parameters:
        case.path_parameters["connection"] = right
    if right and case.operation.label == "GET /hooks/{connection}":
        case.query = dict(HANDSHAKE)
    if right and "code" in case.path_parameters:
        case.path_parameters["code"] = forgotten(world)
    if right and case.operation.label == "POST /privacy/meta":
        case.body, case.media_type = {"signed_request": signed_request()}, FORM
    kwargs = case.as_transport_kwargs(base_url=world.url)
    request = http.prepare_request(requests.Request(**kwargs))
    body = request.body or b""
    raw = body.encode() if isinstance(body, str) else body
    if right and "/hooks/" in case.operation.path:
        request.headers.update(PROVES[right](raw))
    elif right and "/console" in case.operation.path:
        request.headers["Cookie"] = cookie
    return http.send(request, allow_redirects=False, timeout=30)


def takes_something(label: str) -> bool:
    operation = OPERATIONS[label]
    return bool(operation.query or operation.body)


KINDS = [
    (label, mode)
    for label in OPERATIONS
    for mode in schemathesis.GenerationMode
    if mode is schemathesis.GenerationMode.POSITIVE or takes_something(label)
]


@pytest.mark.parametrize(
    ("label", "mode"), KINDS, ids=[f"{label} {mode.value}" for label, mode in KINDS]
)
def test_every_answer_is_as_the_document_says(
    world: World, cookie: str, label: str, mode: schemathesis.GenerationMode
) -> None:
    seen: Counter[int] = Counter()

    with requests.Session() as http:
        http.trust_env = False

        @many(20)
        @given(
            case=OPERATIONS[label].as_strategy(generation_mode=mode),
            right=st.sampled_from(["", *PROVES]),
        )
        def ask(case: schemathesis.Case, right: str) -> None:
            response = asked(world, http, case, right, cookie)
            http.cookies.clear()
            seen[response.status_code] += 1
            case.validate_response(response, checks=CHECKS)
            assert TOKEN not in response.text

        ask()
    assert 200 in seen or label == "POST /console/login"
    assert max(seen) < 500


@pytest.mark.parametrize("since", ["", "0", "9" * 18, f"0-{'9' * 18}"])
def test_every_position_that_is_taken_is_one_for_redis(
    world: World, cookie: str, since: str
) -> None:
    answer = requests.get(
        f"{world.url}/console/api/decisions",
        {"since": since},
        headers={"Cookie": cookie},
        timeout=30,
    )
    assert answer.status_code == 200


# --- what schemathesis does not ask ----------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted({label.split()[1] for label in OPERATIONS}))
def test_another_method_is_refused_with_those_that_there_are(
    world: World, cookie: str, path: str
) -> None:
    there = {label.split()[0] for label in OPERATIONS if label.split()[1] == path}
    url = world.url + path.format(connection="meta", filename="console.css", code="0")
    for method in ("PUT", "PATCH", "DELETE", "POST", "GET", "TRACE", "BREW"):
        if method not in there:
            answer = requests.request(method, url, headers={"Cookie": cookie}, timeout=30)
            assert answer.status_code == 405, method
            assert there <= set(re.split(r", *", answer.headers["Allow"]))
            assert set(answer.json()) == {"error", "detail"}


def test_without_redis_the_answers_are_those_of_the_document(world: World, cookie: str) -> None:
    world.redis.kill()
    with requests.Session() as http:
        for label in ("POST /hooks/{connection}", "GET /readyz", "GET /metrics", "GET /console",
                      "GET /console/api/decisions", "GET /healthz", "POST /privacy/meta"):  # fmt: skip
            case = OPERATIONS[label].Case(
                path_parameters={"connection": "meta"}, body={}, media_type="application/json"
            )
            response = asked(world, http, case, "meta", cookie)
            assert response.status_code == (
                200 if label in ("GET /metrics", "GET /healthz") else 503
            )
            case.validate_response(response, checks=CHECKS)
    world.redis.start()
    world.until(lambda: requests.get(f"{world.url}/readyz", timeout=30).status_code == 200)
