"""The nouns of the bridge, as frozen values.

Times are aware and in UTC, ids are strings, words of a provider are translated at its own file.
Vocabularies are closed (the enums below); what a provider says beyond them becomes OTHER.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any
from urllib.parse import quote


class Kind(StrEnum):
    """What was said, by where it stands."""

    COMMENT = "comment"
    MENTION = "mention"  # quotes too
    REVIEW = "review"
    DM = "dm"  # postbacks, story replies and group chats too
    POST = "post"  # somebody else's post on the brand's page
    HANDOVER = "handover"  # a bot or a person hands a talk to us
    OTHER = "other"


class Change(StrEnum):
    """What happened to it. Edits and deletes carry the id of the original."""

    CREATED = "created"
    EDITED = "edited"
    DELETED = "deleted"


class Visibility(StrEnum):
    """Who can read it on the platform."""

    PUBLIC = "public"
    PRIVATE = "private"


class Status(StrEnum):
    """One vocabulary for a ticket's status; each helpdesk's file holds the dictionary to its own."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    ON_HOLD = "on_hold"
    SOLVED = "solved"
    CLOSED = "closed"
    DELETED = "deleted"


class Secret:
    """A value that must not show in logs, errors or reprs; only `reveal()` gives it away."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


NO_SECRET = Secret("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One page, number, profile or bot of a connection."""

    channel: str
    id: str | None = None
    name: str | None = None
    token: Secret = NO_SECRET
    helpdesk: str | None = None
    language: str | None = None
    calendar: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One entry of connections.yaml; secrets in `options` are `Secret` (or tuples of them)."""

    name: str
    type: str
    options: Mapping[str, Any] = field(default_factory=dict)
    accounts: tuple[Account, ...] = ()

    def secrets(self, option: str) -> tuple[str, ...]:
        """The revealed, non-empty secrets of *option*, whether it holds one or several."""
        value = self.options.get(option)
        many = value if isinstance(value, tuple) else (value,)
        return tuple(one.reveal() for one in many if isinstance(one, Secret) and one)

    def secret(self, option: str) -> str:
        """The first secret of *option*, or the empty string."""
        return next(iter(self.secrets(option)), "")

    def account(self, channel: str, account_id: str | None) -> Account | None:
        """The configured account an event belongs to; a facebook account covers its Messenger."""
        covered = {channel, "facebook"} if channel == "messenger" else {channel}
        for account in self.accounts:
            if account.channel in covered and (account.id is None or account.id == account_id):
                return account
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One webhook request as it arrived; header names are lower case, the body is untouched."""

    connection: str
    source: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who said it. `None` means unknown, never zero or no."""

    id: str | None = None
    name: str | None = None
    username: str | None = None
    followers: int | None = None
    verified: bool | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file, place or card that came with a message; `id` where the platform hands files out by id."""

    type: str
    url: str | None = None
    name: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a platform tells later of words that we sent: that they arrived, or that they failed.

    `of` is the platform's id of our words, `marker` ours, where it travels with them. `state` is
    one of sent, delivered, read, failed; `code` and `detail` say why it failed, as an error would.
    """

    of: str
    state: str
    marker: str | None = None
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing one author said, or did to it (`change`), on one platform.

    `dedupe` names this change within (connection, account): two events with the same value are
    the same event. `answer` holds what the channel needs to answer and nobody else understands
    (a Telegram business connection, the post's id); `extra` holds facts for rules and tickets
    beyond the common ones (rating, post, first_name, ...), readable in rules by dotted name.

    `aliases` are other ids the platform knows the same person by; `renamed` says that a person's id
    has changed, from the first to the second. `report` is about words of ours. `alarm` is what an
    operator should hear of, in our words.
    """

    channel: str
    account_id: str | None
    kind: Kind
    change: Change = Change.CREATED
    external_id: str | None
    thread_id: str | None
    visibility: Visibility
    author: Author | None
    own: bool | None = False
    ignored: str | None = None
    text: str | None = None
    attachments: tuple[Attachment, ...] = ()
    in_reply_to: str | None = None
    permalink: str | None = None
    sent_at: datetime | None = None
    language: str | None = None
    sentiment: float | None = None
    dedupe: str
    customer_id: str | None = (
        None  # whose conversation it is, where that is not the author (an echo)
    )
    answer: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    renamed: tuple[str, str] | None = None
    report: Report | None = None
    alarm: str | None = None

    @property
    def person(self) -> str | None:
        """The id of the person whose conversation this is; None when unknown."""
        if self.customer_id is not None:
            return self.customer_id
        return self.author.id if self.author else None

    @property
    def conversation(self) -> str:
        """`channel:account:thread:author`, parts percent-encoded, `-` when unknown."""
        return conversation_key(self.channel, self.account_id, self._talk, self.person)

    @property
    def _talk(self) -> str | None:
        """The thread; a private talk that is not named is that of the account with the person."""
        private = self.kind is Kind.DM and self.visibility is Visibility.PRIVATE
        if self.thread_id is None and private and self.account_id and self.person:
            return f"{self.account_id}:{self.person}"
        return self.thread_id

    def known_as(self, person: str) -> Message:
        """The same message by the same person under another id; a private thread is named for them."""
        thread = f"{self.account_id or '-'}:{person}"
        kept = self.thread_id not in (None, f"{self.account_id or '-'}:{self.person}")
        return replace(self, customer_id=person, thread_id=self.thread_id if kept else thread)

    def at_account(self, account_id: str | None) -> Message:
        """The same message, its account filled in where the payload named none."""
        return self if self.account_id is not None else replace(self, account_id=account_id)


