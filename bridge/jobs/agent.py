"""What an agent tells the bridge by a command: done, and answered with a private note."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bridge.core import commands, labels, telling
from bridge.core.model import TicketComment
from bridge.core.mutes import USUAL, mute_out
from bridge.core.stored import moment_in, moment_out
from bridge.jobs import approval, fanout, guards, hiding, incident, mutes, speak
from bridge.jobs.room import Room, note_event
from bridge.jobs.turn import Hand
from bridge.store import Event

WAYS = ("dm", "public")  # the commands that choose how answers go from then on
NAME = re.compile(r"[a-z0-9-]{1,64}")  # of a label, as in rules


def obey(hand: Hand, room: Room, event: Event, told: commands.Command) -> None:
    """Do what the agent asked for in the first line of a private note, and say that it is done."""
    sets, muted = list[tuple[str, str, int]](), list[tuple[str, str]]()
    push, touch = list[dict[str, Any]](), list[dict[str, Any]]()
    if told.name in WAYS:
        given = moment_in((event.doc.get("comment") or {}).get("at") or event.doc.get("at"))
        known = room.time("route_at")
        if given and known and given < known:
            return hand.close(room, event, "ignored", "another way was chosen after it")
        room.facts.update({"route": told.name, "route_at": moment_out(given) or ""})
        text = telling.command_done(told.name)
        if told.name == "dm" and (held := guards.held(hand, room)):
            return speak.release(hand, room, event, "dm", text, held)
    elif told.name in ("mute", "unmute"):
        muted, text = _mute(hand, room, event, told)
    elif told.name in ("label", "unlabel"):
        sets, text = _label(hand, room, told)
    elif told.name in ("hide", "unhide"):
        text = hiding.by_agent(hand, room, told)
    elif told.name in ("send", "approve"):
        text = telling.command_done(told.name)
        if held := guards.held(hand, room):
            refused = approval.against(held, event)
            if refused is None:
                return speak.release(hand, room, event, "public", text, held)
            text = telling.command_refused(told.name, refused)
        elif push := approval.let_go(hand, room, event):
            text = telling.command_done("approve")
        else:
            text = telling.command_refused(told.name, "no answer is held back here")
    elif told.name == "reject":
        text, touch = approval.reject(hand, room, event, told)
    elif told.name == "template":
        refused = speak.template(hand, room, event, told)
        if refused is None:
            return None
        text = refused
    elif told.name == "fanout":
        text, push = fanout.obey(hand, room, event, told)
    elif told.name == "over":
        text = incident.over(room)
    elif told.name == "open":
        text, push = incident.reopen(hand, room, told)
    else:
        text = telling.command_refused(
            told.argument, f"the commands are /{', /'.join(commands.COMMANDS)}"
        )
    orders = hand.closing(event, "done", f"/{told.name}")
    orders.facts = room.changed()
    orders.set, orders.mutes = [*orders.set, *sets], muted
    orders.touch += touch
    orders.push += [*push, note_event(room, text, "command", event.id)]
    hand.settle(orders)
    return None


def way(room: Room, comment: TicketComment, before: Sequence[TicketComment]) -> str:
    """How *comment* is to go: one of `WAYS`, or "" for the place where the customer wrote.

    *before* are the comments that stand before it on the ticket, newest first. What they command
    counts although its event may come later, or never: a helpdesk's webhooks overtake each other, and
    words meant for one person must not be read by all.
    """
    known, chosen = room.time("route_at"), room.facts.get("route", "")
    for one in before:
        told = commands.command(one.text) if one.public is False and one.staff else None
        if told and told.name in WAYS:
            at, until = one.created_at, comment.created_at
            since = at and known and at < known and not (until and until < known)
            return chosen if since else told.name
    return chosen


def _mute(
    hand: Hand, room: Room, event: Event, told: commands.Command
) -> tuple[list[tuple[str, str]], str]:
    """What is muted or no more, and what the agent is told."""
    people, now = room.people(), hand.bridge.now()
    if not people:
        return [], telling.command_refused(told.name, "the platform does not tell who wrote this")
    standing = mutes.of_room(hand.bridge.store, people)
    if told.name == "unmute":
        counts = hand.bridge.store.muted()
        if not standing:
            return [], telling.command_refused("unmute", "the person is not muted")
        many = sum(counts.get(one.id, 0) for one in standing)
        return [(one.id, "") for one in standing], telling.unmuted(many)
    seconds, because = commands.lasting(told.argument) if told.argument else (USUAL, "")
    if seconds is None:
        why = f"{told.argument!r} does not begin with a time like 7d or 36h"
        return [], telling.command_refused("mute", why)
    comment = event.doc.get("comment") or {}
    mute = mutes.new(
        "author", f"ticket {room.ticket}", seconds, now, because=because, by=comment.get("name") or "",
        people=tuple(sorted(people)), room=room.id,
    )  # fmt: skip
    before = [(one.id, "") for one in standing if one.id != mute.id]
    return [*before, (mute.id, mute_out(mute))], telling.muted(mute)


def _label(
    hand: Hand, room: Room, told: commands.Command
) -> tuple[list[tuple[str, str, int]], str]:
    """What to keep of the person's labels from now on, and what the agent is told."""
    name, _, time = told.argument.lower().partition(" ")
    seconds = commands.duration(time) if time else labels.USUAL
    if not NAME.fullmatch(name):
        return [], telling.command_refused(told.name, "it needs a name such as vip")
    if seconds is None:
        return [], telling.command_refused(told.name, f"{time!r} is no time like 30d or 12h")
    people, now = sorted(room.people()), hand.bridge.now()
    if not people:
        return [], telling.command_refused(told.name, "the platform does not tell who wrote this")
    sets = []
    for key in people:
        kept = hand.bridge.store.get(f"label:{key}")
        if told.name == "label":
            sets.append((f"label:{key}", *labels.labelled(kept, {name: seconds}, now)))
        else:
            sets.append((f"label:{key}", *labels.unlabelled(kept, name, now)))
    shown = f"{name} for {time or '90d'}" if told.name == "label" else name
    return sets, telling.command_done(told.name, shown)
