"""Answers whose webhooks overtook each other: one that comes while its ticket is read is waited for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bridge.core.model import TicketComment
from bridge.jobs import overtaken
from bridge.jobs.ingest import name_of
from bridge.jobs.room import Room
from bridge.jobs.turn import Hand
from bridge.store import MOST, Event, Orders, Turn

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NAME = name_of("zendesk", "comment:7:1")


def comment(ident: str, seconds: int) -> TicketComment:
    at = NOW + timedelta(seconds=seconds)
    return TicketComment(
        id=ident, text="words", public=True, author_id="5", staff=True, created_at=at
    )


def event(name: str) -> Event:
    return Event(name, "zendesk", 0.0, "u", {}, {}, {})


def looks_again(known: dict[str, str], seen: int = 1, first: str = "e0") -> tuple[bool, list[Any]]:
    """What becomes of the second answer, where the first is *known* as these fields; and what is put down."""
    store = SimpleNamespace(
        known=lambda names: set(names) if known else set(), event=lambda name: known
    )
    put = list[Any]()
    hand: Any = SimpleNamespace(
        bridge=SimpleNamespace(store=store),
        orders=lambda: Orders("out:r", "r"),
        settle=lambda orders: put.extend(orders.push),
    )
    events = tuple(event(first if number == 0 else f"e{number}") for number in range(seen))
    turn = Turn("out:r", "r", events, {}, {}, {}, {})
    room = Room("r", {"ticket": "7", "desk": "zendesk"}, {})
    before = [comment("1", 0)]
    again = overtaken.fetched(cast(Hand, hand), turn, room, events[0], comment("2", 1), before)
    return again, put


def test_one_that_nobody_told_of_is_put_in_front() -> None:
    again, put = looks_again({})
    assert again
    assert [row["e"] for row in put] == [NAME]


def test_one_that_came_since_the_look_is_looked_for_again() -> None:
    assert looks_again({"state": "in_progress", "room": "r"}) == (True, [])


@pytest.mark.parametrize(
    ("fields", "more"),
    [
        ({"state": "done", "room": "r"}, {}),
        ({"state": "in_progress", "room": "another"}, {}),
        ({"state": "in_progress", "room": "r"}, {"first": NAME}),  # the look shows it already
        ({"state": "in_progress", "room": "r"}, {"seen": MOST}),  # and the next need not show it
    ],
)
def test_one_that_is_no_longer_or_not_here_to_come_holds_up_nothing(
    fields: dict[str, str], more: dict[str, Any]
) -> None:
    assert looks_again(fields, **more) == (False, [])


def fetches(seconds: int, before: float, **facts: str) -> bool:
    """Whether an answer of *seconds* that stands before another one, so much later, is fetched."""
    store = SimpleNamespace(known=lambda names: set())
    settled = list[Orders]()
    hand: Any = SimpleNamespace(
        bridge=SimpleNamespace(store=store),
        orders=lambda: Orders("out:r", "r"),
        settle=settled.append,
    )
    turn = Turn("out:r", "r", (event("e0"),), {}, {}, {}, {})
    room = Room("r", {"ticket": "7", "desk": "zendesk", **facts}, {})
    later = comment("2", seconds + int(before))
    overtaken.fetched(cast(Hand, hand), turn, room, turn.events[0], later, [comment("1", seconds)])
    return bool(settled)


def test_what_was_there_before_us_or_long_before_it_is_not_fetched() -> None:
    assert fetches(60, 5)
    assert fetches(60, 5, read_from=NOW.isoformat())
    assert not fetches(-60, 5, read_from=NOW.isoformat())
    assert not fetches(60, overtaken.LATE.total_seconds() + 1)


def test_what_went_out_already_is_not_fetched() -> None:
    assert not fetches(60, 5, spoken='[{"id": "1"}]')
    assert fetches(60, 5, spoken='[{"id": "9"}]')
