"""The `in` lane: what customers say, and what we have to tell the agent, goes onto the ticket.

The question is never "what happened?" but "what should be true?": the ticket holds these messages, in
their order, each once. Open or extend is decided here, inside the turn, from the room as it is now.
What the ticket then says is in tickets.py, how it is written in writing.py.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from bridge.core import labels, receipt, sync, telling, words
from bridge.core.errors import PermanentError
from bridge.core.facts import View, view
from bridge.core.model import Change, Message
from bridge.core.rules import Decision, decide
from bridge.core.stored import message_in, moment_in, moment_out
from bridge.jobs import (
    closed,
    crowds,
    csat,
    customers,
    edits,
    incident,
    mutes,
    notify,
    reroute,
    tickets,
    waiting,
    writing,
)
from bridge.jobs.ingest import words_name
from bridge.jobs.plan import Plan, Said, automatic_events
from bridge.jobs.room import LIVE, Room
from bridge.jobs.turn import Hand
from bridge.store import Event, Orders, Turn

EARLIER = 10  # messages said before the ticket that its note shows


def step(hand: Hand, turn: Turn) -> bool | float | None:
    """Do the next thing the lane needs; see `jobs.turn.Step`."""
    room = Room.read(turn.room_id, turn.room)
    if turn.intent:
        return writing.resolve(hand, turn, room)
    if not turn.events:
        return None
    if turn.events[0].kind == "t":
        return _tag(hand, room, turn.events[0])
    if turn.events[0].kind == "c":
        return incident.open(hand, room, turn.events[0], turn.spikes)
    if turn.events[0].kind == "w":
        return waiting.press(hand, room, turn.events[0])
    if turn.events[0].kind == "g":
        return reroute.carry_out(hand, room, turn.events[0])
    orders = hand.orders()
    plan = _plan(hand, turn, room, orders)
    orders.set += [(key, kept, seconds) for key, (kept, seconds) in plan.people.items()]
    orders.crowds = plan.crowds
    for event, state, reason, decision in plan.outcomes:
        more = plan.more.get(event.id, {})
        orders.events.append(_outcome(hand, event, state, reason, decision, more))
        if mute := plan.muted.get(event.id):
            orders.events[-1]["muted"] = mute
    if plan.writes:
        orders.facts, orders.push = plan.facts, plan.push[: plan.pushed]
        plan.push = plan.push[plan.pushed :]
    else:
        orders.facts, orders.push = room.changed(), plan.push
    waiting.known(room, orders)
    if plan.opening:
        return tickets.open(hand, room, plan, orders)
    if plan.writes:
        return tickets.extend(hand, room, plan, orders)
    writing.wake(room, orders)
    hand.settle(orders)
    return True


def _tag(hand: Hand, room: Room, event: Event) -> bool:
    """Leave the name of a conversation that joined on the ticket, for when Redis has forgotten it."""
    desk = hand.bridge.config.connections.get(room.desk)
    add_tags = hand.bridge.helpdesk(desk).add_tags if desk else None
    if desk is None or add_tags is None or not room.takes_notes:
        hand.close(room, event, "ignored", "no open ticket to tag")
        return True
    try:
        tags = (str(event.doc["tag"]),)
        hand.outside.desk(desk, add_tags(desk, room.ticket, tags), hand.guard)
    except PermanentError as error:
        hand.close(room, event, "ignored", f"not tagged: {error.code}")
        return True
    hand.close(room, event, "done", "tagged")
    return True


def _plan(hand: Hand, turn: Turn, room: Room, orders: Orders) -> Plan:
    """Sort what waits, in order, up to the first thing that needs a write of another kind."""
    plan = Plan(spikes=turn.spikes)
    events = edits.as_written(turn.events)
    later = edits.later_changes(events)
    facts: dict[str, dict[str, str]] = {}  # what this step has learned of messages
    for event in events:
        if plan.outcomes and not plan.writes:
            plan.facts, plan.pushed = room.changed(), len(plan.push)
        if event.kind in ("t", "c", "w", "g"):
            break
        if event.kind == "n":
            if plan.said:
                break
            if not room.takes_notes:
                plan.outcomes.append((event, "ignored", "no open ticket for this note", None))
            elif crowds.linked(room, plan, event):
                plan.outcomes.append((event, "ignored", "linked to the incident already", None))
            else:
                plan.notes.append((event, str(event.doc.get("text", ""))))
            continue
        if event.kind == "i":
            if plan.writes:
                break
            room.rename(str(event.doc.get("old")), str(event.doc.get("new")))
            plan.outcomes.append((event, "ignored", "identity", None))
            continue
        message = message_in(event.doc)
        mid = event.fields.get("mid", "")
        says = {**event.says, **facts.get(mid, {})}
        if message.own:
            if plan.said:
                break
            _native(hand, turn, room, plan, event, message)
            continue
        if message.change is Change.DELETED:
            if says.get("on") and plan.said:
                break
            _deleted(plan, room, event, says)
            waiting.withdrawn(room, event, message, hand.bridge.now())
            facts.setdefault(mid, {}).update({"deleted": "1", "text": ""})
            continue
        if reason := edits.overtaken(event, message, says):
            plan.outcomes.append((event, "ignored", reason, None))
            continue
        if says.get("on"):  # known there with other words, or edited
            if plan.said:
                break
            if hand.bridge.config.rules.reroute and room.status in LIVE:
                reroute.asked(hand, room, plan, event, _seen(hand, room, plan, event, message)[0])
            _edited(plan, room, event, message, says)
            facts.setdefault(mid, {}).update(
                {"text": edits.kept(message.text), "edited": edits.seen_at(event)}
            )
            continue
        edited = edits.seen_at(event) if message.change is Change.EDITED else ""
        if mid in later:
            change, edited = later[mid]
            if change.change is Change.DELETED:
                plan.outcomes.append((event, "ignored", "deleted before it was handled", None))
                continue
            message = edits.as_edited(message, change)
        elif (
            message.change is Change.EDITED
            and says.get("text") == edits.kept(message.text)
            and says
        ):
            plan.outcomes.append((event, "ignored", "the text did not change", None))
            continue
        if plan.notes:
            break
        seen = moment_in(event.fields.get("seen"))
        room.heard(message, seen)
        _met(plan, event, message.sent_at or seen or hand.bridge.now())
        on_ticket = _place(hand, room, plan, event, message)
        if on_ticket is None:
            break
        crowds.count(hand, plan, event, message, plan.decision(event))
        # Only now: what is left to the next step must not be taken for handled there.
        fact = facts.setdefault(mid, {})
        fact["text"] = edits.kept(message.text)
        if edited:
            fact["edited"] = edited
        if message.extra.get("late"):
            fact["late"] = "1"
        fact["on" if on_ticket else "seen"] = "1"
    written = {event.fields.get("mid") for event in plan.written()}
    for mid, fact in facts.items():
        if mid:
            (plan.says if mid in written else orders.says).append({"m": mid, "f": fact})
    return plan


def _place(hand: Hand, room: Room, plan: Plan, event: Event, message: Message) -> bool | None:
    """Put one message where it belongs: True on the ticket, False not, None in the next step."""
    bridge, now, place = hand.bridge, hand.bridge.now(), message.conversation
    if mute := mutes.holding(hand.mutes, event, message, now):
        plan.outcomes.append((event, "ignored", mute.reason, None))
        plan.muted[event.id] = mute.id
        return False
    if plan.opening:
        plan.said.append(Said(event, message, place))
        return True
    if content := csat.heard(hand, room, plan, event, message):
        return True if content == "taken" else None
    what: sync.Next = "new"
    if room.ticket:
        desk_map = bridge.map_of(room.desk)
        what = sync.reopens(
            room.status,
            words.is_thanks(message.text or ""),
            now=now,
            solved_at=room.time("solved_at"),
            reopen_days=desk_map.reopen_days,
        )
    if what in ("append", "append_quietly", "reopen"):
        if plan.said and plan.step != what:
            return None
        plan.said.append(Said(event, message, place))
        plan.step = what
        if room.facts.get("outside") or hand.bridge.config.rules.reroute:
            seen = _seen(hand, room, plan, event, message)[0]
            closed.again(hand, room, plan, event, seen)
            if what != "append_quietly":
                reroute.asked(hand, room, plan, event, seen)
        return True
    if what == "nothing":
        plan.outcomes.append((event, "ignored", "thanks on a closed ticket", None))
        return False
    if message.text is None:
        # Without some permissions the platform tells that something was said, and not what.
        if plan.said:
            return None
        target = room.target(bridge, room.places[place])
        if target is not None:
            known = bridge.store.get(customers.post_key(target, message))
            message, _ = customers.described(hand, room, target, message, known)
    plan.followup = what == "followup"
    decision = _decide(hand, room, plan, event, message)
    for name in decision.notify:
        told = f"rule {decision.rule} wants {name} to look: bridge why {event.id}"
        notify.notice(bridge, name, event.id, told)
    if decision.outcome == "escalate" or plan.followup:
        plan.opening = decision
        plan.after = room.ticket if what in ("followup", "new") else ""
        plan.said.append(Said(event, message, place, decision))
        return True
    _not_escalated(room, plan, event, message, decision)
    return False


def _met(plan: Plan, event: Event, at: datetime) -> None:
    """Remember that the person wrote *at*; the same message counts once, however often it is read."""
    if person := event.fields.get("pk"):
        name = (event.fields.get("mid") or event.id)[:10]
        kept = labels.contacts(_about(plan, event, "contacts"), name, at)
        plan.people[f"contacts:{person}"] = (kept, labels.WEEK)


def _about(plan: Plan, event: Event, what: str) -> str | None:
    """What is kept of the person of *event*, with what this step has added to it."""
    new = plan.people.get(f"{what}:{event.fields.get('pk')}")
    return new[0] if new else event.says.get(what)


def _seen(
    hand: Hand, room: Room, plan: Plan, event: Event, message: Message
) -> tuple[View, dict[str, Any]]:
    """All that is known of a message, and what of it we know beside what it tells itself."""
    now, person = hand.bridge.now(), event.fields.get("pk")
    clock = closed.clock(hand, room, event, message)
    told: dict[str, Any] = {
        "has_ticket": bool(room.ticket and room.status in LIVE),
        "answered": "answered_at" in room.facts,
        "answered_natively": _natively(room, now),
    }
    if person:
        told["author.label"] = sorted(labels.labels(_about(plan, event, "label"), now))
        told["author.messages"] = labels.ages(_about(plan, event, "contacts") or "[]", clock.moment)
    seen = view(message, told, hand.bridge.scorer, clock)
    if crowds.meets(hand, plan, event, message, seen):
        told["incident"] = seen.facts["incident"] = True
    return seen, told


def _decide(hand: Hand, room: Room, plan: Plan, event: Event, message: Message) -> Decision:
    """What the rules say, by all that is known of the message, the conversation and the person."""
    now, person = hand.bridge.now(), event.fields.get("pk")
    seen, told = _seen(hand, room, plan, event, message)
    if spoken := seen.get("language"):
        room.facts["language"] = spoken
    known = {name: value for name, value in told.items() if value}
    decision = replace(decide(hand.bridge.config.rules, seen), told=known)
    closed.remember(room, decision)
    decision = closed.fitting(hand, room, decision, seen)
    if person and decision.labels:
        kept = labels.labelled(_about(plan, event, "label"), decision.labels, now)
        plan.people[f"label:{person}"] = kept
    return crowds.calmed(hand, room, plan, event, message, decision)


def _natively(room: Room, now: datetime) -> bool:
    """Whether the brand wrote here on the platform itself, not long ago."""
    at = room.time("native_at")
    return at is not None and (now - at).total_seconds() < labels.WEEK


def _not_escalated(
    room: Room, plan: Plan, event: Event, message: Message, decision: Decision
) -> None:
    earlier = room.earlier()
    earlier.append(
        {
            "who": room.name or "",
            "text": (message.text or "")[: edits.KEPT],
            "at": moment_out(message.sent_at) or "",
        }
    )
    room.facts["earlier"] = json.dumps(earlier[-EARLIER:])
    state = "ignored" if decision.outcome in ("ignore", "none") else "done"
    plan.outcomes.append((event, state, decision.reason or decision.outcome, decision))
    plan.push += automatic_events(room, event, decision)


def _edited(plan: Plan, room: Room, event: Event, message: Message, says: dict[str, str]) -> None:
    old, new = says.get("text", ""), message.text or ""
    if old == edits.kept(new):
        plan.outcomes.append((event, "ignored", "the text did not change", None))
    elif not room.takes_notes:
        plan.outcomes.append((event, "ignored", "edited after its ticket was closed", None))
    else:
        plan.notes.append((event, telling.edited(old, new)))


def _deleted(plan: Plan, room: Room, event: Event, says: dict[str, str]) -> None:
    if says.get("on") and room.takes_notes:
        plan.notes.append((event, telling.deleted(says.get("text", ""))))
    else:
        plan.outcomes.append((event, "ignored", "deleted, and on no open ticket", None))


def _native(hand: Hand, turn: Turn, room: Room, plan: Plan, event: Event, message: Message) -> None:
    """Something the brand wrote: our own echo, or a colleague at the platform's own page."""
    under_way = _echo(turn, message)
    if under_way or _said(hand, event, message):
        if message.external_id and under_way:
            found = f"found:{turn.other_intent['marker']}"
            hand.bridge.store.put(found, message.external_id, 86400)
        plan.outcomes.append((event, "ignored", "own echo", None))
    elif _by_our_app(hand, event, message):
        plan.outcomes.append((event, "ignored", "written by our own app", None))
    elif message.change is not Change.CREATED:
        plan.outcomes.append((event, "ignored", "own", None))
    elif room.takes_notes:
        waiting.natively(room, message, hand.bridge.now())
        label = hand.bridge.channel(message.channel).label or message.channel
        who = message.author.name if message.author else None
        room.facts["answered_at"] = moment_out(message.sent_at) or ""
        plan.notes.append((event, telling.native(who, message.text or "", label)))
    else:
        waiting.natively(room, message, hand.bridge.now())
        plan.outcomes.append((event, "ignored", "own", None))


