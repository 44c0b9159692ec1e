"""The ground truth: what became true and what was refused, in order; and a counter to wait on."""

from __future__ import annotations

import asyncio
from typing import Any

from bridge.sandbox.clock import Clock, stamp


class Record:
    """An append-only list of entries (docs/sandbox.md), and `change`, which counts every change."""

    def __init__(self, clock: Clock) -> None:
        self.entries: list[dict[str, Any]] = []
        self.change = 0
        self._clock = clock
        self._changed = asyncio.Event()

    @property
    def seq(self) -> int:
        return len(self.entries)

    def add(
        self, system: str, what: str, by: str, text: str | None = None, **facts: Any
    ) -> dict[str, Any]:
        entry = {
            "seq": len(self.entries) + 1, "at": stamp(self._clock.now()), "system": system,
            "what": what, "by": by, "text": text, **facts,
        }  # fmt: skip
        self.entries.append(entry)
        self.touch()
        return entry

    def touch(self) -> None:
        """Say that something changed, to whoever waits."""
        self.change += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def wait(self, since: int, seconds: float) -> None:
        """Return when `change` is above *since*, or after *seconds*."""
        if self.change > since:
            return
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return
