"""Freshdesk's automation rules: whom they watch, what they say, how they are sent; and what its agents do."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.sandbox import fresh_hooks, wires

HOUR, DAY = 3600, 86_400


def told(listener, sandbox, path="/hooks/freshdesk"):
    """The bodies that came, once nothing is on its way any more."""
    sandbox.idle()
    return [json.loads(got.body) for got in listener.got if got.path == path]


def events(listener, sandbox):
    return sorted(one["event"] for one in told(listener, sandbox))


def refused(sandbox, path, body, part):
    answer = sandbox.http.post(f"{sandbox.url}/_sandbox/{path}", json=body, timeout=10)
    assert answer.status_code in (400, 404)
    assert part in answer.json()["detail"]


# --- what is told --------------------------------------------------------------------------------


def test_an_agents_reply_is_told_with_our_secret_and_without_a_signature(sandbox, listener, raised):
    made = raised()
    sandbox.post("agent/comment", {"ticket": made["id"], "text": "We are on it"})
    (got,) = [one for one in listener.wait(1) if one.path == "/hooks/freshdesk"]
    assert got.headers["x-bridge-secret"] == wires.FRESHDESK_WEBHOOK_SECRET
    assert not [name for name in got.headers if "signature" in name]
    body = json.loads(got.body)
    assert body == {
        "bridge": 1, "ticket_id": str(made["id"]), "event": "{reply_sent:sent}", "actor": "sam@acme.example",
        "modified_on": body["modified_on"], "bridge_id": "stamp-1",
    }  # fmt: skip


def test_the_rule_says_what_our_documents_advise():
    from bridge.helpdesks.freshdesk.events import content

    assert content("cf_bridge_id") == fresh_hooks.CONTENT


def test_each_watched_thing_is_told_in_a_shape_that_is_no_json(sandbox, listener, raised):
    made = raised()
    ticket = {"ticket": made["id"]}
    sandbox.post("agent/comment", {**ticket, "text": "Hm", "public": False})
    sandbox.post("agent/comment", {**ticket, "text": "Hi", "note": True, "status": "Pending"})
    sandbox.post("agent/status", {**ticket, "status": 6})
    sandbox.post("agent/priority", {**ticket, "priority": "high"})  # the rule does not watch it
    sandbox.post("agent/delete", ticket)
    assert events(listener, sandbox) == sorted([
        "{note_type:private}", "{note_type:public}", "{status:{from:2,to:3}}", "{status:{from:3,to:6}}",
        "{ticket_action:deleted}"])  # fmt: skip


def test_our_own_writes_are_told_too(sandbox, listener, fresh, raised):
    made = raised()
    fresh("POST", f"tickets/{made['id']}/notes", {"body": "x", "private": False, "incoming": True})
    fresh("PUT", f"tickets/{made['id']}", {"status": 4})
    bodies = told(listener, sandbox)
    assert [one["actor"] for one in bodies] == ["bridge@acme.example"] * 2


def test_nothing_is_told_of_tickets_without_the_tag_or_raised_by_an_agent(
    sandbox, listener, fresh, raised
):
    untagged = raised(tags=[])
    agents = raised(unique_external_id=None, email="sam@acme.example")
    for made in (untagged, agents):
        sandbox.post("agent/comment", {"ticket": made["id"], "text": "Hi"})
    assert told(listener, sandbox) == []
    sandbox.post("agent/tags", {"ticket": untagged["id"], "add": ["bridge"]})
    sandbox.post("agent/comment", {"ticket": untagged["id"], "text": "Hi"})
    assert len(told(listener, sandbox)) == 1


def test_what_the_account_does_by_itself_is_told_by_the_rule_for_it(sandbox, listener, raised):
    made = raised()
    sandbox.post("agent/status", {"ticket": made["id"], "status": "Closed", "performer": "system"})
    (body,) = told(listener, sandbox)
    assert (body["event"], body["actor"]) == ("{status:{from:2,to:5}}", "")


def test_a_merge_spam_and_edits_leave_no_event_of_their_own(sandbox, listener, raised):
    secondary, primary = raised(), raised()
    sandbox.post("agent/merge", {"ticket": secondary["id"], "into": primary["id"]})
    bodies = told(listener, sandbox)
    of = {one["id"]: [body["event"] for body in bodies if body["ticket_id"] == str(one["id"])] for one in (secondary, primary)}  # fmt: skip
    assert sorted(of[secondary["id"]]) == ["{note_type:private}", "{status:{from:2,to:5}}"]
    assert of[primary["id"]] == ["{note_type:private}"]
    listener.got.clear()
    note = sandbox.post("agent/comment", {"ticket": primary["id"], "text": "x", "public": False})
    sandbox.idle()
    listener.got.clear()
    ticket = {"ticket": primary["id"], "comment": note["id"]}
    sandbox.post("agent/edit", {**ticket, "text": "y"})
    sandbox.post("agent/remove", ticket)
    sandbox.post("agent/spam", {"ticket": primary["id"]})
    assert told(listener, sandbox) == []
    assert [one["text"] for one in sandbox.record("ticket_comment_edited")] == ["y"]
    assert len(sandbox.record("ticket_comment_removed", id=note["id"])) == 1


# --- an admin's own rules ------------------------------------------------------------------------


def test_an_admin_makes_a_rule_with_any_content(sandbox, listener, raised):
    content = ('{"ticket": "{{ticket.id}}", "status": "{{ticket.status}}", "priority": "{{ticket.priority}}", '
               '"subject": "{{ticket.subject}}", "mail": "{{ticket.requester.email}}", "group": {{ticket.group_id}}, '
               '"what": "{{triggered_event}}", "none": "{{ticket.nonsense}}"}')  # fmt: skip
    sandbox.post("admin/rule", {"url": f"{listener.url}/own", "events": ["created", "priority"], "performer": "either",
                                "headers": {"X-Key": "k1"}, "content": content})  # fmt: skip
    made = raised(subject='Say "hi"\nżółć ☃', tags=[])
    sandbox.idle()
    (got,) = [one for one in listener.got if one.path == "/own"]
    assert got.headers["x-key"] == "k1"
    # An empty number without quotes breaks the JSON, as it does there.
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(got.body)
    body = json.loads(got.body.replace(b'"group": ,', b""))
    assert body == {"ticket": str(made["id"]), "status": "Open", "priority": "Low", "subject": 'Say "hi"\nżółć ☃',
                    "mail": "", "what": "{ticket_action:created}", "none": ""}  # fmt: skip


def test_a_rule_names_its_agents_and_is_changed_and_removed(sandbox, listener, fresh, raised):
    made = raised()
    url = f"{listener.url}/own"
    rule = sandbox.post("admin/rule", {"url": url, "events": ["note"], "members": ["sam@acme.example"]})  # fmt: skip
    note = {"ticket": made["id"], "text": "x", "public": False}
    fresh("POST", f"tickets/{made['id']}/notes", {"body": "ours"})
    sandbox.post("agent/comment", {**note, "agent": "Eva"})
    assert told(listener, sandbox, "/own") == []
    sandbox.post("agent/comment", note)
    assert len(told(listener, sandbox, "/own")) == 1
    sandbox.post("admin/rule/change", {**rule, "events": ["note:public"]})
    sandbox.post("agent/comment", note)
    assert len(told(listener, sandbox, "/own")) == 1
    sandbox.post("admin/rule/change", {**rule, "events": ["note:private"], "active": False})
    sandbox.post("agent/comment", note)
    sandbox.post("admin/rule/remove", rule)
    assert len(told(listener, sandbox, "/own")) == 1
    assert rule["id"] not in [one["id"] for one in sandbox.get("state")["freshdesk"]["rules"]]


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({}, "url"),
        ({"url": "http://x", "performer": "boss"}, "performer"),
        ({"url": "http://x", "events": ["merged"]}, "events"),
        ({"url": "http://x", "headers": {"X-A": "a,b"}}, "comma"),
        ({"url": "http://x", "headers": {"X-A": "a:b"}}, "colon"),
        ({"url": "http://x", "mood": 1}, "mood"),
    ],
)
def test_a_rule_that_freshdesk_would_not_take_is_refused(sandbox, body, part):
    refused(sandbox, "admin/rule", body, part)


# --- how it is sent ------------------------------------------------------------------------------


def test_a_refused_call_comes_again_every_half_an_hour(sandbox, listener, raised):
    listener.answers = [(500, {}), (404, {})]
    made = raised()
    sandbox.post("agent/comment", {"ticket": made["id"], "text": "Hi"})
    for tries in (1, 2, 3):
        sandbox.wait("webhook", tries, system="freshdesk")
        assert len(listener.got) == tries
        sandbox.post("clock", {"advance": 1801})
    sandbox.idle()
    tried = sandbox.record("webhook", system="freshdesk")
    assert [(one["tries"], one["status"], one["ok"]) for one in tried] == [
        (1, 500, False), (2, 404, False), (3, 200, True)]  # fmt: skip
    assert len({one["webhook"] for one in tried}) == 1


def test_an_hour_has_so_many_calls_and_the_rest_wait_for_the_next(sandbox, listener, raised):
    sandbox.post("limits", {"freshdesk": {"webhooks_per_hour": 2}})
    made = raised()
    for number in range(3):
        sandbox.post("agent/comment", {"ticket": made["id"], "text": f"{number}"})
    sandbox.wait("webhook", 2, system="freshdesk")
    assert sandbox.get("idle?wait=0.2") == {"idle": False}
    assert len(listener.got) == 2
    sandbox.post("clock", {"advance": HOUR})
    assert len(told(listener, sandbox)) == 3


def test_a_call_that_waited_a_day_is_dropped(sandbox, listener, raised):
    sandbox.post("limits", {"freshdesk": {"webhooks_per_hour": 1}})
    made = raised()
    for text in ("one", "two"):
        sandbox.post("agent/comment", {"ticket": made["id"], "text": text})
    sandbox.wait("webhook", 1, system="freshdesk")
    sandbox.post("clock", {"advance": DAY + 1})
    assert len(told(listener, sandbox)) == 1
    (dropped,) = sandbox.record("webhook", system="freshdesk", ok=False)
    assert (dropped["tries"], dropped["error"]) == (0, "dropped after 24 hours")


def test_calls_are_held_and_sent_in_another_order_and_again(sandbox, listener, raised):
    sandbox.post("settings", {"freshdesk_webhook_spread": 0})
    made = raised()
    sandbox.post("hooks/hold", {"system": "freshdesk"})
    for text in ("one", "two"):
        sandbox.post("agent/comment", {"ticket": made["id"], "text": text})
    assert sandbox.get("hooks")["freshdesk"]["held"] == 2
    sent = sandbox.post("hooks/send", {"system": "freshdesk", "order": "reversed", "copies": 2})
    assert (sent["events"], len(told(listener, sandbox))) == (2, 4)
    assert sandbox.post("hooks/again", {"system": "freshdesk", "copies": 3})["statuses"] == [200] * 3  # fmt: skip


@pytest.mark.parametrize(
    ("sign", "secret"), [(True, wires.FRESHDESK_WEBHOOK_SECRET), ("wrong", "wrong"), (False, None)]
)
def test_any_bytes_are_sent_with_the_right_a_wrong_or_no_secret(sandbox, listener, sign, secret):
    raw = {"system": "freshdesk", "body": "{", "sign": sign}
    assert sandbox.post("hooks/raw", raw) == {"statuses": [200]}
    assert listener.got[-1].headers.get("x-bridge-secret") == secret
    assert listener.got[-1].body == b"{"


def test_many_agents_at_once_are_all_told(sandbox, listener, raised):
    made = raised()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: sandbox.post("agent/comment", {"ticket": made["id"], "text": f"{n}"}), range(24)))  # fmt: skip
    assert len(told(listener, sandbox)) == 24


# --- what agents do ------------------------------------------------------------------------------


def test_an_agent_acts_on_the_helpdesk_that_holds_the_ticket(sandbox, ticket, raised):
    zendesk, freshdesk = ticket(), raised()
    for made in (zendesk, freshdesk):
        sandbox.post("agent/comment", {"ticket": made["id"], "text": "Hi"})
    said = sandbox.record("ticket_comment", by="agent")
    assert [one["system"] for one in said] == ["zendesk", "freshdesk"]
    named = {"helpdesk": "zendesk", "ticket": freshdesk["id"], "text": "x"}
    refused(sandbox, "agent/comment", named, "no ticket")
    refused(sandbox, "agent/comment", {**named, "helpdesk": "freshdesk", "ticket": zendesk["id"]}, "no ticket")  # fmt: skip
    refused(sandbox, "agent/comment", {**named, "helpdesk": "fax"}, "helpdesk is")


def test_an_agents_reply_is_mailed_and_a_note_is_not(sandbox, fresh, raised):
    made = raised()
    ticket = {"ticket": made["id"], "agent": "Eva", "attachment": True}
    sandbox.post("agent/comment", {**ticket, "text": "Hello\nthere", "status": "Resolved"})
    sandbox.post("agent/comment", {**ticket, "html": "<p>Note</p>", "note": True})
    sandbox.post("agent/comment", {**ticket, "public": False})
    rows = fresh("GET", f"tickets/{made['id']}/conversations").json()
    assert [(one["source"], one["private"], len(one["attachments"])) for one in rows] == [
        (0, False, 1), (2, False, 1), (2, True, 1)]  # fmt: skip
    assert rows[0]["body"] == "<div>Hello<br>there</div>"
    assert [one["text"] for one in sandbox.record("email_sent", by="agent")] == ["Hello\nthere"]
    assert fresh("GET", f"tickets/{made['id']}").json()["status"] == 4


@pytest.mark.parametrize(
    ("path", "body", "part"),
    [
        ("agent/comment", {"text": ""}, "body"),
        ("agent/status", {"status": "Solved"}, "status is one of"),
        ("agent/priority", {"priority": "huge"}, "priority"),
        ("agent/tags", {"add": ["x" * 33]}, "32"),
        ("agent/make_private", {}, "cannot make"),
        ("agent/remove", {"comment": 1}, "no conversation"),
        ("agent/edit", {"comment": 1, "text": "x"}, "no conversation"),
    ],
)
def test_an_agent_cannot_do_what_freshdesk_does_not_know(sandbox, raised, path, body, part):
    refused(sandbox, path, {"ticket": raised()["id"], **body}, part)


def test_an_agent_edits_notes_only_and_writes_to_no_binned_ticket(sandbox, raised):
    made = raised()
    reply = sandbox.post("agent/comment", {"ticket": made["id"], "text": "Hi"})
    edit = {"ticket": made["id"], "comment": reply["id"], "text": "Ho"}
    refused(sandbox, "agent/edit", edit, "notes only")
    refused(sandbox, "agent/merge", {"ticket": made["id"], "into": made["id"]}, "into itself")
    sandbox.post("agent/delete", {"ticket": made["id"]})
    refused(sandbox, "agent/comment", {"ticket": made["id"], "text": "x"}, "deleted or spam")
    sandbox.post("agent/restore", {"ticket": made["id"]})
    sandbox.post("agent/comment", {"ticket": made["id"], "text": "x"})


def test_the_state_shows_freshdesks_tickets_in_the_same_keys_and_more(sandbox, ticket, raised):
    ticket()
    made = raised()
    sandbox.post("agent/comment", {"ticket": made["id"], "text": "Hi", "attachment": True})
    state = sandbox.get("state")
    (theirs,), (ours,) = state["zendesk"]["tickets"], state["freshdesk"]["tickets"]
    assert set(theirs) <= set(ours)
    assert set(theirs["comments"][0]) <= set(ours["comments"][0])
    assert (ours["status"], ours["status_label"], ours["external_id"]) == (2, "Open", "stamp-1")
    assert [(one["kind"], one["by"]) for one in ours["comments"]] == [
        ("description", "customer"), ("reply", "agent")]  # fmt: skip
    assert state["freshdesk"]["statuses"][0]["customer_label"] == "Being Processed"
    assert [one["performer"] for one in state["freshdesk"]["rules"]] == []


def test_ticket_numbers_of_the_helpdesks_never_meet(ticket, raised):
    assert abs(ticket()["id"] - raised()["id"]) > 1_000_000
