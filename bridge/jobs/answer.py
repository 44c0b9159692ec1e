"""The `out` lane: what happens on a ticket goes back to the customer, as far as the platform allows.

One event after the other: what the helpdesk tells (news.py), what waits for its time (later.py), and words
that go out (speak.py, posting.py). Whatever cannot be delivered goes back to the ticket as a private
note (undelivered.py), by way of the `in` lane.
"""

from __future__ import annotations

from bridge.core.stored import moment_in, update_in
from bridge.jobs import (
    crisis,
    csat,
    fanout,
    hiding,
    incident,
    later,
    news,
    overtaken,
    posting,
    speak,
    undelivered,
    unlinked,
    waiting,
)
from bridge.jobs.room import Room
from bridge.jobs.turn import Hand
from bridge.store import Event, Turn

OPENING = 0.5  # seconds between looks whether the ticket that speaks here has been written down


def step(hand: Hand, turn: Turn) -> bool | float | None:
    """Do the next thing the lane needs; see `jobs.turn.Step`."""
    if turn.room_id.startswith("ticket:"):
        return unlinked.find_room(hand, turn)
    room = Room.read(turn.room_id, turn.room)
    if turn.intent:
        return posting.resolve(hand, turn, room)
    soonest: float | None = None
    withdrawn = _withdrawn(turn.events)
    for event in waiting.last(overtaken.in_order(turn.events)):
        wait = max(_not_before(hand, event), later.rests(hand, room, event))
        wait = waiting.rests(hand, room, event, wait)
        if wait > 0:
            soonest = wait if soonest is None else min(soonest, wait)
            continue
        if _too_early(turn, room, event):
            return OPENING
        hand.at_hand = event.id
        _take(hand, turn, room, event, withdrawn)
        return True
    return soonest


def _take(hand: Hand, turn: Turn, room: Room, event: Event, withdrawn: set[str]) -> None:
    if event.kind == "s" and "remind" in event.doc:
        later.remind(hand, room, event)
    elif event.kind == "s" and "csat" in event.doc:
        csat.ask(hand, turn, room, event)
    elif event.kind == "s" and "hide" in event.doc:
        hiding.by_rule(hand, room, event)
    elif event.kind == "s" and "wait" in event.doc:
        waiting.look(hand, room, event)
    elif event.kind == "s" and "look" in event.doc:
        news.look_again(hand, turn, room, event)
    elif event.kind == "c" and event.doc.get("do") == "fan":
        fanout.hand_out(hand, room, event)
    elif event.kind == "c" and event.doc.get("do") == "end":
        crisis.ends(hand, room, event)
    elif event.kind == "c":
        incident.look(hand, room, event)
    elif event.kind == "s" and "fan" in event.doc:
        fanout.say(hand, room, event)
    elif event.kind == "s":
        speak.automatic(hand, room, event)
    elif event.kind == "r":
        undelivered.failed_later(hand, room, event)
    elif _comment_id(event) in withdrawn:
        hand.close(room, event, "ignored", "withdrawn before it was sent")
    else:
        news.update(hand, turn, room, event, update_in(event.doc))


def _too_early(turn: Turn, room: Room, event: Event) -> bool:
    """Whether *event* speaks of a ticket whose making is under way, or lost its answer.

    Until that is written down the room knows neither the ticket nor the place to answer at.
    """
    ticket_id = event.doc.get("ticket") if event.fields.get("k") == "u" else None
    return bool(
        ticket_id and ticket_id != room.ticket and turn.other_intent.get("kind") == "create"
    )


def _comment_id(event: Event) -> str:
    """The id of a public comment that *event* brings; empty for everything else."""
    comment = event.doc.get("comment") or {}
    return "" if event.doc.get("withdrawn") else str(comment.get("id") or "")


def _withdrawn(events: tuple[Event, ...]) -> set[str]:
    """Comments that were redacted or made private while their words still waited here."""
    told = (one.doc.get("comment") or {} for one in events if one.doc.get("withdrawn"))
    return {str(one["id"]) for one in told if one.get("id")}


def _not_before(hand: Hand, event: Event) -> float:
    at = moment_in(event.doc.get("not_before"))
    return (at - hand.bridge.now()).total_seconds() if at else 0.0
