"""Words that did not go out: the agent is told why, and what is left to do."""

from __future__ import annotations

import json
from typing import NoReturn

from bridge.core import plaintext, telling
from bridge.core.errors import Ambiguous, AuthError, BridgeError
from bridge.jobs import guards, later, once
from bridge.jobs.ingest import name_of
from bridge.jobs.outside import not_now
from bridge.jobs.room import OURS, Room, note_event
from bridge.jobs.turn import OUTAGES, Hand
from bridge.jobs.ways import answers, templates
from bridge.store import Event, Leave

LASTS = (
    300.0  # seconds from which on an agent should know that an answer waits for an outage to end
)
CLOSED = (
    60.0  # seconds after which an answer that found its platform closed looks again, at the latest
)


def failed_later(hand: Hand, room: Room, event: Event) -> None:
    """The platform took words of ours, and tells now that they did not arrive."""
    code, detail = str(event.doc.get("code") or "refused"), str(event.doc.get("detail") or "")
    about = event.fields.get("about", "")
    said = hand.bridge.store.event(about)
    doc = json.loads(said.get("doc") or "{}")
    orders = hand.closing(event, "done", f"not delivered: {code}")
    orders.touch.append({"e": about, "f": {"reason": f"refused later: {code}"}})
    if said.get("k") == "s" and doc.get("status") and code == "window_closed":
        again = {"k": "s", "doc": said["doc"], **later.held(room, hand.bridge.now())}
        orders.push.append(
            {
                "e": name_of("again", about),
                "lane": "out",
                "room": room.id,
                "c": OURS,
                "state": "parked",
                "f": again,
            }
        )
    elif room.ticket:
        words = (doc.get("comment") or {}).get("text") or doc.get("words") or doc.get("reply") or ""
        note = telling.failed(code, detail, _left(hand, room, code), plaintext.plain(words))
        orders.push.append(note_event(room, note, "failed later", about))
    orders.facts = room.changed()
    hand.settle(orders)


def tell(
    hand: Hand, room: Room, event: Event, code: str, detail: str, text: str, human: bool,
    said: int = 0,
) -> None:  # fmt: skip
    """Words that did not go out: the ticket says so, with the reason and the ways left."""
    orders = hand.closing(event, "done" if human else "ignored", f"not delivered: {code}")
    orders.intent, orders.tries = "", ""
    if human:
        guards.spoken(room, event)
    orders.facts = room.changed()
    if code != "unconfirmed":  # those may have been heard
        orders.facts.pop("said", None)
        once.forget(hand, room, event)
    asked_for = human or bool(event.doc.get("approved"))  # by a person, who has to know
    if room.ticket and (asked_for or code in ("fuse", "unconfirmed")):
        if said:
            pieces = json.loads(hand.load().intent.get("pieces", "[]"))
            note = telling.partly(said, len(pieces), code, detail, " ".join(pieces[said:]))
        elif code == "unconfirmed":
            note = telling.held(code, detail, text)
        else:
            note = telling.failed(code, detail, _left(hand, room, code), text)
        orders.push.append(note_event(room, note, "undelivered", event.id))
    hand.settle(orders)


def _left(hand: Hand, room: Room, code: str) -> list[str]:
    """What the agent can still do."""
    left = [
        f"{way} (start a private note with /dm or /public to choose)"
        for way in answers(hand, room, closed=code == "window_closed")
    ]
    left += templates(hand, room)
    if code == "fuse":
        return ["wait ten minutes, then answer again"]
    if code in ("blocked", "person_unavailable"):
        return ["reach the person in another way, if you know one"]
    return left or ["look at the conversation on the platform itself"]


def wait(hand: Hand, room: Room, event: Event, why: str, text: str) -> NoReturn:
    """An agent's answer finds the platform closed (*why*: auth, paused, outage): it stands in line for it."""
    platform = room.facts.get("c", "")
    error = not_now(platform, Leave(CLOSED, why, platform))
    tell_waits(hand, room, event, error, text)
    raise error


def tell_waits(hand: Hand, room: Room, event: Event, error: BridgeError, text: str) -> None:
    """The agent learns that an answer waits: at once what a person has to end, an outage when it lasts.

    Once for an answer, however often it is tried; those behind it in the conversation follow it, as its
    note says. Nothing is said of words that may have arrived.
    """
    away = error.code == "outage" or error.code in OUTAGES
    lasts = hand.bridge.now().timestamp() - event.at >= LASTS
    mended = isinstance(error, AuthError) or error.code in ("auth", "paused")  # by a person
    if event.fields.get("waits") or not room.ticket or isinstance(error, Ambiguous):
        return
    if not (mended or (away and lasts)):
        return
    orders = hand.orders()
    orders.touch.append({"e": event.id, "f": {"waits": "told"}})
    note = telling.waits("outage" if away else error.code, text)
    orders.push.append(note_event(room, note, "held", event.id))
    hand.settle(orders)
