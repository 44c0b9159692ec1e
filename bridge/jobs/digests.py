"""What is sent by itself where somebody wants it: on Mondays the summary of a week, each day who was not answered.

`BRIDGE_NOTIFY` has the address under the digest's name. One worker makes it, once; what could not be sent is made again an hour later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from bridge import plugins
from bridge.core import reports, unanswered
from bridge.core.heard import FIELDS, Item, items
from bridge.jobs.ingest import name_of
from bridge.jobs.notify import digest, sent
from bridge.jobs.room import DAY
from bridge.store import Store
from bridge.wiring import Bridge

SUMMARY, UNANSWERED = "summary", "unanswered"  # names in the setting
HOUR = timedelta(hours=8)  # of the day, UTC, from which on they are sent
WEEK = timedelta(days=7)
OLDER, BACK = timedelta(days=1), timedelta(days=30)  # what was not answered: how long, how far back


def send(bridge: Bridge, now: datetime) -> None:
    """Send what is due and somebody wants."""
    year, week, _ = (now - HOUR).isocalendar()
    _send(bridge, SUMMARY, f"{year}-W{week}", lambda: reports.sentences(summary(bridge, now)))
    _send(bridge, UNANSWERED, f"{now - HOUR:%Y-%m-%d}", lambda: _unanswered(bridge, now))


def _send(bridge: Bridge, name: str, label: str, made: Callable[[], Iterable[str]]) -> None:
    """Send what *made* gives to *name*, once for the week or day *label*; no lines are nothing to send."""
    known = bridge.store.get(f"digested:{name}") if name in bridge.settings.notify else label
    if known == label:
        return
    if known is not None:  # else it begins: there is no whole week, or day, yet
        if not bridge.store.take(f"digesting:{name}", bridge.owner, 3600):
            return
        lines = list(made())
        if lines and not sent(bridge, name, lines):
            return
    bridge.store.put(f"digested:{name}", label, 60 * DAY)


def summary(bridge: Bridge, now: datetime) -> dict[str, Any]:
    """What was said in the seven days before *now*."""
    both = bridge.settings.keep_days >= 2 * WEEK.days
    found = items(bridge.store.every(FIELDS), now - (2 if both else 1) * WEEK)
    scorer = plugins.scorer(bridge.settings.sentiment)
    return reports.summary(found, now - WEEK, now, scorer, before=both)


def _unanswered(bridge: Bridge, now: datetime) -> list[str]:
    found = waiting(bridge.store, bridge.store.every(FIELDS), now, OLDER, BACK, texts=False)
    return digest(unanswered.digest(found, now, OLDER), "bridge unanswered")


def waiting(
    store: Store, rows: Iterable[tuple[str, Mapping[str, str]]], now: datetime, older: timedelta,
    since: timedelta, *, texts: bool,
) -> dict[str, list[dict[str, Any]]]:  # fmt: skip
    """`{"items", "tickets"}` that nobody has answered, of the kept events *rows*, as `unanswered --json` prints them."""
    found = unanswered.candidates(rows, now - since, now - older)
    rooms = {one: store.hash(f"r:{one}") for one in {one.room for one in found} if one}
    return {
        "items": unanswered.loose(found, rooms, _delivered(store, found), texts=texts),
        "tickets": unanswered.waiting(store.rooms(), now - older),
    }


def _delivered(store: Store, found: Iterable[Item]) -> set[str]:
    """The items of which an automatic answer has arrived."""
    return {
        one.id
        for one in found
        for how, name, *_ in one.slip.get("replies", ())
        if store.event(name_of("automatic", one.id, how, name)).get("reason") == "delivered"
    }
