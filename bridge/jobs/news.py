"""What happened on a ticket: facts that its helpdesk told, or that reading it has shown.

Each fact comes once, by the name the helpdesk gives it; a hint is only a reason to look. A private note
never leaves, and unknown visibility counts as private.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from bridge.core import commands, mapping, plaintext, sync, telling
from bridge.core.errors import BridgeError, PermanentError, TransientError
from bridge.core.model import Status, Ticket, TicketComment, TicketUpdate
from bridge.core.stored import moment_in, moment_out, update_out
from bridge.helpdesks.base import Helpdesk
from bridge.jobs import (
    agent,
    csat,
    guards,
    incident,
    lately,
    overtaken,
    posting,
    reroute,
    speak,
    undelivered,
)
from bridge.jobs.ingest import name_of
from bridge.jobs.rank import Rank
from bridge.jobs.room import Room, note_event, our_event
from bridge.jobs.turn import Hand
from bridge.jobs.writing import keep_link
from bridge.store import Event, Turn

ASKING = 20.0  # seconds for which an answer waits for a helpdesk that does not tell its files
OVERLAP = timedelta(minutes=10)  # comments may be listed later than their time says


def update(hand: Hand, turn: Turn, room: Room, event: Event, update: TicketUpdate) -> None:
    """Take one fact, or one hint, from the helpdesk."""
    desk = hand.bridge.config.connections.get(event.connection)
    if desk is None:
        raise PermanentError("no_helpdesk", f"{event.connection} is no longer in connections.yaml")
    if not room.ticket and update.ticket_id:
        # The helpdesk told us before the answer to our own create was written down.
        room.facts.update({"desk": desk.name, "ticket": update.ticket_id})
    if update.ticket_id != room.ticket and not update.merged_into:
        return hand.close(room, event, "ignored", "an earlier ticket of this conversation")
    if update.hint:
        return _look(hand, turn, room, event, update)
    if update.merged_into:
        return _merged(hand, room, event, update.merged_into)
    if update.deleted:
        room.facts["status"] = str(Status.DELETED)
        return hand.close(room, event, "done", "the ticket was deleted")
    if update.withdrawn:
        return _taken_back(hand, room, event, update)
    if update.comment is not None:
        return _comment(hand, turn, room, event, update, update.comment)
    if update.status is not None and update.previous is not None:
        return _status(hand, room, event, update)
    for tag in update.tags_added:
        if told := commands.command_of_tag(tag):
            return agent.obey(hand, room, event, told)
    return hand.close(room, event, "ignored", "nothing to do")


def _merged(hand: Hand, room: Room, event: Event, target: str) -> None:
    room.facts.update({"ticket": target, "status": str(Status.OPEN), "status_word": ""})
    room.facts["merged_at"] = moment_out(hand.bridge.now()) or ""
    orders = hand.closing(event, "done", f"merged into {target}")
    keep_link(room, orders)
    orders.facts = room.changed()
    hand.settle(orders)


def _status(hand: Hand, room: Room, event: Event, update: TicketUpdate) -> None:
    """Remember the status; a change by a person becomes a notice, once it has held a while."""
    desk = hand.bridge.config.connections[room.desk]
    helpdesk = hand.bridge.helpdesk(desk)
    status, before, now = update.status or Status.OPEN, room.status, hand.bridge.now()
    kept = room_status(helpdesk, status)
    at = moment_out(update.at or now) or ""
    known = room.facts.get("status_at", "")
    if known and at < known:
        return hand.close(room, event, "ignored", "older than the status we know")
    if lately.known_status(room, update, kept, at):
        return hand.close(room, event, "ignored", "known already")
    word_before = room.facts.get("status_word") or None
    room.facts.update({"status": str(kept), "status_at": at})
    room.facts["status_word"] = update.status_word or ""
    if kept is Status.SOLVED and before is not Status.SOLVED:
        room.facts["solved_at"] = moment_out(now) or ""
    if ours(hand, room, update.actor_id):
        return hand.close(room, event, "ignored", "own write")
    room.facts["told_status"] = str(kept)
    desk_map = hand.bridge.map_of(room.desk)
    theirs, old = helpdesk.statuses, update.previous or before
    names = hand.outside.status_names(desk, update.status_word)
    label = names[-1] if names else update.status_label
    words = (update.status_word, *names, label)
    before_ = (word_before, *hand.outside.status_names(desk, word_before))
    name = sync.notice(
        desk_map.notices,
        old and mapping.meant(desk_map, theirs, old, *before_),
        mapping.meant(desk_map, theirs, status, *words),
    )
    solved = kept is Status.SOLVED and before is not Status.SOLVED
    questions = csat.to_come(hand, room) if solved else []
    if name is None:
        orders = hand.closing(event, "ignored", f"{status} says nothing")
    else:
        orders = hand.closing(event, "done", f"notice {name}")
    orders.facts, orders.push = room.changed(), questions
    if name is None:
        return hand.settle(orders)
    wait = desk_map.debounce
    doc = {
        "v": 1,
        "reply": name,
        "status": str(kept),
        "label": label or "",
        "not_before": moment_out(now + timedelta(seconds=wait)),
    }
    told = name_of("notice", room.id, room.ticket, str(status), update.status_word, at)
    orders.push.append(our_event("out", room.id, "s", told, doc, after=int(wait * 1000)))
    hand.settle(orders)
    return None


def _comment(
    hand: Hand, turn: Turn, room: Room, event: Event, update: TicketUpdate, comment: TicketComment
) -> None:
    """An agent's public words go out; everything else stays."""
    if comment.marker or ours(hand, room, comment.author_id or update.actor_id):
        return hand.close(room, event, "ignored", "own write")
    requester = room.facts.get("requester")
    staff = comment.staff
    if staff is None:
        # A read does not say who is staff: the one who acted, and is not the customer.
        staff = comment.author_id is not None and comment.author_id == update.actor_id
    if comment.author_id is not None and comment.author_id == requester:
        return hand.close(room, event, "ignored", "the customer's own words")
    if not staff:
        return hand.close(room, event, "ignored", "not written by staff")
    if comment.public is not True:
        told = commands.command(comment.text)
        if told is None:
            return hand.close(room, event, "ignored", "private note")
        return agent.obey(hand, room, event, told)
    if turn.shut:
        # Not even asked for as it stands: thousands may wait, and ask again every minute.
        undelivered.wait(hand, room, event, turn.shut, plaintext.plain(comment.text))
    comment, before = _as_it_stands(hand, room, event, update, comment)
    if comment.public is not True:
        return hand.close(room, event, "ignored", "made private before it was sent")
    if overtaken.fetched(hand, turn, room, event, comment, before):
        return None
    if room.facts.get("crowd"):
        return incident.alone(hand, room, event)
    return speak.say(hand, room, event, comment, agent.way(room, comment, before))


