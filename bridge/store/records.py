"""What the journal is asked and what it answers, as records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from bridge.core.limits import Budget
from bridge.core.stored import doc_in

RANK: Final = 10**13  # a place in line is the rank of what is wanted, then the ms since when
_LISTS: Final = (
    "events", "touch", "says", "push", "cheer", "set", "tally", "wake", "mutes", "crowds", "late",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """A delivery taken for reading. `tries` counts the times somebody took it.

    `damaged`: it is not as it was kept, and what is left of it cannot be read.
    """

    id: str
    tries: int
    connection: str
    source: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    damaged: bool = False


class Taken(str):
    """The name of a lane that was taken, and the connection that it is about to ask, where that is known.

    `seen`: what lua/look.lua showed of it, to be read by whoever has the turn; empty where it has to look.
    """

    __slots__ = ("asks", "seen")
    asks: str
    seen: Sequence[Any]

    def __new__(cls, name: str, asks: str = "", seen: Sequence[Any] = ()) -> Taken:
        taken = super().__new__(cls, name)
        taken.asks, taken.seen = asks, seen
        return taken

    def look(self) -> Turn | None:
        """How the lane stood when it was taken; None where that was not shown."""
        return turn_of(self, self.split(":", 1)[1], self.seen) if self.seen else None


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a lane. `says` are the facts known of the message it is about."""

    id: str
    connection: str
    at: float
    # m: message, u: ticket update, n: note, s: said by us, r: report, i: identity, t: tag, c: crowd,
    # w: step for who waits, g: another group
    kind: str
    doc: dict[str, Any]
    fields: Mapping[str, str]
    says: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Turn:
    """All that one look at a lane shows: what waits, the write under way, the room as it is now."""

    lane: str
    room_id: str
    events: tuple[Event, ...]
    intent: Mapping[str, str]
    tries: Mapping[str, str]
    room: Mapping[str, str]
    other_intent: Mapping[str, str]
    paused: str = ""  # the paused connection for which this lane rests
    version: str = ""  # of the rules in force
    mutes: str = ""  # when they last changed
    shut: str = ""  # why the platform that this room talks on is closed: auth, paused or outage
    spikes: Mapping[str, str] = field(default_factory=dict)  # incidents that last, by their crowd


@dataclass(slots=True)
class Orders:
    """What a turn did, to be written down at once; see lua/settle.lua."""

    lane: str
    room: str
    events: list[dict[str, Any]] = field(default_factory=list)
    touch: list[dict[str, Any]] = field(default_factory=list)
    intent: Mapping[str, str] | str | None = None
    facts: dict[str, str] = field(default_factory=dict)
    says: list[dict[str, Any]] = field(default_factory=list)
    set: list[tuple[str, str, int] | tuple[str, str, int, bool]] = field(default_factory=list)
    mutes: list[tuple[str, str]] = field(default_factory=list)
    tally: list[tuple[str, str, int]] = field(default_factory=list)
    push: list[dict[str, Any]] = field(default_factory=list)
    tries: Mapping[str, str] | str | None = None
    cheer: list[str] = field(default_factory=list)
    wake: list[str] = field(default_factory=list)
    crowds: list[dict[str, Any]] = field(default_factory=list)
    late: list[list[Any]] = field(default_factory=list)
    again: int | None = None
    rests: bool = False
    busy: bool = False  # it waits for a connection of which only this worker had no more room
    waits: str = ""  # the line to stand in: a connection, or `connection budget`
    order: int = 0  # the place in it

    def plain(self) -> dict[str, Any]:
        out: dict[str, Any] = {"lane": self.lane, "room": self.room}
        for name in _LISTS:
            if value := getattr(self, name):
                out[name] = value
        for name in ("intent", "tries"):
            value = getattr(self, name)
            if value is not None:
                out[name] = value if isinstance(value, str) else flat(value)
        if self.facts:
            out["facts"] = flat(self.facts)
        if self.again is not None:
            out["again"] = self.again
            out["waits"], out["order"] = self.waits, self.order
            out["rests"], out["busy"] = self.rests, self.busy
        return out


@dataclass(frozen=True, slots=True)
class Leave:
    """What `gate` answers: no wait, or how long and for what, and the line to stand in meanwhile.

    `why` is `try` for whoever may try a closed connection. `left` of each budget, in the order asked.
    """

    wait: float
    why: str = ""
    line: str = ""
    others: int = 0  # requests of others that are counted against the budgets
    at: int = field(default=0, compare=False)  # when it was given, in ms of Redis' clock
    left: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Lanes that wait for a connection (`budget` is empty) or one of its budgets."""

    connection: str
    budget: str
    lanes: int
    oldest: float  # seconds since what the first one wants came


def asking(connection: str, budgets: Iterable[Budget], lane: str, order: int) -> list[Any]:
    """Who asks for leave to spend of which budgets, as lua/leave.lua takes it."""
    asked: list[Any] = [connection, lane, order]
    for one in budgets:
        asked += [one.name, one.limit, int(one.seconds * 1000), "1" if one.shared else ""]
    return asked


def leave_of(row: Sequence[Any]) -> Leave:
    """What lua/leave.lua answered, as a record."""
    wait, why, *rest = row
    if wait:
        return Leave(int(wait) / 1000, why.decode(), rest[0].decode())
    others, at, *left = (int(one) for one in rest)
    return Leave(0.0, why.decode(), others=others, at=at, left=tuple(left))


def flat(fields: Mapping[str, str]) -> list[str]:
    """`{a: 1}` as `[a, 1]`, the way HSET takes it."""
    return [part for pair in fields.items() for part in pair]


def turn_of(lane: str, room_id: str, rows: Sequence[Any]) -> Turn:
    """What lua/look.lua returned, as a record."""
    events = []
    for eid, says, fields in rows[0]:
        known = _pairs(fields)
        events.append(
            Event(
                eid.decode(), known.get("c", ""), float(known.get("at", 0)) / 1000,
                known.get("k", ""), doc_in(known.get("doc")), known, _pairs(says),
            )
        )  # fmt: skip
    intent, tries, room, other = (_pairs(row) for row in rows[1:5])
    paused, version, mutes, shut = (row.decode() for row in rows[5:9])
    return Turn(
        lane, room_id, tuple(events), intent, tries, room, other, paused, version, mutes, shut,
        _pairs(rows[9]),
    )  # fmt: skip


def _pairs(row: Sequence[bytes]) -> dict[str, str]:
    words = [part.decode("utf-8", "replace") for part in row]
    return dict(zip(words[::2], words[1::2], strict=True))
