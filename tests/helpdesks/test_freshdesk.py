"""Freshdesk: what its webhooks mean, what we send, and how its answers are read."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.desks import ask

from bridge.core.calls import HttpResponse, drive
from bridge.core.errors import (
    Ambiguous,
    AuthError,
    BridgeError,
    PermanentError,
    Rejected,
    TransientError,
    Unreadable,
    Unsupported,
)
from bridge.core.limits import Told
from bridge.core.mapping import HelpdeskMap
from bridge.core.model import (
    Attachment,
    Connection,
    Delivery,
    Draft,
    File,
    Person,
    Secret,
    Status,
)
from bridge.helpdesks import HELPDESKS
from bridge.helpdesks.freshdesk.markup import note_html, short, split, to_html, to_text

FRESHDESK = HELPDESKS["freshdesk"]
URL = "https://acme.freshdesk.com"
HERE = Connection(
    name="freshdesk",
    type="freshdesk",
    options={
        **FRESHDESK.options,
        "url": f"{URL}/",
        "api_key": Secret("k3y-canary"),
        "webhook_secrets": (Secret("old-secret"), Secret("new-secret")),
    },
)
STAMP = "5f" * 16
DRAFT = Draft(
    stamp=STAMP,
    conversation="instagram:1:2:3",
    marker="1a2b3c4d5e6f7a8b9c0d",
    subject="Instagram comment from Ana",
    text="Where is\nmy <b>order</b>?",
    requester_id="ab" * 16,
    requester_name="Ana M",
)
REF = "bridge ref 1a2b3c4d5e6f"
TICKET = {
    "id": 77,
    "status": 2,
    "requester_id": 4001,
    "tags": ["bridge"],
    "custom_fields": {"cf_bridge_id": STAMP},
    "created_at": "2026-11-22T10:00:00Z",
    "updated_at": "2026-11-22T10:05:00Z",
}
NOTE = {"id": 901, "user_id": 4001}


def given(**options):
    return replace(HERE, options={**HERE.options, **options})


def shown(request):
    return f"{request.method} {request.url.removeprefix(URL + '/api/v2')}"


def invalid(field, message="It should be a valid value", code="invalid_value"):
    rows = [{"field": field, "message": message, "code": code}]
    return 400, {"description": "Validation failed", "errors": rows}


def talk(number, body, **more):
    row = {
        "id": number,
        "body": body,
        "incoming": False,
        "private": False,
        "source": 2,
        "user_id": 55,
        "created_at": f"2026-11-22T10:00:{number % 60:02d}Z",
        "attachments": [],
    }
    return {**row, **more}


# --- who we are ----------------------------------------------------------------------------------


def test_the_key_is_the_user_of_basic_authentication():
    assert FRESHDESK.authorise(HERE) == {"Authorization": "Basic azN5LWNhbmFyeTpY"}


def test_we_are_known_by_number_and_address():
    me = {"id": 55, "contact": {"email": "Bridge@Acme.example"}}
    who, asked = ask(FRESHDESK.whoami(HERE), (200, me))
    assert who == "55 bridge@acme.example"
    assert shown(asked[0]) == "GET /agents/me"


@pytest.mark.parametrize("contact", [None, {}, {"email": None}, {"email": "no address"}])
def test_an_address_that_is_not_told_leaves_the_number(contact):
    assert ask(FRESHDESK.whoami(HERE), (200, {"id": 55, "contact": contact}))[0] == "55"


def test_somebody_without_a_number_is_nobody():
    with pytest.raises(AuthError) as caught:
        ask(FRESHDESK.whoami(HERE), (200, {"id": None}))
    assert caught.value.code == "anonymous"


def test_a_webhook_proves_itself_by_either_secret():
    now = datetime(2026, 11, 22, tzinfo=UTC)
    for secret in ("old-secret", "new-secret"):
        FRESHDESK.proof.check({"x-bridge-secret": secret}, b"{}", HERE, now)


@pytest.mark.parametrize(
    "headers", [{}, {"x-bridge-secret": ""}, {"x-bridge-secret": "new-secreT"}]
)
def test_a_webhook_without_the_secret_is_rejected(headers):
    with pytest.raises(Rejected):
        FRESHDESK.proof.check(headers, b"{}", HERE, datetime(2026, 11, 22, tzinfo=UTC))


# --- webhooks ------------------------------------------------------------------------------------

WEBHOOKS = json.loads((Path(__file__).parent / "freshdesk" / "events.json").read_text("utf-8"))


def delivery(body, second=0):
    at = datetime(2026, 11, 22, 10, 0, second, tzinfo=UTC)
    return Delivery(connection="f", source="freshdesk", body=body, received_at=at)


@pytest.mark.parametrize("row", WEBHOOKS, ids=[row["idea"] for row in WEBHOOKS])
def test_a_webhook_body_means(row):
    (update,) = FRESHDESK.parse(delivery(json.dumps(row["body"]).encode()))
    names = ("ticket_id", "hint", "actor_id", "stamp", "ignored")
    told = {name: getattr(update, name) for name in names if getattr(update, name)}
    assert told == row["expected"]
    assert update.comment is None
    assert update.status is None


@pytest.mark.parametrize(
    "body",
    [
        b'{"ticket_id": 31, "agent": , "status": "Open"}',
        b'{"freshdesk_webhook": {"agent": ,"ticket_id":"31"}}',
        b'{"ticket_id": "31", "text": "\\"ticket_id\\": \\"8\\",", }',
    ],
)
def test_an_empty_placeholder_without_quotes_does_not_hide_the_ticket(body):
    (update,) = FRESHDESK.parse(delivery(body))
    assert (update.ticket_id, update.hint) == ("31", True)


def test_the_same_body_twice_is_two_deliveries():
    one, two = (FRESHDESK.parse(delivery(b'{"ticket_id": "7"}', second))[0] for second in (1, 2))
    assert one.dedupe != two.dedupe


def test_the_same_delivery_read_twice_is_one():
    assert FRESHDESK.parse(delivery(b'{"ticket_id": "7"}')) == FRESHDESK.parse(
        delivery(b'{"ticket_id": "7"}')
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[1]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"a": , "b": 1}',
        b'{"ticket_id": 7, "agent": , "ticket_id": 8}',
        b"<?xml version='1.0'?><ticket_id>7</ticket_id>",
        b"ticket_id=7",
    ],
)
def test_an_unreadable_body_is_told_apart(body):
    with pytest.raises(Unreadable):
        FRESHDESK.parse(delivery(body))


def test_a_body_that_is_no_json_says_what_the_rule_must_send():
    with pytest.raises(Unreadable) as caught:
        FRESHDESK.parse(delivery(b'{"agent": }'))
    assert "placeholder in quotes" in caught.value.detail


# --- creating ------------------------------------------------------------------------------------


def create(draft=DRAFT, where=HERE, answer=(201, TICKET), files=()):
    body = json.dumps(FRESHDESK.create_body(draft))
    return ask(FRESHDESK.create(where, body, "key", files), answer)


def test_a_ticket_is_opened_with_the_contact_in_one_call():
    ticket, (request,) = create()
    assert shown(request) == "POST /tickets"
    assert request.json == {
        "subject": "Instagram comment from Ana",
        "description": "<div>Where is<br>my &lt;b&gt;order&lt;/b&gt;?</div>",
        "status": 2,
        "priority": 1,
        "unique_external_id": "ab" * 16,
        "name": "Ana M",
        "source": 2,
        "custom_fields": {"cf_bridge_id": STAMP},
    }
    assert (ticket.id, ticket.requester_id, ticket.stamp) == ("77", "4001", STAMP)
    assert (ticket.status, ticket.status_word) == (Status.OPEN, "2")
    assert ticket.url == f"{URL}/a/tickets/77"
    assert not request.repeatable
    assert "requester_id" not in request.json


def test_a_contact_that_is_known_by_number_is_named_by_it():
    request = create(replace(DRAFT, requester_id="4001"))[1][0]
    assert request.json["requester_id"] == 4001
    assert not {"name", "unique_external_id"} & set(request.json)


def test_a_customer_without_a_name_is_named_for_the_channel():
    assert create(replace(DRAFT, requester_name=" "))[1][0].json["name"] == "Instagram user"


def test_everything_a_draft_asks_for_is_set():
    draft = replace(
        DRAFT, priority="urgent", group="1000081501", type="incident", status=Status.SOLVED,
        tags=("bridge", "a" * 40), fields={"cf_reason": "x" * 300, "cf_vip": True},
    )  # fmt: skip
    sent = create(draft, given(source=9))[1][0].json
    assert (sent["priority"], sent["group_id"], sent["type"]) == (4, 1000081501, "Incident")
    assert (sent["status"], sent["source"]) == (4, 9)
    assert sent["custom_fields"] == {
        "cf_reason": "x" * 255, "cf_vip": True, "cf_bridge_id": STAMP
    }  # fmt: skip
    assert sent["tags"][0] == "bridge"
    assert len(sent["tags"][1]) == 32


@pytest.mark.parametrize(
    ("word", "number"),
    [("low", 1), ("normal", 2), ("medium", 2), ("High", 3), ("4", 4), ("5", 1), ("soon", 1)],
)
def test_priorities_are_words_or_numbers(word, number):
    assert create(replace(DRAFT, priority=word))[1][0].json["priority"] == number


def test_two_long_tags_stay_two():
    sent = create(replace(DRAFT, tags=("a" * 40, "a" * 41, "a" * 40)))[1][0].json["tags"]
    assert len(set(sent)) == len(sent) == 2
    assert max(map(len, sent)) == 32


@pytest.mark.parametrize("none", ["", "tags"])
def test_the_stamp_is_a_tag_where_there_is_no_field(none):
    answer = (201, {**TICKET, "custom_fields": {}, "tags": ["bridge", STAMP]})
    ticket, (request,) = create(replace(DRAFT, tags=("bridge",)), given(stamp_field=none), answer)
    assert request.json["tags"] == ["bridge", STAMP]
    assert "custom_fields" not in request.json
    assert ticket.stamp == STAMP


def test_files_go_with_the_ticket_as_a_form():
    file = File(name="a.png", media_type="image/png", content=b"x")
    draft = replace(DRAFT, tags=("a", "b"), fields={"cf_vip": False})
    request = create(draft, files=(file, file))[1][0]
    assert request.json is None
    parts = list(request.parts)
    assert [value for name, value in parts if name == "tags[]"] == ["a", "b"]
    assert ("custom_fields[cf_vip]", "false") in parts
    assert ("custom_fields[cf_bridge_id]", STAMP) in parts
    assert ("status", "2") in parts
    assert [value for name, value in parts if name == "attachments[]"] == [file, file]
    assert (request.deadline, create(draft)[1][0].deadline) == (30.0, 8.0)  # files take their time


def test_the_note_is_the_description_where_there_are_no_words():
    assert create(replace(DRAFT, text="", note="N"))[1][0].json["description"] == "<div>N</div>"


def test_nothing_in_a_stamp_ends_its_quotes_in_the_search():
    _, (request,) = ask(FRESHDESK.find(HERE, "x' OR tag:'y"), (200, {"results": []}))
    assert request.params["query"] == "\"cf_bridge_id:'xORtag:y' OR tag:'xORtag:y'\""


@pytest.mark.parametrize("marker", ["", "1a2b", "1A-2b_3c4d5e6f7a8b9c", "żółw"])
def test_a_reference_is_found_again_whatever_the_marker(marker):
    whole = to_text(note_html("Where is my order?", marker), None)
    words, ref = split(whole)
    assert (words, ref) == ("Where is my order?", short(marker))


@pytest.mark.parametrize("build", [FRESHDESK.create_body, FRESHDESK.update_body])
def test_words_that_do_not_fit_are_refused_here_and_those_that_just_do_are_not(build):
    assert build(replace(DRAFT, text="x" * 65_535))
    with pytest.raises(PermanentError) as caught:
        build(replace(DRAFT, text="x" * 65_536))
    assert caught.value.code == "too_long"


@pytest.mark.parametrize(
    "body", [b'{"ticket_id": "7", "ticket_id": "7"}', b'{"ticket_id": "7", "a": ' + b"[" * 99]
)
def test_only_a_body_that_a_placeholder_broke_is_read_for_its_ticket_alone(body):
    """The others were made to be read in two ways, or to hurt."""
    with pytest.raises(Unreadable):
        FRESHDESK.parse(Delivery(connection="f", source="freshdesk", body=body))


IN_AN_INCIDENT = replace(DRAFT, problem="70")
LACKING = 403, {"code": "require_feature", "message": "The feature is not supported in your plan"}


def test_a_ticket_of_an_incident_is_a_child_where_that_is_wished():
    (request,) = create(IN_AN_INCIDENT, given(incidents="children"))[1]
    assert request.json["parent_id"] == 70
    (request,) = create(IN_AN_INCIDENT)[1]
    assert "parent_id" not in request.json
    (request,) = create(DRAFT, given(incidents="children"))[1]
    assert "parent_id" not in request.json


@pytest.mark.parametrize("refusal", [invalid("parent_id"), LACKING])
def test_where_it_can_be_no_child_it_is_opened_all_the_same(refusal):
    here = given(incidents="children")
    body = json.dumps(FRESHDESK.create_body(IN_AN_INCIDENT))
    ticket, asked = ask(FRESHDESK.create(here, body, "k"), refusal, (201, TICKET))
    assert ticket.id == "77"
    assert ["parent_id" in one.json for one in asked] == [True, False]


def test_another_refusal_of_a_child_is_not_tried_again():
    body = json.dumps(FRESHDESK.create_body(IN_AN_INCIDENT))
    with pytest.raises(PermanentError):
        ask(FRESHDESK.create(given(incidents="children"), body, "k"), invalid("cf_product"))


PEOPLE = ("sam@acme.example", "press@agency.example")
ACCOMPANIED = replace(DRAFT, collaborators=PEOPLE)


def test_collaborators_hear_of_the_ticket_in_copy():
    ticket, (request,) = create(ACCOMPANIED)
    assert request.json["cc_emails"] == list(PEOPLE)
    assert ticket.left_out == ()
    assert "email" not in request.json  # the customer has no address there, so nobody writes to it
    assert "cc_emails" not in create()[1][0].json
    assert "cc_emails" not in FRESHDESK.update_body(ACCOMPANIED)["ticket"]


def test_with_files_they_are_parts_of_the_form():
    photo = File(name="a.png", media_type="image/png", content=b"png")
    (request,) = create(ACCOMPANIED, files=[photo])[1]
    assert [value for name, value in request.parts if name == "cc_emails[]"] == list(PEOPLE)


def test_refused_collaborators_do_not_cost_the_ticket():
    body = json.dumps(FRESHDESK.create_body(ACCOMPANIED))
    ticket, asked = ask(FRESHDESK.create(HERE, body, "k"), invalid("cc_emails"), (201, TICKET))
    assert (ticket.id, ticket.left_out) == ("77", PEOPLE)
    assert ["cc_emails" in one.json for one in asked] == [True, False]
    with pytest.raises(PermanentError):
        ask(FRESHDESK.create(HERE, body, "k"), invalid("subject"))


def test_the_customers_contact_may_be_blocked():
    with pytest.raises(PermanentError) as caught:
        create(answer=(405, None))
    assert (caught.value.code, caught.value.gone) == ("contact_blocked", False)


def test_a_refused_field_is_named_with_what_to_do():
    with pytest.raises(PermanentError) as caught:
        create(answer=invalid("cf_product", "Mandatory attribute missing", "missing_field"))
    assert "cf_product: Mandatory attribute missing" in caught.value.detail
    assert "optional for agents" in caught.value.detail


@pytest.mark.parametrize("body", [None, [], {}, {"id": 0}, {"id": True}, "x"])
def test_an_opened_ticket_without_a_number_is_an_open_question(body):
    with pytest.raises(Ambiguous):
        create(answer=(201, body))


# --- changing ------------------------------------------------------------------------------------


def update(draft, *answers, where=HERE, files=()):
    return ask(
        FRESHDESK.update(where, "77", json.dumps(FRESHDESK.update_body(draft)), files), *answers
    )


WORDS = replace(DRAFT, text="More", requester_id="4001")


def test_more_words_are_a_public_note_by_the_contact():
    done, (request,) = update(WORDS, (201, NOTE))
    assert shown(request) == "POST /tickets/77/notes"
    assert request.json == {
        "body": note_html("More", DRAFT.marker),
        "private": False,
        "incoming": True,
        "user_id": 4001,
    }
    assert request.json["body"].startswith("<div>More</div>")
    assert request.json["body"].endswith(f"{REF}</div>")
    assert (done.id, done.actor_id) == ("77", "4001")
    assert not request.repeatable


def test_what_is_set_goes_first():
    draft = replace(WORDS, status=Status.OPEN, priority="high")
    done, (put, post) = update(draft, (200, TICKET), (201, NOTE))
    assert (shown(put), put.json) == ("PUT /tickets/77", {"status": 2, "priority": 3})
    assert shown(post) == "POST /tickets/77/notes"
    assert put.repeatable
    assert (done.status, done.actor_id) == (Status.OPEN, "4001")


def test_a_change_without_words_is_one_call():
    _, (put,) = update(replace(DRAFT, text="", status=Status.SOLVED), (200, TICKET))
    assert put.json == {"status": 4}


def test_a_note_for_the_agent_is_private_and_ours():
    draft = replace(DRAFT, text="", note="Look")
    _, (request,) = update(draft, (201, {"id": 902, "user_id": 55}))
    assert request.json == {
        "body": note_html("Look", DRAFT.marker), "private": True, "incoming": False
    }  # fmt: skip


def test_files_go_with_the_note():
    file = File(name="a.png", media_type="image/png", content=b"x")
    _, (request,) = update(WORDS, (201, NOTE), files=(file,))
    parts = dict(request.parts)
    assert (parts["private"], parts["incoming"], parts["user_id"]) == ("false", "true", "4001")
    assert parts["attachments[]"] == file


def test_a_contact_that_is_no_author_is_named_instead():
    done, (first, second) = update(WORDS, invalid("user_id"), (201, {"id": 9, "user_id": 55}))
    assert first.json["user_id"] == 4001
    assert "user_id" not in second.json
    assert second.json["body"].startswith("<div><b>Ana M:</b></div><div>More</div>")
    assert second.json["incoming"] is True
    assert done.actor_id == "55"


def test_another_refusal_of_a_note_is_not_tried_otherwise():
    with pytest.raises(PermanentError):
        update(WORDS, invalid("body"))


def test_an_account_may_want_names_from_the_start():
    _, (request,) = update(WORDS, (201, NOTE), where=given(customer_notes="plain"))
    assert request.json["body"].startswith("<div><b>Ana M:</b></div>")
    assert "user_id" not in request.json


def test_a_contact_we_do_not_know_is_looked_up():
    _, (look, post) = update(replace(WORDS, requester_id=None), (200, TICKET), (201, NOTE))
    assert shown(look) == "GET /tickets/77"
    assert post.json["user_id"] == 4001


def test_a_name_in_a_heading_is_only_text():
    draft = replace(WORDS, requester_name="<img src=x>")
    _, (request,) = update(draft, (201, NOTE), where=given(customer_notes="plain"))
    assert "<img" not in request.json["body"]


def test_nothing_is_ever_sent_as_a_reply():
    assert "/reply" not in "".join(
        path.read_text("utf-8").split('"""', 2)[2]
        for path in (Path(__file__).parents[2] / "bridge/helpdesks/freshdesk").glob("*.py")
    )


