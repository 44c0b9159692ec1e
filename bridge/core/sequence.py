"""Things that came in another order than they were made in, put right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


def by_time(things: Sequence[T], when: Callable[[T], Any]) -> tuple[T, ...]:
    """*things* in the order of *when*; what has no time (None) stays behind all that it stood behind.

    A fixed place in the row would not do: what was made early and comes late moves the others by one, and so
    past whoever keeps still. Equal times keep their order.
    """
    first, timed, latest = list[T](), list[tuple[Any, T]](), None
    for one in things:
        at = when(one)
        if at is not None and (latest is None or latest < at):
            latest = at
        if latest is None:
            first.append(one)
        else:
            timed.append((latest if at is None else at, one))
    return (*first, *(one for _, one in sorted(timed, key=lambda pair: pair[0])))
