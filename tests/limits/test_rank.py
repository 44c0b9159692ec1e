"""Who goes first."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.jobs.rank import Asker, Rank
from bridge.store import Event, Turn


def turn(lane: str, *kinds: str, ticket: str = "", intent: str = "", at: float = 50.0) -> Turn:
    events = tuple(
        Event(f"e{number}", "meta", at + number, kind, {}, {}, {})
        for number, kind in enumerate(kinds)
    )
    under_way: dict[str, Any] = {"kind": intent} if intent else {}
    room = {"ticket": ticket} if ticket else {}
    return Turn(f"{lane}:room", "room", events, under_way, {}, room, {})


@pytest.mark.parametrize(
    ("seen", "rank"),
    [
        (turn("out", "u", ticket="7"), Rank.ANSWER),
        (turn("in", "m"), Rank.OPEN),
        (turn("in", "m", ticket="7", intent="create"), Rank.OPEN),
        (turn("in", "m", "n", ticket="7"), Rank.UPDATE),
        (turn("in", ticket="7", intent="update"), Rank.UPDATE),
        (turn("in", "n", "m", ticket="7"), Rank.NOTE),
        (turn("in", "t", ticket="7"), Rank.NOTE),
        (turn("in", "w", ticket="7"), Rank.NOTE),
        (turn("out", "s", ticket="7"), Rank.NOTICE),
    ],
)
def test_what_waits_tells_the_rank(seen: Turn, rank: Rank) -> None:
    asker = Asker(seen.lane)
    asker.look(seen)
    assert asker.rank is rank


def test_what_waits_for_its_time_does_not_hold_back_an_answer() -> None:
    asker, seen = Asker("out:room"), turn("out", "s", "u", ticket="7")
    seen.events[0].fields["state"] = "timer"  # type: ignore[index]
    asker.look(seen)
    assert (asker.rank, asker.since) == (Rank.ANSWER, 51.0)


@pytest.mark.parametrize(
    ("priority", "rank"),
    [("urgent", Rank.URGENT), ("high", Rank.URGENT), ("normal", Rank.OPEN), (None, Rank.OPEN)],
)
def test_a_new_ticket_that_presses_goes_before_the_others(priority: str, rank: Rank) -> None:
    asker = Asker("in:room")
    asker.look(turn("in", "m"))
    asker.presses(priority)
    assert asker.rank is rank


def test_it_presses_until_it_is_there() -> None:
    asker = Asker("in:room")
    asker.presses("urgent")
    asker.look(turn("in", "m"))
    assert asker.rank is Rank.URGENT
    asker.look(turn("in", "m", ticket="7"))
    assert asker.rank is Rank.UPDATE


def test_of_one_rank_the_oldest_goes_first_and_any_of_a_better_rank_before_it() -> None:
    def order(seen: Turn) -> int:
        asker = Asker(seen.lane)
        asker.look(seen)
        return asker.order

    old, new = turn("in", "m", ticket="7", at=10.0), turn("in", "m", ticket="7", at=20.0)
    assert order(turn("in", "m", at=2e9)) < order(old) < order(new)
    assert order(new) < order(turn("in", "n", ticket="7", at=0.001))