@lru_cache(1024)  # asked nine times on the way of one message
def conversation_key(
    channel: str, account: str | None, thread: str | None, author: str | None
) -> str:
    """The readable key of a conversation: `channel:account:thread:author`."""
    parts = (channel, account, thread, author)
    return ":".join("-" if part in (None, "") else quote(str(part), safe="") for part in parts)


def stamp(key: str) -> str:
    """The lower-case hex name of a conversation key, short enough for a tag (32 characters)."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What one way of speaking on a channel allows. Durations are in seconds, None is no limit."""

    max_length: int
    measure: str = "characters"  # characters | utf16 | bytes: a key of core.compose.MEASURES
    window: float | None = None  # after the customer's last message; anybody may speak inside
    human_window: float | None = None  # longer window for words a person wrote
    within: float | None = None  # after the item that is answered (private replies)
    once: bool = False  # one message per item, then never again
    automatic: bool = True  # may notices be sent this way


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where words go: the account that speaks, the thread and person, the item that is answered."""

    connection: Connection
    account: Account
    channel: str
    account_id: str | None
    thread_id: str | None
    person_id: str | None
    item_id: str | None = None  # external id of the customer's message that is answered
    answer: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A message that the platform has approved beforehand; `values` fill its body, in order."""

    name: str
    language: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One piece of words for a platform, already fitted to the channel.

    `marker` travels with it where the platform carries such a thing; `tag` is "human" when only
    the longer window for people's words is open; `since` bounds the look for an earlier attempt.
    With a `template` the platform says its words, and `text` is how the ticket shows them.
    """

    text: str
    marker: str
    tag: str | None = None
    since: datetime | None = None
    files: tuple[File, ...] = ()
    template: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Bytes on their way through; never stored."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


# --- the helpdesk side -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A requester for the helpdesk: keyed by a hash, never by e-mail."""

    external_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a ticket, or an update of one, should hold. Texts are plain text.

    `marker` comes back in the comment's metadata; `note` is private, `text` is the customer's
    words in public, either may be empty. `fields` are already the helpdesk's own ids and values.
    `requester_name` is for helpdesks that make the requester with the ticket. `problem` is the ticket of
    the incident that this one belongs to. `collaborators` are addresses of colleagues.
    """

    stamp: str
    conversation: str
    marker: str
    subject: str = ""
    text: str = ""
    note: str = ""
    requester_id: str | None = None
    requester_name: str = ""
    priority: str | None = None
    group: str | None = None
    type: str | None = None
    status: Status | None = None
    tags: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    uploads: tuple[str, ...] = ()
    followup_of: str | None = None
    problem: str | None = None
    collaborators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket as the helpdesk last showed it.

    `status_word` is the helpdesk's own word or number for the status, where it has more of them than
    we do; `status_label` is what it calls the status before customers.
    """

    id: str
    status: Status | None = None
    status_word: str | None = None
    status_label: str | None = None
    url: str | None = None
    stamp: str | None = None  # external id or stamp field, as found
    tags: tuple[str, ...] = ()
    updated_at: datetime | None = None
    requester_id: str | None = None
    merged_into: str | None = None
    actor_id: str | None = None  # whom the helpdesk names as the author of our own write
    group: str | None = None
    assignee: str | None = None
    left_out: tuple[str, ...] = ()  # collaborators asked for, where not all of them were taken


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketComment:
    """One comment or note on a ticket. `public` is None when nobody said so: then it is private."""

    id: str
    text: str
    public: bool | None
    author_id: str | None = None
    author_name: str | None = None
    staff: bool | None = None
    created_at: datetime | None = None
    attachments: tuple[Attachment, ...] = ()
    marker: str | None = None  # ours, when we wrote it


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketUpdate:
    """What a helpdesk's webhook told: facts, or a hint (`hint`) that only a read can fill.

    `dedupe` names it within the connection. Times are the helpdesk's own.
    """

    dedupe: str
    ticket_id: str | None
    stamp: str | None = None  # the ticket's external id; "" when the body says it has none
    actor_id: str | None = None
    at: datetime | None = None
    comment: TicketComment | None = None
    status: Status | None = None
    previous: Status | None = None
    status_word: str | None = None  # as in Ticket
    status_label: str | None = None
    merged_into: str | None = None
    deleted: bool = False
    withdrawn: bool = False  # a comment was redacted or made private afterwards
    tags: tuple[str, ...] = ()
    tags_added: tuple[str, ...] = ()
    hint: bool = False
    read: bool = False  # found by reading the ticket, so nothing about it need be asked again
    late: bool = False  # nobody told us: read back afterwards
    ignored: str | None = None


def tags_of(values: Sequence[object] | None) -> tuple[str, ...]:
    """The texts among *values*, for tags that come as anything."""
    return tuple(value for value in values or () if isinstance(value, str))
