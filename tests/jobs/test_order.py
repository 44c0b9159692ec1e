"""In which order a customer's messages go onto the ticket, whatever order they were read in."""

from __future__ import annotations

import pytest

from bridge.jobs.edits import as_written
from bridge.store import Event


def said(name: str, at: str, seen: str, change: str = "created", mid: str = "") -> Event:
    fields = {"seen": seen, "mid": mid or name}
    return Event(name, "meta", 0.0, "m", {"at": at, "change": change}, fields, {})


EARLY, LATE = "2026-11-22T10:00:00+00:00", "2026-11-22T10:00:01+00:00"
LATEST = "2026-11-22T10:00:02+00:00"


@pytest.mark.parametrize(
    ("events", "order"),
    [
        ([said("b", LATE, "1"), said("a", EARLY, "2")], "ab"),
        # One second, two readers: the later delivery was read first.
        ([said("b", EARLY, "2026-11-22T10:00:02.500000+00:00"),
          said("a", EARLY, "2026-11-22T10:00:02+00:00")], "ab"),
        # One delivery: as it stands there.
        ([said("b", EARLY, "1"), said("a", EARLY, "1")], "ba"),
        # What is no new message stays behind what it stood behind.
        ([said("x", EARLY, "3", "edited"), said("b", LATE, "1"), said("a", EARLY, "2")], "xab"),
        # An edit ahead of its message stands for it: neither passes what was written before.
        ([said("b", LATE, "1"), said("x", LATEST, "2", "edited", mid="c"),
          said("c", LATEST, "3"), said("a", EARLY, "4")], "abxc"),
        # One behind its message, whose place is its own.
        ([said("b", LATE, "1"), said("x", LATEST, "2", "edited", mid="b"),
          said("a", EARLY, "3")], "abx"),
        # One whose message is done with: what was read back late moves nobody past it.
        ([said("b", LATE, "1"), said("c", LATE, "2"), said("x", LATEST, "3", "edited", mid="done"),
          said("d", LATEST, "4"), said("a", EARLY, "5")], "abcxd"),
        # One that was read back as well: what came in between was said after it.
        ([said("x", EARLY, "1", "edited", mid="a"), said("b", EARLY, "3"), said("a", EARLY, "2"),
          said("r", EARLY, "4", mid="a")], "xabr"),
    ],
)  # fmt: skip
def test_messages_are_put_in_the_order_they_were_written_and_then_delivered(
    events: list[Event], order: str
) -> None:
    assert "".join(one.id for one in as_written(tuple(events))) == order
