"""Zendesk: what its webhooks mean, what we send, and how its answers are read."""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.desks import ask

from bridge.core.calls import HttpResponse
from bridge.core.errors import (
    Ambiguous,
    AuthError,
    PermanentError,
    TransientError,
    Unreadable,
    Unsupported,
)
from bridge.core.limits import Told
from bridge.core.model import (
    Attachment,
    Connection,
    Delivery,
    Draft,
    File,
    Person,
    Secret,
    Status,
    TicketUpdate,
)
from bridge.helpdesks import HELPDESKS
from bridge.helpdesks.zendesk.api import identity

ZENDESK = HELPDESKS["zendesk"]
URL = "https://acme.zendesk.com"
OAUTH = Connection(
    name="zendesk",
    type="zendesk",
    options={
        "url": f"{URL}/",
        "client_id": "bridge",
        "client_secret": Secret("s3cret"),
        "webhook_secrets": (Secret("hook"),),
    },
)
TOKEN = replace(
    OAUTH, options={"url": URL, "email": "bot@example.com", "api_token": Secret("t0ken")}
)
DRAFT = Draft(
    stamp="5f" * 16,
    conversation="facebook:1:2:3",
    marker="m1",
    subject="Facebook comment from Ana",
    text="Where is my order?",
    requester_id="46408773673489",
)


# --- webhooks ------------------------------------------------------------------------------------

EVENTS = json.loads((Path(__file__).parent / "zendesk" / "events.json").read_text("utf-8"))


@pytest.mark.parametrize("event", EVENTS, ids=[event["idea"] for event in EVENTS])
def test_a_webhook_body_means(event):
    body = json.dumps(event["body"]).encode()
    delivery = Delivery(
        connection="z", source="zendesk", headers=event.get("headers", {}), body=body
    )
    (update,) = ZENDESK.parse(delivery)
    expected = event["expected"]
    told = asdict(update)
    for name, value in expected.items():
        if name == "comment":
            shown = {key: told["comment"][key] for key in value}
            shown["attachments"] = list(told["comment"]["attachments"])
            assert shown == {"attachments": [], **value}
        else:
            assert (list(told[name]) if isinstance(value, list) else told[name]) == value, name
    # What the table does not mention is as if nobody had said it.
    for name in ("comment", "previous", "merged_into", "ignored"):
        assert name in expected or told[name] is None
    for name in ("deleted", "withdrawn", "hint"):
        assert name in expected or told[name] is False
    assert isinstance(update, TicketUpdate)


def test_nanoseconds_are_read_as_utc():
    body = json.dumps(EVENTS[0]["body"]).encode()
    (update,) = ZENDESK.parse(Delivery(connection="z", source="zendesk", body=body))
    assert update.at == datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)
    assert update.comment.created_at == update.at


def test_the_same_comment_has_one_name_in_an_event_and_a_retry():
    body = dict(EVENTS[0]["body"])
    names = set()
    for event_id in ("01J0A", "another"):
        given = json.dumps(body | {"id": event_id}).encode()
        names.add(ZENDESK.parse(Delivery(connection="z", source="zendesk", body=given))[0].dedupe)
    assert names == {"comment:5158:77"}


def test_a_label_with_quotes_breaks_the_body_but_not_the_hint():
    body = b'{"bridge": 1, "ticket_id": "5158", "external_id": "", "status": "Wait for "parts"'
    (update,) = ZENDESK.parse(Delivery(connection="z", source="zendesk", body=body))
    assert (update.ticket_id, update.hint, update.status) == ("5158", True, None)


def test_any_other_broken_body_is_unreadable():
    with pytest.raises(Unreadable):
        ZENDESK.parse(Delivery(connection="z", source="zendesk", body=b'{"ticket_id": "5158"'))


@pytest.mark.parametrize("body", [b"", b"\n", b"{}"])
def test_a_try_of_the_webhook_is_nothing_to_do(body):
    (update,) = ZENDESK.parse(Delivery(connection="z", source="zendesk", body=body))
    assert update.ignored
    assert not update.hint


