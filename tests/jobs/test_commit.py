"""What is written down when a write on a ticket has happened."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bridge.core.model import Status, Ticket
from bridge.jobs import writing
from bridge.jobs.room import LINKED, Room
from bridge.jobs.turn import Hand
from bridge.store import Orders

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BEFORE = {
    "desk": "desk", "ticket": "7", "status": "solved", "solved_at": "then", "spoken": '[{"id": "1"}]',
    "read_to": "then", "read_from": "then", "status_word": "theirs", "earlier": '["words"]', "doubt": "1",
}  # fmt: skip


def committed(kind: str, done: Ticket, **after: Any) -> Orders:
    """The orders of a write that has happened, for a room that had a ticket before."""
    settled = list[Orders]()
    hand: Any = SimpleNamespace(
        bridge=SimpleNamespace(now=lambda: NOW),
        orders=lambda: Orders("in:r", "r"),
        settle=settled.append,
    )
    after = {"events": [], "facts": {}, **after}
    intent = {"id": "i", "kind": kind, "desk": "desk", "ticket": "7", "after": json.dumps(after)}
    writing.commit(cast(Hand, hand), Room.read("r", BEFORE), intent, done)
    (orders,) = settled
    assert orders.intent == ""
    return orders


def test_a_new_ticket_begins_with_nothing_of_the_one_before() -> None:
    orders = committed("create", Ticket(id="8", requester_id="5"), person="ana")
    assert orders.set == [("ticket:desk:8", "r", LINKED), ("person:ana", "r", LINKED)]
    kept = {name: orders.facts[name] for name in (*BEFORE.keys() - {"desk"}, "requester")}
    assert kept == {
        "ticket": "8", "status": "new", "solved_at": "", "spoken": "[]", "read_to": "", "read_from": "",
        "status_word": "", "earlier": "[]", "doubt": "", "requester": "5",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("done", "after", "status", "solved_at"),
    [
        (Ticket(id="7"), {}, None, None),  # as it was
        (Ticket(id="7"), {"status": "open"}, "open", ""),
        (Ticket(id="7", status=Status.PENDING), {}, "pending", None),
        (Ticket(id="7", status=Status.PENDING), {"status": "open"}, "pending", ""),
    ],
)
def test_words_that_open_a_ticket_again_are_no_end_of_it(
    done: Ticket, after: dict[str, str], status: str | None, solved_at: str | None
) -> None:
    orders = committed("update", done, **after)
    assert (orders.facts.get("status"), orders.facts.get("solved_at")) == (status, solved_at)


def test_with_every_write_the_tickets_link_lasts_longer_and_leads_where_it_led() -> None:
    assert committed("update", Ticket(id="7")).set == [("ticket:desk:7", "r", LINKED, True)]


def test_what_was_planned_with_it_is_done_with_it() -> None:
    note = {"e": "n", "f": {"k": "n"}}
    timer = {"e": "t", "state": "timer", "f": {"k": "s"}}
    said = {"m": "m1", "f": {"on": "1"}}
    events = [{"e": "a", "receipt": {"v": 1}}]
    orders = committed("create", Ticket(id="8"), events=events, push=[note, timer], says=[said])
    assert [(one["e"], one["state"], one["f"]["ticket"]) for one in orders.events] == [
        ("a", "done", "desk:8")
    ]
    assert (orders.says, orders.push[0]) == ([said], note)
    assert orders.push[1]["f"] == {"k": "s", "ticket": "desk:8"}
    assert (orders.tries, orders.cheer) == ("", ["desk"])
