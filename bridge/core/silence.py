"""Whether a source is quieter than it usually is at this hour of the week.

Learned from how much came in the same hour of the last weeks; hours are numbers, seconds since 1970
through 3,600. The lower median of the weeks is taken, so that one loud campaign makes no alarm a week
later, and what was never seen is expected of nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median_low
from typing import Final

HOUR = 3600.0
WEEK = 168  # hours
WEEKS = 4
FARTHEST = 7 * 24 * HOUR  # seconds of silence that are looked at
LOOKED: Final = 24  # full hours in which a source may be found quiet
FEW: Final = 5  # times fewer events than usual are quiet; half as many are not any more
MANY: Final = (
    3  # times as many as for a silence must be usual, before a few can be told from chance
)


@dataclass(frozen=True, slots=True)
class Quiet:
    """How much came in the last full hours, and how much usually does."""

    hours: int
    heard: int
    usual: float

    @property
    def begins(self) -> bool:
        """Whether it is worth an alarm. Of a source of which nothing at all comes the silence is one."""
        return 0 < self.heard * FEW <= self.usual

    @property
    def is_over(self) -> bool:
        return self.heard * 2 >= self.usual


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


def quiet(
    counts: Mapping[int, int], first: float, since: float, now: float, least: float
) -> Quiet | None:
    """The last full hours, as few as usually bring *least* events; None where no day since *since* does."""
    this = int(now // HOUR)
    for back in range(1, LOOKED + 1):
        start = this - back
        if start * HOUR < since:
            break
        if (much := usual(counts, first, start * HOUR, this * HOUR)) >= least:
            return Quiet(back, sum(counts.get(hour, 0) for hour in range(start, this)), much)
    return None


def _parts(start: float, end: float) -> Iterable[tuple[int, float]]:
    """The hours between two times, each with how much of it lies between them."""
    start = max(start, end - FARTHEST)
    for hour in range(int(start // HOUR), int(end // HOUR) + 1):
        part = (min(end, (hour + 1) * HOUR) - max(start, hour * HOUR)) / HOUR
        if part > 0:
            yield hour, part


def _weeks() -> range:
    return range(1, WEEKS + 1)
