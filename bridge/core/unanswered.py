"""What nobody has answered: words that nobody looked after, and tickets whose customer waits.

Looked after is what was answered (by an agent, by a colleague on the platform, by an automatic answer that
arrived), what went on a ticket, what a rule ignored with a reason or counts as feedback, and what is muted.
On a ticket the customer waits until a person has answered: automatic words are no answer there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from bridge.core import targets
from bridge.core.heard import Item, items
from bridge.core.model import Status
from bridge.core.stored import doc_in, moment_in

OURS_TO_MOVE = frozenset({Status.NEW, Status.OPEN, Status.ON_HOLD})
_WHY = {
    "waiting": "it waits to be worked on",
    "dead": "it was put aside for an operator",
    "nothing": "no rule asks for anything",
    "answered": "its automatic answer was not delivered",
}


def candidates(
    rows: Iterable[tuple[str, Mapping[str, str]]], since: datetime, older: datetime
) -> list[Item]:
    """What came since *since*, was written before *older* and may be unanswered, the oldest first."""
    found = items(rows, since, lambda one: one.at < older and one.end in _WHY)
    return sorted((one for one in found if not one.deleted), key=lambda one: one.at)


def loose(
    found: Iterable[Item], rooms: Mapping[str, Mapping[str, str]], delivered: Collection[str], *,
    texts: bool,
) -> list[dict[str, Any]]:  # fmt: skip
    """Those of the *candidates* that nobody answered; *delivered* are ids of items whose automatic words arrived."""
    return [
        {
            "id": one.id,
            "at": one.at.isoformat(),
            "connection": one.connection,
            "channel": one.message.channel,
            "kind": str(one.message.kind),
            "link": one.link,
            "why": _WHY[one.end],
            **({"text": one.text} if texts else {}),
        }
        for one in found
        if one.id not in delivered and not _answered(rooms.get(one.room, {}), one.at)
    ]


def _answered(room: Mapping[str, str], at: datetime) -> bool:
    """Whether a person answered in the conversation since, or nobody waits there any more."""
    told = (moment_in(room.get(name)) for name in ("human_at", "staff_at", "waived_at"))
    return any(moment is not None and moment >= at for moment in told)


def waiting(
    rooms: Iterable[tuple[str, Mapping[str, str]]], older: datetime
) -> list[dict[str, Any]]:
    """Tickets whose customer has waited for words since before *older*, the longest first."""
    found = []
    for _, room in rooms:
        if not room.get("ticket") or room.get("status") not in OURS_TO_MOVE:
            continue
        places = [one for one in doc_in(room.get("places")).values() if isinstance(one, dict)]
        spoken = [(at, one) for one in places if (at := moment_in(one.get("last_in"))) is not None]
        if not spoken:
            continue
        at, place = max(spoken, key=lambda one: one[0])
        if at < older and not _answered(room, at):
            found.append(
                {
                    "ticket": room["ticket"],
                    "helpdesk": room.get("desk", ""),
                    "url": room.get("url") or None,
                    "status": room["status"],
                    "since": at.isoformat(),
                    "connection": room.get("c", ""),
                    "channel": place.get("channel"),
                }
            )
    return sorted(found, key=lambda one: str(one["since"]))


# --- as it is told ---------------------------------------------------------------------------------


def sentence(one: Mapping[str, Any], at: datetime) -> str:
    """One of either list, in a line."""
    if "ticket" not in one:
        where = one["link"] or f"bridge why {one['id']}"
        return f"{_ago(one['at'], at)}  {one['channel']}  {where}: {one['why']}"
    where = one["url"] or f"{one['helpdesk']} {one['ticket']}"
    told = f"ticket {where} ({one['status']}): the customer on {one['channel']} waits"
    return f"{_ago(one['since'], at)}  {told}"


def _ago(moment: str, at: datetime) -> str:
    return f"{targets.span((at - datetime.fromisoformat(moment)).total_seconds())} ago"


def digest(told: Mapping[str, list[dict[str, Any]]], at: datetime, older: timedelta) -> list[str]:
    """Both lists in short, the longest wait first; nothing where nobody waits."""
    messages, tickets = told["items"], told["tickets"]
    if not messages and not tickets:
        return []
    many = f"{_many(len(messages), 'message')} and {_many(len(tickets), 'ticket')}"
    head = f"Not answered for {targets.span(older.total_seconds())} and longer: {many}"
    both = sorted((*messages, *tickets), key=lambda one: str(one.get("since") or one["at"]))
    return [head, *(sentence(one, at) for one in both)]


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
