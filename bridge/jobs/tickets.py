"""What a ticket says when it is opened, and what is added to it later."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bridge.core import mapping, receipt, sync, telling, ticket
from bridge.core.errors import PermanentError
from bridge.core.facts import view
from bridge.core.line import line
from bridge.core.model import Connection, Draft, Message, Target, stamp
from bridge.core.rules import Decision
from bridge.core.sentiment import Scorer
from bridge.core.signals import SIGNALS
from bridge.core.stored import author_in, author_out, moment_in
from bridge.jobs import customers, files, later, reroute, waiting, writing
from bridge.jobs.ingest import name_of, person_key
from bridge.jobs.plan import Plan, Said, automatic_events
from bridge.jobs.room import Room, our_event
from bridge.jobs.turn import Hand
from bridge.jobs.ways import voices, ways
from bridge.store import Orders


def open(hand: Hand, room: Room, plan: Plan, orders: Orders) -> bool:
    """Open one ticket for all of *plan.said*."""
    bridge, first = hand.bridge, plan.said[0].message
    place = room.places[plan.said[0].place]
    target = room.target(bridge, place)
    decision = plan.opening
    if target is None or decision is None:
        raise PermanentError("no_account", f"no account for {first.channel} in connections.yaml")
    escalation = decision.escalation
    desk = bridge.desk_for(escalation.helpdesk if escalation else None, target.account)
    hand.asker.presses(escalation.priority if escalation else None)
    hand.outside.slots.keep(desk.name)  # before anything is fetched for it
    desk_map = bridge.map_of(desk.name)
    known_post, known = bridge.store.several(
        customers.post_key(target, first), customers.who_key(desk, customers.asker(room, first))
    )
    first, post = customers.described(hand, room, target, first, known_post)
    plan.said[0].message = first
    if first.author:
        room.facts["author"] = json.dumps(author_out(first.author))
    if decision.approve or room.facts.get("approve"):
        kept = room.facts.get("approve", "") if plan.followup else ""
        room.facts["approve"] = decision.approve or kept
    who = customers.person(hand, room, first)
    requester = customers.requester(hand, room, desk, who, known, orders)
    if requester is None:
        return True
    uploads, along, missed = files.copied(hand, desk, target, plan.said)
    fields = mapping.apply(desk_map, escalation, _facts(first, room, desk_map, bridge.scorer))
    wait, due = waiting.begins(hand, room, plan, desk.name)
    case = _case(hand, room, plan, target, post, missed, fields.unknown, due)
    # Only where closed is for good a helpdesk has a link of its own between the two.
    follows = plan.followup and bridge.helpdesk(desk).closed_for_good
    reroute.opened(room, decision)
    ident = name_of("open", room.id, *(one.event.id for one in plan.said))
    parts = ticket.chunks(ticket.words(case))
    draft = Draft(
        stamp=room.id,
        conversation=case.conversation,
        marker=ident,
        requester_name=who.name,
        subject=ticket.subject(case, desk_map.subject_limit),
        text=parts[0],
        requester_id=requester,
        priority=fields.priority,
        group=fields.group,
        type=fields.type,
        tags=fields.tags,
        fields=fields.fields,
        uploads=tuple(uploads),
        followup_of=plan.after if follows else None,
        collaborators=escalation.collaborators if escalation else (),
        problem=_problem(hand, room, plan, desk),
    )
    body = bridge.helpdesk(desk).create_body(draft)
    notes = [*parts[1:], ticket.note(case)]
    if plan.after and not follows:
        notes.append(telling.linked_previous(plan.after, room.facts.get("url")))
    after = _after(hand, plan, room, f"opened by rule {decision.rule}")
    after["notes"] = [note for note in notes if note]
    if draft.problem and bridge.helpdesk(desk).incidents(desk) == "always":
        after["problem"] = f"{desk.name}:{draft.problem}"  # else a note says it, too
    _waits(hand, after, wait, due)
    after["push"] += _reminders(hand, room, desk.name, plan.said)
    after["push"] += _joined_keys(room, ident, plan.said)
    after["push"] += automatic_events(room, plan.said[0].event, decision)
    after["person"] = person_key(room.facts.get("c", ""), first) if first.person else ""
    return writing.write(hand, room, "create", desk, "", body, ident, orders, after, along)


def _case(
    hand: Hand, room: Room, plan: Plan, target: Target, post: Mapping[str, Any],
    missed: list[tuple[str, str]], unknown: tuple[str, ...], due: str,
) -> ticket.Case:  # fmt: skip
    """All that the words and the note of a new ticket tell; *post* is what the platform said of it."""
    first = plan.said[0].message
    return ticket.Case(
        channel=hand.bridge.channel(first.channel).label or first.channel,
        account=target.account.name or "",
        conversation=room.facts.get("key", first.conversation),
        messages=tuple(one.message for one in plan.said),
        earlier=tuple(
            ticket.Said(who=one["who"] or "Customer", text=one["text"], at=moment_in(one["at"]))
            for one in room.earlier()
        ),
        rule=(plan.opening.rule if plan.opening else None) or "",
        reasons=_reasons(hand, plan.opening),
        rules_hash=hand.bridge.config.version,
        signals=plan.opening.signals if plan.opening else {},
        customer=author_in(json.loads(room.facts.get("author") or "null")),
        post_text=str(post.get("post_text") or "") or None,
        post_url=str(post.get("post_url") or "") or None,
        permalink=first.permalink or str(post.get("permalink") or "") or None,
        lost=tuple(missed),
        unknown=unknown,
        windows=_windows(hand, room),
        due=due,
        labels=_labels(hand, room, plan.said),
        events=tuple(one.event.id for one in plan.said),
        approve=room.facts.get("approve", ""),
    )


def extend(hand: Hand, room: Room, plan: Plan, orders: Orders) -> bool:
    """Add customers' words, or one private note, to the ticket there is."""
    bridge = hand.bridge
    desk = bridge.config.connections[room.desk]
    hand.outside.slots.keep(desk.name)
    if plan.said:
        first = plan.said[0].message
        target = room.target(bridge, room.places[plan.said[0].place])
        uploads, along, missed = (
            files.copied(hand, desk, target, plan.said) if target else ([], [], [])
        )
        case = ticket.Case(
            channel=bridge.channel(first.channel).label or first.channel,
            conversation=room.facts.get("key", first.conversation),
            messages=tuple(one.message for one in plan.said),
            customer=author_in(json.loads(room.facts.get("author") or "null")),
            labels=_labels(hand, room, plan.said),
        )
        parts = ticket.chunks(ticket.words(case))
        status = sync.status_after(room.status, plan.step)
        text, note = parts[0], ""
        notes = [*parts[1:], *filter(None, [ticket.facts(case.messages)])]
        if missed:
            notes.append(telling.not_copied(missed))
        if room.goes_on(plan.said[0].place):
            where = f"{case.channel} {ticket.what(first)}s"
            notes.append(telling.goes_on(where, _windows(hand, room)))
    else:
        text, note, notes, uploads, along, status = "", _joined(plan), [], [], [], None
    events = [one.event.id for one in plan.said] or [event.id for event, _ in plan.notes]
    ident = name_of("write", room.id, *events)
    draft = Draft(
        stamp=room.id,
        conversation=room.facts.get("key", ""),
        marker=ident,
        requester_name=customers.person(hand, room, plan.said[0].message).name if plan.said else "",
        text=text,
        note=note,
        requester_id=room.facts.get("requester") or None,
        status=status,
        uploads=tuple(uploads),
        problem=_problem(hand, room, plan, desk),
    )
    body = bridge.helpdesk(desk).update_body(draft)
    wait, due = waiting.begins(hand, room, plan, desk.name)
    again = " and opened it again" if plan.step == "reopen" else ""
    after = _after(hand, plan, room, f"added to the ticket{again}")
    after["problem"] = ":".join(next(iter(_joins(plan)), ()))
    after["notes"] = notes
    _waits(hand, after, wait, due)
    after["push"] += _reminders(hand, room, desk.name, plan.said)
    after["push"] += _joined_keys(room, room.ticket, plan.said)
    if status:
        after["status"] = str(status)
    return writing.write(hand, room, "update", desk, room.ticket, body, ident, orders, after, along)


