"""What a step of the `in` lane asks of the other one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridge.core.model import Visibility
from bridge.core.rules import Decision, Reply
from bridge.jobs.plan import automatic_events
from bridge.jobs.room import Room
from bridge.store import Event

DECISION = Decision(
    rule="greet",
    outcome="escalate",
    replies=(Reply(Visibility.PRIVATE, "acknowledged"),),
)


def said(**extra: Any) -> Event:
    return Event("e1", "meta", 0.0, "m", {"extra": extra}, {}, {})


def asked(event: Event) -> list[str]:
    rows = automatic_events(Room("r", {}, {}), event, DECISION)
    return [json.loads(row["f"]["doc"])["reply"] for row in rows]


def test_what_a_rule_says_by_itself_waits_in_the_other_lane() -> None:
    assert asked(said()) == ["acknowledged"]


@pytest.mark.parametrize("standby", [True, False])
def test_in_a_talk_that_another_app_holds_nothing_is_said_by_itself(standby: bool) -> None:
    assert asked(said(standby=standby)) == ([] if standby else ["acknowledged"])
