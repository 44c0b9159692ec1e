"""The `out` lane: what happens on a ticket goes back to the customer, as far as the platform allows.

Speaking is at most once. Each piece of words is recorded before it is sent; a worker that finds a
recorded piece without its result looks on the platform first, and where nobody can look, it does not
speak again but tells the agent. A private note never leaves, and unknown visibility counts as private.
Whatever cannot be delivered goes back to the ticket as a private note, by way of the `in` lane.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bridge.channels.base import Voice
from bridge.core import commands, compose, mapping, receipt, replies, sync, ticket
from bridge.core.errors import (
    AuthError,
    BridgeError,
    Done,
    PermanentError,
    TransientError,
    Unsupported,
)
from bridge.core.model import (
    Outgoing,
    Status,
    Target,
    TicketComment,
    TicketUpdate,
    Visibility,
    conversation_key,
    stamp,
)
from bridge.core.stored import moment_in, moment_out, update_in, update_out
from bridge.jobs.escalate import DAY, LINKED, keep_link, ways
from bridge.jobs.ingest import name_of
from bridge.jobs.room import OURS, Room, note_event
from bridge.jobs.turn import Hand
from bridge.store import Event, Orders, Turn

FUSE = ((30, 600.0), (3, 3600.0))  # most pieces a person, and the automaton, may say in one room
ASKING = 20.0  # seconds for which an answer waits for a helpdesk that does not tell its files
SETTLED = 4.0  # seconds after which a post that arrived can be seen by looking
OPENING = 0.5  # seconds between looks whether the ticket that speaks here has been written down


def step(hand: Hand, turn: Turn) -> bool | float | None:
    """Do the next thing the lane needs; see `jobs.turn.Step`."""
    if turn.room_id.startswith("ticket:"):
        return _unknown_ticket(hand, turn)
    room = Room.read(turn.room_id, turn.room)
    if turn.intent:
        return _resolve(hand, turn, room)
    soonest: float | None = None
    withdrawn = _withdrawn(turn.events)
    for event in turn.events:
        wait = _not_before(hand, event)
        if wait > 0:
            soonest = wait if soonest is None else min(soonest, wait)
            continue
        if _too_early(turn, room, event):
            return OPENING
        if event.kind == "s":
            _automatic(hand, room, event)
        elif event.fields.get("k") == "u" and _comment_id(event) in withdrawn:
            _close(hand, room, event, "ignored", "withdrawn before it was sent")
        else:
            _update(hand, room, event, update_in(event.doc))
        return True
    return soonest


def _too_early(turn: Turn, room: Room, event: Event) -> bool:
    """Whether *event* speaks of a ticket whose making is under way, or lost its answer.

    Until that is written down the room knows neither the ticket nor the place to answer at.
    """
    ticket_id = event.doc.get("ticket") if event.fields.get("k") == "u" else None
    return bool(
        ticket_id and ticket_id != room.ticket and turn.other_intent.get("kind") == "create"
    )


def _comment_id(event: Event) -> str:
    """The id of a public comment that *event* brings; empty for everything else."""
    comment = event.doc.get("comment") or {}
    return "" if event.doc.get("withdrawn") else str(comment.get("id") or "")


def _withdrawn(events: tuple[Event, ...]) -> set[str]:
    """Comments that were redacted or made private while their words still waited here."""
    told = (one.doc.get("comment") or {} for one in events if one.doc.get("withdrawn"))
    return {str(one["id"]) for one in told if one.get("id")}


def _not_before(hand: Hand, event: Event) -> float:
    at = moment_in(event.doc.get("not_before"))
    return (at - hand.bridge.now()).total_seconds() if at else 0.0


# --- what happened on the ticket -----------------------------------------------------------------


def _update(hand: Hand, room: Room, event: Event, update: TicketUpdate) -> None:
    """Take one fact, or one hint, from the helpdesk."""
    desk = hand.bridge.config.connections.get(event.connection)
    if desk is None:
        raise PermanentError("no_helpdesk", f"{event.connection} is no longer in connections.yaml")
    if not room.ticket and update.ticket_id:
        # The helpdesk told us before the answer to our own create was written down.
        room.facts.update({"desk": desk.name, "ticket": update.ticket_id})
    if update.ticket_id != room.ticket and not update.merged_into:
        return _close(hand, room, event, "ignored", "an earlier ticket of this conversation")
    if update.hint:
        return _read(hand, room, event, update)
    if update.merged_into:
        return _merged(hand, room, event, update.merged_into)
    if update.deleted:
        room.facts["status"] = str(Status.DELETED)
        return _close(hand, room, event, "done", "the ticket was deleted")
    if update.withdrawn:
        return _taken_back(hand, room, event, update)
    if update.comment is not None:
        return _comment(hand, room, event, update, update.comment)
    if update.status is not None and update.previous is not None:
        return _status(hand, room, event, update)
    for tag in update.tags_added:
        if told := commands.command_of_tag(tag):
            return _command(hand, room, event, told)
    return _close(hand, room, event, "ignored", "nothing to do")


def _merged(hand: Hand, room: Room, event: Event, target: str) -> None:
    room.facts.update({"ticket": target, "status": str(Status.OPEN)})
    orders = _closing(hand, event, "done", f"merged into {target}")
    keep_link(room, orders)
    orders.facts = room.changed()
    hand.settle(orders)


def _status(hand: Hand, room: Room, event: Event, update: TicketUpdate) -> None:
    """Remember the status; a change by a person becomes a notice, once it has held a while."""
    status, before, now = update.status or Status.OPEN, room.status, hand.bridge.now()
    at = moment_out(update.at or now) or ""
    known = room.facts.get("status_at", "")
    if known and at < known:
        return _close(hand, room, event, "ignored", "older than the status we know")
    room.facts.update({"status": str(status), "status_at": at})
    if status is Status.SOLVED and before is not Status.SOLVED:
        room.facts["solved_at"] = moment_out(now) or ""
    if _ours(hand, room, update.actor_id):
        return _close(hand, room, event, "ignored", "own write")
    desk_map = hand.bridge.map_of(room.desk)
    theirs = hand.bridge.helpdesk(hand.bridge.config.connections[room.desk]).statuses
    old = update.previous or before
    name = sync.notice(
        desk_map.notices,
        old and mapping.meant(desk_map, theirs, old),
        mapping.meant(desk_map, theirs, status),
    )
    if name is None:
        return _close(hand, room, event, "ignored", f"{status} says nothing")
    orders = _closing(hand, event, "done", f"notice {name}")
    orders.facts = room.changed()
    wait = desk_map.debounce
    doc = {
        "v": 1,
        "reply": name,
        "status": str(status),
        "not_before": moment_out(now + timedelta(seconds=wait)),
    }
    orders.push.append(
        {
            "e": name_of("notice", room.id, room.ticket, str(status), at),
            "lane": "out",
            "room": room.id,
            "c": OURS,
            "after": int(wait * 1000),
            "f": {"k": "s", "doc": json.dumps(doc)},
        }
    )
    hand.settle(orders)
    return None


def _comment(
    hand: Hand, room: Room, event: Event, update: TicketUpdate, comment: TicketComment
) -> None:
    """An agent's public words go out; everything else stays."""
    if comment.marker or _ours(hand, room, comment.author_id or update.actor_id):
        return _close(hand, room, event, "ignored", "own write")
    requester = room.facts.get("requester")
    staff = comment.staff
    if staff is None:
        # A read does not say who is staff: the one who acted, and is not the customer.
        staff = comment.author_id is not None and comment.author_id == update.actor_id
    if comment.author_id is not None and comment.author_id == requester:
        return _close(hand, room, event, "ignored", "the customer's own words")
    if not staff:
        return _close(hand, room, event, "ignored", "not written by staff")
    if comment.public is not True:
        told = commands.command(comment.text)
        if told is None:
            return _close(hand, room, event, "ignored", "private note")
        return _command(hand, room, event, told)
    comment = _as_it_stands(hand, room, event, comment)
    if comment.public is not True:
        return _close(hand, room, event, "ignored", "made private before it was sent")
    return _say(hand, room, event, comment)


