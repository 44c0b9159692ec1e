"""The envelope all Meta webhooks share: a list of entries, each with several lists of items.

Up to 1,000 updates come in one POST, for several accounts, `changes` beside `messaging` beside
`standby`: everything is walked. Source: facts collected from Meta's "Webhooks - Get Started", read
2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bridge.channels.other import broken, other, word
from bridge.core.model import Message
from bridge.core.untrusted import Broken, ident, items, mapping, moment


@dataclass(frozen=True, slots=True)
class Entry:
    """The account an item belongs to, and when the notification was sent."""

    account_id: str | None
    at: datetime | None


# Reads one item, which may hold several events; raises Broken for one that cannot be understood.
Reader = Callable[[Entry, Mapping[str, Any]], Message | Sequence[Message]]


@dataclass(frozen=True, slots=True)
class Readers:
    """Who reads the lists of an object's entries, by the list's name, and where nothing else says.

    `test` is the entry's id that the dashboard's "Test" button sends.
    """

    channel: str
    lists: Mapping[str, Reader]
    test: str | None = "0"


@dataclass(frozen=True, slots=True)
class Family:
    """All envelopes of one source: by what they name as their `object`, else by a key they have.

    A `bare` envelope has no entries: its reader gets it whole.
    """

    source: str
    objects: Mapping[str, Readers]
    bare: Mapping[str, tuple[str, Reader]]


def messages(family: Family, value: object, received_at: datetime | None) -> list[Message]:
    """The events in *value*, in its order; at least one, never an exception."""
    envelopes = items(value) or [value]
    found = [
        message for envelope in envelopes for message in _envelope(family, envelope, received_at)
    ]
    return found or [other(family.source, None, "empty payload", value)]


def _envelope(family: Family, envelope: object, received_at: datetime | None) -> Iterator[Message]:
    named = mapping(envelope).get("object")
    readers = family.objects.get(named) if isinstance(named, str) else None
    if readers is None:
        yield from _bare(family, envelope, received_at)
        return
    entries = mapping(envelope).get("entry")
    if entries is not None and not isinstance(entries, list):
        yield broken(readers.channel, None, "entry is not a list", envelope)
        return
    if not entries:
        yield other(readers.channel, None, "empty payload", envelope)
    for entry in items(entries):
        if isinstance(entry, dict):
            yield from _entry(readers, entry, received_at)
        else:
            yield broken(readers.channel, None, "the entry is not an object", entry)


def _bare(family: Family, envelope: object, received_at: datetime | None) -> Iterator[Message]:
    told = mapping(envelope)
    named = told.get("object")
    found = next((family.bare[key] for key in family.bare if key in told), None)
    if named is None and found is not None:
        channel, reader = found
        yield from read(channel, reader, Entry(None, moment(told.get("time")) or received_at), told)
        return
    reason = "unknown payload" if named is None else f"unknown object: {word(named)}"
    yield other(family.source, None, reason, envelope)


def _entry(
    readers: Readers, entry: Mapping[str, Any], received_at: datetime | None
) -> Iterator[Message]:
    about = Entry(ident(entry.get("id")), moment(entry.get("time")) or received_at)
    empty = True
    for name, reader in readers.lists.items():
        listed = entry.get(name)
        if name == "changes" and listed is None and "field" in entry:
            listed = [entry]  # the flat shape that Instagram Login documents
        if listed is None:
            continue
        if not isinstance(listed, list):
            empty = False
            yield broken(readers.channel, about.account_id, f"{name} is not a list", entry)
        for item in items(listed):
            empty = False
            for message in read(readers.channel, reader, about, item):
                tried = readers.test is not None and about.account_id == readers.test
                is_test = tried and "broken" not in message.extra
                yield replace(message, ignored="test") if is_test else message
    if empty:
        # Only the names of changed fields come while "Include Values" is off in the dashboard.
        reason = "changed fields without values" if "changed_fields" in entry else "empty entry"
        yield other(readers.channel, about.account_id, reason, entry)


def read(channel: str, reader: Reader, about: Entry, item: object) -> Sequence[Message]:
    """The events in *item*; one that cannot be understood is an event of its own.

    A reader whose item holds a list reads that list's items through this too, each alone.
    """
    if not isinstance(item, dict):
        return (broken(channel, about.account_id, "the item is not an object", item),)
    try:
        found = reader(about, item)
    except Broken as error:
        return (broken(channel, about.account_id, str(error), item),)
    return (found,) if isinstance(found, Message) else found
