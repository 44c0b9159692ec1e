"""When somebody is there again, as each language says it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bridge.core.calendars import ALWAYS, Calendar
from bridge.core.opening import LANGUAGES, LONGEST, teller, told

WARSAW = ZoneInfo("Europe/Warsaw")
NOW = datetime(2026, 12, 18, 18, 30, tzinfo=WARSAW)  # a Friday


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=WARSAW)


@pytest.mark.parametrize(
    ("opens", "language", "words"),
    [
        ("2026-12-18 22:00", "en", "today at 22:00"),
        ("2026-12-19 09:00", "en", "tomorrow at 9:00"),
        ("2026-12-21 09:05", "en", "on Monday at 9:05"),
        ("2026-12-28 09:00", "en", "on Monday, 28 December, at 9:00"),
        ("2026-12-18 22:00", "pl", "dziś o 22:00"),
        ("2026-12-19 09:00", "pl", "jutro o 9:00"),
        ("2026-12-22 09:00", "pl", "we wtorek o 9:00"),
        ("2027-01-04 09:00", "pl", "w poniedziałek, 4 stycznia, o 9:00"),
        ("2026-12-19 09:00", "de", "morgen um 9:00 Uhr"),
        ("2027-03-01 08:30", "de", "am Montag, dem 1. März, um 8:30 Uhr"),
        ("2026-12-21 09:00", "fr", "lundi à 9h00"),
        ("2027-01-01 09:00", "fr", "vendredi 1er janvier à 9h00"),
        ("2026-12-19 09:00", "es", "mañana a las 9:00"),
        ("2026-12-24 01:00", "es", "el jueves a la 1:00"),
        ("2026-12-28 09:00", "es", "el lunes 28 de diciembre a las 9:00"),
        ("2026-12-28 09:00", "cs", "2026-12-28 09:00"),
        ("2026-12-19 09:00", "pl-pl", "jutro o 9:00"),
    ],
)
def test_a_time_is_told_as_one_says_it(opens: str, language: str, words: str) -> None:
    assert told(at(opens), NOW, WARSAW, language) == words


def test_days_are_those_of_the_calendars_zone() -> None:
    late = datetime(2026, 12, 18, 23, 30, tzinfo=UTC)  # already Saturday in Warsaw
    assert told(at("2026-12-19 09:00"), late, WARSAW, "en") == "today at 9:00"
    assert told(at("2026-12-19 09:00"), late, UTC, "en") == "tomorrow at 8:00"


def test_no_time_is_longer_than_reckoned_with() -> None:
    days = [NOW + timedelta(days=number, hours=4) for number in range(400)]
    longest = max(len(told(day, NOW, WARSAW, one)) for day in days for one in LANGUAGES)
    assert 30 < longest <= LONGEST


def test_while_somebody_is_there_nothing_is_told() -> None:
    office = Calendar(zone=WARSAW, week=(((540, 1020),),) * 5 + ((), ()))
    tells = teller(office, NOW.astimezone(UTC))
    assert tells is not None
    assert tells("en") == "on Monday at 9:00"
    assert teller(office, at("2026-12-18 12:00")) is None
    assert teller(ALWAYS, NOW) is None
    assert {"en", "pl", "de", "fr", "es"} == LANGUAGES
