"""The web process: what it takes, what it refuses, and how it says so."""

import hashlib
import hmac
import io
import json
import logging
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from bridge.channels import SOURCES
from bridge.core.errors import TransientError
from bridge.core.model import Connection, Secret
from bridge.core.rules import Outcome, Rule, Rules
from bridge.helpdesks import HELPDESKS
from bridge.settings import Settings
from bridge.web import create_app, inbound
from bridge.web.inbound import Headers, Refusal, read

TOKEN = "console-token-000"
ZERO = dict.fromkeys(
    ("received", "duplicates", "done", "ignored", "parked", "dead", "in_progress"), 0
)


class FakeBridge:
    """The parts the web process asks for; `kept` is what it was told to keep."""

    label = staticmethod(str.capitalize)

    def __init__(self, **settings) -> None:
        self.settings = Settings(**{"max_body": 2000, **settings})
        self.config = SimpleNamespace(
            hash="abc",
            version="",
            rules=Rules(rules=(Rule(name="refund", then=Outcome(ignore="x")),)),
            connections={
                "meta": Connection(
                    name="meta",
                    type="meta",
                    options={
                        "app_secrets": (Secret("old"), Secret("new")),
                        "verify_token": Secret("v"),
                    },
                ),
                "telegram": Connection(
                    name="telegram", type="telegram", options={"webhook_secret": Secret("tg")}
                ),
                "zendesk": Connection(
                    name="zendesk", type="zendesk", options={"webhook_secrets": (Secret("zd"),)}
                ),
            },
        )
        self.kept: list[tuple[str, bytes]] = []
        self.away = False
        self.rows: dict[str, dict[str, int]] = {}
        self.decided: list[dict] = []
        self.asked: list[str] = []
        self.alarms: dict[str, dict[str, str]] = {}
        self.gaps: dict[str, dict[str, object]] = {}
        self.heard: dict[str, dict[str, float]] = {}
        self.ages: dict[str, float] = {}
        self.in_force: dict[str, str] = {}
        self.matches: dict[str, tuple[int, datetime]] = {}
        self.answers: dict[str, dict[str, int]] = {}
        self.spikes: dict[str, dict[str, str]] = {}
        self.letters: dict[str, dict[str, str]] = {}
        self.store = SimpleNamespace(
            writable=self._answer,
            workers=lambda: self.ages,
            queues=lambda: {"deliveries": 3},
            alarms=lambda: self.alarms,
            gap=lambda name: self.gaps.get(name, {}),
            last_heard=lambda name: self.heard.get(name, {}),
            dead=lambda most: list(self.letters),
            event=lambda eid: self.letters[eid],
            rules=lambda: self.in_force,
            rules_files=lambda version: None,
            matches=lambda: self.matches,
            answers=lambda names: {
                name: self.answers[name] for name in names if name in self.answers
            },
            spikes=lambda: self.spikes,
        )

    def _answer(self) -> None:
        if self.away:
            raise TransientError("redis_away", "Redis does not answer")

    def source(self, connection):
        return SOURCES.get(connection.type)

    def helpdesk(self, connection):
        return HELPDESKS[connection.type]

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 10, tzinfo=UTC)

    def accept(self, connection, headers, body) -> bool:
        self._answer()
        self.kept.append((connection.name, body))
        return True

    def books(self):
        self._answer()
        return self.rows

    def decisions(self, since=""):
        self.asked.append(since)
        return self.decided


@pytest.fixture
def bridge():
    return FakeBridge()


@pytest.fixture
def web(bridge):
    return create_app(bridge).test_client()


def signed(body: bytes, secret: str = "new") -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}


def problem(answer) -> tuple[int, str]:
    told = answer.get_json()
    assert set(told) == {"error", "detail"}
    assert told["detail"]
    return answer.status_code, told["error"]


# --- what is kept


@pytest.mark.parametrize("secret", ["new", "old"])
@pytest.mark.parametrize(
    "body",
    [
        b'{"object": "page"}', b"{broken", b"\xff\xfe", b"", b"[" * 1000, b'{"a": NaN}',
        b'{"a": "\\ud800"}', b"\x00", b'{"a": 1, "a": 2}',
    ],
)  # fmt: skip
def test_an_authentic_body_is_kept_as_it_came_readable_or_not(web, bridge, body, secret):
    answer = web.post("/hooks/meta", data=body, headers=signed(body, secret))
    assert (answer.status_code, answer.get_json()) == (200, {"ok": True})
    assert bridge.kept == [("meta", body)]