@pytest.mark.parametrize("status", [404, 405, 410])
def test_a_ticket_in_the_trash_or_gone_for_good_takes_no_words(status):
    for draft in (WORDS, replace(WORDS, status=Status.OPEN)):
        with pytest.raises(PermanentError) as caught:
            update(draft, HttpResponse(status=status), HttpResponse(status=404))
        assert (caught.value.code, caught.value.gone) == ("ticket_deleted", True)


def test_a_ticket_in_the_archive_is_closed_for_good():
    for draft in (WORDS, replace(WORDS, status=Status.OPEN)):
        with pytest.raises(PermanentError) as caught:
            update(draft, (404, None), (200, {**TICKET, "archived": True}))
        assert (caught.value.code, caught.value.gone) == ("ticket_closed", False)


def test_a_page_for_people_is_a_wrong_address_and_no_deleted_ticket():
    page = HttpResponse(status=404, headers={"content-type": "text/html"}, body=b"<html>no</html>")
    with pytest.raises(PermanentError) as caught:
        update(WORDS, page)
    assert (caught.value.code, caught.value.gone) == ("not_found", False)
    assert "url" in caught.value.detail


# --- finding -------------------------------------------------------------------------------------


def test_a_requester_costs_no_request():
    person = Person(external_id="ab" * 16, name="Ana")
    made, asked = ask(FRESHDESK.requester(HERE, person))
    assert (made, made.existed, asked) == ("ab" * 16, True, [])
    assert ask(FRESHDESK.requester(given(look_first=False), person))[0].existed is False


