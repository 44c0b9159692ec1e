"""An agent whose answer finds the platform closed is told on the ticket, once, and the answer goes out after."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.people import feed, page
from support.town import COMPLAINT, agent_says

from bridge.jobs.undelivered import LASTS

ANSWER = "We are sorry, your money is on its way."


@pytest.fixture
def said(sandbox: Any) -> dict[str, str]:
    """A complaint as the platform has it."""
    made: dict[str, str] = sandbox.post("customer/comment", {"text": COMPLAINT, "person": "Ana"})
    return made


@pytest.fixture
def ticket(town: Any, sandbox: Any, said: dict[str, str]) -> int:
    """The ticket of who complained."""
    town.comment(COMPLAINT, said["id"], said["person_id"])
    town.work()
    number: int = sandbox.record("ticket")[0]["ticket"]
    return number


def close(town: Any, why: str) -> None:
    """Let the platform be found closed, for an hour: a breaker that has just opened is tried after two seconds."""
    for _ in range(5 if why == "outage" else 1):
        town.store.trouble("meta", why, 3600, "meta is closed")
    assert town.store.down("meta")["why"] == why
    town.store.client.hset("bridge:down:meta", "until", int((town.store.time() + 3600) * 1000))


def work(town: Any) -> None:
    """Work as if every lane had waited long enough to come up by itself."""
    for lane in town.store.client.zrange("bridge:due", 0, -1):
        town.store.client.zadd("bridge:due", {lane: 0})
    town.work()


def told(sandbox: Any) -> list[str]:
    """The notes that say that an answer waits."""
    notes = [one["text"] for one in sandbox.record("ticket_comment", public=False)]
    return [one for one in notes if one.startswith("Not delivered yet")]


def age(town: Any, seconds: float) -> None:
    """Let all events have come so much earlier."""
    for eid, fields in list(town.store.events()):
        town.store.client.hset(f"bridge:e:{eid}", "at", float(fields["at"]) - seconds * 1000)


@pytest.mark.parametrize(
    ("why", "words"), [("auth", "access to the platform"), ("paused", "operator has paused")]
)
def test_what_a_person_has_to_mend_is_told_at_once_and_once(
    town: Any, sandbox: Any, ticket: int, why: str, words: str
) -> None:
    close(town, why)
    agent_says(town, ticket, ANSWER)
    for _ in range(3):
        work(town)
    (note,) = told(sandbox)
    assert words in note
    assert f"| {ANSWER}" in note
    assert sandbox.record("comment", by="bridge") == []
    assert town.run("resume", "meta")[0] == 0
    work(town)
    assert [one["text"] for one in sandbox.record("comment", by="bridge")] == [ANSWER]
    assert len(told(sandbox)) == 1


def test_an_outage_is_told_when_it_lasts_and_not_before(
    town: Any, sandbox: Any, ticket: int
) -> None:
    close(town, "outage")
    agent_says(town, ticket, ANSWER)
    work(town)
    age(town, LASTS - 60)
    work(town)
    assert told(sandbox) == []
    age(town, 61)
    for _ in range(2):
        work(town)
    (note,) = told(sandbox)
    assert "does not answer" in note


def test_a_platform_that_fails_without_being_closed_is_told_when_it_lasts(
    town: Any, sandbox: Any, ticket: int
) -> None:
    sandbox.post("faults", {"system": "meta", "method": "POST", "path": "/comments$",
                            "effect": "status", "status": 503, "times": None})  # fmt: skip
    agent_says(town, ticket, ANSWER)
    work(town)
    assert told(sandbox) == []
    age(town, LASTS)
    work(town)
    assert len(told(sandbox)) == 1


def test_an_answer_that_waits_does_not_ask_the_helpdesk_again_and_again(
    town: Any, sandbox: Any, ticket: int
) -> None:
    close(town, "auth")
    sandbox.post("faults", {"system": "zendesk", "method": "GET", "path": f"/tickets/{ticket}/",
                            "effect": "status", "status": 500, "times": None})  # fmt: skip
    agent_says(town, ticket, ANSWER)
    for _ in range(3):
        work(town)
    assert len(told(sandbox)) == 1
    assert sandbox.record("fault") == []


def test_with_the_helpdesk_paused_nothing_is_written_on_the_ticket(
    town: Any, sandbox: Any, ticket: int
) -> None:
    town.run("pause")
    agent_says(town, ticket, ANSWER)
    for _ in range(2):
        work(town)
    assert told(sandbox) == []
    town.run("resume", "zendesk")
    for _ in range(2):
        work(town)
    assert len(told(sandbox)) == 1  # now that somebody may write there


def test_what_the_customer_says_stays_parked_beside_the_note(
    town: Any, sandbox: Any, ticket: int, said: dict[str, str]
) -> None:
    town.run("pause", "meta")
    place = {"comment_id": f"{said['id']}9", "post_id": said["post_id"], "parent_id": said["id"]}
    person = {"from": {"id": said["person_id"], "name": "Ana"}}
    value = feed("9", "Hello? Anybody there?", **place, **person)
    body = {"object": "page", "entry": [page(value)]}
    town.deliver("meta", json.dumps(body).encode(), "delivery-9")
    agent_says(town, ticket, ANSWER)
    for _ in range(2):
        work(town)
    assert len(told(sandbox)) == 1
    assert "Hello?" not in str(sandbox.record("ticket_comment", public=True))
    assert town.json("status")["books"]["meta"]["parked"] == 1
    town.run("resume", "meta")
    for _ in range(2):
        work(town)
    assert "Hello?" in str(sandbox.record("ticket_comment", public=True))
    assert len(sandbox.record("ticket")) == 1
