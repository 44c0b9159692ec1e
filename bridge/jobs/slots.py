"""How many threads of a process may be busy with one connection: a slow one must not take them all."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from bridge.core.errors import TransientError

SPARE = 4  # one thread in so many more than a connection may have is kept for the others
SHORTEST, LONGEST = 0.2, 30.0  # seconds after which somebody who found no slot asks again


def threads_for(slots: int) -> int:
    """The threads of a process in which each connection may have *slots* of them."""
    return slots + max(2, slots // SPARE)


class Slots:
    """The slots of each connection by name. Whoever finds none is told when to come again."""

    def __init__(self, each: int) -> None:
        self._each = each
        self._lock = threading.Lock()
        self._taken: dict[str, int] = defaultdict(int)
        self._turned_away: dict[str, int] = defaultdict(int)

    @contextmanager
    def one(self, connection: str) -> Iterator[None]:
        """Hold a slot of *connection* meanwhile; raises TransientError `busy` when none is free."""
        with self._lock:
            self._need(connection)
            self._taken[connection] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[connection] -= 1
                self._turned_away[connection] = max(self._turned_away[connection] - 1, 0)

    def ask(self, connection: str) -> None:
        """Raise TransientError `busy` when no slot of *connection* is free, before work is put into it."""
        with self._lock:
            self._need(connection)

    def _need(self, connection: str) -> None:
        """The more were turned away and not served since, the longer each waits.

        A long queue that asks again and again would take the threads that are kept for the others.
        """
        if self._taken[connection] < self._each:
            return
        self._turned_away[connection] += 1
        wait = min(SHORTEST + self._turned_away[connection] / self._each, LONGEST)
        error = TransientError("busy", f"{connection} is busy", retry_after=wait, limited=True)
        error.connection = connection
        raise error