def hint(headers, received=None, body=b'{"ticket_id": "1"}'):
    delivery = Delivery(
        connection="z", source="zendesk", headers=headers, body=body, received_at=received
    )
    return ZENDESK.parse(delivery)[0].dedupe


def test_a_trigger_body_names_no_event_so_the_delivery_does():
    invocation, attempt = ZENDESK.kept_headers
    assert hint({invocation: "a", attempt: "x"}) == hint({invocation: "a", attempt: "y"})
    assert hint({invocation: "a"}) != hint({invocation: "b"})
    assert hint({attempt: "x"}) != hint({attempt: "y"})
    assert hint({attempt: "x"}) == hint({attempt: "x"})
    one, two = (datetime(2026, 11, 22, 10, minute, tzinfo=UTC) for minute in (0, 1))
    assert hint({}, one) != hint({}, two)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5158, "5158"),
        ("5158", "5158"),
        (" 5158 ", "5158"),
        ("01J0A-b_c", "01J0A-b_c"),
        (0, None),
        ("0", None),
        ("", None),
        (None, None),
        (True, None),
        (1.5, None),
        ("../users/me", None),
        ("1?x=1", None),
        ("9" * 65, None),
        ([], None),
    ],
)
def test_an_id_is_text_or_nothing(value, expected):
    assert identity(value) == expected


# --- who we are ----------------------------------------------------------------------------------


def test_an_oauth_client_asks_for_a_token_and_an_api_token_needs_none():
    assert ZENDESK.authorise(OAUTH) is None
    assert ZENDESK.authorise(TOKEN) == {
        "Authorization": "Basic Ym90QGV4YW1wbGUuY29tL3Rva2VuOnQwa2Vu"
    }


def test_an_api_token_is_warned_about_with_its_dates_and_a_client_is_not():
    (warning,) = ZENDESK.warnings(TOKEN)
    assert "2026-10-27" in warning
    assert "2027-04-30" in warning
    assert ZENDESK.warnings(OAUTH) == []


def test_a_connection_without_any_credentials_is_not_warned_of_old_ones():
    assert ZENDESK.warnings(Connection(name="zendesk", type="zendesk")) == []


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize(
    ("life", "expected"), [(1800, 1800.0), (None, None), ("soon", None), (0, None), (True, None)]
)
def test_a_token_lives_as_long_as_told_or_until_it_is_refused(status, life, expected):
    answer = {"access_token": "abc", "token_type": "bearer", "expires_in": life}
    token, (request,) = ask(ZENDESK.token(OAUTH), (status, answer))
    assert (token.value, token.expires_in) == ("abc", expected)
    assert request.url == f"{URL}/oauth/tokens"
    assert request.json == {
        "grant_type": "client_credentials",
        "client_id": "bridge",
        "client_secret": "s3cret",
        "scope": "read tickets:write users:write",
        "expires_in": 1800,
    }


def test_scope_and_life_are_options():
    given = replace(OAUTH, options={**OAUTH.options, "scope": "read", "expires_in": 600})
    _, (request,) = ask(ZENDESK.token(given), (200, {"access_token": "abc"}))
    assert (request.json["scope"], request.json["expires_in"]) == ("read", 600)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refused_client_is_told_which_options_to_check(status):
    with pytest.raises(AuthError, match="client_id and client_secret"):
        ask(ZENDESK.token(OAUTH), (status, {"error": "invalid_client"}))


@pytest.mark.parametrize("role", ["agent", "admin"])
def test_we_are_the_user_the_token_belongs_to(role):
    me, _ = ask(ZENDESK.whoami(OAUTH), (200, {"user": {"id": 42, "role": role}}))
    assert me == "42"


@pytest.mark.parametrize(
    ("user", "code"),
    [
        ({"id": None, "name": "Anonymous user", "role": "end-user"}, "anonymous"),
        ({"id": 42, "role": "end-user"}, "role_too_small"),
        ({"id": 42}, "role_too_small"),
    ],
)
def test_nobody_and_a_customer_are_not_let_in(user, code):
    with pytest.raises(AuthError) as caught:
        ask(ZENDESK.whoami(OAUTH), (200, {"user": user}))
    assert caught.value.code == code


