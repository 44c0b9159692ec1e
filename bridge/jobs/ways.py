"""How a customer can be answered at this moment, and until when: for notes, and before a window closes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from bridge.channels.base import Channel, Voice
from bridge.core import compose
from bridge.core.model import Visibility
from bridge.core.stored import moment_in
from bridge.jobs.room import Room
from bridge.jobs.turn import Hand


def voices(
    hand: Hand, room: Room, place: dict[str, Any]
) -> Iterator[tuple[Channel, Visibility, Voice]]:
    """The ways of speaking that what was said at *place* has."""
    channel = hand.bridge.channel(place["channel"])
    account = room.account(hand.bridge.config.connections.get(room.facts.get("c", "")), place)
    public = place.get("visibility") == Visibility.PUBLIC
    for visibility in (Visibility.PUBLIC, Visibility.PRIVATE) if public else (Visibility.PRIVATE,):
        voice = channel.voice(visibility, place.get("answer") or {}, account)
        if voice is not None and voice.possible:
            yield channel, visibility, voice


def ways(hand: Hand, room: Room) -> list[str]:
    """How the customer can be answered now, a sentence a way, with the end of its time."""
    return [*answers(hand, room), *templates(hand, room)]


def answers(hand: Hand, room: Room, *, closed: bool = False) -> list[str]:
    """The ways that answers go; *closed*: the platform has just said that the time for them is over."""
    found = [
        _way(hand, room, place, channel, visibility, voice)
        for place in room.places.values()
        for channel, visibility, voice in voices(hand, room, place)
        if not (closed and voice.capabilities.window)
    ]
    return list(dict.fromkeys(filter(None, found)))


def templates(hand: Hand, room: Room) -> list[str]:
    """The channels that have approved messages, for which no time is ever over."""
    found = [hand.bridge.channel(place["channel"]) for place in room.places.values()]
    named = dict.fromkeys(one.label or one.name for one in found if one.template is not None)
    return [
        f"an approved template on {name}, at any time (private note: /template NAME)"
        for name in named
    ]


def _way(
    hand: Hand, room: Room, place: dict[str, Any], channel: Channel, visibility: Visibility,
    voice: Voice,
) -> str | None:  # fmt: skip
    last, now, allows = moment_in(place.get("last_in")), hand.bridge.now(), voice.capabilities
    allowed = compose.window(
        allows, now=now, last_in=last, item_at=last, human=True, used=room.used(place)
    )
    if not allowed.allowed:
        return None
    one = "one " if allows.once else ""
    sentence = f"{one}{visibility} answer on {channel.label or channel.name}"
    people, machines = compose.ends(allows, last, human=True), compose.ends(allows, last)
    if people is None:
        return sentence
    sentence = f"{sentence} until {_shown(people)}"
    if not allows.automatic or machines is None or machines == people:
        return sentence
    if machines > now:
        return f"{sentence} (automatic messages until {_shown(machines)})"
    return f"{sentence} (written by a person)"


def _shown(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