def _taken_back(hand: Hand, room: Room, event: Event, update: TicketUpdate) -> None:
    """A comment was redacted or made private: what has gone out is out, and the agent is told."""
    if _ours(hand, room, update.actor_id) or update.comment is None:
        return _close(hand, room, event, "ignored", "nothing of it was sent")
    posted = hand.bridge.store.event(
        name_of(event.connection, f"comment:{room.ticket}:{update.comment.id}")
    ).get("posted")
    if not posted:
        return _close(hand, room, event, "ignored", "nothing of it was sent")
    orders = _closing(hand, event, "done", "taken back after it was sent")
    orders.push.append(note_event(room, ticket.taken_back(), "taken back", event.id))
    hand.settle(orders)
    return None


def _as_it_stands(hand: Hand, room: Room, event: Event, comment: TicketComment) -> TicketComment:
    """The comment as the helpdesk shows it now: its files, and whether it is still public.

    An event carries neither. It is signed, though: where the helpdesk cannot be asked for a while, or
    does not list the comment, the event is believed.
    """
    if comment.staff is None:
        return comment  # it comes from a read
    desk = hand.bridge.config.connections[room.desk]
    helpdesk = hand.bridge.helpdesk(desk)
    try:
        listed = hand.outside.desk(desk, helpdesk.comments(desk, room.ticket))
    except TransientError as error:
        if not error.limited and hand.bridge.now().timestamp() - event.at < ASKING:
            raise  # a moment later it may tell, and files would be missing without it
        return comment
    except BridgeError:
        return comment
    now = next((one for one in listed if one.id == comment.id), None)
    if now is None:
        return comment
    public = comment.public if now.public is None else now.public
    return replace(comment, public=public, attachments=now.attachments)


