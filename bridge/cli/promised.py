"""What a customer may count on where a ticket is opened: by when an answer is due, and which step would come when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bridge.core import targets
from bridge.core.facts import View
from bridge.core.rules import Decision
from bridge.core.targets import Course


def course(decision: Decision, seen: View) -> Course | None:
    """What would come when for what was *seen*, by the clock of when it was said; None without a ticket."""
    if decision.promise is None or seen.clock is None:
        return None
    return targets.course(decision.promise, seen.clock.moment, seen.clock.calendar)


def plain(decision: Decision, seen: View) -> dict[str, Any] | None:
    """`{due, clock, steps: [{at, after, why, does}]}` as `--json` prints it; None without a ticket."""
    found = course(decision, seen)
    if found is None or decision.promise is None:
        return None
    return {
        "due": found.deadline.isoformat() if found.deadline else None,
        "clock": decision.promise.target.clock,
        "steps": [
            {"at": one.at.isoformat(), "after": one.after, "why": one.why, "does": [*targets.does(one.then)]}
            for one in found.steps
        ],
    }  # fmt: skip


def told(decision: Decision, seen: View) -> Iterator[str]:
    """The same in lines for people."""
    found = course(decision, seen)
    if found is None or decision.promise is None:
        return
    target = decision.promise.target
    if found.deadline is None:
        yield "promises no answer by any time"
    else:
        span, kind = targets.span(target.first_answer), _CLOCKS[target.clock]
        yield f"an answer is due by {targets.moment(found.deadline)}: {span}{kind}"
    for step in found.steps:
        when = f"after {targets.span(step.after)} without an answer, at {targets.moment(step.at)}"
        yield f"{when}{_WHY.get(step.why, '')}: {'; '.join(targets.does(step.then))}"


_WHY = {"warn": ", as a warning", "breach": ", as it is late"}
_CLOCKS = {"calendar": "", "business": " of business hours"}
