"""The account's schedules with their holidays, read once so that nobody types them twice.

Spans are minutes since Sunday's midnight, by the clock of the schedule's zone. Only admins may read them.
Source: "Schedules", developer.zendesk.com, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from bridge.core.calendars import WHOLE_DAY, Span, Spans
from bridge.core.calls import Calls
from bridge.core.hours import Hours
from bridge.core.model import Connection
from bridge.core.untrusted import items, mapping
from bridge.helpdesks.zendesk.api import identity, rows

_WEEK = 7 * WHOLE_DAY
LONGEST = 366  # days of one holiday that are believed


def hours(connection: Connection) -> Calls[list[Hours]]:
    """All schedules of the account; the first one is the default, as it is in Zendesk."""
    found: list[Hours] = []
    for row in (yield from rows(connection, "/business_hours/schedules", "schedules")):
        closed: dict[date, str] = {}
        lacks: list[str] = []
        if number := identity(row.get("id")):
            path = f"/business_hours/schedules/{number}/holidays"
            for one in (yield from rows(connection, path, "holidays")):
                days = _days(one)
                closed |= dict.fromkeys(days, str(one.get("name") or ""))
                lacks += [] if days else [f"a holiday could not be read: {one.get('name')}"]
        week = _week(row.get("intervals"))
        if week is None:
            lacks.append("Zendesk tells no hours here")
        found.append(
            Hours(
                name=str(row.get("name") or ""),
                zone=str(row.get("time_zone") or ""),
                default=not found,
                week=week,
                closed=closed,
                lacks=tuple(lacks),
            )
        )
    return found


def _week(told: object) -> tuple[Spans, ...] | None:
    """The spans of Monday to Sunday; None where there are none."""
    week: list[list[Span]] = [[] for _ in range(7)]
    for one in items(told):
        for day, span in _cut(mapping(one)):
            week[day].append(span)
    return tuple(tuple(sorted(set(spans))) for spans in week) if any(week) else None


def _cut(interval: Mapping[str, Any]) -> Iterator[tuple[int, Span]]:
    """An interval by the days (0 is Monday) it lies on: older ones go on past midnight."""
    start, end = interval.get("start_time"), interval.get("end_time")
    if not isinstance(start, int) or not isinstance(end, int) or not 0 <= start < end <= _WEEK:
        return
    while start < end:
        sunday_first, minute = divmod(start, WHOLE_DAY)
        until = min(end, start - minute + WHOLE_DAY)
        yield (sunday_first - 1) % 7, (minute, minute + until - start)
        start = until


def _days(holiday: Mapping[str, Any]) -> Iterable[date]:
    """The days of a holiday, first and last included; none where they cannot be read."""
    try:
        first = date.fromisoformat(str(holiday.get("start_date")))
        last = date.fromisoformat(str(holiday.get("end_date")))
    except ValueError:
        return []
    count = (last - first).days + 1
    return [first + timedelta(days=number) for number in range(count)] if count <= LONGEST else []
