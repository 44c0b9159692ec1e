"""A person's words leave Redis: out of events and conversations, and all that leads to them."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import redis

from bridge.core.errors import TransientError
from bridge.store.access import PREFIX, Access, dumps
from bridge.store.records import flat

BODIES: Final = 16  # raw bodies that are looked at together
_LINKS: Final = ("join:", "thread:", "person:", "ticket:")  # to a room
_COUNTED: Final = (
    "rate:",
    "pace:",
    "line:",
    "granted:",
)  # by connection and budget, which may be a chat's
ERASED: Final = "erased"  # in the place of a ticket's room: what is told of it is not kept
LINKED: Final = 90 * 86400  # seconds for which that is so
_OF_PERSON: Final = ("label:", "contacts:", "cooldown:", "once:", "person:")


@dataclass(slots=True)
class Traces:
    """What leads to a person, by the names under which it lies; `mentions` tells whether a body speaks of them."""

    rooms: set[str] = field(default_factory=set)
    events: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=set)  # names, as ingest.person_name makes them
    posts: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)  # as platforms call them
    mentions: Callable[[bytes], bool] = field(default=lambda _: False)

    @property
    def counted(self) -> set[str]:
        """What stands in the names of limits that are theirs alone."""
        return self.ids | self.rooms


@dataclass(frozen=True, slots=True)
class Instead:
    """Other values for some fields of a hash, where *field* still is *was* ("" where there is none).

    Not while somebody has *lane* in hand, if one is named.
    """

    key: str
    field: str
    was: str
    values: Mapping[str, str]
    lane: str = ""

    def plain(self) -> dict[str, Any]:
        """It as lua/erase.lua takes it."""
        told = {"key": self.key, "field": self.field, "was": self.was, "f": flat(self.values)}
        return {**told, "lane": self.lane} if self.lane else told


class Erasing(Access):
    def unread(self) -> list[str]:
        """The deliveries that wait to be read, the oldest first."""
        found = self._do(lambda: self.client.zrange(PREFIX + "ingest", 0, -1))
        return [one.decode() for one in found]

    def is_unread(self, delivery: str) -> bool:
        return self._do(lambda: self.client.zscore(PREFIX + "ingest", delivery)) is not None

    def erase(
        self, room: str, eids: Sequence[str], instead: Sequence[Instead] = ()
    ) -> tuple[int, int]:
        """Take the words out of these events, and all of *room*, and out of what is others' too; see lua/erase.lua.

        How many events were erased, and how much was left because it is in somebody's hand.
        """
        plain = dumps([one.plain() for one in instead])
        many, held = self._run("erase", room, self.keep_ms, plain, *eids)
        return int(many), int(held)

    def erasing(self) -> set[str]:
        """The conversations whose erasing was begun, and has not come to its end."""
        found = self._do(lambda: self.client.smembers(PREFIX + "erasing"))
        return {one.decode() for one in found}

    def begin_erasing(self, rooms: Sequence[str]) -> None:
        if rooms:
            self._do(lambda: self.client.sadd(PREFIX + "erasing", *rooms))

    def end_erasing(self, rooms: Sequence[str]) -> None:
        if rooms:
            self._do(lambda: self.client.srem(PREFIX + "erasing", *rooms))

    def unname(self, room: str) -> None:
        """Forget who wrote last in *room*."""
        self._do(lambda: self.client.hdel(f"{PREFIX}r:{room}", "author", "first_name"))

    def erase_traces(self, traces: Traces) -> int:
        """Remove what leads to somebody, in a walk over all keys; how many raw bodies went."""
        bodies = 0
        self._leave_lines(traces)
        for keys in self._all():
            gone = [key for key in keys if self._is_theirs(key, traces)]
            for key in self._leading(keys, traces):
                if key.startswith("ticket:"):
                    self.put(key, ERASED, LINKED)
                else:
                    gone.append(key)
            if gone:
                self._do(functools.partial(self.client.unlink, *(PREFIX + key for key in gone)))
            self._off_lists(keys, traces)
            bodies += sum(self.forget_body(key[2:]) for key in self._bodies(keys, traces))
        return bodies

    def mentioned(self, traces: Traces) -> tuple[int, int]:
        """How many raw bodies speak of somebody: those that were read, and those that wait."""
        read = unread = 0
        for keys in self._all():
            for key in self._bodies(keys, traces):
                there = self._do(functools.partial(self.client.hexists, PREFIX + key, "n"))
                read, unread = read + bool(there), unread + (not there)
        return read, unread

    def forget_body(self, delivery: str) -> bool:
        """Forget the body of a delivery that was read; that it came stays known."""
        key = f"{PREFIX}d:{delivery}"
        if not self._do(lambda: self.client.hexists(key, "n")):
            return False
        gone = self._do(lambda: self.client.hdel(key, "b", "h"))
        self._do(lambda: self.client.pexpire(key, self.keep_ms))
        return bool(gone)

    def rewrite(self) -> bool:
        """Have Redis write its file anew, without what was erased; False where it does not."""
        try:
            self._do(self.client.bgrewriteaof)
        except (redis.ResponseError, TransientError):
            return False  # one that is under way already was begun with the words
        return True

    # -- what is asked for by others ----------------------------------------------------------------

    def ask_erasure(self, code: str, person: str, connections: Sequence[str], at: str) -> None:
        """Keep a request; once, however often it comes. It is about all that has come before it."""
        last = self._do(lambda: self.client.zrange(PREFIX + "ingest", -1, -1))
        doc = {
            "v": 1, "at": at, "person": person, "connections": list(connections),
            "after": last[0].decode() if last else "",
        }  # fmt: skip
        self._do(lambda: self.client.hsetnx(PREFIX + "erasures", code, dumps(doc)))

    def erasure(self, code: str) -> dict[str, Any]:
        """A request; empty where there is none, or none any more."""
        found: dict[str, Any] = json.loads(self.hash_field("erasures", code) or "{}")
        return found

    def erasures(self) -> dict[str, dict[str, Any]]:
        """All requests that are kept, by their codes."""
        return {code: json.loads(text) for code, text in self.hash("erasures").items()}

    def put_erasure(self, code: str, doc: dict[str, Any] | None) -> None:
        """How a request stands; None forgets it."""
        key = PREFIX + "erasures"
        if doc is None:
            self._do(lambda: self.client.hdel(key, code))
        else:
            text = dumps(doc)
            self._do(lambda: self.client.hset(key, code, text))

    # -- the walk -------------------------------------------------------------------------------------

    def _all(self) -> Iterator[list[str]]:
        """The names of all keys without what they begin with, some at a time; one may come twice."""
        for keys in self._walk(PREFIX):
            yield [key.decode("utf-8", "replace")[len(PREFIX) :] for key in keys]

    @staticmethod
    def _is_theirs(key: str, traces: Traces) -> bool:
        """Whether the name of a key says that it is a person's, or of a conversation that is gone."""
        kind, _, name = key.partition(":")
        kind += ":"
        if kind in _OF_PERSON and name.partition(":")[0] in traces.people:
            return True
        if kind == "found:":
            return name.partition(".")[0] in traces.events
        if kind in _COUNTED:
            return not traces.counted.isdisjoint(re.split("[: ]", name))
        return kind == "post:" and name in traces.posts

    def _leading(self, keys: Sequence[str], traces: Traces) -> list[str]:
        """Those of *keys* whose value leads to a room or an event."""
        asked = [key for key in keys if key.startswith((*_LINKS, "sent:", "saying:"))]
        found = []
        for key, value in zip(asked, self.several(*asked) if asked else (), strict=True):
            if key.startswith(_LINKS):
                hit = value in traces.rooms or key.partition(":")[2] in traces.rooms
            elif key.startswith("saying:"):
                hit = (value or "").partition(".")[0] in traces.events
            else:
                hit = (value or "").rpartition(" ")[2] in traces.events
            if hit:
                found.append(key)
        return found

    def _leave_lines(self, traces: Traces) -> None:
        """Nobody has to look any more at the lines for limits that were theirs alone."""
        lines = [
            one.decode() for one in self._do(lambda: self.client.zrange(PREFIX + "lines", 0, -1))
        ]
        theirs = [one for one in lines if not traces.counted.isdisjoint(re.split("[: ]", one))]
        if theirs:
            self._do(lambda: self.client.zrem(PREFIX + "lines", *theirs))

    def _off_lists(self, keys: Sequence[str], traces: Traces) -> None:
        """Take the events off the lists of who waits, and the rooms off those of lanes that were let go on."""
        lanes = [f"{way}:{room}" for room in traces.rooms for way in ("in", "out")]
        pipe = self.client.pipeline(transaction=False)
        for key in keys:
            off = sorted(traces.events) if key.startswith("waiting:") else []
            off = lanes if key.startswith(("line:", "granted:")) else off
            for start in range(0, len(off), 500):
                pipe.zrem(PREFIX + key, *off[start : start + 500])
        if len(pipe):
            self._do(pipe.execute)

    def _bodies(self, keys: Collection[str], traces: Traces) -> Iterator[str]:
        """Those of *keys* that are deliveries whose body speaks of them."""
        found = [key for key in keys if key.startswith("d:")]
        for start in range(0, len(found), BODIES):
            some = found[start : start + BODIES]
            pipe = self.client.pipeline(transaction=False)
            for key in some:
                pipe.hget(PREFIX + key, "b")
            rows = self._do(functools.partial(pipe.execute, raise_on_error=False))
            for key, body in zip(some, rows, strict=True):
                if isinstance(body, bytes) and traces.mentions(body):
                    yield key
