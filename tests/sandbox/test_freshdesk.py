"""Whom the Freshdesk API lets in, what its form refuses, its contacts and its limits."""

import pytest
from support.freshdesk import errors, wish

HOUR = 3600


# --- who calls, and how --------------------------------------------------------------------------


def test_the_key_is_the_user_and_any_text_the_password(sandbox, fresh):
    me = fresh("GET", "agents/me").json()
    assert me["contact"]["email"] == "bridge@acme.example"
    assert isinstance(me["id"], int)
    again = fresh("GET", "agents/me", key="nonsense")
    assert (again.status_code, again.json()["code"]) == (401, "invalid_credentials")
    assert again.json()["message"] == "You have to be logged in to perform this action."
    assert fresh("GET", "agents/me", key=None).status_code == 401


def test_a_revoked_key_is_no_key(sandbox, fresh):
    sandbox.post("settings", {"freshdesk_key": "revoked"})
    assert fresh("GET", "agents/me").status_code == 401


def test_too_many_wrong_keys_lock_everybody_out_for_a_while(sandbox, fresh):
    for _ in range(10):
        assert fresh("GET", "agents/me", key="wrong").status_code == 401
    locked = fresh("GET", "agents/me")
    assert (locked.status_code, locked.json()["code"]) == (403, "password_lockout")
    sandbox.post("clock", {"advance": HOUR})
    assert fresh("GET", "agents/me").status_code == 200


def test_a_key_that_is_mended_lets_everybody_in_again(sandbox, fresh):
    sandbox.post("settings", {"freshdesk_key": "revoked"})
    for _ in range(10):
        assert fresh("GET", "agents/me").status_code == 401
    assert fresh("GET", "agents/me").status_code == 403
    sandbox.post("settings", {"freshdesk_key": "valid"})
    assert fresh("GET", "agents/me").status_code == 200


def test_a_right_key_in_between_forgives_the_wrong_ones(fresh):
    for _ in range(3):
        for _ in range(9):
            fresh("GET", "agents/me", key="wrong")
        assert fresh("GET", "agents/me").status_code == 200


def test_only_json_is_given_and_only_json_and_forms_are_taken(fresh):
    assert fresh("GET", "tickets", headers={"Accept": "text/html"}).status_code == 406
    assert fresh("GET", "tickets", headers={"Accept": "application/json"}).status_code == 200
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
        answer = fresh("POST", "tickets", data=b"{}", headers={"Content-Type": kind})
        assert (answer.status_code, answer.content) == (415, b"")


def test_a_body_that_is_no_json_and_one_where_none_belongs(fresh):
    headers = {"Content-Type": "application/json"}
    for body in (b"{", b"[]", b"[" * 100_000):
        broken = fresh("POST", "tickets", data=body, headers=headers)
        assert (broken.status_code, broken.json()["code"]) == (400, "invalid_json")
    needless = fresh("GET", "tickets", {"a": 1})
    assert (needless.status_code, needless.json()["code"]) == (400, "no_content_required")


def test_what_is_not_there_is_told_without_a_word(sandbox, fresh):
    for path in ("tickets/1", "nonsense", "tickets/archived/1", "contacts/1", "agents/1"):
        answer = fresh("GET", path)
        assert (answer.status_code, answer.content) == (404, b"")
    wrong = fresh("PUT", "tickets", {})
    assert (wrong.status_code, wrong.content, wrong.headers["allow"]) == (405, b"", "GET, POST")
    elsewhere = sandbox.http.get(f"{sandbox.url}/freshdesk/login", timeout=10)
    assert elsewhere.status_code == 404
    assert "<html" in elsewhere.text


# --- the form ------------------------------------------------------------------------------------


def test_the_form_names_fields_choices_and_both_names_of_a_status(sandbox, fresh):
    fields = {one["name"]: one for one in fresh("GET", "ticket_fields").json()}
    assert fields["cf_bridge_id"]["type"] == "custom_text"
    assert fields["cf_reason"]["choices"] == ["Refund", "Outage", "Delivery", "Other"]
    assert fields["priority"]["choices"] == {"Low": 1, "Medium": 2, "High": 3, "Urgent": 4}
    (status,) = fresh("GET", "ticket_fields", params={"type": "default_status"}).json()
    assert status["choices"]["6"] == ["Waiting on Customer", "Awaiting your Reply"]
    assert [key for key, one in fields.items() if one["required_for_agents"]] == [
        "requester", "subject", "status", "priority", "description"]  # fmt: skip


