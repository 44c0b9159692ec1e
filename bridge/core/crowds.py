"""Many messages of one kind at once: what is counted together, how many are many, what the incident says.

Values in, values out. Counting itself is in lua/crowd.lua, once for all workers; `spells` counts what is past,
for the backtest.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bridge.core.facts import View
from bridge.core.harmless import address, capped, line, listed
from bridge.core.model import Kind, Message
from bridge.core.rules import OVERFLOW, Crowd
from bridge.core.silence import HOUR, usual

LISTED = 40  # messages that one note shows
FULL = "tickets a minute"  # in the reason of a message whose ticket would have been one too many
TOP = 5  # posts and links that the summary names


def meeting(crowds: Iterable[Crowd], seen: View) -> tuple[Crowd, ...]:
    """Those of *crowds* that a message belongs to."""
    return tuple(one for one in crowds if one.when.failure(seen) is None)


def apart(crowd: Crowd, message: Message, rule: str | None) -> str | None:
    """What *message* is counted together with: "" for all; None where it has nothing of the kind."""
    if crowd.per == "rule":
        return rule
    if crowd.per == "account":
        return f"{message.channel}:{message.account_id or '-'}"
    if crowd.per == "post":
        post = message.answer.get("post_id") or message.thread_id
        return None if message.kind is Kind.DM or not post else f"{message.channel}:{post}"
    return ""


def needed(crowd: Crowd, usual: float) -> int:
    """How many are a crowd where *usual* come in the same time at this hour."""
    return max(crowd.at_least, math.ceil((crowd.times_usual or 0) * usual))


@dataclass(frozen=True, slots=True)
class Spell:
    """A time in which a crowd would have been an incident."""

    begun: float  # seconds since 1970, like the others
    ended: float
    messages: int


def spells(crowd: Crowd, moments: Iterable[float]) -> list[Spell]:
    """The incidents of *crowd* by the moments of its messages; what is usual is learned from these alone."""
    said = sorted(moments)
    hours = Counter(int(at // HOUR) for at in said)
    found: list[Spell] = []
    window: deque[float] = deque()
    begun: float | None = None
    count, high, least = 0, 0.0, crowd.at_least
    for at in said:
        if begun is not None and at > high + crowd.over + crowd.ends_after:
            found.append(Spell(begun, high, count))
            begun = None
        window.append(at)
        while window[0] <= at - crowd.over:
            window.popleft()
        count += 1
        if len(window) < crowd.at_least:
            continue
        if begun is None:
            least = needed(crowd, usual(hours, said[0], at - crowd.over, at))
        if len(window) >= least:
            if begun is None:
                begun, count = at, len(window)
            high = at
    return [*found, Spell(begun, high, count)] if begun is not None else found


# --- what an incident's ticket says ----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One message of an incident, as its list shows it."""

    room: str
    channel: str
    who: str
    text: str
    at: datetime | None
    link: str | None = None
    post: str = ""
    ticket: str = ""
    over: bool = False  # its ticket would have been one too many


