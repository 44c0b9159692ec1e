"""What the fake Freshdesk keeps: people, tickets, conversations, files; and what automation is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bridge.sandbox.fresh_fields import CLOSED, CUSTOM, OPEN

DAY = 86_400.0
ARCHIVED_AFTER = 120 * DAY  # closed and idle so long
TRASH_KEPT = 30 * DAY  # then deleted tickets and spam are gone for good
DUE_AFTER = 5.0  # until then due_by is null


@dataclass(slots=True)
class User:
    """A contact or an agent."""

    id: int
    name: str
    agent: bool = False
    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    twitter_id: str | None = None
    facebook_id: str | None = None
    unique_external_id: str | None = None
    description: str | None = None
    job_title: str | None = None
    tags: list[str] = field(default_factory=list)
    deleted: bool = False
    at: float = 0.0
    updated: float = 0.0


IDENTITIES = ("email", "phone", "mobile", "twitter_id", "facebook_id", "unique_external_id")


@dataclass(slots=True)
class Attachment:
    id: int
    name: str
    kind: str
    content: bytes = field(repr=False)
    at: float = 0.0


@dataclass(slots=True)
class Conversation:
    """A reply (`source` 0) or a note (2) on a ticket."""

    id: int
    ticket_id: int
    user: User
    by: str  # bridge | agent | customer
    source: int
    body: str
    private: bool
    incoming: bool
    at: float
    attachments: list[Attachment]
    to_emails: list[str]
    cc_emails: list[str]
    updated: float = 0.0
    edited: float | None = None

    @property
    def kind(self) -> str:
        return "note" if self.source == NOTE else "reply"


REPLY, NOTE = 0, 2


@dataclass(slots=True)
class Ticket:
    id: int
    requester: User
    subject: str
    description: str
    created: float
    updated: float
    status: int = OPEN
    priority: int = 1
    source: int = 2
    type: str | None = None
    group_id: int | None = None
    responder_id: int | None = None
    cc_emails: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    custom_fields: dict[str, Any] = field(default_factory=lambda: dict.fromkeys(CUSTOM))
    attachments: list[Attachment] = field(default_factory=list)
    conversations: list[Conversation] = field(default_factory=list)
    deleted: bool = False
    spam: bool = False
    away: float = 0.0  # when it was deleted or marked as spam
    merged_into: int | None = None
    parent_id: int | None = None
    stats: dict[str, float] = field(default_factory=dict)  # status_updated_at, resolved_at, ...
    mails: int = 0  # how many e-mails went to the requester

    @property
    def binned(self) -> bool:
        return self.deleted or self.spam

    def archived(self, now: float) -> bool:
        return self.status == CLOSED and not self.binned and now - self.updated >= ARCHIVED_AFTER

    def gone(self, now: float) -> bool:
        return self.binned and now - self.away >= TRASH_KEPT

    def bytes(self) -> int:
        files = [*self.attachments, *(file for one in self.conversations for file in one.attachments)]  # fmt: skip
        return sum(len(file.content) for file in files)


@dataclass(slots=True)
class Change:
    """What automation rules are told: events as `("status", 2, 4)`, `("note_type", "public")`, ..."""

    ticket: Ticket
    actor: User | None  # None is the system
    events: list[tuple[Any, ...]]
    copies: int = 1


File = tuple[str, str, bytes]  # name, content type, bytes
