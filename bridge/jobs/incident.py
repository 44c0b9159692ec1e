"""An incident: a room of its own, whose ticket is opened once and grows with what belongs to it.

Its `in` lane opens the ticket like any other (intent, look, write). In its `out` lane one event watches: it comes
up every few seconds, lists who has joined, links their tickets, and sees when it is over. All it knows stands in
that event, so that a worker that takes over goes on where the last one stopped.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bridge.core import crowds, fanout, mapping, receipt, telling
from bridge.core.commands import Command
from bridge.core.model import Draft, Person, stamp
from bridge.core.rules import OVERFLOW, Crowd
from bridge.core.stored import doc_in, moment_in, moment_out
from bridge.jobs import crisis, customers, notify, writing
from bridge.jobs.ingest import name_of
from bridge.jobs.room import OURS, Room, note_event
from bridge.jobs.turn import Hand
from bridge.store import Event

OPENED = 20  # tickets that `/open` opens where it does not say how many
BATCH = 200  # messages that one look takes up; one note tells of them
CROWD = 10_000  # messages of an incident that are remembered (lua/crowd.lua)
QUICK, SLOW = 2.0, 30.0  # seconds between two looks, by how long the crowd's window is
RARE = 60.0  # seconds between two notes of who has joined, later on
NOBODY = Person(external_id=stamp("incidents"), name="Social media incidents")


def crowd_of(hand: Hand, doc: dict[str, Any]) -> Crowd | None:
    """The crowd of an incident; None when the rules have it no more."""
    every = hand.bridge.config.rules.lookouts
    return next((one for one in every if one.name == doc.get("crowd")), None)


# --- its ticket, in the `in` lane --------------------------------------------------------------------


def open(hand: Hand, room: Room, event: Event, spikes: Mapping[str, str]) -> bool:
    """Open the ticket of the incident; one that is to begin by hand begins first, where none of *spikes* lasts."""
    bridge, doc = hand.bridge, event.doc
    crowd = crowd_of(hand, doc)
    if crowd is None:
        hand.close(room, event, "ignored", "the rules have this crowd no more")
        return True
    if not crisis.begins(hand, room, event, crowd, spikes):
        return True
    connection = bridge.config.connections.get(str(doc.get("c")))
    account = (
        connection.account(str(doc.get("channel")), doc.get("account")) if connection else None
    )
    desk = bridge.desk_for(crowd.incident.helpdesk, account)
    hand.asker.presses(crowd.incident.priority)
    hand.outside.slots.keep(desk.name)
    orders = hand.orders()
    (known,) = bridge.store.several(customers.who_key(desk, NOBODY.external_id))
    requester = customers.requester(hand, room, desk, NOBODY, known, orders)
    if requester is None:
        return True
    desk_map = bridge.map_of(desk.name)
    # Solving a problem solves its incidents: those beyond the cap have nothing to do with each other.
    knows = "problem" in bridge.helpdesk(desk).types and crowd.name != OVERFLOW
    wanted = replace(crowd.incident, type="problem") if knows else crowd.incident
    fields = mapping.apply(desk_map, wanted, {})
    ident, begun = name_of("open", room.id), crowds.by_hand("begun", doc)
    told = crowds.opening(crowd, str(doc["value"]), int(doc["needed"]), doc.get("usual"), begun)
    draft = Draft(
        stamp=room.id,
        conversation=room.facts.get("key", ""),
        marker=ident,
        requester_name=NOBODY.name,
        subject=crowds.title(crowd.name, str(doc["value"]))[: desk_map.subject_limit],
        note=told,
        requester_id=requester,
        priority=fields.priority,
        group=fields.group,
        type=fields.type,
        tags=fields.tags,
        fields=fields.fields,
        collaborators=crowd.incident.collaborators,
    )
    why = begun or crowds.many(crowd, int(doc["needed"]))
    slip: dict[str, Any] = {"v": 1, "outcome": "incident", "reason": why}
    opened = f"opened by crowd {crowd.name}, {why}"
    slip["actions"] = [receipt.action(bridge.now(), opened, "ok")]
    after = {
        "v": 1, "events": [{"e": event.id, "receipt": slip}], "facts": room.changed(),
        "spike": {name: doc[name] for name in (*crisis.SHARED, "since") if name in doc},
    }  # fmt: skip
    body = bridge.helpdesk(desk).create_body(draft)
    return writing.write(hand, room, "create", desk, "", body, ident, orders, after, [])


# --- the watch over it, in the `out` lane -------------------------------------------------------------


def look(hand: Hand, room: Room, event: Event) -> None:
    """List who has joined since the last look, link their tickets, and see whether it is over."""
    doc, now, store = dict(event.doc), hand.bridge.now(), hand.bridge.store
    crowd = crowd_of(hand, doc)
    over = crowd.over if crowd else 0
    listed = int(doc["listed"])
    if crowd and "told" not in doc and not doc.get("over"):
        _alarms(hand, room, crowd, doc)
    count, total, eids = store.crowd(str(doc["cid"]), room.id, over, listed, BATCH)
    orders = hand.orders()
    if room.ticket and eids and (doc.get("over") or _may_list(doc, now)):
        found = members(hand, eids)
        joining = [one for _, one in found]
        orders.push.append(note_event(room, crowds.listing(joining, listed), "list", str(listed)))
        if doc["crowd"] != OVERFLOW:
            orders.push += _joins(room, crowd, found)
        doc["listed"] = listed = listed + len(eids)
    doc["peak"] = max(count, int(doc.get("peak", 0)))
    if doc.get("over"):
        if listed >= total or not room.ticket:
            return _end(hand, room, event, doc, over)
    elif crowd is None or room.facts.get("over") or _calm(doc, count, crowd, now):
        # From now on nobody joins it: the next look tells of the last ones.
        doc["over"] = moment_out(now)
        by_hand = bool(room.facts.get("over"))
        orders.crowds.append({"c": doc["cid"], "room": room.id, "anew": by_hand})
    soon = min(max(over / 30, QUICK), SLOW)
    if crowd:
        soon = min(soon, max(crowd.ends_after / 3, 0.5))
    if doc.get("over"):
        soon = QUICK
    doc["not_before"] = moment_out(now + timedelta(seconds=soon))
    orders.touch.append({"e": event.id, "f": {"doc": json.dumps(doc)}})
    hand.settle(orders)
    return None


def _alarms(hand: Hand, room: Room, crowd: Crowd, doc: dict[str, Any]) -> None:
    """Tell of the incident, and whom the crowd names; here, so that nothing tells of it after its end."""
    told = crowds.told_of(crowd, int(doc["needed"]), crowds.by_hand("begun", doc))
    hand.bridge.store.alarm(f"crowd:{room.id[:12]}", told)
    doc["told"] = {one: f"crowd {crowd.name} wants {one} to look: {told}" for one in crowd.notify}
    for one, text in doc["told"].items():
        notify.notice(hand.bridge, one, room.id, text)


def _calls_off(hand: Hand, room: Room, doc: dict[str, Any]) -> None:
    """The alarms end with the incident; those of names only where nothing else was told them since."""
    store = hand.bridge.store
    store.alarm(f"crowd:{room.id[:12]}", None)
    standing = store.alarms()
    for one, text in dict(doc.get("told") or {}).items():
        if standing.get(f"notify:{one}", {}).get("text") == text:
            store.alarm(f"notify:{one}", None)


def _may_list(doc: dict[str, Any], now: datetime) -> bool:
    """Whether it is time for another note: helpdesks allow few on one ticket, and agents need some of them."""
    at = moment_in(doc.get("list_at"))
    if at is not None and at > now:
        return False
    gap = min(float(doc.get("gap", QUICK / 2)) * 2, RARE)
    doc.update({"gap": gap, "list_at": moment_out(now + timedelta(seconds=gap))})
    return True


def _calm(doc: dict[str, Any], count: int, crowd: Crowd, now: datetime) -> bool:
    """Whether there have been too few for a crowd for long enough."""
    if count >= int(doc["needed"]):
        doc["below"] = ""
        return False
    below = moment_in(doc.get("below")) or now
    doc["below"] = moment_out(below)
    return (now - below).total_seconds() >= crowd.ends_after


def _end(hand: Hand, room: Room, event: Event, doc: dict[str, Any], over: int) -> None:
    """The incident is over: its ticket says what it was."""
    orders = hand.closing(event, "done", "the incident is over")
    every = [one for _, _, one in everybody(hand, room)]
    told = crowds.summary(str(doc["crowd"]), every, int(doc["peak"]), over, len(every) >= CROWD)
    orders.push.append(note_event(room, told, "summary"))
    _calls_off(hand, room, doc)
    hand.settle(orders)


def everybody(hand: Hand, room: Room) -> Iterator[tuple[int, str, crowds.Member]]:
    """All messages of the incident that are kept, in the order in which they joined.

    Each with its place on the list, which it keeps: others may be erased meanwhile.
    """
    for start in itertools.count(0, BATCH):
        eids = hand.bridge.store.crowd("", room.id, 0, start, BATCH)[2]
        found = dict(members(hand, eids))
        yield from ((at, eid, found[eid]) for at, eid in enumerate(eids, start) if eid in found)
        if len(eids) < BATCH:
            return


def alone(hand: Hand, room: Room, event: Event) -> None:
    """Somebody has written in public on the incident's ticket, where no customer reads it."""
    orders = hand.closing(event, "ignored", "an incident has no customer")
    orders.facts = room.changed()
    orders.push.append(note_event(room, fanout.nobody(), "nobody", event.id))
    hand.settle(orders)


