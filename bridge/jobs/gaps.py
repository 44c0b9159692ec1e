"""Reading back what nobody told us: recent words where the platform can be asked, and changed tickets.

Everything found gets the name that its webhook would have given it, so that nothing is done twice, in
whatever order the two come. Words that are younger than the grace are left to their webhook, which is
probably on its way. A ticket that changed is read like after a hint, in its own lane (jobs/news.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bridge.channels.base import Reads
from bridge.core.calls import Calls
from bridge.core.errors import BridgeError, TransientError
from bridge.core.model import Account, Connection, Message, Status, Ticket, TicketUpdate
from bridge.core.stored import moment_in, moment_out
from bridge.helpdesks.base import Helpdesk
from bridge.jobs.edits import kept
from bridge.jobs.ingest import name_of, of_message, of_update
from bridge.jobs.outside import Outside
from bridge.jobs.rank import Asker, Rank
from bridge.wiring import Bridge

T = TypeVar("T")
# Events by their names: time, event, words.
Rows = dict[str, tuple[datetime, dict[str, Any], str | None]]

OVERLAP = timedelta(minutes=15)  # read twice: lists and indexes show some things late
FARTHEST = timedelta(days=7)  # what is older is not read back
FOLLOW = 10  # readings at most that follow one, where something new is always there
AT_ONCE = 200  # events recorded in one step
LASTS = 90 * 86400.0  # seconds the state of a connection is kept
MEND = 300.0  # seconds until a reading that failed is tried again


@dataclass(slots=True)
class Found:
    """What one reading has seen and found. Times and counts are those of this reading alone."""

    calls: int = 0
    seen: int = 0  # messages and tickets that were listed
    new: int = 0  # events that nobody had told us of
    tickets: int = 0  # of ours that changed, to be read in their lanes
    fresh: bool = False  # something was too young to say that nobody told us
    until: datetime | None = None  # where it is cut, all of this time and later is still to be read
    errors: list[str] = field(default_factory=list)
    wait: float | None = None  # seconds to wait before more is asked, where we were told so
    cut: list[str] = field(default_factory=list)  # where more was said than is read


def readable(bridge: Bridge, connection: Connection) -> bool:
    """Whether anything of the connection can be read back."""
    if bridge.source(connection) is None:
        return bridge.helpdesk(connection).changed is not None
    return any(True for _ in _reads(bridge, connection))


def read_back(
    bridge: Bridge, outside: Outside, connection: Connection, since: datetime, now: datetime
) -> Found:
    """Read what was said and changed since then, and record what is new. Never raises for the other side."""
    found, outside = Found(), outside.of(Asker(rank=Rank.BACK))
    late = now - timedelta(seconds=bridge.settings.reconcile_grace)
    if bridge.source(connection) is None:
        _tickets(bridge, outside, connection, since, late, found)
        return found
    messages: list[Message] = []
    for label, account, reads in _reads(bridge, connection):
        calls = reads(connection, account, since)
        try:
            recent = outside.platform(connection, _counted(calls, found))
        except BridgeError as error:
            _failed(found, label, error)
            continue
        messages += recent.messages
        if not recent.whole:
            found.cut.append(label)
    _messages(bridge, connection, messages, since, late, found, now)
    return found


def _reads(bridge: Bridge, connection: Connection) -> Iterator[tuple[str, Account, Reads]]:
    """Each way to ask for recent words: what it is called, the account, the question."""
    source = bridge.source(connection)
    for account in connection.accounts if source else ():
        for name, channel in source.channels.items() if source else ():
            if connection.account(name, account.id) is not account:
                continue
            for what, reads in channel.recent.items():
                yield f"{channel.label} {account.name or account.id}, {what}", account, reads


def _counted(calls: Calls[T], found: Found) -> Calls[T]:
    """*calls*, each counted."""
    request = next(calls)
    try:
        while True:
            found.calls += 1
            try:
                response = yield request
            except BridgeError as error:
                request = calls.throw(error)
            else:
                request = calls.send(response)
    except StopIteration as stop:
        result: T = stop.value
        return result


def _failed(found: Found, label: str, error: BridgeError) -> None:
    found.errors.append(f"{label}: {error.detail or error.code}")
    if isinstance(error, TransientError) and error.retry_after:
        found.wait = max(found.wait or 0.0, error.retry_after)


# --- platforms -----------------------------------------------------------------------------------


def _messages(
    bridge: Bridge, connection: Connection, messages: list[Message], since: datetime,
    late: datetime, found: Found, now: datetime,
) -> None:  # fmt: skip
    source = bridge.source(connection)
    rows: Rows = {}
    for told in reversed(messages):  # of what was said in one second, the oldest first
        message = source.recognise(connection, told) if source else told
        at = message.sent_at
        if at is None or at < since:
            continue
        found.seen += 1
        if at > late:
            found.fresh = True
            continue
        marked = replace(message, extra={**message.extra, "late": True})
        row = of_message(bridge, connection, marked, now)
        if message.own and bridge.store.get(f"sent:{row.get('msg', '')}"):
            continue  # our own words
        rows[row["e"]] = (at, row, message.text)
    ordered = [row for _, row in sorted(_new(bridge, rows), key=lambda one: one[0])]
    for start in range(0, len(ordered), AT_ONCE):
        found.new += bridge.store.record("", connection.name, ordered[start : start + AT_ONCE])


def _new(bridge: Bridge, rows: Rows) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Those of *rows* that nobody has told us of, each with its time.

    Among them what is known, and had other words since, by what we were told: an edit took the first words
    back, or was overtaken by an earlier one. Not what was erased: other words of it are not known by their name.
    """
    known = bridge.store.known(list(rows))
    keys = [f"m:{row.get('msg', '')}" for _, row, _ in rows.values()]
    facts = bridge.store.rows(keys, "text", "edited", "deleted", "erased") if keys else []
    for (eid, (at, row, text)), told in zip(rows.items(), facts, strict=True):
        if told.get("erased"):
            continue
        if eid not in known:
            yield at, row
        elif told.get("edited") and not told.get("deleted") and _differ(told.get("text"), text):
            yield at, {**row, "e": name_of(eid, "again", told["edited"])}