def _ours(hand: Hand, room: Room, author: str | None) -> bool:
    """Whether *author* is the user the bridge writes as."""
    if not author:
        return False
    desk = hand.bridge.config.connections[room.desk]
    try:
        return author == hand.outside.whoami(desk)
    except PermanentError:
        return False


def _read(hand: Hand, room: Room, event: Event, update: TicketUpdate) -> None:
    """A hint: read the ticket, and put what is new in the lane as facts of their own."""
    desk = hand.bridge.config.connections[room.desk]
    helpdesk = hand.bridge.helpdesk(desk)
    orders = _closing(hand, event, "done", "read")
    try:
        now = hand.outside.desk(desk, helpdesk.read(desk, room.ticket))
        comments = hand.outside.desk(desk, helpdesk.comments(desk, room.ticket))
    except PermanentError as error:
        if not error.gone:
            raise
        room.facts["status"] = str(Status.DELETED)
        orders.facts = room.changed()
        hand.settle(orders)
        return
    since = room.time("opened_at")
    since = since - timedelta(minutes=5) if since else None
    found: list[TicketUpdate] = []
    for comment in reversed(comments):
        if comment.marker or (since and comment.created_at and comment.created_at < since):
            continue
        found.append(
            TicketUpdate(
                dedupe=f"comment:{room.ticket}:{comment.id}",
                ticket_id=room.ticket,
                actor_id=update.actor_id or comment.author_id,
                at=comment.created_at,
                comment=comment,
            )
        )
    if now.status is not None and now.status is not room.status:
        stamped = moment_out(now.updated_at) or ""
        found.append(
            TicketUpdate(
                dedupe=f"status:{room.ticket}:{now.status}:{stamped}",
                ticket_id=room.ticket,
                actor_id=update.actor_id,
                at=now.updated_at,
                status=now.status,
                previous=room.status or Status.NEW,
            )
        )
    for one in found:
        orders.push.append(
            {
                "e": name_of(desk.name, one.dedupe),
                "lane": "out",
                "room": room.id,
                "c": desk.name,
                "f": {"k": "u", "doc": json.dumps(update_out(one))},
            }
        )
    hand.settle(orders)