def _taken_back(hand: Hand, room: Room, event: Event, update: TicketUpdate) -> None:
    """A comment was redacted or made private: what has gone out is out, and the agent is told.

    By setting it is deleted on the platform as well.
    """
    if ours(hand, room, update.actor_id) or update.comment is None:
        return hand.close(room, event, "ignored", "nothing of it was sent")
    name = name_of(event.connection, f"comment:{room.ticket}:{update.comment.id}")
    guards.withdraw(room, name)
    said = hand.bridge.store.event(name)
    if not said.get("posted"):
        return hand.close(room, event, "ignored", "nothing of it was sent")
    note = telling.taken_back()
    if hand.bridge.map_of(room.desk).withdrawn == "delete":
        note = posting.unsay(hand, room, said)
    orders = hand.closing(event, "done", "taken back after it was sent")
    # A helpdesk may tell it twice, by its event and by what a read shows.
    orders.push.append(note_event(room, note, "taken back", update.comment.id))
    hand.settle(orders)
    return None


def _as_it_stands(
    hand: Hand, room: Room, event: Event, update: TicketUpdate, comment: TicketComment
) -> tuple[TicketComment, list[TicketComment]]:
    """The comment as the helpdesk shows it now, and those before it, newest first.

    An event carries neither its files nor whether it is still public. It is signed, though: where the helpdesk cannot be asked for a while, or
    does not list the comment, the event is believed.
    """
    if update.read:
        return comment, []
    desk = hand.bridge.config.connections[room.desk]
    helpdesk = hand.bridge.helpdesk(desk)
    try:
        listed = hand.outside.desk(desk, helpdesk.comments(desk, room.ticket))
    except TransientError as error:
        if not error.limited and hand.bridge.now().timestamp() - event.at < ASKING:
            raise  # a moment later it may tell, and files would be missing without it
        return comment, []
    except BridgeError:
        return comment, []
    place = next((at for at, one in enumerate(listed) if one.id == comment.id), None)
    if place is None:
        return comment, []
    now = listed[place]
    public = comment.public if now.public is None else now.public
    return replace(comment, public=public, attachments=now.attachments), listed[place + 1 :]


