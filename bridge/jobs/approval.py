"""What waits until a person says yes: an agent's answer for another agent, a rule's own words for any.

An agent's answer is held by guards.py. A rule's words (`reply: {approve: true}`) are chosen, written on the ticket, and
kept with their event; approved, they go on as an event of their own, which meets every window and limit as if they
were said for the first time. `waiting` in the room's facts names what waits: one answer, or all words of rules
since the last answer. An agent's own words take the place of either.
"""

from __future__ import annotations

from typing import Any

from bridge.core import telling
from bridge.core.commands import Command
from bridge.core.rules import UNASKED
from bridge.core.stored import doc_in
from bridge.jobs import guards
from bridge.jobs.ingest import name_of
from bridge.jobs.room import Room, note_event, our_event
from bridge.jobs.turn import Hand
from bridge.store import Event

Push = list[dict[str, Any]]


def asked(event: Event) -> bool:
    """Whether the words of *event* have still to be approved."""
    return bool(event.doc.get("approve")) and not event.doc.get("approved")


def ask(hand: Hand, room: Room, event: Event, text: str) -> None:
    """Let a rule's words wait, and ask for a yes on the ticket."""
    if not room.takes_notes:
        return hand.close(room, event, "ignored", UNASKED)
    if guards.held(hand, room):
        return hand.close(room, event, "ignored", "an agent's answer waits here already")
    room.facts["waiting"] = f"{room.facts.get('waiting', '')} {event.id}".strip()
    orders = hand.closing(event, "done", f"held: {guards.APPROVAL}")
    orders.events[0]["f"]["words"] = text
    private = event.doc.get("visibility") == "private"
    note = telling.asks(str(event.doc["reply"]), private, text, room.name)
    orders.push.append(note_event(room, note, "held back", event.id))
    orders.facts = room.changed()
    hand.settle(orders)
    return None


def _asking(hand: Hand, room: Room) -> list[tuple[str, dict[str, str]]]:
    """The events of rules' words that wait, and what is kept of each."""
    known = ((eid, hand.bridge.store.event(eid)) for eid in room.facts.get("waiting", "").split())
    return [(eid, kept) for eid, kept in known if kept.get("k") == "s" and kept.get("words")]


def against(held: guards.Held, event: Event) -> str | None:
    """Why who wrote the command of *event* may not let *held* go; None when they may."""
    at = guards.written_at(event)
    if at and held.at and at < held.at:
        return "another answer was written after it; look at that one first"
    if not held.second:
        return None
    who = guards.writer(event)
    if not who or not held.by:
        return "the helpdesk does not tell who wrote it, and another agent than the author has to"
    return "another agent than the author has to do that" if who == held.by else None


def let_go(hand: Hand, room: Room, event: Event) -> Push:
    """The words of rules that wait go on: the events that say them."""
    push: Push = []
    for eid, kept in _asking(hand, room):
        doc = doc_in(kept.get("doc"))
        doc |= {"words": kept["words"], "approved": guards.writer(event) or "an agent"}
        push.append(our_event("out", room.id, "s", name_of("approved", eid), doc))
    if push:
        room.facts["waiting"] = ""
    return push


def reject(hand: Hand, room: Room, event: Event, told: Command) -> tuple[str, list[dict[str, Any]]]:
    """Drop what waits: the note, and what is new of its events."""
    held = guards.held(hand, room)
    waits = [(held.event, held.words)] if held else []
    waits += [(eid, kept["words"]) for eid, kept in _asking(hand, room)]
    if not waits:
        return telling.command_refused("reject", "no answer is held back here"), []
    room.facts["waiting"] = ""
    words = "\n\n".join(text for _, text in waits)
    by = (event.doc.get("comment") or {}).get("name")
    note = telling.rejected(words, told.argument, by)
    return note, [{"e": eid, "f": {"reason": "rejected"}} for eid, _ in waits]


def unsaid(hand: Hand, room: Room, event: Event, why: str) -> None:
    """Automatic words are not said; where a person has approved them, the ticket tells why."""
    orders = hand.closing(event, "ignored", why)
    orders.facts = room.changed()
    if words := event.doc.get("words"):
        left = ["say it in your own words, if it is still to be said"]
        note = telling.failed("", why[:1].upper() + why[1:], left, words)
        orders.push.append(note_event(room, note, "undelivered", event.id))
    hand.settle(orders)