def _unknown_ticket(hand: Hand, turn: Turn) -> bool | None:
    """A ticket we have no link for: read it, and find its room by the stamp it carries."""
    if not turn.events:
        return None
    event = turn.events[0]
    _, desk_name, ticket_id = turn.room_id.split(":", 2)
    desk = hand.bridge.config.connections[desk_name]
    helpdesk = hand.bridge.helpdesk(desk)
    try:
        found = hand.outside.desk(desk, helpdesk.read(desk, ticket_id))
    except PermanentError as error:
        if not error.gone:
            raise
        _close(hand, None, event, "ignored", "the ticket is gone")
        return True
    room_id = hand.bridge.store.get(f"join:{found.stamp}") or found.stamp or ""
    if not room_id or not hand.bridge.store.hash(f"r:{room_id}"):
        spoken = (event.doc.get("comment") or {}).get("public") is True
        if spoken and len(room_id) == 32 and room_id.isalnum():
            _link_lost(hand, event, desk_name, ticket_id)
            return True
        _close(hand, None, event, "ignored", "not a ticket of ours")
        return True
    orders = _closing(hand, event, "done", "its room was found by its stamp")
    orders.set.append((f"ticket:{desk_name}:{ticket_id}", room_id, LINKED))
    orders.push.append(
        {
            "e": name_of("again", event.id),
            "lane": "out",
            "room": room_id,
            "c": desk_name,
            "f": {"k": "u", "doc": json.dumps(event.doc)},
        }
    )
    hand.settle(orders)
    return True


def _link_lost(hand: Hand, event: Event, desk: str, ticket_id: str) -> None:
    """It carries a stamp of ours and we know nothing of it: an answer must not just vanish."""
    orders = hand.orders()
    reason = f"link_lost: ticket {ticket_id} carries our stamp, but its conversation is forgotten"
    orders.events.append({"e": event.id, "state": "dead", "f": {"reason": reason}})
    room = Room(hand.room_id, {"desk": desk, "ticket": ticket_id}, {})
    orders.facts = room.changed()
    left = ["answer again after the customer has written once more: that brings the link back"]
    note = ticket.failed("link_lost", "", left, str(event.doc["comment"].get("text", "")))
    orders.push.append(note_event(room, note, "link lost", event.id))
    hand.settle(orders)


# --- commands --------------------------------------------------------------------------------------


def _command(hand: Hand, room: Room, event: Event, told: commands.Command) -> None:
    """Do what the agent asked for in the first line of a private note, and say that it is done."""
    now, mutes = hand.bridge.now(), list[tuple[str, str, int]]()
    if told.name in ("dm", "public"):
        room.facts["route"] = told.name
        text = ticket.command_done(told.name)
    elif told.name == "mute":
        seconds = commands.duration(told.argument) if told.argument else 7 * 86400
        if seconds is None:
            text = ticket.command_refused("mute", f"{told.argument!r} is no time like 7d or 36h")
        else:
            until = moment_out(now + timedelta(seconds=seconds)) or ""
            mutes = [(f"mute:{key}", until, seconds) for key in room.people()]
            text = ticket.command_done("mute", told.argument or "7d")
    elif told.name == "hide":
        text = _hide(hand, room)
    else:
        text = ticket.command_refused(
            told.argument, f"the commands are /{', /'.join(commands.COMMANDS)}"
        )
    orders = _closing(hand, event, "done", f"/{told.name}")
    orders.facts = room.changed()
    orders.set += mutes
    orders.push.append(note_event(room, text, "command", event.id))
    hand.settle(orders)


def _hide(hand: Hand, room: Room) -> str:
    place = room.place(Visibility.PUBLIC)
    target = room.target(hand.bridge, place) if place else None
    hide = hand.bridge.channel(target.channel).hide if target else None
    if target is None or hide is None:
        return ticket.command_refused("hide", ticket.reason("cannot_hide"))
    try:
        hand.outside.platform(target.connection, hide(target), hand.guard)
    except (PermanentError, Unsupported) as error:
        return ticket.command_refused("hide", ticket.reason(error.code, error.detail))
    return ticket.command_done("hide")


# --- speaking --------------------------------------------------------------------------------------


def _say(hand: Hand, room: Room, event: Event, comment: TicketComment) -> None:
    """An agent's answer: fitted to the channel, piece by piece."""
    text = compose.plain(comment.text)
    links = [(one.name or one.type, one.url) for one in comment.attachments if one.url]
    text = compose.with_links(text, links)
    if not text:
        return _close(hand, room, event, "ignored", "no words")
    return _speak(hand, room, event, text, human=True, visibility=room.facts.get("route", ""))


