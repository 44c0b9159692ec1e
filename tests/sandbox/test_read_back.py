"""What can be asked of the platforms and helpdesks afterwards, and webhooks that are lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests
from support.sandbox import Sandbox

from bridge.sandbox import wires

Call = Callable[..., requests.Response]
Make = Callable[..., dict[str, Any]]


def comment(sandbox: Sandbox, text: str, **more: Any) -> str:
    wish = {"person": "Ana", "text": text, **more}
    return str(sandbox.post("customer/comment", wish)["id"])


# --- lost webhooks -----------------------------------------------------------------------------


def test_what_is_held_and_given_up_is_never_told(sandbox: Sandbox, listener: Any) -> None:
    sandbox.post("hooks/hold", {"system": "meta"})
    comment(sandbox, "Lost")
    assert sandbox.post("hooks/drop", {"system": "meta"})["given_up"] == 1
    comment(sandbox, "Heard")
    sandbox.idle()
    assert [b"Heard" in one.body for one in listener.got] == [True]
    assert [one["error"] for one in sandbox.record("webhook", ok=False)] == ["given up"]


def test_while_webhooks_are_lost_nobody_is_told_and_then_again(
    sandbox: Sandbox, listener: Any
) -> None:
    sandbox.post("hooks/drop", {"system": "meta", "on": True})
    comment(sandbox, "Lost")
    sandbox.post("hooks/drop", {"system": "meta", "on": False})
    comment(sandbox, "Heard")
    sandbox.idle()
    assert [b"Heard" in one.body for one in listener.got] == [True]


def test_a_delivery_that_waits_for_its_next_try_is_given_up(
    sandbox: Sandbox, listener: Any
) -> None:
    listener.answers = [(500, {})] * 2
    comment(sandbox, "Refused")
    listener.wait(2)  # at once, and again at once; the next try would be in ten seconds
    assert sandbox.post("hooks/drop", {"system": "meta"})["given_up"] == 1
    sandbox.idle()
    assert len(listener.got) == 2


# --- Meta --------------------------------------------------------------------------------------


def test_a_feed_brings_the_comments_of_its_posts_as_they_are_asked_for(
    sandbox: Sandbox, graph: Call
) -> None:
    root = comment(sandbox, "first")
    comment(sandbox, "second")
    comment(sandbox, "an answer", reply_to=root)
    asked = "comments.filter(stream).order(reverse_chronological).limit(2){message,parent{id}}"
    shown = graph("GET", f"{wires.PAGE_ID}/feed", fields=f"id,{asked}").json()["data"]
    listed = next(post["comments"] for post in shown if post["comments"]["data"])
    assert [one["message"] for one in listed["data"]] == ["an answer", "second"]
    assert listed["data"][0]["parent"]["id"] == root
    assert "parent" not in listed["data"][1]
    assert listed["paging"]["next"]
    plain = graph("GET", f"{wires.PAGE_ID}/feed", fields="id,comments{message}").json()["data"]
    top = next(post["comments"]["data"] for post in plain if post["comments"]["data"])
    assert [one["message"] for one in top] == ["first", "second"]


def test_media_bring_their_newest_comments_with_the_answers(sandbox: Sandbox, graph: Call) -> None:
    root = comment(sandbox, "first", channel="instagram")
    comment(sandbox, "second", channel="instagram")
    comment(sandbox, "an answer", channel="instagram", reply_to=root)
    fields = "id,comments.limit(5){text,timestamp,replies{text}}"
    shown = graph("GET", f"{wires.INSTAGRAM_ID}/media", fields=fields).json()["data"]
    listed = next(one["comments"]["data"] for one in shown if one["comments"]["data"])
    assert [one["text"] for one in listed] == ["second", "first"]
    assert [one["text"] for one in listed[1]["replies"]["data"]] == ["an answer"]


def test_the_chat_that_was_written_in_last_comes_first(sandbox: Sandbox, graph: Call) -> None:
    for person in ("Ana", "Ben", "Ana"):
        wish = {"channel": "messenger", "person": person, "text": f"{person} writes"}
        sandbox.post("customer/message", wish)
    fields = "messages.limit(1){message}"
    chats = graph("GET", f"{wires.PAGE_ID}/conversations", fields=fields).json()["data"]
    assert [one["messages"]["data"][0]["message"] for one in chats] == ["Ana writes", "Ben writes"]


def test_who_mentions_the_profile_is_listed_newest_first(sandbox: Sandbox) -> None:
    for text in ("one", "two"):
        sandbox.post("customer/mention", {"channel": "threads", "person": "Ana", "text": text})
    head = {"Authorization": f"Bearer {wires.THREADS_TOKEN}"}
    url = f"{sandbox.url}/graph/v1.0/me/mentions"
    answer = sandbox.http.get(url, params={"fields": "id,text"}, headers=head, timeout=30)
    assert [one["text"] for one in answer.json()["data"]] == ["two", "one"]


# --- Zendesk -----------------------------------------------------------------------------------


def searched(desk: Call, query: str, **more: str) -> requests.Response:
    return desk("GET", "/api/v2/search", params={"query": query, **more})


def test_a_search_finds_what_changed_since_in_order_page_by_page(
    sandbox: Sandbox, desk: Call, ticket: Make
) -> None:
    sandbox.post("settings", {"zendesk_search_lag": 0})
    made = [ticket(external_id=f"stamp-{number}") for number in range(3)]
    sandbox.post("clock", {"advance": 100})
    sandbox.post("agent/comment", {"ticket": made[0]["id"], "text": "Soon"})
    changed = desk("GET", f"/api/v2/tickets/{made[0]['id']}").json()["ticket"]["updated_at"]
    sandbox.post("clock", {"advance": 60})
    since = f"type:ticket updated>={changed}"
    assert [one["id"] for one in searched(desk, since).json()["results"]] == [made[0]["id"]]
    order = {"sort_by": "updated_at", "sort_order": "asc", "per_page": "2"}
    first = searched(desk, "type:ticket updated>=2020-01-01", **order).json()
    assert first["next_page"]
    rest = searched(desk, "type:ticket updated>=2020-01-01", page="2", **order).json()
    ids = [one["id"] for one in (*first["results"], *rest["results"])]
    assert ids[-1] == made[0]["id"]
    assert {one["id"] for one in made} <= set(ids)
    assert searched(desk, since, page="11").status_code == 422


def test_the_index_knows_a_change_as_late_as_a_ticket(
    sandbox: Sandbox, desk: Call, ticket: Make
) -> None:
    number = ticket()["id"]
    since = "type:ticket updated>=2020-01-01"
    assert number not in [one["id"] for one in searched(desk, since).json()["results"]]
    sandbox.post("clock", {"advance": 31})
    assert number in [one["id"] for one in searched(desk, since).json()["results"]]


def test_the_export_tells_every_change_and_nothing_too_recent(
    sandbox: Sandbox, desk: Call, ticket: Make
) -> None:
    number = ticket()["id"]
    sandbox.post("agent/delete", {"ticket": number})
    url, now = "/api/v2/incremental/tickets/cursor", sandbox.get("clock")["now"]
    assert now
    early = {"start_time": "1600000000"}
    told = desk("GET", url, params=early).json()
    assert number in [one["id"] for one in told["tickets"]]
    assert told["end_of_stream"] is True
    assert desk("GET", url, params={"cursor": told["after_cursor"]}).json()["tickets"] == []
    assert desk("GET", url, params={"start_time": "9999999999"}).status_code == 422
    assert desk("GET", url).status_code == 400


def test_freshdesk_lists_what_changed_since(sandbox: Sandbox, fresh: Call, raised: Make) -> None:
    made = [raised(), raised(unique_external_id="instagram:2")]
    sandbox.post("clock", {"advance": 100})
    wish = {"helpdesk": "freshdesk", "ticket": made[0]["id"], "text": "Soon"}
    sandbox.post("agent/comment", wish)
    at = fresh("GET", f"tickets/{made[0]['id']}").json()["updated_at"]
    order = {"updated_since": at, "order_by": "updated_at", "order_type": "asc"}
    listed = fresh("GET", "tickets", params=order).json()
    assert [one["id"] for one in listed] == [made[0]["id"]]
