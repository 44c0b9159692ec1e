"""Business hours: when somebody is there, and how much of a stretch of time that is.

A calendar is a week of open spans in a time zone, days that differ, and holidays. A span belongs to
the day it begins on: a night shift that begins before a holiday goes on into it, one of the holiday
itself does not begin. Moments are aware and in UTC, spans are in the clock of the wall: where the clock
is put forward over an opening time, it opens as the clock jumps; where it is put back, a time that
comes twice counts the first time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

HOURS = ("open", "closed")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WHOLE_DAY = 24 * 60
FARTHEST = 400  # days without an opening after which we stop looking for one

Span = tuple[int, int]  # minutes after midnight; the end may lie on the next day, up to 47:59
Spans = tuple[Span, ...]
Open = tuple[datetime, datetime]  # from, until; UTC

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


def _no_holidays(year: int) -> Mapping[date, str]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When somebody is there. `week` are the spans of Monday to Sunday.

    `exceptions` are days with spans of their own, `holidays` the names of a year's holidays, on which
    nobody comes unless the exceptions say so.
    """

    name: str = "default"
    zone: tzinfo = UTC
    week: tuple[Spans, ...] = (((0, WHOLE_DAY),),) * 7
    exceptions: Mapping[date, Spans] = field(default_factory=dict)
    holidays: Callable[[int], Mapping[date, str]] = _no_holidays

    def is_open(self, moment: datetime) -> bool:
        """Whether somebody is there at *moment*."""
        today = self._day(moment)
        days = (today, today - _DAY)  # a night shift began yesterday
        return any(start <= moment < end for day in days for start, end in self._spans(day))

    def opens(self, moment: datetime) -> datetime | None:
        """When somebody is there next: *moment* itself while it is open; None if not in 400 days."""
        for start, _ in self._open_from(moment):
            return max(start, moment)
        return None

    def closes(self, moment: datetime) -> datetime | None:
        """When the hours that hold *moment*, or else the next ones, end; None if not in 400 days."""
        end: datetime | None = None
        last = moment + FARTHEST * _DAY
        for start, until in self._open_from(moment):
            if end is not None and start > end:
                return end
            end = max(end, until) if end else until
            if end > last:
                return None
        return end

    def after(self, start: datetime, open_time: timedelta) -> datetime:
        """When *open_time* of open hours has passed since *start*."""
        left, reached = open_time, start
        for opened, until in self._open_from(start):
            opened = max(opened, reached)
            if until <= opened:
                continue  # overlaps what was counted
            if until - opened >= left:
                return opened + left
            left, reached = left - (until - opened), until
        return max(reached, start) + FARTHEST * _DAY

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How much of the time from *start* to *end* is open; nothing when *end* is the earlier."""
        total, reached = timedelta(), start
        for opened, until in self._open_from(start):
            if opened >= end:
                break
            opened, until = max(opened, reached), min(until, end)
            if until > opened:
                total, reached = total + (until - opened), until
        return total

    def period(self, moment: datetime) -> str:
        """The name of the closed period that *moment* lies in, by when it ends; "" while it is open."""
        if self.is_open(moment):
            return ""
        opens = self.opens(moment)
        return opens.strftime("%Y%m%dT%H%MZ") if opens else "never"

    def different_days(self, start: date, end: date) -> Iterator[tuple[date, Spans, str]]:
        """The days from *start* to *end* that are not as their weekday: their spans, and why."""
        day = start
        while day <= end:
            name = self.holidays(day.year).get(day, "")
            if day in self.exceptions or name:
                yield day, self._hours(day), name
            day += _DAY

    # --- one day after the other -------------------------------------------------------------------

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def _hours(self, day: date) -> Spans:
        """The spans that begin on *day*, in the clock of the wall."""
        if day in self.exceptions:
            return self.exceptions[day]
        return () if day in self.holidays(day.year) else self.week[day.weekday()]

    def _spans(self, day: date) -> Iterator[Open]:
        """The spans that begin on *day*, as moments."""
        for start, end in self._hours(day):
            opened, until = self._moment(day, start), self._moment(day, end)
            if opened < until:  # an hour the clock leaves out is none
                yield opened, until

    def _open_from(self, moment: datetime) -> Iterator[Open]:
        """The spans that end after *moment*, by their begin; ends 400 days after the last one."""
        day = self._day(moment) - _DAY
        empty = 0
        while empty < FARTHEST:
            empty += 1
            for opened, until in self._spans(day):
                if until > moment:
                    empty = 0
                    yield opened, until
            day += _DAY

    def _moment(self, day: date, minute: int) -> datetime:
        """When the clock of the wall shows *minute* minutes after the midnight that *day* begins with."""
        days, minute = divmod(minute, WHOLE_DAY)
        wall = datetime.combine(day + days * _DAY, time(minute // 60, minute % 60))
        moment = wall.replace(tzinfo=self.zone).astimezone(UTC)
        if moment.astimezone(self.zone).replace(tzinfo=None) == wall:
            return moment
        # The clock leaves this time out: the first moment at which it shows a later one.
        late = moment  # by the offset before the jump, which is after it
        early = wall.replace(tzinfo=self.zone, fold=1).astimezone(UTC)
        while late - early > _MINUTE:
            middle = early + (late - early) // 2
            before = middle.astimezone(self.zone).replace(tzinfo=None) < wall
            early, late = (middle, late) if before else (early, middle)
        return late.replace(second=0, microsecond=0)


class Clock:
    """A moment by a calendar: what rules may ask of it, by the names of their facts."""

    __slots__ = ("calendar", "moment")

    def __init__(self, calendar: Calendar, moment: datetime) -> None:
        self.calendar, self.moment = calendar, moment

    def read(self, name: str) -> Any:
        """The fact *name*, one of FACTS, in the calendar's zone."""
        if name == "business_hours":
            return "open" if self.calendar.is_open(self.moment) else "closed"
        local = self.moment.astimezone(self.calendar.zone)
        if name == "clock.hour":
            return local.hour
        if name == "clock.weekday":
            return DAYS[local.weekday()]
        return local.date() in self.calendar.holidays(local.year)


FACTS = ("business_hours", "clock.hour", "clock.weekday", "clock.holiday")

ALWAYS = Calendar(name="always")  # open day and night: where nothing is said of hours


def at(calendars: Mapping[str, Calendar], *names: str | None) -> Calendar:
    """The calendar of the first of *names* that is said and known, else the `default`; always open without one."""
    known = (calendars.get(one) for one in (*names, "default") if one)
    return next((one for one in known if one is not None), ALWAYS)
