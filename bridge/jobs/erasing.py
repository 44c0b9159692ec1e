"""A person is erased: who that is, what is kept of them, and how it goes.

Words that wait to be read are read first, and what a worker has in hand ends before it is taken away, so that nothing
is written down again afterwards. Whoever dies in the middle has left out nothing that a second run does not find.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from bridge.core.errors import BridgeError, TransientError
from bridge.core.model import stamp
from bridge.core.mutes import Mute, handle
from bridge.core.stored import doc_in, moment_in, moment_out
from bridge.jobs import mutes, quoted
from bridge.jobs.ingest import ingest, person_name, post_name
from bridge.jobs.quoted import Theirs
from bridge.store import Store, Traces
from bridge.wiring import Bridge

log = logging.getLogger(__name__)

PATIENCE = 120.0  # seconds to wait for what is being read, or is in somebody's hand
BRIEFLY = 5.0  # the same, where one comes back in a minute
TICK = 0.05  # seconds between two looks at it
PORTION = 200  # events that are erased together
ROUNDS = 5  # times all is looked through for more of the same person
HELD = "a worker has something of it in hand"
KNOWN = timedelta(days=90)  # for which it is told how a request ended
_FIELDS = ("k", "c", "doc", "room", "d", "state", "ticket", "posted", "mid", "doubt")

Human = tuple[str, str, str]  # connection, account, id


@dataclass(slots=True)
class Wanted:
    """Whom to look for: an id, a handle or a link, as mutes take them; an event or a conversation of theirs.

    *connections* are where to look, all where it is None; *exact* takes an id and nothing else.
    """

    name: str
    connections: Collection[str] | None = None
    exact: bool = False

    def is_one_of(self, *names: object) -> bool:
        told = [str(one) for one in names if one not in (None, "")]
        if self.exact:
            return self.name in told
        return handle(self.name) in {handle(one) for one in told}

    def at(self, connection: str) -> bool:
        return self.connections is None or connection in self.connections


@dataclass(slots=True)
class Found:
    """What is kept of one person. `tickets` are the helpdesk's, by (connection, id): their address and requester."""

    people: set[Human] = field(default_factory=set)
    rooms: dict[str, Mapping[str, str]] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)  # conversations of anybody, which name them last
    events: dict[str, tuple[str, str]] = field(default_factory=dict)  # id: state, room
    posts: set[str] = field(default_factory=set)
    tickets: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    mutes: list[Mute] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    theirs: Theirs = field(default_factory=Theirs)
    incidents: set[str] = field(default_factory=set)
    doubts: dict[str, str] = field(default_factory=dict)  # dead letters' writes in doubt, anybody's

    def __bool__(self) -> bool:
        return bool(self.rooms or self.shared or self.events or self.mutes or self.alarms)

    @property
    def connections(self) -> list[str]:
        return sorted({connection for connection, _, _ in self.people})

    def traces(self) -> Traces:
        """What leads to them in Redis, by name."""
        return Traces(
            rooms=set(self.rooms),
            events=set(self.events),
            people={person_name(*one) for one in self.people},
            posts=self.posts,
            ids={one for _, _, one in self.people},
            mentions=_mentions(self.ids),
        )


def _mentions(ids: Collection[str]) -> Any:
    """Whether a body holds one of *ids* as a whole value."""
    ids = [one for one in ids if one and not re.search(r"\s", one)]  # a name is nobody's alone
    if not ids:
        return lambda _: False
    told = sorted({one for name in ids for one in (name, json.dumps(name)[1:-1])})
    either = b"|".join(re.escape(one.encode("utf-8", "replace")) for one in told)
    whole = re.compile(rb'"(?:' + either + rb')"|(?<=[:\[,\s])(?:' + either + rb")(?=[,}\]\s])")
    return lambda body: whole.search(body) is not None


# --- who it is, and what is kept ---------------------------------------------------------------------


def find(store: Store, wanted: Wanted, begun: Collection[str] = ()) -> Found:
    """All that is kept of *wanted*, by looking at everything, and of the conversations *begun*; changes nothing."""
    found, begun = Found(ids={wanted.name}), set(begun)
    if not wanted.exact:
        begun |= _conversations(store, wanted.name)
    for _ in range(ROUNDS):
        many = -1
        while many != len(found.people):
            many = len(found.people)
            _rooms(store, wanted, found, begun)
        _events(store, wanted, found, begun)
        if many == len(found.people):
            break  # or the events have told of another id, which has conversations of its own
    found.theirs.events |= found.events.keys()
    found.theirs.shared -= found.rooms.keys() | begun
    told = {wanted.name, *(one for _, _, one in found.people)}
    found.ids |= told
    found.mutes = [one for one in mutes.read(store.mutes()) if _mutes(one, wanted, found)]
    quoted = [repr(one) for one in told]
    found.alarms = [
        name
        for name, alarm in store.alarms().items()
        if name.startswith("mute:") and any(one in alarm["text"] for one in quoted)
    ]
    return found


