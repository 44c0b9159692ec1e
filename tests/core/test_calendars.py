"""Business hours: weeks, nights, holidays, and the two days a year on which the clock jumps."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.calendars import ALWAYS, FACTS, WHOLE_DAY, Calendar, Clock, at
from bridge.core.conditions import condition
from bridge.core.facts import FIELDS, View
from bridge.core.rules import example_view

WARSAW = ZoneInfo("Europe/Warsaw")
NINE_TO_FIVE = ((9 * 60, 17 * 60),)
HOUR = timedelta(hours=1)
MOMENTS = st.integers(0, 366 * 86400).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


def holidays(year: int) -> dict[date, str]:
    return {date(year, 12, 25): "Christmas Day", date(year, 11, 11): "Independence Day"}


OFFICE = Calendar(
    zone=WARSAW,
    week=(NINE_TO_FIVE,) * 5 + (((10 * 60, 14 * 60),), ()),
    exceptions={date(2026, 12, 24): ((9 * 60, 13 * 60),), date(2026, 12, 31): ()},
    holidays=holidays,
)
NIGHTS = Calendar(zone=WARSAW, week=(((22 * 60, 30 * 60),),) * 5 + ((), ()))  # mon-fri 22:00-06:00


def wall(text: str, zone: ZoneInfo = WARSAW, fold: int = 0) -> datetime:
    """The moment at which the clock of the wall shows *text*."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


# --- open or closed ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-20 09:00", True),  # a Friday
        ("2026-11-20 08:59", False),
        ("2026-11-20 16:59", True),
        ("2026-11-20 17:00", False),
        ("2026-11-21 13:59", True),  # Saturday
        ("2026-11-21 09:30", False),
        ("2026-11-22 12:00", False),  # Sunday
        ("2026-11-11 12:00", False),  # a Wednesday, and a holiday
        ("2026-11-12 12:00", True),
        ("2026-12-24 12:59", True),  # half a day
        ("2026-12-24 13:00", False),
        ("2026-12-31 12:00", False),
        ("2026-12-30 12:00", True),
    ],
)
def test_hours_holidays_and_exceptions(moment: str, is_open: bool) -> None:
    assert OFFICE.is_open(wall(moment)) is is_open
    assert (OFFICE.period(wall(moment)) == "") is is_open


def test_an_exception_stands_above_a_holiday() -> None:
    busy = Calendar(zone=WARSAW, week=OFFICE.week, holidays=holidays,
                    exceptions={date(2026, 12, 25): NINE_TO_FIVE})  # fmt: skip
    assert busy.is_open(wall("2026-12-25 12:00"))
    assert not OFFICE.is_open(wall("2026-12-25 12:00"))


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-16 21:59", False),  # Monday
        ("2026-11-16 22:00", True),
        ("2026-11-17 05:59", True),  # Tuesday morning belongs to Monday's shift
        ("2026-11-17 06:00", False),
        ("2026-11-21 05:59", True),  # Saturday morning: Friday's shift
        ("2026-11-21 23:00", False),
        ("2026-11-16 03:00", False),  # Monday morning: nobody came on Sunday
    ],
)
def test_a_night_shift_belongs_to_the_day_it_begins_on(moment: str, is_open: bool) -> None:
    assert NIGHTS.is_open(wall(moment)) is is_open


def test_a_night_shift_goes_on_into_a_holiday_and_none_begins_on_it() -> None:
    nights = Calendar(zone=WARSAW, week=NIGHTS.week, holidays=holidays)
    assert nights.is_open(wall("2026-11-11 05:00"))
    assert not nights.is_open(wall("2026-11-11 23:00"))
    assert not nights.is_open(wall("2026-11-12 05:00"))


# --- when it opens and closes ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "opens", "closes"),
    [
        ("2026-11-20 08:00", "2026-11-20 09:00", "2026-11-20 17:00"),
        ("2026-11-20 12:00", "2026-11-20 12:00", "2026-11-20 17:00"),
        ("2026-11-20 17:00", "2026-11-21 10:00", "2026-11-21 14:00"),
        ("2026-11-21 20:00", "2026-11-23 09:00", "2026-11-23 17:00"),
        ("2026-12-24 15:00", "2026-12-26 10:00", "2026-12-26 14:00"),
        ("2026-12-30 18:00", "2027-01-01 09:00", "2027-01-01 17:00"),
    ],
)
def test_the_next_opening_and_closing(moment: str, opens: str, closes: str) -> None:
    assert OFFICE.opens(wall(moment)) == wall(opens)
    assert OFFICE.closes(wall(moment)) == wall(closes)


