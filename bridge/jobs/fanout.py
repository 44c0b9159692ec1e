"""One answer for all who belong to an incident: shown first, then said to each of them once.

`/fanout` in a private note of the incident's ticket shows what would be sent, `/fanout yes` sends it. An event in
the incident's `out` lane hands it out in portions; in each member's `out` lane it is an answer like any other,
under a name made from what was shown and the person, so that nobody hears it twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from bridge.core import fanout, replies
from bridge.core.commands import Command
from bridge.core.crowds import Member
from bridge.core.stored import moment_in, moment_out
from bridge.jobs import guards, incident, speak
from bridge.jobs.ingest import name_of
from bridge.jobs.room import Room, note_event, our_event
from bridge.jobs.turn import Hand
from bridge.store import Event

PORTION, PAUSE = 10, 5.0  # people who are told at a time, and seconds until the next ones are
LOOK = 3.0  # seconds between two looks whether all have been told
PATIENCE = timedelta(hours=1)  # after which the report does not wait for the last ones any more

Push = list[dict[str, Any]]


def obey(hand: Hand, room: Room, event: Event, told: Command) -> tuple[str, Push]:
    """What the agent is told of `/fanout`, and the events it makes."""
    if not room.facts.get("crowd"):
        return fanout.refused("this ticket is no incident"), []
    shown = json.loads(room.facts.get("fanout") or "{}")
    if told.argument == "yes":
        return _begin(hand, room, event, shown)
    if told.argument == "stop":
        room.facts["fanout"] = json.dumps({**shown, "stopped": True}) if shown else ""
        return fanout.STOPPED, []
    if told.argument:
        return fanout.refused("it is /fanout with words below it, /fanout yes or /fanout stop"), []
    texts = fanout.wordings(told.lines)
    if wrong := fanout.problem(texts):
        return fanout.refused(wrong), []
    people = [one for _, _, one in _people(hand, room, None)]
    by = guards.writer(event)
    room.facts["fanout"] = json.dumps({"id": event.id, "texts": texts, "by": by})
    return fanout.preview(people, texts), []


def _begin(hand: Hand, room: Room, event: Event, shown: dict[str, Any]) -> tuple[str, Push]:
    if not shown or shown.get("stopped"):
        return fanout.refused("nothing was shown yet: write /fanout with the words below it"), []
    if shown.get("begun"):
        return fanout.refused("it is on its way already; the report comes by itself"), []
    total = hand.bridge.store.crowd("", room.id, 0, 0, 1)[1]
    doc = {
        "v": 1, "do": "fan", "id": shown["id"], "texts": shown["texts"], "from": 0, "until": total,
        "not_before": moment_out(hand.bridge.now()), "begun": moment_out(hand.bridge.now()),
    }  # fmt: skip
    who = guards.writer(event)
    if who and shown.get("by") and who != shown["by"]:
        doc["approved"] = who  # a second person has read it: nobody else has to approve it again
    room.facts["fanout"] = json.dumps({**shown, "begun": True})
    name = name_of("fan", room.id, shown["id"])
    return fanout.BEGUN, [our_event("out", room.id, "c", name, doc, state="timer", after=1)]


def _people(hand: Hand, room: Room, until: int | None) -> Iterator[tuple[int, str, Member]]:
    """Each person of the incident once, by their first message; those who joined before *until*.

    With the place of it on the list: who is erased leaves theirs empty, and moves nobody to another.
    """
    seen = set()
    for at, eid, one in incident.everybody(hand, room):
        if until is not None and at >= until:
            return
        if one.room and one.room not in seen:
            seen.add(one.room)
            yield at, eid, one


def hand_out(hand: Hand, room: Room, event: Event) -> None:
    """Tell the next ones; when all have been told, say on the ticket what came of it."""
    doc, now = dict(event.doc), hand.bridge.now()
    stopped = bool(json.loads(room.facts.get("fanout") or "{}").get("stopped"))
    start, until = int(doc["from"]), int(doc["until"])
    everybody = list(_people(hand, room, start if stopped else until))
    waits = [one for one in everybody if one[0] >= start]
    orders = hand.orders()
    for _, eid, one in waits[:PORTION]:
        about = {"v": 1, "fan": doc["id"], "texts": doc["texts"], "incident": room.ticket}
        about |= {"approved": doc["approved"]} if "approved" in doc else {}
        orders.push.append(our_event("out", one.room, "s", _name(doc, one), about, of=eid))
    doc["from"] = waits[PORTION][0] if waits[PORTION:] else until
    wait = PAUSE
    if not waits[PORTION:]:
        people = [one for _, _, one in everybody]
        ends = _ends(hand, doc, people) if not waits else None
        begun = moment_in(doc["begun"]) or now
        if ends is not None and (None not in ends or now - begun > PATIENCE):
            return _report(hand, room, event, doc, people, ends)
        wait = LOOK
    doc["not_before"] = moment_out(now + timedelta(seconds=wait))
    orders.touch.append({"e": event.id, "f": {"doc": json.dumps(doc)}})
    hand.settle(orders)
    return None


def _name(doc: dict[str, Any], one: Member) -> str:
    return name_of("fan", doc["id"], one.room)


def _ends(hand: Hand, doc: dict[str, Any], people: Sequence[Member]) -> list[str | None]:
    """How each was told: the reason its event ended with; None where it has not ended."""
    keys = [f"e:{_name(doc, one)}" for one in people]
    rows = hand.bridge.store.rows(keys, "state", "reason")
    return [
        None if one.get("state") in ("in_progress", "parked") else one.get("reason", "")
        for one in rows
    ]


def _report(
    hand: Hand, room: Room, event: Event, doc: dict[str, Any], people: Sequence[Member],
    ends: Sequence[str | None],
) -> None:  # fmt: skip
    orders = hand.closing(event, "done", "all were told")
    note = fanout.report(people, ends)
    orders.push.append(note_event(room, note, "fanned", doc["id"]))
    room.facts["fanout"] = ""
    orders.facts = room.changed()
    hand.settle(orders)


def say(hand: Hand, room: Room, event: Event) -> None:
    """Say the answer to one member: by name where they have one, in the wording that is theirs."""
    said = room.said()
    variants = tuple(
        replies.Variant(text=text, named="{first_name}" in text) for text in event.doc["texts"]
    )
    text = replies.choose(
        replies.Replies(texts={"en": {"fanout": variants}}),
        "fanout",
        language="en",
        key=room.id,
        person_name=replies.first_name(room.own_name, room.facts.get("first_name")),
        said=said,
    )
    if text is None:
        return hand.close(room, event, "ignored", "no words")
    room.facts["said"] = json.dumps([*said, text][-20:])
    return speak.to_member(hand, room, event, text)
