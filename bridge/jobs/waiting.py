"""Customers who wait for a person: their clock, what is done while it runs, and what ends it.

A wait is one event of the room's `out` lane, a timer until it ends. It begins with the first words that
nobody has answered, at the platform's time, and holds until when an answer is due and what is to be done when
(`core.targets`). Nothing is cancelled: whenever the lane is looked at, what is true then is asked. What a step wants of
the ticket goes as an event into the `in` lane, whose business the ticket is (`press`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bridge.core import mapping, receipt, targets, telling, words
from bridge.core.errors import PermanentError
from bridge.core.model import Message
from bridge.core.stored import (
    measures_in,
    measures_out,
    moment_in,
    moment_out,
    promise_in,
    promise_out,
)
from bridge.core.targets import Course, Measures, Promise
from bridge.jobs import notify
from bridge.jobs.ingest import name_of
from bridge.jobs.later import OVER
from bridge.jobs.plan import Plan, Said, said_doc
from bridge.jobs.room import Room, note_event, our_event
from bridge.jobs.turn import Hand
from bridge.store import Event, Orders

LIVE = timedelta(minutes=2)  # later than this, words were found and not heard
SETTLED = timedelta(minutes=2)  # a status may be told before the answer that came with it
LOOK = timedelta(days=1)  # between two looks at somebody for whom nothing more is to be done
FORGOTTEN = timedelta(days=30)  # after so long nobody is waited for any more


# --- how a wait begins: in the `in` lane, with the words themselves ----------------------------------------


def begins(hand: Hand, room: Room, plan: Plan, desk: str) -> tuple[list[dict[str, Any]], str]:
    """The wait that *plan*'s words begin, as an event to push, and what the ticket's note says of it.

    None where the customer waits already, was answered since, or only says thanks.
    """
    promise = _promise(hand, room, plan)
    said = _unanswered(hand, room, plan)
    if not said:
        return [], ""
    first, since = said[0], _said_at(hand, said[0])
    found = moment_in(first.event.fields.get("seen")) or hand.bridge.now()
    target = room.target(hand.bridge, room.places[first.place])
    calendar = hand.bridge.calendar(target.account if target else None, desk)
    course = targets.course(promise, since, calendar, found)
    if course.deadline is None and not course.steps:
        return [], ""
    name = name_of("wait", room.id, first.event.id)
    heard, mid = moment_out(_heard_at(hand, first)), first.event.fields.get("mid", "")
    room.facts["waited"] = f"{name} {moment_out(since)} {heard} {mid}"
    doc = {**_doc(room, course, found, first), "heard": heard}
    event = our_event("out", room.id, "s", name, doc, state="timer", at=doc["not_before"])
    if course.deadline is not None:
        event["waits"] = [doc["source"], int(course.deadline.timestamp() * 1000)]
        event["f"]["waits"] = doc["source"]
    return [event], targets.told(course)


def _promise(hand: Hand, room: Room, plan: Plan) -> Promise:
    """What the customer may count on: as the ticket was opened, by the file where it says nothing else."""
    usual = Promise(target=hand.bridge.config.rules.target)
    if plan.opening is not None:
        promise = (
            plan.opening.promise or usual
        )  # what goes on with a closed ticket, no rule has opened
        own = "" if promise == usual else json.dumps(promise_out(promise))
        if own or room.facts.get("promise"):
            room.facts["promise"] = own
        return promise
    kept = room.facts.get("promise")
    return promise_in(json.loads(kept)) if kept else usual


def _unanswered(hand: Hand, room: Room, plan: Plan) -> list[Said]:
    """The words that begin a wait, the first ones first; none where one is on already."""
    if plan.opening is None and (plan.step == "append_quietly" or _runs(room)):
        return []
    waiting = [
        one
        for one in plan.said
        if (plan.opening is not None or not words.is_thanks(one.message.text or ""))
        and answered(room, _said_at(hand, one), _heard_at(hand, one)) is None
    ]
    return sorted(waiting, key=lambda one: _said_at(hand, one))


def _said_at(hand: Hand, one: Said) -> datetime:
    """When the words were said, by the platform; never later than we heard them."""
    seen = moment_in(one.event.fields.get("seen")) or hand.bridge.now()
    return min(one.message.sent_at or seen, seen)


def _heard_at(hand: Hand, one: Said) -> datetime:
    """From when on an agent could have known the words: what was found later may have been answered elsewhere."""
    said = _said_at(hand, one)
    seen = moment_in(one.event.fields.get("seen")) or said
    return seen if seen - said <= LIVE else said


def _runs(room: Room) -> bool:
    """Whether the customer waits already."""
    since, heard, _ = _waited(room)
    if since is None or heard is None or room.status in OVER or answered(room, since, heard):
        return False
    return not any(at and at >= since for at in map(room.time, ("merged_at", "waived_at")))


def _waited(room: Room) -> tuple[datetime | None, datetime | None, str]:
    """Since when the last wait is, from when on an answer counts, and the message it began with."""
    parts = [*room.facts.get("waited", "").split(" "), "", "", ""]
    return moment_in(parts[1]), moment_in(parts[2]), parts[3]


def _doc(room: Room, course: Course, found: datetime, first: Said) -> dict[str, Any]:
    doc: dict[str, Any] = {
        "v": 1,
        "wait": moment_out(course.since),
        "for": first.event.id,
        "found": moment_out(found),
        "due": moment_out(course.deadline),
        "source": room.facts.get("c", ""),
        "who": first.event.fields.get("pk") or "",
        "steps": [
            {
                "n": number,
                "at": moment_out(one.at),
                "why": one.why,
                "after": one.after,
                "then": measures_out(_silent(one.then) if _elsewhere(first.message) else one.then),
            }
            for number, one in enumerate(course.steps)
        ],
    }
    return {**doc, "not_before": _next(doc, found)}


def _elsewhere(message: Message) -> bool:
    """Whether another app holds the talk: it is the one that answers by itself there."""
    return bool(message.extra.get("standby"))


def _silent(measures: Measures) -> Measures:
    return replace(measures, replies=())


def _next(doc: dict[str, Any], now: datetime) -> str | None:
    """When a wait is looked at again."""
    steps = doc["steps"]
    return str(steps[0]["at"]) if steps else moment_out(now + LOOK)


def withdrawn(room: Room, event: Event, message: Message, now: datetime) -> None:
    """The customer has deleted *message*: where it is all that nobody has answered, nobody waits."""
    place, (_, _, first) = room.places.get(message.conversation, {}), _waited(room)
    only = place.get("item") == message.external_id
    if only and first and first == event.fields.get("mid"):
        room.facts["waived_at"] = moment_out(now) or ""


# --- who has answered -------------------------------------------------------------------------------------


def answered(room: Room, since: datetime, heard: datetime) -> datetime | None:
    """When a person answered what was said *since*, and *heard* by us then; None where nobody has.

    By way of the ticket (`human_at`, our clock), of which only what comes after we knew the words is an answer to
    them; or on the platform itself (`staff_at`, its clock).
    """
    human, staff = room.time("human_at"), room.time("staff_at")
    found = [human] if human and human >= heard else []
    found += [staff] if staff and staff > since else []  # platforms tell whole seconds
    return min(found, default=None)


def answered_at(room: Room) -> datetime | None:
    """When a person spoke here last, by the ticket or on the platform itself."""
    told = [at for name in ("human_at", "staff_at") if (at := room.time(name))]
    return max(told, default=None)


def natively(room: Room, message: Message, now: datetime) -> None:
    """The brand wrote *message* on the platform itself; what another app wrote may be a machine's: no answer."""
    at = min(message.sent_at or now, now)
    for name in ("native_at",) if message.extra.get("other_app") else ("native_at", "staff_at"):
        known = room.time(name)
        room.facts[name] = moment_out(at if known is None else max(known, at)) or ""