# --- people and files ----------------------------------------------------------------------------


def test_a_requester_has_no_email_and_no_role():
    person = Person(external_id="h4sh", name="Ana  Nowak")
    made, (request,) = ask(ZENDESK.requester(OAUTH, person), (201, {"user": {"id": 7}}))
    assert made == "7"
    assert request.url == f"{URL}/api/v2/users/create_or_update"
    assert request.json == {
        "user": {"name": "Ana Nowak", "external_id": "h4sh", "skip_verify_email": True}
    }


def test_a_nameless_requester_has_a_name():
    _, (request,) = ask(
        ZENDESK.requester(OAUTH, Person(external_id="h", name=" \n")), (200, {"user": {"id": 7}})
    )
    assert request.json["user"]["name"] == "Social customer"


def test_a_requester_made_by_two_at_once_is_looked_for_again():
    said = {"details": {"external_id": [{"description": "External has already been taken"}]}}
    with pytest.raises(TransientError):
        ask(ZENDESK.requester(OAUTH, Person(external_id="h", name="A")), (422, said))
    with pytest.raises(PermanentError):
        ask(ZENDESK.requester(OAUTH, Person(external_id="h", name="A")), (422, {"error": "x"}))


def test_an_upload_is_read_though_it_calls_itself_text():
    answer = HttpResponse(
        status=201,
        headers={"content-type": "text/plain; charset=utf-8"},
        body=b'{"upload": {"token": "TOK"}}',
    )
    file = File(name="C:\\x\\../p\u202eng.png", media_type="image/png", content=b"\x89")
    token, (request,) = ask(ZENDESK.upload(OAUTH, file), answer)
    assert token == "TOK"
    assert request.params == {"filename": "png.png"}
    assert request.headers == {"Content-Type": "image/png"}
    assert request.body == b"\x89"


def test_a_media_type_from_a_stranger_cannot_become_a_header():
    file = File(name="a", media_type="image/png\r\nX-Evil: 1", content=b"x")
    _, (request,) = ask(ZENDESK.upload(OAUTH, file), (201, {"upload": {"token": "T"}}))
    assert request.headers == {"Content-Type": "application/octet-stream"}


# --- bodies --------------------------------------------------------------------------------------


def test_a_ticket_is_opened_with_the_customers_words_said_by_the_customer():
    draft = replace(
        DRAFT,
        priority="high",
        group="360001",
        type="incident",
        tags=("bridge", "facebook"),
        fields={"360004": "reason_refund"},
        uploads=("TOK",),
        followup_of="5158",
        note="for the agent",
    )
    assert ZENDESK.create_body(draft) == {
        "ticket": {
            "subject": "Facebook comment from Ana",
            "comment": {
                "body": "Where is my order?",
                "public": True,
                "author_id": 46408773673489,
                "uploads": ["TOK"],
            },
            "external_id": "5f" * 16,
            "priority": "high",
            "type": "incident",
            "group_id": 360001,
            "custom_fields": [{"id": 360004, "value": "reason_refund"}],
            "metadata": {"bridge": {"marker": "m1", "conversation": "facebook:1:2:3"}},
            "requester_id": 46408773673489,
            "submitter_id": 46408773673489,
            "tags": ["bridge", "facebook"],
            "via_followup_source_id": 5158,
        }
    }


def test_a_ticket_without_words_opens_with_the_note_in_private():
    body = ZENDESK.create_body(replace(DRAFT, text="", note="look"))["ticket"]
    assert body["comment"] == {"body": "look", "public": False}
    assert "submitter_id" not in body
    assert body["requester_id"] == 46408773673489


def test_an_update_says_words_and_status_in_one_call_and_never_tags():
    draft = replace(DRAFT, status=Status.OPEN, tags=("a",), note="n")
    assert ZENDESK.update_body(draft) == {
        "ticket": {
            "comment": {"body": DRAFT.text, "public": True, "author_id": 46408773673489},
            "status": "open",
            "metadata": {"bridge": {"marker": "m1", "conversation": "facebook:1:2:3"}},
        }
    }


