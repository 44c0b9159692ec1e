"""`bridge alarm`: what stands, by its name, and how an operator ends it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridge.store import PREFIX


def test_an_alarm_is_ended_by_its_name_and_the_others_stand(house: Any) -> None:
    house.store.alarm("notify:pr", "a rule wants pr to look", 86400)
    house.store.alarm("fuse", "a conversation was stopped", 86400)
    out = house.run("alarm", "list")[1]
    assert "notify:pr  since" in out
    assert "a rule wants pr to look" in out
    assert "did you mean 'notify:pr'" in house.run("alarm", "end", "notify:pt")[2]
    code, out, _ = house.run("alarm", "end", "notify:pr")
    assert (code, "notify:pr has ended" in out) == (0, True)
    assert list(house.json("alarm", "list")["alarms"]) == ["fuse"]
    assert house.run("alarm", "end", "notify:pr")[0] == 1


def test_without_alarms_it_says_so(house: Any) -> None:
    assert house.run("alarm", "list") == (0, "no alarms\n", "")


@pytest.mark.parametrize(
    ("name", "told"),
    [("down:meta", "bridge resume"), ("rules", "mended"), ("crowd:abc", "bridge crisis end")],
)
def test_what_lasts_is_ended_by_what_ends_it(house: Any, name: str, told: str) -> None:
    house.store.alarm(name, "as it is")
    house.store.client.hset(f"{PREFIX}spikes", "c", json.dumps({"room": "abcdef"}))
    code, _, err = house.run("alarm", "end", name)
    assert code == 1
    assert told in err
    assert list(house.store.alarms()) == [name]


def test_the_alarm_of_an_incident_that_is_over_can_be_ended(house: Any) -> None:
    house.store.alarm("crowd:abc", "as it was")
    assert house.run("alarm", "end", "crowd:abc")[0] == 0
    assert house.store.alarms() == {}