def ours(hand: Hand, room: Room, author: str | None) -> bool:
    """Whether *author* (an id or an address) is the user the bridge writes as."""
    if not author:
        return False
    desk = hand.bridge.config.connections[room.desk]
    try:
        return author in hand.outside.whoami(desk).split()
    except PermanentError:
        return False


def _look(hand: Hand, turn: Turn, room: Room, event: Event, update: TicketUpdate) -> None:
    """Hints: read the ticket once for all that wait, and put what is new in the lane as facts."""
    if ours(hand, room, update.actor_id):
        return hand.close(room, event, "ignored", "own write")
    desk = hand.bridge.config.connections[room.desk]
    helpdesk = hand.bridge.helpdesk(desk)
    orders = hand.closing(event, "done", "read")
    late = update.late
    if late:
        hand.asker.rank = Rank.BACK
    for other in turn.events:
        hint = other.fields.get("k") == "u" and other.doc.get("hint")
        if hint and other.id != event.id and other.connection == event.connection:
            orders.events += hand.closing(other, "done", "read with another one").events
            late = late and bool(other.doc.get("late"))
    try:
        now = hand.outside.desk(desk, helpdesk.read(desk, room.ticket))
        comments = hand.outside.desk(desk, helpdesk.comments(desk, room.ticket))
    except TransientError as error:
        if update.late and error.limited:
            return lately.put_off(hand, event, error)
        raise
    except PermanentError as error:
        if not error.gone:
            raise
        room.facts["status"] = str(Status.DELETED)
        orders.facts = room.changed()
        hand.settle(orders)
        return None
    orders.events[0]["rules"] = reroute.left(hand, room, now)
    said = [*_new_comments(hand, room, update, comments), *_gone_comments(room, comments)]
    found = {
        name_of(desk.name, one.dedupe): replace(one, read=True, late=late)
        for one in (*said, *_changes(room, helpdesk, update, now))
    }
    if late and (note := lately.told(hand, room, event, found)):
        orders.push.append(note)
    if again := lately.second_look(hand, room, event):
        orders.push.append(again)
    for name, one in found.items():
        orders.push.append(
            {
                "e": name,
                "lane": "out",
                "room": room.id,
                "c": desk.name,
                "f": {"k": "u", "doc": json.dumps(update_out(one))},
            }
        )
    orders.facts = room.changed()
    hand.settle(orders)
    return None


def look_again(hand: Hand, turn: Turn, room: Room, event: Event) -> None:
    """Read the ticket some time after an answer went out: no webhook tells that it was deleted there."""
    if not room.ticket or not json.loads(room.facts.get("spoken") or "[]"):
        return hand.close(room, event, "ignored", "there is nothing to look at")
    hint = TicketUpdate(dedupe="", ticket_id=room.ticket, hint=True, late=True)
    return _look(hand, turn, room, event, hint)


