"""Numbers after the fact: of all that customers wrote, by group, how it ended and how soon a person answered.

Everything hangs on messages: a wait, an answer, a ticket's end counts where the message that caused it does. What is
not known is None and never zero. Times are seconds.
"""

from __future__ import annotations

import math
import statistics
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from bridge.core.calendars import Calendar
from bridge.core.deeds import Deeds, Said, Turn, Wait, Words
from bridge.core.heard import MOODS

BY: Final[dict[str, Callable[[Said], str]]] = {
    "channel": lambda one: one.channel,
    "desk": lambda one: one.ticket.partition(":")[0],
    "rule": lambda one: one.rule,
    "kind": lambda one: one.kind,
    "post": lambda one: f"{one.channel}:{one.post}" if one.post else "",
    "mood": lambda one: one.mood,
}
ENDS = (
    "escalated", "appended", "answered", "feedback", "incident", "hidden", "ignored", "muted", "nothing",
    "waiting", "dead",
)  # fmt: skip
KEPT = (
    "in_time",
    "late",
)  # whether a promise was kept; what was found too late says nothing of that
RESULTS = (*KEPT, "found_late", "unanswered")

Hours = Callable[
    [Said], Calendar | None
]  # the business hours of whom it was said to; None where nobody set any


@dataclass(slots=True)
class Group:
    """What is gathered of some messages."""

    messages: int = 0
    link: str | None = None
    ends: Counter[str] = field(default_factory=Counter)
    because: Counter[str] = field(default_factory=Counter)
    moods: Counter[str] = field(default_factory=Counter)
    found: list[float] = field(default_factory=list)
    results: Counter[str] = field(default_factory=Counter)
    promised: int = 0
    overdue: int = 0
    answers: list[float] = field(default_factory=list)
    business: list[float] = field(default_factory=list)
    resolved: list[float] = field(default_factory=list)
    reopened: int = 0
    tickets: int = 0
    automatic: int = 0
    failed: Counter[str] = field(default_factory=Counter)

    def row(self) -> dict[str, Any]:
        """As `--json` prints it."""
        known = self.messages - self.moods["unknown"]
        kept = sum(self.results[name] for name in KEPT)
        return {
            "link": self.link,
            "messages": self.messages,
            **{name: self.ends[name] for name in ENDS},
            "ignored_because": _counts(self.because),
            "negative": self.moods["negative"] if known else None,
            "negative_share": _share(self.moods["negative"], known),
            "found_after_p90": high(self.found),
            "promised": self.promised,
            **{name: self.results[name] for name in RESULTS},
            "overdue": self.overdue,
            "in_time_share": _share(self.results["in_time"], kept),
            "answers": len(self.answers),
            "answer_median": middle(self.answers),
            "answer_p90": high(self.answers),
            "business_median": middle(self.business),
            "business_p90": high(self.business),
            "tickets": self.tickets,
            "solved": len(self.resolved),
            "solved_median": middle(self.resolved),
            "solved_p90": high(self.resolved),
            "reopened": self.reopened if self.tickets else None,
            "automatic": self.automatic,
            "failed": sum(self.failed.values()),
            "failed_because": _counts(self.failed),
        }


def figures(deeds: Deeds, by: str, until: datetime, hours: Hours) -> dict[str, Any]:
    """`{"groups", "all"}`, with `rest` where it is by mood: all that is not negative.

    A message that has no such thing (no ticket, no post) is in the group None.
    """
    told = _Told(deeds)
    groups: dict[str, Group] = {}
    whole, rest = Group(), Group()
    for one in deeds.said:
        name = BY[by](told.rules(one))
        into = [groups.setdefault(name, Group()), whole]
        if by == "mood" and name != "negative":
            into.append(rest)
        _count(into, one, told, until.timestamp(), hours)
        if by == "post":
            into[0].link = into[0].link or one.link
    rows = [
        {"group": name or None, **groups[name].row()}
        for name in sorted(groups, key=_order(by, groups))
    ]
    found = {"groups": rows, "all": {"group": "all", **whole.row()}}
    return {**found, "rest": {"group": "all but negative", **rest.row()}} if by == "mood" else found


def _order(by: str, groups: Mapping[str, Group]) -> Callable[[str], Any]:
    """Moods as they are known, all else by how many there are; what has no such thing comes last."""
    if by == "mood":
        return MOODS.index
    return lambda name: (not name, -groups[name].messages, name)


# --- what belongs to a message ---------------------------------------------------------------------