def _problem(hand: Hand, room: Room, plan: Plan, desk: Connection) -> str | None:
    """The ticket of the incident that this one is linked to, in a helpdesk that knows such links."""
    told = plan.problem or next((one for one in _joins(plan) if one[0] == desk.name), None)
    when = hand.bridge.helpdesk(desk).incidents(desk)
    links = when == "always" or (when == "opening" and plan.opening is not None)
    return (
        told[1] if told and told[0] == desk.name and links and not room.facts.get("alone") else None
    )


def _joins(plan: Plan) -> list[list[str]]:
    """The incidents that notes link the ticket to: helpdesk and ticket."""
    return [event.doc["problem"] for event, _ in plan.notes if event.doc.get("problem")]


def _waits(hand: Hand, after: dict[str, Any], wait: list[dict[str, Any]], due: str) -> None:
    """Let the wait that the first words begin be written down with them, and stand in their receipt."""
    after["push"] += wait
    if due:
        slip = after["events"][0]["receipt"]
        slip["actions"].append(receipt.action(hand.bridge.now(), "the clock began", due))


def _reminders(hand: Hand, room: Room, desk: str, said: list[Said]) -> list[dict[str, Any]]:
    """What reminds the agent before the customer of *said* can be answered no more."""
    lead = timedelta(hours=hand.bridge.map_of(desk).remind_hours)
    found = [later.reminder(hand, room, key, lead) for key in {one.place for one in said} if lead]
    return [one for one in found if one is not None]