def test_a_note_is_private_and_ours():
    draft = replace(DRAFT, text="", note="for the agent", uploads=("TOK",), status=Status.ON_HOLD)
    ticket = ZENDESK.update_body(draft)["ticket"]
    assert ticket["comment"] == {"body": "for the agent", "public": False, "uploads": ["TOK"]}
    assert ticket["status"] == "hold"


def test_a_group_that_is_no_id_is_left_out():
    assert "group_id" not in ZENDESK.create_body(replace(DRAFT, group="Refunds"))["ticket"]


@pytest.mark.parametrize("build", [ZENDESK.create_body, ZENDESK.update_body])
def test_what_zendesk_cannot_hold_is_never_sent(build):
    build(replace(DRAFT, text="x" * 65_535))
    with pytest.raises(PermanentError) as caught:
        build(replace(DRAFT, text="x" * 65_536))
    assert caught.value.code == "too_long"


# --- tickets -------------------------------------------------------------------------------------

CREATED = {"ticket": {"id": 5158, "status": "new", "external_id": "ab"}, "audit": {"author_id": 9}}


@pytest.mark.parametrize("status", [200, 201])
def test_a_create_sends_the_recorded_body_with_its_key(status):
    body = '{"ticket":{"subject":"ż"}}'
    ticket, (request,) = ask(ZENDESK.create(OAUTH, body, "key-1"), (status, CREATED))
    assert (ticket.id, ticket.status, ticket.stamp, ticket.actor_id) == (
        "5158", Status.NEW, "ab", "9",
    )  # fmt: skip
    assert ticket.url == f"{URL}/agent/tickets/5158"
    assert request.url == f"{URL}/api/v2/tickets"
    assert request.body == body.encode()
    assert request.headers == {"Content-Type": "application/json", "Idempotency-Key": "key-1"}


MISMATCH = {
    "error": "IdempotentRequestError",
    "description": "Request parameters don't match the given idempotency key",
}


@pytest.mark.parametrize(
    ("status", "answer", "verdict", "code"),
    [
        (400, MISMATCH, Ambiguous, "idempotency_mismatch"),
        (400, {"error": "x"}, PermanentError, "refused"),
        (409, {"error": "IdempotentRequestInProgress"}, TransientError, "conflict"),
        (422, {"error": "RecordInvalid"}, PermanentError, "refused"),
    ],
)
def test_a_create_that_is_refused(status, answer, verdict, code):
    with pytest.raises(verdict) as caught:
        ask(ZENDESK.create(OAUTH, "{}", "k"), (status, answer))
    assert caught.value.code == code


IN_AN_INCIDENT = replace(DRAFT, problem="70", type="question")
NO_PROBLEM = (
    422,
    {"error": "RecordInvalid", "details": {"problem": [{"description": "is invalid"}]}},
)


@pytest.mark.parametrize("build", [ZENDESK.create_body, ZENDESK.update_body])
def test_a_ticket_of_an_incident_is_one_of_its_problem(build):
    ticket = build(IN_AN_INCIDENT)["ticket"]
    assert (ticket["type"], ticket["problem_id"]) == ("incident", 70)
    assert "problem_id" not in build(DRAFT)["ticket"]


def test_a_refused_link_says_so_and_other_refusals_do_not():
    body = json.dumps(ZENDESK.create_body(IN_AN_INCIDENT))
    for call in (ZENDESK.create(OAUTH, body, "k"), ZENDESK.update(OAUTH, "7", body)):
        with pytest.raises(PermanentError) as caught:
            ask(call, NO_PROBLEM)
        assert caught.value.code == "problem_refused"
    for call in (ZENDESK.create(OAUTH, body, "k"), ZENDESK.update(OAUTH, "7", body)):
        with pytest.raises(PermanentError) as caught:
            ask(call, (422, {"error": "RecordInvalid", "details": {"subject": []}}))
        assert caught.value.code == "refused"


def test_a_refused_followup_says_so():
    body = json.dumps(ZENDESK.create_body(replace(DRAFT, followup_of="1")))
    with pytest.raises(PermanentError) as caught:
        ask(ZENDESK.create(OAUTH, body, "k"), (422, {"error": "RecordInvalid"}))
    assert caught.value.code == "followup_refused"