class _Told:
    """What followed from each message, found by its name."""

    def __init__(self, deeds: Deeds) -> None:
        self.waits = {one.of: one for one in deeds.waits}
        self.opened = {one.ticket: one for one in deeds.said if one.step == "opened"}
        self.words = _words_by_message(deeds)
        self._turns = _turns_by_ticket(deeds)

    def rules(self, one: Said) -> Said:
        """*one* with the rule that opened its ticket, where none decided about itself."""
        first = self.opened.get(one.ticket) if not one.rule and one.ticket else None
        return one._replace(rule=first.rule) if first else one

    def course(self, one: Said) -> tuple[float | None, int]:
        """How long the ticket that *one* opened took to be solved for good, and how often it was opened again."""
        over, again = None, 0
        for turn in sorted(self._turns.get(one.ticket, ()), key=lambda turn: turn.at):
            if turn.at < one.at or turn.over == (over is not None):
                continue
            again += not turn.over
            over = turn.at if turn.over else None
        return (None if over is None else over - one.at), again


def _words_by_message(deeds: Deeds) -> dict[str, list[Words]]:
    """Words by the message they are for; those that are for none, by the last one before them in the conversation."""
    known = {one.id for one in deeds.said}
    stands = {one.id: one.of for one in deeds.waits}  # what is said to somebody who waits
    rooms: dict[str, list[tuple[float, str]]] = {}
    for one in deeds.said:
        rooms.setdefault(one.room, []).append((one.at, one.id))
    for said in rooms.values():
        said.sort()
    found: dict[str, list[Words]] = {}
    for words in deeds.words:
        of = stands.get(words.of, words.of)
        if of not in known:
            before = rooms.get(words.room, [])
            place = bisect_right(before, words.at, key=lambda one: one[0])
            of = before[place - 1][1] if place else ""
        if of:
            found.setdefault(of, []).append(words)
    return found


def _turns_by_ticket(deeds: Deeds) -> dict[str, list[Turn]]:
    """What became of each ticket: as its helpdesk told, and by the customers' own words."""
    found: dict[str, list[Turn]] = {}
    for turn in deeds.turns:
        found.setdefault(turn.ticket, []).append(turn)
    for one in deeds.said:
        if one.step == "reopened":
            found.setdefault(one.ticket, []).append(Turn(one.ticket, one.at, over=False))
    return found


# --- counting --------------------------------------------------------------------------------------


def _count(into: Iterable[Group], one: Said, told: _Told, now: float, hours: Hours) -> None:
    wait, words = told.waits.get(one.id), told.words.get(one.id, ())
    spans = _answer(wait, one, hours) if wait else (None, None)
    solved, again = told.course(one) if one.step == "opened" else (None, 0)
    for group in into:
        group.messages += 1
        group.ends[one.end] += 1
        group.moods[one.mood] += 1
        group.found.append(one.late)
        if one.end == "ignored":
            group.because[one.reason] += 1
        for said in words:
            if said.code:
                group.failed[said.code] += 1
            else:
                group.automatic += said.automatic
        if wait:
            _waited(group, wait, spans, now)
        if one.step == "opened":
            group.tickets += 1
            group.reopened += again
            group.resolved += [] if solved is None else [solved]


def _waited(group: Group, wait: Wait, spans: tuple[float | None, float | None], now: float) -> None:
    group.promised += wait.due is not None
    if wait.result in RESULTS:
        group.results[wait.result] += 1
    elif not wait.result and wait.due is not None:
        group.overdue += wait.due < now
    passed, business = spans
    if passed is not None:
        group.answers.append(passed)
    if business is not None:
        group.business.append(business)


def _answer(wait: Wait, one: Said, hours: Hours) -> tuple[float | None, float | None]:
    """How long a person took to answer, and how much of that was in business hours; None where that is not known.

    Nor where we learned of the words only when it was too late: the team could not know.
    """
    if wait.answered is None or wait.result == "found_late":
        return None, None
    passed, calendar = max(wait.answered - wait.at, 0.0), hours(one)
    if calendar is None:
        return passed, None
    since, until = (datetime.fromtimestamp(at, UTC) for at in (wait.at, wait.answered))
    return passed, calendar.between(since, until).total_seconds()


def _counts(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items(), key=lambda one: (-one[1], one[0])))


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def middle(values: list[float]) -> float | None:
    """The median in whole seconds."""
    return round(statistics.median(values)) if values else None


def high(values: list[float]) -> float | None:
    """The 90th percentile in whole seconds: nine in ten took no longer."""
    return round(sorted(values)[math.ceil(0.9 * len(values)) - 1]) if values else None
