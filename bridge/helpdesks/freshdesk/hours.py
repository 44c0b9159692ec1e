"""The account's business hours, read once so that nobody types them twice.

A week of one span a day, in words such as "08:00:00 am"; days that are not named are closed. Its holidays are not
among what Freshdesk tells. Source: "List all Business Hours" of Freshdesk's API v2, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bridge.core.calendars import WHOLE_DAY, Spans
from bridge.core.calls import Calls
from bridge.core.hours import Hours
from bridge.core.model import Connection
from bridge.core.untrusted import items, mapping
from bridge.helpdesks.common import get
from bridge.helpdesks.freshdesk.api import refusal

_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIME = re.compile(r"\s*([0-9]{1,2}):([0-5][0-9])(?::([0-5][0-9]))?\s*([ap]m)?\s*", re.IGNORECASE)

HOLIDAYS = "Freshdesk tells no holidays: add `holidays: {country: ...}`, or days under `exceptions`"
NO_HOURS = "Freshdesk tells no hours here, as where it is open day and night (`hours: always`)"


def hours(connection: Connection) -> Calls[list[Hours]]:
    """All business hours of the account, as it tells them."""
    request = get(connection, "/business_hours")
    response = yield request
    if not response.ok:
        raise refusal(connection, request, response)
    return [_hours(mapping(row)) for row in items(response.json())]


def _hours(row: Mapping[str, Any]) -> Hours:
    told = mapping(row.get("business_hours"))
    lacks = [HOLIDAYS]
    week: list[Spans] = []
    for day in _WEEK:
        span, wrong = _day(mapping(told.get(day)))
        week.append(span)
        lacks += [f"the hours of {day} could not be read: {wrong}"] if wrong else []
    if not any(week):
        lacks.append(NO_HOURS)
    return Hours(
        name=str(row.get("name") or ""),
        zone=str(row.get("time_zone") or ""),
        default=row.get("is_default") is True,
        week=tuple(week) if any(week) else None,
        lacks=tuple(lacks),
    )


def _day(told: Mapping[str, Any]) -> tuple[Spans, str]:
    """The span of one day, and what of it is no time."""
    if not told:
        return (), ""
    start, end = _minute(told.get("start_time")), _minute(told.get("end_time"))
    if start is None or end is None:
        return (), f"{told.get('start_time')} to {told.get('end_time')}"
    start %= WHOLE_DAY
    return ((start, end if end > start else end + WHOLE_DAY),), ""


def _minute(told: object) -> int | None:
    """The minutes after midnight of "08:00:00 am"; the last second of a minute belongs to the next one."""
    match = _TIME.fullmatch(told) if isinstance(told, str) else None
    if match is None:
        return None
    hour, minute, half = int(match[1]), int(match[2]), (match[4] or "").lower()
    if hour > (12 if half else 23):
        return None
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return hour * 60 + minute + (match[3] == "59")
