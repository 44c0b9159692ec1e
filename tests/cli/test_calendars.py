"""`bridge calendars`: a helpdesk's business hours become a calendars.yaml that says the same."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from support.given import DESKS

from bridge.config.calendars import CALENDARS, calendars_in
from bridge.config.hours import written
from bridge.config.plain import parse
from bridge.config.zones import zone_of
from bridge.core.calendars import Calendar
from bridge.core.calls import HttpRequest, HttpResponse, drive
from bridge.core.errors import AuthError
from bridge.core.hours import Hours
from bridge.core.model import Connection
from bridge.helpdesks import HELPDESKS

TODAY = date(2026, 11, 22)


def read(text: str) -> dict[str, Calendar]:
    """The calendars in *text*, as `bridge check` would read them."""
    return calendars_in(CALENDARS.load(parse(text.encode(), "calendars.yaml").data))


def asked(name: str, *bodies: Any, status: int = 200) -> list[Hours]:
    """What the helpdesk *name* is understood to say."""
    answers = iter(bodies)

    def play(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=status, headers={}, body=json.dumps(next(answers)).encode())

    connection = Connection(name=name, type=name, options=DESKS[name].options)
    ask = HELPDESKS[name].hours
    assert ask is not None
    return drive(ask(connection), play)


# --- with the sandbox ---------------------------------------------------------------------------------


def test_freshdesks_hours_become_calendars_that_can_be_read(town: Any) -> None:
    code, out, err = town.run("calendars", "freshdesk")
    assert (code, err) == (0, "")
    found = read(out)
    assert list(found) == ["default", "americas"]
    assert str(found["default"].zone) == "Europe/Warsaw"
    assert found["default"].week == (((480, 1020),),) * 4 + (((480, 1440),), (), ())
    assert str(found["americas"].zone) == "America/New_York"
    manual = (Path(__file__).parents[2] / "docs" / "time.md").read_text()
    shown = out[out.index("calendars:") : out.index("  americas:")]
    assert "".join(f"    {line}\n" for line in shown.splitlines()) in manual


def test_zendesks_schedules_come_with_their_holidays(town: Any) -> None:
    code, out, err = town.run("calendars", "zendesk")
    assert (code, err) == (0, "")
    found = read(out)
    weekday = ((540, 720), (780, 1020))
    assert found["default"].week == (weekday,) * 5 + (((600, 840),), ())
    assert "2099-12-24..2099-12-26: closed  # Christmas" in out
    assert "2024" not in out.split("calendars:")[1]  # what is over is of no use
    night = found["night-shift"]
    saturday_at_three = datetime(2026, 11, 28, 2, tzinfo=UTC)
    assert night.is_open(saturday_at_three)
    assert not night.is_open(saturday_at_three.replace(day=27))


def test_what_it_prints_is_a_file_that_check_takes(town: Any) -> None:
    _, out, _ = town.run("calendars", "zendesk")
    (town.folder / "mappings" / "calendars.yaml").write_text(out)
    code, told, _ = town.run("check")
    assert code == 0
    assert "the calendar night-shift" in told


def test_only_a_helpdesk_that_is_connected_keeps_hours(bare: Any) -> None:
    code, _, err = bare.run("calendars", "telegram")
    assert (code, err) == (2, "bridge calendars: telegram is no helpdesk, so it keeps no hours\n")
    code, _, err = bare.run("calendars", "zendsk")
    assert code == 2
    assert "did you mean 'zendesk'" in err


# --- what they may say --------------------------------------------------------------------------------


def row(**more: Any) -> dict[str, Any]:
    told = {"monday": {"start_time": "09:00:00 am", "end_time": "05:30:00 pm"}}
    return {
        "name": "Default",
        "time_zone": "Warsaw",
        "is_default": True,
        "business_hours": told,
    } | more


@pytest.mark.parametrize(
    ("start", "end", "span"),
    [
        ("08:00:00 am", "05:00:00 pm", (480, 1020)),
        ("8:00 am", "12:00 pm", (480, 720)),
        ("12:00:00 am", "11:59:59 pm", (0, 1440)),
        ("10:00:00 pm", "06:00:00 am", (1320, 1800)),
        ("09:00", "17:00", (540, 1020)),
    ],
)
def test_freshdesks_times_are_read_with_their_halves_of_the_day(
    start: str, end: str, span: tuple[int, int]
) -> None:
    told = {"tuesday": {"start_time": start, "end_time": end}}
    (hours,) = asked("freshdesk", [row(business_hours=told)])
    assert hours.week == ((), (span,), (), (), (), (), ())
    lines, whole = written([hours], TODAY)
    assert whole
    assert read("\n".join(lines))["default"].week == hours.week


@pytest.mark.parametrize("odd", ["13:00 pm", "25:00", "noon", None, 9])
def test_a_time_that_is_none_is_told_and_not_guessed(odd: Any) -> None:
    told = row()["business_hours"] | {"friday": {"start_time": odd, "end_time": "05:00:00 pm"}}
    (hours,) = asked("freshdesk", [row(business_hours=told)])
    assert hours.week is not None
    assert hours.week[4] == ()
    assert any("the hours of friday could not be read" in one for one in hours.lacks)


@pytest.mark.parametrize("none", [None, {}, []])
def test_hours_that_nobody_tells_are_left_for_a_person_to_say(none: Any) -> None:
    (hours,) = asked("freshdesk", [row(business_hours=none)])
    lines, whole = written([hours], TODAY)
    assert not whole
    assert "    # hours: ..." in lines
    assert any("hours: always" in one for one in lines)


def test_an_unknown_zone_is_left_as_it_was_told_for_check_to_refuse() -> None:
    (hours,) = asked("freshdesk", [row(time_zone="Warsau")])
    lines, whole = written([hours], TODAY)
    assert not whole
    assert '    time_zone: "Warsau"  # not known here; say it as Europe/Warsaw' in lines


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Warsaw", "Europe/Warsaw"),
        ("Europe/Warsaw", "Europe/Warsaw"),
        ("(GMT+01:00) Warsaw", "Europe/Warsaw"),
        ("Pacific Time (US & Canada)", "America/Los_Angeles"),
        ("Chennai", "Asia/Kolkata"),
        ("Nuku'alofa", "Pacific/Tongatapu"),
        ("Mexico City", "America/Mexico_City"),
        ("Atlantis", None),
        ("", None),
        ("../../etc/passwd", None),
    ],
)
def test_zones_are_known_by_their_city_and_by_their_names_in_lists(
    theirs: str, ours: str | None
) -> None:
    assert zone_of(theirs) == ours


def test_a_schedule_over_several_days_is_cut_at_midnight() -> None:
    whole_week = {"start_time": 0, "end_time": 7 * 1440}
    always, two = (
        asked("zendesk", {"schedules": [{"id": 7, "name": "x", "time_zone": "UTC", "intervals": [one]}]},
              {"holidays": []})[0]
        for one in (whole_week, {"start_time": 1980, "end_time": 3900})
    )  # fmt: skip
    assert "    hours: always" in written([always], TODAY)[0]
    assert two.week == (((540, 1440),), ((0, 1020),), (), (), (), (), ())


def test_intervals_and_holidays_that_cannot_be_are_left_out_and_told() -> None:
    odd = [
        {"start_time": 5, "end_time": 5},
        {"start_time": -1, "end_time": 9},
        {"start_time": "x"},
        None,
    ]
    good = {"start_time": 1980, "end_time": 2460}
    days = [{"name": "Long", "start_date": "2026-01-01", "end_date": "3026-01-01"}, {"name": "Odd"}]
    schedule = {"id": 7, "name": "x", "time_zone": "UTC", "intervals": [*odd, good]}
    (hours,) = asked("zendesk", {"schedules": [schedule]}, {"holidays": days})
    assert hours.week == (((540, 1020),), (), (), (), (), (), ())
    assert hours.closed == {}
    assert hours.lacks == ("a holiday could not be read: Long", "a holiday could not be read: Odd")


def test_who_may_not_see_them_hears_so() -> None:
    with pytest.raises(AuthError, match="the role is too small"):
        asked("zendesk", {"error": "Forbidden"}, status=403)


def test_names_are_made_fit_and_kept_apart_and_can_break_nothing() -> None:
    week = (((540, 1020),),) * 7
    names = ["Ob Śnieg!", "ob snieg", "x\n  evil: {}", "", "", "default"]
    found = [Hours(name=one, zone="UTC", week=week, closed={date(2027, 1, 1): "New\nYear: #1"})
             for one in names]  # fmt: skip
    lines, whole = written([*found, Hours(name="Main", zone="UTC", default=True, week=week)], TODAY)
    assert whole
    known = read("\n".join(lines))
    assert list(known) == [
        "default", "ob-snieg", "ob-snieg-2", "x-evil", "hours", "hours-2", "default-2",
    ]  # fmt: skip
    assert not known["ob-snieg"].is_open(datetime(2027, 1, 1, 12, tzinfo=UTC))