def test_hours_that_meet_at_midnight_are_one_opening() -> None:
    weekend = Calendar(week=((), (), (), (), (), ((0, WHOLE_DAY),), ((0, WHOLE_DAY),)))
    saturday, monday = datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)
    assert weekend.closes(saturday + 3 * HOUR) == monday
    assert weekend.opens(monday - HOUR) == monday - HOUR
    assert weekend.opens(monday) == saturday + timedelta(days=7)


def test_day_and_night_is_always_open_and_never_closes() -> None:
    now = wall("2026-12-25 03:00")
    assert ALWAYS.is_open(now)
    assert ALWAYS.opens(now) == now
    assert ALWAYS.closes(now) is None
    assert ALWAYS.period(now) == ""
    assert ALWAYS.after(now, timedelta(days=700)) == now + timedelta(days=700)
    assert ALWAYS.between(now, now + 90 * HOUR) == 90 * HOUR


def test_what_is_closed_for_years_does_not_open() -> None:
    days = {date(2026, 1, 1) + timedelta(days=number): () for number in range(1000)}
    gone = Calendar(week=OFFICE.week, exceptions=days)
    now = datetime(2026, 6, 1, tzinfo=UTC)
    assert gone.opens(now) is None
    assert gone.closes(now) is None
    assert gone.period(now) == "never"
    assert gone.after(now, HOUR) > now + timedelta(days=300)
    assert gone.between(now, now + timedelta(days=90)) == timedelta()


# --- closed periods ----------------------------------------------------------------------------------


def test_one_closed_period_has_one_name_over_the_weekend_and_the_holidays() -> None:
    evening = OFFICE.period(wall("2026-12-24 14:00"))
    assert evening == OFFICE.period(wall("2026-12-25 23:59")) == "20261226T0900Z"
    assert evening != OFFICE.period(wall("2026-12-26 15:00"))
    assert evening != OFFICE.period(wall("2026-12-23 18:00"))


# --- the clock that jumps ----------------------------------------------------------------------------


def test_nine_in_the_morning_stays_nine_when_the_clock_changes() -> None:
    assert OFFICE.opens(wall("2026-03-28 15:00")) == datetime(2026, 3, 30, 7, tzinfo=UTC)  # summer
    assert OFFICE.opens(wall("2026-10-24 15:00")) == datetime(2026, 10, 26, 8, tzinfo=UTC)  # winter


@pytest.mark.parametrize(
    ("evening", "hours"),
    [("2026-03-28 22:00", 7), ("2026-10-24 22:00", 9), ("2026-10-31 22:00", 8)],
)
def test_the_night_of_the_jump_is_an_hour_shorter_or_longer(evening: str, hours: int) -> None:
    nights = Calendar(zone=WARSAW, week=(((22 * 60, 30 * 60),),) * 7)
    start = wall(evening)
    assert nights.closes(start) == start + hours * HOUR
    assert nights.between(start, start + 20 * HOUR) == hours * HOUR
    assert nights.after(start, hours * HOUR) == start + hours * HOUR


def test_an_opening_at_a_time_that_is_left_out_is_when_the_clock_jumps() -> None:
    early = Calendar(zone=WARSAW, week=(((150, 600),),) * 7)  # 02:30-10:00
    jump = datetime(2026, 3, 29, 1, tzinfo=UTC)  # 02:00 becomes 03:00
    assert early.opens(jump - HOUR) == jump
    assert not early.is_open(jump - timedelta(seconds=1))
    assert early.is_open(jump)


def test_hours_that_lie_wholly_in_what_is_left_out_do_not_happen() -> None:
    short = Calendar(zone=WARSAW, week=(((135, 165),),) * 7)  # 02:15-02:45
    assert short.opens(wall("2026-03-29 00:00")) == wall("2026-03-30 02:15")


def test_a_time_that_comes_twice_counts_the_first_time() -> None:
    early = Calendar(zone=WARSAW, week=(((150, 600),),) * 7)
    late = Calendar(zone=WARSAW, week=(((0, 150),),) * 7)
    assert early.opens(wall("2026-10-25 01:00")) == wall("2026-10-25 02:30")
    assert late.closes(wall("2026-10-25 01:00")) == wall("2026-10-25 02:30")
    assert wall("2026-10-25 02:30") != wall("2026-10-25 02:30", fold=1)


