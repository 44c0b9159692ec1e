"""The `in` lane: what customers say, and what we have to tell the agent, goes onto the ticket.

The question is never "what happened?" but "what should be true?": the ticket holds these messages, in
their order, each once. Open or extend is decided here, inside the turn, from the room as it is now.

A write is recorded before it is sent (the *intent*, with its exact body, its key and what is to be
written down after it) and settled after. A worker that finds an intent without its result looks first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from bridge.core import language, mapping, receipt, sync, ticket, words
from bridge.core.compose import window
from bridge.core.errors import Ambiguous, AuthError, BridgeError, PermanentError, TransientError
from bridge.core.line import line
from bridge.core.model import (
    Author,
    Change,
    Connection,
    Draft,
    File,
    Message,
    Person,
    Status,
    Target,
    Ticket,
    Visibility,
    stamp,
)
from bridge.core.rules import Decision, decide, view
from bridge.core.stored import author_in, author_out, message_in, moment_in, moment_out
from bridge.jobs.ingest import name_of, person_key
from bridge.jobs.outside import OPEN, UPDATE
from bridge.jobs.room import OURS, Room, note_event
from bridge.jobs.turn import Hand
from bridge.store import Event, Orders, Turn

KEPT_TEXT = 500  # characters of a message kept for the note that shows an edit
EARLIER = 10  # messages said before the ticket that its note shows
CURIOUS = 2.5  # seconds a ticket waits for what the platform could add to it
DAY = 86400.0  # seconds an alarm stands that nothing else ends
FILES = 5  # attachments copied a write; more are linked
LIVE = frozenset({Status.NEW, Status.OPEN, Status.PENDING, Status.ON_HOLD})
LINKED = 90 * 86400  # seconds a link or a name lives after its last use


@dataclass(slots=True)
class Said:
    """One message on its way to the ticket, with the text as it is now."""

    event: Event
    message: Message
    place: str  # where it was said, as the payload told it; who said it may be learned later
    decision: Decision | None = None


@dataclass(slots=True)
class Plan:
    """What one step does: words for the ticket, or one private note; and outcomes that need no write."""

    said: list[Said] = field(default_factory=list)
    notes: list[tuple[Event, str]] = field(default_factory=list)
    opening: Decision | None = None
    step: sync.Next = "append"  # what the words do to the ticket there is
    followup: bool = False
    after: str = ""  # the ticket this one continues
    outcomes: list[tuple[Event, str, str, Decision | None]] = field(default_factory=list)
    push: list[dict[str, Any]] = field(default_factory=list)  # automatic replies the rules ask for


def step(hand: Hand, turn: Turn) -> bool | float | None:
    """Do the next thing the lane needs; see `jobs.turn.Step`."""
    room = Room.read(turn.room_id, turn.room)
    if turn.intent:
        return _resolve(hand, turn, room)
    if not turn.events:
        return None
    orders = hand.orders()
    plan = _plan(hand, turn, room, orders)
    for event, state, reason, decision in plan.outcomes:
        orders.events.append(_outcome(hand, event, state, reason, decision))
    if plan.opening:
        return _open(hand, room, plan, orders)
    if plan.said or plan.notes:
        return _extend(hand, room, plan, orders)
    orders.facts, orders.push = room.changed(), plan.push
    hand.settle(orders)
    return True


# --- deciding ------------------------------------------------------------------------------------


def _plan(hand: Hand, turn: Turn, room: Room, orders: Orders) -> Plan:
    """Sort what waits, in order, up to the first thing that needs a write of another kind."""
    plan = Plan()
    events = _as_written(turn.events)
    later = _later_changes(events)
    facts: dict[str, dict[str, str]] = {}  # what this step has learned of messages
    for event in events:
        if event.kind == "n":
            if plan.said:
                break
            if room.takes_notes:
                plan.notes.append((event, str(event.doc.get("text", ""))))
            else:
                plan.outcomes.append((event, "ignored", "no open ticket for this note", None))
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
            facts.setdefault(mid, {}).update({"deleted": "1", "text": ""})
            continue
        if says.get("deleted"):
            plan.outcomes.append((event, "ignored", "deleted before it was handled", None))
            continue
        if message.change is Change.CREATED and says.get("edited"):
            plan.outcomes.append((event, "ignored", "its edit came first and was handled", None))
            continue
        again = message.change is Change.CREATED and (says.get("on") or says.get("seen"))
        if again and says.get("text") == _kept(message.text):
            plan.outcomes.append((event, "ignored", "known already", None))
            continue
        if (again or message.change is Change.EDITED) and says.get("on"):
            if plan.said:
                break
            _edited(plan, room, event, message, says)
            facts.setdefault(mid, {})["text"] = _kept(message.text)
            continue
        if change := later.get(mid):
            if change.change is Change.DELETED:
                plan.outcomes.append((event, "ignored", "deleted before it was handled", None))
                continue
            if message.change is Change.CREATED:
                message = replace(
                    message,
                    change=Change.EDITED,  # the ticket says so, however the two came in
                    text=change.text,
                    attachments=message.attachments or change.attachments,
                )
        elif message.change is Change.EDITED and says.get("text") == _kept(message.text) and says:
            plan.outcomes.append((event, "ignored", "the text did not change", None))
            continue
        fact = facts.setdefault(mid, {})
        fact["text"] = _kept(message.text)
        if message.change is Change.EDITED or change:
            fact["edited"] = "1"
        if plan.notes:
            break
        room.heard(message, moment_in(event.fields.get("seen")))
        on_ticket = _place(hand, room, plan, event, message)
        if on_ticket is None:
            break
        fact["on" if on_ticket else "seen"] = "1"
    for mid, fact in facts.items():
        if mid:
            orders.says.append({"m": mid, "f": fact})
    return plan


def _as_written(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """*events* with the customer's messages in the order they were written.

    Webhooks overtake each other; what has come together is put right, everything else keeps its place.
    """
    said = [
        one for one in events if one.kind == "m" and one.doc.get("change") == str(Change.CREATED)
    ]
    told = iter(sorted(said, key=lambda one: (one.doc.get("at") or "", events.index(one))))
    among = {one.id for one in said}
    return tuple(next(told) if one.id in among else one for one in events)


def _later_changes(events: tuple[Event, ...]) -> dict[str, Message]:
    """For each message, the last edit or removal that waits behind its creation."""
    changes: dict[str, Message] = {}
    for event in events:
        if event.kind == "m" and (mid := event.fields.get("mid")):
            message = message_in(event.doc)
            if message.change is not Change.CREATED and not message.own:
                known = changes.get(mid)
                if known is None or known.change is not Change.DELETED:
                    changes[mid] = message
    return changes


def _place(hand: Hand, room: Room, plan: Plan, event: Event, message: Message) -> bool | None:
    """Put one message where it belongs: True on the ticket, False not, None in the next step."""
    bridge, now, place = hand.bridge, hand.bridge.now(), message.conversation
    if event.says.get("muted"):
        plan.outcomes.append((event, "ignored", "the author is muted", None))
        return False
    if plan.opening:
        plan.said.append(Said(event, message, place))
        return True
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
        return True
    if what == "nothing":
        plan.outcomes.append((event, "ignored", "thanks on a closed ticket", None))
        return False
    if message.text is None:
        # Without some permissions the platform tells that something was said, and not what.
        target = room.target(bridge, room.places[place])
        if target is not None:
            message, _ = _described(hand, room, target, message)
    decision = _decide(hand, room, message)
    for name in decision.notify:
        told = f"rule {decision.rule} wants {name} to look: bridge why {event.id}"
        bridge.store.alarm(f"notify:{name}", told, DAY)
    if decision.outcome == "escalate" or what == "followup":
        plan.opening = decision
        plan.followup = what == "followup"
        plan.after = room.ticket if what in ("followup", "new") else ""
        plan.said.append(Said(event, message, place, decision))
        return True
    _not_escalated(hand, room, plan, event, message, decision)
    return False


def _decide(hand: Hand, room: Room, message: Message) -> Decision:
    told = language.language_of(message)
    if told:
        room.facts["language"] = told
    signals: dict[str, Any] = {"has_ticket": bool(room.ticket and room.status in LIVE)}
    if told and not message.language:
        signals["language"] = told
    return decide(hand.bridge.config.rules, view(message, signals))


def _not_escalated(
    hand: Hand, room: Room, plan: Plan, event: Event, message: Message, decision: Decision
) -> None:
    earlier = room.earlier()
    earlier.append(
        {
            "who": room.name or "",
            "text": (message.text or "")[:KEPT_TEXT],
            "at": moment_out(message.sent_at) or "",
        }
    )
    room.facts["earlier"] = json.dumps(earlier[-EARLIER:])
    state = "ignored" if decision.outcome in ("ignore", "none") else "done"
    plan.outcomes.append((event, state, decision.reason or decision.outcome, decision))
    plan.push += automatic_events(room, event, decision)


def _edited(plan: Plan, room: Room, event: Event, message: Message, says: dict[str, str]) -> None:
    old, new = says.get("text", ""), message.text or ""
    if old == _kept(new):
        plan.outcomes.append((event, "ignored", "the text did not change", None))
    elif not room.takes_notes:
        plan.outcomes.append((event, "ignored", "edited after its ticket was closed", None))
    else:
        plan.notes.append((event, ticket.edited(old, new)))


def _deleted(plan: Plan, room: Room, event: Event, says: dict[str, str]) -> None:
    if says.get("on") and room.takes_notes:
        plan.notes.append((event, ticket.deleted(says.get("text", ""))))
    else:
        plan.outcomes.append((event, "ignored", "deleted, and on no open ticket", None))


def _native(hand: Hand, turn: Turn, room: Room, plan: Plan, event: Event, message: Message) -> None:
    """Something the brand wrote: our own echo, or a colleague at the platform's own page."""
    under_way = _echo(turn, message)
    if under_way or hand.bridge.store.get(f"sent:{event.fields.get('mid', '')}"):
        if message.external_id and under_way:
            hand.bridge.store.put(f"found:{turn.other_intent['id']}", message.external_id, 86400)
        plan.outcomes.append((event, "ignored", "own echo", None))
    elif _by_our_app(hand, event, message):
        plan.outcomes.append((event, "ignored", "written by our own app", None))
    elif message.change is not Change.CREATED:
        plan.outcomes.append((event, "ignored", "own", None))
    elif room.takes_notes:
        label = hand.bridge.channel(message.channel).label or message.channel
        who = message.author.name if message.author else None
        room.facts["answered_at"] = moment_out(message.sent_at) or ""
        plan.notes.append((event, ticket.native(who, message.text or "", label)))
    else:
        plan.outcomes.append((event, "ignored", "own", None))


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


