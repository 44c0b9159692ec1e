"""One write on a ticket: recorded, sent, looked for where its answer was lost, written down.

The *intent* holds the exact body, its key and what is to be written down after it. A worker that finds
an intent without its result looks first, and only then writes again.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from bridge.core import receipt, telling
from bridge.core.errors import Ambiguous, BridgeError, PermanentError
from bridge.core.model import Connection, Status, Ticket
from bridge.core.stored import moment_in, moment_out
from bridge.helpdesks.base import Helpdesk
from bridge.jobs import files
from bridge.jobs.outside import Ask
from bridge.jobs.room import LINKED, Room, note_event
from bridge.jobs.turn import Hand
from bridge.store import Orders, Turn


def write(
    hand: Hand, room: Room, kind: str, desk: Connection, ticket_id: str, body: dict[str, Any],
    ident: str, orders: Orders, after: dict[str, Any], files: list[dict[str, Any]],
) -> bool:  # fmt: skip
    """Carry a write out; its intent is recorded before, and the outcomes in *orders* that need no write."""
    intent = {
        "v": "1",
        "id": ident,
        "kind": kind,
        "desk": desk.name,
        "ticket": ticket_id,
        "body": json.dumps(body, ensure_ascii=False),
        "at": moment_out(hand.bridge.now()) or "",
        "before": json.dumps([room.ticket] if room.ticket else []),
        "files": json.dumps(files) if files else "",
        "asker": room.facts.get("asker", ""),
        "events": json.dumps([item["e"] for item in after["events"]]),
        "after": json.dumps(after),
    }
    orders.intent = dict(intent)
    return _send(hand, room, intent, hand.intending(orders))


def _send(hand: Hand, room: Room, intent: dict[str, str], ask: Ask | None = None) -> bool:
    if intent.get("erased"):
        # Words of somebody who is erased were in it: the others' are planned anew.
        orders = hand.orders()
        orders.intent = ""
        hand.settle(orders)
        return True
    desk = hand.bridge.config.connections[intent["desk"]]
    helpdesk = hand.bridge.helpdesk(desk)
    along = files.fetched(hand, room, helpdesk, intent)
    if intent["kind"] == "create":
        calls = helpdesk.create(desk, intent["body"], intent["id"], along)
    else:
        calls = helpdesk.update(desk, intent["ticket"], intent["body"], along)
    try:
        done = hand.outside.desk(desk, calls, hand.guard, ask)
    except Ambiguous as error:
        if error.code == "idempotency_mismatch":
            return _find(hand, room, intent, error)
        raise
    except PermanentError as error:
        return _refused(hand, room, intent, error)
    commit(hand, room, intent, done)
    return True


def _too_soon(hand: Hand, helpdesk: Helpdesk, intent: dict[str, str]) -> float:
    """Seconds until a look shows what the last attempt did; 0 when it does now."""
    first = moment_in(intent["at"]) or hand.bridge.now()
    return max(helpdesk.settles - (hand.bridge.now() - first).total_seconds(), 0.0)


def resolve(hand: Hand, turn: Turn, room: Room) -> bool | float:
    """An intent without its result: look whether it happened, and only then write again."""
    intent = dict(turn.intent)
    desk = hand.bridge.config.connections.get(intent["desk"])
    if desk is None:
        raise PermanentError("no_helpdesk", f"{intent['desk']} is no longer in connections.yaml")
    helpdesk = hand.bridge.helpdesk(desk)
    if intent["kind"] == "create":
        first = moment_in(intent["at"]) or hand.bridge.now()
        safe = None if intent.get("erased") else helpdesk.create_once
        if safe is not None and hand.bridge.now() - first < timedelta(seconds=safe * 0.9):
            return _send(
                hand, room, intent
            )  # the same key and body: the helpdesk answers as before
        if wait := _too_soon(hand, helpdesk, intent):
            return wait
        return _find(hand, room, intent, None)
    if wait := _too_soon(hand, helpdesk, intent):
        return wait
    if hand.outside.desk(desk, helpdesk.marked(desk, intent["ticket"], intent["id"])):
        commit(hand, room, intent, Ticket(id=intent["ticket"]))
        return True
    return _send(hand, room, intent)


def _find(hand: Hand, room: Room, intent: dict[str, str], error: BridgeError | None) -> bool:
    """Look for the ticket by our stamp; adopt it, or create it when it is certainly not there."""
    desk = hand.bridge.config.connections[intent["desk"]]
    helpdesk = hand.bridge.helpdesk(desk)
    before = set(json.loads(intent.get("before") or "[]"))
    for found in hand.outside.desk(desk, helpdesk.find(desk, room.id, intent.get("asker", ""))):
        if found.id not in before and found.status is not Status.CLOSED:
            commit(hand, room, intent, found)
            return True
    if error is not None:
        raise error
    return _send(hand, room, intent)


def _refused(hand: Hand, room: Room, intent: dict[str, str], error: PermanentError) -> bool:
    """The helpdesk will not have it: the ticket moved on, or the body is wrong."""
    orders = hand.orders()
    if error.code == "ticket_closed":
        room.facts["status"] = str(Status.CLOSED)
    elif error.code == "problem_refused":
        room.facts["alone"] = "1"  # it belongs to no incident that the helpdesk could show
    elif (error.gone and intent["kind"] == "update") or error.code == "followup_refused":
        room.facts["status"] = str(Status.DELETED)  # nothing to go on with: the rules decide anew
    else:
        raise error
    orders.intent, orders.facts = "", room.changed()
    hand.settle(orders)
    return True


def commit(hand: Hand, room: Room, intent: dict[str, str], done: Ticket) -> None:
    """Write down that the write has happened."""
    after = json.loads(intent["after"])
    orders, now = hand.orders(), hand.bridge.now()
    desk = intent["desk"]
    room.facts.update(after["facts"])
    room.facts.pop("places", None)
    if intent.get("bytes"):
        room.facts["bytes"] = intent["bytes"]
    wake(room, orders)
    if intent["kind"] == "create":
        room.facts.update(
            {
                "desk": desk,
                "ticket": done.id,
                "url": done.url or "",
                "status": str(done.status or Status.NEW),
                "group": done.group or "",
                "opened_at": moment_out(now) or "",
                "earlier": "[]",
                "solved_at": "",
                "status_word": done.status_word or "",
                "read_to": "",
                "read_from": "",
                "spoken": "[]",
                "doubt": "",
            }
        )
        if done.requester_id:
            room.facts["requester"] = done.requester_id
        orders.set.append((f"ticket:{desk}:{done.id}", room.id, LINKED))
        if after.get("problem"):
            room.facts["problem"] = f"{done.id} {after['problem']}"
        if spike := after.get("spike"):
            known = {**spike, "room": room.id, "desk": desk, "ticket": done.id}
            orders.crowds.append({"c": spike["cid"], "room": room.id, "spike": json.dumps(known)})
        if after.get("person"):
            orders.set.append((f"person:{after['person']}", room.id, LINKED))
    elif after.get("status") or done.status:
        room.facts["status"] = str(done.status or after["status"])
        if after.get("status"):
            room.facts["solved_at"] = ""
    if intent["kind"] != "create":
        if after.get("problem"):
            room.facts["problem"] = f"{intent['ticket']} {after['problem']}"
        keep_link(room, orders)
    for item in after["events"]:
        slip = item["receipt"]
        slip["ticket"] = f"{desk}:{done.id}"
        orders.events.append(
            {
                "e": item["e"],
                "state": "done",
                "f": {"receipt": receipt.pack(slip), "reason": "", "ticket": f"{desk}:{done.id}"},
                "rules": receipt.matched(slip),
            }
        )
    orders.says = after.get("says", [])
    orders.push = after.get("push", [])
    for item in orders.push:
        if item.get("state") == "timer":
            item["f"]["ticket"] = f"{desk}:{done.id}"
    for number, note in enumerate(after.get("notes", ())):
        orders.push.append(note_event(room, note, "after", intent["id"], str(number)))
    if done.left_out:
        note = telling.left_out(done.left_out)
        orders.push.append(note_event(room, note, "left out", intent["id"]))
    facts = room.changed()
    if "places" in after["facts"]:
        facts["places"] = after["facts"]["places"]
    orders.facts, orders.intent, orders.tries, orders.cheer = facts, "", "", [desk]
    hand.settle(orders)


def wake(room: Room, orders: Orders) -> None:
    """Words of the customer may have opened the window that a notice waits for."""
    if room.facts.get("held"):
        orders.wake.append(f"out:{room.id}")


def keep_link(room: Room, orders: Orders) -> None:
    """Let the ticket's answers come here for another while, unless they go to another room.

    After a merge two conversations write on one ticket; its answers stay with the one it was opened for.
    """
    orders.set.append((f"ticket:{room.desk}:{room.ticket}", room.id, LINKED, True))
