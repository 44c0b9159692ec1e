"""What is muted, as a worker sees it: read again when it has changed, ended when its time is over.

The look at a lane says when the mutes last changed; a process that knows another moment reads them, once, and
not with each message. Its end is told where it was set: on the ticket, else by an alarm.
"""

from __future__ import annotations

import json
import logging
import threading
from datetime import datetime, timedelta

from bridge.core import telling
from bridge.core.facts import view
from bridge.core.model import Message
from bridge.core.mutes import Mute, Standing, mute_in, mute_out, told
from bridge.jobs.ingest import name_of
from bridge.jobs.room import DAY, OURS, Room, note_event
from bridge.store import Event, Store, Turn
from bridge.wiring import Bridge

log = logging.getLogger(__name__)

TOLD = 7 * DAY  # seconds the alarm stands that tells the end of a mute


class Book:
    """The mutes that one process knows."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._known = ""
        self._standing = Standing()

    def of(self, turn: Turn) -> Standing:
        """Those that stood at the look *turn*."""
        with self._lock:
            if turn.mutes != self._known:
                kept = self._store.mutes()
                self._known = kept.get("now", "")
                self._standing = Standing(read(kept))
            return self._standing


def read(kept: dict[str, str]) -> list[Mute]:
    """The mutes in *kept*, the next to end first."""
    found = (mute_in(name, text) for name, text in kept.items() if name != "now")
    return sorted((one for one in found if one is not None), key=lambda one: one.until)


def holding(mutes: Standing, event: Event, message: Message, now: datetime) -> Mute | None:
    """The mute that holds *message* back; None where none does, or where it speaks of danger."""
    if not mutes:
        return None
    for mute in mutes.hits(message, event.fields.get("pk", ""), event.connection, now):
        if mute.what == "phrase" or not view(message).get("safety"):
            return mute
    return None


def new(
    what: str, value: str, seconds: float, now: datetime, *, because: str = "", by: str = "",
    connection: str = "", people: tuple[str, ...] = (), room: str = "",
) -> Mute:  # fmt: skip
    """A mute from *now* on. What is muted again is the same mute, with another end."""
    return Mute(
        id=name_of("mute", what, connection, *(people or (value.strip().casefold(),)))[:8],
        what=what,
        value=told(value),
        since=now,
        until=now + timedelta(seconds=seconds),
        because=told(because),
        by=told(by),
        connection=connection,
        people=people,
        room=room,
    )


def of_room(store: Store, people: set[str]) -> list[Mute]:
    """The mutes that name one of *people*."""
    return [one for one in read(store.mutes()) if people.intersection(one.people)]


# --- the end ---------------------------------------------------------------------------------------


def end_those_over(bridge: Bridge, now: datetime) -> int:
    """End what is over at *now*, and tell it; returns how many. Harmless to repeat."""
    over = [one for one in read(bridge.store.mutes()) if one.until <= now]
    for mute in over:
        end(bridge.store, mute, now)
    return len(over)


def end(store: Store, mute: Mute, now: datetime, by: str = "") -> int:
    """End *mute* and tell it where it was set; returns how many messages it has held back.

    *by* is who ends it before its time, and learns the number at once.
    """
    many = store.muted().get(mute.id, 0)
    text = telling.mute_ended(mute, many, now, by)
    room = Room.read(mute.room, store.hash(f"r:{mute.room}")) if mute.room else None
    if room is not None and room.takes_notes:
        note = note_event(room, text, "mute", mute.id, mute_out(mute))
        row = {"st": room.id, "room": None, "state": "in_progress"}
        store.record("", OURS, [{**note, **row}])
    elif not by:
        store.alarm(f"mute:{mute.id}", text, TOLD)
    if not store.mute(mute.id, "", mute_out(mute)):
        log.info("the mute %s was set again while it ended", mute.id)
    return many


def shown(mute: Mute, many: int) -> dict[str, object]:
    """*mute* as `--json` prints it."""
    plain = json.loads(mute_out(mute))
    kept = ("what", "value", "since", "until", "because", "by", "connection")
    return {"id": mute.id, **{name: plain.get(name, "") for name in kept}, "muted": many}
