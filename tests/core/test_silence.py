"""What usually comes at an hour, and from when on a source is silent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.silence import FARTHEST, HOUR, WEEK, Quiet, hours, quiet, usual

NOW = 1_795_000_000.0 // HOUR * HOUR  # a full hour
LONG_AGO = NOW - 60 * 24 * HOUR


def weekly(each: int, *, weeks: int = 4) -> dict[int, int]:
    """So many events in every hour of the last weeks."""
    this = int(NOW // HOUR)
    return {this - back: each for back in range(1, WEEK * weeks + 200)}


def test_two_hours_bring_twice_what_one_brings() -> None:
    assert usual(weekly(10), LONG_AGO, NOW - 2 * HOUR, NOW) == 20
    assert usual(weekly(10), LONG_AGO, NOW - HOUR / 2, NOW) == 5


def test_an_hour_is_compared_with_the_same_hour_of_the_week_and_no_other() -> None:
    this = int(NOW // HOUR)
    counts = {this - 1 - WEEK * week: 30 for week in (1, 2, 3, 4)}
    assert usual(counts, LONG_AGO, NOW - HOUR, NOW) == 30
    assert usual(counts, LONG_AGO, NOW - 2 * HOUR, NOW - HOUR) == 0


def test_one_loud_week_is_not_usual_and_one_quiet_week_neither() -> None:
    this = int(NOW // HOUR)
    loud = {this - 1 - WEEK: 1000}
    assert usual(loud, LONG_AGO, NOW - HOUR, NOW) == 0
    quiet = {this - 1 - WEEK * week: 30 for week in (2, 3, 4)}
    assert usual(quiet, LONG_AGO, NOW - HOUR, NOW) == 30


def test_in_the_first_week_nothing_is_expected_of_anybody() -> None:
    assert usual(weekly(10, weeks=1), NOW - 5 * 24 * HOUR, NOW - 3 * HOUR, NOW) == 0
    assert usual(weekly(10, weeks=2), NOW - 9 * 24 * HOUR, NOW - 3 * HOUR, NOW) == 30


def test_weeks_before_a_source_was_heard_are_not_taken_for_quiet_ones() -> None:
    counts = {hour: n for hour, n in weekly(10).items() if hour > NOW // HOUR - 10 * 24}
    assert usual(counts, NOW - 10 * 24 * HOUR, NOW - HOUR, NOW) == 10


def test_a_silence_of_a_month_is_counted_for_a_week() -> None:
    assert usual(weekly(1), LONG_AGO, NOW - 30 * 24 * HOUR, NOW) <= FARTHEST / HOUR
    assert len(hours(NOW - 30 * 24 * HOUR, NOW)) <= 4 * WEEK


@given(st.floats(0, FARTHEST), st.integers(0, 50))
def test_the_hours_that_are_asked_for_are_all_that_are_needed(span: float, each: int) -> None:
    counts = weekly(each)
    asked = {hour: counts.get(hour, 0) for hour in hours(NOW - span, NOW)}
    assert usual(asked, LONG_AGO, NOW - span, NOW) == usual(counts, LONG_AGO, NOW - span, NOW)


# --- far less than usual -------------------------------------------------------------------------------


def lately(heard: int, usually: int = 60) -> dict[int, int]:
    """So many in each of the last 24 full hours, of a source that usually brings others."""
    return weekly(usually) | {int(NOW // HOUR) - back: heard for back in range(1, 25)}


@pytest.mark.parametrize(("heard", "begins", "over"), [
    (60, False, True), (30, False, True), (29, False, False), (13, False, False), (12, True, False),
    (1, True, False), (0, False, False),
])  # fmt: skip
def test_a_fifth_of_what_is_usual_is_quiet_and_half_of_it_is_not_any_more(
    heard: int, begins: bool, over: bool
) -> None:
    seen = quiet(lately(heard), LONG_AGO, 0, NOW, 30)
    assert seen == Quiet(1, heard, 60)
    assert (seen.begins, seen.is_over) == (begins, over)


def test_of_a_source_that_says_little_as_many_hours_are_looked_at_as_are_needed() -> None:
    assert quiet(lately(1, usually=8), LONG_AGO, 0, NOW, 30) == Quiet(4, 4, 32)
    assert quiet(lately(1, usually=1), LONG_AGO, 0, NOW, 30) is None  # a day is too little to tell


def test_the_hour_that_is_not_over_yet_says_nothing() -> None:
    assert quiet(lately(60), LONG_AGO, 0, NOW + HOUR * 0.9, 30) == Quiet(1, 60, 60)


def test_hours_in_which_nobody_was_there_to_hear_are_not_looked_at() -> None:
    assert quiet(lately(1), LONG_AGO, NOW - HOUR / 2, NOW, 30) is None
    assert quiet(lately(1, usually=8), LONG_AGO, NOW - 3 * HOUR, NOW, 30) is None
    assert quiet(lately(1, usually=8), LONG_AGO, NOW - 4 * HOUR, NOW, 30) is not None