def test_a_ticket_is_found_in_the_list_of_its_requester():
    rows = [
        {**TICKET, "id": 9},
        {**TICKET, "id": 10},
        {**TICKET, "id": 11, "deleted": True},
        {**TICKET, "id": 12, "spam": True},
        {**TICKET, "id": 13, "custom_fields": {"cf_bridge_id": "00" * 16}},
        {**TICKET, "id": 14, "custom_fields": None},
    ]
    found, (request,) = ask(FRESHDESK.find(HERE, STAMP, "ab" * 16), (200, rows))
    assert [one.id for one in found] == ["10", "9"]
    assert shown(request) == "GET /tickets"
    assert request.params["unique_external_id"] == "ab" * 16
    assert request.params["order_by"] == "created_at"
    assert request.params["updated_since"] < "2020"
    assert request.budget == ("lists", "account")


def test_a_person_nobody_knows_has_no_tickets():
    answer = invalid("unique_external_id", "There is no contact matching the given ...")
    assert ask(FRESHDESK.find(HERE, STAMP, "ab"), answer)[0] == []
    with pytest.raises(PermanentError):
        ask(FRESHDESK.find(HERE, STAMP, "ab"), invalid("order_by"))


def test_without_the_person_the_search_is_asked():
    found, (request,) = ask(FRESHDESK.find(HERE, STAMP, ""), (200, {"results": [TICKET]}))
    assert [one.id for one in found] == ["77"]
    assert request.url == f"{URL}/api/v2/search/tickets"
    assert request.params == {"query": f"\"cf_bridge_id:'{STAMP}' OR tag:'{STAMP}'\""}


