"""Words that a person hears once in a while, wherever they write."""

from __future__ import annotations

from bridge.jobs.room import Room
from bridge.jobs.turn import Hand
from bridge.store import Event


def first(hand: Hand, room: Room, event: Event) -> bool:
    """Whether the words that *event* asks for may be said to this person now; then nobody else may.

    Asked again for the same event it says the same.
    """
    seconds = event.doc.get("once")
    return not seconds or hand.bridge.store.take(_key(room, event), event.id, seconds)


def forget(hand: Hand, room: Room, event: Event) -> None:
    """The words of *event* did not reach the person: they are still to hear them."""
    if event.doc.get("once"):
        hand.bridge.store.give_back(_key(room, event), event.id)


def _key(room: Room, event: Event) -> str:
    return f"once:{event.doc.get('who') or room.id}:{event.doc['reply']}"