# --- open time ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2026-11-20 12:00", 60, "2026-11-20 13:00"),
        ("2026-11-20 16:30", 60, "2026-11-21 10:30"),
        ("2026-11-21 13:30", 60, "2026-11-23 09:30"),
        ("2026-11-20 20:00", 30, "2026-11-21 10:30"),
        ("2026-11-20 16:00", 60, "2026-11-20 17:00"),
        ("2026-12-24 12:30", 60, "2026-12-26 10:30"),
    ],
)
def test_open_time_passes_only_while_it_is_open(start: str, minutes: int, end: str) -> None:
    span = timedelta(minutes=minutes)
    assert OFFICE.after(wall(start), span) == wall(end)
    assert OFFICE.between(wall(start), wall(end)) == span


def test_no_time_has_passed_backwards() -> None:
    assert OFFICE.between(wall("2026-11-20 12:00"), wall("2026-11-20 11:00")) == timedelta()


def test_hours_that_overlap_into_the_next_day_count_once() -> None:
    long = Calendar(week=(((8 * 60, 34 * 60),),) * 7)  # 08:00 until 10:00 of the next day
    start = datetime(2026, 11, 16, tzinfo=UTC)
    assert long.between(start, start + 48 * HOUR) == 48 * HOUR
    assert long.after(start, 30 * HOUR) == start + 30 * HOUR


@given(
    start=MOMENTS,
    minutes=st.integers(1, 5000),
    calendar=st.sampled_from([OFFICE, NIGHTS, ALWAYS]),
)
def test_after_and_between_agree(start: datetime, minutes: int, calendar: Calendar) -> None:
    span = timedelta(minutes=minutes)
    end = calendar.after(start, span)
    assert calendar.between(start, end) == span
    assert calendar.between(start, end - timedelta(minutes=1)) < span


@given(
    moment=MOMENTS,
    calendar=st.sampled_from([OFFICE, NIGHTS]),
)
def test_it_is_closed_until_it_opens_and_open_until_it_closes(
    moment: datetime, calendar: Calendar
) -> None:
    opens, closes = calendar.opens(moment), calendar.closes(moment)
    assert opens is not None
    assert closes is not None
    assert moment <= opens < closes
    assert calendar.is_open(moment) is (opens == moment)
    assert calendar.is_open(opens)
    assert not calendar.is_open(closes)
    assert calendar.between(moment, closes) == closes - opens


# --- what rules and people see ------------------------------------------------------------------------


def test_the_facts_of_the_clock_are_those_of_its_zone() -> None:
    clock = Clock(OFFICE, datetime(2026, 11, 10, 23, 30, tzinfo=UTC))
    assert {name: clock.read(name) for name in FACTS} == {
        "business_hours": "closed",
        "clock.hour": 0,
        "clock.weekday": "wed",
        "clock.holiday": True,
    }
    assert Clock(OFFICE, wall("2026-11-12 12:00")).read("business_hours") == "open"
    assert not set(FACTS) - FIELDS.keys()


def test_rules_ask_the_clock_only_when_they_need_it() -> None:
    night = Clock(OFFICE, wall("2026-11-10 22:30"))
    seen = View({"text": "hello"}, clock=night)
    assert seen.get("text") == "hello"
    assert seen.read == {}
    assert (
        condition({"business_hours": "closed", "clock.hour": {"at_least": 22}}).failure(seen)
        is None
    )
    assert seen.read == {"business_hours": "closed", "clock.hour": 22}
    assert condition({"business_hours": "open"}).failure(seen) is not None


def test_what_an_example_says_of_the_clock_stands_above_it() -> None:
    seen = example_view({"text": "hello", "business_hours": "closed"})
    assert seen.get("business_hours") == "closed"
    assert example_view({"text": "hello"}).get("business_hours") == "open"


def test_the_days_that_differ_are_told_with_their_reason() -> None:
    told = list(OFFICE.different_days(date(2026, 12, 20), date(2026, 12, 31)))
    assert told == [
        (date(2026, 12, 24), ((540, 780),), ""),
        (date(2026, 12, 25), (), "Christmas Day"),
        (date(2026, 12, 31), (), ""),
    ]


def test_the_first_name_that_is_said_is_taken_and_else_the_default() -> None:
    known = {"default": OFFICE, "night": NIGHTS}
    assert at(known, None, "night") is NIGHTS
    assert at(known, None, None) is OFFICE
    assert at(known, "gone", "night") is NIGHTS
    assert at(known, "gone") is OFFICE
    assert at({}, None) is ALWAYS