def known(room: Room, orders: Orders) -> None:
    """Write down at once, with *orders*, what this turn has learned of who waits no more: a helpdesk may be down.

    The other lane looks at it.
    """
    news = {name: at for name, at in room.changed().items() if name in ("staff_at", "waived_at")}
    if news:
        orders.facts |= news
        orders.wake.append(f"out:{room.id}")


# --- how it goes on: in the `out` lane --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class End:
    """When and why nobody waits any more, and as what that is counted; "" is not at all."""

    at: datetime
    why: str
    count: str = ""
    answered: bool = False


def last(events: Sequence[Event]) -> list[Event]:
    """*events* with the waits behind the others: an answer that stands beside a step comes before it."""
    return sorted(events, key=lambda one: "wait" in one.doc)


def rests(hand: Hand, room: Room, event: Event, wait: float) -> float:
    """Seconds until *event* is looked at: *wait*, or sooner where it is a wait that ends."""
    if "wait" not in event.doc:
        return wait
    return min(wait, (_end(room, event).at - hand.bridge.now()).total_seconds())


def _end(room: Room, event: Event) -> End:
    """When and by what the wait ends, as far as can be told now."""
    since, due = _moment(event, "wait"), moment_in(event.doc.get("due"))
    if at := answered(room, since, _moment(event, "heard")):
        after = f"answered after {targets.span((at - since).total_seconds())}"
        count = targets.result(at, due, _moment(event, "found")) if due else ""
        return End(at, after + _TOLD[count], count, answered=True)
    for name, why in (("merged_at", "merged into another ticket"), ("waived_at", "taken back")):
        if (at := room.time(name)) and at >= since:
            return End(at, why)
    unanswered = "unanswered" if due else ""
    if room.facts.get("waited", "").split(" ")[0] != event.id:
        return End(since, "solved without an answer, and opened again", unanswered)
    if room.status in OVER:
        over = room.time("solved_at") or room.time("status_at") or since
        return End(max(over, since) + SETTLED, f"{room.status} without an answer", unanswered)
    return End(since + FORGOTTEN, "nobody answered in 30 days", unanswered)


