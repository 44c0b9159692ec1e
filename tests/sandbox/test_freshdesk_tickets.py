"""Tickets of the fake Freshdesk: written, listed, searched, talked on, archived; with their files."""

import re

import pytest
from support.freshdesk import conversations, errors, note, wish

HOUR, DAY = 3600, 86_400


# --- tickets -------------------------------------------------------------------------------------


def test_a_ticket_comes_back_bare_and_is_not_due_yet(sandbox, fresh):
    answer = fresh("POST", "tickets", wish(custom_fields={"cf_bridge_id": "stamp-1"}, tags=["b", "a"]))  # fmt: skip
    made = answer.json()
    assert (answer.status_code, made["status"], made["priority"], made["source"]) == (201, 2, 1, 2)
    assert answer.headers["location"] == f"{sandbox.url}/freshdesk/api/v2/tickets/{made['id']}"
    assert (made["due_by"], made["fr_due_by"]) == (None, None)
    assert (made["description"], made["description_text"]) == ("<div>d</div>", "d")
    assert made["custom_fields"]["cf_bridge_id"] == "stamp-1"
    sandbox.post("clock", {"advance": 10})
    later = fresh("GET", f"tickets/{made['id']}").json()
    assert later["due_by"] is not None
    (entry,) = sandbox.record("ticket")
    assert (entry["ticket"], entry["by"], entry["external_id"]) == (made["id"], "bridge", "stamp-1")


def test_an_unknown_external_id_makes_the_contact_and_a_known_one_finds_it(sandbox, fresh, raised):
    first, again = raised(), raised(unique_external_id="INSTAGRAM:1", name="Other")
    assert first["requester_id"] == again["requester_id"]
    contact = fresh("GET", f"contacts/{first['requester_id']}").json()
    assert (contact["name"], contact["email"]) == ("Ana", None)
    assert contact["org_contact_id"] > 2**53
    assert len(sandbox.record("user", system="freshdesk")) == 1
    by_id = fresh("POST", "tickets", {"requester_id": first["requester_id"], "subject": "s", "description": "d"})  # fmt: skip
    assert by_id.json()["requester_id"] == first["requester_id"]


def test_a_facebook_id_is_taken_when_its_contact_is_there(fresh):
    known = fresh("POST", "contacts", {"name": "Ana", "facebook_id": "9", "email": "ana@mail.example"}).json()  # fmt: skip
    made = fresh("POST", "tickets", wish(unique_external_id=None, facebook_id="9"))
    assert made.json()["requester_id"] == known["id"]


def test_an_update_is_partial_but_tags_are_replaced(sandbox, fresh, raised):
    made = raised(tags=["bridge", "x"])
    path = f"tickets/{made['id']}"
    answer = fresh("PUT", path, {"status": 4, "tags": ["y"], "custom_fields": {"cf_vip": True}})
    assert (answer.status_code, answer.json()["status"], answer.json()["tags"]) == (200, 4, ["y"])
    assert answer.json()["custom_fields"]["cf_bridge_id"] == "stamp-1"
    (status,) = sandbox.record("ticket_status")
    assert (status["previous"], status["current"]) == (2, 4)
    assert sandbox.record("ticket_tags")[0]["removed"] == ["bridge", "x"]
    assert errors(fresh("PUT", path, {"status": 9})) == (400, [("status", "invalid_value")])
    assert errors(fresh("PUT", path, {"nonsense": 9})) == (400, [("nonsense", "invalid_field")])
    assert fresh("PUT", path, {"status": 2}).json()["status"] == 2  # closed ones open again, too


@pytest.mark.parametrize("how", ["delete", "spam"])
def test_a_binned_ticket_is_read_but_not_written_until_restored(sandbox, fresh, raised, how):
    made = raised()
    path = f"tickets/{made['id']}"
    sandbox.post(f"agent/{how}", {"ticket": made["id"]})
    read = fresh("GET", path)
    assert (read.status_code, read.json().get("deleted", False), read.json()["spam"]) == (
        200, how == "delete", how == "spam")  # fmt: skip
    for answer in (fresh("PUT", path, {"status": 2}), fresh("DELETE", path), note(fresh, made)):
        assert (answer.status_code, answer.content) == (405, b"")
    assert fresh("GET", "tickets").json() == []
    kept = {"delete": "deleted", "spam": "spam"}[how]
    assert len(fresh("GET", "tickets", params={"filter": kept}).json()) == 1
    if how == "delete":
        assert fresh("PUT", f"{path}/restore").status_code == 204
    else:
        sandbox.post("agent/restore", {"ticket": made["id"]})
    assert fresh("PUT", path, {"status": 3}).status_code == 200
    assert fresh("PUT", f"{path}/restore").status_code == 404