def test_what_joined_a_ticket_later_is_found_among_its_tags():
    row = {**TICKET, "tags": ["bridge", "ab"]}
    for person in ("", "their-id"):
        answer = [row] if person else {"results": [row]}
        assert [one.id for one in ask(FRESHDESK.find(HERE, "ab", person), (200, answer))[0]] == [
            "77"
        ]
        assert ask(FRESHDESK.find(HERE, "a", person), (200, answer))[0] == []


def test_a_field_the_search_does_not_know_yet_is_searched_by_its_kind():
    answers = (invalid("cf_bridge_id"), (200, {"total": 0, "results": []}))
    found, asked = ask(FRESHDESK.find(HERE, STAMP, ""), *answers)
    assert found == []
    assert asked[1].params == {"query": f"\"custom_string:'{STAMP}' OR tag:'{STAMP}'\""}


def test_a_tag_is_searched_as_one():
    rows = {"results": [{**TICKET, "custom_fields": {}, "tags": ["x", STAMP]}]}
    found, (request,) = ask(FRESHDESK.find(given(stamp_field="tags"), STAMP, ""), (200, rows))
    assert [one.id for one in found] == ["77"]
    assert request.params == {"query": f"\"tag:'{STAMP}'\""}


# --- reading a ticket ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "status", "label"),
    [
        (2, Status.OPEN, "Being Processed"),
        (3, Status.PENDING, "Awaiting your Reply"),
        (4, Status.SOLVED, "This ticket has been Resolved"),
        (6, Status.PENDING, "Awaiting your Reply"),
        (7, Status.ON_HOLD, "Being Processed"),
    ],
)
def test_a_status_is_a_number(number, status, label):
    ticket, _ = ask(FRESHDESK.read(HERE, "77"), (200, {**TICKET, "status": number}))
    assert (ticket.status, ticket.status_word, ticket.status_label) == (status, str(number), label)
    assert ticket.updated_at == datetime(2026, 11, 22, 10, 5, tzinfo=UTC)


