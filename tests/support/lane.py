"""One lane in a real Redis, and a worker that takes its turn when a test says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import redis

from bridge.jobs.outside import Outside
from bridge.jobs.suspect import Company
from bridge.jobs.turn import Hand, Leases, work
from bridge.store import PREFIX, Store, Turn
from bridge.wiring import Bridge

ROOM = "0" * 32
LANE = f"in:{ROOM}"
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


class House:
    """One lane with one event, and a worker that takes its turn whenever it is due."""

    def __init__(self, client: redis.Redis, lane: str = LANE) -> None:
        self.store = Store(client, keep=3600, keep_raw=600, clock=lambda: NOW)
        self.bridge = cast(Bridge, SimpleNamespace(store=self.store, owner="me", now=lambda: NOW))
        self.leases = Leases(self.bridge)
        self.lane = lane
        self.store.accept("d", "meta", "meta", {}, b"{}", NOW)
        direction = lane.split(":")[0]
        row: dict[str, Any] = {
            "e": "a", "state": "in_progress", "lane": direction, "st": ROOM,
            "room": {"v": "1", "c": "meta", "desk": "zendesk", "ticket": "7"},
            "f": {"k": "m", "doc": "{}"},
        }  # fmt: skip
        self.store.record("d", "meta", [row])

    def turn(self, step: Callable[[Hand, Turn], bool | float | None]) -> None:
        """Let the lane be due, whatever it waits for, and take one turn."""
        self.store.client.zadd(PREFIX + "due", {self.lane: 0})
        _, lanes = self.store.claim("me", 0, 10)
        assert self.lane in lanes
        self.leases.renew([(self.lane, "me")])
        self.leases.hold(self.lane, "me", 1e12)
        hand = Hand(self.bridge, Outside(self.bridge), self.leases, self.lane, "me")
        work(hand, step, lambda: False, Company())

    def wait(self) -> float:
        """Seconds until the lane is due again."""
        due = self.store.client.zscore(PREFIX + "due", self.lane)
        assert due is not None
        return due / 1000 - self.store.time()

    def row(self) -> dict[str, int]:
        return {name: count for name, count in self.store.books()["meta"].items() if count}