def test_the_bin_is_emptied_after_thirty_days(sandbox, fresh, raised):
    made = raised()
    assert fresh("DELETE", f"tickets/{made['id']}").status_code == 204
    sandbox.post("clock", {"advance": 30 * DAY})
    assert fresh("GET", f"tickets/{made['id']}").status_code == 404


def test_a_closed_idle_ticket_is_archived_after_120_days(sandbox, fresh, raised):
    closed, resolved = raised(), raised()
    for made, status in ((closed, 5), (resolved, 4)):
        fresh("PUT", f"tickets/{made['id']}", {"status": status})
    sandbox.post("clock", {"advance": 119 * DAY})
    assert fresh("GET", f"tickets/{closed['id']}").status_code == 200
    sandbox.post("clock", {"advance": 1 * DAY + 1})
    assert fresh("GET", f"tickets/{resolved['id']}").status_code == 200
    path = f"tickets/{closed['id']}"
    assert fresh("GET", path).status_code == 404
    assert fresh("PUT", path, {"status": 2}).status_code == 404
    assert note(fresh, closed).status_code == 404
    archived = fresh("GET", f"tickets/archived/{closed['id']}")
    assert (archived.status_code, archived.json()["archived"]) == (200, True)
    assert fresh("GET", f"tickets/archived/{closed['id']}/conversations").json() == []
    assert fresh("GET", f"tickets/archived/{resolved['id']}").status_code == 404


def test_a_merge_closes_the_secondary_with_a_note_as_its_only_trace(sandbox, fresh, raised):
    secondary, primary = raised(), raised()
    merged = fresh("PUT", "tickets/merge", {"primary_id": primary["id"], "ticket_ids": [secondary["id"]]})  # fmt: skip
    assert (merged.status_code, merged.content) == (204, b"")
    assert fresh("GET", f"tickets/{secondary['id']}").json()["status"] == 5
    (trace,) = conversations(fresh, secondary)
    assert trace["body_text"] == f"This ticket is closed and merged into ticket {primary['id']}"
    assert trace["private"] is True
    (entry,) = sandbox.record("ticket_merged")
    assert (entry["ticket"], entry["into"]) == (secondary["id"], primary["id"])


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [({}, "primary_id", "missing_field"), ({"primary_id": 1, "ticket_ids": [2]}, "ticket_ids", "invalid_value")],
)  # fmt: skip
def test_a_merge_of_what_is_not_there_is_refused(fresh, body, field, code):
    assert (field, code) in errors(fresh("PUT", "tickets/merge", body))[1]


# --- lists and search ----------------------------------------------------------------------------


def test_a_requesters_tickets_are_listed_newest_first_and_at_once(sandbox, fresh, raised):
    made = []
    for number in range(3):
        made.append(raised(custom_fields={"cf_bridge_id": f"stamp-{number}"})["id"])
        sandbox.post("clock", {"advance": 1})
    raised(unique_external_id="instagram:2")
    query = {"unique_external_id": "instagram:1", "order_by": "created_at"}
    listed = fresh("GET", "tickets", params=query).json()
    assert [one["id"] for one in listed] == made[::-1]
    assert listed[0]["custom_fields"]["cf_bridge_id"] == "stamp-2"
    assert "description" not in listed[0]
    oldest = fresh("GET", "tickets", params={**query, "order_type": "asc", "include": "description"})  # fmt: skip
    assert [one["id"] for one in oldest.json()] == made
    assert oldest.json()[0]["description_text"] == "It is broken"


def test_a_requester_that_nobody_knows_is_a_mistake_not_an_empty_list(fresh):
    for name, value in (("unique_external_id", "x"), ("email", "x@y.example"), ("requester_id", "1")):  # fmt: skip
        answer = fresh("GET", "tickets", params={name: value})
        assert errors(answer) == (400, [(name, "invalid_value")])


