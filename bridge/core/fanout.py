"""What an agent writes and reads of an answer that goes to all who belong to an incident."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from bridge.core import telling
from bridge.core.crowds import Member, channels_of
from bridge.core.harmless import capped, line, listed, safe
from bridge.core.replies import first_name

_BETWEEN = re.compile(r"-{3,}|[\u2013\u2014]+")
_PLACE = re.compile(r"\{([^{}]*)\}")
LONGEST = 2000  # characters of one wording
NAMED = 20  # people that the report names

STOPPED = "The answer goes to nobody further. Who has it, has it; the report tells."
BEGUN = "It goes out now, to a few people at a time. A report comes here when all have been told."


def wordings(lines: Sequence[str]) -> list[str]:
    """The wordings in the *lines* of a note, parted by lines of three dashes."""
    parts: list[list[str]] = [[]]
    for one in lines:
        if _BETWEEN.fullmatch(one.strip()):
            parts.append([])
        else:
            parts[-1].append(one)
    return [text for part in parts if (text := "\n".join(part).strip())]


def problem(texts: Sequence[str]) -> str | None:
    """What has to be changed before *texts* may go to everybody; None when all is well."""
    if not texts:
        return "it needs words: write them in the lines below /fanout"
    for text in texts:
        wrong = [one for one in _PLACE.findall(text) if one != "first_name"]
        if wrong:
            return f"{{{line(wrong[0], 40)}}} stands for nothing here; {{first_name}} is the person's name"
        if len(text) > LONGEST:
            return f"a wording has {len(text)} characters; {LONGEST} are the most"
    if all("{first_name}" in text for text in texts):
        return "not everybody's name is known: add a wording without {first_name}, below a line of three dashes"
    return None


def refused(why: str) -> str:
    return telling.command_refused("fanout", why)


def preview(people: Sequence[Member], texts: Sequence[str]) -> str:
    """How many would hear it and where, and the wordings as they would hear them."""
    named = [text for text in texts if "{first_name}" in text]
    plain = [text for text in texts if "{first_name}" not in text]
    example = next((name for one in people if (name := first_name(one.who, None))), "Ana")
    told = [
        f"{len(people)} people would hear this. Nothing is sent yet: /fanout yes sends it.",
        listed("Where", (f"{name}: {many}" for name, many in channels_of(people).items())),
        *(f"With a name:\n{_shown(text.replace('{first_name}', example))}" for text in named),
        *(f"{'Without' if named else 'For everybody'}:\n{_shown(text)}" for text in plain),
    ]
    if len(texts) < 2 and len(people) > 10:
        told.append(
            "There is one wording for all. Platforms take the same words said often for spam: add others, each below a"
            " line of three dashes."
        )
    return capped("\n\n".join(one for one in told if one))


def _shown(text: str) -> str:
    return "\n".join(f"| {row}" for row in safe(text).split("\n"))


def report(people: Sequence[Member], ends: Sequence[str | None]) -> str:
    """Whom it reached, whom not and why; *ends* are the reasons with which their events ended."""
    reached = sum(end == "delivered" for end in ends)
    failed = [(one, _why(end)) for one, end in zip(people, ends, strict=True) if end != "delivered"]
    reasons = Counter(why for _, why in failed)
    told = [
        f"The answer was said to {reached} of {len(people)} people, to each once.",
        listed("Not to the others", (f"{why}: {many}" for why, many in reasons.most_common())),
        listed("They are", (_named(one, why) for one, why in failed[:NAMED])),
        f"and {len(failed) - NAMED} more" if len(failed) > NAMED else "",
    ]
    return capped("\n\n".join(one for one in told if one))


def _why(end: str | None) -> str:
    if end is None:
        return "It is still on its way"
    code = end.partition("not delivered: ")[2]
    return telling.reason(code) if code else line(end or "it was put aside", 200)


def _named(one: Member, why: str) -> str:
    ticket = f", ticket {one.ticket}" if one.ticket else ""
    return f"{line(one.who, 60)} on {one.channel}{ticket}: {why}"


def heard(incident: str, text: str) -> str:
    """The note on a member's ticket that they were answered."""
    return f"Answered from the incident, ticket {line(incident, 40)}:\n{_shown(text)}"


def nobody() -> str:
    """What an agent is told whose public words stand on an incident's ticket."""
    return (
        "This is an incident without a customer: nobody has read this. To answer all who belong to it, write"
        " /fanout in a private note, and the words below it."
    )