def over(room: Room) -> str:
    """An agent ends the incident by hand: the next look does it, and this is the note."""
    if not room.facts.get("crowd"):
        return telling.command_refused("over", "this ticket is no incident")
    room.facts["over"] = "1"
    return telling.command_done("over")


def reopen(hand: Hand, room: Room, told: Command) -> tuple[str, list[dict[str, Any]]]:
    """Open tickets for some of those whose tickets would have been too many: a note, and the events."""
    if not room.facts.get("crowd"):
        return telling.command_refused("open", "this ticket is no incident"), []
    if told.argument and not told.argument.isdecimal():
        return telling.command_refused("open", "it takes a number: /open 20"), []
    wanted = min(int(told.argument or OPENED), BATCH)
    push: list[dict[str, Any]] = []
    for _, eid, one in everybody(hand, room):
        if one.over and not one.ticket and len(push) < wanted:
            said = hand.bridge.store.event(eid)
            again = {name: said[name] for name in ("k", "doc", "mid", "pk", "seen") if name in said}
            name = name_of("asked", eid)
            row = {"e": name, "lane": "in", "room": one.room, "c": OURS, "of": eid}
            if not hand.bridge.store.event(str(row["e"])):
                push.append({**row, "f": {**again, "asked": "1"}})
    return crowds.asked_for(len(push)), push