def _mutes(mute: Mute, wanted: Wanted, found: Found) -> bool:
    """Whether *mute* names them, or was set on a ticket of theirs."""
    if mute.room or mute.people:
        names = {person_name(*one) for one in found.people}
        return mute.room in found.rooms or not names.isdisjoint(mute.people)
    there = mute.connection == "" or wanted.at(mute.connection)
    return mute.what == "author" and there and handle(mute.value) in set(map(handle, found.ids))


def _conversations(store: Store, name: str) -> set[str]:
    """The room that *name* is, or that the event *name* belongs to."""
    of_event = store.event(name).get("room", "")
    known = {of_event, name, stamp(name), store.get(f"join:{stamp(name)}") or ""}
    return {one for one in known if one and store.hash(f"r:{one}")}


def _rooms(store: Store, wanted: Wanted, found: Found, begun: set[str]) -> None:
    """Take the conversations of those who are known, until they name nobody more."""
    for room, fields in store.rooms():
        if fields.get("crowd"):
            found.incidents.add(room)
        connection = fields.get("c", "")
        humans = _talking(connection, fields)
        author = doc_in(fields.get("author"))
        named = wanted.at(connection) and (
            wanted.is_one_of(*(one for _, _, one in humans))
            or wanted.is_one_of(*(author.get(name) for name in ("id", "username", "url")))
        )
        if named and not humans:
            found.shared.add(room)
        if (named and humans) or room in begun or room in found.rooms or humans & found.people:
            found.rooms[room] = fields
            found.people |= humans
            _ticket(found, fields)


def _talking(connection: str, room: Mapping[str, str]) -> set[Human]:
    """Who talks in *room*: by the places where they did, and by its key, which is there before them."""
    humans = {
        (connection, str(one.get("account") or ""), str(one["person"]))
        for one in doc_in(room.get("places")).values()
        if isinstance(one, dict) and one.get("person")
    }
    key = room.get("key", "").split(":")
    if len(key) == 4 and key[3] != "-":
        humans.add((connection, unquote(key[1]) if key[1] != "-" else "", unquote(key[3])))
    return humans


def _ticket(found: Found, fields: Mapping[str, str]) -> None:
    """Note which ticket a conversation has, and the place where news of it wait that nobody has an owner for."""
    desk, ticket = fields.get("desk", ""), fields.get("ticket", "")
    if ticket:
        row = {name: fields.get(name, "") for name in ("url", "requester")}
        found.tickets.setdefault((desk, ticket), {}).update(row)
        found.rooms.setdefault(f"ticket:{desk}:{ticket}", {})


def _events(store: Store, wanted: Wanted, found: Found, begun: set[str]) -> None:
    """Take the events of their conversations, and those that they wrote, or that were said to them."""
    mentions = _mentions({wanted.name, *(one for _, _, one in found.people)})
    said, echoes = set[str](), list[tuple[str, str, Mapping[str, str]]]()
    for eid, row in store.every(_FIELDS):
        if "k" not in row:
            continue  # it is erased, or gone
        doc, connection = doc_in(row.get("doc")), row.get("c", "")
        human = _human(connection, doc)
        room = row.get("room", "")
        theirs = room in found.rooms or room in begun or human in found.people
        if row["k"] in ("m", "i") and wanted.at(connection) and _named(wanted, doc):
            theirs = True
            found.people |= {human} if human else set()
        elif row["k"] == "d" and wanted.at(connection):
            theirs = mentions(store.raw(row.get("d", "")) or b"")
        if row.get("doubt"):
            found.doubts[eid] = row["doubt"]
        if not theirs and doc.get("own") and not doc.get("customer"):
            echoes.append((str(doc.get("id")), eid, {**row, "doc": ""}))
        if not theirs:
            continue
        said |= _posted(row)
        found.events[eid] = (row.get("state", ""), room)
        if desk := row.get("ticket", "").rpartition(":")[0]:
            found.tickets.setdefault((desk, row["ticket"].rpartition(":")[2]), {})
        if row["k"] == "m":
            if not doc.get("own"):
                found.theirs.wrote(eid, row, doc, room)
            answer = doc["answer"] if isinstance(doc.get("answer"), dict) else {}
            found.posts.add(post_name(connection, doc.get("channel"), answer, doc.get("thread")))
    for posted, eid, echo in echoes:
        if posted in said:  # our words to them, as the platform told us of them
            found.events[eid] = (echo.get("state", ""), "")


def _posted(row: Mapping[str, str]) -> set[str]:
    """The platform's ids of what an event has said."""
    try:
        return {str(one) for one in json.loads(row.get("posted") or "[]")}
    except (TypeError, ValueError):
        return set()


def _human(connection: str, doc: Mapping[str, Any]) -> Human | None:
    """Whose conversation a message belongs to."""
    author = doc["author"] if isinstance(doc.get("author"), dict) else {}
    person = doc.get("customer") or author.get("id")
    return (connection, str(doc.get("account") or ""), str(person)) if person else None


def _named(wanted: Wanted, doc: Mapping[str, Any]) -> bool:
    """Whether a message, or a change of ids, is by or for *wanted*."""
    author = doc["author"] if isinstance(doc.get("author"), dict) else {}
    names = [doc.get("customer"), doc.get("old"), doc.get("new"), *doc.get("aliases", ())]
    if not doc.get("own"):
        names += [author.get(name) for name in ("id", "username", "url")]
    return wanted.is_one_of(*names)