FIELDS = [
    {"name": "status", "choices": {"2": ["Open", "In work"], "9": ["With legal", "Being checked"]}}
]


def test_a_status_of_the_accounts_own_is_open():
    ticket, _ = ask(FRESHDESK.read(HERE, "77"), (200, {**TICKET, "status": 9}))
    assert (ticket.status, ticket.status_word, ticket.status_label) == (Status.OPEN, "9", None)


def test_statuses_have_a_name_for_agents_and_one_for_customers():
    assert FRESHDESK.status_names is not None
    names, asked = ask(FRESHDESK.status_names(HERE), (200, FIELDS))
    assert names == {"2": ("Open", "In work"), "9": ("With legal", "Being checked")}
    assert asked[0].params == {"type": "default_status"}


def test_who_may_not_see_the_form_does_not_know_the_names_of_statuses():
    assert FRESHDESK.status_names is not None
    names, _ = ask(FRESHDESK.status_names(HERE), (403, {}))
    assert names == {}
    with pytest.raises(TransientError):
        ask(FRESHDESK.status_names(HERE), (503, {}))


@pytest.mark.parametrize("flag", ["deleted", "spam", "archived"])
def test_a_ticket_in_the_trash_is_as_good_as_gone(flag):
    ticket, _ = ask(FRESHDESK.read(HERE, "77"), (200, {**TICKET, "status": 5, flag: True}))
    assert ticket.status is Status.DELETED


def test_an_archived_ticket_is_as_good_as_gone():
    archived = {**TICKET, "status": 5, "archived": True}
    ticket, asked = ask(FRESHDESK.read(HERE, "77"), (404, None), (200, archived))
    assert (ticket.status, ticket.stamp) == (Status.DELETED, STAMP)
    assert shown(asked[1]) == "GET /tickets/archived/77"


def test_a_ticket_that_is_nowhere_is_gone():
    with pytest.raises(PermanentError) as caught:
        ask(FRESHDESK.read(HERE, "77"), (404, None), (404, None))
    assert (caught.value.code, caught.value.gone) == ("ticket_deleted", True)


def test_trouble_with_the_archive_does_not_make_a_ticket_gone():
    with pytest.raises(TransientError):
        ask(FRESHDESK.read(HERE, "77"), (404, None), (500, None))


CLOSED = (200, {**TICKET, "status": 5})


@pytest.mark.parametrize(
    "body",
    [
        "This ticket is closed and merged into ticket 123",
        "<div>This ticket is closed and merged into ticket <a href='/a/tickets/123'>123</a></div>",
        "merged into #123",
        "Merged&nbsp;into ticket #123.",
    ],
)
def test_a_merge_is_told_by_its_note(body):
    ticket, _ = ask(FRESHDESK.read(HERE, "77"), CLOSED, (200, [talk(1, body, private=True)]))
    assert (ticket.status, ticket.merged_into) == (Status.CLOSED, "123")


@pytest.mark.parametrize(
    ("body", "more"),
    [
        ("It was merged into ticket 123", {"incoming": True}),
        ("It was merged into ticket 123", {"source": 0}),
        (note_html("merged into ticket 123", "m" * 20), {"private": True}),
        ("merged into ticket 77", {}),
        ("merged into one, at 10:30 o'clock", {}),
        ("Thanks, closed.", {}),
    ],
)
def test_other_words_on_a_closed_ticket_are_no_merge(body, more):
    ticket, _ = ask(FRESHDESK.read(HERE, "77"), CLOSED, (200, [talk(1, body, **more)]))
    assert (ticket.status, ticket.merged_into) == (Status.CLOSED, None)


def test_a_merge_may_be_told_in_another_language():
    where = given(merged_note="zusammengeführt mit")
    rows = [talk(1, "Geschlossen und zusammengeführt mit Ticket 123", private=True)]
    assert ask(FRESHDESK.read(where, "77"), CLOSED, (200, rows))[0].merged_into == "123"


# --- reading words -------------------------------------------------------------------------------


def comments(*rows):
    return ask(FRESHDESK.comments(HERE, "77"), (200, list(rows)))[0]


def test_conversations_are_told_newest_first():
    assert [one.id for one in comments(talk(1, "a"), talk(3, "c"), talk(2, "b"))] == ["3", "2", "1"]


def test_all_pages_are_read_and_no_address_is_followed():
    link = {"link": '<https://evil.example/?page=2>; rel="next"'}
    first = HttpResponse(status=200, headers=link, body=json.dumps([talk(1, "a")]).encode())
    found, asked = ask(FRESHDESK.comments(HERE, "77"), first, (200, [talk(2, "b")]))
    assert [one.id for one in found] == ["2", "1"]
    assert [one.params["page"] for one in asked] == ["1", "2"]
    assert {one.url for one in asked} == {f"{URL}/api/v2/tickets/77/conversations"}


@pytest.mark.parametrize(
    ("more", "public", "staff"),
    [
        ({}, True, True),
        ({"source": 0}, True, True),
        ({"private": True}, False, True),
        ({"auto_response": True}, False, True),
        ({"source": 8}, False, True),
        ({"source": 6}, False, True),
        ({"incoming": True, "source": 0}, True, False),
        ({"private": None}, None, True),
        ({"incoming": None}, None, None),
        ({"source": None}, None, True),
    ],
)
def test_who_may_read_it_and_who_said_it(more, public, staff):
    (comment,) = comments(talk(1, "Hello", **more))
    assert (comment.public, comment.staff, comment.author_id) == (public, staff, "55")


def test_two_notes_with_equal_words_are_two():
    assert len({one.id for one in comments(talk(1, "Yes"), talk(2, "Yes"))}) == 2