def _said(hand: Hand, event: Event, message: Message) -> bool:
    """Whether they are words of ours: posted under this id, or on their way in this room or another."""
    if hand.bridge.store.get(f"sent:{event.fields.get('mid', '')}"):
        return True
    words = words_name(event.connection, message.channel, message.account_id, message.text or "")
    return bool(message.text) and hand.bridge.store.get(f"saying:{words}") is not None


def _echo(turn: Turn, message: Message) -> bool:
    """Whether the brand's words are those we are posting right now, their answer still on its way."""
    intent = turn.other_intent
    if not intent or intent.get("kind") != "post":
        return False
    if message.extra.get("metadata") == intent.get("marker"):
        return True
    ours = " ".join(intent.get("text", "").split())
    return bool(ours) and ours == " ".join((message.text or "").split())


def _by_our_app(hand: Hand, event: Event, message: Message) -> bool:
    """Whether the platform names our own app as the sender, also of words we have forgotten."""
    connection = hand.bridge.config.connections.get(event.connection)
    ours = str(connection.options.get("app_id") or "") if connection else ""
    return bool(ours) and message.extra.get("app_id") == ours


def _outcome(
    hand: Hand,
    event: Event,
    state: str,
    reason: str,
    decision: Decision | None,
    more: dict[str, Any],
) -> dict[str, Any]:
    slip: dict[str, Any] = {"v": 1, "outcome": state, "reason": reason}
    if decision is not None:
        slip = receipt.of_decision(decision, hand.bridge.config.version)
    facts = {"reason": reason, "receipt": receipt.pack(slip | more)}
    return {"e": event.id, "state": state, "f": facts, "rules": receipt.matched(slip)}