def test_only_the_last_thirty_days_are_listed_unless_asked_since_when(sandbox, fresh, raised):
    raised()
    sandbox.post("clock", {"advance": 31 * DAY})
    assert fresh("GET", "tickets").json() == []
    since = {"updated_since": "2020-01-01T00:00:00Z"}
    assert len(fresh("GET", "tickets", params=since).json()) == 1
    now = sandbox.get("clock")["now"]
    assert fresh("GET", "tickets", params={"updated_since": now}).json() == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"per_page": "101"}, "per_page"),
        ({"page": "0"}, "page"),
        ({"page": "301"}, "page"),
        ({"order_by": "priority"}, "order_by"),
        ({"order_type": "up"}, "order_type"),
        ({"filter": "mine"}, "filter"),
        ({"include": "conversations"}, "include"),
        ({"updated_since": "yesterday"}, "updated_since"),
        ({"external_id": "x"}, "external_id"),
    ],
)
def test_a_list_refuses_what_it_does_not_know(fresh, query, field):
    assert errors(fresh("GET", "tickets", params=query))[1][0][0] == field


def test_a_link_leads_to_the_next_page_until_the_last(fresh, raised):
    for _ in range(3):
        raised()
    first = fresh("GET", "tickets", params={"per_page": "2"})
    assert len(first.json()) == 2
    path = re.fullmatch(r'<.*/api/v2/(tickets\?.*)>; rel="next"', first.headers["link"])[1]
    last = fresh("GET", path)
    assert (len(last.json()), "link" in last.headers) == (1, False)


def search(fresh, query, **more):
    return fresh("GET", "search/tickets", params={"query": query, **more})


def test_the_search_knows_a_ticket_some_minutes_late(sandbox, fresh, raised):
    made = raised()
    assert search(fresh, "\"cf_bridge_id:'stamp-1'\"").json() == {"total": 0, "results": []}
    sandbox.post("clock", {"advance": 181})
    found = search(fresh, "\"cf_bridge_id:'stamp-1'\"").json()
    assert (found["total"], found["results"][0]["id"]) == (1, made["id"])
    sandbox.post("settings", {"freshdesk_search_lag": 0})
    raised(custom_fields={"cf_bridge_id": "stamp-2"})
    assert search(fresh, "\"cf_bridge_id:'stamp-2'\"").json()["total"] == 1


def test_the_search_understands_and_or_brackets_and_nothing(sandbox, fresh, raised):
    sandbox.post("settings", {"freshdesk_search_lag": 0})
    first, second = raised(priority=3), raised(priority=1, tags=[], type="Question")
    for query, found in (
        ("priority:3", [first]), ("priority:>1", [second, first]), ("priority:<1", [second]),
        ("tag:'bridge'", [first]), ("tag:null", [second]), ("type:'Question' AND priority:1", [second]),
        ("(priority:3 OR priority:1) AND tag:'bridge'", [first]), ("custom_string:'stamp-1'", [second, first]),
        ("created_at:>'2020-01-01' AND status:2", [second, first]), ("status:4", []),
    ):  # fmt: skip
        answer = search(fresh, f'"{query}"')
        assert [one["id"] for one in answer.json()["results"]] == [one["id"] for one in found], query  # fmt: skip


@pytest.mark.parametrize(
    "query",
    [
        "priority:3", '"', '""', '"priority:3', '"priority:3 AND"', '"AND priority:3"', '"(priority:3"', '"priority"',
        '"priority:\'high\'"', '"cf_bridge_id:stamp"', '"cf_none:1"', "\"tag:'it's'\"", '"' + "x" * 600 + '"',
    ],
)  # fmt: skip
def test_a_search_that_is_not_written_right_is_refused(fresh, query):
    assert search(fresh, query).status_code == 400


def test_a_search_has_ten_pages_of_thirty(sandbox, fresh, raised):
    sandbox.post("settings", {"freshdesk_search_lag": 0})
    for _ in range(31):
        raised()
    pages = [search(fresh, '"status:2"', page=page).json() for page in (1, 2)]
    assert [(one["total"], len(one["results"])) for one in pages] == [(31, 30), (31, 1)]
    assert errors(search(fresh, '"status:2"', page=11)) == (400, [("page", "invalid_value")])


