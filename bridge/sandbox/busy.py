"""How many calls each service answers at once, and the most it ever was: whether somebody comes in herds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Busy:
    """Counts of one sandbox, by system."""

    def __init__(self) -> None:
        self._now: Counter[str] = Counter()
        self._most: Counter[str] = Counter()

    @contextmanager
    def at(self, system: str) -> Iterator[None]:
        """A call to *system* is being answered meanwhile."""
        self._now[system] += 1
        self._most[system] = max(self._most[system], self._now[system])
        try:
            yield
        finally:
            self._now[system] -= 1

    def show(self) -> dict[str, dict[str, int]]:
        return {
            system: {"now": self._now[system], "most": self._most[system]} for system in self._most
        }

    def anew(self) -> None:
        """The most begins with what is being answered now."""
        self._most = +self._now
