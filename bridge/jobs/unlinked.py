"""A ticket that we have no link for: whose it is shows the stamp it carries."""

from __future__ import annotations

import json

from bridge.core import telling
from bridge.core.errors import PermanentError
from bridge.core.model import Connection, TicketComment, TicketUpdate
from bridge.core.stored import update_in
from bridge.jobs.ingest import name_of
from bridge.jobs.news import OVERLAP, ours
from bridge.jobs.room import LINKED, Room, note_event
from bridge.jobs.turn import Hand
from bridge.store import Event, Turn


def find_room(hand: Hand, turn: Turn) -> bool | None:
    """Read the ticket that this lane is named for, and hand what is told of it on to its room."""
    if not turn.events:
        return None
    event = turn.events[0]
    _, desk_name, ticket_id = turn.room_id.split(":", 2)
    desk = hand.bridge.config.connections[desk_name]
    if event.doc.get("erased"):
        return _erased(hand, event, desk, ticket_id)
    helpdesk = hand.bridge.helpdesk(desk)
    try:
        found = hand.outside.desk(desk, helpdesk.read(desk, ticket_id))
    except PermanentError as error:
        if not error.gone:
            raise
        hand.close(None, event, "ignored", "the ticket is gone")
        return True
    room_id = hand.bridge.store.get(f"join:{found.stamp}") or found.stamp or ""
    if not room_id or not hand.bridge.store.hash(f"r:{room_id}"):
        stamped = len(room_id) == 32 and room_id.isalnum()
        if stamped and ours(
            hand, Room(hand.room_id, {"desk": desk_name}, {}), event.doc.get("actor")
        ):
            hand.close(None, event, "ignored", "own write")
            return True
        if stamped and (said := _spoken(hand, desk, update_in(event.doc))):
            _link_lost(hand, event, desk_name, ticket_id, said)
            return True
        hand.close(None, event, "ignored", "not a ticket of ours")
        return True
    orders = hand.closing(event, "done", "its room was found by its stamp")
    orders.set.append((f"ticket:{desk_name}:{ticket_id}", room_id, LINKED))
    orders.push.append(
        {
            "e": name_of("again", event.id),
            "lane": "out",
            "room": room_id,
            "c": desk_name,
            "f": {"k": "u", "doc": json.dumps(event.doc)},
        }
    )
    hand.settle(orders)
    return True


def _spoken(hand: Hand, desk: Connection, update: TicketUpdate) -> TicketComment | None:
    """The agent's answer that *update* tells of; a hint may tell of the newest words on the ticket."""
    said, now = update.comment, hand.bridge.now()
    if update.hint and update.ticket_id:
        calls = hand.bridge.helpdesk(desk).comments(desk, update.ticket_id)
        said = next((one for one in hand.outside.desk(desk, calls) if not one.marker), None)
        if said is None or said.created_at is None or now - said.created_at > OVERLAP:
            return None
        if not (said.author_id == update.actor_id if said.staff is None else said.staff):
            return None
    return said if said and said.public else None


def _erased(hand: Hand, event: Event, desk: Connection, ticket_id: str) -> bool:
    """It was the ticket of a person who was erased: whoever answers learns that it goes nowhere."""
    room = Room(hand.room_id, {"desk": desk.name, "ticket": ticket_id}, {})
    said = None
    try:
        if not ours(hand, room, event.doc.get("actor")):
            said = _spoken(hand, desk, update_in(event.doc))
    except PermanentError as error:
        if not error.gone:
            raise  # else it was deleted there, too, as it should be
    if said is None:
        hand.close(None, event, "ignored", "erased")
        return True
    note = telling.failed("erased", "", ["their next words open a new ticket"], None)
    orders = hand.closing(event, "ignored", "erased, as the agent was told")
    orders.facts = room.changed()
    orders.push.append(note_event(room, note, "erased", said.id))
    hand.settle(orders)
    return True


def _link_lost(hand: Hand, event: Event, desk: str, ticket_id: str, said: TicketComment) -> None:
    """It carries a stamp of ours and we know nothing of it: an answer must not just vanish."""
    room = Room(hand.room_id, {"desk": desk, "ticket": ticket_id}, {})
    left = ["answer again after the customer has written once more: that brings the link back"]
    note = telling.failed("link_lost", "", left, said.text)
    told = note_event(room, note, "link lost", said.id)
    if hand.bridge.store.event(told["e"]):
        return hand.close(None, event, "ignored", "its link is lost, as the agent was told")
    orders = hand.orders()
    reason = f"link_lost: ticket {ticket_id} carries our stamp, but its conversation is forgotten"
    orders.events.append({"e": event.id, "state": "dead", "f": {"reason": reason}})
    orders.facts = room.changed()
    orders.push.append(told)
    hand.settle(orders)
    return None