_TOLD = {
    "": "",
    "in_time": ", in time",
    "late": ", late",
    "found_late": "; the platform told of it when that was late already",
}


def _moment(event: Event, name: str) -> datetime:
    at = moment_in(event.doc.get(name))
    if at is None:
        raise PermanentError("broken", f"a wait without its time ({name})")
    return at


def ended(hand: Hand, room: Room) -> list[dict[str, Any]]:
    """The waits of the lane that are over now, as outcomes to settle."""
    events = hand.turn.events if hand.turn else ()
    now = hand.bridge.now()
    found = [(one, _end(room, one)) for one in events if "wait" in one.doc]
    return [_outcome(room, event, end) for event, end in found if end.at <= now]


def _outcome(room: Room, event: Event, end: End) -> dict[str, Any]:
    slip = receipt.unpack(event.fields.get("receipt"))
    slip |= {"v": 1, "outcome": end.count or "over", "reason": end.why}
    if end.answered:
        slip["answered"] = moment_out(end.at)
    facts = {"reason": end.why, "receipt": receipt.pack(slip)}
    return {
        "e": event.id,
        "state": "done",
        "f": facts | _ticket(room),
        "waited": [str(event.doc.get("source", "")), end.count],
    }


def _ticket(room: Room) -> dict[str, str]:
    return {"ticket": f"{room.desk}:{room.ticket}"} if room.ticket else {}


