"""calendars.yaml: business hours by name, with the holidays of a country."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from marshmallow import ValidationError, fields, validates_schema

from bridge.config.values import REQUIRED, Strict, Table, Text, Texts, is_name
from bridge.core.calendars import DAYS, WHOLE_DAY, Calendar, Span, Spans
from bridge.core.mistakes import nearest

CLOSED, ALWAYS = "closed", "always"
LONGEST = 366  # days that one line of exceptions may hold

_TIME = r"([01]?[0-9]|2[0-4]):([0-5][0-9])"
_SPAN = re.compile(rf"\s*{_TIME}\s*[-–]\s*{_TIME}\s*")
_DATE = r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
_DATES = re.compile(rf"{_DATE}(?:\s*\.\.\s*{_DATE})?")

Day = TypeVar("Day", str, date)


# --- hours ---------------------------------------------------------------------------------------


def _span(text: str) -> Span:
    """The minutes of "09:00-17:00"; hours that end no later than they begin end on the next day."""
    match = _SPAN.fullmatch(text)
    start = int(match[1]) * 60 + int(match[2]) if match else WHOLE_DAY
    end = int(match[3]) * 60 + int(match[4]) if match else 0
    if start >= WHOLE_DAY or end > WHOLE_DAY:
        raise ValidationError(f"'{text[:80]}' is no time like 09:00-17:00, nor the word {CLOSED}")
    if start == end:
        raise ValidationError(f"'{text}' is no time at all; day and night is 00:00-24:00")
    return start, end if end > start else end + WHOLE_DAY


class Hours(fields.Field[Spans]):
    """The open hours of a day: "09:00-17:00", several of them, or `closed`."""

    default_error_messages = {"required": "is missing", "null": f"is empty; write {CLOSED}"}  # noqa: RUF012

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Spans:
        if value == CLOSED:
            return ()
        spans: list[Span] = []

        def read(one: str) -> None:
            span = _span(one)
            if any(span[0] < end and start < span[1] for start, end in spans):
                raise ValidationError(f"'{one}' overlaps the hours before it")
            spans.append(span)

        Texts(check=read).deserialize(value)
        return tuple(sorted(spans))


def _weekdays(name: str) -> list[str]:
    """The weekdays that "fri" or "mon-fri" names."""
    ends = name.split("-")
    for end in ends:
        if end not in DAYS or len(ends) > 2:
            known = ", ".join(DAYS)
            short = "-".join(one.strip()[:3].lower() for one in ends[:2])
            meant = set(short.split("-")) <= set(DAYS)
            raise ValidationError(
                f"'{name[:40]}' is no day: write {known}, or two of them as in mon-fri"
                + (f"; did you mean '{short}'?" if meant else nearest(end, DAYS))
            )
    first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
    return [DAYS[day % 7] for day in range(first, (last if last >= first else last + 7) + 1)]


def _dates(name: str) -> list[date]:
    """The days that "2026-12-24" or "2026-12-24..2026-12-31" names."""
    match = _DATES.fullmatch(name)
    try:
        ends = [date.fromisoformat(one) for one in match.groups() if one] if match else []
    except ValueError:
        ends = []
    if not ends:
        raise ValidationError(
            f"'{name[:40]}' is no day like 2026-12-24, nor days like 2026-12-24..2026-12-31"
        )
    count = (ends[-1] - ends[0]).days + 1
    if not 0 < count <= LONGEST:
        raise ValidationError(f"'{name}' must end after it begins, and hold {LONGEST} days at most")
    return [ends[0] + timedelta(days=number) for number in range(count)]


def _by_day(value: Any, days: Callable[[str], list[Day]]) -> dict[Day, Spans]:
    """The hours in *value* by day; its keys name one or several, as *days* reads them."""
    if not isinstance(value, Mapping):
        raise ValidationError('needs days with hours below it (`mon-fri: "09:00-17:00"`)')
    found: dict[Day, Spans] = {}
    wrong: dict[str | int, Any] = {}
    for name, written in value.items():
        try:
            hours = Hours().deserialize(written) or ()
            for day in days(name):
                if day in found:
                    raise ValidationError(f"{day} has hours already; keep one")
                found[day] = hours
        except ValidationError as error:
            wrong[name] = error.messages
    if wrong:
        raise ValidationError(wrong)
    return found


class Week(fields.Field[tuple[Spans, ...]]):
    """The open hours of the week by day or days, or `always`; days that are not named are closed."""

    default_error_messages = REQUIRED

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> tuple[Spans, ...]:
        if value == ALWAYS:
            return Calendar().week
        week = _by_day(value, _weekdays)
        if not any(week.values()):
            raise ValidationError("is never open: at least one day needs hours")
        return tuple(week.get(day, ()) for day in DAYS)


class Exceptions(fields.Field[dict[date, Spans]]):
    """Days that are not as their weekday, holidays among them, with their hours."""

    default_error_messages = REQUIRED

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[date, Spans]:
        return _by_day(value, _dates)


# --- zones and holidays ----------------------------------------------------------------------------


class Zone(Text):
    """The name of a time zone, such as Europe/Warsaw."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        name = super()._deserialize(value, attr, data, **kwargs)
        try:
            ZoneInfo(name)
        except (OSError, ValueError, LookupError):  # a folder, a path, no such file
            known = available_timezones()
            raise ValidationError(
                f"'{name[:80]}' is no time zone such as Europe/Warsaw{nearest(name, known)}"
            ) from None
        return name


