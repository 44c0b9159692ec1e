"""How often somebody may try a token: a few wrong ones a minute from one address.

Behind a proxy all callers have the proxy's address, and then share the few; who is signed in (the cookie cannot
be guessed) is never asked. Each process counts for itself, in memory.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from time import monotonic

MOST = 10
SECONDS = 60
ADDRESSES = 1000  # remembered at a time


class Guesses:
    """Wrong tokens of the last minute, by address."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._wrong: dict[str, deque[float]] = {}

    def too_many(self, address: str) -> bool:
        """Whether the next token from *address* is not even looked at."""
        with self._lock:
            return len(self._recent(address)) >= MOST

    def wrong(self, address: str) -> None:
        """One more from *address* was wrong."""
        with self._lock:
            times = self._recent(address)
            times.append(self._clock())
            self._wrong.pop(address, None)
            self._wrong[address] = times  # the newest last
            if len(self._wrong) > ADDRESSES:
                del self._wrong[next(iter(self._wrong))]

    def _recent(self, address: str) -> deque[float]:
        times = self._wrong.get(address, deque(maxlen=MOST))
        while times and times[0] <= self._clock() - SECONDS:
            times.popleft()
        return times