def _kept(text: str | None) -> str:
    return (text or "")[:KEPT_TEXT]


# --- writing ---------------------------------------------------------------------------------------


def _open(hand: Hand, room: Room, plan: Plan, orders: Orders) -> bool:
    """Open one ticket for all of *plan.said*."""
    bridge, first = hand.bridge, plan.said[0].message
    place = room.places[plan.said[0].place]
    target = room.target(bridge, place)
    decision = plan.opening
    if target is None or decision is None:
        raise PermanentError("no_account", f"no account for {first.channel} in connections.yaml")
    escalation = decision.escalation
    desk = bridge.desk_for(escalation.helpdesk if escalation else None, target.account)
    desk_map = bridge.map_of(desk.name)
    first, post = _described(hand, room, target, first)
    plan.said[0].message = first
    if first.author:
        room.facts["author"] = json.dumps(author_out(first.author))
    requester = _requester(hand, room, desk, first)
    if requester is None:
        return True
    uploads, missed = _uploads(hand, desk, target, plan.said)
    fields = mapping.apply(desk_map, escalation, _facts(first, room))
    case = ticket.Case(
        channel=bridge.channel(first.channel).label or first.channel,
        account=target.account.name or "",
        conversation=room.facts.get("key", first.conversation),
        messages=tuple(one.message for one in plan.said),
        earlier=tuple(
            ticket.Said(who=one["who"] or "Customer", text=one["text"], at=moment_in(one["at"]))
            for one in room.earlier()
        ),
        rule=decision.rule or "",
        reasons=_reasons(hand, decision),
        rules_hash=bridge.config.rules.hash,
        customer=author_in(json.loads(room.facts.get("author") or "null")),
        post_text=str(post.get("post_text") or "") or None,
        post_url=str(post.get("post_url") or "") or None,
        permalink=first.permalink or str(post.get("permalink") or "") or None,
        lost=tuple(missed),
        unknown=fields.unknown,
        windows="; ".join(ways(hand, room)),
        events=tuple(one.event.id for one in plan.said),
    )
    ident = name_of("open", room.id, *(one.event.id for one in plan.said))
    parts = ticket.chunks(ticket.words(case))
    draft = Draft(
        stamp=room.id,
        conversation=case.conversation,
        marker=ident,
        subject=ticket.subject(case, desk_map.subject_limit),
        text=parts[0],
        requester_id=requester,
        priority=fields.priority,
        group=fields.group,
        type=fields.type,
        tags=fields.tags,
        fields=fields.fields,
        uploads=tuple(uploads),
        followup_of=plan.after if plan.followup else None,
    )
    body = bridge.helpdesk(desk).create_body(draft)
    notes = [*parts[1:], ticket.note(case)]
    if plan.after and not plan.followup:
        notes.append(ticket.linked_previous(plan.after))
    after = _after(hand, plan, orders, room, f"opened by rule {decision.rule}")
    after["notes"] = [note for note in notes if note]
    after["push"] += automatic_events(room, plan.said[0].event, decision)
    after["person"] = person_key(room.facts.get("c", ""), first) if first.person else ""
    return _write(hand, room, "create", desk, "", body, ident, orders, after)