def test_words_keep_their_lines_and_lose_what_they_quote():
    body = (
        "<div>Dear Ana,<br>it is on its way.</div>"
        "<div class=\"freshdesk_quote\"><blockquote class='freshdesk_quote'>On Sun Ana wrote:"
        "<div>Where is it?</div></blockquote></div><div>Bye</div>"
    )
    (comment,) = comments(talk(1, body, body_text="Dear Ana, it is on its way. On Sun Ana wrote"))
    assert "Dear Ana,\nit is on its way." in comment.text
    assert comment.text.endswith("Bye")
    assert "wrote" not in comment.text


@pytest.mark.parametrize(
    ("rich", "text"),
    [
        ("<div class='freshdesk_quote'>q", ""),
        ("a<div class='freshdesk_quote'><div>q</div>", "a"),
        ("a<blockquote class='x freshdesk_quote'>q<blockquote>r</blockquote></blockquote>b", "ab"),
        ("<div class='quote'>kept</div>", "kept"),
        ("<div class='freshdesk_quote' ", ""),
        ("</div></div>x", "x"),
    ],
)
def test_quotes_end_where_they_end(rich, text):
    assert to_text(rich, None) == text


@pytest.mark.parametrize(
    "wall", ["<div class='freshdesk_quote'></div>", "<div ", "class='", "<a <"]
)
def test_a_wall_of_markup_is_read_in_one_go(wall):
    assert isinstance(to_text(wall * 20_000, None), str)


def test_the_plain_text_serves_where_there_is_no_html():
    assert comments(talk(1, "", body_text="Hi"))[0].text == "Hi"


def test_files_are_told_with_their_addresses():
    row = {
        "id": 5,
        "name": "a.png",
        "content_type": "image/png",
        "attachment_url": "https://x.example/a",
    }
    (comment,) = comments(talk(1, "x", attachments=[row, {"id": 6}, 7]))
    (file,) = comment.attachments
    assert (file.type, file.name, file.url, file.id) == (
        "image", "a.png", "https://x.example/a", "5"
    )  # fmt: skip


# --- our reference -------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [{"incoming": True}, {"private": True}])
def test_our_own_notes_are_known_by_their_reference(more):
    (comment,) = comments(talk(1, note_html("Words", DRAFT.marker), **more))
    assert comment.marker == "1a2b3c4d5e6f"
    assert comment.text == "Words"


@pytest.mark.parametrize(
    "body",
    [
        f"<div>Words</div><p>{REF}</p>",
        f"<div>Words {REF}</div>",
        f"Words\n\n{REF} \n",
    ],
)
def test_the_reference_survives_cleaned_markup(body):
    (comment,) = comments(talk(1, body, private=True))
    assert (comment.text, comment.marker) == ("Words", "1a2b3c4d5e6f")


@pytest.mark.parametrize(
    ("body", "more"),
    [
        (note_html("An agent's answer", DRAFT.marker), {}),
        (f"{REF}: what is this?", {"private": True}),
        (f"see {REF}x", {"private": True}),
        (f"x{REF}", {"private": True}),
        ("ref 202611221000", {"private": True}),
        (note_html("Both", DRAFT.marker), {"private": True, "incoming": True}),
    ],
)
def test_a_reference_that_is_only_quoted_makes_nothing_ours(body, more):
    (comment,) = comments(talk(1, body, **more))
    assert comment.marker is None
    assert "ref" in comment.text


def test_a_note_whose_answer_was_lost_is_found_by_its_reference():
    rows = (200, [talk(1, "x"), talk(2, note_html("y", DRAFT.marker), private=True)])
    assert ask(FRESHDESK.marked(HERE, "77", DRAFT.marker), rows)[0] is True
    assert ask(FRESHDESK.marked(HERE, "77", "f" * 20), rows)[0] is False


def test_every_character_of_a_customer_is_only_text():
    wild = "<script>alert(1)</script> & \"q\" 'a' {{ticket.id}}\n\n<b>"
    written = to_html(wild)
    assert "<script" not in written
    assert written.count("<") == written.count(">") == 2 + wild.count("\n")
    assert to_text(written, None) == wild


# --- attachments ---------------------------------------------------------------------------------


def fetch(url, *answers, where=HERE):
    return ask(FRESHDESK.fetch(where, Attachment(type="image", url=url, name="a.png")), *answers)


PNG = HttpResponse(status=200, headers={"content-type": "image/png; x=1"}, body=b"x")


@pytest.mark.parametrize(
    ("url", "media"),
    [
        (f"{URL}/a.png", False),
        ("https://cdn.freshdesk.com/data/helpdesk/attachments/production/1/original/a.png", True),
        ("https://eucattachment.freshdesk.com/inline/attachment?token=a.b", True),
        ("https://s3.amazonaws.com/cdn.freshdesk.com/data/a.png?Expires=1", True),
        ("https://s3.eu-central-1.amazonaws.com/euc-cdn.freshdesk.com/data/a.png", True),
    ],
)
def test_a_file_comes_from_freshdesk(url, media):
    file, (request,) = fetch(url, PNG)
    assert file == File(name="a.png", media_type="image/png", content=b"x")
    assert request.media is media
    assert "Expires" not in repr(request)


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.freshdesk.com/a.png",
        "https://evil.example/a.png",
        "https://freshdesk.com.evil.example/a.png",
        "https://s3.amazonaws.com/bucket/cdn.freshdesk.com/a.png",
        "https://acme.freshdesk.com@evil.example/a",
        "file:///etc/passwd",
        "",
    ],
)
def test_a_file_from_anywhere_else_is_not_asked_for(url):
    with pytest.raises(Unsupported):
        fetch(url)


def test_an_account_may_keep_its_files_elsewhere():
    assert fetch("https://files.example/a", PNG, where=given(file_hosts=("files.example",)))


def test_a_redirect_out_of_freshdesk_is_not_followed():
    away = HttpResponse(status=302, headers={"location": "https://evil.example/"})
    with pytest.raises(Unsupported):
        fetch(f"{URL}/a.png", away)


# --- verdicts ------------------------------------------------------------------------------------