class HolidaysSchema(Strict):
    looks = "{country: PL}"

    country = Text(required=True)
    region = Text(allow_none=True, load_default=None)

    @validates_schema
    def _is_known(self, data: Mapping[str, Any], **_: Any) -> None:
        import holidays  # 20 MB and a quarter of a second: only where holidays are asked for

        country, region = data["country"], data["region"]
        countries = holidays.list_supported_countries(include_aliases=False)
        if country not in countries:
            raise ValidationError(
                f"the holidays of '{country[:40]}' are not known; write the two letters of a country,"
                f" such as PL{nearest(country.upper(), countries)}", "country",
            )  # fmt: skip
        regions = countries[country]
        if region is not None and region not in regions:
            known = ", ".join(regions) or "none"
            raise ValidationError(
                f"'{region[:40]}' is no region of {country}: {known}{nearest(region, regions)}",
                "region",
            )


def holidays_of(country: str, region: str | None = None) -> Callable[[int], Mapping[date, str]]:
    """The public holidays of a *country*, or of its *region*, by year: their names in English by day."""

    @functools.cache
    def names(year: int) -> Mapping[date, str]:
        from holidays import country_holidays

        found = country_holidays(country, subdiv=region, years=year, expand=False, language="en_US")
        return dict(found.items())

    return names


# --- the file ----------------------------------------------------------------------------------------


class CalendarSchema(Strict):
    time_zone = Zone(required=True)
    hours = Week(required=True)
    holidays = fields.Nested(HolidaysSchema, allow_none=True)
    exceptions = Exceptions()


class CalendarsSchema(Strict):
    calendars = Table(fields.Nested(CalendarSchema), key=is_name, required=True)


CALENDARS = CalendarsSchema()


def calendars_in(data: Mapping[str, Any]) -> dict[str, Calendar]:
    """The calendars that CALENDARS has read, by name."""
    return {name: _calendar(name, one) for name, one in data["calendars"].items()}


def _calendar(name: str, data: Mapping[str, Any]) -> Calendar:
    days = data.get("holidays")
    more = {"holidays": holidays_of(days["country"], days["region"])} if days else {}
    return Calendar(
        name=name,
        zone=ZoneInfo(data["time_zone"]),
        week=data["hours"],
        exceptions=data.get("exceptions", {}),
        **more,
    )