def _extend(hand: Hand, room: Room, plan: Plan, orders: Orders) -> bool:
    """Add customers' words, or one private note, to the ticket there is."""
    bridge = hand.bridge
    desk = bridge.config.connections[room.desk]
    if plan.said:
        first = plan.said[0].message
        target = room.target(bridge, room.places[plan.said[0].place])
        uploads, missed = _uploads(hand, desk, target, plan.said) if target else ([], [])
        case = ticket.Case(
            channel=bridge.channel(first.channel).label or first.channel,
            conversation=room.facts.get("key", first.conversation),
            messages=tuple(one.message for one in plan.said),
            customer=author_in(json.loads(room.facts.get("author") or "null")),
        )
        parts = ticket.chunks(ticket.words(case))
        status = sync.status_after(room.status, plan.step)
        text, note, notes = parts[0], "", parts[1:]
        if missed:
            notes.append(ticket.not_copied(missed))
    else:
        text, note, notes, uploads, status = "", _joined(plan), [], [], None
    events = [one.event.id for one in plan.said] or [event.id for event, _ in plan.notes]
    ident = name_of("write", room.id, *events)
    draft = Draft(
        stamp=room.id,
        conversation=room.facts.get("key", ""),
        marker=ident,
        text=text,
        note=note,
        requester_id=room.facts.get("requester") or None,
        status=status,
        uploads=tuple(uploads),
    )
    body = bridge.helpdesk(desk).update_body(draft)
    after = _after(hand, plan, orders, room, "added to the ticket")
    after["notes"] = notes
    if status:
        after["status"] = str(status)
    return _write(hand, room, "update", desk, room.ticket, body, ident, orders, after)


