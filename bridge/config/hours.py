"""A helpdesk's business hours as a calendars.yaml to look through."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby

from bridge.config.calendars import ALWAYS, CLOSED
from bridge.config.zones import zone_of
from bridge.core.calendars import DAYS, WHOLE_DAY, Spans
from bridge.core.hours import Hours
from bridge.core.words import fold

_DAY = timedelta(days=1)
_LONG = 60  # characters of their names in a remark


def written(found: Sequence[Hours], today: date) -> tuple[list[str], bool]:
    """The lines of a calendars.yaml with *found*, and whether all that it needs could be taken over.

    What was not is a remark beside its calendar. Days before *today* are left out.
    """
    lines, whole = ["calendars:"], True
    for name, hours in _named(found):
        zone = zone_of(hours.zone)
        whole = whole and zone is not None and hours.week is not None
        lines += [f"  {name}:  # {_bare(hours.name) or 'without a name'}"]
        lines += [f"    # {_bare(said, 200)}" for said in hours.lacks]
        lines += [f"    time_zone: {json.dumps(hours.zone[:_LONG])}  # not known here; say it as Europe/Warsaw"
                  if zone is None else f"    time_zone: {zone}"]  # fmt: skip
        lines += _week(hours.week) if hours.week is not None else ["    # hours: ..."]
        lines += _closed({day: why for day, why in hours.closed.items() if day >= today})
    return lines, whole


def _named(found: Sequence[Hours]) -> Iterator[tuple[str, Hours]]:
    """Each with a name of its own, as calendars.yaml takes it; the helpdesk's default is ours."""
    taken: set[str] = set()
    for hours in sorted(found, key=lambda one: not one.default):
        bare = re.sub(r"[^a-z0-9]+", "-", fold(hours.name)).strip("-")[:40].strip("-")
        name = wanted = "default" if hours.default and not taken else bare or "hours"
        number = 2
        while name in taken:
            name, number = f"{wanted}-{number}", number + 1
        taken.add(name)
        yield name, hours


def _week(week: Sequence[Spans]) -> Iterator[str]:
    if all(spans == ((0, WHOLE_DAY),) for spans in week):
        yield f"    hours: {ALWAYS}"
        return
    yield "    hours:"
    for spans, days in groupby(zip(week, DAYS, strict=True), key=lambda one: one[0]):
        named = [day for _, day in days]
        if spans:
            which = named[0] if len(named) == 1 else f"{named[0]}-{named[-1]}"
            yield f"      {which}: {_spans(spans)}"


def _spans(spans: Spans) -> str:
    """As the file writes them: "09:00-17:00", several as a list."""
    told = [json.dumps(f"{_time(start)}-{_time(end)}") for start, end in spans]
    return told[0] if len(told) == 1 else f"[{', '.join(told)}]"


def _time(minute: int) -> str:
    hour, minute = divmod(minute if minute <= WHOLE_DAY else minute - WHOLE_DAY, 60)
    return f"{hour:02}:{minute:02}"


def _closed(days: Mapping[date, str]) -> Iterator[str]:
    """The days on which nobody comes, those in a row with the same name as one line."""
    if days:
        yield "    exceptions:"
    left = sorted(days)
    while left:
        first = last = left.pop(0)
        while left and left[0] == last + _DAY and days[left[0]] == days[first]:
            last = left.pop(0)
        which = f"{first}" if first == last else f"{first}..{last}"
        yield f"      {which}: {CLOSED}  # {_bare(days[first])}".rstrip("# ")


def _bare(text: str, most: int = _LONG) -> str:
    """Words of a stranger as a remark: one printable line."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:most]
