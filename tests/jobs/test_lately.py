"""Late news of a ticket: known or not, put off where nobody waits for it, looked for where nobody tells."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bridge.core.errors import TransientError
from bridge.core.model import Connection, Status, TicketComment, TicketUpdate
from bridge.core.stored import moment_out
from bridge.jobs import lately
from bridge.jobs.room import Room
from bridge.jobs.turn import Hand
from bridge.store import Event, Orders

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def room(status: str = "pending", word: str = "3", at: str = "2026-11-22T11:00:00+00:00") -> Room:
    facts = {"desk": "desk", "ticket": "7", "status": status, "status_word": word, "status_at": at}
    return Room.read("a" * 32, facts)


@pytest.mark.parametrize(
    ("status", "word", "at", "read", "known"),
    [
        (Status.PENDING, "3", "2026-11-22T11:00:00.480000+00:00", False, True),  # the same second
        (Status.PENDING, None, "2026-11-22T11:00:00+00:00", False, True),  # the event has no word
        (Status.PENDING, "3", "2026-11-22T11:00:01+00:00", False, False),  # again, later
        (Status.PENDING, "9", "2026-11-22T11:00:00+00:00", False, False),  # another of its kind
        (Status.SOLVED, "4", "2026-11-22T11:00:00+00:00", False, False),
        (Status.PENDING, "3", "2026-11-22T11:30:00+00:00", True, True),  # read, and no news
        (Status.SOLVED, "4", "2026-11-22T11:30:00+00:00", True, False),
    ],
)
def test_a_status_that_was_told_before_is_no_news(
    status: Status, word: str | None, at: str, read: bool, known: bool
) -> None:
    update = TicketUpdate(dedupe="x", ticket_id="7", status=status, status_word=word, read=read)
    assert lately.known_status(room(), update, status, at) is known


class Handed:
    """What these steps need of a hand; keeps the orders that were settled."""

    def __init__(
        self, *, tells: bool = False, minutes: object = 30, known: tuple[str, ...] = ()
    ) -> None:
        desk = Connection(name="desk", type="freshdesk", options={"look_again_minutes": minutes})
        self.settled: list[Orders] = []
        self.bridge = SimpleNamespace(
            now=lambda: NOW,
            config=SimpleNamespace(connections={"desk": desk}),
            helpdesk=lambda connection: SimpleNamespace(tells_removals=tells),
            store=SimpleNamespace(known=lambda names: set(known) & set(names)),
        )

    def orders(self) -> Orders:
        return Orders("out:x", "x")

    def settle(self, orders: Orders) -> None:
        self.settled.append(orders)


def hand(**more: Any) -> Any:
    return cast(Hand, Handed(**more))


def event(**doc: Any) -> Event:
    return Event("e1", "desk", 0.0, "u", {"v": 1, **doc}, {}, {})


def test_a_read_that_nobody_waits_for_gives_way_where_the_budget_is_spent() -> None:
    working = hand()
    error = TransientError("budget", "", retry_after=40.0, limited=True)
    lately.put_off(working, event(hint=True, late=True), error)
    (touched,) = working.settled[0].touch
    doc = json.loads(touched["f"]["doc"])
    assert doc["not_before"] == moment_out(NOW + timedelta(seconds=40))
    assert doc["late"] is True
    assert "state" not in touched  # it is still in progress


# --- what the note says ------------------------------------------------------------------------


def comment(public: bool | None, text: str = "Soon", staff: bool | None = True) -> TicketUpdate:
    said = TicketComment(id="5", text=text, public=public, staff=staff, created_at=NOW)
    return TicketUpdate(dedupe="comment:7:5", ticket_id="7", comment=said)


def noted(*found: TicketUpdate, known: tuple[str, ...] = ()) -> str:
    rows = {str(number): one for number, one in enumerate(found)}
    pushed = lately.told(hand(known=known), room(), event(), rows)
    return json.loads(pushed["f"]["doc"])["text"] if pushed else ""


def test_the_note_names_what_is_done_only_now_with_its_time() -> None:
    solved = TicketUpdate(dedupe="s", ticket_id="7", status=Status.SOLVED, at=NOW)
    text = noted(comment(True), comment(False, "/dm"), solved)
    assert "an answer for the customer, written at 2026-11-22 12:00 UTC" in text
    assert "a command, written at 2026-11-22 12:00 UTC" in text
    assert "its status is solved; changed at 2026-11-22 12:00 UTC" in text


def test_nothing_is_said_of_what_stays_here_and_of_what_was_told_before() -> None:
    assert noted(comment(False), comment(None), comment(True, staff=False)) == ""
    assert noted(comment(True), known=("0",)) == ""
    taken_back = TicketUpdate(dedupe="w", ticket_id="7", withdrawn=True)
    assert noted(taken_back) == ""  # it has a note of its own


# --- what no webhook tells ---------------------------------------------------------------------


def test_after_an_answer_the_ticket_is_looked_at_half_an_hour_and_a_day_later() -> None:
    working = hand()
    first = lately.first_look(working, room())
    assert first is not None
    assert (first["state"], first["after"], first["lane"]) == ("timer", 30 * 60_000, "out")
    again = lately.second_look(working, room(), event(**json.loads(first["f"]["doc"])))
    assert again is not None
    assert again["after"] == 24 * 3_600_000
    last = event(**json.loads(again["f"]["doc"]))
    assert lately.second_look(working, room(), last) is None


def test_answers_close_together_share_one_look() -> None:
    names = {(lately.first_look(hand(), room()) or {})["e"] for _ in range(3)}
    assert len(names) == 1


@pytest.mark.parametrize("more", [{"tells": True}, {"minutes": 0}, {"minutes": None}])
def test_where_the_helpdesk_tells_it_or_nobody_wants_it_nobody_looks(more: dict[str, Any]) -> None:
    assert lately.first_look(hand(**more), room()) is None