# --- what is said --------------------------------------------------------------------------------


def test_a_note_is_private_unless_it_says_otherwise(sandbox, fresh, raised):
    made = raised()
    answer = note(fresh, made)
    assert (answer.status_code, answer.json()["private"], answer.json()["incoming"]) == (201, True, False)  # fmt: skip
    assert "source" not in answer.json()
    theirs = note(fresh, made, private=False, incoming=True, user_id=made["requester_id"])
    assert theirs.json()["user_id"] == made["requester_id"]
    listed = conversations(fresh, made)
    assert [(one["source"], one["private"], one["incoming"]) for one in listed] == [
        (2, True, False), (2, False, True)]  # fmt: skip
    said = sandbox.record("ticket_comment", kind="note")
    assert [(one["public"], one["author"]["staff"]) for one in said] == [(False, True), (True, False)]  # fmt: skip
    assert sandbox.record("email_sent") == []


def test_a_customers_note_does_not_open_the_ticket_again(fresh, raised):
    made = raised()
    fresh("PUT", f"tickets/{made['id']}", {"status": 4})
    note(fresh, made, private=False, incoming=True, user_id=made["requester_id"])
    assert fresh("GET", f"tickets/{made['id']}").json()["status"] == 4


@pytest.mark.parametrize(
    ("more", "field", "code"),
    [
        ({"body": None}, "body", "missing_field"),
        ({"body": 5}, "body", "datatype_mismatch"),
        ({"private": "yes"}, "private", "datatype_mismatch"),
        ({"user_id": 1}, "user_id", "invalid_value"),
        ({"public": True}, "public", "invalid_field"),
    ],
)
def test_a_note_that_does_not_fit_is_refused(fresh, raised, more, field, code):
    assert errors(note(fresh, raised(), **more)) == (400, [(field, code)])


def test_a_reply_goes_to_the_requester_by_mail_and_the_record_says_so(sandbox, fresh):
    made = fresh("POST", "tickets", wish(email="ana@mail.example")).json()
    answer = fresh("POST", f"tickets/{made['id']}/reply", {"body": "We are on it"})
    assert (answer.status_code, answer.json()["replied_to"]) == (201, ["ana@mail.example"])
    assert not {"private", "incoming", "source"} & set(answer.json())
    (mail,) = sandbox.record("email_sent", by="bridge")
    assert (mail["ticket"], mail["to"]) == (made["id"], "ana@mail.example")
    assert conversations(fresh, made)[0]["source"] == 0
    theirs = {"body": "x", "user_id": made["requester_id"]}
    refused = fresh("POST", f"tickets/{made['id']}/reply", theirs)
    assert errors(refused) == (400, [("user_id", "invalid_value")])


def test_html_is_cleaned(fresh, raised):
    body = ('<!-- hidden --><p data-bridge="m1" onclick="x()">Hi <b>you</b> &amp; me<br>two</p>'
            "<script>alert(1)</script><a href='javascript:x()'>link</a>")  # fmt: skip
    said = note(fresh, raised(), body=body).json()
    assert said["body"] == "<div><p>Hi <b>you</b> &amp; me<br>two</p><a>link</a></div>"
    assert said["body_text"] == "Hi you & me two link"


def test_conversations_come_oldest_first_in_pages(fresh, raised):
    made = raised()
    for number in range(12):
        note(fresh, made, body=f"n{number}")
    path = f"tickets/{made['id']}/conversations"
    first = fresh("GET", path, params={"per_page": "10"})
    assert [one["body_text"] for one in first.json()] == [f"n{number}" for number in range(10)]
    assert 'rel="next"' in first.headers["link"]
    second = fresh("GET", path, params={"per_page": "10", "page": "2"})
    assert [one["body_text"] for one in second.json()] == ["n10", "n11"]
    assert "link" not in second.headers
    assert errors(fresh("GET", path, params={"per_page": "101"}))[0] == 400
    within = fresh("GET", f"tickets/{made['id']}", params={"include": "conversations"})
    assert [one["body_text"] for one in within.json()["conversations"]] == [f"n{number}" for number in range(10)]  # fmt: skip


