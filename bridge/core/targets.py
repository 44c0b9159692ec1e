"""How long a customer may wait for a person's answer, and what is done while they wait.

The clock starts with the first words that nobody has answered, at the time the platform gives them, and
stops with the first answer of a person that the platform took. What is written meanwhile changes nothing.
A business clock counts the open hours of a calendar (`core.calendars`); a calendar clock counts all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from bridge.core.calendars import ALWAYS, Calendar

if TYPE_CHECKING:
    from bridge.core.rules import Reply

CLOCKS = ("calendar", "business")

Result = Literal["in_time", "late", "found_late"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What is done where a customer waits.

    The ticket's `priority` is raised to this at least, never lowered; `tags` and a private `note` are added.
    """

    priority: str | None = None
    tags: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    note: str | None = None
    replies: tuple[Reply, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.priority or self.tags or self.notify or self.note or self.replies)


NOTHING = Measures()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A person answers within `first_answer` seconds of this clock; 0 is no target.

    `warn_at` is in seconds too, and before it.
    """

    first_answer: int = 3600
    clock: str = CLOCKS[0]
    warn_at: int = 2700
    on_warn: Measures = NOTHING
    on_breach: Measures = NOTHING

    def __bool__(self) -> bool:
        return self.first_answer > 0


USUAL = Target()  # where nothing is said: late answers are counted, and that is all
NO_TARGET = Target(first_answer=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """What is done where nobody has answered `after` so many seconds of this clock."""

    after: int
    then: Measures
    clock: str = CLOCKS[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a customer of one ticket may count on."""

    target: Target = USUAL
    waits: tuple[Wait, ...] = ()

    @property
    def business(self) -> bool:
        """Whether a calendar has to do with it."""
        clocks = [one.clock for one in self.waits]
        return CLOCKS[1] in ([*clocks, self.target.clock] if self.target else clocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is to be done at a moment: `why` is warn, breach or waited, `after` so many seconds."""

    at: datetime
    why: str
    after: int
    then: Measures


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """When what comes, for a customer who waits from a moment on; without a target no deadline."""

    since: datetime
    deadline: datetime | None
    steps: tuple[Step, ...]


def course(
    promise: Promise, since: datetime, calendar: Calendar = ALWAYS, found: datetime | None = None
) -> Course:
    """What comes when, in order, for words that were said at *since* and *found* by us then or later.

    Nobody is warned of a deadline that had passed before we knew of the words.
    """
    target, deadline, steps = promise.target, None, list[Step]()
    if target:
        deadline = _after(calendar, target.clock, since, target.first_answer)
        if target.on_warn and (found is None or found < deadline):
            at = _after(calendar, target.clock, since, target.warn_at)
            steps.append(Step(at=at, why="warn", after=target.warn_at, then=target.on_warn))
        if target.on_breach:
            breach = Step(
                at=deadline, why="breach", after=target.first_answer, then=target.on_breach
            )
            steps.append(breach)
    for wait in promise.waits:
        at = _after(calendar, wait.clock, since, wait.after)
        steps.append(Step(at=at, why="waited", after=wait.after, then=wait.then))
    return Course(
        since=since, deadline=deadline, steps=tuple(sorted(steps, key=lambda one: one.at))
    )


def _after(calendar: Calendar, kind: str, since: datetime, seconds: int) -> datetime:
    passed = timedelta(seconds=seconds)
    return calendar.after(since, passed) if kind == CLOCKS[1] else since + passed


def result(answered: datetime, deadline: datetime, found: datetime) -> Result:
    """What became of a target: whether it was held, or could not be because we learned of it too late."""
    if answered <= deadline:
        return "in_time"
    return "found_late" if found >= deadline else "late"


# --- as it is told -----------------------------------------------------------------------------------


def span(seconds: float) -> str:
    """So many seconds for people: `45 min`, `1 h 30 min`, `2 d`."""
    left, parts = int(seconds), list[str]()
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        many, left = divmod(left, size)
        if many and len(parts) < 2:
            parts.append(f"{many} {unit}")
    return " ".join(parts) or "0 s"


def moment(at: datetime) -> str:
    """*at* as notes tell it."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def told(due: Course) -> str:
    """Until when an answer is due, and for how long that is; empty where nothing is promised."""
    if due.deadline is None:
        return ""
    return (
        f"An answer is due by {moment(due.deadline)}; the customer waits since {moment(due.since)}"
    )


def does(measures: Measures) -> Iterator[str]:
    """What is done, one phrase each."""
    if measures.priority:
        yield f"priority {measures.priority} or higher"
    if measures.tags:
        yield f"tags {', '.join(measures.tags)}"
    if measures.notify:
        yield f"notifies {', '.join(measures.notify)}"
    if measures.note:
        yield "a private note"
    for reply in measures.replies:
        yield f"says {reply.name} in {reply.visibility}"


def plain(promise: Promise) -> dict[str, object]:
    """*promise* as a receipt keeps it: what is said, and nothing else."""
    target: dict[str, object] | None = None
    if promise.target:
        target = {
            "first_answer": promise.target.first_answer,
            "clock": promise.target.clock,
        }
        if promise.target.on_warn:
            target |= {
                "warn_at": promise.target.warn_at,
                "on_warn": _said(promise.target.on_warn),
            }
        if promise.target.on_breach:
            target["on_breach"] = _said(promise.target.on_breach)
    waits = [
        {"after": one.after, "clock": one.clock, "then": _said(one.then)} for one in promise.waits
    ]
    return {"target": target, **({"wait": waits} if waits else {})}


def _said(measures: Measures) -> Mapping[str, Any]:
    return {name: value for name, value in asdict(measures).items() if value}
