"""One thread of a worker that looks after what nobody tells: gaps to be read back, sources that are silent.

Any worker may do it, one at a time for each connection. Doing it twice would only cost the calls.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta
from secrets import token_hex

from bridge.core.errors import BridgeError
from bridge.core.model import Connection
from bridge.core.stored import moment_in, moment_out
from bridge.jobs import digests, erasing, mutes, notify, silence
from bridge.jobs.gaps import (
    Found,
    State,
    keep_state,
    read_back,
    readable,
    since_of,
    state_of,
    stepped,
)
from bridge.jobs.hearing import EARS
from bridge.jobs.outside import Outside
from bridge.jobs.room import DAY
from bridge.wiring import Bridge

log = logging.getLogger(__name__)

TICK = 2.0  # seconds between two looks whether something is due
TURN = 600.0  # seconds for which one worker may read a connection back, alone
BEHIND = 5.0  # seconds that deliveries may wait: what they tell must not be called late
MINUTE = 60.0  # between two looks for silence, and for mutes that are over


def ask(bridge: Bridge, name: str, since: datetime | None = None) -> None:
    """Have the connection *name* read back soon, from *since* on where that is earlier than we know."""
    bridge.store.put(f"asked:{name}", moment_out(since) or "-", 7 * DAY)


class Watch(threading.Thread):
    """Writes down what was heard, reads back what is due, and listens for silence."""

    def __init__(self, bridge: Bridge, outside: Outside) -> None:
        super().__init__(name="watch", daemon=True)
        self.bridge, self.outside = bridge, outside
        self.ended = threading.Event()

    def run(self) -> None:
        away = ""
        while not self.ended.wait(TICK):
            try:
                self.look()
                away = ""
            except BridgeError as error:
                if error.detail != away:
                    log.warning("the watch could not look: %s", error)
                away = error.detail
            except Exception:  # a bug must not end it for good
                log.exception("the watch failed")

    def look(self) -> None:
        """Do all that is due now."""
        bridge = self.bridge
        EARS.write(bridge.store, bridge.now().timestamp())
        for connection in bridge.config.connections.values():
            if readable(bridge, connection) and not self.ended.is_set():
                self._read(connection)
        if not bridge.store.take("listening", token_hex(8), MINUTE):
            return
        mutes.end_those_over(bridge, bridge.now())
        notify.tell(bridge)
        digests.send(bridge, bridge.now())
        if bridge.settings.silence_events:
            silence.listen(bridge, self.outside, lambda name, at: ask(bridge, name, at))
        erasing.do_requests(bridge, bridge.now())  # the last, because it may take its time

    def _read(self, connection: Connection) -> None:
        """Read *connection* back, if it is due and nobody else is at it."""
        store, name = self.bridge.store, connection.name
        asked, state = store.get(f"asked:{name}"), state_of(self.bridge, name)
        now = self.bridge.now()
        if state.to is None and asked is None:
            # What was there before us is nobody's gap.
            keep_state(self.bridge, name, first(self.bridge, now))
            return
        due = state.due is not None and state.due <= now
        if asked is None and not due:
            return
        if store.down(name) or store.overdue()["deliveries"] > BEHIND:
            return  # later: it is paused or does not answer, or has more to tell by itself
        if not store.take(f"reading:{name}", self.bridge.owner, TURN):
            return
        try:
            if asked is not None:
                # Due before it is no longer asked for: whoever dies here leaves it to the next one.
                state.to = earliest(state.to or now, moment_in(asked.strip("-")))
                state.due = now
                keep_state(self.bridge, name, state)
                store.forget(f"asked:{name}")
            reconcile(self.bridge, self.outside, connection, asked=asked is not None)
        finally:
            store.give_back(f"reading:{name}", self.bridge.owner)


def first(bridge: Bridge, now: datetime) -> State:
    """The state of a connection that was never read: from now on."""
    minutes = bridge.settings.reconcile_minutes
    return State(to=now, due=now + timedelta(minutes=minutes) if minutes else None)


def earliest(known: datetime, wanted: datetime | None) -> datetime:
    return min(known, wanted) if wanted else known


def reconcile(
    bridge: Bridge, outside: Outside, connection: Connection, wanted: datetime | None = None,
    asked: bool = True,
) -> Found:  # fmt: skip
    """Read *connection* back from where we stopped, or from *wanted*, and keep in mind how far we are."""
    now, name = bridge.now(), connection.name
    state = state_of(bridge, name)
    found = read_back(bridge, outside, connection, since_of(bridge, state, wanted, now), now)
    keep_state(bridge, name, stepped(bridge, state, found, now, asked))
    if found.cut:
        told = f"{name}: more was said than can be read back ({'; '.join(found.cut)}); look there"
        bridge.store.alarm(f"gap:{name}", told, DAY)
    if found.new or found.tickets or state.follows or asked:
        young = "; what is younger is left to its webhook" if found.fresh else ""
        told = "%s: read back %s events, %s tickets to look at%s"
        log.info(told, name, found.new, found.tickets, young)
    for error in found.errors:
        log.warning("%s could not be read back: %s", name, error)
    return found
