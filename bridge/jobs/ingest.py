"""A kept delivery becomes events, each recorded once and appended to the lane it belongs to.

Nothing here talks to the outside. Running it again adds nothing: an event's id is made of what names
it on the platform, so eight copies, a retry and a replay all come to the same one.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bridge.core.errors import BridgeError, TransientError
from bridge.core.model import Connection, Delivery, Kind, Message, TicketUpdate, Visibility, stamp
from bridge.core.stored import message_out, moment_out, report_out, update_out
from bridge.jobs.hearing import EARS
from bridge.store import Kept
from bridge.wiring import Bridge

log = logging.getLogger(__name__)

NEWS = 86400.0  # seconds for which an alarm stands that a platform's own news have raised
POISON = 5  # times a delivery may take its reader down before it is put aside


def name_of(*parts: str | None) -> str:
    """A short name made of *parts*, the same for the same parts."""
    return hashlib.sha256("\0".join(part or "" for part in parts).encode()).hexdigest()[:20]


def message_name(connection: str, message: Message) -> str:
    """The name of the thing that was said; its edits and its removal share it."""
    return name_of(connection, message.channel, message.account_id, message.external_id)


def ingest(bridge: Bridge, kept: Kept) -> int:
    """Record what *kept* holds; returns how many events were new.

    Never raises for what is in it; TransientError while Redis is away, MemoryError where this process has no
    more, which says nothing of what is read: both are tried again, the second like a death, POISON times.
    A parser does no I/O and has no clock, so any other error would come again: it is a verdict at once.
    """
    connection = bridge.config.connections.get(kept.connection)
    if connection is None:
        rows = [_dead(kept, "the connection is no longer configured")]
    elif kept.damaged:
        rows = [_dead(kept, "what was kept of it is damaged")]
    elif kept.tries > POISON:
        rows = [_dead(kept, f"reading it failed {POISON} times")]
    else:
        try:
            rows = _rows(bridge, connection, kept)
        except (TransientError, MemoryError):
            raise  # it is kept, and read again
        except BridgeError as error:
            rows = [_dead(kept, f"{error.code}: {error.detail}")]
        except Exception as error:  # a bug of ours must not block the deliveries behind it
            log.exception("delivery %s could not be read", kept.id)
            rows = [_dead(kept, f"reading it failed: {type(error).__name__}")]
    return bridge.store.record(kept.id, kept.connection, rows, bridge.owner)


def _alarm(bridge: Bridge, connection: Connection, message: Message) -> None:
    """Raise what a platform says of the account itself; the same words are one alarm."""
    if message.alarm:
        name = f"account:{connection.name}:{name_of(message.alarm)[:8]}"
        bridge.store.alarm(name, f"{connection.name}: {message.alarm}", NEWS)


def _rows(bridge: Bridge, connection: Connection, kept: Kept) -> list[dict[str, Any]]:
    delivery = Delivery(
        connection=kept.connection,
        source=kept.source,
        headers=kept.headers,
        body=kept.body,
        received_at=kept.received_at,
    )
    source = bridge.source(connection)
    if source is not None:
        account_id = source.account_of(connection)
        parsed = (one.at_account(account_id) for one in source.parse(delivery))
        messages = [source.recognise(connection, one) for one in parsed]
        for message in messages:
            _alarm(bridge, connection, message)
            EARS.hear(connection, message)
        return [of_message(bridge, connection, one, kept.received_at) for one in messages]
    helpdesk = bridge.helpdesk(connection)
    updates = helpdesk.parse(delivery)
    EARS.hear(connection, *updates)
    return [of_update(connection, update) for update in updates]


def _dead(kept: Kept, reason: str) -> dict[str, Any]:
    """One dead letter that stands for a whole delivery; `unread` lets a retry read it again."""
    return {
        "e": name_of("delivery", kept.id),
        "state": "dead",
        "reason": reason,
        "f": {"k": "d", "unread": "1", "seen": moment_out(kept.received_at) or ""},
    }


def of_message(
    bridge: Bridge, connection: Connection, message: Message, seen: datetime
) -> dict[str, Any]:
    """*message*, which came to us at *seen*, as an event to record."""
    eid = name_of(connection.name, message.account_id, message.dedupe)
    row: dict[str, Any] = {
        "e": eid,
        "state": "in_progress",
        "lane": "in",
        "f": {
            "k": "m",
            "doc": json.dumps(message_out(message), separators=(",", ":")),
            "seen": moment_out(seen) or "",
        },
    }
    if message.external_id:
        row["f"]["mid"] = row["msg"] = message_name(connection.name, message)
    if message.extra.get("broken"):
        return {**row, "state": "dead", "lane": "", "reason": message.ignored}
    if message.report:
        return _of_report(row, connection, message)
    if message.renamed:
        return _of_rename(row, message)
    account = connection.account(message.channel, message.account_id)
    own = message.own is True and message.ignored == "own" and message.kind is not Kind.OTHER
    if message.ignored and not own:
        return {**row, "state": "ignored", "lane": "", "reason": message.ignored}
    if account is None:
        reason = f"no account {message.account_id} of {message.channel} in connections.yaml"
        return {**row, "state": "ignored", "lane": "", "reason": reason}
    row["f"]["pk"] = person_key(connection.name, message)
    thread = name_of(
        "thread", connection.name, message.channel, message.account_id, message.thread_id
    )
    row["st"] = stamp(message.conversation)
    if message.aliases:
        row["also"] = [stamp(message.known_as(one).conversation) for one in message.aliases]
    if own:
        return {**row, "own": thread, "st": row["st"] if message.person else ""}
    if message.visibility is Visibility.PUBLIC:
        row["thread"] = thread
    if message.person and bridge.joins(account):
        public = message.visibility is Visibility.PUBLIC
        row["aloud" if public else "dm"] = person_key(connection.name, message)
    row["room"] = {"v": "1", "key": message.conversation, "c": connection.name}
    return row


def _of_report(row: dict[str, Any], connection: Connection, message: Message) -> dict[str, Any]:
    """What a platform tells of words of ours: kept in mind, and a failure goes to who said them."""
    told = message.report
    if told is None or message.ignored is None:
        raise ValueError("a report is an event that opens nothing")
    failed = told.state == "failed"
    row["f"] |= {"k": "r", "doc": json.dumps({"v": 1, **(report_out(told) or {})})}
    row |= {"told": said_name(connection.name, message, told.of), "of": told.of}
    row |= {"marker": told.marker, "lane": "out" if failed else ""}
    return row if failed else {**row, "state": "ignored", "reason": message.ignored}


def _of_rename(row: dict[str, Any], message: Message) -> dict[str, Any]:
    """A person goes by another id from now on: their conversation goes on under it."""
    old, new = message.renamed or ("", "")
    row["f"] |= {"k": "i", "doc": json.dumps({"v": 1, "old": old, "new": new})}
    row |= {"st": stamp(message.known_as(old).conversation), "known": True}
    return row | {"becomes": stamp(message.known_as(new).conversation), "reason": message.ignored}


def said_name(connection: str, message: Message, said: str) -> str:
    """The name of something the brand said where *message* belongs, by the platform's id of it."""
    return name_of(connection, message.channel, message.account_id, said)


