"""Words for closed hours, as the engine meets them: which clock counts, and what an open ticket still says.

Rules decide whether to open a ticket, not whether to keep talking. So the room remembers what its rule says while
nobody is there, and says it again in the next closed night: once in each, by the name of the event.
"""

from __future__ import annotations

import json
from typing import Any

from bridge.core import closed, words
from bridge.core.calendars import Calendar, Clock
from bridge.core.facts import View
from bridge.core.model import Message
from bridge.core.rules import Decision, Reply
from bridge.core.stored import moment_in
from bridge.jobs.plan import Plan, automatic_events
from bridge.jobs.room import Room
from bridge.jobs.turn import Hand
from bridge.jobs.waiting import answered_at
from bridge.store import Event


def clock(hand: Hand, room: Room, event: Event, message: Message) -> Clock:
    """The time at which *message* was said, by the business hours that count for it."""
    connection = hand.bridge.config.connections.get(event.connection)
    account = connection.account(message.channel, message.account_id) if connection else None
    at = message.sent_at or moment_in(event.fields.get("seen")) or hand.bridge.now()
    return Clock(hand.bridge.calendar(account, room.desk), at)


def fitting(hand: Hand, room: Room, decision: Decision, seen: View) -> Decision:
    """*decision* without the words for closed hours that are out of place now."""
    return closed.fitting(decision, seen, hand.bridge.now(), answered_at(room))


def over(hand: Hand, room: Room, event: Event, calendar: Calendar) -> str | None:
    """Why words for closed hours are not said any more; None where they may be."""
    until, now = moment_in(event.doc.get("until")), hand.bridge.now()
    if calendar.is_open(now) or (until is not None and now >= until):
        return "somebody is there again"
    spoken = answered_at(room)
    if spoken is not None and now - spoken < closed.LATELY:
        return "a person answered meanwhile"
    return None


# --- on a ticket there is ----------------------------------------------------------------------------


def remember(room: Room, decision: Decision) -> None:
    """Keep what the rules say to this person while nobody is there."""
    told = [_kept(one) for one in decision.replies if one.when]
    if told or "outside" in room.facts:
        room.facts["outside"] = json.dumps(told) if told else ""


def again(hand: Hand, room: Room, plan: Plan, event: Event, seen: View) -> None:
    """Say to who writes on an open ticket, *seen*, that nobody is there; thanks alone want no answer."""
    if words.is_thanks(seen.get("text")):
        return
    kept = json.loads(room.facts.get("outside") or "[]")
    replies = tuple(Reply(**one, when="closed") for one in kept)
    decision = Decision(rule=None, outcome="reply", replies=replies)
    plan.push += automatic_events(room, event, fitting(hand, room, decision, seen))


def _kept(reply: Reply) -> dict[str, Any]:
    known = {
        "visibility": reply.visibility, "name": reply.name, "once": reply.once, "line": reply.line,
        "cooldown": reply.cooldown, "approve": reply.approve,
    }  # fmt: skip
    return {name: value for name, value in known.items() if value not in (0, None)}