def _automatic(hand: Hand, room: Room, event: Event) -> None:
    """A notice or a rule's reply, in the customer's language, never the same words twice in a thread."""
    doc = event.doc
    if doc.get("status") and str(room.status) != doc["status"]:
        return _close(hand, room, event, "ignored", "the status changed again")
    said, place = room.said(), room.place(None)
    target = room.target(hand.bridge, place) if place else None
    if place is None or target is None:
        return _close(hand, room, event, "ignored", "nobody to tell")
    text = replies.choose(
        hand.bridge.config.replies,
        doc["reply"],
        language=room.facts.get("language") or target.account.language,
        default_language=target.account.language or "en",
        key=room.id,
        person_name=replies.first_name(room.name, room.facts.get("first_name")),
        said=said,
        values={"brand": target.account.name or ""},
    )
    if text is None:
        return _close(hand, room, event, "ignored", f"no words for {doc['reply']}")
    if text in said:
        return _close(hand, room, event, "ignored", "said before in this thread")
    room.facts["said"] = json.dumps([*said, text][-20:])
    wanted = {"public": "public", "private": "dm"}.get(doc.get("visibility", ""), "")
    return _speak(
        hand, room, event, text, human=False, visibility=wanted or room.facts.get("route", "")
    )


def _speak(
    hand: Hand, room: Room, event: Event, text: str, *, human: bool, visibility: str
) -> None:
    """Say *text* to the customer, or tell the agent why not."""
    chosen = _voice(hand, room, visibility)
    if isinstance(chosen, str):
        return _undelivered(hand, room, event, chosen, "", text, human)
    voice, target, place, private = chosen
    allowed = _window(hand, room, voice, place, human)
    if not allowed.allowed:
        return _undelivered(hand, room, event, allowed.code or "refused", "", text, human)
    count, seconds = FUSE[0] if human else FUSE[1]
    wait, _ = hand.bridge.store.gate(
        f"room:{room.id}", 1.0, [("person" if human else "automatic", count, seconds)]
    )
    if wait:
        hand.bridge.store.alarm(
            "fuse",
            f"a conversation was stopped: more than {count} answers in {seconds / 60:.0f} minutes",
            DAY,
        )
        return _undelivered(hand, room, event, "fuse", "", text, human)
    pieces = compose.fit(text, voice.capabilities)
    intent = {
        "v": "1",
        "kind": "post",
        "id": event.id,
        "events": json.dumps([event.id]),
        "connection": target.connection.name,
        "pieces": json.dumps(pieces),
        "part": "0",
        "text": pieces[0],
        "marker": f"{event.id}.0",
        "private": "1" if private else "",
        "human": "1" if human else "",
        "tag": allowed.tag or "",
        "place": next(key for key, value in room.places.items() if value is place),
        "whole": text[:4000],
        "ids": "[]",
        "at": moment_out(hand.bridge.now()) or "",
        "said": room.facts.get("said", ""),
    }
    orders = hand.orders()
    orders.intent = intent
    hand.settle(orders)
    return _post(hand, room, event, intent, voice, target)


def _window(
    hand: Hand, room: Room, voice: Voice, place: dict[str, Any], human: bool
) -> compose.Window:
    """Whether this voice is open for *place* at this moment."""
    last = moment_in(place.get("last_in"))
    return compose.window(
        voice.capabilities,
        now=hand.bridge.now(),
        last_in=last,
        item_at=last,
        human=human,
        used=room.used(place),
    )


def _voice(
    hand: Hand, room: Room, visibility: str
) -> str | tuple[Voice, Target, dict[str, Any], bool]:
    """The way to speak: where the customer wrote last, unless the agent chose; or why there is none."""
    if visibility == "dm":
        place = room.place(Visibility.PRIVATE) or room.place(Visibility.PUBLIC)
    elif visibility == "public":
        place = room.place(Visibility.PUBLIC)
    else:
        place = room.place(None)
    if place is None:
        return "unsupported"
    target = room.target(hand.bridge, place)
    if target is None:
        return "no_account"
    private = visibility == "dm" or place.get("visibility") == Visibility.PRIVATE
    voice = _voice_at(hand, target, private=private)
    if voice is None:
        return "unsupported"
    return voice, target, place, private