def _joined(plan: Plan) -> str:
    return "\n\n---\n\n".join(text for _, text in plan.notes)[:60_000]


def _after(hand: Hand, plan: Plan, orders: Orders, room: Room, what: str) -> dict[str, Any]:
    """What is to be written down when the write has succeeded, whoever finds out that it has."""
    now = hand.bridge.now()
    events = []
    for one in plan.said:
        slip = (
            receipt.of_decision(one.decision, hand.bridge.config.rules.hash)
            if one.decision
            else {"v": 1, "outcome": "append"}
        )
        slip["actions"] = [receipt.action(now, what, "ok")]
        events.append({"e": one.event.id, "receipt": slip})
    for event, _ in plan.notes:
        events.append(
            {
                "e": event.id,
                "receipt": {"v": 1, "actions": [receipt.action(now, "private note", "ok")]},
            }
        )
    return {
        "v": 1,
        "events": events,
        "says": orders.says,
        "push": plan.push,
        "facts": room.changed(),
    }


def _write(
    hand: Hand, room: Room, kind: str, desk: Connection, ticket_id: str, body: dict[str, Any],
    ident: str, orders: Orders, after: dict[str, Any],
) -> bool:  # fmt: skip
    """Record the intent, with the outcomes in *orders* that need no write, then carry it out."""
    intent = {
        "v": "1",
        "id": ident,
        "kind": kind,
        "desk": desk.name,
        "ticket": ticket_id,
        "body": json.dumps(body, ensure_ascii=False),
        "at": moment_out(hand.bridge.now()) or "",
        "before": json.dumps([room.ticket] if room.ticket else []),
        "events": json.dumps([item["e"] for item in after["events"]]),
        "after": json.dumps(after),
    }
    # What is known of the messages is true only once they stand on the ticket: it is in `after`.
    orders.says, orders.intent = [], intent
    hand.settle(orders)
    return _send(hand, room, intent)


