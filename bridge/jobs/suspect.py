"""Events that kill the worker that handles them, and those that only a newer release can read.

A lane is counted as taken by `claim`, and no more when something of it is finished or it is given back: what
is left of the count are deaths. Those who work beside a poisonous lane die with it, and in bad times workers die
of nothing in the lane, also while it only waits for its turn; so a lane that was there twice is worked alone in
its process and one event at a time, and only deaths at such work are charged: after five its event is put aside.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from bridge.core.stored import VERSION
from bridge.store import Turn

CRASHES: Final = (
    5  # times in a row that an event may crash or kill its worker before it is put aside
)
IN_COMPANY: Final = 2  # of the deaths may have been another lane's doing
CRASHED: Final = "crashed: "  # what the reason of a failure begins with that was no verdict
KINDS: Final = frozenset("munsritcwg")  # of events, as store.Event tells them
INTENTS: Final = frozenset({"create", "update", "post"})


def deaths(turn: Turn) -> int:
    """How often in a row somebody took this lane and was not heard of again."""
    return max(int(turn.tries.get("taken", "1")) - 1, 0)


def tried_alone(turn: Turn) -> int:
    """How often in a row somebody began to work this lane alone and was not heard of again."""
    return int(turn.tries.get("alone", "0"))


def is_suspect(turn: Turn) -> bool:
    """Whether the lane may be what workers die of."""
    return deaths(turn) >= IN_COMPANY


def narrowed(turn: Turn) -> Turn:
    """*turn*, or only its first event where one of several is poisonous: the innocent ones get past."""
    crashes = int(turn.tries.get("n", "0")) if turn.tries.get("why", "").startswith(CRASHED) else 0
    if max(crashes, deaths(turn)) < IN_COMPANY or not turn.lane.startswith("in:"):
        return turn
    return replace(turn, events=turn.events[:1])


def newer(turn: Turn) -> str:
    """What a newer release has stored here, in words; empty where we can read all of it."""
    versions = [turn.intent.get("v"), turn.room.get("v")]
    versions += [value for one in turn.events for value in (one.fields.get("v"), one.doc.get("v"))]
    latest = max((int(value) for value in versions if value), default=VERSION)
    if latest > VERSION:
        return f"version {latest}"
    strange = [one.kind for one in turn.events if one.kind not in KINDS]
    if (write := turn.intent.get("kind", "create")) not in INTENTS:
        strange.append(write)
    # A damaged name is no news from a newer release: it fails by itself, and dies alone.
    return next((f"kind {one}" for one in strange if one.isascii() and one.islower()), "")


class Company:
    """Lets many lanes be worked side by side, or one suspect alone."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._beside = self._waiting = 0
        self._alone = False

    @contextmanager
    def of(self, suspect: bool) -> Iterator[None]:
        """Be in the company that is fit; waits until the others are gone, or the suspect is."""
        with self._changed:
            if suspect:
                self._waiting += 1
                self._changed.wait_for(lambda: not self._alone and not self._beside)
                self._waiting -= 1
                self._alone = True
            else:
                self._changed.wait_for(lambda: not self._alone and not self._waiting)
                self._beside += 1
        try:
            yield
        finally:
            with self._changed:
                if suspect:
                    self._alone = False
                else:
                    self._beside -= 1
                self._changed.notify_all()
