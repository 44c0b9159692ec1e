"""A dead letter whose write was done already: a retry finds it, and nothing is written twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from support.town import COMPLAINT, agent_says

from bridge.cli.dead import letter
from bridge.jobs import posting, writing
from bridge.wiring import now


def crash(*_: object) -> bool:
    raise ValueError("a bug in what follows the write")


def die(town: Any, sandbox: Any) -> str:
    """Work until there is a dead letter, whatever waits for its time; its id."""
    for _ in range(12):
        for lane in town.store.client.zrange("bridge:due", 0, -1):
            key = b"bridge:i:" + lane
            if town.store.client.exists(key):  # long enough ago for a look to see it
                long_ago = (now() - timedelta(minutes=20)).isoformat()
                town.store.client.hset(key, "at", long_ago)
            town.store.client.zadd("bridge:due", {lane: 0})
        town.work()
        if dead := town.store.dead():
            return str(dead[0])
    raise AssertionError(f"nothing died: {town.store.books()}")


def test_a_ticket_that_was_opened_is_found_and_no_second_one_is(
    town: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.comment(COMPLAINT, "91")
    with monkeypatch.context() as broken:
        broken.setattr(writing, "commit", crash)
        eid = die(town, sandbox)
    assert len(sandbox.record("ticket")) == 1
    told = letter(town.store, eid)
    assert told is not None
    assert told["reason"] == "crashed: ValueError"
    assert town.run("dead", "retry", eid)[0] == 0
    town.work()
    assert town.json("why", eid)["events"][0]["state"] == "done"
    assert len(sandbox.record("ticket")) == 1
    said = [one["text"] for one in sandbox.record("ticket_comment", public=True)]
    assert said == [COMPLAINT]


def test_what_the_customer_writes_next_goes_on_the_ticket_that_nobody_knows_of(
    town: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.comment(COMPLAINT, "92")
    with monkeypatch.context() as broken:
        broken.setattr(writing, "commit", crash)
        eid = die(town, sandbox)
    town.comment(f"{COMPLAINT} And late.", "93", under="92")
    town.work()
    (ticket,) = sandbox.record("ticket")
    said = sandbox.record("ticket_comment", public=True)
    assert {one["ticket"] for one in said} == {ticket["ticket"]}
    assert len(said) == 2
    assert town.run("dead", "retry", eid)[0] == 0
    town.work()
    assert len(sandbox.record("ticket")) == 1
    assert len(sandbox.record("ticket_comment", public=True)) == 2


def test_an_answer_that_was_said_is_found_and_not_said_again(
    town: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = sandbox.post("customer/comment", {"text": COMPLAINT, "person": "Ana"})
    town.comment(COMPLAINT, made["id"], made["person_id"])
    town.work()
    agent_says(town, sandbox.record("ticket")[0]["ticket"], "Your money is on its way.")
    with monkeypatch.context() as broken:
        broken.setattr(posting, "_recorded", crash)
        eid = die(town, sandbox)
    assert len(sandbox.record("comment", by="bridge")) == 1
    assert town.run("dead", "retry", eid)[0] == 0
    town.work()
    assert town.json("why", eid)["events"][0]["state"] == "done"
    assert len(sandbox.record("comment", by="bridge")) == 1
