"""Freshdesk's state: contacts, agents, tickets, conversations; every change is validated, recorded and told.

The API and the agents of the sandbox change tickets by the same functions.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any

from bridge.sandbox import fresh_html
from bridge.sandbox.fresh_fields import (
    BRIDGE_ID,
    CLOSED,
    Form,
    Invalid,
    Problem,
    missing,
    no_match,
)
from bridge.sandbox.fresh_records import (
    IDENTITIES,
    NOTE,
    REPLY,
    Attachment,
    Change,
    Conversation,
    File,
    Ticket,
    User,
)
from bridge.sandbox.ground import Ground

MAX_CHILDREN = 10  # of one ticket
MAX_FILES = 20 * 1024 * 1024  # of one ticket, all together


class Blocked(Exception):
    """The contact is deleted: nothing can be raised in its name."""


class Fresh:
    """Contacts, agents and tickets. `told` is called with every Change."""

    def __init__(self, ground: Ground, told: Callable[[Change], None]) -> None:
        self.ground = ground
        self._told = told
        # Ids grow with time, so that a bridge that remembers an earlier run mistakes no ticket. Ticket
        # numbers are far from the fake Zendesk's, so that one number names one ticket of the sandbox.
        now = time.time()
        self._numbers = itertools.count(20_000_000 + int((now - 1.79e9) / 10))
        self._ids = itertools.count(int(now * 10_000) + 500_000_000_000_000, 7)
        self.clear()

    def clear(self) -> None:
        self.users: dict[int, User] = {}
        self._known: dict[tuple[str, str], User] = {}
        self.tickets: dict[int, Ticket] = {}
        self.attachments: dict[int, Attachment] = {}
        self.agent = self.enrol(User(self.number(), "Sam", agent=True, email="sam@acme.example"))
        self.bridge = self.enrol(
            User(self.number(), "Bridge", agent=True, email="bridge@acme.example")
        )

    def number(self) -> int:
        return next(self._ids)

    @property
    def form(self) -> Form:
        agents = {one.id: one.name for one in self.users.values() if one.agent}
        return Form(self.ground.settings.freshdesk_required, agents)

    # --- people ------------------------------------------------------------------------------------

    def enrol(self, user: User) -> User:
        user.at = user.updated = self.ground.clock.now()
        self.users[user.id] = user
        self.index(user)
        return user

    def index(self, user: User) -> None:
        for name in IDENTITIES:
            if value := getattr(user, name):
                self._known[name, value.lower()] = user

    def known(self, name: str, value: str) -> User | None:
        """Who has *value* as their e-mail, external id, ..."""
        user = self._known.get((name, value.lower()))
        return user if user and (getattr(user, name) or "").lower() == value.lower() else None

    def hire(self, name: str) -> User:
        """A further agent."""
        mail = "".join(letter for letter in name.lower() if letter.isalnum()) or "agent"
        return self.enrol(User(self.number(), name, agent=True, email=f"{mail}@acme.example"))

    def introduce(self, wish: dict[str, Any], by: str) -> User:
        """A new contact."""
        given = {name: wish[name] for name in IDENTITIES if wish.get(name)}
        name = wish.get("name") or next(iter(given.values()))
        user = self.enrol(User(self.number(), name, **given))
        self.ground.record.add(
            "freshdesk", "user", by, name, id=user.id, external_id=user.unique_external_id
        )
        return user

    def requester(self, wish: dict[str, Any], by: str) -> User:
        """Whom a ticket is for: known, or made where Freshdesk makes them. Raises Invalid, Blocked."""
        user = self._asked_for(wish) or self.introduce(wish, by)
        if user.deleted:
            raise Blocked
        return user

    def _asked_for(self, wish: dict[str, Any]) -> User | None:
        if (identity := wish.get("requester_id")) is not None:
            if identity not in self.users:
                raise Invalid(no_match("contact", "requester_id"))
            return self.users[identity]
        for name in ("email", "phone", "twitter_id", "facebook_id", "unique_external_id"):
            value = wish.get(name)
            if value and (user := self.known(name, value)):
                return user
        if wish.get("facebook_id"):  # the one identity that must be known already
            raise Invalid(no_match("contact", "facebook_id"))
        return None

    # --- tickets -----------------------------------------------------------------------------------

    def find(self, identity: int) -> Ticket | None:
        """The ticket, unless it is archived or gone."""
        now, ticket = self.ground.clock.now(), self.tickets.get(identity)
        return None if ticket is None or ticket.gone(now) or ticket.archived(now) else ticket

    def create(self, wish: dict[str, Any], actor: User, by: str, files: Sequence[File] = ()) -> Ticket:  # fmt: skip
        """A new ticket. Raises Invalid."""
        if problems := [*self.form.problems(wish, None), *self._child(wish.get("parent_id"))]:
            raise Invalid(*problems)
        self._fits(0, files)
        requester, now = self.requester(wish, by), self.ground.clock.now()
        ticket = Ticket(
            next(self._numbers), requester, wish["subject"], fresh_html.clean(wish["description"]), now, now,
            cc_emails=list(wish.get("cc_emails") or ()), attachments=self._store(files),
        )  # fmt: skip
        self._assign(ticket, wish)
        ticket.parent_id = wish.get("parent_id")
        self.tickets[ticket.id] = ticket
        text = fresh_html.plain(ticket.description)
        self.ground.record.add(
            "freshdesk", "ticket", by, text, ticket=ticket.id, subject=ticket.subject,
            external_id=ticket.custom_fields.get(BRIDGE_ID), priority=ticket.priority, status=ticket.status,
            tags=list(ticket.tags), custom_fields=dict(ticket.custom_fields), requester=requester.id,
            cc_emails=list(ticket.cc_emails),
        )  # fmt: skip
        # The first words are no conversation here, but the ground truth counts them as said, as for Zendesk.
        self._record_said(ticket, by, ticket.id, text, "description", True, requester, ticket.attachments)  # fmt: skip
        self._tell(Change(ticket, actor, [("ticket_action", "created")]))
        return ticket

    def _child(self, parent_id: int | None) -> list[Problem]:
        """What is wrong with a child of that ticket: it has to be there, no child itself, with children to spare."""
        if parent_id is None:
            return []
        parent = self.tickets.get(parent_id)
        if parent is None or parent.deleted or parent.spam or parent.parent_id:
            return [no_match("ticket", "parent_id")]
        children = sum(one.parent_id == parent_id for one in self.tickets.values())
        told = f"It has {MAX_CHILDREN} children already"
        return [Problem("parent_id", told)] if children >= MAX_CHILDREN else []

    def update(
        self, ticket: Ticket, wish: dict[str, Any], actor: User, by: str, copies: int = 1,
        files: Sequence[File] = (),
    ) -> None:  # fmt: skip
        """Change what *wish* names. Raises Invalid."""
        before = {"status": ticket.status, "custom_fields": ticket.custom_fields}
        if problems := self.form.problems(wish, before):
            raise Invalid(*problems)
        self._fits(ticket.bytes(), files)
        old = {name: getattr(ticket, name) for name in ("status", "priority", "tags", "group_id")}
        ticket.attachments += self._store(files)
        self._assign(ticket, wish)
        for name in ("subject", "source"):
            if wish.get(name):
                setattr(ticket, name, wish[name])
        if wish.get("description"):
            ticket.description = fresh_html.clean(wish["description"])
        if any(wish.get(name) for name in ("requester_id", "email", "phone", "unique_external_id")):
            ticket.requester = self.requester(wish, by)
        ticket.updated = self.ground.clock.now()
        self._tell(Change(ticket, actor, self._changes(ticket, old, by), copies))

    def automatic(self, ticket: Ticket, status: int) -> None:
        """Another status, by a rule of the account: its performer is the system."""
        old = {name: getattr(ticket, name) for name in ("status", "priority", "tags", "group_id")}
        ticket.status, ticket.updated = status, self.ground.clock.now()
        self._tell(Change(ticket, None, self._changes(ticket, old, "system")))

    def _assign(self, ticket: Ticket, wish: dict[str, Any]) -> None:
        for name in ("status", "priority", "source"):
            if wish.get(name) is not None:
                setattr(ticket, name, wish[name])
        for name in ("type", "group_id", "responder_id"):
            if name in wish:
                setattr(ticket, name, wish[name])
        if wish.get("tags") is not None:  # the whole list, not what is to be added
            ticket.tags = list(dict.fromkeys(wish["tags"]))
        ticket.custom_fields = {**ticket.custom_fields, **(wish.get("custom_fields") or {})}

    def _changes(self, ticket: Ticket, old: dict[str, Any], by: str) -> list[tuple[Any, ...]]:
        """The events of an update, recorded."""
        events: list[tuple[Any, ...]] = []
        for name in ("status", "priority", "group_id"):
            now = getattr(ticket, name)
            if now != old[name]:
                events.append((name.removesuffix("_id"), old[name], now))
        if ticket.status != old["status"]:
            self._stamp(ticket, old["status"])
            self.ground.record.add(
                "freshdesk", "ticket_status", by, None, ticket=ticket.id, previous=old["status"],
                current=ticket.status,
            )  # fmt: skip
        if ticket.tags != old["tags"]:
            added = [tag for tag in ticket.tags if tag not in old["tags"]]
            removed = [tag for tag in old["tags"] if tag not in ticket.tags]
            self.ground.record.add(
                "freshdesk", "ticket_tags", by, None, ticket=ticket.id, added=added, removed=removed
            )
        return [*events, ("ticket_action", "updated")]

    def _stamp(self, ticket: Ticket, before: int) -> None:
        now = self.ground.clock.now()
        ticket.stats["status_updated_at"] = now
        if ticket.status == 4:
            ticket.stats["resolved_at"] = now
        if ticket.status == CLOSED:
            ticket.stats["closed_at"] = now
            ticket.stats.setdefault("resolved_at", now)
        if before in (4, CLOSED) and ticket.status not in (4, CLOSED):
            ticket.stats["reopened_at"] = now

    # --- conversations -----------------------------------------------------------------------------

    def note(
        self, ticket: Ticket, wish: dict[str, Any], actor: User, by: str, files: Sequence[File] = (), copies: int = 1
    ) -> Conversation:  # fmt: skip
        """A note: private unless it says otherwise. Does not open a ticket again, whoever wrote it."""
        user = self._author(wish, actor, agents_only=False)
        said = self._say(ticket, user, by, NOTE, wish, files)
        kind = "private" if said.private else "public"
        self._tell(Change(ticket, actor, [("note_type", kind)], copies))
        return said

    def reply(
        self, ticket: Ticket, wish: dict[str, Any], actor: User, by: str, files: Sequence[File] = (), copies: int = 1
    ) -> Conversation:  # fmt: skip
        """A reply: it goes to the requester by e-mail, which the record says."""
        user = self._author(wish, actor, agents_only=True)
        said = self._say(ticket, user, by, REPLY, {**wish, "private": False, "incoming": False}, files)  # fmt: skip
        ticket.mails += 1
        self.ground.record.add(
            "freshdesk", "email_sent", by, fresh_html.plain(said.body), ticket=ticket.id, id=said.id,
            to=ticket.requester.email,
        )  # fmt: skip
        self._tell(Change(ticket, actor, [("reply_sent", "sent")], copies))
        return said

    def _author(self, wish: dict[str, Any], actor: User, agents_only: bool) -> User:
        if (identity := wish.get("user_id")) is None:
            return actor
        user = self.users.get(identity)
        if user is None or (agents_only and not user.agent):
            raise Invalid(no_match("agent" if agents_only else "contact", "user_id"))
        return user

    def _say(
        self, ticket: Ticket, user: User, by: str, source: int, wish: dict[str, Any], files: Sequence[File]
    ) -> Conversation:  # fmt: skip
        if not (wish.get("body") or "").strip():
            raise Invalid(missing("body"))
        self._fits(ticket.bytes(), files)
        private, now = wish.get("private"), self.ground.clock.now()
        mail = ticket.requester.email if source == REPLY else None
        writer = "customer" if not user.agent else "bridge" if user is self.bridge else "agent"
        said = Conversation(
            self.number(), ticket.id, user, writer, source, fresh_html.clean(wish["body"]),
            True if private is None else private, bool(wish.get("incoming")), now, self._store(files),
            [mail] if mail else list(wish.get("notify_emails") or ()), list(wish.get("cc_emails") or ()), now,
        )  # fmt: skip
        ticket.conversations.append(said)
        ticket.updated = now
        if user.agent and not said.private:
            ticket.stats.setdefault("first_responded_at", now)
            ticket.stats["agent_responded_at"] = now
        elif said.incoming:
            ticket.stats["requester_responded_at"] = now
        self._record_said(
            ticket, by, said.id, fresh_html.plain(said.body), said.kind, not said.private, user, said.attachments,
            incoming=said.incoming,
        )  # fmt: skip
        return said

    def edit(self, ticket: Ticket, said: Conversation, body: str, by: str) -> None:
        """Other words for a note. Nobody is told."""
        said.body = fresh_html.clean(body)
        said.edited = said.updated = ticket.updated = self.ground.clock.now()
        self.ground.record.add(
            "freshdesk", "ticket_comment_edited", by, fresh_html.plain(said.body), ticket=ticket.id, id=said.id
        )  # fmt: skip

    def remove(self, ticket: Ticket, said: Conversation, by: str) -> None:
        """Take a conversation away for good. Nobody is told."""
        ticket.conversations.remove(said)
        ticket.updated = self.ground.clock.now()
        self.ground.record.add(
            "freshdesk", "ticket_comment_removed", by, None, ticket=ticket.id, id=said.id
        )

    # --- merged, deleted, spam ---------------------------------------------------------------------

    def merge(
        self, primary: Ticket, secondary: Ticket, actor: User, by: str, notes: dict[str, Any] | None = None,
        copies: int = 1,
    ) -> None:  # fmt: skip
        """Close *secondary* with a note that names *primary*: the only trace that it leaves."""
        notes = notes or {}
        told = f"This ticket is closed and merged into ticket {primary.id}"
        self.note(secondary, {"body": told, **(notes.get("note_in_secondary") or {})}, actor, by)
        merged = f'Ticket with ID {secondary.id} is merged into this ticket. Subject: "{secondary.subject}"'  # fmt: skip
        self.note(primary, {"body": merged, **(notes.get("note_in_primary") or {})}, actor, by)
        before, secondary.status, secondary.merged_into = secondary.status, CLOSED, primary.id
        self._stamp(secondary, before)
        record = self.ground.record
        record.add("freshdesk", "ticket_merged", by, None, ticket=secondary.id, into=primary.id)
        if before != CLOSED:
            record.add("freshdesk", "ticket_status", by, None, ticket=secondary.id, previous=before, current=CLOSED)  # fmt: skip
            self._tell(Change(secondary, actor, [("status", before, CLOSED)], copies))

    def delete(self, ticket: Ticket, actor: User, by: str, copies: int = 1) -> None:
        ticket.deleted, ticket.away = True, self.ground.clock.now()
        self.ground.record.add("freshdesk", "ticket_deleted", by, None, ticket=ticket.id)
        self._tell(Change(ticket, actor, [("ticket_action", "deleted")], copies))

    def restore(self, ticket: Ticket, by: str) -> None:
        ticket.deleted = ticket.spam = False
        self.ground.record.add("freshdesk", "ticket_restored", by, None, ticket=ticket.id)

    def mark_spam(self, ticket: Ticket, by: str) -> None:
        ticket.spam, ticket.away = True, self.ground.clock.now()
        self.ground.record.add("freshdesk", "ticket_spam", by, None, ticket=ticket.id)

    def _tell(self, change: Change) -> None:
        self.ground.record.touch()  # not every change is recorded, but all are seen
        self._told(change)

    # --- parts -------------------------------------------------------------------------------------

    def _fits(self, already: int, files: Sequence[File]) -> None:
        if files and already + sum(len(content) for _, _, content in files) > MAX_FILES:
            raise Invalid(Problem("attachments", "The total size of attachments should be at most 20 MB"))  # fmt: skip

    def _store(self, files: Sequence[File]) -> list[Attachment]:
        now = self.ground.clock.now()
        kept = [
            Attachment(self.number(), name, kind, content, now) for name, kind, content in files
        ]
        self.attachments.update({one.id: one for one in kept})
        return kept

    def _record_said(
        self, ticket: Ticket, by: str, identity: int, text: str, kind: str, public: bool, author: User,
        files: list[Attachment], incoming: bool | None = None,
    ) -> None:  # fmt: skip
        self.ground.record.add(
            "freshdesk", "ticket_comment", by, text, ticket=ticket.id, id=identity, public=public, kind=kind,
            incoming=not author.agent if incoming is None else incoming,
            author={"id": author.id, "name": author.name, "staff": author.agent}, metadata={},
            attachments=[file.name for file in files],
        )  # fmt: skip
