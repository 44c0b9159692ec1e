"""The watch over an incident: what it lists, when it is over, what it leaves behind."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from support.lane import NOW, ROOM, House

from bridge.core.conditions import condition
from bridge.core.rules import Crowd, Rules
from bridge.jobs import incident
from bridge.jobs.ingest import name_of
from bridge.jobs.room import Room
from bridge.jobs.turn import Hand
from bridge.store import PREFIX, Turn

CROWD = Crowd(
    name="outage", when=condition({"text": {"any_of": ["outage"]}}), over=60, at_least=3, ends_after=600
)  # fmt: skip
WATCH = {
    "v": 1,
    "do": "round",
    "crowd": "outage",
    "cid": "c",
    "value": "",
    "needed": 3,
    "listed": 0,
}


class Incident(House):
    """An incident with a ticket, three messages, and the event that watches over it."""

    def __init__(self, client: redis.Redis) -> None:
        super().__init__(client, f"out:{ROOM}")
        self.at = NOW
        self.bridge.config = SimpleNamespace(rules=Rules(crowds=(CROWD,)))  # type: ignore[misc]
        self.bridge.label = str.capitalize  # type: ignore[method-assign]
        self.bridge.now = lambda: self.at  # type: ignore[method-assign]
        rows = [
            {"e": f"m{number}", "state": "done", "lane": "", "st": "b" * 32, "f": self.said(number)}
            for number in range(3)
        ]
        watch = {"k": "c", "doc": json.dumps(WATCH)}
        rows.append({"e": "w", "state": "in_progress", "lane": "out", "st": ROOM, "f": watch})
        self.store.record("", "meta", rows)
        client.hset(f"{PREFIX}spikes", "c", json.dumps({"crowd": "outage", "room": ROOM}))
        client.rpush(f"{PREFIX}members:{ROOM}", "m0", "m1", "m2")
        self.count(3)

    @staticmethod
    def said(number: int) -> dict[str, str]:
        author = {"name": f"Ana {number}"}
        doc = {"v": 1, "channel": "facebook", "text": f"outage {number}", "author": author}
        return {"k": "m", "doc": json.dumps(doc)}

    def count(self, many: int) -> None:
        """So many messages were written in the last minute."""
        client = self.store.client
        client.delete(f"{PREFIX}crowd:c")
        for number in range(many):
            client.zadd(f"{PREFIX}crowd:c", {f"m{number}": int(time.time() * 1000)})

    def look(self, seconds: float = 0) -> None:
        """The watch comes up, so much later."""
        self.at += timedelta(seconds=seconds)

        def step(hand: Hand, turn: Turn) -> None:
            room = Room.read(turn.room_id, turn.room)
            watch = next(event for event in turn.events if event.id == "w")
            incident.look(hand, room, watch)

        self.turn(step)

    def end(self) -> None:
        """An agent ends it, and the watch sees that."""
        self.store.client.hset(f"{PREFIX}r:{ROOM}", "over", "1")
        self.look(60)
        self.look(60)

    @property
    def doc(self) -> dict[str, Any]:
        return dict(json.loads(self.store.event("w")["doc"]))

    def notes(self) -> list[str]:
        """The private notes on their way to the incident's ticket, in their order."""
        lane = self.store.client.lrange(f"{PREFIX}l:in:{ROOM}", 0, -1)
        docs = [json.loads(self.store.event(eid.decode())["doc"]) for eid in lane]
        return [doc["text"] for doc in docs]


@pytest.fixture
def house(client: redis.Redis) -> Incident:
    return Incident(client)


@pytest.fixture
def named(house: Incident) -> Incident:
    """The same, of a crowd that names somebody."""
    crowd = replace(CROWD, notify=("pr",))
    settings = SimpleNamespace(notify={})
    house.bridge.config = SimpleNamespace(rules=Rules(crowds=(crowd,)))  # type: ignore[misc]
    house.bridge.settings = settings  # type: ignore[misc]
    return house


def test_who_joined_is_listed_once_and_their_tickets_are_linked(house: Incident) -> None:
    house.look()
    (note,) = house.notes()
    assert 'Ana 2: "outage 2"' in note
    (link, *_) = house.store.client.lrange(f"{PREFIX}l:in:{'b' * 32}", 0, -1)
    assert json.loads(house.store.event(link.decode())["doc"])["problem"] == ["zendesk", "7"]
    house.look(300)
    assert len(house.notes()) == 1


