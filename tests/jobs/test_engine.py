"""What one drain does, in order."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bridge import jobs
from bridge.store import Kept, Taken
from bridge.wiring import Bridge

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)


def kept(name: str, tries: int) -> Kept:
    return Kept(name, tries, "meta", "meta", {}, b"{}", AT)


def drained(monkeypatch: pytest.MonkeyPatch, *found: Kept) -> list[str]:
    """What a drain that finds these deliveries and one lane begins with, in order."""
    began: list[str] = []
    answers: list[Any] = [(list(found), [Taken("in:room")])]
    store = SimpleNamespace(
        claim=lambda *_: answers.pop() if answers else ([], []),
        renew=lambda *_: set(),
        soon=lambda: 9.0,
    )
    config = SimpleNamespace(connections={"meta": None})
    engine = jobs.Engine(cast(Bridge, SimpleNamespace(store=store, owner="me", config=config)), 1)
    monkeypatch.setattr(jobs, "ingest", lambda bridge, one: began.append(one.id))
    monkeypatch.setattr(engine._pool, "submit", lambda *_: began.append("lane") or Done())
    told = engine.run()
    engine.close()
    assert told == f"{len(found)} deliveries, 1 turns"
    return began


class Done:
    def done(self) -> bool:
        return True


def test_lanes_do_not_wait_for_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drained(monkeypatch, kept("a", 1), kept("b", 1)) == ["lane", "a", "b"]


def test_what_somebody_died_at_is_read_before_a_lane_can_kill_us(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert drained(monkeypatch, kept("a", 2), kept("b", 1)) == ["a", "lane", "b"]