def test_a_body_of_just_the_limit_is_kept_and_one_byte_more_is_not(web, bridge):
    for size, status in ((2000, 200), (2001, 413)):
        body = b"x" * size
        assert web.post("/hooks/meta", data=body, headers=signed(body)).status_code == status
    assert len(bridge.kept) == 1


@pytest.mark.parametrize(
    "kind",
    ["application/json", "Application/JSON; charset=utf-8", "text/plain", "text/json", ""],
)
def test_json_and_text_and_nothing_are_kinds_we_take(web, bridge, kind):
    headers = {**signed(b"{}"), "Content-Type": kind}
    assert web.post("/hooks/meta", data=b"{}", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"Content-Type": "application/x-www-form-urlencoded"}, "unsupported_type"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, "unsupported_type"),
        ({"Content-Type": "application/octet-stream"}, "unsupported_type"),
        ({"Content-Encoding": "gzip"}, "unsupported_encoding"),
        ({"Content-Encoding": "identity, gzip"}, "unsupported_encoding"),
    ],
)
def test_other_kinds_are_refused(web, bridge, more, code):
    answer = web.post("/hooks/meta", data=b"{}", headers={**signed(b"{}"), **more})
    assert problem(answer) == (415, code)
    assert bridge.kept == []


# --- what is not proved


@pytest.mark.parametrize(
    "signature",
    [
        None, "", "sha256=", "sha1=abc", "x" * 8000, "sha256=żółć".encode().decode("latin-1"),
        "sha256=" + "0" * 64, hmac.new(b"new", b"{}", hashlib.sha256).hexdigest(),
        "sha256=" + hmac.new(b"new", b"{}", hashlib.sha256).hexdigest().upper(),
        "sha256=" + hmac.new(b"gone", b"{}", hashlib.sha256).hexdigest(),
    ],
)  # fmt: skip
def test_unproved_deliveries_are_401_and_leave_nothing(web, bridge, signature, caplog):
    headers = {"Content-Type": "application/json"}
    if signature is not None:
        headers["X-Hub-Signature-256"] = signature
    answer = web.post("/hooks/meta", data=b"{}", headers=headers)
    assert problem(answer) == (401, "unauthentic")  # the same for every reason
    assert bridge.kept == []
    assert "new" not in caplog.text.replace("renew", "")


def test_one_changed_byte_is_401(web, bridge):
    headers = signed(b'{"a": 1}')
    assert web.post("/hooks/meta", data=b'{"a": 2}', headers=headers).status_code == 401
    assert bridge.kept == []


def test_every_connection_refuses_an_unsigned_delivery(web, bridge):
    for name in bridge.config.connections:
        answer = web.post(f"/hooks/{name}", data=b"{}", content_type="application/json")
        assert answer.status_code == 401, name
    assert bridge.kept == []


def test_the_secret_of_one_connection_opens_no_other(web, bridge):
    headers = {"X-Telegram-Bot-Api-Secret-Token": "tg", "Content-Type": "application/json"}
    assert web.post("/hooks/telegram", data=b"{}", headers=headers).status_code == 200
    assert web.post("/hooks/meta", data=b"{}", headers=headers).status_code == 401
    assert [name for name, _ in bridge.kept] == ["telegram"]


# --- other troubles


@pytest.mark.parametrize("name", ["nope", "", "meta/", "meta/x", "../meta", "META", "%00"])
def test_an_unknown_connection_is_404(web, bridge, name):
    answer = web.post(f"/hooks/{name}", data=b"{}", headers=signed(b"{}"))
    assert problem(answer) == (404, "unknown_connection")