def members(hand: Hand, eids: Sequence[str]) -> list[tuple[str, crowds.Member]]:
    """The messages of these events, those that are kept; each with its event's id.

    One that had no ticket, because it was too many, has that of the event by which an agent asked for it.
    """
    store = hand.bridge.store
    rows = store.rows([f"e:{eid}" for eid in eids], "doc", "room", "ticket", "reason")
    found = {eid: row for eid, row in zip(eids, rows, strict=True) if row.get("doc")}
    waits = [eid for eid, row in found.items() if crowds.FULL in row.get("reason", "")]
    asked = store.rows([f"e:{name_of('asked', eid)}" for eid in waits], "ticket") if waits else []
    for eid, row in zip(waits, asked, strict=True):
        found[eid].update(row)
    return [(eid, _member(hand, row)) for eid, row in found.items()]


def _member(hand: Hand, row: dict[str, str]) -> crowds.Member:
    doc = doc_in(row["doc"])
    author = doc["author"] if isinstance(doc.get("author"), dict) else {}
    answer = doc["answer"] if isinstance(doc.get("answer"), dict) else {}
    label = hand.bridge.label(str(doc.get("channel")))
    private = doc.get("visibility") == "private"
    return crowds.Member(
        room=row.get("room", ""),
        channel=label,
        who=str(author.get("name") or author.get("username") or f"{label} user"),
        text=str(doc.get("text") or ""),
        at=moment_in(doc.get("at")),
        link=doc.get("permalink"),
        post="" if private else str(answer.get("post_id") or doc.get("thread") or ""),
        ticket=row.get("ticket", "").rpartition(":")[2],
        over=crowds.FULL in row.get("reason", ""),
    )


def _joins(
    room: Room, crowd: Crowd | None, found: Sequence[tuple[str, crowds.Member]]
) -> Iterator[dict[str, Any]]:
    """The notes that link the members' tickets to this one; those without a ticket close theirs."""
    told = crowds.belongs(room.ticket, room.facts.get("url"), crowd.name if crowd else "")
    doc = json.dumps({"v": 1, "text": told, "problem": [room.desk, room.ticket]})
    for eid, one in found:
        if one.room:
            row = note_event(Room(one.room, {}, {}), told, "join", room.id, one.ticket or eid)
            yield {**row, "of": eid, "f": {**row["f"], "doc": doc}}
