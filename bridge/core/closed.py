"""Words for closed hours (`when: closed`): where, to whom and until when they may be said.

They are for people who would wait for nobody: not for a bot, not in the middle of a talk with a colleague, not
while an incident lasts, and not in public for all to see unless that was asked for.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bridge.core.facts import View
from bridge.core.rules import Decision, Reply

LATELY = timedelta(hours=1)  # who was answered by a person so shortly before is in a talk
TROLL = "troll"
_LESS = (
    ("notify", "notify"),
    ("label", "labels"),
)  # what comes of a rule that says nothing in the end


def fitting(
    decision: Decision, seen: View, now: datetime, answered: datetime | None = None
) -> Decision:
    """*decision* without words for closed hours that are out of place, and why; the others have their end.

    *now* may be later than the message; *answered* is when a person last spoke in this thread.
    """
    if not any(one.when for one in decision.replies):
        return decision
    kept, unsaid = list[Reply](), list(decision.unsaid)
    for one in decision.replies:
        if not one.when:
            kept.append(one)
        elif why := _against(one, seen, now, answered):
            unsaid.append((one.name, why))
        else:
            opens = seen.clock.calendar.opens(now) if seen.clock else None
            kept.append(replace(one, until=opens))
    outcome = decision.outcome
    if outcome == "reply" and not kept:
        outcome = next((what for what, name in _LESS if getattr(decision, name)), "none")
    return replace(decision, replies=tuple(kept), unsaid=tuple(unsaid), outcome=outcome)


def _against(reply: Reply, seen: View, now: datetime, answered: datetime | None) -> str | None:
    """Why *reply* is not said; None when it may be."""
    if seen.get("business_hours") != "closed":
        return "somebody is there"
    if seen.clock is not None:
        calendar, then = seen.clock.calendar, seen.clock.moment
        if calendar.period(then) != calendar.period(now):
            return "somebody has been there since"
    if seen.get("kind") == "review":
        return "it is a review"
    if seen.get("visibility") != reply.visibility:
        return f"it is for what was written in {reply.visibility}"
    if seen.get("turn") == "bot":
        return "a bot has the talk"
    if TROLL in (seen.get("author.label") or ()):
        return "the author is labelled troll"
    if seen.get("incident"):
        return "an incident lasts"
    if answered is not None and now - answered < LATELY:
        return "a person answered not long ago"
    return None