def lasting(seconds: float) -> str:
    """A length of time in the unit that fits it: `15 minutes`."""
    for unit, name in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= unit and seconds % unit == 0:
            many = int(seconds // unit)
            return f"{many} {name}{'s' if many > 1 else ''}"
    return f"{seconds:.0f} seconds"


def title(crowd: str, value: str) -> str:
    """What the incident's ticket is called."""
    if crowd == OVERFLOW:
        return "Incident overflow: more tickets than may open in a minute"
    return (
        f"Incident {crowd}{f' at {line(value, 100)}' if value else ''}: many write about the same"
    )


def many(crowd: Crowd, needed: int) -> str:
    """What has begun the incident: `20 messages or more within 15 minutes`."""
    if crowd.name == OVERFLOW:
        return f"more than {needed - 1} tickets were wanted within {lasting(crowd.over)}"
    return f"{needed} messages or more within {lasting(crowd.over)}"


def by_hand(what: str, doc: Mapping[str, Any]) -> str:
    """That somebody has begun or ended the incident: `begun by hand by Ewa: it is in the news`; "" where nobody has."""
    if not doc.get("because"):
        return ""
    by = f" by {line(str(doc['by']), 80)}" if doc.get("by") else ""
    return f"{what} by hand{by}: {line(str(doc['because']), 300)}".rstrip(".")


def opening(crowd: Crowd, value: str, needed: int, usual: float | None, hand: str = "") -> str:
    """The first note of the incident: what has happened, and what the bridge does about it.

    *hand* says who has begun it, and why, where it did not begin by itself.
    """
    at = f" ({line(value, 200)})" if value else ""
    why = f"{many(crowd, needed)} belong to the crowd '{crowd.name}'{at}."
    where = (
        "They are listed in the private notes below; tickets of their own are linked to this one."
    )
    ends = f"It ends by itself when they have been fewer for {lasting(crowd.ends_after)}."
    if hand:
        why = f"The incident of the crowd '{crowd.name}'{at} was {hand}."
        ends = "It lasts until somebody ends it: a private note /over here, or `bridge crisis end`."
    if crowd.name == OVERFLOW:
        why = f"{many(crowd, needed)}.".capitalize()
        where = (
            "What is beyond that has no ticket of its own, unless it is urgent. It is listed in the private notes below,"
            " and a private note /open 20 opens tickets for the next twenty."
        )
    told = [
        why,
        f"Usually about {usual:.0f} come in this time." if usual is not None else "",
        where,
        "Automatic replies to them rest." if crowd.quiet else "",
        f"Each of them is told '{crowd.hold}' once." if crowd.hold else "",
        ends,
        "",
        "To answer all of them at once, write a private note that begins with /fanout, and the words below it;"
        " {first_name} stands for the person's name, a line of three dashes parts several wordings."
        " You are shown what would be sent, and to how many. A public comment here goes to nobody.",
    ]
    return "\n".join(one for number, one in enumerate(told) if one or number == len(told) - 2)


def listing(members: Sequence[Member], before: int) -> str:
    """The note that tells of *members*, behind the *before* that were told already."""
    rows = [_row(one) for one in members[:LISTED]]
    more = len(members) - len(rows)
    title = f"Messages {before + 1} to {before + len(members)} of this incident"
    told = listed(title, rows)
    return capped(f"{told}\n\nand {more} more" if more else told)


def _row(one: Member) -> str:
    at = one.at.astimezone(UTC).strftime("%H:%M UTC") if one.at else "time unknown"
    link = address(one.link)
    ticket = f" (ticket {one.ticket})" if one.ticket else ""
    return f'{at}, {one.channel}, {line(one.who, 60)}: "{line(one.text, 160)}"{ticket}{f" {link}" if link else ""}'


def summary(crowd: str, members: Sequence[Member], peak: int, over: int, cut: bool) -> str:
    """The last note: how many wrote, where and when, and where to look."""
    times = sorted(one.at for one in members if one.at)
    people = len({one.room for one in members})
    channels = Counter(one.channel for one in members)
    posts = Counter(one.post for one in members if one.post)
    links: dict[str, str] = {}
    for one in members:
        if one.link and (link := address(one.link)):
            links.setdefault(one.post, link)
    waits = len(
        {one.room for one in members if one.over} - {one.room for one in members if one.ticket}
    )
    held = len({one.room for one in members} - {one.room for one in members if one.ticket})
    told = [
        f"The incident '{crowd}' is over.",
        f"{len(members)}{' or more' if cut else ''} messages of {people} people;"
        f" at most {peak}{' tickets were wanted' if crowd == OVERFLOW else ''} within {lasting(over)}.",
        f"First {_moment(times[0])}, last {_moment(times[-1])}." if times else "",
        f"Without a ticket of their own: {held} people." if held else "",
        f"Too many a minute were {waits} tickets: /open opens them." if waits else "",
        listed("By channel", (f"{name}: {many}" for name, many in channels.most_common())),
        listed(
            "Most of it stood under these posts, here by one comment of each",
            (
                f"{links.get(post) or line(post, 120)}: {many}"
                for post, many in posts.most_common(TOP)
            ),
        ),
    ]
    return capped("\n".join(one for one in told if one))


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def asked_for(many: int) -> str:
    """The note on `/open`."""
    if not many:
        return "Nobody waits for a ticket: none was too many, or they have been asked for already."
    return f"Tickets are opened now for {many} who had none because they were too many a minute."


def belongs(ticket: str, url: str | None, crowd: str) -> str:
    """The note on a member's ticket."""
    link = address(url)
    return f"This belongs to the incident '{line(crowd, 80)}', ticket {line(ticket, 40)}{f': {link}' if link else ''}."


def told_of(crowd: Crowd, count: int, hand: str = "") -> str:
    """The alarm while it lasts; no customer's words or names in it."""
    why = hand or many(crowd, count)
    return f"crowd {crowd.name}: {why}; an incident is open"


def channels_of(members: Iterable[Member]) -> Mapping[str, int]:
    """How many people wrote on each channel."""
    return Counter(channel for _, channel in {(one.room, one.channel) for one in members})