# --- how it goes -------------------------------------------------------------------------------------


def read_first(bridge: Bridge) -> None:
    """Have all read that waits to be read by now, by the workers, or by us where nobody else reads."""
    store, until = bridge.store, time.monotonic() + PATIENCE
    waiting = set(store.unread())
    while waiting & set(store.unread()):
        kept, _ = store.claim(bridge.owner, 16, 0)
        for one in kept:
            ingest(bridge, one)
        if not kept:
            _wait(until, "what came last is still being read")


def erase(
    store: Store, wanted: Wanted, first: Found | None = None, patience: float | None = None
) -> Found:
    """Erase *wanted*, of whom *first* is known; returns what there was.

    TransientError where somebody has it in hand for too long.
    """
    all_of_it, begun = Found(), store.erasing()
    for _ in range(ROUNDS):
        # What a turn wrote down while its conversation went names it, and nobody else.
        found, first = first or find(store, wanted, begun), None
        if not found:
            break
        begun |= found.rooms.keys()
        store.begin_erasing(sorted(begun))
        _once(store, found, PATIENCE if patience is None else patience)
        begun |= store.erasing()
        all_of_it.people |= found.people
        all_of_it.rooms.update(found.rooms)
        all_of_it.events.update(found.events)
        all_of_it.tickets.update(found.tickets)
        all_of_it.mutes += found.mutes
    else:
        log.info("somebody who is erased goes on writing")
    for _, desk, ticket in (one.split(":", 2) for one in begun if one.startswith("ticket:")):
        all_of_it.tickets.setdefault((desk, ticket), {})
    store.end_erasing(sorted(begun))
    if not all_of_it:  # a body may speak of them all the same
        store.erase_traces(find(store, wanted).traces())
    return all_of_it


def _once(store: Store, found: Found, patience: float) -> None:
    until = time.monotonic() + patience
    for mute in found.mutes:
        store.mute(mute.id, "")
    for name in found.alarms:
        store.alarm(name, None)
    _leave_out(store, found, until)
    for room, eids in _portions(found):
        while store.erase(room, eids, list(quoted.lanes(store, found.theirs)))[1]:
            _wait(until, HELD)
    _leave_out(store, found, until)  # somebody may have quoted them since
    for room in found.shared:
        store.unname(room)
    store.erase_traces(found.traces())


def _leave_out(store: Store, found: Found, until: float) -> None:
    """Take them out of what is others' too, while it is known what they have said."""
    theirs = found.theirs
    doubts = (quoted.doubts(eid, kept, theirs) for eid, kept in found.doubts.items())
    instead = [one for some in doubts for one in some]
    instead += quoted.notes(store, theirs, found.incidents)
    for start in range(0, len(instead), PORTION):
        store.erase("", (), instead[start : start + PORTION])
    while (instead := list(quoted.facts(store, theirs))) and store.erase("", (), instead)[1]:
        _wait(until, HELD)


def _portions(found: Found) -> Iterator[tuple[str, list[str]]]:
    """First what has ended, then each conversation with what waits in it, then what waits elsewhere.

    A conversation goes with the last of its words, or a second run could not find them by it.
    """
    ended, waits = list[str](), dict[str, list[str]]()
    for eid, (state, room) in found.events.items():
        if state in ("done", "ignored", "dead"):
            ended.append(eid)
        else:
            waits.setdefault(room if room in found.rooms else "", []).append(eid)
    for start in range(0, len(ended), PORTION):
        yield "", ended[start : start + PORTION]
    for room in found.rooms:
        yield room, waits.get(room, [])
    yield "", waits.get("", [])


def _wait(until: float, why: str) -> None:
    if time.monotonic() > until:
        raise TransientError("in_hand", f"{why}: run it again; nothing is done twice by that")
    time.sleep(TICK)


# --- what a platform asks for ------------------------------------------------------------------------


def do_requests(bridge: Bridge, now: datetime) -> None:
    """Do what was asked for at /privacy/, by now; harmless to repeat. Forgets what was done long ago."""
    for code, doc in bridge.store.erasures().items():
        done = moment_in(doc.get("done"))
        if done and now - done > KNOWN:
            bridge.store.put_erasure(code, None)
        if done or "person" not in doc or bridge.store.is_unread(str(doc.get("after"))):
            continue  # deliveries are read in their order: what came before it is not yet
        wanted = Wanted(str(doc["person"]), doc["connections"], exact=True)
        try:
            found = erase(bridge.store, wanted, patience=BRIEFLY)
        except BridgeError as error:
            log.warning("a person who asked for it is not erased yet: %s", error)
            continue
        bridge.store.put_erasure(code, {"v": 1, "at": doc["at"], "done": moment_out(now)})
        if found.tickets:
            named = ", ".join(f"{ticket} of {desk}" for desk, ticket in found.tickets)
            text = f"a person was erased as they asked; their tickets are still there: {named}"
            bridge.store.alarm(f"erased:{code[:12]}", text)
