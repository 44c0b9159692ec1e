"""Comments hidden on the platform, by a house rule or by an agent; what is hidden can be shown again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from bridge.core import receipt, telling
from bridge.core.commands import Command
from bridge.core.errors import PermanentError, Unsupported
from bridge.core.model import Target, Visibility
from bridge.core.rules import HOUSE_RULES, Decision
from bridge.core.stored import message_in
from bridge.jobs.ingest import name_of
from bridge.jobs.room import Room, note_event, our_event
from bridge.jobs.turn import Hand
from bridge.store import Event

KEPT_TEXT = 500  # characters of what is hidden that the note shows


def asked(room: Room, event: Event, decision: Decision) -> list[dict[str, Any]]:
    """What hides the message of *event* if *decision* wants it, as an event of the `out` lane."""
    message = message_in(event.doc) if decision.hide else None
    if decision.hide is None or message is None or message.visibility is not Visibility.PUBLIC:
        return []
    doc = {
        "v": 1,
        "hide": decision.hide.because,
        "rule": decision.hide.rule,
        "place": message.conversation,
        "item": message.external_id,
        "answer": dict(message.answer),
        "text": (message.text or "")[:KEPT_TEXT],
    }
    return [our_event("out", room.id, "s", name_of("hide", event.id), doc)]


def by_rule(hand: Hand, room: Room, event: Event) -> None:
    """Hide what a rule wants hidden; the ticket, where there is one, gets a copy and the reason."""
    doc, now = event.doc, hand.bridge.now()
    target, why = _target(hand, room, doc), ""
    channel = hand.bridge.channel(target.channel) if target else None
    if target is None or channel is None or channel.hide is None or channel.unhide is None:
        why = "cannot_hide"  # never where it could not be shown again
    else:
        try:
            hand.outside.platform(target.connection, channel.hide(target), hand.guard)
        except (PermanentError, Unsupported) as error:
            why = error.code
    orders = hand.closing(event, "ignored" if why else "done", f"not hidden: {why}" if why else
                          f"hidden: {doc['hide']}")  # fmt: skip
    if not why:
        done = receipt.action(now, f"hidden by rule {doc['rule']}", f"house rule {doc['hide']}")
        slip = {"v": 1, "outcome": "done", "reason": f"hidden: {doc['hide']}", "rule": doc["rule"]}
        orders.events[0]["f"]["receipt"] = receipt.pack({**slip, "actions": [done]})
        room.facts["hidden"] = json.dumps({name: doc[name] for name in ("place", "item", "answer")})
    if room.takes_notes:
        note = telling.hidden(doc["hide"], doc["rule"], doc["text"], why)
        orders.push.append(note_event(room, note, "hidden", event.id))
    orders.facts = room.changed()
    hand.settle(orders)


def by_agent(hand: Hand, room: Room, told: Command) -> str:
    """Hide the customer's latest comment, or show again what was hidden; returns the note for the agent.

    `/hide spam` names the house rule.
    """
    name, because = told.name, told.argument.lower().replace(" ", "_")
    if name == "hide" and because and because not in HOUSE_RULES:
        return telling.command_refused(name, f"the house rules are {', '.join(HOUSE_RULES)}")
    if name == "unhide" and room.facts.get("hidden"):
        item = json.loads(room.facts["hidden"])
        target = _target(hand, room, item)
    else:
        item = _latest(room)
        target = _target(hand, room, item) if item else None
    channel = hand.bridge.channel(target.channel) if target else None
    verb = (channel.hide if name == "hide" else channel.unhide) if channel else None
    if target is None or verb is None:
        return telling.command_refused(name, telling.reason("cannot_hide"))
    try:
        hand.outside.platform(target.connection, verb(target), hand.guard)
    except (PermanentError, Unsupported) as error:
        return telling.command_refused(name, telling.reason(error.code, error.detail))
    room.facts["hidden"] = json.dumps(item) if name == "hide" else ""
    return telling.command_done(name, because if name == "hide" else "")


def _latest(room: Room) -> dict[str, Any] | None:
    """What the customer wrote last in public."""
    place = room.place(Visibility.PUBLIC)
    key = next((key for key, one in room.places.items() if one is place), None)
    return (
        {"place": key, "item": place["item"], "answer": place["answer"]} if key and place else None
    )


def _target(hand: Hand, room: Room, doc: dict[str, Any]) -> Target | None:
    """Where the item that *doc* names stands; the place may hold a later one by now."""
    place = room.places.get(str(doc.get("place")))
    target = room.target(hand.bridge, place) if place else None
    return target and replace(target, item_id=doc.get("item"), answer=doc.get("answer") or {})