def test_who_is_answered_before_the_body_was_read_is_hung_up_on(web, bridge):
    """What lies unread on the wire would be taken for the next request."""
    unread = web.post("/hooks/nope", data=b"{}", headers=signed(b"{}"))
    assert unread.headers["Connection"] == "close"
    read_through = web.post("/hooks/meta", data=b"{}", headers={"x-hub-signature-256": "no"})
    assert read_through.status_code == 401
    assert "Connection" not in read_through.headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_405_and_told_which_are_not(web, method):
    answer = web.open("/hooks/meta", method=method)
    assert problem(answer) == (405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


def test_when_redis_is_away_the_sender_is_asked_to_come_again_and_then_served(web, bridge):
    bridge.away = True
    answer = web.post("/hooks/meta", data=b"{}", headers=signed(b"{}"))
    assert problem(answer) == (503, "cannot_keep")
    assert answer.headers["Retry-After"] == "5"
    bridge.away = False
    assert web.post("/hooks/meta", data=b"{}", headers=signed(b"{}")).status_code == 200


def test_a_mistake_of_ours_is_500_without_its_words(web, bridge, caplog):
    def broken(*_):
        raise RuntimeError("secret words")

    bridge.accept = broken
    answer = web.post("/hooks/meta", data=b"{}", headers=signed(b"{}"))
    assert problem(answer) == (500, "internal")
    assert b"secret" not in answer.data
    assert "a delivery could not be taken in" in caplog.text


def test_an_unknown_page_is_a_404_in_json(web):
    assert problem(web.get("/nowhere")) == (404, "not_found")


# --- reading the body


def environ(body: bytes, **more) -> dict:
    return {"wsgi.input": io.BytesIO(body), **more}


def test_a_chunked_body_is_counted_by_us():
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    assert read(environ(b"x" * 10, **chunked), 10) == b"x" * 10
    with pytest.raises(Refusal) as refused:
        read(environ(b"x" * 11, **chunked), 10)
    assert refused.value.status == 413
    # A length beside it says nothing.
    assert read(environ(b"x" * 10, **chunked, CONTENT_LENGTH="3"), 10) == b"x" * 10


@pytest.mark.parametrize("length", ["-1", "+5", "1_0", " 5", "x", "٣"])
def test_a_length_that_is_no_number_is_400(length):
    with pytest.raises(Refusal) as refused:
        read(environ(b"12345", CONTENT_LENGTH=length), 10)
    assert refused.value.status == 400


def test_a_length_beyond_all_numbers_is_413():
    with pytest.raises(Refusal) as refused:
        read(environ(b"12345", CONTENT_LENGTH="9" * 5000), 10)
    assert refused.value.status == 413


@pytest.mark.parametrize(
    "framing",
    [
        {"CONTENT_LENGTH": "200000"},
        {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": 1},
    ],
)
def test_a_sender_of_too_much_may_finish_and_so_reads_the_413(framing):
    given = environ(b"x" * 200_000, **framing)
    with pytest.raises(Refusal) as refused:
        read(given, 10)
    assert refused.value.status == 413
    assert given["wsgi.input"].tell() == 200_000


def test_a_sender_without_end_is_cut_off(monkeypatch):
    monkeypatch.setattr(inbound, "MOST_READ_PAST", 100_000)
    given = environ(b"x" * 200_000, CONTENT_LENGTH="200000")
    with pytest.raises(Refusal) as refused:
        read(given, 10)
    assert refused.value.status == 413
    assert given["wsgi.input"].tell() == 100_000


def test_a_body_shorter_than_announced_is_400():
    with pytest.raises(Refusal) as refused:
        read(environ(b"123", CONTENT_LENGTH="5"), 10)
    assert refused.value.code == "body_short"


@pytest.mark.parametrize(("error", "status"), [(TimeoutError(), 408), (OSError(), 400)])
def test_a_body_that_does_not_arrive_is_let_go(error, status):
    class Gone:
        def read(self, size):
            raise error

    with pytest.raises(Refusal) as refused:
        read({"wsgi.input": Gone(), "CONTENT_LENGTH": "5"}, 10)
    assert refused.value.status == status


def test_without_length_there_is_no_body():
    assert read(environ(b"left over"), 10) == b""


def test_headers_are_read_by_lower_case_names():
    headers = Headers({"HTTP_X_A": "1", "CONTENT_TYPE": "text/plain", "PATH_INFO": "/"})
    assert headers["x-a"] == headers.get("X-A") == "1"
    assert headers["content-type"] == "text/plain"
    assert headers.get("path-info") is None
    assert list(headers) == ["x-a"]
    assert len(headers) == 1


# --- handshakes


def test_the_handshake_is_answered_as_plain_text(web):
    query = {"hub.mode": "subscribe", "hub.verify_token": "v", "hub.challenge": "12345"}
    answer = web.get("/hooks/meta", query_string=query)
    assert (answer.status_code, answer.data) == (200, b"12345")
    assert answer.mimetype == "text/plain"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_handshake_needs_no_redis(web, bridge):
    bridge.away = True
    query = {"hub.mode": "subscribe", "hub.verify_token": "v", "hub.challenge": "12345"}
    assert web.get("/hooks/meta", query_string=query).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"hub.verify_token": "wrong"},
        {"hub.verify_token": ""},
        {"hub.mode": "other"},
        {"hub.challenge": "<script>alert(1)</script>"},
        {"hub.challenge": "a\r\nX: y"},
        {"hub.challenge": ""},
    ],
)
def test_a_failed_handshake_is_403_and_echoes_nothing(web, change):
    query = {"hub.mode": "subscribe", "hub.verify_token": "v", "hub.challenge": "12345", **change}
    answer = web.get("/hooks/meta", query_string=query)
    assert problem(answer)[0] == 403
    assert b"script" not in answer.data