DONE = {
    "whoami": (lambda: FRESHDESK.whoami(HERE), "read"),
    "create": (
        lambda: FRESHDESK.create(HERE, json.dumps(FRESHDESK.create_body(DRAFT)), "k", ()),
        "write",
    ),
    "update": (
        lambda: FRESHDESK.update(HERE, "77", json.dumps(FRESHDESK.update_body(WORDS)), ()),
        "ticket write",
    ),
    "find": (lambda: FRESHDESK.find(HERE, STAMP, "ab"), "read"),
    "search": (lambda: FRESHDESK.find(HERE, STAMP, ""), "read"),
    "marked": (lambda: FRESHDESK.marked(HERE, "77", "m"), "ticket read"),
    "comments": (lambda: FRESHDESK.comments(HERE, "77"), "ticket read"),
    "read": (lambda: FRESHDESK.read(HERE, "77"), "ticket read"),
}
VERDICTS = [
    (400, PermanentError, "refused"),
    (401, AuthError, "unauthorised"),
    (403, BridgeError, "forbidden"),
    (406, PermanentError, "refused"),
    (409, TransientError, "conflict"),
    (413, PermanentError, "refused"),
    (415, PermanentError, "refused"),
    (429, TransientError, "rate_limited"),
    (500, TransientError, "server_error"),
    (502, TransientError, "server_error"),
    (503, TransientError, "unavailable"),
    (504, TransientError, "server_error"),
]


@pytest.mark.parametrize(("status", "kind", "code"), VERDICTS)
@pytest.mark.parametrize("verb", DONE)
def test_every_status_has_its_verdict(verb, status, kind, code):
    calls, what = DONE[verb]
    answer = HttpResponse(status=status, headers={"retry-after": "34"}, body=b"k3y-canary")
    with pytest.raises(BridgeError) as caught:
        drive(calls(), lambda request: answer)
    error = caught.value
    assert isinstance(error, kind)
    assert error.code == code
    assert "canary" not in f"{error!r} {error.detail}"
    if status >= 500 and status != 503:
        assert isinstance(error, Ambiguous) is what.endswith("write")
    if status == 403:
        assert isinstance(error, PermanentError if "ticket" in what else AuthError)
    if status == 429:
        assert (error.retry_after, error.limited) == (34.0, True)


@pytest.mark.parametrize("code", ["account_suspended", "password_lockout"])
def test_an_account_that_is_shut_parks_the_connection(code):
    with pytest.raises(AuthError):
        update(WORDS, (403, {"code": code, "message": "no"}))


@pytest.mark.parametrize("body", [b"", b"null", b'"x"', b"{}", b"<html>", b"\xff"])
@pytest.mark.parametrize("verb", sorted(set(DONE) - {"whoami"}))
def test_a_success_that_cannot_be_read_is_no_success(verb, body):
    calls, what = DONE[verb]
    with pytest.raises(TransientError) as caught:
        drive(calls(), lambda request: HttpResponse(status=200, body=body))
    assert isinstance(caught.value, Ambiguous) is what.endswith("write")


# --- limits --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "left"),
    [("426", 426), ("100.0", 100), ("0.5", 0), ("4999", None), ("", None), ("many", None)],
)
def test_what_is_left_is_a_decimal(value, left):
    expected = {} if left is None else {"account": Told(left=left)}
    assert FRESHDESK.headers({"x-ratelimit-remaining": value}) == expected


@pytest.mark.parametrize(
    ("value", "total"), [("700", 700), ("700.0", 700), ("0", None), ("5000", None), ("x", None)]
)
def test_what_the_account_is_allowed_a_minute_is_told_and_what_is_by_the_hour_is_not_taken_for_it(
    value, total
):
    told = FRESHDESK.headers({"x-ratelimit-total": value})
    assert told == ({} if total is None else {"account": Told(total=total)})


def test_the_budgets_follow_the_plan():
    growth = {name: FRESHDESK.limit({}, name) for name in FRESHDESK.limits}
    assert growth == {
        "account": (200, 60.0), "creates": (80, 60.0), "updates": (80, 60.0), "lists": (20, 60.0)
    }  # fmt: skip
    pro = {name: FRESHDESK.limit({"requests_per_minute": 400}, name)[0] for name in growth}
    assert pro == {"account": 400, "creates": 160, "updates": 160, "lists": 40}
    assert FRESHDESK.limit({}, "ticket") is None


def test_the_budgets_follow_what_the_account_says_and_the_operators_figure_is_the_most():
    told = {"account": 700}
    assert FRESHDESK.limit({}, "updates", told) == (280, 60.0)
    assert FRESHDESK.limit({"requests_per_minute": 400}, "updates", told) == (160, 60.0)
    assert FRESHDESK.limit({"requests_per_minute": 900}, "account", told) == (700, 60.0)


# --- doctor and setup ----------------------------------------------------------------------------

ME = (200, {"id": 55, "contact": {"email": "bridge@acme.example"}})


def field(name, type_="custom_text", **more):
    return {"name": name, "type": type_, "required_for_agents": False, **more}


FORM = [
    field("subject", "default_subject", required_for_agents=True),
    field("ticket_type", "default_ticket_type", choices=["Question", "Incident"]),
    field(
        "status", "default_status", choices={"2": ["Open", "In work"], "4": ["Resolved", "Done"]}
    ),
    field("cf_bridge_id"),
    field("cf_reason", "custom_dropdown", choices=["Refund", "Outage"]),
]


def findings(*answers, where=HERE):
    return ask(FRESHDESK.check(where), *answers)[0]


def test_an_account_that_fits_is_fine():
    found = findings(ME, (200, FORM), (200, [TICKET]))
    assert all(fine for fine, _ in found)
    assert "agent 55 (bridge@acme.example)" in found[0][1]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ([], "cannot be seen"),
        ([field("subject")], "there is no ticket field cf_bridge_id"),
        ([field("cf_bridge_id", "custom_number")], "no single-line text"),
    ],
)
def test_a_stamp_without_its_field_is_told(form, said):
    found = findings(ME, (200, form), (200, []))
    assert [text for fine, text in found if fine is False and said in text]


