"""The sandbox's own time, which can be moved forward and made faster."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime


class Clock:
    """Seconds since the epoch as the sandbox sees them. Windows, expiries and retries go by it."""

    def __init__(self) -> None:
        self.factor = 1.0
        self._base = self._mark = time.time()
        self._moved = asyncio.Event()

    def now(self) -> float:
        return self._base + (time.time() - self._mark) * self.factor

    def move(self, advance: float = 0.0, factor: float | None = None) -> None:
        """Jump by *advance* seconds and run at *factor* from now on; sleepers notice."""
        self._base, self._mark = self.now() + advance, time.time()
        if factor is not None:
            self.factor = factor
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def sleep(self, seconds: float) -> None:
        """Return when *seconds* of the sandbox's time have passed, also when it was moved."""
        until = self.now() + seconds
        while (left := until - self.now()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left / self.factor):
                    await self._moved.wait()


def stamp(seconds: float) -> str:
    """`2026-11-22T10:00:00Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def graph_stamp(seconds: float) -> str:
    """`2026-11-22T10:00:00+0000`, as the Graph API writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
