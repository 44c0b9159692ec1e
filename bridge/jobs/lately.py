"""What is read on a ticket without having been told of it: late finds, and looks at what nobody tells of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bridge.core import commands, telling
from bridge.core.errors import TransientError
from bridge.core.model import Status, TicketUpdate
from bridge.core.stored import moment_out
from bridge.jobs.ingest import name_of
from bridge.jobs.room import Room, note_event, our_event
from bridge.jobs.turn import Hand
from bridge.store import Event

SECOND = timedelta(hours=24)  # after the first look at an answer that went out


def known_status(room: Room, update: TicketUpdate, kept: Status, at: str) -> bool:
    """Whether *update* says what a read, or somebody else, has told before.

    A read tells whole seconds, an event their parts: within one second the same status is the same news.
    """
    words = {update.status_word or "", room.facts.get("status_word", "")} - {""}
    if room.status is not kept or len(words) > 1:
        return False
    return update.read or at[:19] <= room.facts.get("status_at", "")[:19]


def put_off(hand: Hand, event: Event, error: TransientError) -> None:
    """Nobody waits for this read: the lane works past it until there is room in the budget."""
    at = hand.bridge.now() + timedelta(seconds=max(error.retry_after or 0.0, 1.0))
    doc = json.dumps({**event.doc, "not_before": moment_out(at)})
    orders = hand.orders()
    orders.touch.append({"e": event.id, "f": {"doc": doc}})
    hand.settle(orders)


def told(
    hand: Hand, room: Room, event: Event, found: Mapping[str, TicketUpdate]
) -> dict[str, Any] | None:
    """A private note on what of *found* nobody has told us of, and what is done with it only now."""
    known = hand.bridge.store.known(list(found))
    rows = [row for name, one in found.items() if name not in known and (row := _row(one))]
    if not rows:
        return None
    return note_event(room, telling.read_back(rows), "read back", event.id)


def _row(one: TicketUpdate) -> str:
    """What the bridge acts on; nothing for a plain private note and the customer's own words."""
    if one.merged_into:
        return f"it was merged into ticket {one.merged_into}"
    if one.status is not None and not one.withdrawn:
        return f"its status is {one.status_label or one.status}; changed at {_time(one.at)}"
    comment = one.comment
    if comment is None or one.withdrawn or comment.staff is False:
        return ""
    if comment.public is True:
        return f"an answer for the customer, written at {_time(comment.created_at)}"
    if commands.command(comment.text):
        return f"a command, written at {_time(comment.created_at)}"
    return ""


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "an unknown time"


# --- what no webhook tells ---------------------------------------------------------------------------


def first_look(hand: Hand, room: Room) -> dict[str, Any] | None:
    """An event that looks some time after an answer whether it still stands on the ticket.

    None where the helpdesk tells it by itself. Answers that go out side by side share one look.
    """
    desk = hand.bridge.config.connections.get(room.desk)
    if desk is None or hand.bridge.helpdesk(desk).tells_removals:
        return None
    told = desk.options.get("look_again_minutes")
    minutes = int(told) if isinstance(told, int | float) else 0
    return _timer(hand, room, timedelta(minutes=minutes), "first") if minutes > 0 else None


def second_look(hand: Hand, room: Room, event: Event) -> dict[str, Any] | None:
    """Another one a day after the first; None where *event* is not the first."""
    return _timer(hand, room, SECOND, "second") if event.doc.get("look") == "first" else None


def _timer(hand: Hand, room: Room, after: timedelta, which: str) -> dict[str, Any]:
    at = hand.bridge.now() + after
    bucket = int(at.timestamp() // after.total_seconds())
    doc = {"v": 1, "look": which, "not_before": moment_out(at)}
    name = name_of("look", room.id, room.ticket, which, str(bucket))
    soon = int(after.total_seconds() * 1000)
    return our_event("out", room.id, "s", name, doc, state="timer", after=soon)