def test_a_get_where_there_is_no_handshake_is_405(web):
    assert problem(web.get("/hooks/zendesk")) == (405, "method_not_allowed")
    assert problem(web.get("/hooks/nope")) == (404, "unknown_connection")


# --- health and metrics


def test_healthz_is_up_whatever_redis_does(web, bridge):
    bridge.away = True
    assert web.get("/healthz").get_json()["status"] == "up"


def test_readyz_is_ready_without_workers_and_says_so(web, bridge):
    answer = web.get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json()["reasons"] == ["no worker runs: what comes in is kept and waits"]
    bridge.ages = {"a": 3.0, "b": 4000.0}
    told = web.get("/readyz").get_json()
    assert (told["ready"], told["workers"], told["reasons"]) == (True, 1, [])


def test_readyz_tells_which_rules_are_in_force_and_since_when_but_not_by_whom(web, bridge):
    assert web.get("/readyz").get_json()["rules"]["version"] is None
    bridge.in_force = {
        "n": "3", "version": "abc", "origin": "published", "at": "1795340000000", "author": "Ewa",
        "note": "for the sale",
    }  # fmt: skip
    assert web.get("/readyz").get_json()["rules"] == {
        "n": "3", "version": "abc", "origin": "published", "since": "2026-11-22T09:33:20+00:00",
    }  # fmt: skip


def test_readyz_is_503_without_redis_and_says_why(web, bridge):
    bridge.away = True
    answer = web.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["reasons"] == ["Redis does not answer"]


def test_metrics_are_the_books(web, bridge):
    bridge.rows = {"meta": {**ZERO, "received": 7, "done": 4, "dead": 1, "in_progress": 2}}
    text = web.get("/metrics").get_data(as_text=True)
    assert 'bridge_events_received_total{connection="meta"} 7.0' in text
    assert 'bridge_events{connection="meta",outcome="dead"} 1.0' in text
    assert 'bridge_events{connection="meta",outcome="in_progress"} 2.0' in text
    assert 'bridge_waiting{queue="deliveries"} 3.0' in text
    assert "bridge_redis_up 1.0" in text
    bridge.away = True
    assert "bridge_redis_up 0.0" in web.get("/metrics").get_data(as_text=True)


def test_metrics_tell_what_was_read_back_and_who_is_silent(web, bridge):
    bridge.heard = {"meta": {"facebook:1": 1000.0, "messenger:1": 2000.0}}
    bridge.alarms = {"silence:meta:facebook:1": {"text": "nothing since", "at": "now"}}
    at = "2026-11-22T10:00:00+00:00"
    bridge.gaps = {"meta": {"at": at, "all_calls": 12, "all_new": 3}, "zendesk": {"at": None}}
    text = web.get("/metrics").get_data(as_text=True)
    assert 'bridge_source_silent{connection="meta",source="facebook:1"} 1.0' in text
    assert 'bridge_source_silent{connection="meta",source="messenger:1"} 0.0' in text
    bridge.alarms = {"quiet:meta:messenger:1": {"text": "3 events", "at": "now"}}
    now = web.get("/metrics").get_data(as_text=True)
    assert 'bridge_source_silent{connection="meta",source="facebook:1"} 0.0' in now
    assert 'bridge_source_silent{connection="meta",source="messenger:1"} 1.0' in now
    assert 'last_heard_timestamp_seconds{connection="meta",source="messenger:1"} 2000.0' in text
    assert 'bridge_reconcile_calls_total{connection="meta"} 12.0' in text
    assert 'bridge_reconcile_found_total{connection="meta"} 3.0' in text
    assert 'bridge_reconcile_calls_total{connection="zendesk"}' not in text  # not read yet