def _differ(known: str | None, text: str | None) -> bool:
    return text is not None and known != kept(text)


# --- helpdesks -----------------------------------------------------------------------------------


def _tickets(
    bridge: Bridge, outside: Outside, connection: Connection, since: datetime, late: datetime,
    found: Found,
) -> None:  # fmt: skip
    helpdesk = bridge.helpdesk(connection)
    if helpdesk.changed is None:
        return
    calls = _counted(helpdesk.changed(connection, since), found)
    try:
        told = outside.desk(connection, calls)
    except BridgeError as error:
        _failed(found, connection.name, error)
        return
    found.until = told.until
    hints = {}
    for ticket in told.tickets:
        found.seen += 1
        if ticket.updated_at is not None and ticket.updated_at > late:
            found.fresh = found.fresh or _ours(bridge, helpdesk, connection, ticket)
        elif _ours(bridge, helpdesk, connection, ticket):
            hint = _hint(ticket)
            hints[name_of(connection.name, hint.dedupe)] = of_update(connection, hint)
    known = bridge.store.known(list(hints))
    new = [row for eid, row in hints.items() if eid not in known]
    for start in range(0, len(new), AT_ONCE):
        part = new[start : start + AT_ONCE]
        found.tickets += bridge.store.record("", connection.name, part)


def _ours(bridge: Bridge, helpdesk: Helpdesk, connection: Connection, ticket: Ticket) -> bool:
    """Whether it is the ticket of a room, and still one that anything can happen on."""
    room = bridge.store.get(f"ticket:{connection.name}:{ticket.id}")
    facts = bridge.store.hash(f"r:{room}") if room else {}
    over = facts.get("status") == Status.DELETED or (
        facts.get("status") == Status.CLOSED and helpdesk.closed_for_good
    )
    return facts.get("ticket") == ticket.id and not over


