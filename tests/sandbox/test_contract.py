"""The fake Zendesk against Zendesk's own description and recorded exchanges, where those are at hand."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

CONTRACTS = Path(__file__).parents[3] / "shared" / "contracts" / "zendesk"
pytestmark = pytest.mark.skipif(not CONTRACTS.is_dir(), reason="../shared is not here")


def recorded(name):
    return json.loads((CONTRACTS / name).read_text("utf-8"))


def nango(name):
    (calls,) = recorded(f"recorded-2026/{name}.json")["api"].values()
    (call,) = calls.values()
    return call


@pytest.fixture(scope="module")
def described():
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    description = yaml.load(
        (CONTRACTS / "zendesk-support.swagger2.yaml").read_text("utf-8"), Loader=loader
    )
    # Swagger 2 has no null; what may be null is named in prose only.
    return nullable(description["definitions"])


def nullable(part):
    if isinstance(part, dict):
        made = {
            key: nullable(value)
            for key, value in part.items()
            if not (key == "required" and isinstance(value, list))
        }
        if isinstance(made.get("type"), str) and made["type"] != "object":
            made["type"] = [made["type"], "null"]
            if isinstance(made.get("enum"), list):
                made["enum"] = [*made["enum"], None]
        return made
    return [nullable(one) for one in part] if isinstance(part, list) else part


def valid(described, name, value):
    schema = {"$ref": f"#/definitions/{name}", "definitions": described}
    jsonschema.Draft4Validator(schema).validate(value)


@pytest.fixture
def created(desk, ticket):
    ticket()
    body = {
        "ticket": {
            "subject": "s",
            "comment": {"body": "b"},
            "custom_fields": [{"id": 1, "value": "x"}],
        }
    }
    return desk("POST", "/api/v2/tickets.json", body)


def test_tickets_and_comments_are_as_described(desk, described, created):
    made = created.json()["ticket"]
    valid(described, "TicketObject", made)
    for comment in desk("GET", f"/api/v2/tickets/{made['id']}/comments.json").json()["comments"]:
        valid(described, "TicketCommentObject", comment)
    valid(described, "UserObject", desk("GET", "/api/v2/users/me.json").json()["user"])


def test_a_created_ticket_has_every_key_of_the_recording(created):
    call = nango("create-ticket")
    there, here = call["response"], created.json()
    assert set(there["ticket"]) <= set(here["ticket"])
    assert set(there["audit"]) <= set(here["audit"])
    assert {one["type"] for one in here["audit"]["events"]} <= {
        one["type"] for one in there["audit"]["events"]
    }
    ours = set(created.headers)
    for name in (
        "x-rate-limit",
        "ratelimit-limit",
        "ratelimit-remaining",
        "ratelimit-reset",
        "location",
        "zendesk-ratelimit-ticket-request-create-by-user-and-ip",
    ):
        assert name in call["headers"]
        assert name in ours
    assert there["ticket"]["generated_timestamp"] == here["ticket"]["generated_timestamp"] == 0


def test_what_is_read_has_every_key_of_the_recordings(desk, created):
    identity = created.json()["ticket"]["id"]
    there = nango("get-ticket")["response"]["ticket"]
    assert set(there) <= set(desk("GET", f"/api/v2/tickets/{identity}").json()["ticket"])
    there = nango("get-ticket-comments")["response"]["comments"][-1]
    here = desk("GET", f"/api/v2/tickets/{identity}/comments").json()["comments"][-1]
    assert set(there) <= set(here)
    assert set(there["metadata"]) <= set(here["metadata"])


def test_an_upload_has_every_key_of_the_recording(desk):
    (exchange,) = recorded("recorded/upload.json")
    there = exchange["response"]["body"]["upload"]
    here = desk(
        "POST",
        "/api/v2/uploads.json?filename=a.txt",
        headers={"Content-Type": "text/plain"},
        data=b"x",
    ).json()["upload"]
    assert set(there) == set(here)
    assert set(there["attachment"]) == set(here["attachment"])


def test_a_user_has_every_key_of_the_recording(desk):
    (exchange,) = [
        one for one in recorded("recorded/user-create.json") if one["request"]["method"] == "POST"
    ]
    here = desk("POST", "/api/v2/users.json", {"user": {"name": "testUser"}})
    assert here.status_code == exchange["response"]["status"]
    assert set(exchange["response"]["body"]["user"]) == set(here.json()["user"])


@pytest.mark.parametrize("name", ["ticket_comment_added", "ticket_created"])
def test_events_have_every_key_of_the_samples(sandbox, desk, listener, ticket, name):
    there = recorded(f"events/{name}.json")
    wish = {"name": "all", "endpoint": f"{listener.url}/all", "http_method": "POST", "request_format": "json",
            "status": "active", "subscriptions": [there["type"]]}  # fmt: skip
    webhook = desk("POST", "/api/v2/webhooks", {"webhook": wish}).json()["webhook"]
    ticket(type="problem", priority="high")
    sandbox.idle()
    (here,) = [json.loads(got.body) for got in listener.got if got.path == "/all"]
    desk("DELETE", f"/api/v2/webhooks/{webhook['id']}")
    assert set(here) == set(there)
    assert set(here["detail"]) == set(there["detail"])
    for key in ("id", "requester_id", "status", "priority", "type", "tags", "subject"):
        assert type(here["detail"][key]) is type(there["detail"][key]), key
    assert shape(here["event"]) == shape(there["event"])
    assert len(here["time"]) == len(there["time"])


def shape(value):
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    return type(value).__name__


def test_webhook_headers_are_those_of_the_recording(sandbox, listener, ticket):
    attempts = recorded("recorded/webhook-invocation-attempts.json")[-1]["response"]["body"][
        "attempts"
    ]
    there = {one["key"].lower() for one in attempts[0]["request"]["headers"]}
    ticket()
    assert there <= set(listener.wait(1)[0].headers)


@pytest.mark.parametrize(
    "name", ["not_found", "closed_ticket", "idempotency_mismatch", "unauthenticated"]
)
def test_errors_are_those_collected(sandbox, desk, ticket, name):
    (there,) = [one for one in recorded("errors.json") if one["name"] == name]
    made = ticket()
    key = {"Idempotency-Key": "k"}
    match name:
        case "not_found":
            here = desk("PUT", "/api/v2/tickets/9223372036854775807.json", {"ticket": {}})
        case "closed_ticket":
            sandbox.post("agent/status", {"ticket": made["id"], "status": "closed"})
            here = desk("PUT", f"/api/v2/tickets/{made['id']}", {"ticket": {"status": "open"}})
        case "idempotency_mismatch":
            desk("POST", "/api/v2/tickets", {"ticket": {"comment": {"body": "a"}}}, key)
            here = desk("POST", "/api/v2/tickets", {"ticket": {"comment": {"body": "b"}}}, key)
        case _:
            here = desk("GET", "/api/v2/tickets", auth=False)
    assert (here.status_code, here.json()) == (there["status"], there["body"])


def test_a_webhook_and_a_trigger_have_the_keys_of_the_recordings(desk, listener):
    wish = recorded("recorded/webhook-create-bearer.json")[0]
    here = desk(
        "POST",
        "/api/v2/webhooks",
        {"webhook": {**wish["request"]["body"]["webhook"], "endpoint": listener.url}},
    )
    assert here.status_code == 201
    assert set(wish["response"]["body"]["webhook"]) - {"description"} <= set(here.json()["webhook"])
    wish = recorded("recorded/trigger-create.json")[0]
    made = desk("POST", "/api/v2/triggers.json", wish["request"]["body"])
    assert made.status_code == wish["response"]["status"]
    assert set(made.json()["trigger"]) == set(wish["response"]["body"]["trigger"])
    assert made.json()["trigger"]["conditions"] == wish["response"]["body"]["trigger"]["conditions"]
    desk("DELETE", f"/api/v2/triggers/{made.json()['trigger']['id']}")
    desk("DELETE", f"/api/v2/webhooks/{here.json()['webhook']['id']}")