def look(hand: Hand, room: Room, event: Event) -> None:
    """The time of a wait has come: it ends, or what is due is done."""
    orders, now = hand.orders(), hand.bridge.now()
    end = _end(room, event)
    if end.at <= now:
        orders.events.append(_outcome(room, event, end))
        return hand.settle(orders)
    slip = receipt.unpack(event.fields.get("receipt")) or {"v": 1, "outcome": "waits"}
    steps = event.doc["steps"]
    due = [one for one in steps if (moment_in(one["at"]) or now) <= now]
    for step in due:
        _carry_out(hand, room, event, step, orders)
        done = "; ".join(targets.does(measures_in(step["then"])))
        what = f"{targets.span(step['after'])} without an answer ({step['why']})"
        slip["actions"] = [*slip.get("actions", []), receipt.action(now, what, done)]
    doc = {**event.doc, "steps": [one for one in steps if one not in due]}
    doc["not_before"] = _next(doc, now)
    facts = {"doc": json.dumps(doc), "receipt": receipt.pack(slip)}
    if doc["steps"] or doc["due"]:
        orders.touch.append({"e": event.id, "f": facts | _ticket(room)})
    else:
        facts["reason"] = "all was done, and nothing more was promised"
        orders.events.append({"e": event.id, "state": "done", "f": facts | _ticket(room)})
    orders.facts = room.changed()
    hand.settle(orders)
    return None


def _carry_out(hand: Hand, room: Room, event: Event, step: dict[str, Any], orders: Orders) -> None:
    """Have done what *step* says: each thing has its name, so that doing it again does nothing."""
    then = measures_in(step["then"])
    told = f"ticket {room.ticket} of {room.desk}: nobody has answered for {targets.span(step['after'])}"
    for name in then.notify:
        text = f"{told}: bridge why {event.id}"
        notify.notice(hand.bridge, name, f"{event.id}.{step['n']}", text)
    number = str(step["n"])
    if then.priority or then.tags or then.note:
        doc = {
            "v": 1, "wait": event.doc["wait"], "heard": event.doc["heard"], "due": event.doc.get("due"),
            "priority": then.priority, "tags": list(then.tags), "note": then.note, "of": event.id,
        }  # fmt: skip
        orders.push.append(our_event("in", room.id, "w", name_of("step", event.id, number), doc))
    for reply in then.replies:
        words = said_doc(reply, str(event.doc.get("who") or ""), event.id)
        name = name_of("step", event.id, number, reply.visibility, reply.name)
        orders.push.append(our_event("out", room.id, "s", name, words))


# --- what a step does on the ticket: in the `in` lane -----------------------------------------------------


def press(hand: Hand, room: Room, event: Event) -> bool:
    """Raise the ticket's priority and add tags, and then the note; not where somebody has answered meanwhile."""
    since = _moment(event, "wait")
    desk = hand.bridge.config.connections.get(room.desk)
    if answered(room, since, _moment(event, "heard")):
        hand.close(room, event, "ignored", "answered in the meantime")
        return True
    if desk is None or not room.takes_notes or room.status in OVER:
        hand.close(room, event, "ignored", "no open ticket")
        return True
    priority, tags = event.doc.get("priority"), mapping.tags(event.doc.get("tags") or ())
    said = hand.bridge.map_of(desk.name).priorities.get(priority or "", priority)
    try:
        if said or tags:
            urge = hand.bridge.helpdesk(desk).urge(desk, room.ticket, said, tags)
            hand.outside.desk(desk, urge, hand.guard)
    except PermanentError as error:
        if error.code != "ticket_closed" and not error.gone:
            raise
        hand.close(room, event, "ignored", f"not done: {error.code}")
        return True
    orders = hand.closing(event, "done", _pressed(priority, tags))
    orders.cheer = [desk.name] if said or tags else []
    if note := event.doc.get("note"):
        due = moment_in(event.doc.get("due"))
        orders.push.append(note_event(room, telling.waited(note, since, due), "step", event.id))
    orders.facts = room.changed()
    hand.settle(orders)
    return True


def _pressed(priority: str | None, tags: Iterable[str]) -> str:
    done = list(targets.does(Measures(priority=priority, tags=tuple(tags))))
    return "; ".join(done) or "noted"
