"""Budgets of requests, and what answers tell of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Budget(NamedTuple):
    """So many requests in so many seconds. `shared` where several conversations spend it."""

    name: str
    limit: int
    seconds: float
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an answer says of one budget; None is what it does not say.

    `percent` is how much of it is used, where the provider counts by a measure of its own; `reset` are
    the seconds until it is whole again.
    """

    total: int | None = None
    left: int | None = None
    percent: float | None = None
    reset: float | None = None


Limits = Mapping[str, tuple[int, float]]  # budget -> (count, seconds)
Headers = Mapping[str, str]


def sixtieth(seconds: float) -> int:
    """A sixtieth of a window, in ms: by so much time its requests are counted together (lua/prelude.lua)."""
    return max(int(seconds * 1000) // 60, 1)


def kind(budget: str) -> str:
    """The budget that a name such as `ticket:7` is one of: `ticket`."""
    return budget.partition(":")[0]