def test_metrics_count_the_matches_of_each_rule_and_the_shadow_apart(web, bridge):
    bridge.matches = {"old": (2, bridge.now()), "shadow refund": (9, bridge.now())}
    text = web.get("/metrics").get_data(as_text=True)
    assert 'bridge_rule_matches_total{rule="old"} 2.0' in text
    assert 'bridge_rule_matches_total{rule="refund"} 0.0' in text
    assert 'bridge_rule_shadow_matches_total{rule="refund"} 9.0' in text
    assert 'bridge_rule_shadow_matches_total{rule="old"} 0.0' in text


def test_metrics_tell_who_waits_for_an_answer_and_how_it_ended(web, bridge):
    name = next(iter(bridge.config.connections))
    ends = {"in_time": 7, "late": 2, "found_late": 1, "unanswered": 0}
    bridge.answers = {name: {"waiting": 3, "overdue": 1, **ends}, "forgotten": {}}
    text = web.get("/metrics").get_data(as_text=True)
    assert f'bridge_customers_waiting{{connection="{name}"}} 3.0' in text
    assert f'bridge_customers_overdue{{connection="{name}"}} 1.0' in text
    for result, count in ends.items():
        told = f'bridge_answers_total{{connection="{name}",result="{result}"}} {count}.0'
        assert told in text


def test_metrics_count_the_incidents_that_last_by_crowd(web, bridge):
    assert "bridge_incidents{" not in web.get("/metrics").get_data(as_text=True)
    bridge.spikes = {"a": {"crowd": "outage"}, "b": {"crowd": "outage"}}
    text = web.get("/metrics").get_data(as_text=True)
    assert 'bridge_incidents{crowd="outage"} 2.0' in text


# --- the console


@pytest.fixture
def operator():
    bridge = FakeBridge(console_token=Secret(TOKEN))
    return bridge, create_app(bridge).test_client()


BEARER = {"Authorization": f"Bearer {TOKEN}"}


def test_without_a_token_there_is_no_console(web):
    for path in ("/console", "/console/api/decisions", "/console/static/console.css"):
        assert web.get(path, headers=BEARER).status_code == 404, path
    assert web.post("/console/login", data={"token": ""}).status_code == 404


def test_nothing_is_shown_without_the_token(operator):
    bridge, web = operator
    bridge.decided = [{"sentence": "private"}]
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": "bridge_console=wrong"},
                    {"Authorization": "Bearer "}, {"Cookie": f"bridge_console={TOKEN}"}):  # fmt: skip
        for path in ("/console", "/console/", "/console/api/decisions"):
            answer = web.get(path, headers=headers)
            assert answer.status_code == 401, (path, headers)
            assert b"private" not in answer.data
    assert bridge.asked == []


def test_every_page_but_the_login_is_guarded(operator):
    _, web = operator
    for rule in web.application.url_map.iter_rules():
        if rule.endpoint.startswith("console.") and rule.endpoint not in (
            "console.login",
            "console.static",
        ):
            assert web.get(rule.rule).status_code == 401, rule.rule


def test_the_link_with_the_token_gives_a_cookie_and_leaves_the_address_bar(operator):
    _, web = operator
    answer = web.get(f"/console?token={TOKEN}")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert TOKEN not in cookie
    assert "Secure" not in cookie  # over http on this machine it would never come back
    secure = web.get(f"/console?token={TOKEN}", base_url="https://bridge.example")
    assert "Secure" in secure.headers["Set-Cookie"]
    assert web.get("/console").status_code == 200