def _send(hand: Hand, room: Room, intent: dict[str, str]) -> bool:
    desk = hand.bridge.config.connections[intent["desk"]]
    helpdesk = hand.bridge.helpdesk(desk)
    if intent["kind"] == "create":
        calls = helpdesk.create(desk, intent["body"], intent["id"], ())
    else:
        calls = helpdesk.update(desk, intent["ticket"], intent["body"], ())
    share = OPEN if intent["kind"] == "create" else UPDATE
    try:
        done = hand.outside.desk(desk, calls, hand.guard, share)
    except Ambiguous as error:
        if error.code == "idempotency_mismatch":
            return _find(hand, room, intent, error)
        raise
    except PermanentError as error:
        return _refused(hand, room, intent, error)
    _commit(hand, room, intent, done)
    return True


def _resolve(hand: Hand, turn: Turn, room: Room) -> bool:
    """An intent without its result: look whether it happened, and only then write again."""
    intent = dict(turn.intent)
    desk = hand.bridge.config.connections.get(intent["desk"])
    if desk is None:
        raise PermanentError("no_helpdesk", f"{intent['desk']} is no longer in connections.yaml")
    helpdesk = hand.bridge.helpdesk(desk)
    if intent["kind"] == "create":
        first = moment_in(intent["at"]) or hand.bridge.now()
        safe = helpdesk.create_once
        if safe is not None and hand.bridge.now() - first < timedelta(seconds=safe * 0.9):
            return _send(
                hand, room, intent
            )  # the same key and body: the helpdesk answers as before
        return _find(hand, room, intent, None)
    if hand.outside.desk(desk, helpdesk.marked(desk, intent["ticket"], intent["id"])):
        _commit(hand, room, intent, Ticket(id=intent["ticket"]))
        return True
    return _send(hand, room, intent)


def _find(hand: Hand, room: Room, intent: dict[str, str], error: BridgeError | None) -> bool:
    """Look for the ticket by our stamp; adopt it, or create it when it is certainly not there."""
    desk = hand.bridge.config.connections[intent["desk"]]
    helpdesk = hand.bridge.helpdesk(desk)
    before = set(json.loads(intent.get("before") or "[]"))
    for found in hand.outside.desk(desk, helpdesk.find(desk, room.id, "")):
        if found.id not in before and found.status is not Status.CLOSED:
            _commit(hand, room, intent, found)
            return True
    if error is not None:
        raise error
    return _send(hand, room, intent)


def _refused(hand: Hand, room: Room, intent: dict[str, str], error: PermanentError) -> bool:
    """The helpdesk will not have it: the ticket moved on, or the body is wrong."""
    orders = hand.orders()
    if error.code == "ticket_closed":
        room.facts["status"] = str(Status.CLOSED)
    elif (error.gone and intent["kind"] == "update") or error.code == "followup_refused":
        room.facts["status"] = str(Status.DELETED)  # nothing to go on with: the rules decide anew
    else:
        raise error
    orders.intent, orders.facts = "", room.changed()
    hand.settle(orders)
    return True


