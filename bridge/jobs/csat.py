"""Asking how content a customer was, once a ticket is solved; and keeping the answer.

The question waits in the `out` lane for its time and is asked in private alone, once for a ticket, inside the
platform's window and while no incident lasts, or not at all. The answer comes in the `in` lane: it is noted on the ticket, which
stays solved, unless a complaint stands beside it.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Literal

from bridge.core import csat, telling
from bridge.core.model import Message, Status, Visibility
from bridge.core.stored import doc_in, moment_in, moment_out
from bridge.jobs import speak
from bridge.jobs.ingest import name_of
from bridge.jobs.plan import Plan
from bridge.jobs.room import Room, our_event
from bridge.jobs.turn import Hand
from bridge.store import Event, Turn

OVER = (Status.SOLVED, Status.CLOSED)


def to_come(hand: Hand, room: Room) -> list[dict[str, Any]]:
    """The question as an event, for a ticket that was just solved; none where nobody wants to ask."""
    wanted, now = hand.bridge.map_of(room.desk).csat, hand.bridge.now()
    if wanted is None or _asked(room).get("ticket") == room.ticket:
        return []
    doc = {
        "v": 1,
        "csat": room.ticket,
        "reply": wanted.ask,
        "visibility": "private",
        "not_before": moment_out(now + timedelta(seconds=wanted.after)),
    }
    name = name_of("csat", room.id, room.ticket, room.facts.get("status_at"))
    after = int(wanted.after * 1000)
    return [our_event("out", room.id, "s", name, doc, state="timer", after=after)]


def ask(hand: Hand, turn: Turn, room: Room, event: Event) -> None:
    """Ask now, where it may be asked."""
    if turn.spikes:
        return hand.close(room, event, "ignored", "nobody is asked while an incident lasts")
    if why := _silent(hand, room, str(event.doc["csat"])):
        return hand.close(room, event, "ignored", why)
    return speak.automatic(hand, room, event)


def _silent(hand: Hand, room: Room, ticket: str) -> str:
    """Why nothing is asked; empty where it may be."""
    if room.ticket != ticket or room.status not in OVER:
        return "it is not solved any more"
    if _asked(room).get("ticket") == ticket:
        return "asked before for this ticket"
    place = room.place(None)
    if place is None or place.get("visibility") != Visibility.PRIVATE:
        return "how content somebody was is asked in private alone"
    if not speak.may_say(hand, room, "dm"):
        return "the time in which the platform allows it is over"
    return ""


def _asked(room: Room) -> dict[str, Any]:
    return doc_in(room.facts.get("asked"))


def heard(
    hand: Hand, room: Room, plan: Plan, event: Event, message: Message
) -> Literal["", "taken", "later"]:
    """Take *message* as the answer, where it is one and no more; or leave it to the next step.

    Empty where it is to be handled like all others; the score that stands in it is kept all the same.
    """
    question = _asked(room)
    if not question or not _awaits(hand, room, question, event, message):
        return ""
    answer = csat.answer(message.text or "")
    if answer is None:
        return ""
    if not answer.complains and plan.said:
        return "later"
    at = moment_out(message.sent_at or hand.bridge.now())
    kept = {"v": 1, "ticket": room.ticket, "score": answer.score, "at": at, "event": event.id}
    room.facts["score"] = json.dumps(kept)
    plan.more[event.id] = {"csat": answer.score}
    if answer.complains:
        return ""
    if room.takes_notes:
        plan.notes.append((event, telling.content(answer.score, message.text or "")))
    else:
        plan.outcomes.append((event, "done", f"content: {answer.score} of 5", None))
    return "taken"


def _awaits(
    hand: Hand, room: Room, question: dict[str, Any], event: Event, message: Message
) -> bool:
    """Whether *question* still waits for its answer, and here."""
    wanted = hand.bridge.config.maps.get(room.desk)
    since = moment_in(question.get("at"))
    if wanted is None or wanted.csat is None or since is None:
        return False
    if question.get("ticket") != room.ticket or question.get("place") != message.conversation:
        return False
    known = doc_in(room.facts.get("score"))
    if known.get("ticket") == room.ticket and known.get("event") != event.id:
        return False
    at = message.sent_at or hand.bridge.now()
    return (at - since).total_seconds() <= wanted.csat.answers
