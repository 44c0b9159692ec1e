"""Whether a source is quieter than it usually is at this hour of the week.

Learned from how much came in the same hour of the last weeks; hours are numbers, seconds since 1970
through 3,600. The lower median of the weeks is taken, so that one loud campaign makes no alarm a week
later, and what was never seen is expected of nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median_low

HOUR = 3600.0
WEEK = 168  # hours
WEEKS = 4
FARTHEST = 7 * 24 * HOUR  # seconds of silence that are looked at


def hours(start: float, end: float) -> list[int]:
    """The hours whose counts are needed to tell what usually comes between two times."""
    return sorted({hour - WEEK * week for hour, _ in _parts(start, end) for week in _weeks()})


def usual(counts: Mapping[int, int], first: float, start: float, end: float) -> float:
    """How many events usually come between two times, by *counts* of earlier hours.

    *first* is when the source was heard for the first time: of weeks before nothing is known. 0 where
    no week is known.
    """
    known = int(first // HOUR) + 1  # the first hour that was heard in full
    total = 0.0
    for hour, part in _parts(start, end):
        weeks = [hour - WEEK * week for week in _weeks()]
        heard = [counts.get(one, 0) for one in weeks if one >= known]
        total += part * (median_low(heard) if heard else 0)
    return total


def _parts(start: float, end: float) -> Iterable[tuple[int, float]]:
    """The hours between two times, each with how much of it lies between them."""
    start = max(start, end - FARTHEST)
    for hour in range(int(start // HOUR), int(end // HOUR) + 1):
        part = (min(end, (hour + 1) * HOUR) - max(start, hour * HOUR)) / HOUR
        if part > 0:
            yield hour, part


def _weeks() -> range:
    return range(1, WEEKS + 1)
