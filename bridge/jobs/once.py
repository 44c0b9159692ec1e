"""Words that a person hears once in a while, wherever they write: each text, and any that has a cooldown."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.jobs.room import Room
from bridge.jobs.turn import Hand
from bridge.store import Event


def first(hand: Hand, room: Room, event: Event) -> bool:
    """Whether the words that *event* asks for may be said to this person now; then nobody else may.

    Asked again for the same event it says the same.
    """
    taken: list[str] = []
    for key, seconds in _keys(room, event):
        if not hand.bridge.store.take(key, event.id, seconds):
            for one in taken:
                hand.bridge.store.give_back(one, event.id)
            return False
        taken.append(key)
    return True


def forget(hand: Hand, room: Room, event: Event) -> None:
    """The words of *event* did not reach the person: they are still to hear them."""
    for key, _ in _keys(room, event):
        hand.bridge.store.give_back(key, event.id)


def marks(room: Room, event: Event) -> list[tuple[str, str, int]]:
    """What remembers that the words of *event* were said: also of those that were refused, forgotten, and said after all."""
    return [(key, event.id, seconds) for key, seconds in _keys(room, event)]


def _keys(room: Room, event: Event) -> Iterator[tuple[str, int]]:
    """What *event* has to be the first at, and for how many seconds."""
    who = event.doc.get("who") or room.id
    if seconds := event.doc.get("cooldown"):
        yield f"cooldown:{who}", seconds
    if seconds := event.doc.get("once"):
        yield f"once:{who}:{event.doc['reply']}", seconds
