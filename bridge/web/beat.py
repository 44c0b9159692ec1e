"""The web process' sign of life: what tells, after an absence, that something may have been missed.

`open` holds since when a web process has been up and when it was last seen. Several processes write the same
key; a rolling restart leaves no gap in it. After a longer one every connection is read back
(docs/gaps.md), for platforms give up on a door that stays shut.
"""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime

from bridge.core.errors import BridgeError
from bridge.wiring import Bridge

log = logging.getLogger("bridge.web")

BEAT = 5.0  # seconds at most; several in the time that makes an absence
KEPT = 90 * 86400.0  # seconds; a longer absence is a new beginning
WEEK = 7 * 86400.0


class Beat(threading.Thread):
    """Beats while the process lives; a Redis that is away makes a gap like any other absence."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(name="beat", daemon=True)
        self.bridge = bridge
        self.ended = threading.Event()

    def run(self) -> None:
        away, every = False, min(BEAT, self.bridge.settings.absence_seconds / 4)
        while True:
            try:
                beat(self.bridge)
                away = False
            except BridgeError as error:
                if not away:
                    log.warning("no sign of life could be given: %s", error)
                away = True
            if self.ended.wait(every):
                return


def beat(bridge: Bridge) -> None:
    """Give a sign of life; where the last one is too old, have all connections read back from then on."""
    store, now = bridge.store, bridge.now().timestamp()
    since, _, last = (store.get("open") or "").partition(" ")
    gap = now - float(last) if last else 0.0
    if gap > bridge.settings.absence_seconds:
        told = datetime.fromtimestamp(float(last), UTC)
        log.warning("nobody was here since %s: what was missed is read back", told.isoformat())
        for name in bridge.config.connections:
            store.put(f"asked:{name}", told.isoformat(), WEEK)
        since = ""
    store.put("open", f"{since or now} {now}", KEPT)
