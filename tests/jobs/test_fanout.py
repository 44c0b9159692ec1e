"""One answer for all of an incident: who says yes to it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bridge.core.commands import Command
from bridge.jobs import fanout
from bridge.jobs.room import Room
from bridge.jobs.turn import Hand
from bridge.store import Event

STORE = SimpleNamespace(crowd=lambda *_: (0, 3, []), rows=lambda *_: [])
BRIDGE = SimpleNamespace(store=STORE, now=lambda: datetime(2026, 11, 22, tzinfo=UTC))
HAND = cast(Hand, SimpleNamespace(bridge=BRIDGE))


def by(who: str) -> Event:
    doc = {"comment": {"id": "1", **({"author": who} if who else {})}}
    return Event(f"e{who}", "zendesk", 0.0, "u", doc, {}, {})


@pytest.mark.parametrize(
    ("author", "other", "approved"), [("77", "78", "78"), ("77", "77", None), ("77", "", None), ("", "78", None)]
)  # fmt: skip
def test_another_agents_yes_is_an_approval(author: str, other: str, approved: str | None) -> None:
    room = Room("r", {"crowd": "c", "ticket": "7"}, {})
    fanout.obey(HAND, room, by(author), Command("fanout", "", ("It works again.",)))
    _, (begun,) = fanout.obey(HAND, room, by(other), Command("fanout", "yes"))
    doc: dict[str, Any] = json.loads(begun["f"]["doc"])
    assert doc.get("approved") == approved