def words_name(connection: str, channel: str, account_id: str | None, text: str) -> str:
    """The name of words at one account, however they are spaced."""
    return name_of("words", connection, channel, account_id, " ".join(text.split()))


def post_name(
    connection: str, channel: str | None, answer: Mapping[str, Any], thread: str | None
) -> str:
    """The name of the post that a message stands under: the same for all who comment on it."""
    return name_of(connection, channel, answer.get("post_id") or thread)


def person_name(connection: str, account_id: str | None, person: str) -> str:
    """The name of one person at one account, over the channels that share their people."""
    return name_of("person", connection, account_id, person)


def person_key(connection: str, message: Message) -> str:
    """The name of the person whose conversation *message* belongs to; empty when unknown."""
    return person_name(connection, message.account_id, message.person) if message.person else ""


def of_update(connection: Connection, update: TicketUpdate) -> dict[str, Any]:
    """*update* as an event to record."""
    row: dict[str, Any] = {
        "e": name_of(connection.name, update.dedupe),
        "state": "in_progress",
        "lane": "out",
        "st": update.stamp or "",
        "ticket": f"{connection.name}:{update.ticket_id}" if update.ticket_id else "",
        # The body did not say whether the ticket is ours, or says that it is, but we forgot it.
        "lookup": update.stamp is None or _stamped(update.stamp),
        "f": {"k": "u", "doc": json.dumps(update_out(update), separators=(",", ":"))},
    }
    if update.ignored or not update.ticket_id:
        return {**row, "state": "ignored", "lane": "", "reason": update.ignored or "no ticket"}
    return row


def _stamped(text: str) -> bool:
    return len(text) == 32 and all(c in "0123456789abcdef" for c in text)
