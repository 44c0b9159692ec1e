"""A room as a drainer sees it: the places where its customer talks, and the ticket that holds it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bridge.core.model import Account, Connection, Message, Status, Target, Visibility
from bridge.core.stored import author_in, author_out, doc_in, moment_in, moment_out
from bridge.jobs.ingest import name_of, person_name
from bridge.wiring import Bridge

DAY = 86400  # seconds an alarm stands that nothing else ends
LINKED = 90 * DAY  # seconds a link or a name lives after its last use
LIVE = frozenset({Status.NEW, Status.OPEN, Status.PENDING, Status.ON_HOLD})
OURS = "bridge"  # in the books, the row of the notes and notices that are our own


@dataclass(slots=True)
class Room:
    """The mutable picture of a room during one turn; `changed()` is what to write down of it."""

    id: str
    facts: dict[str, str]
    places: dict[str, dict[str, Any]]
    _before: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, room_id: str, fields: Mapping[str, str]) -> Room:
        facts = dict(fields)
        places = doc_in(facts.pop("places", ""))
        return cls(room_id, facts, places, dict(fields))

    def changed(self) -> dict[str, str]:
        """The facts that differ from what was read."""
        now = dict(self.facts)
        if self.places:
            now["places"] = json.dumps(self.places, separators=(",", ":"))
        return {key: value for key, value in now.items() if self._before.get(key) != value}

    def goes_on(self, place: str) -> bool:
        """Whether the customer, who wrote elsewhere before, writes in this kind of place for the first time."""
        before = doc_in(self._before.get("places")).values()
        here = self.places[place]
        kinds = {(one["channel"], one.get("visibility")) for one in before}
        return bool(kinds) and (here["channel"], here.get("visibility")) not in kinds

    # -- the ticket -------------------------------------------------------------------------------

    @property
    def ticket(self) -> str:
        return self.facts.get("ticket", "")

    @property
    def desk(self) -> str:
        return self.facts.get("desk", "")

    @property
    def status(self) -> Status | None:
        return Status(self.facts["status"]) if self.facts.get("status") else None

    @property
    def takes_notes(self) -> bool:
        """Whether there is a ticket that can still be written on."""
        return bool(self.ticket) and self.status not in (Status.CLOSED, Status.DELETED)

    @property
    def problem(self) -> list[str] | None:
        """The helpdesk and the ticket of the incident that this ticket is linked to."""
        own, _, problem = self.facts.get("problem", "").partition(" ")
        return problem.split(":") if problem and own == self.ticket else None

    def time(self, name: str) -> datetime | None:
        return moment_in(self.facts.get(name))

    def earlier(self) -> list[dict[str, str]]:
        return json.loads(self.facts.get("earlier") or "[]")  # type: ignore[no-any-return]

    def said(self) -> list[str]:
        """Automatic texts said here before, the latest last."""
        return json.loads(self.facts.get("said") or "[]")  # type: ignore[no-any-return]

    def spoke(self, comment: Mapping[str, Any], now: datetime) -> None:
        """Keep the last answers that went out, or are held, to see when one is taken back on the ticket.

        The private note that sent a template was never public, so nothing of it is taken back.
        """
        if comment.get("id") and comment.get("public") is True:
            spoken = json.loads(self.facts.get("spoken") or "[]")
            spoken.append({"id": comment["id"], "at": comment.get("at") or moment_out(now)})
            self.facts["spoken"] = json.dumps(spoken[-10:])

    # What the other lane writes too is a fact of its own: two lanes must not overwrite each other.

    def used(self, place: Mapping[str, Any]) -> bool:
        """Whether the one private reply that the place's item allows was sent."""
        return bool(place.get("item")) and self.facts.get(f"used {place['item']}") == "1"

    def use(self, place: Mapping[str, Any]) -> None:
        """Remember that it was."""
        self.facts[f"used {place.get('item')}"] = "1"

    def people(self) -> set[str]:
        """The names of the people who write here, as `ingest.person_name` makes them."""
        return {
            person_name(self.facts.get("c", ""), one.get("account"), one["person"])
            for one in self.places.values()
            if one.get("person")
        }

    def rename(self, old: str, new: str) -> None:
        """The person *old* goes by *new* from now on: answers go there."""
        for place in self.places.values():
            if place.get("person") == old:
                place["person"] = new
                if place.get("thread") == f"{place.get('account')}:{old}":
                    place["thread"] = f"{place.get('account')}:{new}"

    # -- the customer -----------------------------------------------------------------------------

    def heard(self, message: Message, seen: datetime | None) -> None:
        """Take note of the customer's latest words: where they stand and until when one may answer."""
        at = message.sent_at or seen
        place = self.places.setdefault(message.conversation, {})
        if at and (last := moment_in(place.get("last_in"))) and last > at:
            return  # an older message that came late changes neither place nor window
        place.update(
            {
                "channel": message.channel,
                "account": message.account_id,
                "thread": message.thread_id,
                "person": message.person,
                "visibility": str(message.visibility),
                "kind": str(message.kind),
                "item": message.external_id,
                "post": _post(message),
                "link": message.permalink or "",
                "answer": dict(message.answer),
                "last_in": moment_out(at),
            }
        )
        place.setdefault("first_item", message.external_id)
        self.facts["current"] = message.conversation
        if message.author:
            self.facts["author"] = json.dumps(author_out(message.author))
        if first := message.extra.get("first_name"):
            self.facts["first_name"] = str(first)
        if message.language:
            self.facts["language"] = message.language

    @property
    def name(self) -> str | None:
        """What the person is called on tickets: a handle where no name is known."""
        author = author_in(json.loads(self.facts.get("author") or "null"))
        return (author.name or author.username) if author else None

    @property
    def own_name(self) -> str | None:
        """The person's own name; a handle is none, and nobody is greeted by it."""
        author = author_in(json.loads(self.facts.get("author") or "null"))
        return author.name if author else None

    def place(self, visibility: Visibility | None) -> dict[str, Any] | None:
        """The place where the customer wrote last, of the given visibility; None when there is none."""
        wanted = [
            place for place in self.places.values()
            if visibility is None or place.get("visibility") == visibility
        ]  # fmt: skip
        current = self.places.get(self.facts.get("current", ""))
        if current in wanted:
            return current
        early = datetime(1970, 1, 1, tzinfo=UTC)
        return max(wanted, key=lambda one: moment_in(one.get("last_in")) or early, default=None)

    def target(self, bridge: Bridge, place: Mapping[str, Any]) -> Target | None:
        """Where words for *place* go; None when its account is no longer configured."""
        connection = bridge.config.connections.get(self.facts.get("c", ""))
        account = self.account(connection, place)
        if connection is None or account is None:
            return None
        return Target(
            connection=connection,
            account=account,
            channel=place["channel"],
            account_id=place.get("account"),
            thread_id=place.get("thread"),
            person_id=place.get("person"),
            item_id=place.get("item"),
            answer=place.get("answer") or {},
        )

    @staticmethod
    def account(connection: Connection | None, place: Mapping[str, Any]) -> Account | None:
        return connection.account(place["channel"], place.get("account")) if connection else None


def _post(message: Message) -> str:
    """The id of the post that *message* stands under; empty where nobody told."""
    post = message.extra.get("post")
    return str(post.get("id") or "") if isinstance(post, Mapping) else ""


def our_event(
    lane: str, room_id: str, kind: str, name: str, doc: Mapping[str, Any], **more: Any
) -> dict[str, Any]:
    """An event of our own, as `Orders.push` takes it: the same *name* is the same event.

    *more* is what the store knows besides: `state`, and when it is due: `after` (ms), or `at` (a moment as text).
    """
    fields = {"k": kind, "doc": json.dumps(doc)}
    return {"e": name, "lane": lane, "room": room_id, "c": OURS, **more, "f": fields}


def note_event(room: Room, text: str, *why: str) -> dict[str, Any]:
    """A private note as an event of the room's `in` lane; the same reasons make the same note once."""
    return our_event("in", room.id, "n", name_of("note", room.id, *why), {"v": 1, "text": text})