def _joined_keys(room: Room, ticket_name: str, said: list[Said]) -> list[dict[str, Any]]:
    """What tags the ticket with the conversations of *said* that are not the one it is named for.

    Once for each on a ticket: the same reasons make the same event.
    """
    joined = {stamp(one.place) for one in said} - {room.id}
    return [
        our_event(
            "in", room.id, "t", name_of("tag", room.id, ticket_name, tag), {"v": 1, "tag": tag}
        )
        for tag in sorted(joined)
    ]


def _windows(hand: Hand, room: Room) -> str:
    """How and until when the customer can be answered."""
    if found := ways(hand, room):
        return f"Answers that are possible now: {'; '.join(found)}"
    mute = not any(True for place in room.places.values() for _ in voices(hand, room, place))
    return ticket.NOWHERE if mute else ticket.NO_WAY


def _labels(hand: Hand, room: Room, said: list[Said]) -> tuple[str, ...]:
    """Where each message was said, on a ticket that holds what was said in several places."""
    kinds = {(one["channel"], one.get("visibility")) for one in room.places.values()}
    if len(kinds) < 2:
        return ()
    return tuple(
        f"{hand.bridge.channel(one.message.channel).label or one.message.channel} "
        f"{ticket.what(one.message)}"
        for one in said
    )


def _joined(plan: Plan) -> str:
    return "\n\n---\n\n".join(text for _, text in plan.notes)[:60_000]


def _after(hand: Hand, plan: Plan, room: Room, what: str) -> dict[str, Any]:
    """What is to be written down when the write has succeeded, whoever finds out that it has."""
    now = hand.bridge.now()
    events = []
    for one in plan.said:
        slip = (
            receipt.of_decision(one.decision, hand.bridge.config.version)
            if one.decision
            else {"v": 1, "outcome": "append"}
        )
        slip["actions"] = [receipt.action(now, what, "ok")]
        events.append({"e": one.event.id, "receipt": slip | plan.more.get(one.event.id, {})})
    for event, _ in plan.notes:
        slip = {"v": 1, "actions": [receipt.action(now, "private note", "ok")]}
        events.append({"e": event.id, "receipt": slip | plan.more.get(event.id, {})})
    return {
        "v": 1,
        "events": events,
        "says": plan.says,
        "push": plan.push,
        "facts": room.changed(),
    }


def _facts(
    message: Message, room: Room, desk_map: mapping.HelpdeskMap, scorer: Scorer | None
) -> dict[str, Any]:
    """The facts a field of the helpdesk may be filled from, by dotted name; signals where one asks."""
    facts: dict[str, Any] = {**message.extra, **line(message)}
    for name, value in (facts.get("author") or {}).items():
        facts[f"author.{name}"] = value
    facts["language"] = room.facts.get("language") or facts.get("language")
    seen = view(message, {"language": facts["language"]}, scorer)
    asked = {str(one.get("from")) for one in desk_map.fields.values()} & SIGNALS.keys()
    return facts | {name: seen.get(name) for name in asked}


def _reasons(hand: Hand, decision: Decision | None) -> tuple[str, ...]:
    """What the deciding rule asked for, in words."""
    rules = hand.bridge.config.rules.rules
    rule = next((one for one in rules if decision and one.name == decision.rule), None)
    return (str(rule.when),) if rule is not None and rule.when is not None else ()
