"""Every helpdesk, every verb: each refusal has its verdict, and no secret shows in any of them."""

import json
from datetime import UTC, datetime

import pytest

from bridge.core.calls import HttpResponse
from bridge.core.errors import (
    Ambiguous,
    AuthError,
    BridgeError,
    PermanentError,
    Rejected,
    TransientError,
    Unreadable,
)
from bridge.core.model import Attachment, Connection, Delivery, Draft, File, Person, Secret
from bridge.helpdesks import HELPDESKS

CANARIES = ("client-canary", "token-canary", "hook-canary")
DRAFT = Draft(
    stamp="5f" * 16, conversation="facebook:1:2:3", marker="m1", subject="s", text="t", note="n"
)


def connection(helpdesk, **options):
    given = {
        "url": "https://acme.zendesk.com",
        "client_id": "bridge",
        "client_secret": Secret(CANARIES[0]),
        "api_token": Secret(CANARIES[1]),
        "webhook_secrets": (Secret(CANARIES[2]),),
    }
    return Connection(name=helpdesk.name, type=helpdesk.name, options=given | options)


def verbs(desk):
    """Each verb as a generator, and whether its first request changes something."""
    where = connection(desk)
    body = json.dumps(desk.create_body(DRAFT))
    file = File(name="a.png", media_type="image/png", content=b"x")
    return {
        "token": (desk.token(where), False),
        "whoami": (desk.whoami(where), False),
        "requester": (desk.requester(where, Person(external_id="ab", name="Ana")), True),
        "upload": (desk.upload(where, file), True),
        "create": (desk.create(where, body, "key"), True),
        "update": (desk.update(where, "7", json.dumps(desk.update_body(DRAFT))), True),
        "add_tags": (desk.add_tags(where, "7", ("a",)), True),
        "find": (desk.find(where, DRAFT.stamp), False),
        "marked": (desk.marked(where, "7", "m1"), False),
        "read": (desk.read(where, "7"), False),
        "comments": (desk.comments(where, "7"), False),
        "fetch": (
            desk.fetch(where, Attachment(type="image", url="https://acme.zendesk.com/a/1")),
            False,
        ),
    }


NAMES = sorted(verbs(HELPDESKS["zendesk"]))
TICKET_VERBS = {"update", "add_tags", "marked", "read", "comments"}


def refused(desk, verb, status, body=b"", headers=None):
    calls, _ = verbs(desk)[verb]
    next(calls)
    with pytest.raises(BridgeError) as caught:
        calls.send(HttpResponse(status=status, headers=headers or {}, body=body))
    return caught.value


@pytest.fixture(params=["zendesk"])  # Freshdesk, which takes other ways, has its own
def desk(request):
    return HELPDESKS[request.param]


# --- verdicts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", NAMES)
def test_requests_say_whether_they_change_something(desk, verb):
    calls, write = verbs(desk)[verb]
    request = next(calls)
    assert request.write is write
    assert request.repeatable is (verb != "update")
    assert not {"authorization", "Authorization"} & set(request.headers)
    assert all(name.split(":")[0] in desk.limits for name in request.budget)


@pytest.mark.parametrize("status", [500, 502, 504])
@pytest.mark.parametrize("verb", NAMES)
def test_a_stumble_is_ambiguous_for_writes_and_only_late_for_reads(desk, verb, status):
    error = refused(desk, verb, status, b"<html>oops</html>")
    assert isinstance(error, TransientError)
    assert isinstance(error, Ambiguous) is verbs(desk)[verb][1]


@pytest.mark.parametrize(("status", "code"), [(429, "rate_limited"), (503, "unavailable")])
@pytest.mark.parametrize("verb", NAMES)
def test_being_told_to_wait_means_that_nothing_happened(desk, verb, status, code):
    said = b"Number of allowed API requests per minute exceeded"
    error = refused(desk, verb, status, said, {"retry-after": "37"})
    assert type(error) is TransientError
    assert (error.code, error.retry_after, error.limited) == (code, 37.0, True)


@pytest.mark.parametrize("verb", NAMES)
def test_refused_credentials_park_the_connection(desk, verb):
    assert isinstance(
        refused(desk, verb, 401, b'{"error":"Couldn\'t authenticate you"}'), AuthError
    )


@pytest.mark.parametrize("verb", sorted(set(NAMES) - TICKET_VERBS - {"fetch"}))
def test_a_missing_scope_parks_the_connection(desk, verb):
    assert isinstance(refused(desk, verb, 403, b'{"error":"Forbidden"}'), AuthError)


@pytest.mark.parametrize("verb", sorted(TICKET_VERBS | {"fetch"}))
def test_one_forbidden_ticket_does_not_park_the_connection(desk, verb):
    error = refused(desk, verb, 403)
    assert isinstance(error, PermanentError)
    assert error.code == "forbidden"


