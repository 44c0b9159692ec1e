"""`bridge status`: the books balance, and say so."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from support.redisbox import RedisBox

from bridge.store import PREFIX

ENDS = ("done", "ignored", "parked", "dead", "in_progress")


def test_every_configured_connection_has_a_row_also_with_zeros(house: Any) -> None:
    told = house.json("status")
    assert list(told["books"]) == ["meta", "telegram", "freshdesk", "zendesk", "bridge"]
    assert all(set(row.values()) == {0} for row in told["books"].values())
    assert told["connections"]["meta"] == {"state": "open", "since": None, "last_received": None}
    assert told["limits"]["zendesk"]["account"]["limit"] == 400
    assert told["alarms"] == {}


def test_what_came_is_in_exactly_one_column(town: Any) -> None:
    town.comment("I want a refund, this is broken!", "11")
    town.comment("lovely, thank you", "12", person="32")
    town.deliver("meta", b"not json", "rubbish")
    town.deliver("meta", b"not json", "rubbish")
    before = town.json("status")["books"]["meta"]
    assert (before["received"], before["in_progress"], before["duplicates"]) == (3, 3, 1)
    town.work()
    code, out, _ = town.run("status")
    assert code == 0
    row = town.json("status")["books"]["meta"]
    assert (row["received"], row["done"], row["ignored"], row["dead"]) == (3, 1, 1, 1)
    found = re.search(
        r"^meta +(\d+) = (?: *)(\d+) \+ +(\d+) \+ +(\d+) \+ +(\d+) \+ +(\d+)", out, re.M
    )
    assert found, out
    received, *ends = map(int, found.groups())
    assert received == sum(ends) == 3
    assert re.search(r"^total +\d+ =", out, re.M)


def test_who_waits_for_an_answer_is_told_and_how_others_were_answered(town: Any) -> None:
    town.comment("I want a refund, this is broken!", "31")
    town.work()
    told = town.json("status")["answers"]
    assert told == {"meta": {"waiting": 1, "overdue": 1, "in_time": 0, "late": 0, "found_late": 0, "unanswered": 0}}  # fmt: skip
    town.store.client.hset(
        f"{PREFIX}answers:meta", mapping={"in_time": 41, "late": 2, "found_late": 3}
    )
    _, out, _ = town.run("status")
    assert (
        "meta: 1 wait for an answer, 1 longer than promised; 41 of 43 answers, 95 % in time; "
        "3 that were told of too late"
    ) in out
    (ticket,) = [row["ticket"] for _, row in town.store.events() if row.get("waits")]
    told = [
        one["sentence"]
        for one in town.json("why", ticket.partition(":")[2])["events"]
        if one["kind"] == "wait"
    ]
    assert len(told) == 1
    assert told[0].startswith("A customer waits for an answer since ")


def test_each_rule_tells_how_often_it_matched_and_those_that_never_did(town: Any) -> None:
    file = town.folder / "mappings" / "rules.yaml"
    text = file.read_text("utf-8")
    trial = "  - name: trial\n    shadow: true\n    when: {kind: comment}\n    then: {ignore: x}\n"
    file.write_text(text.replace("rules:\n", f"rules:\n{trial}", 1), "utf-8")
    town.comment("I want a refund, this is broken!", "21")
    town.comment("My dress is yellow", "22", person="32")
    town.work()
    told = town.json("status")["matches"]
    assert next(iter(told)) == "trial"  # in the order of the file
    assert (told["trial"]["matches"], told["trial"]["shadow"]) == (0, 2)
    assert sum(one["matches"] for one in told.values()) == 2
    assert told["low-review"] == {
        "matches": 0, "shadow": 0, "moved": 0, "last": None, "in_force": True,
    }  # fmt: skip
    file.write_text(text, "utf-8")
    out = town.run("status")[1]
    assert re.search(r"^rule +matched +in shadow +moved +last$", out, re.M)
    assert re.search(r"^trial +0 +2 .*not in force any more", out, re.M)
    assert re.search(r"^never matched yet: .*low-review", out, re.M)


def test_without_a_match_there_is_no_table(house: Any) -> None:
    assert "matched" not in house.run("status")[1]


def test_our_own_notes_are_a_row_of_their_own(town: Any) -> None:
    town.comment("I want a refund, this is broken!", "13")
    town.work()
    row = town.json("status")["books"]["bridge"]
    assert row["received"] == row["done"] + row["ignored"] >= 1
    assert "our own notes and notices" in town.run("status")[1]


def test_books_that_do_not_balance_are_told_and_end_with_1(house: Any) -> None:
    house.store.client.hset(PREFIX + "last", "meta", 1)
    house.store.client.hset(PREFIX + "books:meta", "received", 2)
    code, _, err = house.run("status")
    assert code == 1
    assert "the books of meta do not balance" in err


def test_the_budget_that_was_spent_is_shown(town: Any) -> None:
    assert town.json("status")["limits"]["zendesk"]["account"]["used"] == 0
    town.comment("I want a refund, this is broken!", "14")
    town.work()
    assert town.json("status")["limits"]["zendesk"]["account"]["used"] >= 2
    town.store.stop("zendesk", "account", 30)
    assert 0 < town.json("status")["limits"]["zendesk"]["account"]["stopped_for"] <= 30


@pytest.mark.parametrize("why", ["auth", "paused"])
def test_a_closed_connection_says_since_when_and_why(house: Any, why: str) -> None:
    house.store.trouble("telegram", why, 60, "telegram: mend it")
    told = house.json("status")
    assert told["connections"]["telegram"]["state"] == why
    assert told["connections"]["telegram"]["since"].startswith("20")
    assert told["connections"]["meta"]["state"] == "open"
    out = house.run("status")[1]
    assert "telegram: mend it" in out
    assert "ALARM since 20" in out


def test_a_broken_configuration_hides_no_books(house: Any) -> None:
    house.store.client.hset(PREFIX + "last", "meta", 1)
    house.store.client.hset(PREFIX + "books:meta", mapping={"received": 1, "done": 1})
    (house.folder / "mappings" / "rules.yaml").write_text("rules: 7")
    code, out, err = house.run("status")
    assert code == 0
    assert "`bridge check`" in err
    assert re.search(r"^meta +1 =", out, re.M)


def test_redis_away_is_a_sentence(house: Any, redisbox: RedisBox) -> None:
    redisbox.stop()
    code, out, err = house.run("status")
    assert (code, out) == (1, "")
    assert "does not answer" in err
    assert "Traceback" not in err


def test_no_redis_at_all_says_how_to_start_one(bare: Any) -> None:
    code, _, err = bare.run("status")
    assert code == 1
    assert "bridge up" in err


def test_a_killed_worker_does_not_count_as_alive(house: Any) -> None:
    client = house.store.client
    for name, beat in (("alive", house.store.time()), ("dead", house.store.time() - 3600)):
        at = datetime.fromtimestamp(beat, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        client.hset(f"rq:worker:{name}", "last_heartbeat", at)
        client.sadd("rq:workers", f"rq:worker:{name}")
    assert house.json("status")["queues"]["workers"] == 1


def test_a_redis_that_keeps_nothing_is_told_though_it_can_be_read(house: Any) -> None:
    assert house.json("status")["cannot_keep"] is None
    house.store.client.config_set("maxmemory", "1")
    try:
        code, _, err = house.run("status")
        assert code == 1
        assert "Redis is full (maxmemory)" in err
        code, out, _ = house.run("doctor")
        assert "TO MEND  redis: Redis is full (maxmemory)" in out
        assert "ok       redis: it answers" not in out
    finally:
        house.store.client.config_set("maxmemory", "0")
    assert house.run("status")[0] == 0


def test_an_incident_that_lasts_is_shown(house: Any) -> None:
    assert house.json("status")["incidents"] == []
    spike = {"crowd": "outage", "value": "facebook:1", "since": 1763805600000, "needed": 20}
    key = f"{PREFIX}spikes"
    house.store.client.hset(key, "c", json.dumps({**spike, "desk": "zendesk", "ticket": "17"}))
    (one,) = house.json("status")["incidents"]
    assert (one["crowd"], one["at"], one["helpdesk"], one["ticket"]) == (
        "outage", "facebook:1", "zendesk", "17",
    )  # fmt: skip
    assert one["since"] == "2025-11-22T10:00:00+00:00"
    _, out, _ = house.run("status")
    assert "incident outage at facebook:1 since" in out
    assert "ticket 17" in out