def _commit(hand: Hand, room: Room, intent: dict[str, str], done: Ticket) -> None:
    """Write down that the write has happened."""
    after = json.loads(intent["after"])
    orders, now = hand.orders(), hand.bridge.now()
    desk = intent["desk"]
    room.facts.update(after["facts"])
    room.facts.pop("places", None)
    if intent["kind"] == "create":
        room.facts.update(
            {
                "desk": desk,
                "ticket": done.id,
                "url": done.url or "",
                "status": str(done.status or Status.NEW),
                "opened_at": moment_out(now) or "",
                "earlier": "[]",
                "solved_at": "",
            }
        )
        if done.requester_id:
            room.facts["requester"] = done.requester_id
        orders.set.append((f"ticket:{desk}:{done.id}", room.id, LINKED))
        if after.get("person"):
            orders.set.append((f"person:{after['person']}", room.id, LINKED))
    elif after.get("status") or done.status:
        room.facts["status"] = str(done.status or after["status"])
        if after.get("status"):
            room.facts["solved_at"] = ""
    if intent["kind"] != "create":
        keep_link(room, orders)
    for item in after["events"]:
        slip = item["receipt"]
        slip["ticket"] = f"{desk}:{done.id}"
        orders.events.append(
            {
                "e": item["e"],
                "state": "done",
                "f": {"receipt": receipt.pack(slip), "reason": "", "ticket": f"{desk}:{done.id}"},
            }
        )
    orders.says = after.get("says", [])
    orders.push = after.get("push", [])
    for number, note in enumerate(after.get("notes", ())):
        orders.push.append(note_event(room, note, "after", intent["id"], str(number)))
    facts = room.changed()
    if "places" in after["facts"]:
        facts["places"] = after["facts"]["places"]
    orders.facts, orders.intent, orders.tries, orders.cheer = facts, "", "", [desk]
    hand.settle(orders)


def keep_link(room: Room, orders: Orders) -> None:
    """Let the ticket's answers come here for another while, unless they go to another room.

    After a merge two conversations write on one ticket; its answers stay with the one it was opened for.
    """
    orders.set.append((f"ticket:{room.desk}:{room.ticket}", room.id, LINKED, True))


def automatic_events(room: Room, event: Event, decision: Decision) -> list[dict[str, Any]]:
    """The automatic replies *decision* asks for, as events of the room's `out` lane."""
    return [
        {
            "e": name_of("automatic", event.id, visibility, name),
            "lane": "out",
            "room": room.id,
            "c": OURS,
            "f": {"k": "s", "doc": json.dumps({"v": 1, "reply": name, "visibility": visibility})},
        }
        for visibility, name in decision.replies
    ]


def _outcome(
    hand: Hand, event: Event, state: str, reason: str, decision: Decision | None
) -> dict[str, Any]:
    slip: dict[str, Any] = {"v": 1, "outcome": state, "reason": reason}
    if decision is not None:
        slip = receipt.of_decision(decision, hand.bridge.config.rules.hash)
    return {"e": event.id, "state": state, "f": {"reason": reason, "receipt": receipt.pack(slip)}}


# --- what a ticket needs beside the words ------------------------------------------------------------


def _requester(hand: Hand, room: Room, desk: Connection, message: Message) -> str | None:
    """The helpdesk's id of the customer, known there by a hash, never by an address.

    None when asking for it brought a forgotten ticket to light: then plan anew.
    """
    who = message.person or f"thread {message.conversation}"
    external = stamp(f"person:{room.facts.get('c', '')}:{message.account_id}:{who}")
    key = f"who:{desk.name}:{external}"
    known = hand.bridge.store.get(key)
    if known is None:
        label = hand.bridge.channel(message.channel).label or message.channel
        name = ticket.safe(room.name or f"{label} user").replace("\n", " ").strip()[:80]
        person = Person(external_id=external, name=name or f"{label} user")
        helpdesk = hand.bridge.helpdesk(desk)
        known = hand.outside.desk(desk, helpdesk.requester(desk, person), hand.guard, OPEN)
        hand.bridge.store.put(key, known, LINKED)
        if known.existed and _remembered(hand, room, desk):
            return None
    room.facts["requester"] = known
    return known


def _remembered(hand: Hand, room: Room, desk: Connection) -> bool:
    """Whether the helpdesk remembers an open ticket of this conversation that we have forgotten.

    The helpdesk knew the person and we did not: Redis may have been lost. The stamp tells.
    """
    helpdesk = hand.bridge.helpdesk(desk)
    for found in hand.outside.desk(desk, helpdesk.find(desk, room.id, "")):
        if found.status in LIVE:
            orders = hand.orders()
            room.facts.update({"desk": desk.name, "ticket": found.id, "status": str(found.status)})
            orders.facts = room.changed()
            orders.set.append((f"ticket:{desk.name}:{found.id}", room.id, LINKED))
            hand.settle(orders)
            return True
    return False