def _changes(
    room: Room, helpdesk: Helpdesk, hint: TicketUpdate, now: Ticket
) -> Iterator[TicketUpdate]:
    """What has become of the ticket itself, at most one change: merged, deleted or another status."""
    if now.merged_into:
        yield TicketUpdate(
            dedupe=f"merged:{room.ticket}:{now.merged_into}",
            ticket_id=room.ticket,
            merged_into=now.merged_into,
        )
    elif now.status is Status.DELETED:
        yield TicketUpdate(dedupe=f"deleted:{room.ticket}", ticket_id=room.ticket, deleted=True)
    elif now.status is not None and _moved(room, helpdesk, now):
        stamped = moment_out(now.updated_at) or ""
        yield TicketUpdate(
            dedupe=f"status:{room.ticket}:{now.status}:{now.status_word}:{stamped}",
            ticket_id=room.ticket,
            actor_id=hint.actor_id,
            at=now.updated_at,
            status=now.status,
            previous=room.status or Status.NEW,
            status_word=now.status_word,
            status_label=now.status_label,
        )


def _moved(room: Room, helpdesk: Helpdesk, now: Ticket) -> bool:
    """Whether the ticket has another status than the one we know, by its own word where it has one."""
    if now.status is not None and room_status(helpdesk, now.status) is not room.status:
        return True
    known = room.facts.get("status_word", "")
    return bool(now.status_word and known) and now.status_word != known


def room_status(helpdesk: Helpdesk, status: Status) -> Status:
    """What *status* is for us: a closed ticket that can be opened again is a solved one."""
    if status is Status.CLOSED and not helpdesk.closed_for_good:
        return Status.SOLVED
    return status


def _new_comments(
    hand: Hand, room: Room, hint: TicketUpdate, comments: list[TicketComment]
) -> list[TicketUpdate]:
    """The comments we have not heard of, oldest first.

    What was handled is known by its event for `BRIDGE_KEEP_DAYS`; older ones must not be taken for new.
    """
    now, seen = hand.bridge.now(), room.time("read_to")
    known = timedelta(milliseconds=hand.bridge.store.keep_ms) * 0.8
    opened, since = room.time("opened_at"), room.time("read_from")
    if since is None and opened:
        since = opened - timedelta(minutes=5)
    found = []
    for comment in reversed(comments):
        at = comment.created_at
        if comment.marker or (since and at and at <= since):
            continue
        if comment.staff is None and comment.author_id not in (hint.actor_id, None):
            continue  # who wrote it is not known here: a hint about its author tells
        if seen and at and (at <= seen - OVERLAP or (at <= seen and now - at > known)):
            continue
        found.append(
            TicketUpdate(
                dedupe=f"comment:{room.ticket}:{comment.id}",
                ticket_id=room.ticket,
                actor_id=hint.actor_id,
                at=at,
                comment=comment,
            )
        )
    latest = max((one.created_at for one in comments if one.created_at), default=None)
    if latest and (not seen or latest > seen):
        room.facts["read_to"] = moment_out(latest) or ""
    return found


def _gone_comments(room: Room, comments: list[TicketComment]) -> list[TicketUpdate]:
    """Answers that went out and are not public on the ticket any more, or not there at all."""
    listed = {one.id: one for one in comments}
    oldest = min((one.created_at for one in comments if one.created_at), default=None)
    found = []
    for said in json.loads(room.facts.get("spoken") or "[]"):
        there, at = listed.get(said["id"]), moment_in(said.get("at"))
        beyond = there is None and (oldest is None or at is None or at < oldest)
        if beyond or (there is not None and there.public is not False):
            continue
        found.append(
            TicketUpdate(
                dedupe=f"withdrawn:{room.ticket}:{said['id']}",
                ticket_id=room.ticket,
                withdrawn=True,
                comment=there or TicketComment(id=said["id"], text="", public=None),
            )
        )
    return found
