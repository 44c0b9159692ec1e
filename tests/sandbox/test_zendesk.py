"""What the Zendesk API does and refuses."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.sandbox import wires

HOUR = 3600


def error(response):
    return response.status_code, response.json()["error"]


def token(desk, **more):
    wish = {"grant_type": "client_credentials", "client_id": wires.ZENDESK_CLIENT_ID,
            "client_secret": wires.ZENDESK_CLIENT_SECRET, "scope": "read tickets:write users:write", **more}  # fmt: skip
    return desk("POST", "/oauth/tokens", wish, auth=False)


def bearer(desk, **more):
    return {"Authorization": f"Bearer {token(desk, **more).json()['access_token']}"}


def update(desk, ticket, **wish):
    return desk("PUT", f"/api/v2/tickets/{ticket['id']}.json", {"ticket": wish})


# --- who calls -----------------------------------------------------------------------------------


def test_client_credentials_give_a_token_that_ends(sandbox, desk):
    answer = token(desk)
    assert answer.status_code == 201
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("bearer", 1800)
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert desk("GET", "/api/v2/users/me.json", headers=headers).json()["user"]["role"] == "admin"
    sandbox.post("clock", {"advance": 1801})
    expired = desk("GET", "/api/v2/users/me", headers=headers)
    assert error(expired) == (401, "invalid_token")


@pytest.mark.parametrize(
    ("wish", "status", "code"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"expires_in": 300}, 400, "invalid_request"),
        ({"expires_in": 172800}, 400, "invalid_request"),
    ],
)
def test_a_bad_token_request_is_refused(sandbox, desk, wish, status, code):
    assert error(token(desk, **wish)) == (status, code)
    assert token(desk, expires_in=301).status_code == 201


def test_a_disabled_client_and_revoked_tokens(sandbox, desk):
    headers = bearer(desk)
    sandbox.post("settings", {"zendesk_tokens": "revoked", "zendesk_client": "disabled"})
    assert error(desk("GET", "/api/v2/users/me", headers=headers))[0] == 401
    assert error(token(desk)) == (401, "invalid_client")


def test_a_scope_is_needed_for_what_is_done(desk, ticket):
    identity = ticket()["id"]
    headers = bearer(desk, scope="read")
    assert desk("GET", f"/api/v2/tickets/{identity}", headers=headers).status_code == 200
    refused = desk(
        "PUT", f"/api/v2/tickets/{identity}", {"ticket": {"status": "open"}}, headers=headers
    )
    assert (refused.status_code, refused.json()["error"]["title"]) == (403, "Forbidden")
    good = bearer(desk, scope="tickets:write")
    assert (
        desk(
            "PUT", f"/api/v2/tickets/{identity}", {"ticket": {"status": "open"}}, headers=good
        ).status_code
        == 200
    )
    nonsense = bearer(desk, scope="everything")
    assert desk("GET", f"/api/v2/tickets/{identity}", headers=nonsense).status_code == 403


def test_api_tokens_work_until_they_end(sandbox, desk):
    assert desk("GET", "/api/v2/users/me").json()["user"]["name"] == "Bridge"
    sandbox.post("settings", {"zendesk_api_tokens": "ended"})
    assert error(desk("GET", "/api/v2/tickets")) == (401, "Couldn't authenticate you")


def test_nobody_is_an_anonymous_user_with_status_200(sandbox, desk):
    answer = desk("GET", "/api/v2/users/me.json", auth=False)
    assert (answer.status_code, answer.json()["user"]["id"]) == (200, None)
    assert error(desk("GET", "/api/v2/tickets", auth=False)) == (401, "Couldn't authenticate you")


# --- people --------------------------------------------------------------------------------------


def test_a_person_is_made_once_and_then_found(desk, sandbox):
    wish = {"user": {"name": "Ana", "external_id": "Person-1", "skip_verify_email": True}}
    made = desk("POST", "/api/v2/users/create_or_update", wish)
    again = desk(
        "POST",
        "/api/v2/users/create_or_update.json",
        {"user": {"name": "Anna", "external_id": "person-1"}},
    )
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json()["user"]["id"] == again.json()["user"]["id"]
    assert again.json()["user"]["name"] == "Anna"


def test_a_person_is_an_end_user_with_a_name(desk, sandbox):
    path = "/api/v2/users/create_or_update"
    assert error(desk("POST", path, {"user": {"external_id": "x"}})) == (422, "RecordInvalid")
    assert error(desk("POST", path, {"user": {"name": "A", "role": "agent"}})) == (
        422,
        "RecordInvalid",
    )
    assert desk("POST", path, {"user": []}).status_code == 400


# --- tickets -------------------------------------------------------------------------------------


def test_a_ticket_holds_what_was_sent(sandbox, desk, ticket):
    made = ticket(
        tags=["Bridge", "social media"],
        metadata={"bridge": "m1"},
        custom_fields=[{"id": 360, "value": "x"}],
    )
    assert (made["status"], made["external_id"]) == ("new", "stamp-1")
    assert made["tags"] == ["bridge", "media", "social"]
    assert made["custom_fields"] == [{"id": 360, "value": "x"}]
    comments = desk("GET", f"/api/v2/tickets/{made['id']}/comments.json").json()["comments"]
    assert [(one["body"], one["public"], one["metadata"]["custom"]) for one in comments] == [
        ("It is broken", True, {"bridge": "m1"})
    ]
    assert comments[0]["author_id"] == made["requester_id"]
    entry = sandbox.record("ticket")[0]
    assert (entry["ticket"], entry["by"]) == (made["id"], "bridge")


def test_the_answer_shows_what_the_accounts_triggers_did(sandbox, desk):
    body = {"ticket": {"subject": "s", "comment": {"body": "b"}}}
    answer = desk("POST", "/api/v2/tickets", body)
    events = answer.json()["audit"]["events"]
    assert answer.headers["location"].endswith(
        f"/api/v2/tickets/{answer.json()['ticket']['id']}.json"
    )
    assert answer.json()["ticket"]["priority"] == "normal"
    assert [one["value"] for one in events if one["type"] == "Change"] == ["normal"]
    assert "Set tickets with no priority to normal" in str(events)


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"comment": {"body": ""}},
        {"comment": {"body": "x"}, "priority": "higj"},
        {"comment": {"body": "x"}, "status": "on_hold"},
        {"comment": {"body": "x"}, "requester_id": 1},
        {"comment": {"body": "x", "author_id": 1}},
        {"comment": {"body": "x", "uploads": ["nonsense"]}},
        {"comment": {"body": "x" * 65_536}},
        {"comment": {"body": "x"}, "group_id": "Refunds"},
        {"comment": {"body": "x"}, "via_followup_source_id": 1},
    ],
)
def test_a_ticket_that_does_not_validate_is_refused(sandbox, desk, wish):
    answer = desk("POST", "/api/v2/tickets", {"ticket": wish})
    assert error(answer) == (422, "RecordInvalid")
    assert answer.json()["details"]
    assert sandbox.record("ticket") == []


def test_a_body_that_is_no_json_is_refused(sandbox, desk):
    answer = desk("POST", "/api/v2/tickets", data=b"{")
    assert answer.status_code == 400


def test_the_same_key_and_body_make_one_ticket(sandbox, desk):
    body, headers = {"ticket": {"comment": {"body": "b"}}}, {"Idempotency-Key": "k1"}
    first = desk("POST", "/api/v2/tickets", body, headers)
    again = desk("POST", "/api/v2/tickets", body, headers)
    assert [one.headers["x-idempotency-lookup"] for one in (first, again)] == ["miss", "hit"]
    assert first.json() == again.json()
    other = desk("POST", "/api/v2/tickets", {"ticket": {"comment": {"body": "c"}}}, headers)
    assert error(other) == (400, "IdempotentRequestError")
    assert len(sandbox.record("ticket")) == 1


def test_a_key_is_forgotten_after_two_hours(sandbox, desk):
    body, headers = {"ticket": {"comment": {"body": "b"}}}, {"Idempotency-Key": "k1"}
    first = desk("POST", "/api/v2/tickets", body, headers).json()["ticket"]["id"]
    sandbox.post("clock", {"advance": 2 * HOUR})
    again = desk("POST", "/api/v2/tickets", body, headers)
    assert again.headers["x-idempotency-lookup"] == "miss"
    assert again.json()["ticket"]["id"] != first


def test_eight_creates_at_once_with_one_key_make_one_ticket(sandbox, desk):
    body, headers = {"ticket": {"comment": {"body": "b"}}}, {"Idempotency-Key": "k1"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: desk("POST", "/api/v2/tickets", body, headers), range(8)))
    assert len({one.json()["ticket"]["id"] for one in answers}) == 1
    assert len(sandbox.record("ticket")) == 1


def test_tickets_are_found_by_external_id_at_once_and_by_search_later(sandbox, desk, ticket):
    made = ticket(external_id="Stamp-A")
    listed = desk("GET", "/api/v2/tickets.json", params={"external_id": "stamp-a"}).json()
    assert [one["id"] for one in listed["tickets"]] == [made["id"]]
    assert desk("GET", "/api/v2/tickets", params={"external_id": "stamp-b"}).json()["tickets"] == []
    query = {"query": "type:ticket external_id:Stamp-A"}
    assert desk("GET", "/api/v2/search", params=query).json()["count"] == 0
    sandbox.post("clock", {"advance": 31})
    found = desk("GET", "/api/v2/search.json", params=query).json()
    assert [(one["id"], one["result_type"]) for one in found["results"]] == [(made["id"], "ticket")]
    assert (
        desk("GET", "/api/v2/search", params={"query": "type:ticket tags:nope"}).json()["count"]
        == 0
    )
    assert (
        desk("GET", "/api/v2/search", params={"query": "status<solved tags:nope"}).json()["count"]
        == 0
    )
    assert desk("GET", "/api/v2/search", params={"query": "status<solved"}).json()["count"] == 1
    for query, count in (("-tags:nope", 1), ("type:ticket -status:new", 0)):
        told = desk("GET", "/api/v2/search", params={"query": query}).json()
        assert told["count"] == count, query


def test_an_update_adds_a_comment_and_changes_the_status(desk, ticket):
    made = ticket()
    answer = update(
        desk,
        made,
        comment={"body": "More", "public": False},
        status="open",
        metadata={"bridge": "m2"},
    )
    assert (answer.status_code, answer.json()["ticket"]["status"]) == (200, "open")
    assert answer.json()["audit"]["metadata"]["custom"] == {"bridge": "m2"}
    newest = desk(
        "GET",
        f"/api/v2/tickets/{made['id']}/comments",
        params={"sort": "-created_at", "page[size]": 1},
    ).json()
    assert [(one["body"], one["public"]) for one in newest["comments"]] == [("More", False)]
    assert newest["meta"]["has_more"] is True
    rest = desk("GET", f"/api/v2/tickets/{made['id']}/comments",
                params={"sort": "-created_at", "page[size]": 1, "page[after]": newest["meta"]["after_cursor"]}).json()  # fmt: skip
    assert [one["body"] for one in rest["comments"]] == ["It is broken"]
    assert rest["meta"]["has_more"] is False


def test_visibility_left_out_takes_after_the_first_comment(desk, ticket):
    made = ticket(comment={"body": "Quietly", "public": False})
    update(desk, made, comment={"body": "More"})
    comments = desk("GET", f"/api/v2/tickets/{made['id']}/comments").json()["comments"]
    assert [one["public"] for one in comments] == [False, False]


def test_a_closed_ticket_cannot_change_but_can_be_followed_up(sandbox, desk, ticket):
    made = ticket(tags=["bridge"])
    follow = {"comment": {"body": "Again"}, "via_followup_source_id": made["id"]}
    assert error(desk("POST", "/api/v2/tickets", {"ticket": follow}))[0] == 422
    sandbox.post("agent/status", {"ticket": made["id"], "status": "closed"})
    refused = update(desk, made, comment={"body": "More"})
    assert error(refused) == (422, "RecordInvalid")
    assert refused.json()["details"] == {
        "status": [{"description": "Status: closed prevents ticket update"}]
    }
    child = desk("POST", "/api/v2/tickets", {"ticket": follow}).json()["ticket"]
    assert child["tags"] == ["bridge"]
    assert child["via"]["source"]["rel"] == "follow_up"
    assert desk("GET", f"/api/v2/tickets/{made['id']}").json()["ticket"]["followup_ids"] == [
        child["id"]
    ]


def test_a_deleted_ticket_is_not_found_until_restored(sandbox, desk, ticket):
    made = ticket()
    sandbox.post("agent/delete", {"ticket": made["id"]})
    assert error(update(desk, made, status="open")) == (404, "RecordNotFound")
    assert error(desk("GET", f"/api/v2/tickets/{made['id']}")) == (404, "RecordNotFound")
    assert desk("GET", "/api/v2/tickets", params={"external_id": "stamp-1"}).json()["tickets"] == []
    assert desk("PUT", f"/api/v2/deleted_tickets/{made['id']}/restore").status_code == 200
    assert update(desk, made, status="open").status_code == 200


def test_a_merged_ticket_is_closed(sandbox, desk, ticket):
    source, target = ticket(), ticket(external_id="stamp-2")
    sandbox.post("agent/merge", {"ticket": source["id"], "into": target["id"]})
    assert error(update(desk, source, status="open")) == (422, "RecordInvalid")
    assert update(desk, target, status="open").status_code == 200
    shown = {one["id"]: one for one in sandbox.get("state")["zendesk"]["tickets"]}
    assert shown[source["id"]]["merged_into"] == target["id"]


def test_a_safe_update_of_an_older_state_conflicts(sandbox, desk, ticket):
    made = ticket()
    sandbox.post("clock", {"advance": 5})
    sandbox.post("agent/comment", {"ticket": made["id"], "text": "I am on it"})
    assert error(
        update(desk, made, status="pending", safe_update=True, updated_stamp=made["updated_at"])
    ) == (409, "UpdateConflict")
    now = desk("GET", f"/api/v2/tickets/{made['id']}").json()["ticket"]["updated_at"]
    assert (
        update(desk, made, status="pending", safe_update=True, updated_stamp=now).status_code == 200
    )


def test_tags_are_added_set_and_removed(desk, ticket):
    path = f"/api/v2/tickets/{ticket(tags=['a'])['id']}/tags"
    assert desk("PUT", path, {"tags": ["b"]}).json()["tags"] == ["a", "b"]
    assert desk("DELETE", path, {"tags": ["a"]}).json()["tags"] == ["b"]
    assert desk("POST", path, {"tags": ["c"]}).json()["tags"] == ["c"]


def test_an_agents_comment_opens_a_new_ticket(sandbox, desk, ticket):
    made = ticket()
    sandbox.post("agent/comment", {"ticket": made["id"], "text": "Hello"})
    assert desk("GET", f"/api/v2/tickets/{made['id']}").json()["ticket"]["status"] == "open"
    (entry,) = sandbox.record("ticket_comment", by="agent")
    assert (entry["public"], entry["author"]["staff"]) == (True, True)


def test_our_own_note_leaves_a_new_ticket_new(desk, ticket):
    answer = update(desk, ticket(), comment={"body": "note", "public": False})
    assert answer.json()["ticket"]["status"] == "new"


def test_a_file_is_uploaded_used_once_and_downloaded(sandbox, desk, ticket):
    made = ticket()
    headers = {"Content-Type": "image/png"}
    upload = desk("POST", "/api/v2/uploads?filename=photo.png", headers=headers, data=b"PNG")
    assert (upload.status_code, upload.headers["content-type"]) == (
        201,
        "text/plain; charset=utf-8",
    )
    said = {"body": "See", "public": True, "uploads": [upload.json()["upload"]["token"]]}
    assert update(desk, made, comment=said).status_code == 200
    assert error(update(desk, made, comment=said)) == (422, "RecordInvalid")
    comments = desk("GET", f"/api/v2/tickets/{made['id']}/comments").json()["comments"]
    (file,) = comments[-1]["attachments"]
    assert sandbox.http.get(file["content_url"], timeout=10).content == b"PNG"


def test_unknown_keys_are_ignored_with_a_warning(desk, ticket):
    answer = update(desk, ticket(), additional_tags=["x"], status="open")
    assert answer.status_code == 200
    assert "ticket.additional_tags" in answer.headers["x-zendesk-api-warn"]


def test_paths_work_with_json_but_webhooks_without(desk, sandbox):
    assert desk("GET", "/api/v2/triggers.json").status_code == 200
    assert desk("GET", "/api/v2/webhooks").status_code == 200
    assert desk("GET", "/api/v2/webhooks.json").status_code == 404


# --- limits --------------------------------------------------------------------------------------


def test_thirty_updates_of_a_ticket_in_ten_minutes(sandbox, desk, ticket):
    made, other = ticket(), ticket(external_id="stamp-2")
    answers = [update(desk, made, status="open") for _ in range(31)]
    assert [one.status_code for one in answers] == [200] * 30 + [429]
    assert (
        answers[0]
        .headers["zendesk-ratelimit-per-ticket-updates"]
        .startswith("total=30; remaining=29; resets=")
    )
    wait = int(answers[-1].headers["retry-after"])
    assert 590 <= wait <= 600
    assert answers[-1].json()["error"] == "APIRateLimitExceeded"
    assert update(desk, other, status="open").status_code == 200
    sandbox.post("clock", {"advance": wait + 1})
    assert update(desk, made, status="open").status_code == 200


def test_the_accounts_limit_is_told_in_text(sandbox, desk):
    sandbox.post("limits", {"zendesk": {"account_per_minute": 2}})
    first = desk("GET", "/api/v2/users/me")
    assert (first.headers["x-rate-limit"], first.headers["x-rate-limit-remaining"]) == ("2", "1")
    desk("GET", "/api/v2/users/me")
    refused = desk("GET", "/api/v2/users/me")
    assert (refused.status_code, refused.text) == (
        429,
        "Number of allowed API requests per minute exceeded",
    )
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert desk("GET", "/api/v2/webhooks").status_code == 200  # these have a budget of their own


def test_updates_of_the_account_are_limited_while_reads_are_not(sandbox, desk, ticket):
    made = ticket()
    sandbox.post("limits", {"zendesk": {"updates_per_minute": 1}})
    assert [update(desk, made, status=one).status_code for one in ("open", "pending")] == [200, 429]
    assert desk("GET", f"/api/v2/tickets/{made['id']}").status_code == 200