def _voice_at(hand: Hand, target: Target, *, private: bool) -> Voice | None:
    visibility = Visibility.PRIVATE if private else Visibility.PUBLIC
    return hand.bridge.channel(target.channel).voice(visibility, target.answer)


def _post(
    hand: Hand, room: Room, event: Event, intent: dict[str, str], voice: Voice, target: Target
) -> None:
    """Send the pieces that are still to be sent, each recorded before and after."""
    pieces, human = json.loads(intent["pieces"]), bool(intent["human"])
    while int(intent["part"]) < len(pieces):
        piece = _piece(intent)
        allowed = _window(hand, room, voice, room.places[intent["place"]], human)
        if not allowed.allowed:
            code, said = allowed.code or "refused", int(intent["part"])
            return _undelivered(hand, room, event, code, "", intent["whole"], human, said=said)
        try:
            posted = hand.outside.platform(target.connection, voice.post(target, piece), hand.guard)
        except Done as done:
            posted = done.found
        except (PermanentError, Unsupported) as error:
            whole, said = intent["whole"], int(intent["part"])
            return _undelivered(
                hand, room, event, error.code, error.detail, whole, human, said=said
            )
        except AuthError as error:
            _tell_held(hand, room, event, error, intent["whole"])
            raise
        if not _recorded(hand, room, event, intent, target, posted):
            return None
    return None


def _piece(intent: dict[str, str]) -> Outgoing:
    return Outgoing(
        text=intent["text"],
        marker=intent["marker"],
        tag=intent["tag"] or None,
        since=moment_in(intent["at"]),
    )


def _recorded(
    hand: Hand, room: Room, event: Event, intent: dict[str, str], target: Target, posted: str
) -> bool:
    """Write down that a piece arrived; True when another one follows."""
    orders, now = hand.orders(), hand.bridge.now()
    pieces, part = json.loads(intent["pieces"]), int(intent["part"]) + 1
    ids = [*json.loads(intent["ids"]), posted]
    orders.cheer = [target.connection.name]
    if posted:
        spoken = hand.bridge.channel(target.channel)
        where = (spoken.private_channel or target.channel) if intent["private"] else target.channel
        for channel in {where, target.channel}:
            orders.set.append((_sent_key(target, channel, posted), room.id, 30 * 86400))
    if part < len(pieces):
        intent.update(
            {
                "part": str(part),
                "text": pieces[part],
                "marker": f"{event.id}.{part}",
                "ids": json.dumps(ids),
                "at": moment_out(now) or "",
            }
        )
        orders.intent = intent
        hand.settle(orders)
        return True
    place = room.places.get(intent["place"], {})
    room.facts["answered_at"] = moment_out(now) or ""
    if intent["human"]:
        room.facts["answered_by"] = "agent"
    if intent.get("said"):
        room.facts["said"] = intent["said"]
    if intent["private"] and place.get("visibility") == Visibility.PUBLIC:
        room.use(place)
        _join_private(hand, room, orders, target, getattr(posted, "person", None))
    slip = {
        "v": 1,
        "outcome": "delivered",
        "actions": [receipt.action(now, "posted", one or "already there") for one in ids],
    }
    orders.events = [
        {
            "e": event.id,
            "state": "done",
            "f": {"receipt": receipt.pack(slip), "reason": "delivered", "posted": json.dumps(ids)},
        }
    ]
    orders.intent, orders.tries, orders.facts = "", "", room.changed()
    hand.settle(orders)
    hand.bridge.store.forget(f"found:{event.id}")
    return False


def _sent_key(target: Target, channel: str, posted: str) -> str:
    """Under which it is remembered that we said this; its echo looks here."""
    return f"sent:{name_of(target.connection.name, channel, target.account_id, posted)}"


def _join_private(
    hand: Hand, room: Room, orders: Orders, target: Target, person: str | None
) -> None:
    """After a private reply the private talk of the same person belongs to this room."""
    other = hand.bridge.channel(target.channel).private_channel
    person = person or target.person_id
    if not other or not person or not hand.bridge.map_of(room.desk).join_dms:
        return
    thread = f"{target.account_id}:{person}"
    key = conversation_key(other, target.account_id, thread, person)
    if not hand.bridge.store.hash(f"r:{stamp(key)}"):
        orders.set.append((f"join:{stamp(key)}", room.id, LINKED))


