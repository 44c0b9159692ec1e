"""Rate limits: so many in so many seconds, counted from the first call of a window."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.sandbox.clock import Clock


@dataclass(slots=True)
class Spent:
    """Where a budget stands after a call; `reset` is in seconds."""

    total: int
    remaining: int
    reset: int
    refused: bool

    def header(self) -> str:
        """As Zendesk writes it: `total=30; remaining=29; resets=468`."""
        return f"total={self.total}; remaining={self.remaining}; resets={self.reset}"

    def percent(self) -> int:
        return round(100 * (self.total - self.remaining) / max(1, self.total))


class Limits:
    """Counters by name. A refused call does not count."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[str, tuple[float, int]] = {}

    def take(self, name: str, total: int, seconds: float, cost: int = 1) -> Spent:
        now = self._clock.now()
        start, count = self._windows.get(name, (now, 0))
        if now - start >= seconds:
            start, count = now, 0
        reset = max(1, round(start + seconds - now))
        if count + cost > total:
            return Spent(total, max(0, total - count), reset, True)
        self._windows[name] = (start, count + cost)
        return Spent(total, total - count - cost, reset, False)

    def clear(self) -> None:
        self._windows.clear()
