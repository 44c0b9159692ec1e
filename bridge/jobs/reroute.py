"""An open ticket that goes to another group because of what its customer says later, or a tool says of it.

Asked for by a rule with `reroute: true`, once for each rule on a ticket. Who has taken the ticket over keeps it: an
agent it is assigned to, or the group that somebody (or a rule of the helpdesk) has moved it to since we knew it.
"""

from __future__ import annotations

from typing import Any

from bridge.core import mapping, receipt, telling
from bridge.core.errors import PermanentError
from bridge.core.facts import View
from bridge.core.model import Ticket
from bridge.core.rules import Decision, Escalation, rerouting
from bridge.jobs.ingest import name_of
from bridge.jobs.plan import Plan
from bridge.jobs.room import LIVE, Room, note_event, our_event
from bridge.jobs.turn import Hand
from bridge.store import Event


def opened(room: Room, decision: Decision) -> None:
    """Remember which rule sent the ticket that is about to be opened: it does not ask for it again."""
    room.facts["routed"] = room.facts["sent"] = decision.rule or ""


def asked(hand: Hand, room: Room, plan: Plan, event: Event, seen: View) -> None:
    """Have the ticket moved where a rule wants that for *event*, which belongs to it; *seen* is all that is known of it."""
    decision = rerouting(hand.bridge.config.rules, seen)
    if decision is None or decision.rule is None or decision.escalation is None:
        return
    done, wanted = room.facts.get("routed", "").split(" "), decision.escalation
    if decision.rule in done or wanted.helpdesk not in (None, room.desk):
        return
    room.facts["routed"] = " ".join([*done, decision.rule]).strip()
    doc = {
        "v": 1, "rule": decision.rule, "group": wanted.group, "priority": wanted.priority,
        "tags": list(wanted.tags), "for": event.id,
    }  # fmt: skip
    name = name_of("reroute", room.id, room.ticket, decision.rule)
    plan.push.append(our_event("in", room.id, "g", name, doc))
    plan.more.setdefault(event.id, {})["reroute"] = [decision.rule]


def carry_out(hand: Hand, room: Room, event: Event) -> bool:
    """Move the ticket, raise its priority, add tags, and leave a note that says why; doing it again does nothing."""
    desk, doc = hand.bridge.config.connections.get(room.desk), event.doc
    if desk is None or not room.ticket or room.status not in LIVE:
        return _end(hand, room, event, "ignored", "no open ticket")
    helpdesk = hand.bridge.helpdesk(desk)
    wanted = Escalation(priority=doc.get("priority"), group=doc.get("group"))
    mapped = mapping.apply(hand.bridge.map_of(desk.name), wanted, {})
    tags, group = mapping.tags(doc.get("tags") or ()), mapped.group or ""
    known, result = room.facts.get("group", ""), "unknown" if wanted.group else ""
    try:
        if mapped.priority or tags:
            urged = helpdesk.urge(desk, room.ticket, mapped.priority, tags)
            hand.outside.desk(desk, urged, hand.guard)
        if group.isdecimal():
            moved = helpdesk.move(desk, room.ticket, group, known)
            result = hand.outside.desk(desk, moved, hand.guard)
    except PermanentError as error:
        if error.code != "ticket_closed" and not error.gone:
            raise
        return _end(hand, room, event, "ignored", f"not done: {error.code}")
    told = telling.rerouting(wanted.group, result, wanted.priority)
    if result == "there" and known != group:
        room.facts.update({"group": group, "sent": str(doc.get("rule"))})
    news = wanted.priority or result != "there" or known != group
    note = telling.rerouted(str(doc.get("rule")), told) if news else ""
    return _end(hand, room, event, "done", told, note)


def left(hand: Hand, room: Room, now: Ticket) -> list[str]:
    """What is counted where the ticket, as read *now*, has left the group to which a rule had sent it; once a ticket.

    Not where a rule has just asked for the group in which it is: the other lane may be moving it at this moment.
    """
    sent, known = room.facts.get("sent", ""), room.facts.get("group", "")
    if not (sent and known and now.group) or now.group == known:
        return []
    if room.facts.get("left") == room.ticket or now.group in _asked_for(hand, room):
        return []
    room.facts["left"] = room.ticket
    return [f"{receipt.MOVED}{sent}"]


def _asked_for(hand: Hand, room: Room) -> set[str | None]:
    """The groups, by number, that rules have wanted since the last move."""
    words = hand.bridge.map_of(room.desk)
    routed, sent = room.facts.get("routed", "").split(" "), room.facts.get("sent")
    since = routed[routed.index(sent) + 1 :] if sent in routed else routed
    wanted = [
        one.then.escalate for one in hand.bridge.config.rules.rules
        if one.name in since and one.then.escalate is not None
    ]  # fmt: skip
    return {mapping.apply(words, one, {}).group for one in wanted}


def _end(hand: Hand, room: Room, event: Event, state: str, reason: str, note: str = "") -> bool:
    rule = str(event.doc.get("rule"))
    slip: dict[str, Any] = {"v": 1, "rule": rule, "outcome": "reroute", "reason": reason}
    orders = hand.closing(event, state, reason)
    told = {"receipt": receipt.pack(slip), "ticket": f"{room.desk}:{room.ticket}"}
    orders.events[0] |= {"f": orders.events[0]["f"] | told, "rules": [rule]}
    if note:
        orders.push.append(note_event(room, note, "reroute", event.id))
    if state == "done":
        orders.cheer = [room.desk]
    orders.facts = room.changed()
    hand.settle(orders)
    return True