@pytest.mark.parametrize("verb", sorted(TICKET_VERBS))
@pytest.mark.parametrize("body", [b"", b'{"error":"RecordNotFound","description":"Not found"}'])
def test_a_missing_ticket_is_deleted(desk, verb, body):
    error = refused(desk, verb, 404, body)
    assert isinstance(error, PermanentError)
    assert (error.code, error.gone) == ("ticket_deleted", True)


def test_a_create_that_finds_nothing_is_not_a_deleted_ticket(desk):
    error = refused(desk, "create", 404, b"<html>No such help center</html>")
    assert isinstance(error, PermanentError)
    assert error.gone is False
    assert "<html>" not in str(error)


@pytest.mark.parametrize("verb", sorted(set(NAMES) - {"token"}))
def test_a_conflict_is_tried_again(desk, verb):
    error = refused(
        desk, verb, 409, b'{"error":"DatabaseConflict","description":"Database collision"}'
    )
    assert type(error) is TransientError


@pytest.mark.parametrize("status", [400, 402, 405, 406, 413, 415, 422])
@pytest.mark.parametrize("verb", sorted(set(NAMES) - {"token"}))
def test_any_other_refusal_is_for_good(desk, verb, status):
    assert isinstance(refused(desk, verb, status, b'{"error":"x"}'), PermanentError)


@pytest.mark.parametrize("status", [301, 302, 307])
@pytest.mark.parametrize("verb", sorted(set(NAMES) - {"fetch"}))
def test_redirects_are_not_followed(desk, verb, status):
    error = refused(desk, verb, status, headers={"location": "https://evil.example/"})
    assert isinstance(error, PermanentError)


BODIES = [b"", b"null", b"[]", b'"x"', b"{}", b"<html>", b'{"ticket": []}', b'{"user": 5}', b"\xff"]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("verb", sorted(set(NAMES) - {"fetch", "add_tags"}))
def test_a_success_that_cannot_be_read_is_no_success(desk, verb, body):
    error = refused(desk, verb, 200, body)
    if verb == "whoami":
        assert isinstance(error, AuthError)
    else:
        assert isinstance(error, TransientError)
        assert isinstance(error, Ambiguous) is verbs(desk)[verb][1]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 418, 422, 429, 500, 503])
@pytest.mark.parametrize("verb", NAMES)
def test_no_secret_shows_in_an_error(desk, verb, status):
    echo = json.dumps({"error": list(CANARIES), "details": {"x": [{"description": CANARIES[0]}]}})
    error = refused(desk, verb, status, echo.encode())
    assert not any(canary in f"{error!r} {error} {error.detail}" for canary in CANARIES)
    assert len(error.detail) < 700


def test_no_secret_shows_in_requests_or_their_addresses(desk):
    for calls, _ in verbs(desk).values():
        request = next(calls)
        assert not any(canary in repr(request) for canary in CANARIES)


# --- deliveries ----------------------------------------------------------------------------------

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def test_a_delivery_without_proof_is_rejected(desk):
    with pytest.raises(Rejected):
        desk.proof.check({}, b"{}", connection(desk), NOW)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b'"x"', b"null", b"\xff", b"[" * 100_000, b'{"a":1,"a":2}', b"NaN"]
)
def test_an_unreadable_body_is_told_apart(desk, body):
    with pytest.raises(Unreadable):
        desk.parse(Delivery(connection="z", source=desk.name, body=body))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": 5},
        {"type": "zen:event-type:ticket.comment_added"},
        {"type": "zen:event-type:ticket.comment_added", "detail": [], "event": 1, "subject": {}},
        {"type": "zen:event-type:user.deleted", "detail": {"id": 1}},
        {"type": "zen:event-type:ticket.brand_new_thing", "detail": {"id": 1}},
        {"ticket_id": ["x"]},
        {"ticket_id": "../users"},
        {"ticket_id": True},
        {"ticket_id": "0"},
        {"say": "hello"},
    ],
)
def test_what_concerns_nobody_is_ignored_with_a_reason(desk, body):
    delivery = Delivery(connection="z", source=desk.name, body=json.dumps(body).encode())
    (update,) = desk.parse(delivery)
    assert update.ignored
    assert not update.hint
    assert desk.parse(delivery) == [update]


def test_every_record_has_its_page(desk):
    from pathlib import Path

    page = Path(__file__).parents[2] / "docs" / "helpdesks" / f"{desk.name}.md"
    text = page.read_text("utf-8")
    for option in (*desk.secrets, *desk.options):
        assert f"`{option}`" in text