PEOPLE = ("sam@acme.example", "press@agency.example")
ACCOMPANIED = replace(DRAFT, collaborators=PEOPLE)


def test_collaborators_are_followers_whom_the_customer_does_not_see():
    ticket = ZENDESK.create_body(ACCOMPANIED)["ticket"]
    assert ticket["followers"] == [{"user_email": one, "action": "put"} for one in PEOPLE]
    # CCs stand on what is mailed to the requester; collaborators may become CCs.
    assert not {"email_ccs", "email_cc_ids", "collaborators", "collaborator_ids"} & set(ticket)
    assert "followers" not in ZENDESK.create_body(DRAFT)["ticket"]
    assert "followers" not in ZENDESK.update_body(ACCOMPANIED)["ticket"]


@pytest.mark.parametrize(("following", "left_out"), [([4, 5], ()), ([4], PEOPLE), ([], PEOPLE)])
def test_who_may_not_follow_is_told(following, left_out):
    body = json.dumps(ZENDESK.create_body(ACCOMPANIED))
    answer = {**CREATED, "ticket": {**CREATED["ticket"], "follower_ids": following}}
    ticket, asked = ask(ZENDESK.create(OAUTH, body, "k"), (201, answer))
    assert (ticket.left_out, len(asked)) == (left_out, 1)


def test_refused_followers_do_not_cost_the_ticket():
    body = json.dumps(ZENDESK.create_body(ACCOMPANIED))
    refused = (422, {"error": "RecordInvalid", "details": {"followers": []}})
    ticket, (first, second) = ask(ZENDESK.create(OAUTH, body, "k"), refused, (201, CREATED))
    assert (ticket.id, ticket.left_out) == ("5158", PEOPLE)
    assert "followers" not in json.loads(second.body)["ticket"]
    assert second.headers["Idempotency-Key"] != first.headers["Idempotency-Key"]
    with pytest.raises(PermanentError):
        ask(
            ZENDESK.create(OAUTH, body, "k"),
            (422, {"error": "RecordInvalid", "details": {"subject": []}}),
        )


CLOSED = "Status: closed prevents ticket update"


@pytest.mark.parametrize(
    ("details", "code"),
    [
        ({"status": [{"description": CLOSED}]}, "ticket_closed"),
        ({"base": [{"description": CLOSED, "error": "x"}]}, "ticket_closed"),
        ({"base": [{"description": "Subject: cannot be blank"}]}, "refused"),
    ],
)
def test_a_closed_ticket_is_told_from_other_refusals(details, code):
    with pytest.raises(PermanentError) as caught:
        ask(ZENDESK.update(OAUTH, "7", "{}"), (422, {"error": "RecordInvalid", "details": details}))
    assert caught.value.code == code
    assert not caught.value.gone


def test_an_update_spends_the_tickets_budget_first():
    ticket, (request,) = ask(ZENDESK.update(OAUTH, "7", "{}"), (200, CREATED))
    assert ticket.actor_id == "9"
    assert (request.method, request.url) == ("PUT", f"{URL}/api/v2/tickets/7")
    assert request.budget == ("ticket:7", "updates", "account")
    assert request.write
    assert not request.repeatable


def test_a_subject_and_what_zendesk_said_are_bounded():
    subject = ZENDESK.create_body(replace(DRAFT, subject="s" * 200))["ticket"]["subject"]
    assert subject == "s" * 150
    with pytest.raises(PermanentError) as caught:
        ask(ZENDESK.update(OAUTH, "7", "{}"), (422, {"error": "no " * 2000}))
    assert len(caught.value.detail) < 400


def test_found_tickets_are_ours_and_newest_first():
    rows = [
        {"id": 99, "external_id": "AB", "status": "closed"},
        {"id": 101, "external_id": "ab", "status": "open"},
        {"id": 102, "external_id": "other"},
        {"id": 103, "external_id": None},
        {"id": None},
        "x",
    ]
    found, (request,) = ask(ZENDESK.find(OAUTH, "ab"), (200, {"tickets": rows}))
    assert [(one.id, one.status) for one in found] == [("101", Status.OPEN), ("99", Status.CLOSED)]
    assert request.params == {"external_id": "ab"}
    assert not request.write