def test_a_stamp_as_a_tag_needs_no_field():
    assert not [
        1 for fine, _ in findings(ME, (200, []), (200, []), where=given(stamp_field="tags"))
        if fine is False
    ]  # fmt: skip


@pytest.mark.parametrize(("source", "told"), [(6, True), (5, True), (2, False), (1, False)])
def test_a_second_way_in_is_told(source, told):
    found = findings(ME, (200, FORM), (200, [{**TICKET, "source": source}]))
    assert any("two tickets for one message" in text for _, text in found) is told


def test_refused_credentials_are_told_and_not_tried_again():
    found = findings((401, {"code": "invalid_credentials", "message": "no"}))
    assert [fine for fine, _ in found] == [False]


def map_findings(words, form=FORM, *more):
    return [
        (fine, text)
        for fine, text in ask(FRESHDESK.check_map(HERE, words), (200, form), *more)[0]
        if fine is not True
    ]


def test_a_map_that_fits_is_fine():
    words = HelpdeskMap(
        type="incident",
        fields={"reason": {"id": "cf_reason", "values": {"refund": "Refund"}}},
        statuses={"2": "open", "Resolved": "solved", "Done": "solved"},
        groups={"Refunds": 12},
    )
    assert map_findings(words, FORM, (200, [{"id": 12}])) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (HelpdeskMap(fields={"reason": {"id": "cf_none"}}), "no ticket field cf_none"),
        (
            HelpdeskMap(fields={"reason": {"id": "cf_reason", "values": {"a": "Lost"}}}),
            "no choice 'Lost'",
        ),
        (HelpdeskMap(type="problem"), "no type 'Problem'"),
        (HelpdeskMap(statuses={"12": "open"}), "no status '12'"),
    ],
)
def test_a_map_that_does_not_fit_is_told(words, said):
    ((fine, text),) = map_findings(words)
    assert fine is False
    assert said in text


def test_a_group_that_is_not_there_is_told():
    words = HelpdeskMap(groups={"Refunds": 12})
    assert map_findings(words, FORM, (200, [{"id": 13}]))[0][0] is False
    assert map_findings(words, FORM, (403, {}))[0][0] is None


def test_a_field_that_agents_must_fill_and_nobody_does_is_told():
    form = [*FORM, field("cf_product", required_for_agents=True)]
    ((fine, text),) = map_findings(HelpdeskMap(), form)
    assert fine is False
    assert "cf_product" in text
    filled = HelpdeskMap(fields={"p": {"id": "cf_product", "from": "channel"}})
    assert map_findings(filled, form) == []
    ((fine, _),) = map_findings(HelpdeskMap(fields={"p": {"id": "cf_product"}}), form)
    assert fine is None


def test_setup_tells_the_clicks_without_the_secret():
    steps, asked = ask(
        FRESHDESK.setup(HERE, "https://b.example/hooks/f"), ME, ME, (200, FORM), (200, [])
    )
    told = "\n".join(steps)
    assert "https://b.example/hooks/f" in told
    assert "X-Bridge-Secret" in told
    assert "secret" not in told.replace("webhook_secrets", "").replace("X-Bridge-Secret", "")
    assert not any(one.write for one in asked)
    pasted = json.loads(next(step for step in steps if step.startswith("{")))
    assert pasted["ticket_id"] == "{{ticket.id}}"
    assert pasted["bridge_id"] == "{{ticket.bridge_id}}"


def test_the_page_shows_the_very_content_to_paste():
    steps, _ = ask(FRESHDESK.setup(HERE, "https://b.example/"), ME, ME, (200, FORM), (200, []))
    page = (Path(__file__).parents[2] / "docs/helpdesks/freshdesk.md").read_text("utf-8")
    assert next(step for step in steps if step.startswith("{")) in page


def test_every_option_has_its_line_on_the_page():
    page = (Path(__file__).parents[2] / "docs/helpdesks/freshdesk.md").read_text("utf-8")
    for option in (*FRESHDESK.secrets, *FRESHDESK.options):
        assert f"| `{option}` |" in page


def test_tags_are_added_to_those_there_are():
    _, (look, put) = ask(
        FRESHDESK.add_tags(HERE, "77", ("vip", "bridge")), (200, TICKET), (200, TICKET)
    )
    assert (shown(look), shown(put)) == ("GET /tickets/77", "PUT /tickets/77")
    assert put.json == {"tags": ["bridge", "vip"]}


def test_tags_that_are_there_need_no_write():
    _, asked = ask(FRESHDESK.add_tags(HERE, "77", ("bridge",)), (200, TICKET))
    assert [one.method for one in asked] == ["GET"]


@pytest.mark.parametrize(("wanted", "number"), [("urgent", 4), ("medium", 2), ("3", 3)])
def test_a_priority_is_raised_together_with_the_tags(wanted, number):
    there = {**TICKET, "priority": 1}
    _, (look, put) = ask(FRESHDESK.urge(HERE, "77", wanted, ("late",)), (200, there), (200, TICKET))
    assert (shown(look), shown(put)) == ("GET /tickets/77", "PUT /tickets/77")
    assert put.json == {"tags": ["bridge", "late"], "priority": number}


@pytest.mark.parametrize(("wanted", "now"), [("high", 4), ("urgent", 4), ("low", 2)])
def test_a_priority_is_never_lowered(wanted, now):
    _, asked = ask(FRESHDESK.urge(HERE, "77", wanted, ("bridge",)), (200, TICKET | {"priority": now}))  # fmt: skip
    assert [one.method for one in asked] == ["GET"]


def test_a_lower_priority_does_not_keep_the_tags_away():
    there = {**TICKET, "priority": 4}
    _, (_, put) = ask(FRESHDESK.urge(HERE, "77", "high", ("late",)), (200, there), (200, TICKET))
    assert put.json == {"tags": ["bridge", "late"]}


def test_a_ticket_in_the_trash_takes_no_priority():
    with pytest.raises(PermanentError) as caught:
        ask(FRESHDESK.urge(HERE, "77", "urgent", ()), (200, {**TICKET, "priority": 1}), (405, None))
    assert caught.value.code == "ticket_deleted"