def _hint(ticket: Ticket) -> TicketUpdate:
    """A reason to read *ticket*: one for each of its changes, however often it is listed."""
    return TicketUpdate(
        dedupe=f"hint:back:{ticket.id}:{moment_out(ticket.updated_at)}",
        ticket_id=ticket.id,
        at=ticket.updated_at,
        hint=True,
        late=True,
    )


# --- how far we have read --------------------------------------------------------------------------


@dataclass(slots=True)
class State:
    """How far a connection was read back, when it was and will be, and what came of it."""

    to: datetime | None = None  # all that was said and changed before was seen
    at: datetime | None = None  # of the last reading
    due: datetime | None = None  # of the next one; None is only after an absence or by command
    runs: int = 0
    calls: int = 0  # of the last reading, as are the next four
    seen: int = 0
    new: int = 0
    tickets: int = 0
    errors: list[str] = field(default_factory=list)
    all_calls: int = 0  # since the first reading
    all_new: int = 0
    more: bool = False  # the last reading was cut, and the next one goes on from there
    follows: int = 0  # how many readings have followed one that was asked for, without an end


_TIMES = ("to", "at", "due")


def state_of(bridge: Bridge, name: str) -> State:
    """The state of the connection *name*, empty before it was read for the first time."""
    told = bridge.store.gap(name)
    known = {key: told[key] for key in State.__slots__ if key in told}
    return State(**(known | {key: moment_in(told.get(key)) for key in _TIMES}))


def keep_state(bridge: Bridge, name: str, state: State) -> None:
    told = {key: getattr(state, key) for key in State.__slots__}
    told |= {key: moment_out(told[key]) for key in _TIMES}
    bridge.store.put(f"gap:{name}", json.dumps({"v": 1, **told}), LASTS)


def since_of(bridge: Bridge, state: State, wanted: datetime | None, now: datetime) -> datetime:
    """Since when to read: from where we stopped or as is *wanted*, and no farther than we remember."""
    kept = timedelta(milliseconds=bridge.store.keep_ms) * 0.8
    begun = [one for one in (state.to, wanted) if one is not None]
    since = (min(begun) if begun else now) - (timedelta() if state.more else OVERLAP)
    return max(since, now - min(FARTHEST, kept))


def stepped(bridge: Bridge, state: State, found: Found, now: datetime, asked: bool) -> State:
    """*state* after a reading that began at *now* and has found this.

    One that was *asked* for is followed by another, when what it left to the webhooks is old enough, and so on: our
    own writes make a ticket young again. A regular one is followed by the next regular one.
    """
    grace = timedelta(seconds=bridge.settings.reconcile_grace)
    minutes = bridge.settings.reconcile_minutes
    due = now + timedelta(minutes=minutes) if minutes else None
    to: datetime | None = now - grace
    follows = 1 if asked else state.follows + 1 if state.follows else 0
    if found.errors:
        to = state.to  # once more, from where it was
        due = now + timedelta(seconds=max(found.wait or 0.0, MEND))
    elif found.until is not None:
        to, due = found.until + timedelta(seconds=1), now
    elif found.fresh and 0 < follows <= FOLLOW:
        soon = now + grace + timedelta(seconds=5)
        due = min(due, soon) if due else soon
    else:
        follows = 0
    return State(
        to=to,
        at=now,
        due=due,
        runs=state.runs + 1,
        calls=found.calls,
        seen=found.seen,
        new=found.new,
        tickets=found.tickets,
        errors=[one[:300] for one in found.errors[:5]],
        all_calls=state.all_calls + found.calls,
        all_new=state.all_new + found.new,
        more=found.until is not None and not found.errors,
        follows=follows,
    )