def test_nothing_found_is_an_empty_list():
    answers = (200, {"tickets": []}), (200, {"results": []})
    assert ask(ZENDESK.find(OAUTH, "ab"), *answers)[0] == []


@pytest.mark.parametrize(
    ("word", "status"),
    [("hold", Status.ON_HOLD), ("deleted", Status.DELETED), ("solved", Status.SOLVED), ("?", None)],
)
def test_a_ticket_is_read_with_its_status(word, status):
    raw = {"id": 7, "status": word, "tags": ["a", 1], "updated_at": "2026-11-22T10:00:00Z"}
    ticket, _ = ask(ZENDESK.read(OAUTH, "7"), (200, {"ticket": raw}))
    assert ticket.status is status
    assert ticket.tags == ("a",)
    assert ticket.updated_at == datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_an_id_from_outside_cannot_leave_its_place_in_the_address():
    _, (request,) = ask(ZENDESK.read(OAUTH, "../users/me?x="), (200, {"ticket": {"id": 7}}))
    assert request.url == f"{URL}/api/v2/tickets/..%2Fusers%2Fme%3Fx%3D"


# --- comments ------------------------------------------------------------------------------------


def comment(**given):
    return {"id": 1, "type": "Comment", "body": "b", "public": True, "author_id": 9, **given}


def comments(*rows):
    return ask(ZENDESK.comments(OAUTH, "7"), (200, {"comments": list(rows)}))


def test_comments_come_newest_first_however_they_are_sent():
    found, (request,) = comments(
        comment(id=1, created_at="2026-11-22T10:00:00Z"),
        comment(id=3, created_at="2026-11-22T10:02:00Z"),
        comment(id=2, created_at="2026-11-22T10:02:00Z"),
    )
    assert [one.id for one in found] == ["3", "2", "1"]
    assert request.params == {"sort": "-created_at", "page[size]": "100", "include": "users"}


def test_who_is_staff_is_told_by_the_users_that_come_along():
    rows = [comment(id=n, author_id=n) for n in (1, 2, 3, 4)]
    roles = ((1, "agent"), (2, "admin"), (3, "end-user"))
    users = [{"id": number, "role": role} for number, role in roles]
    answer = (200, {"comments": rows, "users": users})
    found, _ = ask(ZENDESK.comments(OAUTH, "7"), answer)
    assert [(one.id, one.staff) for one in found] == [
        ("4", None), ("3", False), ("2", True), ("1", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"plain_body": "a &amp; b&nbsp;c"}, "a & b c"),
        ({"plain_body": "  "}, "b"),
        ({"plain_body": "", "html_body": "<p>x<br>y</p>"}, "x\ny"),
        (
            {"plain_body": "see here", "html_body": '<a href="https://x.io/">here</a>'},
            "https://x.io/",
        ),
        ({}, "b"),
        ({"body": None}, ""),
    ],
)
def test_a_comments_words_are_plain_text(given, expected):
    ((one,), _) = comments(comment(**given))
    assert expected in one.text if "https" in expected else one.text == expected


@pytest.mark.parametrize(
    ("given", "public"),
    [
        ({"public": True}, True),
        ({"public": False}, False),
        ({"public": None}, None),
        ({"public": "true"}, None),
        ({"type": "VoiceComment"}, None),
    ],
)
def test_only_what_is_surely_public_is_public(given, public):
    ((one,), _) = comments(comment(**given))
    assert one.public is public


def test_attachments_are_read_and_deleted_ones_are_not():
    rows = [
        {"id": 1, "content_url": f"{URL}/1", "file_name": "a.png", "content_type": "image/png"},
        {
            "id": 2,
            "content_url": f"{URL}/2",
            "file_name": "b.pdf",
            "content_type": "application/pdf",
        },
        {"id": 3, "content_url": f"{URL}/3", "deleted": True},
        {"id": 4},
        None,
    ]
    ((one,), _) = comments(comment(attachments=rows))
    assert one.attachments == (
        Attachment(type="image", url=f"{URL}/1", name="a.png", id="1"),
        Attachment(type="file", url=f"{URL}/2", name="b.pdf", id="2"),
    )


