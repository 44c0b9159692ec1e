"""What the journal must be: the truth that a real one is compared with, after every step."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import ClassVar

import redis
from hypothesis.stateful import RuleBasedStateMachine, invariant

from bridge.store import PREFIX, Store

ROOMS = {"0" * 32: "meta", "1" * 32: "telegram"}
LANES = [f"{side}:{room}" for room in ROOMS for side in ("in", "out")]
WAITS = ("in_progress", "parked")


@dataclass
class Delivery:
    connection: str
    holds: int | None = None  # events, once it was read


@dataclass
class Event:
    connection: str
    state: str
    lane: str = ""
    delivery: str = ""


@dataclass
class Model:
    """What must be true of the journal."""

    deliveries: dict[str, Delivery] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    reader: str = ""
    events: dict[str, Event] = field(default_factory=dict)
    lanes: dict[str, list[str]] = field(default_factory=lambda: {lane: [] for lane in LANES})
    intents: set[str] = field(default_factory=set)
    turns: dict[str, str] = field(default_factory=dict)  # lane: holder
    due: dict[str, str] = field(default_factory=dict)  # lane: now, rests, or later (in trouble)
    news: set[str] = field(default_factory=set)  # lanes that got something while in a hand
    waiting: dict[str, set[str]] = field(default_factory=dict)  # connection: lanes
    closed: dict[str, str] = field(default_factory=dict)  # connection: paused or auth
    rooms: set[str] = field(default_factory=set)
    books: dict[str, Counter[str]] = field(default_factory=dict)

    def count(self, connection: str, name: str, by: int = 1) -> None:
        self.books.setdefault(connection, Counter())[name] += by

    def busy(self, lane: str) -> bool:
        return bool(self.lanes[lane]) or lane in self.intents

    def move(self, eid: str, state: str) -> None:
        event = self.events[eid]
        if event.state == state:
            return
        if event.state == "timer":
            self.count(event.connection, "received")
        else:
            self.count(event.connection, event.state, -1)
        self.count(event.connection, state)
        event.state = state

    def comes(self, lane: str, eid: str | None, when: str = "now") -> None:
        """Something (*eid*, or a call to look) comes to *lane*."""
        if eid is not None:
            self.lanes[lane].append(eid)
        if lane in self.turns:
            self.news.add(lane)
        elif lane not in self.due or (self.due[lane] == "rests" and when == "now"):
            self.due[lane] = when

    def leaves(self, lane: str) -> None:
        self.turns.pop(lane)
        self.due.pop(lane)


class Watched(RuleBasedStateMachine):
    """A journal and its model, which must be the same after every step. What steps there are: a subclass."""

    client: ClassVar[redis.Redis]
    at = datetime(2026, 11, 22, 10, tzinfo=UTC)

    def __init__(self) -> None:
        super().__init__()
        self.client.flushdb()
        self.store = Store(self.client, keep=3600, keep_raw=600, clock=lambda: self.at)
        self.model = Model()
        self._numbers = count()
        self._stale: list[tuple[str, str]] = []  # turns that are over

    def _now(self) -> float:
        return self.store.time() * 1000

    def _up(self) -> set[str]:
        """The lanes that whoever asks now must get."""
        due = {lane for lane, when in self.model.due.items() if when == "now"}
        return due - set(self.model.turns)

    def _dead(self) -> list[str]:
        return sorted(eid for eid, one in self.model.events.items() if one.state == "dead")

    @invariant()
    def the_books_are_right_and_add_up(self) -> None:
        for connection, row in self.store.books().items():
            known = self.model.books.get(connection, Counter())
            assert row == {name: known[name] for name in row}, connection
            parts = ("done", "ignored", "parked", "dead", "in_progress")
            assert row["received"] == sum(row[part] for part in parts)

    @invariant()
    def every_lane_holds_what_waits_in_its_order(self) -> None:
        for lane, ids in self.model.lanes.items():
            found = self.client.lrange(f"{PREFIX}l:{lane}", 0, -1)
            assert [one.decode() for one in found] == ids
        standing = [eid for ids in self.model.lanes.values() for eid in ids]
        waiting = [eid for eid, one in self.model.events.items() if one.state in (*WAITS, "timer")]
        assert sorted(standing) == sorted(waiting)

    @invariant()
    def what_waits_has_a_time_and_what_is_empty_has_none(self) -> None:
        found = dict(self.client.zrange(PREFIX + "due", 0, -1, withscores=True))
        assert {lane.decode() for lane in found} == set(self.model.due)
        now = self._now()
        for lane, when in self.model.due.items():
            if lane not in self.model.turns:
                assert (found[lane.encode()] <= now) == (when == "now"), lane
        assert {one for one in LANES if self.model.busy(one)} <= set(self.model.due)

    @invariant()
    def a_lane_has_one_holder(self) -> None:
        found = {lane: self.client.get(f"{PREFIX}lease:{lane}") for lane in LANES}
        held = {lane: holder.decode() for lane, holder in found.items() if holder}
        assert held == self.model.turns

    @invariant()
    def what_is_unread_is_listed_in_its_order(self) -> None:
        listed = [one.decode() for one in self.client.zrange(PREFIX + "ingest", 0, -1)]
        assert listed == self.model.unread
        assert sorted(self.store.dead()) == self._dead()
