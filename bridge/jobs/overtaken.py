"""Answers whose webhooks overtook each other go out in the order in which the agents wrote them.

What waits in the lane is put right for nothing. What has not come yet is found beside the one that has:
its ticket's comments are read before it is said anyway.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from bridge.core import sequence
from bridge.core.model import TicketComment, TicketUpdate
from bridge.core.stored import update_out
from bridge.jobs.ingest import name_of
from bridge.jobs.room import Room
from bridge.jobs.turn import Hand
from bridge.store import MOST, Event, Turn

LATE = timedelta(minutes=10)  # by so much a webhook may be overtaken


def in_order(events: Sequence[Event]) -> tuple[Event, ...]:
    """*events* with the comments of tickets as they were written; all else stays behind what it stood behind.

    Helpdesks tell whole seconds: within one, the ids tell, which grow.
    """
    return sequence.by_time(events, _written)


def _written(event: Event) -> tuple[str, int, str] | None:
    """When the comment that *event* brings was written; None where it brings none, or does not say."""
    comment = event.doc.get("comment") or {}
    at, ident = comment.get("at"), str(comment.get("id") or "")
    if event.kind != "u" or event.doc.get("withdrawn") or not at:
        return None
    return at[:19], len(ident), ident


def fetched(
    hand: Hand, turn: Turn, room: Room, event: Event, comment: TicketComment,
    before: Sequence[TicketComment],
) -> bool:  # fmt: skip
    """Put answers that stand before *comment* on the ticket, and nobody has told of, in front of it.

    *before*: newest first, as `agent.way` takes it. False where there are none. They get the names of their
    webhooks, which change nothing when they come. One that has come since the look *turn* is no reason to
    go on either: the next look shows it in front.
    """
    missed = {
        name_of(event.connection, update.dedupe): update
        for update in _answers(room, comment.created_at, before)
    }
    known = hand.bridge.store.known(list(missed)) if missed else set()
    orders = hand.orders()
    for name, update in missed.items():
        if name not in known:
            row = {"e": name, "lane": "out", "room": room.id, "c": event.connection}
            orders.push.append({**row, "f": {"k": "u", "doc": json.dumps(update_out(update))}})
    if not orders.push:
        came = known - {one.id for one in turn.events}
        whole = len(turn.events) < MOST  # else the next look need not show it
        return whole and any(_waits(hand, room, name) for name in sorted(came))
    orders.facts = room.changed()
    hand.settle(orders)
    return True


def _waits(hand: Hand, room: Room, name: str) -> bool:
    """Whether the event *name* is still to be done in this room."""
    told = hand.bridge.store.event(name)
    return (told.get("state"), told.get("room")) == ("in_progress", room.id)


def _answers(
    room: Room, until: datetime | None, before: Sequence[TicketComment]
) -> Iterator[TicketUpdate]:
    """Answers of agents shortly before *until* that have not gone out, the oldest first."""
    if until is None:
        return
    first = room.time("read_from")  # what is older was there before us
    since = max(until - LATE, first or until - LATE)
    said = {one["id"] for one in json.loads(room.facts.get("spoken") or "[]")}
    for one in reversed(before):
        ours = one.marker or one.id in said
        if one.public and one.staff and not ours and one.created_at and one.created_at > since:
            yield TicketUpdate(
                dedupe=f"comment:{room.ticket}:{one.id}",
                ticket_id=room.ticket,
                actor_id=one.author_id,
                at=one.created_at,
                comment=one,
            )