@pytest.mark.parametrize(
    ("more", "field", "code"),
    [
        ({"unique_external_id": None}, "requester_id", "missing_field"),
        ({"unique_external_id": None, "name": None, "phone": "1"}, "name", "missing_field"),
        ({"subject": None}, "subject", "missing_field"),
        ({"description": None}, "description", "missing_field"),
        ({"description": " "}, "description", "invalid_value"),
        ({"subject": "x" * 256}, "subject", "invalid_value"),
        ({"external_id": "x"}, "external_id", "invalid_field"),
        ({"type": "Nonsense"}, "type", "invalid_value"),
        ({"type": 1}, "type", "datatype_mismatch"),
        ({"priority": 5}, "priority", "invalid_value"),
        ({"priority": "high"}, "priority", "datatype_mismatch"),
        ({"status": 1}, "status", "invalid_value"),
        ({"status": True}, "status", "datatype_mismatch"),
        ({"status": "open"}, "status", "datatype_mismatch"),
        ({"source": 6}, "source", "invalid_value"),
        ({"email": "nobody"}, "email", "invalid_value"),
        ({"cc_emails": ["nobody"]}, "cc_emails", "invalid_value"),
        ({"unique_external_id": None, "requester_id": 1}, "requester_id", "invalid_value"),
        ({"unique_external_id": None, "facebook_id": "9"}, "facebook_id", "invalid_value"),
        ({"group_id": 1}, "group_id", "invalid_value"),
        ({"responder_id": 1}, "responder_id", "invalid_value"),
        ({"tags": ["x" * 33]}, "tags", "invalid_value"),
        ({"tags": "bridge"}, "tags", "datatype_mismatch"),
        ({"tags": [1]}, "tags", "datatype_mismatch"),
        ({"attachments": "file"}, "attachments", "datatype_mismatch"),
        ({"custom_fields": {"cf_none": "x"}}, "custom_fields.cf_none", "invalid_field"),
        ({"custom_fields": {"cf_bridge_id": "x" * 256}}, "custom_fields.cf_bridge_id", "invalid_value"),
        ({"custom_fields": {"cf_bridge_id": 1}}, "custom_fields.cf_bridge_id", "datatype_mismatch"),
        ({"custom_fields": {"cf_reason": "Rain"}}, "custom_fields.cf_reason", "invalid_value"),
        ({"custom_fields": {"cf_followers": "many"}}, "custom_fields.cf_followers", "datatype_mismatch"),
    ],
)  # fmt: skip
def test_a_ticket_that_does_not_fit_the_form_is_refused(sandbox, fresh, more, field, code):
    answer = fresh("POST", "tickets", wish(**more))
    assert errors(answer) == (400, [(field, code)])
    assert answer.json()["description"] == "Validation failed"
    assert sandbox.record("ticket") == []
    (refused,) = sandbox.record("refused")
    assert (refused["system"], refused["status"], refused["code"]) == ("freshdesk", 400, code)


def test_what_just_fits_is_taken(fresh):
    fits = wish(subject="x" * 255, tags=["x" * 32], type="Question", priority=4, status=7, source=9,
                custom_fields={"cf_bridge_id": "x" * 255, "cf_reason": "Refund", "cf_followers": 3, "cf_vip": True})  # fmt: skip
    made = fresh("POST", "tickets", fits)
    assert made.status_code == 201, made.text
    assert made.json()["custom_fields"]["cf_followers"] == 3


def test_a_field_that_agents_must_fill_is_demanded_of_us_too(sandbox, fresh, raised):
    before = raised()
    sandbox.post("settings", {"freshdesk_required": "agents"})
    demanded = (400, [("custom_fields.cf_reason", "missing_field")])
    assert errors(fresh("POST", "tickets", wish())) == demanded
    # An update is held against the form as well, though it names other fields.
    assert errors(fresh("PUT", f"tickets/{before['id']}", {"status": 3})) == demanded
    reason = {"custom_fields": {"cf_reason": "Refund"}}
    assert fresh("POST", "tickets", wish(**reason)).status_code == 201
    assert fresh("PUT", f"tickets/{before['id']}", {"status": 3, **reason}).status_code == 200


def test_a_field_may_be_demanded_only_of_who_closes(sandbox, fresh, raised):
    sandbox.post("settings", {"freshdesk_required": "closure"})
    made = raised()
    path = f"tickets/{made['id']}"
    assert fresh("PUT", path, {"status": 3}).status_code == 200
    assert errors(fresh("PUT", path, {"status": 5})) == (
        400, [("custom_fields.cf_reason", "missing_field")])  # fmt: skip


# --- contacts ------------------------------------------------------------------------------------


def test_a_contact_is_one_of_a_kind(fresh):
    made = fresh("POST", "contacts", {"name": "Ana", "email": "ana@mail.example", "unique_external_id": "x:1"})  # fmt: skip
    assert made.status_code == 201
    for more in ({"email": "ANA@mail.example"}, {"unique_external_id": "x:1"}):
        again = fresh("POST", "contacts", {"name": "Anna", **more})
        assert again.status_code == 409
        (error,) = again.json()["errors"]
        assert (error["field"], error["code"]) == (next(iter(more)), "duplicate_value")
    assert errors(fresh("POST", "contacts", {"name": "Ola"})) == (400, [("email", "missing_field")])
    assert errors(fresh("POST", "contacts", {"email": "o@p.example"})) == (400, [("name", "missing_field")])  # fmt: skip


