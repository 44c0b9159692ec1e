"""Who goes first where not all can: the order of design, and within it the order in which things came."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from bridge.store import RANK, Event, Turn


class Rank(IntEnum):
    """What is wanted, the most pressing first."""

    ANSWER = 0  # an agent's words on their way to the customer
    URGENT = 1  # a new ticket of high or urgent priority
    OPEN = 2  # a new ticket, or words nobody has decided on yet
    UPDATE = 3  # customers' words for a ticket
    NOTE = 4  # our own private notes and tags
    NOTICE = 5  # what we say to customers by ourselves
    BACK = 6  # reading back what may have been missed


PRESSING = frozenset({"high", "urgent"})

# How much of what all spend each may use: the rest is left for those before them.
SHARES = {Rank.UPDATE: 0.98, Rank.NOTE: 0.92, Rank.NOTICE: 0.92, Rank.BACK: 0.5}


@dataclass(slots=True)
class Asker:
    """Who asks for leave: a lane, and its place among those that wait for the same."""

    lane: str = ""
    rank: Rank = Rank.ANSWER
    since: float = 0.0  # when the oldest of what it wants came, in seconds
    late: list[list[Any]] = field(default_factory=list)  # what it spent counts from its answer on

    @property
    def order(self) -> int:
        return self.rank * RANK + int(self.since * 1000)

    @property
    def share(self) -> float:
        return SHARES.get(self.rank, 1.0)

    def look(self, turn: Turn) -> None:
        """Take the place that belongs to what waits in *turn*."""
        rank = _rank(turn)
        if not (rank is Rank.OPEN and self.rank is Rank.URGENT):
            self.rank = rank
        self.since = min((one.at for one in _wanted(turn)), default=0.0) or time.time()

    def presses(self, priority: str | None) -> None:
        """What is wanted is a new ticket of this priority."""
        self.rank = Rank.URGENT if priority in PRESSING else Rank.OPEN


def _wanted(turn: Turn) -> list[Event]:
    """What is to be done; what waits for its time alone where there is nothing else."""
    now = [one for one in turn.events if one.fields.get("state") != "timer"]
    return now or list(turn.events)


def _rank(turn: Turn) -> Rank:
    kind = next((one.kind for one in _wanted(turn)), "")
    if turn.lane.startswith("out:"):
        return Rank.NOTICE if kind == "s" else Rank.ANSWER
    if turn.intent.get("kind") == "create" or not turn.room.get("ticket"):
        return Rank.OPEN
    return Rank.NOTE if kind in ("n", "t", "w", "g") else Rank.UPDATE