def _resolve(hand: Hand, turn: Turn, room: Room) -> bool | float:
    """A piece whose outcome is unknown: look before speaking, or let it be and tell the agent."""
    intent = dict(turn.intent)
    event = next((one for one in turn.events if one.id == intent["id"]), None)
    place = room.places.get(intent["place"])
    target = room.target(hand.bridge, place) if place else None
    if event is None or target is None:
        orders = hand.orders()
        orders.intent = ""
        hand.settle(orders)
        return True
    voice = _voice_at(hand, target, private=bool(intent["private"]))
    if voice is None:
        raise PermanentError("unsupported", f"{target.channel} has no such voice any more")
    if intent.get("sure"):
        # The last try certainly did nothing: no need to look, and nothing to fear.
        orders = hand.orders()
        orders.intent = {"sure": ""}
        hand.settle(orders)
        _post(hand, room, event, {**intent, "sure": ""}, voice, target)
        return True
    found = hand.bridge.store.get(f"found:{intent['id']}")  # its echo overtook its answer
    if found is None:
        if voice.look is None:
            whole, said = intent["whole"], int(intent["part"])
            _undelivered(
                hand, room, event, "unconfirmed", "", whole, bool(intent["human"]), said=said
            )
            return True
        age = (hand.bridge.now() - _since(intent)).total_seconds()
        if age < SETTLED:
            return SETTLED - age
        found = hand.outside.platform(target.connection, voice.look(target, _piece(intent)))
        if found and hand.bridge.store.get(_sent_key(target, target.channel, found)):
            found = None  # the same words said before, and known
    if found is None or _recorded(hand, room, event, intent, target, found):
        _post(hand, room, event, intent, voice, target)
    return True


def _since(intent: dict[str, str]) -> datetime:
    at = moment_in(intent["at"])
    if at is None:
        raise PermanentError("broken", "an intent without its time")
    return at


def _undelivered(
    hand: Hand, room: Room, event: Event, code: str, detail: str, text: str, human: bool,
    said: int = 0,
) -> None:  # fmt: skip
    """Words that did not go out: the ticket says so, with the reason and the ways left."""
    orders = _closing(hand, event, "done" if human else "ignored", f"not delivered: {code}")
    orders.intent, orders.tries = "", ""
    orders.facts = room.changed()
    orders.facts.pop("said", None)
    if room.ticket and (human or code in ("fuse", "unconfirmed")):
        if said:
            pieces = json.loads(hand.load().intent.get("pieces", "[]"))
            note = ticket.partly(said, len(pieces), code, detail, " ".join(pieces[said:]))
        elif code == "unconfirmed":
            note = ticket.held(code, detail, text)
        else:
            note = ticket.failed(code, detail, _left(hand, room, code), text)
        orders.push.append(note_event(room, note, "undelivered", event.id))
    hand.settle(orders)


def _left(hand: Hand, room: Room, code: str) -> list[str]:
    """What the agent can still do."""
    left = [
        f"{way} (start a private note with /dm or /public to choose)" for way in ways(hand, room)
    ]
    if code == "fuse":
        return ["wait ten minutes, then answer again"]
    if code in ("blocked", "person_unavailable"):
        return ["reach the person in another way, if you know one"]
    return left or ["look at the conversation on the platform itself"]


def _tell_held(hand: Hand, room: Room, event: Event, error: BridgeError, whole: str) -> None:
    """The platform refuses our credentials: the agent learns that the answer waits."""
    orders = hand.orders()
    orders.push.append(note_event(room, ticket.waits(error.code, whole), "held", event.id))
    hand.settle(orders)


# --- small ------------------------------------------------------------------------------------------


def _closing(hand: Hand, event: Event, state: str, reason: str) -> Orders:
    slip = {"v": 1, "outcome": state, "reason": reason}
    orders = hand.orders()
    orders.events.append(
        {"e": event.id, "state": state, "f": {"reason": reason, "receipt": receipt.pack(slip)}}
    )
    return orders


def _close(hand: Hand, room: Room | None, event: Event, state: str, reason: str) -> None:
    orders = _closing(hand, event, state, reason)
    if room is not None:
        orders.facts = room.changed()
    hand.settle(orders)
