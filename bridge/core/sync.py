"""What a ticket's status makes us say, and what a customer's next words do to their ticket.

Two state machines meet here, and both are tables. The helpdesk's is not ours: agents, triggers and
time move a ticket, webhooks tell us late, twice and out of order, and half of what we hear is the
echo of what we did. So nothing here asks "what happened?"; it compares what the customer was last
told about with what is true now, and says something only where the difference helps the customer.
A status we had not heard of before is compared with None; coming and going in between is nobody's
business, and that is what the debounce is for.

    from / to       new   open        pending   on_hold   solved   closed   deleted
    (unknown)       new   -           pending   on_hold   solved   -        -
    new             -     open        pending   on_hold   solved   closed   -
    open            -     -           pending   on_hold   solved   closed   -
    pending         -     -           -         on_hold   solved   closed   -
    on_hold         -     -           pending   -         solved   closed   -
    solved          -     reopened    pending   on_hold   -        -        -
    closed          -     reopened    pending   on_hold   solved   -        -
    deleted         -     -           -         -         -        -        -

The words in the table are *moments*; `notices` of a helpdesk's map says which reply each moment
uses, or null for silence. Closed after solved is the same news twice. Closed out of nowhere is a
merge or a clean-up; it has its own moment, which nobody has to use. A ticket that the customer's own
words reopened is no news to the customer.

The way in is the second table, `reopens`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from bridge.core.model import Status

MOMENTS = ("new", "open", "pending", "on_hold", "solved", "reopened", "closed")

_ALL = frozenset(Status)
_LIVE = frozenset({Status.NEW, Status.OPEN, Status.PENDING, Status.ON_HOLD})
_OVER = frozenset({Status.SOLVED, Status.CLOSED})
_KNOWN: frozenset[Status | None] = _ALL - {Status.DELETED}

# Row: the new status, the old ones, the moment. What stands in no row is silence.
_MOMENTS: tuple[tuple[Status, frozenset[Status | None], str], ...] = (
    (Status.NEW, frozenset({None}), "new"),
    (Status.OPEN, frozenset({Status.NEW}), "open"),
    (Status.OPEN, _OVER, "reopened"),
    (Status.PENDING, _KNOWN | {None}, "pending"),
    (Status.ON_HOLD, _KNOWN | {None}, "on_hold"),
    (Status.SOLVED, _KNOWN | {None}, "solved"),
    (Status.CLOSED, _LIVE, "closed"),
)


def says(previous: Status | None, current: Status) -> str | None:
    """The moment in *current* after *previous*, one of `MOMENTS`; None where there is no news.

    *previous* is what the customer was last told about, None when nobody knows.
    """
    if previous is current:
        return None
    for status, before, moment in _MOMENTS:
        if status is current and previous in before:
            return moment
    return None


def notice(
    notices: Mapping[str, str | None],
    previous: Status | None,
    current: Status,
    *,
    by_customer: bool = False,
) -> str | None:
    """The name in replies that this change of status calls for; None for silence.

    *notices*: moment -> name, as in `mappings/<helpdesk>.yaml`. *by_customer*: the customer's own
    message moved the ticket, also where we moved it for them; they need not be told.
    """
    moment = says(previous, current)
    if moment is None or by_customer:
        return None
    return notices.get(moment)


Next = Literal["append", "append_quietly", "reopen", "new", "followup", "unlinked", "nothing"]


def reopens(
    status: Status | None,
    thanks: bool,
    *,
    now: datetime,
    solved_at: datetime | None,
    reopen_days: float,
) -> Next:
    """What the customer's next message does to the ticket it belongs to.

        new, open, on_hold, pending, unknown     append
        solved, thanks                           append_quietly   the ticket stays solved
        solved, within *reopen_days*             reopen
        solved, later                            new              a ticket that links the old one
        closed, thanks                           nothing
        closed                                   followup
        deleted                                  unlinked         the rules decide as for a stranger

    *thanks*: the words are thanks and nothing else (`core.words.is_thanks`). A solved ticket whose
    *solved_at* is unknown counts as just solved: one ticket too few is merged by nobody, one too many
    splits the case. An unknown status is appended to; the helpdesk refuses what it cannot take.
    Zero days open a new ticket at once.
    """
    match status:
        case Status.DELETED:
            return "unlinked"
        case Status.CLOSED:
            return "nothing" if thanks else "followup"
        case Status.SOLVED if thanks:
            return "append_quietly"
        case Status.SOLVED:
            days = timedelta(days=reopen_days)
            fresh = bool(days) and (solved_at is None or now - solved_at <= days)
            return "reopen" if fresh else "new"
        case _:
            return "append"


def status_after(status: Status | None, step: Next) -> Status | None:
    """The status our update has to set for *step*, or None to leave it to the helpdesk.

    A ticket that waits for the customer waits no more; on hold it waits for somebody else and stays.
    """
    waited = step == "append" and status is Status.PENDING
    return Status.OPEN if waited or step == "reopen" else None
