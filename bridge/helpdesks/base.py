"""What a helpdesk is: a record of facts and a few functions. Adapters import this, common and core.

Requests are yielded without credentials where `token` is set: whoever drives them adds the bearer,
renews it once for all workers, and turns a second 401 into AuthError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from bridge.core.calls import Calls
from bridge.core.hours import Hours
from bridge.core.limits import Limits, Told
from bridge.core.mapping import HelpdeskMap
from bridge.core.model import (
    Connection,
    Delivery,
    Draft,
    File,
    Person,
    Status,
    Ticket,
    TicketComment,
    TicketUpdate,
)
from bridge.core.signing import Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token and how long it may be used, in seconds; None is until it is refused."""

    value: str
    expires_in: float | None = None


class Requester(str):
    """The id of a requester; `existed` when the helpdesk knew this person before we asked."""

    __slots__ = ("existed",)
    existed: bool

    def __new__(cls, requester_id: str, *, existed: bool = True) -> Requester:
        made = super().__new__(cls, requester_id)
        made.existed = existed
        return made


@dataclass(frozen=True, slots=True)
class Changed:
    """Tickets that changed since a time, the oldest change first; a ticket may come twice.

    `until`: only changes up to this time were told, and the rest is to be asked for from there; None: all were.
    """

    tickets: tuple[Ticket, ...]
    until: datetime | None = None


# What became of a ticket that was to go to a group: it is there, or was left to the agent or group that has it.
Moved = Literal["there", "assigned", "elsewhere"]
Files = Sequence[File]  # only where `upload` is None, else empty
# What was looked at: fine, to be mended, or (None) good to know; and a sentence that says it.
Finding = tuple[bool | None, str]
Findings = Sequence[Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Helpdesk:
    """One helpdesk product.

    Bodies are built apart from being sent (`create_body`, `update_body`), so that the exact bytes
    can be recorded before the first attempt and sent again unchanged. `find` looks a ticket up by our stamp; `marked` tells whether a comment with our
    marker stands on it. `limits` are the documented budgets, name -> (count, seconds), names as in
    HttpRequest.budget (`ticket` stands for every `ticket:<id>`); `headers` reads what an answer tells
    of them. Those in `scaled` grow with what the account is allowed a minute.

    `delivery_header` names the header that is equal on every attempt of one delivery, and
    `kept_headers` those that `parse` reads. `add_tags` adds tags and leaves the others;
    `urge` does so too, and raises the priority to (at least) the helpdesk's own word for one.
    `move` gives a ticket to a group, unless an agent has it or it is not in the group any more that we know it in.
    `setup_options` replace the connection's while `setup` runs: more rights than daily work needs.

    `settles` is the time in seconds after an attempt from which on `find` and `marked` see what it did;
    `files_bytes` bounds all files of one ticket. `closed_for_good` is false where a closed ticket can
    be opened again. `status_names` are what the account calls its statuses, by their number or word:
    for agents first, for customers last. `check` and `check_map` (the account against the words of our map) are what
    `bridge doctor` asks, with our hook's public address in the option `hook_url` where it is known.
    `setup` returns a sentence a step, `Undone` where one failed; `reveal` tells the secrets that prove
    what is sent to *url*, by what they belong to. `changed` asks which tickets changed since a time, also others'
    than ours; `incidents` says how an account links a ticket to that of the incident it belongs to (`Draft.problem`): by
    any write ("always"), as it is opened ("opening"), or not; `tells_removals` is false where no webhook tells that a comment was deleted. `whoami` may name us in several ways (an id, an address), separated by a space.
    """

    name: str
    proof: Proof
    parse: Callable[[Delivery], list[TicketUpdate]]
    authorise: Callable[
        [Connection], dict[str, str] | None
    ]  # static headers, or None: ask for a token
    token: Callable[[Connection], Calls[Token]]
    whoami: Callable[[Connection], Calls[str]]
    requester: Callable[[Connection, Person], Calls[Requester]]
    upload: Callable[[Connection, File], Calls[str]] | None  # None: files go with the write itself
    create_body: Callable[[Draft], dict[str, Any]]
    create: Callable[
        [Connection, str, str, Files], Calls[Ticket]
    ]  # body as JSON text, idempotency key, files
    update_body: Callable[[Draft], dict[str, Any]]
    update: Callable[[Connection, str, str, Files], Calls[Ticket]]  # ticket id, body, files
    find: Callable[[Connection, str, str], Calls[list[Ticket]]]  # stamp, requester's external id
    marked: Callable[[Connection, str, str], Calls[bool]]  # ticket id, marker
    urge: Callable[[Connection, str, str | None, tuple[str, ...]], Calls[None]]
    move: Callable[[Connection, str, str, str], Calls[Moved]]  # ticket, group, the group we know
    read: Callable[[Connection, str], Calls[Ticket]]
    comments: Callable[[Connection, str], Calls[list[TicketComment]]]  # newest first
    fetch: Callable[[Connection, Any], Calls[File]]  # one attachment of a comment
    limits: Limits
    headers: Callable[[Mapping[str, str]], Mapping[str, Told]]
    create_once: float | None = (
        None  # seconds for which `create` with the same key is safe to repeat
    )
    secrets: tuple[str, ...] = ()
    required: tuple[str, ...] = ()  # options that must be there; `a|b` means that one of them must
    options: Mapping[str, object] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # of options: their words
    check: Callable[[Connection], Calls[Findings]] | None = None
    check_map: Callable[[Connection, HelpdeskMap], Calls[Findings]] | None = None
    warnings: Callable[[Connection], list[str]] = lambda connection: []
    setup: Callable[[Connection, str], Calls[list[str]]] | None = None
    reveal: Callable[[Connection, str], Calls[dict[str, str]]] | None = None
    delivery_header: str | None = None
    kept_headers: tuple[str, ...] = ()
    statuses: Mapping[Status, str] = field(default_factory=dict)  # ours to theirs
    status_names: Callable[[Connection], Calls[dict[str, tuple[str, ...]]]] | None = None
    setup_options: Mapping[str, object] = field(default_factory=dict)
    add_tags: Callable[[Connection, str, tuple[str, ...]], Calls[None]] | None = None
    settles: float = 0.0
    files_bytes: int | None = None
    closed_for_good: bool = True
    priorities: tuple[str, ...] = ()  # the words it takes; none: whatever the map says
    types: tuple[str, ...] = ()  # the same for a ticket's type
    scaled: tuple[str, ...] = ("account",)
    changed: Callable[[Connection, datetime], Calls[Changed]] | None = None
    tells_removals: bool = True
    incidents: Callable[[Connection], str] = lambda connection: ""
    hours: Callable[[Connection], Calls[list[Hours]]] | None = None  # `bridge calendars`

    def limit(
        self, options: Mapping[str, Any], name: str, told: Mapping[str, int] | None = None
    ) -> tuple[int, float] | None:
        """The budget *name*: the documented one, or what answers *told* of it (requests by budget).

        The operator's own `requests_per_minute` is the most of the account's in any case; 0 is none.
        """
        if name not in self.limits:
            return None
        count, seconds = self.limits[name]
        known, own = told or {}, options.get("requests_per_minute")
        figures = [one for one in (known.get("account"), own) if isinstance(one, int) and one > 0]
        if name in self.scaled and figures:
            count = max(1, count * min(figures) // self.limits["account"][0])
        return known.get(name, count) if name != "account" else count, seconds