def test_notes_are_edited_replies_are_not_and_both_are_removed(sandbox, fresh, raised):
    made = raised()
    said = note(fresh, made).json()
    reply = sandbox.post("agent/comment", {"ticket": made["id"], "text": "Hello"})
    edited = fresh("PUT", f"conversations/{said['id']}", {"body": "Other"})
    assert (edited.status_code, edited.json()["body_text"]) == (200, "Other")
    assert conversations(fresh, made)[0]["last_edited_at"] is not None
    assert fresh("PUT", f"conversations/{reply['id']}", {"body": "Other"}).status_code == 405
    for one in (said, reply):
        assert fresh("DELETE", f"conversations/{one['id']}").status_code == 204
    assert conversations(fresh, made) == []
    assert fresh("DELETE", f"conversations/{said['id']}").status_code == 404


# --- files ---------------------------------------------------------------------------------------


def test_a_form_brings_files_and_all_other_fields(sandbox, fresh):
    parts = [
        ("unique_external_id", (None, "instagram:1")), ("name", (None, "Ana")), ("subject", (None, "Zażółć")),
        ("description", (None, "<div>See\r\nthis</div>")), ("priority", (None, "3")), ("tags[]", (None, "a")),
        ("tags[]", (None, "b")), ("custom_fields[cf_bridge_id]", (None, "stamp")),
        ("attachments[]", ("photo.png", b"PNG\r\n--x\r\n", "image/png")), ("attachments[]", ("b.txt", b"", "text/plain")),
    ]  # fmt: skip
    made = fresh("POST", "tickets", files=parts)
    assert made.status_code == 201, made.text
    ticket = made.json()
    assert (ticket["subject"], ticket["priority"], ticket["tags"]) == ("Zażółć", 3, ["a", "b"])
    assert ticket["custom_fields"]["cf_bridge_id"] == "stamp"
    photo, empty = ticket["attachments"]
    assert (photo["name"], photo["content_type"], photo["size"], empty["size"]) == (
        "photo.png", "image/png", 10, 0)  # fmt: skip
    got = sandbox.http.get(photo["attachment_url"], timeout=10)
    assert (got.content, got.headers["content-type"]) == (b"PNG\r\n--x\r\n", "image/png")


def test_a_files_address_is_signed_and_ends(sandbox, fresh, raised):
    made = raised()
    parts = [("body", (None, "See")), ("private", (None, "false")), ("attachments[]", ("a.txt", b"A", "text/plain"))]  # fmt: skip
    said = fresh("POST", f"tickets/{made['id']}/notes", files=parts).json()
    assert said["private"] is False
    url = said["attachments"][0]["attachment_url"]
    assert "Expires=" in url
    assert sandbox.http.get(re.sub("Signature=.", "Signature=x", url), timeout=10).status_code == 403  # fmt: skip
    assert sandbox.http.get(url, timeout=10).content == b"A"
    sandbox.post("clock", {"advance": 4 * HOUR + 1})
    assert sandbox.http.get(url, timeout=10).status_code == 403
    fresh_url = conversations(fresh, made)[0]["attachments"][0]["attachment_url"]
    assert sandbox.http.get(fresh_url, timeout=10).content == b"A"


def test_all_files_of_a_ticket_together_have_20_megabytes(fresh, raised):
    made = raised()

    def attach(megabytes):
        content = b"x" * (megabytes * 1024 * 1024)
        parts = [("body", (None, "See")), ("attachments[]", ("a.bin", content))]
        return fresh("POST", f"tickets/{made['id']}/notes", files=parts)

    assert attach(12).status_code == 201
    assert errors(attach(9)) == (400, [("attachments", "invalid_value")])
    assert attach(8).status_code == 201


def test_a_ticket_has_ten_children_and_a_child_has_none(fresh, raised):
    parent = raised()["id"]
    children = [fresh("POST", "tickets", wish(parent_id=parent)) for _ in range(10)]
    assert [one.status_code for one in children] == [201] * 10
    refused = (400, [("parent_id", "invalid_value")])
    assert errors(fresh("POST", "tickets", wish(parent_id=parent))) == refused
    assert errors(fresh("POST", "tickets", wish(parent_id=children[0].json()["id"]))) == refused
    assert errors(fresh("POST", "tickets", wish(parent_id=999_999_999))) == refused
