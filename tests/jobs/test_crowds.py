"""Counting in the journal: each message once, an incident once, whatever is repeated."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import redis

from bridge.store import PREFIX, Orders, Store

ROOM = "0" * 32
LANE = f"in:{ROOM}"
INCIDENT = "1" * 32


@pytest.fixture
def store(client: redis.Redis) -> Iterator[Store]:
    built = Store(client, keep=3600, keep_raw=600, clock=lambda: datetime.now(UTC))
    client.set(f"{PREFIX}lease:{LANE}", "me")
    client.rpush(f"{PREFIX}l:{LANE}", "waits")
    yield built
    built.close()


def order(eid: str, ago: float = 0, room: str = INCIDENT) -> dict[str, Any]:
    at = int((time.time() - ago) * 1000)
    push = [
        {
            "e": f"open-{room}",
            "lane": "in",
            "room": room,
            "c": "bridge",
            "f": {"k": "c", "doc": "{}"},
        }
    ]
    spike = json.dumps({"v": 1, "room": room, "since": int(time.time() * 1000)})
    begin = {"room": room, "spike": spike, "facts": ["v", "1"], "push": push}
    return {"c": "crowd", "e": eid, "at": at, "over": 60_000, "needed": 3, "begin": begin}


def count(store: Store, *items: dict[str, Any]) -> None:
    orders = Orders(LANE, ROOM)
    orders.crowds = list(items)
    assert store.settle("me", orders) == 1


def members(store: Store, room: str = INCIDENT) -> list[str]:
    return store.crowd("crowd", room, 60, 0, 100)[2]


def test_the_message_that_makes_the_crowd_whole_begins_one_incident(store: Store) -> None:
    count(store, order("a"), order("b"))
    assert store.spikes() == {}
    count(store, order("c"))
    assert store.spikes()["crowd"]["room"] == INCIDENT
    assert members(store) == ["a", "b", "c"]
    assert store.client.lrange(f"{PREFIX}l:in:{INCIDENT}", 0, -1) == [f"open-{INCIDENT}".encode()]
    count(store, order("d", room="2" * 32))
    assert store.spikes()["crowd"]["room"] == INCIDENT
    assert members(store) == ["a", "b", "c", "d"]
    assert members(store, "2" * 32) == []


def test_what_is_written_down_twice_counts_once(store: Store) -> None:
    for _ in range(3):
        count(store, order("a"), order("b"))
    assert store.spikes() == {}
    for _ in range(3):
        count(store, order("c"))
    assert members(store) == ["a", "b", "c"]
    (hour,) = [at for at in store.hash("hours:crowd:crowd") if at != "first"]
    assert store.hash("hours:crowd:crowd")[hour] == "3"
    assert store.books()["bridge"]["received"] == 1


def test_old_words_make_no_crowd_but_belong_to_the_incident_they_came_in(store: Store) -> None:
    count(store, order("old", 61), order("b"), order("c"))
    assert store.spikes() == {}
    count(store, order("d"))
    count(store, order("late", 50), order("older", 70))
    assert members(store) == ["b", "c", "d", "late"]


def test_an_incident_ends_only_by_its_own_word(store: Store) -> None:
    count(store, order("a"), order("b"), order("c"))
    count(store, {"c": "crowd", "room": "2" * 32})
    assert store.spikes()
    count(
        store,
        {"c": "crowd", "room": INCIDENT, "spike": '{"room": "' + INCIDENT + '", "ticket": "7"}'},
    )
    assert store.spikes()["crowd"]["ticket"] == "7"
    count(store, {"c": "crowd", "room": INCIDENT})
    assert store.spikes() == {}


def test_whose_turn_is_over_counts_nothing(store: Store) -> None:
    orders = Orders(LANE, ROOM)
    orders.crowds = [order("a"), order("b"), order("c")]
    assert store.settle("somebody else", orders) == 0
    assert store.spikes() == {}