def _described(
    hand: Hand, room: Room, target: Target, message: Message
) -> tuple[Message, dict[str, Any]]:
    """*message* with what its payload did not say, and the post it hangs on, as the platform tells.

    A platform that is away delays no ticket.
    """
    describe = hand.bridge.channel(message.channel).describe
    if describe is None:
        return message, {}
    # A post's words are the same for all who comment on it.
    of = message.answer.get("post_id") or message.thread_id
    key = f"post:{name_of(target.connection.name, message.channel, of)}"
    known = hand.bridge.store.get(key)
    unnamed = message.author is None or not (message.author.name or message.author.username)
    if known and not unnamed and message.text is not None:
        return message, json.loads(known)
    try:
        calls = describe(target, message)
        told = dict(hand.outside.platform(target.connection, calls, deadline=CURIOUS))
    except BridgeError:
        return message, json.loads(known) if known else {}
    author, text = told.get("author"), told.get("text")
    if isinstance(author, Author) and unnamed:
        message = replace(message, author=author)
    if isinstance(text, str) and message.text is None:
        message = replace(message, text=text)
    if first_name := told.get("first_name"):
        room.facts["first_name"] = str(first_name)
    post = {name: told[name] for name in ("post_text", "post_url") if told.get(name)}
    hand.bridge.store.put(key, json.dumps(post), DAY)
    return message, {**post, "permalink": told.get("permalink")}


def _uploads(
    hand: Hand, desk: Connection, target: Any, said: list[Said]
) -> tuple[list[str], list[tuple[str, str]]]:
    """Copy attachments onto the helpdesk: (tokens, what could not be copied as (name, why))."""
    tokens: list[str] = []
    missed: list[tuple[str, str]] = []
    channel = hand.bridge.channel(target.channel)
    helpdesk = hand.bridge.helpdesk(desk)
    for one in said:
        for attachment in one.message.attachments:
            name = attachment.name or attachment.type
            if attachment.type not in ("image", "video", "audio", "file", "sticker"):
                continue
            if channel.fetch is None or helpdesk.upload is None or len(tokens) >= FILES:
                missed.append((name, "not copied"))
                continue
            try:
                file: File = hand.outside.media(
                    target.connection, channel.fetch(target.connection, target.account, attachment),
                    channel.media_hosts,
                )  # fmt: skip
                tokens.append(hand.outside.desk(desk, helpdesk.upload(desk, file), hand.guard))
            except (AuthError, TransientError) as error:
                if error.connection == desk.name:
                    raise
                missed.append((name, error.code))
            except BridgeError as error:
                missed.append((name, error.code))
    return tokens, missed


def _facts(message: Message, room: Room) -> dict[str, Any]:
    """The facts a field of the helpdesk may be filled from, by dotted name."""
    facts: dict[str, Any] = {**message.extra, **line(message)}
    for name, value in (facts.get("author") or {}).items():
        facts[f"author.{name}"] = value
    facts["language"] = room.facts.get("language") or facts.get("language")
    return facts


def _reasons(hand: Hand, decision: Decision) -> tuple[str, ...]:
    """What the deciding rule asked for, in words."""
    rules = hand.bridge.config.rules.rules
    rule = next((one for one in rules if one.name == decision.rule), None)
    return (str(rule.when),) if rule is not None and rule.when is not None else ()


def ways(hand: Hand, room: Room) -> list[str]:
    """How the customer can be answered now, a sentence a way."""
    found = []
    for place in room.places.values():
        channel = hand.bridge.channel(place["channel"])
        public = place.get("visibility") == Visibility.PUBLIC
        both = (Visibility.PUBLIC, Visibility.PRIVATE) if public else (Visibility.PRIVATE,)
        for visibility in both:
            voice = channel.voice(visibility, place.get("answer") or {})
            if voice is None:
                continue
            last = moment_in(place.get("last_in"))
            allowed = window(
                voice.capabilities,
                now=hand.bridge.now(),
                last_in=last,
                item_at=last,
                human=True,
                used=room.used(place),
            )
            if allowed.allowed:
                until = f" until {allowed.until:%Y-%m-%d %H:%M} UTC" if allowed.until else ""
                found.append(f"{visibility} answer on {channel.label or channel.name}{until}")
    return found
