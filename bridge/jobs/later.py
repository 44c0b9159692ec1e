"""What waits for its time in the `out` lane: a notice behind a closed window, a reminder for the agent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bridge.core import compose, telling
from bridge.core.model import Status, Visibility
from bridge.core.stored import moment_in, moment_out
from bridge.jobs.ingest import name_of
from bridge.jobs.room import Room, note_event, our_event
from bridge.jobs.turn import Hand
from bridge.jobs.ways import voices, ways
from bridge.store import Event

HELD = timedelta(days=7)  # for so long a notice waits for the customer to write again
LOOK = (
    6 * 3600.0
)  # seconds between looks at what is held; the customer's next words wake it at once
OVER = frozenset({Status.SOLVED, Status.CLOSED, Status.DELETED})


# --- a notice that the platform does not let through now ---------------------------------------------


def rests(hand: Hand, room: Room, event: Event) -> float:
    """Seconds until a held notice is looked at again; 0 for one whose time has come, and all others."""
    since = moment_in(event.fields.get("held"))
    if since is None or _heard(room) != event.fields.get("heard", ""):
        return 0.0
    return LOOK if hand.bridge.now() - since < HELD else 0.0


def hold(hand: Hand, room: Room, event: Event) -> None:
    """Keep a notice until the customer writes again and opens the window with it."""
    now = hand.bridge.now()
    since = moment_in(event.fields.get("held")) or now
    if now - since >= HELD:
        return hand.close(room, event, "ignored", "held until it was of no use any more")
    orders = hand.orders()
    orders.touch.append({"e": event.id, "state": "parked", "f": held(room, since)})
    orders.facts = room.changed()
    hand.settle(orders)
    return None


def held(room: Room, since: datetime) -> dict[str, str]:
    """What marks an event as held; the room is marked too, so that the customer's words wake it."""
    room.facts["held"] = "1"
    return {"held": moment_out(since) or "", "heard": _heard(room), "reason": "window_closed"}


def _heard(room: Room) -> str:
    place = room.place(None)
    return str((place or {}).get("last_in") or "")


# --- a reminder before the window closes -------------------------------------------------------------


def reminder(
    hand: Hand, room: Room, key: str, lead: timedelta, again: str = ""
) -> dict[str, Any] | None:
    """An event that looks at the place *key* shortly before it can be answered no more.

    None when it can always be answered. While one waits, others of the same half window are the same.
    """
    closes = _closes(hand, room, room.places[key])
    if closes is None:
        return None
    end, half = closes
    now = hand.bridge.now()
    if end <= now:
        return None
    at = end - lead
    if at <= now:
        at = now + (end - now) / 2  # the words came late, and left less time than that
    bucket = again or str(int(end.timestamp() // half))
    doc = {"v": 1, "remind": key, "not_before": moment_out(at)}
    name, after = name_of("remind", room.id, key, bucket), int((at - now).total_seconds() * 1000)
    return our_event("out", room.id, "s", name, doc, state="timer", after=after)


def _closes(hand: Hand, room: Room, place: dict[str, Any]) -> tuple[datetime, float] | None:
    """When the last private way to answer at *place* ends, and half of its length in seconds."""
    last = moment_in(place.get("last_in"))
    private = place.get("visibility") == Visibility.PRIVATE
    for _, visibility, voice in voices(hand, room, place) if private and last else ():
        end = compose.ends(voice.capabilities, last, human=True)
        if visibility is Visibility.PRIVATE and end is not None and last is not None:
            return end, (end - last).total_seconds() / 2
    return None


def remind(hand: Hand, room: Room, event: Event) -> None:
    """Tell the agent that the time to answer is about to end, if the customer still waits."""
    key, now = str(event.doc["remind"]), hand.bridge.now()
    place = room.places.get(key)
    closes = _closes(hand, room, place) if place else None
    if place is None or closes is None or not room.ticket or room.status in OVER:
        return hand.close(room, event, "ignored", "nobody waits here any more")
    heard, answered = moment_in(place.get("last_in")), room.time("answered_at")
    if answered and heard and answered >= heard:
        return hand.close(room, event, "ignored", "answered in time")
    if now >= closes[0]:
        return hand.close(room, event, "ignored", "the window has closed")
    lead = timedelta(hours=hand.bridge.map_of(room.desk).remind_hours)
    if closes[0] - lead > now + timedelta(seconds=1):
        orders = hand.closing(event, "done", "the customer wrote again; looked at later")
        if later := reminder(hand, room, key, lead, again=event.id):
            orders.push.append(later)
        hand.settle(orders)
        return None
    label = hand.bridge.channel(place["channel"]).label or place["channel"]
    orders = hand.closing(event, "done", "the agent was reminded")
    note = telling.closes_soon(label, f"{closes[0]:%Y-%m-%d %H:%M} UTC", ways(hand, room))
    # Two events may look at the same time, where the customer's words lie on both sides of a half.
    orders.push.append(note_event(room, note, "closes soon", key, str(place["last_in"])))
    hand.settle(orders)
    return None
