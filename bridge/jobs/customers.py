"""Who a customer is for the helpdesk, and what the platform knows beside their words."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from bridge.core import harmless
from bridge.core.errors import AuthError, BridgeError, TransientError
from bridge.core.model import Author, Connection, Message, Person, Target, Ticket, stamp
from bridge.core.stored import moment_out
from bridge.jobs.ingest import post_name
from bridge.jobs.room import DAY, LINKED, LIVE, Room
from bridge.jobs.turn import Hand
from bridge.store import Orders

YOUNG = 3600.0  # seconds for which a new journal may have lost tickets that no index has yet
CURIOUS = 2.5  # seconds a ticket waits for what the platform could add to it


def requester(
    hand: Hand, room: Room, desk: Connection, who: Person, known: str | None, orders: Orders
) -> str | None:
    """The helpdesk's id of *who*: the one that we *know*, else asked for, and remembered with *orders*.

    None when a forgotten ticket came to light meanwhile: then plan anew.
    """
    room.facts["asker"] = who.external_id
    if room.facts.get("doubt") and _remembered(hand, room, desk):
        return None
    if known is None:
        helpdesk = hand.bridge.helpdesk(desk)
        known = hand.outside.desk(desk, helpdesk.requester(desk, who), hand.guard)
        if known.existed and _remembered(hand, room, desk):
            return None
        orders.set.append((who_key(desk, who.external_id), str(known), LINKED))
    room.facts["requester"] = known
    return known


def who_key(desk: Connection, external_id: str) -> str:
    """Where the journal keeps the helpdesk's id of the customer whom it knows by *external_id*."""
    return f"who:{desk.name}:{external_id}"


def post_key(target: Target, message: Message) -> str:
    """Where it keeps what the platform told of the post: the same for all who comment on it."""
    name = target.connection.name
    return f"post:{post_name(name, message.channel, message.answer, message.thread_id)}"


def asker(room: Room, message: Message) -> str:
    """What the helpdesk knows the customer by: a hash; who changed their id stays who they were."""
    who = message.person or f"thread {message.conversation}"
    external = stamp(f"person:{room.facts.get('c', '')}:{message.account_id}:{who}")
    return room.facts.get("asker") or external


def person(hand: Hand, room: Room, message: Message) -> Person:
    """The customer as the helpdesk shall know them."""
    label = hand.bridge.channel(message.channel).label or message.channel
    name = harmless.safe(room.name or f"{label} user").replace("\n", " ").strip()[:80]
    return Person(external_id=asker(room, message), name=name or f"{label} user")


def _found(hand: Hand, room: Room, desk: Connection) -> list[Ticket]:
    """The tickets that carry our stamp, as the helpdesk's index has them.

    A ticket of the last minutes may be missing there, which matters while Redis is new, and may have
    lost its predecessor: then the person's own list is asked first, as far as its small budget goes.
    """
    helpdesk = hand.bridge.helpdesk(desk)
    if hand.bridge.store.age() < YOUNG:
        try:
            calls = helpdesk.find(desk, room.id, room.facts.get("asker", ""))
            if found := hand.outside.desk(desk, calls):
                return found
        except TransientError as error:
            if not error.limited:
                raise
    return hand.outside.desk(desk, helpdesk.find(desk, room.id, ""))


def _remembered(hand: Hand, room: Room, desk: Connection) -> bool:
    """Whether the helpdesk remembers an open ticket of this conversation that we have forgotten.

    The helpdesk knew the person and we did not: Redis may have been lost. The stamp tells.
    """
    for found in _found(hand, room, desk):
        if found.status in LIVE:
            orders = hand.orders()
            room.facts.update({"desk": desk.name, "ticket": found.id, "status": str(found.status)})
            room.facts["doubt"] = ""
            # What agents said so far was handled before it was forgotten.
            room.facts["read_from"] = moment_out(found.updated_at or hand.bridge.now()) or ""
            orders.facts = room.changed()
            orders.set.append((f"ticket:{desk.name}:{found.id}", room.id, LINKED))
            hand.settle(orders)
            return True
    return False


def described(
    hand: Hand, room: Room, target: Target, message: Message, known: str | None
) -> tuple[Message, dict[str, Any]]:
    """*message* with what its payload did not say, and the post it hangs on, as the platform tells.

    *known* is what it has told of the post before. A platform that is away delays no ticket. Only where it has not told the words is it waited for:
    nobody can decide without them.
    """
    describe = hand.bridge.channel(message.channel).describe
    if describe is None:
        return message, {}
    unnamed = message.author is None or not (message.author.name or message.author.username)
    if known and not unnamed and message.text is not None:
        return message, json.loads(known)
    try:
        calls = describe(target, message)
        told = dict(hand.outside.platform(target.connection, calls, deadline=CURIOUS))
    except BridgeError as error:
        if message.text is None and isinstance(error, AuthError | TransientError):
            raise
        return message, json.loads(known) if known else {}
    author, text = told.get("author"), told.get("text")
    if isinstance(author, Author) and unnamed:
        message = replace(message, author=author)
    if isinstance(text, str) and message.text is None:
        message = replace(message, text=text)
    if first_name := told.get("first_name"):
        room.facts["first_name"] = str(first_name)
    post = {name: told[name] for name in ("post_text", "post_url") if told.get(name)}
    hand.bridge.store.put(post_key(target, message), json.dumps(post), DAY)
    return message, {**post, "permalink": told.get("permalink")}