def test_the_form_gives_a_cookie_too_and_a_wrong_token_does_not(operator):
    _, web = operator
    assert web.post("/console/login", data={"token": "wrong"}).status_code == 401
    assert web.get("/console").status_code == 401
    assert web.post("/console/login", data={"token": TOKEN}).status_code == 303
    assert web.get("/console").status_code == 200


def test_decisions_are_those_since_the_position_given(operator):
    bridge, web = operator
    bridge.decided = [{"seq": "5-0", "sentence": "x"}]
    answer = web.get("/console/api/decisions?since=4-0", headers=BEARER)
    assert answer.get_json() == {"decisions": bridge.decided}
    web.get("/console/api/decisions", headers=BEARER)
    assert bridge.asked == ["4-0", ""]


@pytest.mark.parametrize("since", ["x", "-1", "1-", "(1", "$", "1 2", "9" * 30, f"1-{2**64}"])
def test_a_position_that_is_none_is_400(operator, since):
    bridge, web = operator
    answer = web.get("/console/api/decisions", query_string={"since": since}, headers=BEARER)
    assert problem(answer)[0] == 400
    assert bridge.asked == []


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}"


def test_the_page_shows_customers_words_as_words(operator):
    bridge, web = operator
    bridge.rows = {"meta": {**ZERO, "received": 12345}}
    bridge.decided = [
        {"at": "now", "sentence": HOSTILE, "text": HOSTILE, "permalink": "javascript:alert(3)"},
        {"at": "now", "sentence": "fine", "text": "", "permalink": "https://example.com/x"},
    ]
    bridge.letters = {"e1": {"k": "d", "state": "dead", "reason": HOSTILE, "c": "meta"}}
    text = web.get("/console", headers=BEARER).get_data(as_text=True)
    assert "<script" not in text
    assert "<img" not in text
    assert "javascript:" not in text
    assert "{{7*7}}" in text
    assert 'href="https://example.com/x"' in text
    assert "12345" in text
    assert "e1" in text


def test_the_page_tells_which_rules_are_in_force_and_how_often_each_matched(operator):
    bridge, web = operator
    assert "No worker has started yet" in web.get("/console", headers=BEARER).get_data(as_text=True)
    bridge.in_force = {
        "n": "3", "version": "abc", "origin": "published", "at": "1795340000000", "author": HOSTILE,
        "note": HOSTILE,
    }  # fmt: skip
    bridge.matches = {"refund": (1234, bridge.now()), "gone": (5, bridge.now())}
    text = web.get("/console", headers=BEARER).get_data(as_text=True)
    assert "Version 3 (<code>abc</code>),\npublished by &lt;script&gt;" in text
    assert "in force since <time>2026-11-22T09:33:20+00:00</time>" in text
    assert "<td>1234</td>" in text
    assert "gone (no more)" in text
    assert "<script" not in text


def test_pages_of_the_console_are_closed_to_other_sites_and_caches(operator):
    _, web = operator
    for path in ("/console", "/console/api/decisions", "/console/static/console.css"):
        answer = web.get(path, headers=BEARER)
        answer.close()
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store", path
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]


def test_redis_away_is_a_503_on_the_page_not_a_traceback(operator):
    bridge, web = operator
    bridge.away = True
    answer = web.get("/console", headers=BEARER)
    assert problem(answer) == (503, "redis_away")


# --- what must not be told


def test_no_answer_and_no_log_line_holds_a_secret_or_a_body(bridge, caplog):
    caplog.set_level(logging.DEBUG)
    bridge.config.connections["meta"] = replace(
        bridge.config.connections["meta"],
        options={"app_secrets": (Secret("CANARY-1"),), "verify_token": Secret("CANARY-2")},
    )
    web = create_app(bridge).test_client()
    body = json.dumps({"text": "CANARY-3"}).encode()
    told = [
        web.post("/hooks/meta", data=body, headers=signed(body, "CANARY-1")),
        web.post("/hooks/meta", data=body, headers=signed(body, "CANARY-4")),
        web.get("/hooks/meta?hub.mode=subscribe&hub.verify_token=CANARY-5&hub.challenge=1"),
    ]
    bridge.away = True
    told.append(web.post("/hooks/meta", data=body, headers=signed(body, "CANARY-1")))
    assert [answer.status_code for answer in told] == [200, 401, 403, 503]
    assert "CANARY" not in caplog.text + "".join(one.get_data(as_text=True) for one in told)
