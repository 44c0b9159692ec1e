"""An incident that somebody begins or ends by hand.

Either is asked for by an event in the incident's own room, and done there by a worker like everything else: what is
asked twice happens once, and `bridge why` tells who wanted it, when and why.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bridge.core.crowds import by_hand
from bridge.core.model import stamp
from bridge.core.rules import Crowd
from bridge.core.stored import moment_out
from bridge.jobs import crowds
from bridge.jobs.ingest import name_of
from bridge.jobs.room import OURS, Room, note_event
from bridge.jobs.turn import Hand
from bridge.store import Event, Store

log = logging.getLogger(__name__)

SHARED = ("v", "crowd", "cid", "value", "needed", "because", "by")  # what all know of an incident


def ask_to_begin(
    store: Store, crowd: Crowd, value: str, place: Mapping[str, Any], now: datetime, *,
    because: str, by: str,
) -> None:  # fmt: skip
    """Ask for the incident of *crowd* at *value*; *place* is whose helpdesk gets it: {c, channel, account}."""
    cid, at = crowds.name(crowd, value), moment_out(now)
    doc = {
        "v": 1, "do": "begin", "crowd": crowd.name, "cid": cid, "value": value, "needed": 0,
        "because": because, "by": by, "since": int(now.timestamp() * 1000), **place,
    }  # fmt: skip
    _ask(store, "in", stamp(f"crowd:{cid}:{at}"), doc)


def ask_to_end(store: Store, room: str, *, because: str, by: str) -> None:
    """Ask for the end of the incident in *room*; once is enough."""
    _ask(store, "out", room, {"v": 1, "do": "end", "because": because, "by": by})


def _ask(store: Store, lane: str, room: str, doc: Mapping[str, Any]) -> None:
    fields = {"k": "c", "doc": json.dumps(doc)}
    name = name_of("crisis", room, doc["do"])
    row = {"e": name, "state": "in_progress", "lane": lane, "st": room, "f": fields}
    store.record("", OURS, [row])


def begins(hand: Hand, room: Room, event: Event, crowd: Crowd, spikes: Mapping[str, str]) -> bool:
    """Write down that the incident lasts from now on; True where it does already, and its ticket is next."""
    doc = event.doc
    if doc.get("do") != "begin" or room.facts.get("crowd"):
        return True
    if doc["cid"] in spikes:
        hand.close(room, event, "ignored", "an incident of this crowd lasts already")
        return False
    shared = {name: doc[name] for name in SHARED}
    begin = crowds.begin(room.id, shared, hand.bridge.now())
    orders = hand.orders()
    orders.crowds.append(
        {"c": doc["cid"], "e": event.id, "over": crowd.over * 1000, "begin": begin}
    )
    hand.settle(orders)
    log.info("an incident of the crowd %s is begun by hand", crowd.name)
    return False


def ends(hand: Hand, room: Room, event: Event) -> None:
    """Somebody ends the incident: the next look at it does, and its ticket says who it was."""
    text = by_hand("ended", event.doc)
    orders = hand.closing(event, "done", text)
    if room.ticket:
        orders.events[-1]["f"]["ticket"] = f"{room.desk}:{room.ticket}"
    room.facts["over"] = "1"
    orders.facts = room.changed()
    orders.push.append(note_event(room, f"The incident is {text}.", "ended", event.id))
    hand.settle(orders)
    log.info("the incident %s is ended by hand", room.facts.get("crowd", ""))
