"""Against Zendesk's own description and recorded exchanges, where those are at hand."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
import yaml

from bridge.core.calls import HttpResponse, drive
from bridge.core.errors import (
    Ambiguous,
    AuthError,
    PermanentError,
    Rejected,
    TransientError,
)
from bridge.core.limits import Told
from bridge.core.model import Connection, Delivery, Draft, File, Person, Secret, Status
from bridge.core.signing import HmacTimestamped
from bridge.helpdesks import HELPDESKS
from bridge.helpdesks.zendesk.events import SUBSCRIPTIONS

CONTRACTS = Path(__file__).parents[3] / "shared" / "contracts" / "zendesk"
pytestmark = pytest.mark.skipif(not CONTRACTS.is_dir(), reason="../shared is not here")

ZENDESK = HELPDESKS["zendesk"]
HERE = Connection(
    name="zendesk",
    type="zendesk",
    options={
        "url": "https://example.zendesk.com",
        "client_id": "c",
        "client_secret": Secret("s"),
        "webhook_secrets": (Secret("c2VjcmV0"),),
    },
)
FULL = Draft(
    stamp="5f" * 16,
    conversation="facebook:1067:1067_99:24",
    marker="m1",
    subject="Facebook comment from Ana",
    text="Where is my order?",
    note="For the agent",
    requester_id="46408773673489",
    priority="high",
    group="46406158244625",
    type="incident",
    status=Status.OPEN,
    tags=("bridge", "facebook"),
    fields={"360004171339": "social"},
    uploads=("TOK",),
    followup_of="4014",
)


def contract(name):
    return json.loads((CONTRACTS / name).read_text("utf-8"))


def answered(calls, status, body, headers=None):
    return drive(
        calls,
        lambda request: HttpResponse(
            status=status, headers=headers or {}, body=json.dumps(body).encode()
        ),
    )


def exchange(name, method, part):
    """The first recorded answer to *method* on a path that contains *part*."""
    for row in contract(f"recorded/{name}.json"):
        request, response = row["request"], row["response"]
        if request["method"] == method and part in request["path"]:
            return response["status"], response["body"], response["headers"]
    raise LookupError(name)


# --- what we send --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def described():
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (CONTRACTS / "zendesk-support.swagger2.yaml").read_text("utf-8")
    return yaml.load(text, Loader=loader)


def closed(definition, *more):
    """The definition, refusing keys that it does not name (Zendesk ignores those silently)."""
    return {
        **definition,
        "additionalProperties": False,
        "properties": {**definition["properties"], **{name: {} for name in more}},
    }


def validate(described, body, name):
    definitions = dict(described["definitions"])
    # `metadata` is documented in prose and on TicketObject's answers; `submitter_id` likewise.
    definitions[name] = closed(definitions[name], "metadata", "submitter_id")
    # The description points to the fields of custom objects there; a ticket's own are meant.
    fields = definitions["TicketObject"]["properties"]["custom_fields"]
    definitions[name]["properties"]["custom_fields"] = fields
    definitions["TicketCommentObject"] = closed(definitions["TicketCommentObject"])
    schema = {"$ref": f"#/definitions/{name}", "definitions": definitions}
    jsonschema.Draft4Validator(schema).validate(body["ticket"])


@pytest.mark.parametrize(
    "draft", [FULL, replace(FULL, text=""), replace(FULL, uploads=(), tags=())]
)
def test_what_opens_a_ticket_is_as_described(described, draft):
    validate(described, ZENDESK.create_body(draft), "TicketCreateInput")


@pytest.mark.parametrize("draft", [FULL, replace(FULL, text=""), replace(FULL, text="", note="")])
def test_what_changes_a_ticket_is_as_described(described, draft):
    validate(described, ZENDESK.update_body(draft), "TicketUpdateInput")


def test_what_raises_a_priority_is_as_described(described):
    calls = ZENDESK.urge(HERE, "7", "urgent", ())
    next(calls)
    there = {"ticket": {"id": 7, "priority": "low", "updated_at": "2026-11-22T10:05:00Z"}}
    raised = calls.send(HttpResponse(status=200, headers={}, body=json.dumps(there).encode()))
    validate(described, raised.json, "TicketUpdateInput")


def test_a_body_with_an_id_as_text_would_be_noticed(described):
    body = ZENDESK.create_body(FULL)
    body["ticket"]["requester_id"] = "46408773673489"
    with pytest.raises(jsonschema.ValidationError):
        validate(described, body, "TicketCreateInput")


def test_a_requester_is_as_described(described):
    request = next(ZENDESK.requester(HERE, Person(external_id="h", name="Ana")))
    schema = {"$ref": "#/definitions/UserRequest", "definitions": described["definitions"]}
    jsonschema.Draft4Validator(schema).validate(request.json)
    assert set(request.json["user"]) - {"skip_verify_email"} <= set(
        described["definitions"]["UserCreateInput"]["properties"]
    )


@pytest.mark.parametrize(
    "calls",
    [
        ZENDESK.whoami(HERE),
        ZENDESK.requester(HERE, Person(external_id="h", name="A")),
        ZENDESK.upload(HERE, File(name="a", media_type="a/b", content=b"")),
        ZENDESK.create(HERE, "{}", "k"),
        ZENDESK.update(HERE, "{ticket_id}", "{}"),
        ZENDESK.find(HERE, "a"),
        ZENDESK.marked(HERE, "{ticket_id}", "m"),
        ZENDESK.read(HERE, "{ticket_id}"),
        ZENDESK.comments(HERE, "{ticket_id}"),
    ],
    ids=lambda calls: calls.__name__,
)
def test_every_address_and_method_is_described(described, calls):
    request = next(calls)
    path = request.url.removeprefix("https://example.zendesk.com")
    path = path.replace("%7Bticket_id%7D", "{ticket_id}")
    assert request.method.lower() in described["paths"][path]


# --- what comes back -----------------------------------------------------------------------------


def test_recorded_tickets_are_read():
    status, body, headers = exchange("ticket-create", "POST", "/tickets")
    ticket = answered(ZENDESK.create(HERE, "{}", "k"), status, body)
    assert (ticket.id, ticket.status, ticket.stamp) == ("4014", Status.NEW, None)
    assert ticket.actor_id == ticket.requester_id == "6130907993114"
    assert ZENDESK.headers(headers) == {"account": Told(total=700, left=670, reset=2.0)}


def test_a_recorded_update_is_read_with_its_limits():
    status, body, headers = exchange("ticket-update", "PUT", "/tickets/4016")
    ticket = answered(ZENDESK.update(HERE, "4016", "{}"), status, body)
    assert ticket.id == "4016"
    assert ticket.updated_at == datetime(2023, 9, 18, 23, 26, 1, tzinfo=UTC)
    assert ZENDESK.headers(headers) == {"account": Told(total=700, left=696, reset=59.0)}


def test_answers_of_2026_are_read():
    made = contract("recorded-2026/create-ticket.json")["api"]["post"]["/api/v2/tickets.json"]
    ticket = answered(ZENDESK.create(HERE, "{}", "k"), 201, made["response"])
    assert (ticket.id, ticket.status, ticket.actor_id) == ("4", Status.OPEN, "46406145565073")
    (path, got) = next(iter(contract("recorded-2026/get-ticket.json")["api"]["get"].items()))
    number = path.rpartition("/")[2].removesuffix(".json")
    assert answered(ZENDESK.read(HERE, number), 200, got["response"]).id == number


def test_recorded_comments_are_read_newest_first():
    got = contract("recorded-2026/get-ticket-comments.json")["api"]["get"]
    ((_, answer),) = got.items()
    found = answered(ZENDESK.comments(HERE, "1"), 200, answer["response"])
    assert len(found) == 4
    assert found[0].text == "Test update from Example action"
    assert found[-1].text.startswith("Hello, let's see how")
    assert all(one.public is True and one.marker is None and one.created_at for one in found)
    assert not answered(ZENDESK.marked(HERE, "1", "m1"), 200, answer["response"])


def test_comments_without_rich_text_are_read():
    body = contract("fixtures/ticket-comments-cursor.json")
    found = answered(ZENDESK.comments(HERE, "1"), 200, body)
    assert [one.id for one in found] == ["3", "2"]
    assert found[0].text == "Mail to create fixture ticket for testing"


def test_a_recorded_upload_and_user_are_read():
    status, body, headers = exchange("upload", "POST", "/uploads")
    file = File(name="fancybytes.txt", media_type="text/plain", content=b"x")
    token = answered(ZENDESK.upload(HERE, file), status, body, headers)
    assert token == body["upload"]["token"]
    status, body, _ = exchange("user-create", "POST", "/users")
    person = Person(external_id="h", name="testUser")
    assert answered(ZENDESK.requester(HERE, person), status, body) == "6164039664282"


ERRORS = {
    "not_found": (PermanentError, "ticket_deleted"),
    "closed_ticket": (PermanentError, "ticket_closed"),
    "rate_limited_json": (TransientError, "rate_limited"),
    "database_conflict": (TransientError, "conflict"),
    "idempotency_mismatch": (Ambiguous, "idempotency_mismatch"),
    "unauthenticated": (AuthError, "unauthorised"),
}


def test_every_recorded_refusal_has_its_verdict():
    for row in contract("errors.json"):
        verdict, code = ERRORS.pop(row["name"])
        mismatch = row["name"] == "idempotency_mismatch"
        calls = ZENDESK.create(HERE, "{}", "k") if mismatch else ZENDESK.update(HERE, "7", "{}")
        with pytest.raises(verdict) as caught:
            answered(calls, row["status"], row["body"], row["headers"])
        assert caught.value.code == code
    assert not ERRORS


def test_a_recorded_404_is_a_deleted_ticket():
    status, body, _ = exchange("ticket-update-404", "PUT", "/tickets/")
    with pytest.raises(PermanentError) as caught:
        answered(ZENDESK.update(HERE, "1", "{}"), status, body)
    assert caught.value.code == "ticket_deleted"


# --- webhooks ------------------------------------------------------------------------------------


def parse(body, **headers):
    return ZENDESK.parse(Delivery(connection="z", source="zendesk", headers=headers, body=body))


def test_captured_events_are_read():
    raw = (CONTRACTS / "events" / "ticket_comment_added.json").read_bytes()
    (update,) = parse(raw)
    assert update.dedupe == "comment:5158:9876543210"
    assert (update.comment.public, update.comment.staff) == (True, True)
    assert update.comment.author_id == update.actor_id == "8447388090495"
    assert update.stamp == ""
    (created,) = parse((CONTRACTS / "events" / "ticket_created.json").read_bytes())
    assert created.ignored == "created"


def test_a_recorded_invocation_is_kept_by_its_id():
    attempts = [
        attempt
        for row in contract("recorded/webhook-invocation-attempts.json")
        if row["request"]["path"].endswith("/attempts")
        for attempt in row["response"]["body"]["attempts"]
        if "request" in attempt  # a throttled one sent nothing
    ]
    assert attempts
    for attempt in attempts:
        request = attempt["request"]
        headers = {row["key"].lower(): row["value"] for row in request["headers"]}
        assert ZENDESK.delivery_header in headers
        assert ZENDESK.proof.header in headers
        assert ZENDESK.proof.timestamp in headers
        (update,) = parse(request["payload"].encode(), **headers)
        assert update.ignored == "zen:event-type:user.deleted"
        assert update.ticket_id is None


def test_our_trigger_body_is_json_when_zendesk_fills_it():
    from bridge.helpdesks.zendesk.events import TEMPLATE

    filled = (
        TEMPLATE.replace("{{ticket.id}}", "5158")
        .replace("{{ticket.external_id}}", "ab12")
        .replace("{{ticket.status}}", "Open")
        .replace("{{current_user.id}}", "900")
    )
    (update,) = parse(filled.encode())
    assert (update.ticket_id, update.stamp, update.actor_id) == ("5158", "ab12", "900")
    assert update.hint
    value = contract("fixtures/trigger-with-webhook-action.json")["trigger"]["actions"][0]["value"]
    assert isinstance(json.loads(value[1]), dict)


@pytest.mark.parametrize("row", range(5))
def test_signature_vectors(row):
    vector = contract("webhook-signature-vectors.json")["vectors"][row]
    where = replace(HERE, options={"webhook_secrets": (Secret(vector["secret"]),)})
    headers = {
        "x-zendesk-webhook-signature": vector["signature"],
        "x-zendesk-webhook-signature-timestamp": vector["timestamp"],
    }
    at = datetime.fromisoformat(vector["timestamp"])
    if vector["valid"]:
        ZENDESK.proof.check(headers, vector["body"].encode(), where, at)
    else:
        with pytest.raises(Rejected):
            ZENDESK.proof.check(headers, vector["body"].encode(), where, at)


def test_no_vector_is_left_out():
    assert len(contract("webhook-signature-vectors.json")["vectors"]) == 5
    assert isinstance(ZENDESK.proof, HmacTimestamped)
    assert ZENDESK.proof.window == 300
    assert all(name.startswith("zen:event-type:ticket.") for name in SUBSCRIPTIONS)
