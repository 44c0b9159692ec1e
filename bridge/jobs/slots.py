"""How many threads of a process may be busy with one connection: a slow one must not take them all."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bridge.core.errors import TransientError

SPARE = 4  # one thread in so many more than a connection may have is kept for the others
SHORTEST, LONGEST = 0.2, 30.0  # seconds after which somebody who found no slot asks again


def threads_for(slots: int) -> int:
    """The threads of a process in which each connection may have *slots* of them."""
    return slots + max(2, slots // SPARE)


@dataclass(slots=True)
class _Connection:
    taken: int = 0
    lasts: float = 0.05  # seconds for which a slot is held, a running mean
    begun: float = 0.0  # the moments at which those that are taken were, added up
    queue: float = 0.0  # when the last of those that were turned away comes again


class Slots:
    """The slots of each connection by name. Whoever finds none is told when to come again."""

    def __init__(self, each: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._each = each
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, _Connection] = defaultdict(_Connection)
        self._kept = threading.local()

    @contextmanager
    def one(self, connection: str) -> Iterator[None]:
        """Hold a slot of *connection* meanwhile; raises TransientError `busy` when none is free."""
        if connection in self._turns():
            yield
            return
        began = self._take(connection)
        try:
            yield
        finally:
            self._give_back(connection, began)

    def keep(self, connection: str) -> None:
        """Hold a slot of *connection* until this thread says `end`; raises as `one` does.

        A turn that has begun goes on: its second request must not stand in line behind other turns.
        """
        if connection not in self._turns():
            self._turns()[connection] = self._take(connection)

    def room(self, connections: Iterable[str]) -> dict[str, int]:
        """How many more may be busy with each of *connections*."""
        with self._lock:
            return {name: max(self._each - self._known[name].taken, 0) for name in connections}

    def end(self) -> None:
        """The turn of this thread is over."""
        for connection, began in self._turns().items():
            self._give_back(connection, began)
        self._turns().clear()

    def _turns(self) -> dict[str, float]:
        """What this thread keeps, and since when."""
        kept: dict[str, float] = self._kept.__dict__.setdefault("slots", {})
        return kept

    def _take(self, connection: str) -> float:
        with self._lock:
            self._need(connection)
            known, now = self._known[connection], self._clock()
            known.taken, known.begun = known.taken + 1, known.begun + now
        return now

    def _give_back(self, connection: str, began: float) -> None:
        with self._lock:
            known = self._known[connection]
            known.taken, known.begun = known.taken - 1, known.begun - began
            known.lasts += (self._clock() - began - known.lasts) / 8

    def _need(self, connection: str) -> None:
        """Those turned away come again one by one, half as fast again as they can be served.

        All at once they would take the threads that are kept for the others.
        """
        known, now = self._known[connection], self._clock()
        if known.taken < self._each:
            return
        # One that has just become slow is not known by what has ended, but by what does not end.
        lasts = max(known.lasts, now - known.begun / known.taken)
        known.queue = max(known.queue, now) + lasts / (1.5 * self._each)
        wait = min(max(known.queue - now, SHORTEST), LONGEST)
        error = TransientError("busy", f"{connection} is busy", retry_after=wait, limited=True)
        error.connection = connection
        raise error