MARKED = comment(metadata={"system": {}, "custom": {"bridge": {"marker": "m1"}}})
DEEPER = comment(metadata={"custom": {"x": [{"marker": "m1"}]}})


def test_our_marker_is_read_from_a_comment():
    found, _ = comments(MARKED, comment(id=2))
    assert {one.id: one.marker for one in found} == {"1": "m1", "2": None}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([MARKED], True),
        ([comment(), DEEPER], True),
        ([comment(body="m1", metadata={"system": {"client": "m1"}})], False),
        ([comment(metadata=None), None, {}], False),
        ([], False),
    ],
)
def test_a_marker_counts_only_where_we_put_it(rows, expected):
    found, _ = ask(ZENDESK.marked(OAUTH, "7", "m1"), (200, {"comments": rows}))
    assert found is expected


# --- files ---------------------------------------------------------------------------------------


def picture(url):
    return Attachment(type="image", url=url, name="a.png")


def test_a_file_is_fetched_over_the_accounts_redirect_without_our_credentials():
    moved = HttpResponse(
        status=302, headers={"location": "https://p18.zdusercontent.com/x?token=k"}
    )
    there = HttpResponse(status=200, headers={"content-type": "image/png; q=1"}, body=b"\x89")
    file, (first, second) = ask(ZENDESK.fetch(OAUTH, picture(f"{URL}/a/1")), moved, there)
    assert (file.name, file.media_type, file.content) == ("a.png", "image/png", b"\x89")
    assert not first.media
    assert second.media
    assert "token=k" not in str(second.shown)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/a.png",
        "https://acme.zendesk.com.evil.example/a.png",
        "https://acme.zendesk.com@evil.example/a.png",
        "http://p18.zdusercontent.com/a.png",
        "http://169.254.169.254/latest",
        "https://evilzdusercontent.com/a",
        "https://[bad/a",
        "https://evil.example\\@acme.zendesk.com/a",
        "https://user@acme.zendesk.com/a",
        "https://acme.zendesk.com:x/a",
        "file:///etc/passwd",
        "",
    ],
)
def test_a_file_elsewhere_is_not_asked_for(url):
    with pytest.raises(Unsupported):
        ask(ZENDESK.fetch(OAUTH, picture(url)))
    moved = HttpResponse(status=302, headers={"location": url or "https://x.example"})
    with pytest.raises(Unsupported):
        ask(ZENDESK.fetch(OAUTH, picture(f"{URL}/a/1")), moved)


def test_other_accounts_of_zendesk_see_no_credentials():
    there = HttpResponse(status=200, body=b"x")
    _, (request,) = ask(ZENDESK.fetch(OAUTH, picture("https://other.zendesk.com/a")), there)
    assert request.media


def test_redirects_in_a_circle_end():
    moved = HttpResponse(status=302, headers={"location": f"{URL}/a/1"})
    with pytest.raises(PermanentError):
        ask(ZENDESK.fetch(OAUTH, picture(f"{URL}/a/1")), *[moved] * 9)


def test_a_loopback_account_keeps_its_own_files():
    local = replace(OAUTH, options={"url": "http://127.0.0.1:9000/zendesk"})
    there = HttpResponse(status=200, body=b"x")
    _, (request,) = ask(ZENDESK.fetch(local, picture("http://127.0.0.1:9000/cdn/a.png")), there)
    assert not request.media
    with pytest.raises(Unsupported):
        ask(ZENDESK.fetch(local, picture("http://127.0.0.1:9001/cdn/a.png")))


