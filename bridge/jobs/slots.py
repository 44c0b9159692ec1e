"""How many threads of a process may be busy with one connection: a slow one must not take them all."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from bridge.core.errors import TransientError

SPARE = 4  # one thread in so many more than a connection may have is kept for the others
AGAIN = 1.0  # seconds after which somebody who found no slot, and stands in no line, asks again


def threads_for(slots: int) -> int:
    """The threads of a process in which each connection may have *slots* of them."""
    return slots + max(2, slots // SPARE)


class Slots:
    """The slots of each connection by name. Whoever finds none stands in line for one."""

    def __init__(self, each: int) -> None:
        self._each = each
        self._lock = threading.Lock()
        self._used: Counter[str] = Counter()
        self._kept = threading.local()

    @contextmanager
    def one(self, connection: str) -> Iterator[None]:
        """Hold a slot of *connection* meanwhile; raises TransientError `busy` when none is free."""
        if connection in self._turns():
            yield
            return
        self._take(connection)
        try:
            yield
        finally:
            self._give_back(connection)

    def keep(self, connection: str) -> None:
        """Hold a slot of *connection* until this thread says `end`; raises as `one` does.

        A turn that has begun goes on: its second request must not stand in line behind other turns.
        """
        if connection not in self._turns():
            self._take(connection)
            self._turns().add(connection)

    def taken(self, connection: str) -> str:
        """*connection*, with a slot of it taken for the thread that will `have` it; '' where none is free."""
        try:
            if connection:
                self._take(connection)
        except TransientError:
            return ""
        return connection

    def have(self, connection: str) -> None:
        """The slot that was taken of *connection* is this thread's until it says `end`."""
        if connection:
            self._turns().add(connection)

    def room(self, connections: Iterable[str]) -> dict[str, int]:
        """How many more may be busy with each of *connections*."""
        with self._lock:
            return {name: self._each - self._used[name] for name in connections}

    def end(self) -> None:
        """The turn of this thread is over."""
        for connection in self._turns():
            self._give_back(connection)
        self._turns().clear()

    def _turns(self) -> set[str]:
        """What this thread keeps."""
        kept: set[str] = self._kept.__dict__.setdefault("slots", set())
        return kept

    def _take(self, connection: str) -> None:
        with self._lock:
            if self._used[connection] < self._each:
                self._used[connection] += 1
                return
        error = TransientError("busy", f"{connection} is busy", retry_after=AGAIN, limited=True)
        error.connection = error.line = connection
        raise error

    def _give_back(self, connection: str) -> None:
        with self._lock:
            self._used[connection] -= 1
