"""`bridge pause` and `bridge resume`: nothing is done meanwhile, nothing is lost, all goes on after."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from support.town import COMPLAINT, agent_says

from bridge.store import Orders
from bridge.wiring import now


def row(house: Any, name: str = "meta") -> dict[str, int]:
    found: dict[str, int] = house.json("status")["books"][name]
    return found


@pytest.mark.parametrize("name", ["meta", "zendesk"])
def test_what_comes_is_kept_and_worked_off_after(town: Any, sandbox: Any, name: str) -> None:
    assert town.run("pause", name)[0] == 0
    town.comment(COMPLAINT, "31")
    town.work()
    town.work()
    assert sandbox.record("ticket") == []
    assert (row(town)["received"], row(town)["parked"]) == (1, 1)
    assert town.run("resume", name)[0] == 0
    town.work()
    assert len(sandbox.record("ticket")) == 1
    assert (row(town)["done"], row(town)["parked"]) == (1, 0)
    town.work()
    assert len(sandbox.record("ticket")) == 1


def test_another_connection_goes_on(town: Any, sandbox: Any) -> None:
    town.run("pause", "telegram")
    town.comment(COMPLAINT, "32")
    town.work()
    assert len(sandbox.record("ticket")) == 1


def test_what_came_while_it_waited_comes_after_it_in_order(town: Any, sandbox: Any) -> None:
    town.run("pause", "meta")
    for number in ("33", "34", "35"):
        town.comment(f"{COMPLAINT} {number}", number, under="1" if number == "33" else "33")
        town.work()
    town.run("resume", "meta")
    town.work()
    assert len(sandbox.record("ticket")) == 1
    said = " ".join(one["text"] for one in sandbox.record("ticket_comment", public=True))
    assert said.index("33") < said.index("34") < said.index("35")


def test_an_answer_waits_too_and_is_posted_once(town: Any, sandbox: Any) -> None:
    made = sandbox.post("customer/comment", {"text": COMPLAINT, "person": "Ana"})
    town.comment(COMPLAINT, made["id"], made["person_id"])
    town.work()
    ticket = sandbox.record("ticket")[0]["ticket"]
    town.run("pause", "meta")
    agent_says(town, ticket, "We are sorry, your money is on its way.")
    town.work()
    assert sandbox.record("comment", by="bridge") == []
    assert row(town, "zendesk")["parked"] == 1
    town.run("resume", "meta")
    town.work()
    assert row(town, "zendesk")["parked"] == 0
    assert len(sandbox.record("comment", by="bridge")) == 1, town.json("why", str(ticket))


@pytest.mark.parametrize("meanwhile", ["paused", "away"])
def test_an_answer_in_doubt_is_not_said_again_before_somebody_could_look(
    town: Any, sandbox: Any, meanwhile: str
) -> None:
    made = sandbox.post("customer/comment", {"text": COMPLAINT, "person": "Ana"})
    town.comment(COMPLAINT, made["id"], made["person_id"])
    town.work()
    fault = {"system": "meta", "path": "/comments", "times": 1}
    sandbox.post("faults", {**fault, "method": "POST", "effect": "drop_after"})
    agent_says(town, sandbox.record("ticket")[0]["ticket"], "Your money is on its way.")
    town.work()
    assert len(sandbox.record("comment", by="bridge")) == 1
    lane = next(iter(town.store.client.scan_iter("bridge:i:out:*"))).decode()[len("bridge:i:") :]
    # Long enough ago for a look to see it.
    long_ago = (now() - timedelta(minutes=1)).isoformat()
    town.store.client.hset(f"bridge:i:{lane}", "at", long_ago)
    if meanwhile == "paused":
        town.run("pause", "meta")
    else:
        sandbox.post("faults", {**fault, "method": "GET", "effect": "status", "status": 503})
    for _ in range(3):
        town.store.client.zadd("bridge:due", {lane: 0})
        town.work()
        assert len(sandbox.record("comment", by="bridge")) == 1
    town.run("resume", "meta")
    town.work()
    assert len(sandbox.record("comment", by="bridge")) == 1
    assert town.store.hash(f"i:{lane}") == {}
    assert row(town, "zendesk")["done"] == 1


def test_without_a_name_all_are_meant(house: Any) -> None:
    code, out, _ = house.run("pause")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == [
        "meta", "telegram", "freshdesk", "zendesk"]  # fmt: skip
    assert {one["state"] for one in house.json("status")["connections"].values()} == {"paused"}
    assert len(house.json("status")["alarms"]) == 4
    code, out, _ = house.run("resume")
    assert (code, out.count("goes on")) == (0, 4)
    assert {one["state"] for one in house.json("status")["connections"].values()} == {"open"}
    assert house.json("status")["alarms"] == {}


def test_doing_it_twice_is_harmless_and_said(house: Any) -> None:
    house.run("pause", "meta")
    assert house.run("pause", "meta")[:2] == (0, "meta was paused already.\n")
    house.run("resume", "meta")
    assert house.run("resume", "meta")[:2] == (0, "meta was not stopped.\n")


def test_a_pause_outlives_other_troubles_and_every_clock(house: Any) -> None:
    house.run("pause", "meta")
    assert house.store.trouble("meta", "auth", 1, "refused") is False
    assert house.store.down("meta")["why"] == "paused"
    assert float(house.store.down("meta")["until"]) / 1000 > time.time() + 10 * 365 * 86400
    assert house.store.client.ttl("bridge:down:meta") == -1
    leave = house.store.gate("meta", [])
    assert (leave.wait > 1e8, leave.why) == (True, "paused")


def test_a_lane_that_settles_after_the_resume_does_not_wait(house: Any) -> None:
    store = house.store
    house.run("pause", "meta")
    store.client.zadd("bridge:due", {"in:room": 0})
    store.client.rpush("bridge:l:in:room", "x")
    store.client.hset("bridge:e:x", "state", "in_progress")
    _, lanes = store.claim("me", 0, 10)
    assert lanes == ["in:room"]
    house.run("resume", "meta")
    orders = Orders("in:room", "room", again=900_000, waits="meta")
    assert store.settle("me", orders) == 2
    assert store.claim("you", 0, 10)[1] == ["in:room"]


@pytest.mark.parametrize("command", ["pause", "resume"])
@pytest.mark.parametrize(
    ("name", "told"),
    [("zendesc", "did you mean 'zendesk'?"), ("whatever else", "there are: meta, telegram")],
)
def test_an_unknown_name_is_refused_with_the_nearest(
    house: Any, command: str, name: str, told: str
) -> None:
    code, out, err = house.run(command, name)
    assert (code, out) == (2, "")
    assert told in err
    assert house.json("status")["alarms"] == {}


def test_in_an_emergency_a_broken_file_does_not_stop_the_pause(house: Any) -> None:
    house.comment(COMPLAINT, "37")
    (house.folder / "mappings" / "rules.yaml").write_text("rules: 7")
    code, out, err = house.run("pause", "meta")
    assert code == 0
    assert "meta is paused" in out
    assert "`bridge check`" in err


def test_redis_away_is_a_sentence(bare: Any) -> None:
    for command in ("pause", "resume"):
        code, _, err = bare.run(command, "meta")
        assert code == 1
        assert "bridge up" in err