# --- limits --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-rate-limit": "700", "x-rate-limit-remaining": "670"}, {"account": Told(total=700, left=670)}),
        ({"ratelimit-remaining": "5", "x-rate-limit-remaining": "7", "ratelimit-reset": "9"}, {"account": Told(left=5, reset=9.0)}),
        ({"rate-limit-remaining": "670"}, {"account": Told(left=670)}),
        ({"ratelimit-limit": "0", "ratelimit-reset": "99999"}, {"account": Told()}),
        ({"zendesk-ratelimit-per-ticket-updates": "total=30; remaining=29; resets=468"},
         {"ticket": Told(total=30, left=29, reset=468.0)}),
        ({"zendesk-rate-limit-tickets-update": "total=300;remaining=19;resets=59"},
         {"updates": Told(total=300, left=19, reset=59.0)}),
        ({"zendesk-rate-limit-tickets-update": "total=20;remaining=0;resets=59"},
         {"updates": Told(total=20, left=0, reset=59.0)}),
        ({"zendesk-rate-limit-tickets-update": "total=20;remaining=19;resets=59"}, {}),
        ({"zendesk-ratelimit-other": "total=30; remaining=29"}, {}),
        ({"x-rate-limit-remaining": "many"}, {}),
        ({"zendesk-ratelimit-per-ticket-updates": "?"}, {}),
        ({}, {}),
    ],
)  # fmt: skip
def test_headers_tell_what_is_left(headers, expected):
    assert ZENDESK.headers(headers) == expected


def test_tags_are_added_and_the_others_stay():
    _, (request,) = ask(ZENDESK.add_tags(OAUTH, "7", ("a", "b")), (200, {"tags": []}))
    assert (request.method, request.url) == ("PUT", f"{URL}/api/v2/tickets/7/tags")
    assert request.json == {"tags": ["a", "b"]}


STAMP = "2026-11-22T10:05:00Z"


def urged(priority: str | None, now: str | None, *answers: tuple[int, object], tags=()):
    shown = {"ticket": {"id": 7, "priority": now, "updated_at": STAMP}}
    return ask(ZENDESK.urge(OAUTH, "7", priority, tags), (200, shown), *answers)[1]


@pytest.mark.parametrize("now", [None, "low", "normal", "high", "one of theirs"])
def test_a_priority_is_raised_if_nobody_changes_the_ticket_meanwhile(now):
    _, raised = urged("urgent", now, (200, {}))
    assert (raised.method, raised.url) == ("PUT", f"{URL}/api/v2/tickets/7")
    wanted = {"priority": "urgent", "safe_update": True, "updated_stamp": STAMP}
    assert raised.json == {"ticket": wanted}


@pytest.mark.parametrize(("wanted", "now"), [("urgent", "urgent"), ("high", "urgent"), ("low", "normal")])  # fmt: skip
def test_a_priority_is_never_lowered(wanted, now):
    assert [one.method for one in urged(wanted, now)] == ["GET"]


def test_whoever_changed_the_ticket_meanwhile_is_not_overruled():
    with pytest.raises(TransientError) as caught:
        urged("high", "low", (409, {"error": "UpdateConflict"}))
    assert caught.value.code == "conflict"


def test_tags_go_along_and_without_a_priority_nothing_is_read():
    read, _, tagged = urged("high", "low", (200, {}), (200, {"tags": []}), tags=("late",))
    assert (read.method, tagged.method, tagged.json) == ("GET", "PUT", {"tags": ["late"]})
    _, (alone,) = ask(ZENDESK.urge(OAUTH, "7", None, ("late",)), (200, {"tags": []}))
    assert alone.url.endswith("/tickets/7/tags")


def test_a_ticket_that_was_closed_takes_no_priority():
    closed = {"details": {"status": [{"description": CLOSED}]}}
    with pytest.raises(PermanentError) as caught:
        urged("high", "low", (422, closed))
    assert caught.value.code == "ticket_closed"


def test_what_joined_a_ticket_later_is_found_among_its_tags():
    rows = [{"id": 7, "tags": ["bridge", "ab"]}, {"id": 8, "tags": ["abc"]}]
    found, (first, second) = ask(
        ZENDESK.find(OAUTH, "ab"), (200, {"tickets": []}), (200, {"results": rows})
    )
    assert [one.id for one in found] == ["7"]
    assert first.params == {"external_id": "ab"}
    assert second.params == {"query": "type:ticket tags:ab"}


def test_about_the_persons_ticket_of_this_moment_no_index_is_asked():
    assert ask(ZENDESK.find(OAUTH, "ab", "person"), (200, {"tickets": []}))[0] == []
