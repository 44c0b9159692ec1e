"""What the fake Zendesk keeps: users, tickets, comments, files; its words and the ids of its account."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PRIORITIES = ("urgent", "high", "normal", "low")
STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
TYPES = ("problem", "incident", "question", "task")
MAX_COMMENT = 65_535

AGENT_ID = 46406145565073
BRIDGE_ID = 46406145565201
GROUPS = {46406158244625: "Support", 46406158244753: "Refunds"}
BRAND_ID, FORM_ID = 46406158162961, 46406146302353
CUSTOM_STATUS = {name: 46406158222225 + 128 * number for number, name in enumerate(STATUSES)}


class Invalid(Exception):
    """A record that does not validate: field -> sentence."""

    def __init__(self, details: dict[str, str]) -> None:
        super().__init__("; ".join(details.values()))
        self.details = details


@dataclass(slots=True)
class User:
    id: int
    name: str
    role: str = "end-user"  # end-user | agent | admin
    external_id: str | None = None
    email: str | None = None
    at: float = 0.0

    @property
    def staff(self) -> bool:
        return self.role != "end-user"


@dataclass(slots=True)
class Attachment:
    """A file of the helpdesk; `token` opens it without a login."""

    id: int
    token: str
    name: str
    kind: str
    content: bytes = field(repr=False)


@dataclass(slots=True)
class TicketComment:
    id: int
    audit_id: int
    author: User
    by: str  # bridge | agent | customer
    public: bool
    body: str
    html: str
    at: float
    attachments: list[Attachment]
    metadata: dict[str, Any]
    via: dict[str, Any]


@dataclass(slots=True)
class Ticket:
    id: int
    requester: User
    submitter: User
    subject: str
    description: str
    created: float
    updated: float
    via: dict[str, Any]
    status: str = "new"
    priority: str | None = None
    type: str | None = None
    external_id: str | None = None
    group_id: int | None = None
    assignee_id: int | None = None
    tags: list[str] = field(default_factory=list)
    custom_fields: dict[int, Any] = field(default_factory=dict)
    comments: list[TicketComment] = field(default_factory=list)
    audits: list[dict[str, Any]] = field(default_factory=list)
    followups: list[int] = field(default_factory=list)
    followers: list[int] = field(default_factory=list)
    followup_of: int | None = None
    merged_into: int | None = None
    problem_id: int | None = None
    has_incidents: bool = False
    deleted: bool = False
    stamped: int = 0  # generated_timestamp: 0 in the answer to the create

    @property
    def shown_status(self) -> str:
        return "deleted" if self.deleted else self.status


@dataclass(slots=True)
class Change:
    """What webhooks and triggers are told about one update."""

    ticket: Ticket
    actor: User
    created: bool
    via_api: bool
    comment: TicketComment | None = None
    previous: dict[str, Any] = field(default_factory=dict)  # status, priority, tags, as they were
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    copies: int = 1


API = {"channel": "api", "source": {"from": {}, "to": {}, "rel": None}}
WEB = {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}}