def test_contacts_are_found_by_mail_but_not_by_external_id(fresh, raised):
    fresh("POST", "contacts", {"name": "Ana", "email": "ana@mail.example"})
    raised()
    found = fresh("GET", "contacts", params={"email": "ana@mail.example"}).json()
    assert [one["name"] for one in found] == ["Ana"]
    refused = fresh("GET", "contacts", params={"unique_external_id": "instagram:1"})
    assert errors(refused) == (400, [("unique_external_id", "invalid_field")])


def test_a_deleted_contact_takes_no_change_and_no_ticket(fresh, raised):
    contact = raised()["requester_id"]
    assert fresh("PUT", f"contacts/{contact}", {"name": "Anna"}).json()["name"] == "Anna"
    assert fresh("DELETE", f"contacts/{contact}").status_code == 204
    assert fresh("PUT", f"contacts/{contact}", {"name": "A"}).status_code == 405
    assert fresh("POST", "tickets", wish()).status_code == 405


# --- limits --------------------------------------------------------------------------------------


def test_every_answer_tells_the_accounts_limit_and_invalid_calls_count(sandbox, fresh):
    sandbox.post("limits", {"freshdesk": {"account_per_minute": 3}})
    first = fresh("GET", "agents/me")
    told = [first.headers[f"x-ratelimit-{name}"] for name in ("total", "remaining", "used-currentrequest")]  # fmt: skip
    assert told == ["3", "2", "1"]
    assert fresh("GET", "nonsense").headers["x-ratelimit-remaining"] == "1"
    assert fresh("POST", "tickets", {}).headers["x-ratelimit-remaining"] == "0"
    refused = fresh("GET", "agents/me")
    assert (refused.status_code, refused.content) == (429, b"")
    wait = int(refused.headers["retry-after"])
    assert 0 < wait <= 60
    sandbox.post("clock", {"advance": wait})
    assert fresh("GET", "agents/me").status_code == 200


def test_what_is_included_costs_more(fresh, raised):
    made = raised()
    for path, include, cost in (
        (f"tickets/{made['id']}", "conversations", "2"), (f"tickets/{made['id']}", "requester,stats", "3"),
        ("tickets", "stats", "3"), ("tickets", "requester,stats", "5"),
    ):  # fmt: skip
        answer = fresh("GET", path, params={"include": include})
        assert answer.headers["x-ratelimit-used-currentrequest"] == cost
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("share", "method", "path", "body"),
    [
        ("creates_per_minute", "POST", "tickets", {}),
        ("updates_per_minute", "PUT", "tickets/1", {}),
        ("ticket_lists_per_minute", "GET", "tickets", None),
        ("contact_lists_per_minute", "GET", "contacts", None),
    ],
)
def test_some_calls_have_a_share_of_their_own(sandbox, fresh, share, method, path, body):
    sandbox.post("limits", {"freshdesk": {share: 1}})
    assert [fresh(method, path, body).status_code == 429 for _ in range(2)] == [False, True]
    assert fresh("GET", "agents/me").status_code == 200


def test_a_plan_has_its_limits(sandbox, fresh):
    growth = sandbox.post("limits", {"freshdesk": {"plan": "growth"}})["freshdesk"]
    assert (growth["account_per_minute"], growth["ticket_lists_per_minute"]) == (200, 20)
    assert fresh("GET", "agents/me").headers["x-ratelimit-total"] == "200"
    answer = sandbox.http.post(f"{sandbox.url}/_sandbox/limits", json={"freshdesk": {"plan": "free"}}, timeout=10)  # fmt: skip
    assert answer.status_code == 400


# --- faults --------------------------------------------------------------------------------------


def test_a_call_is_obeyed_though_its_answer_is_lost(sandbox, fresh):
    sandbox.post("faults", {"system": "freshdesk", "method": "POST", "path": "/tickets$", "effect": "drop_after"})  # fmt: skip
    with pytest.raises(OSError, match="aborted"):
        fresh("POST", "tickets", wish())
    assert len(sandbox.record("ticket")) == 1
    assert sandbox.record("fault")[0]["did"] is True


def test_a_call_is_refused_as_told(sandbox, fresh):
    sandbox.post("faults", {"system": "freshdesk", "effect": "status", "status": 503, "headers": {"Retry-After": "5"}})  # fmt: skip
    answer = fresh("POST", "tickets", wish())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert sandbox.record("ticket") == []
