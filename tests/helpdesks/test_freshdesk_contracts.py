"""Against Freshdesk's documented and recorded exchanges, where those are at hand."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from bridge.core.calls import HttpResponse, drive
from bridge.core.errors import AuthError, BridgeError, PermanentError, TransientError
from bridge.core.limits import Told
from bridge.core.model import Connection, Delivery, Draft, Secret, Status
from bridge.helpdesks import HELPDESKS
from bridge.helpdesks.freshdesk.account import _choices

CONTRACTS = Path(__file__).parents[3] / "shared" / "contracts" / "freshdesk"
pytestmark = pytest.mark.skipif(not CONTRACTS.is_dir(), reason="../shared is not here")

FRESHDESK = HELPDESKS["freshdesk"]
HERE = Connection(
    name="freshdesk",
    type="freshdesk",
    options={
        **FRESHDESK.options,
        "url": "https://example.freshdesk.com",
        "api_key": Secret("key"),
        "webhook_secrets": (Secret("hook"),),
    },
)
FULL = Draft(
    stamp="5f" * 16,
    conversation="facebook:1067:1067_99:24",
    marker="1a2b3c4d5e6f7a8b9c0d",
    subject="Facebook comment from Ana",
    text="Where is my order?",
    requester_id="ab" * 16,
    requester_name="Ana",
    priority="high",
    group="9000171202",
    type="incident",
    status=Status.OPEN,
    tags=("bridge", "facebook"),
    fields={"cf_reason": "Refund"},
)


def contract(name):
    return json.loads((CONTRACTS / name).read_text("utf-8"))


def documented(name):
    return contract(f"documented/{name}.json")


def told(calls, *answers):
    """The result, while the other side gives *answers* (status, body); the last one again and again."""
    asked, waiting = [], list(answers)

    def send(request):
        asked.append(request)
        status, body = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return HttpResponse(status=status, body=json.dumps(body).encode())

    return drive(calls, send), asked


def body_of(response):
    return response["status"], response["body"]


# --- what we send --------------------------------------------------------------------------------

# Of the field table of the API page; `requester_id` or one of the others names the requester.
CREATE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["subject", "description", "status", "priority", "source"],
    "oneOf": [{"required": ["requester_id"]}, {"required": ["unique_external_id", "name"]}],
    "properties": {
        "requester_id": {"type": "integer"},
        "unique_external_id": {"type": "string"},
        "name": {"type": "string"},
        "subject": {"type": "string"},
        "description": {"type": "string"},
        "type": {"type": "string"},
        "status": {"enum": [2, 3, 4, 5, 6, 7]},
        "priority": {"enum": [1, 2, 3, 4]},
        "source": {"enum": [1, 2, 3, 7, 9, 10]},
        "group_id": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 32}},
        "custom_fields": {"type": "object"},
    },
}
NOTE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["body"],
    "properties": {
        "body": {"type": "string"},
        "private": {"type": "boolean"},
        "incoming": {"type": "boolean"},
        "user_id": {"type": "integer"},
        "notify_emails": {"type": "array", "items": {"type": "string"}},
    },
}


@pytest.mark.parametrize("requester", ["ab" * 16, "4001"])
def test_what_opens_a_ticket_is_what_the_page_allows(requester):
    body = FRESHDESK.create_body(replace(FULL, requester_id=requester))
    answer = body_of(documented("ticket-create")["response"])
    ticket, (request,) = told(FRESHDESK.create(HERE, json.dumps(body), "k", ()), answer)
    jsonschema.validate(request.json, CREATE)
    assert (ticket.id, ticket.status, ticket.requester_id) == ("1", Status.OPEN, "129")


def test_the_keys_of_the_documented_example_are_in_our_list():
    example = documented("ticket-create-custom-fields")["request"]["body"]
    known = {*CREATE["properties"], "email", "cc_emails"}
    assert set(example) <= known
    assert isinstance(example["custom_fields"], dict)


def test_what_changes_a_ticket_is_what_the_page_allows():
    body = json.dumps(FRESHDESK.update_body(replace(FULL, requester_id="4001")))
    change = body_of(documented("ticket-update")["response"])
    note = body_of(documented("note")["response"])
    _, (put, post) = told(FRESHDESK.update(HERE, "20", body, ()), change, note)
    allowed = {**CREATE, "required": [], "oneOf": [{}]}
    jsonschema.validate(put.json, allowed)
    jsonschema.validate(post.json, NOTE)
    assert post.url.endswith("/api/v2/tickets/20/notes")


# --- what we read --------------------------------------------------------------------------------


def test_the_documented_ticket_is_read():
    ticket, _ = told(FRESHDESK.read(HERE, "20"), body_of(documented("ticket-view")["response"]))
    assert (ticket.id, ticket.status, ticket.requester_id) == ("20", Status.OPEN, "1")


def test_a_recorded_ticket_is_read():
    ticket, _ = told(FRESHDESK.read(HERE, "1"), (200, contract("recorded/ticket-2016.json")))
    assert ticket.tags == ("foo", "bar")
    assert ticket.requester_id == "6012691534"


def test_recorded_lists_are_read_and_others_tickets_are_not_ours():
    rows = contract("recorded/tickets-list-2024.json")
    assert told(FRESHDESK.find(HERE, "5f" * 16, "ab"), (200, rows))[0] == []
    rows[1]["custom_fields"]["cf_bridge_id"] = "5f" * 16
    (found,) = told(FRESHDESK.find(HERE, "5f" * 16, "ab"), (200, rows))[0]
    assert found.requester_id == "501001204047"


@pytest.mark.parametrize(("name", "public"), [("reply-2016", True), ("note-2016", False)])
def test_recorded_words_are_read(name, public):
    row = contract(f"recorded/{name}.json")
    (comment,), _ = told(FRESHDESK.comments(HERE, "1"), (200, [row]))
    assert comment.text == row["body_text"]
    assert (comment.public, comment.staff, comment.author_id) == (public, True, "1")


def test_the_documented_conversations_are_read():
    answer = body_of(documented("conversations-list")["response"])
    (comment,), _ = told(FRESHDESK.comments(HERE, "20"), answer)
    assert (comment.text, comment.public) == ("Please reply as soon as possible.", False)


def test_what_the_readers_read_is_in_the_extractors_schemas():
    conversation = contract("schemas/conversations.json")["properties"]
    ticket = contract("schemas/tickets.json")["properties"]
    # `body` and `attachments` stand in the documented ones; this extractor leaves them out.
    read = {"id", "body_text", "incoming", "private", "user_id", "source", "created_at"}
    assert read <= set(conversation)
    assert {"id", "status", "requester_id", "tags", "custom_fields", "updated_at"} <= set(ticket)
    for name in ("spam", "source"):
        assert name in ticket


def test_the_documented_form_is_compared_with_the_map():
    rows = documented("ticket-fields")["response"]["body"]
    by_name = {row["name"]: row for row in rows}
    assert {"1st", "2nd"} == _choices(by_name["customer_priority"])
    assert {"usa", "india"} == _choices(by_name["country"])
    assert "Incident" in _choices(by_name["ticket_type"])
    assert "6" in _choices(by_name["status"])


def test_the_name_of_a_status_is_the_one_for_customers():
    answer = documented("ticket-fields")["response"]["body"]
    status = next(row for row in answer if row["name"] == "status")
    status["choices"]["9"] = ["With legal", "Being checked"]
    assert FRESHDESK.status_names is not None
    names, _ = told(FRESHDESK.status_names(HERE), (200, answer))
    assert names["9"][-1] == "Being checked"
    assert names["3"][-1] == "Awaiting your Reply"


# --- refusals, limits, webhooks ------------------------------------------------------------------

VERDICTS = {
    "missing_field": PermanentError,
    "too_long": PermanentError,
    "invalid_credentials": AuthError,
    "rate_limited": TransientError,
}


def test_every_recorded_error_has_its_verdict():
    rows = contract("errors.json")
    assert {row["name"] for row in rows} == set(VERDICTS)
    for row in rows:
        body = json.dumps(row["body"]).encode() if row.get("body") else b""
        answer = HttpResponse(status=row["status"], headers=row["headers"], body=body)
        calls = FRESHDESK.create(HERE, json.dumps(FRESHDESK.create_body(FULL)), "k", ())
        with pytest.raises(BridgeError) as caught:
            drive(calls, lambda request, answer=answer: answer)
        assert type(caught.value) is VERDICTS[row["name"]]
        for problem in (row.get("body") or {}).get("errors", ()):
            assert problem["field"] in caught.value.detail
        if row["status"] == 429:
            assert caught.value.retry_after == 34.0


def test_the_documented_headers_tell_what_is_left():
    headers = contract("rate-limit-headers.json")
    assert FRESHDESK.headers(headers["ok"]["headers"]) == {"account": Told(total=700, left=426)}
    assert FRESHDESK.headers(headers["limited"]["headers"]) == {}


@pytest.mark.parametrize("name", ["private_note", "status_changed", "ticket_created"])
def test_a_captured_webhook_is_a_hint(name):
    body = json.dumps(contract(f"webhooks/{name}.json"), ensure_ascii=False).encode()
    (update,) = FRESHDESK.parse(Delivery(connection="f", source="freshdesk", body=body))
    assert (update.ticket_id, update.hint, update.status, update.comment) == (
        "11",
        True,
        None,
        None,
    )
