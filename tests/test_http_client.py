"""What a helpdesk answers on the wire, and what the bridge makes of it: client and reading in one.

`tests/test_http.py` has what happens below an answer: connections, deadlines, sizes.
"""

import gzip
from collections.abc import Iterator

import pytest
import requests
import responses

from bridge.core.calls import HttpRequest, drive
from bridge.core.errors import Ambiguous, AuthError, BridgeError, PermanentError, TransientError
from bridge.core.model import Connection, Secret
from bridge.helpdesks import HELPDESKS
from bridge.http import TRIES, Http

DESK = HELPDESKS["zendesk"]
TICKETS = "https://acme.zendesk.com/api/v2/tickets"
ONE = f"{TICKETS}/7"
TICKET = {"ticket": {"id": 7, "status": "open"}}


@pytest.fixture
def answers() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=True) as mock:
        yield mock


@pytest.fixture
def http() -> Iterator[Http]:
    client = Http(sleep=lambda seconds: None)
    yield client
    client.close()


def verb(name: str):
    options = {"url": "https://acme.zendesk.com", "webhook_secrets": (Secret("hook-canary"),)}
    where = Connection(name="zendesk", type="zendesk", options=options)
    return {
        "read": lambda: DESK.read(where, "7"),
        "create": lambda: DESK.create(where, "{}", "key"),
        "update": lambda: DESK.update(where, "7", "{}"),
    }[name]()


METHODS = {"read": ("GET", ONE), "create": ("POST", TICKETS), "update": ("PUT", ONE)}


@pytest.mark.parametrize(
    ("name", "status", "headers", "expected", "wait", "tries"),
    [
        ("read", 401, {}, AuthError, None, 1),
        ("read", 403, {}, PermanentError, None, 1),
        ("read", 404, {}, PermanentError, None, 1),
        ("update", 404, {}, PermanentError, None, 1),
        ("update", 409, {"Retry-After": "2"}, TransientError, 2.0, 1),
        ("update", 422, {}, PermanentError, None, 1),
        ("read", 302, {"Location": "https://acme.example/"}, PermanentError, None, 1),
        # Told to wait: nothing was done, and nobody tries again by himself.
        ("read", 429, {"Retry-After": "37"}, TransientError, 37.0, 1),
        ("create", 429, {"RETRY-AFTER": "5000"}, TransientError, 3600.0, 1),
        ("update", 429, {"Retry-After": "soon"}, TransientError, None, 1),
        (
            "update",
            503,
            {"Retry-After": "Wed, 01 Jul 2026 10:01:00 GMT", "Date": "Wed, 01 Jul 2026 10:00:00 GMT"},
            TransientError,
            60.0,
            1,
        ),
        # A gateway that stumbles: a read is tried again, a write is in doubt at once, also one with a key.
        ("read", 502, {}, TransientError, None, TRIES),
        ("create", 502, {}, Ambiguous, None, 1),
        ("update", 502, {}, Ambiguous, None, 1),
        ("update", 500, {}, Ambiguous, None, 1),
        ("read", 500, {}, TransientError, None, 1),
        # A success that is none.
        ("read", 200, {}, TransientError, None, 1),
        ("update", 200, {}, Ambiguous, None, 1),
    ],
)  # fmt: skip
def test_an_answer_becomes_a_verdict(answers, http, name, status, headers, expected, wait, tries):
    method, url = METHODS[name]
    answers.add(method, url, status=status, headers=headers, body=b"<html>hm</html>")
    with pytest.raises(BridgeError) as caught:
        drive(verb(name), http.send)
    assert type(caught.value) is expected
    assert getattr(caught.value, "retry_after", None) == wait
    assert len(answers.calls) == tries


@pytest.mark.parametrize("name", sorted(METHODS))
def test_and_a_good_answer_becomes_a_ticket(answers, http, name):
    method, url = METHODS[name]
    answers.add(method, url, status=201 if name == "create" else 200, json=TICKET)
    assert drive(verb(name), http.send).id == "7"


def test_a_gateway_that_recovers_is_never_noticed(answers, http):
    answers.add("GET", ONE, status=502)
    answers.add("GET", ONE, json=TICKET)
    assert drive(verb("read"), http.send).id == "7"


@pytest.mark.parametrize("name", sorted(METHODS))
def test_where_no_connection_is_made_nothing_happened(answers, http, name):
    method, url = METHODS[name]
    answers.add(method, url, body=requests.ConnectionError("https://user:pw@inside refused"))
    with pytest.raises(TransientError) as caught:
        drive(verb(name), http.send)
    assert type(caught.value) is TransientError
    assert caught.value.code == "unreachable"
    assert "pw@inside" not in str(caught.value)


def test_what_is_told_beside_the_body_is_read_whatever_its_case(answers, http):
    packed = gzip.compress(b'{"a": 1}')
    told = {"Content-Encoding": "gzip", "X-Rate-Limit-Remaining": "12", "Set-Cookie": "a=b"}
    answers.add("GET", ONE, body=packed, headers=told)
    answer = http.send(HttpRequest(method="GET", url=ONE, write=False))
    assert answer.json() == {"a": 1}
    assert answer.headers["x-rate-limit-remaining"] == "12"
    assert "set-cookie" not in answer.headers