def test_notes_come_more_and_more_seldom(house: Incident) -> None:
    house.look()
    house.store.client.rpush(f"{PREFIX}members:{ROOM}", "m0")
    house.look(1)
    assert len(house.notes()) == 1
    house.look(1.5)
    assert len(house.notes()) == 2
    house.store.client.rpush(f"{PREFIX}members:{ROOM}", "m1")
    house.look(3)
    assert len(house.notes()) == 2
    house.look(1.5)
    assert len(house.notes()) == 3


def test_it_ends_when_it_was_fewer_for_long_enough_with_a_summary(house: Incident) -> None:
    house.store.alarm(f"crowd:{ROOM[:12]}", "an incident")
    house.look()
    house.count(2)
    house.look(10)
    house.look(599)
    assert house.store.spikes()
    house.look(2)
    assert house.store.spikes() == {}
    assert house.store.event("w")["state"] == "in_progress"
    house.look(2)
    assert "The incident 'outage' is over.\n3 messages of 1 people; at most 3" in house.notes()[-1]
    assert house.store.event("w")["state"] == "done"
    assert house.store.alarms() == {}


PR = "notify:pr"


def test_its_alarms_end_with_it(named: Incident) -> None:
    named.look()
    alarms = named.store.alarms()
    assert alarms[f"crowd:{ROOM[:12]}"]["text"].endswith("an incident is open")
    assert "crowd outage wants pr to look" in alarms[PR]["text"]
    named.store.alarm(f"crowd:{ROOM[:12]}", None)  # an operator ends one
    named.end()
    assert named.store.alarms() == {}


def test_what_a_name_was_told_since_stands_on(named: Incident) -> None:
    named.look()
    named.store.alarm(PR, "rule angry wants pr to look")
    named.end()
    assert named.store.alarms()[PR]["text"] == "rule angry wants pr to look"


def test_what_was_begun_by_hand_lasts_however_few_they_are(house: Incident) -> None:
    house.store.client.hset(f"{PREFIX}e:w", "doc", json.dumps({**WATCH, "needed": 0}))
    house.count(0)
    house.look()
    house.look(100_000)
    assert house.store.spikes()
    house.end()
    assert house.store.spikes() == {}


def test_tickets_beyond_the_cap_are_not_linked_to_each_other(house: Incident) -> None:
    overflow = replace(CROWD, name="overflow")
    house.bridge.config = SimpleNamespace(rules=Rules(overflow=overflow))  # type: ignore[misc]
    doc = json.dumps({**WATCH, "crowd": "overflow"})
    house.store.client.hset(f"{PREFIX}e:w", "doc", doc)
    house.look()
    assert 'Ana 2: "outage 2"' in house.notes()[0]
    assert house.store.client.exists(f"{PREFIX}l:in:{'b' * 32}") == 0
    assert house.store.spikes()


def test_the_summary_counts_who_waits_for_a_ticket_and_not_who_has_one_by_now(
    house: Incident,
) -> None:
    for eid in ("m0", "m1"):
        house.store.client.hset(f"{PREFIX}e:{eid}", "reason", "more than 2 tickets a minute")
        house.store.client.hset(f"{PREFIX}e:{eid}", "room", eid)
    asked = name_of("asked", "m0")
    house.store.client.hset(f"{PREFIX}e:{asked}", "ticket", "zendesk:17")
    house.look()
    assert "(ticket 17)" in house.notes()[0]
    house.end()
    told = house.notes()[-1]
    assert "3 messages of 3 people" in told
    assert "Without a ticket of their own: 2 people" in told
    assert "Too many a minute were 1 tickets" in told


def test_while_they_come_it_lasts(house: Incident) -> None:
    house.look()
    house.count(2)
    house.look(500)
    house.count(3)
    house.look(50)
    house.count(2)
    house.look(100)
    house.look(500)
    assert house.store.spikes()
    assert house.doc["below"] == (NOW + timedelta(seconds=650)).isoformat()


def test_a_crowd_that_the_rules_have_no_more_is_over(house: Incident) -> None:
    house.bridge.config = SimpleNamespace(rules=Rules())  # type: ignore[misc]
    house.look()
    assert house.store.spikes() == {}


def test_an_agent_ends_it_at_once_and_as_many_have_to_come_again(house: Incident) -> None:
    house.store.client.hset(f"{PREFIX}r:{ROOM}", "over", "1")
    house.look()
    assert house.store.spikes() == {}
    assert house.store.client.exists(f"{PREFIX}crowd:c") == 0
