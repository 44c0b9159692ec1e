"""The journal: what we have been told, what we have done, who is at it. The only direct user of Redis.

The journal is the truth and the queue a hint. Everything accepted is in one of these places, each with
an owner and an end (docs/redis.md has the table, and a test walks the keys):

    d:<delivery>   raw bytes as they came       ingest   deliveries to read, by due time
    e:<event>      one event, its state         l:<lane> events that wait, in order
    due            lanes to work off, by time   lease:<lane>, i:<lane>, s:<lane>   whose turn, the write
                                                under way, its failures
    r:<room>       a conversation and its ticket

A *room* is a conversation, or several joined ones; a *lane* is one direction of it: `in:<room>` towards
the helpdesk, `out:<room>` towards the platform. Redis commands can happen twice when an answer is lost,
so every write is a script that is harmless to repeat, and the client never retries by itself.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import redis
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from bridge.core.errors import TransientError
from bridge.core.limits import Budget
from bridge.core.stored import doc_in
from bridge.redisclient import Line, away

QUEUE: Final = "bridge"
MOST: Final = 200  # events of a lane that one look shows
LEASE: Final = 12.0  # seconds; longer than the deadline of any outside write plus a margin
PREFIX: Final = "bridge:"
ANSWERS: Final = ("in_time", "late", "found_late", "unanswered")  # how the waits of customers ended
_LUA = Path(__file__).with_name("lua")
_SCRIPTS = (
    "accept", "claim", "renew", "record", "load", "settle", "gate", "told", "trouble", "cheer", "sweep",
    "mend", "revive", "publish", "mute",
)  # fmt: skip
_PARTS = {"load": ("look",), "settle": ("look", "crowd")}  # what a script is built on


@dataclass(frozen=True, slots=True)
class Kept:
    """A delivery taken for reading. `tries` counts the times somebody took it.

    `damaged`: it is not as it was kept, and what is left of it cannot be read.
    """

    id: str
    tries: int
    connection: str
    source: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a lane. `says` are the facts known of the message it is about."""

    id: str
    connection: str
    at: float
    # m: message, u: ticket update, n: note, s: said by us, r: report, i: identity, t: tag, c: crowd,
    # w: step for who waits
    kind: str
    doc: dict[str, Any]
    fields: Mapping[str, str]
    says: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Turn:
    """All that one look at a lane shows: what waits, the write under way, the room as it is now."""

    lane: str
    room_id: str
    events: tuple[Event, ...]
    intent: Mapping[str, str]
    tries: Mapping[str, str]
    room: Mapping[str, str]
    other_intent: Mapping[str, str]
    paused: str = ""  # the paused connection for which this lane rests
    version: str = ""  # of the rules in force
    mutes: str = ""  # when they last changed
    shut: str = ""  # why the platform that this room talks on is closed: auth, paused or outage
    spikes: Mapping[str, str] = field(default_factory=dict)  # incidents that last, by their crowd


@dataclass(slots=True)
class Orders:
    """What a turn did, to be written down at once; see lua/settle.lua."""

    lane: str
    room: str
    events: list[dict[str, Any]] = field(default_factory=list)
    touch: list[dict[str, Any]] = field(default_factory=list)
    intent: Mapping[str, str] | str | None = None
    facts: dict[str, str] = field(default_factory=dict)
    says: list[dict[str, Any]] = field(default_factory=list)
    set: list[tuple[str, str, int] | tuple[str, str, int, bool]] = field(default_factory=list)
    mutes: list[tuple[str, str]] = field(default_factory=list)
    tally: list[tuple[str, str, int]] = field(default_factory=list)
    push: list[dict[str, Any]] = field(default_factory=list)
    tries: Mapping[str, str] | str | None = None
    cheer: list[str] = field(default_factory=list)
    wake: list[str] = field(default_factory=list)
    crowds: list[dict[str, Any]] = field(default_factory=list)
    again: int | None = None
    rests: bool = False
    busy: str = ""  # the connection of which the worker had no more room
    waits: str = ""  # the line to stand in: a connection, or `connection budget`
    order: int = 0  # the place in it

    def plain(self) -> dict[str, Any]:
        out: dict[str, Any] = {"lane": self.lane, "room": self.room}
        lists = (
            "events",
            "touch",
            "says",
            "push",
            "cheer",
            "set",
            "tally",
            "wake",
            "mutes",
            "crowds",
        )
        for name in lists:
            if value := getattr(self, name):
                out[name] = value
        for name in ("intent", "tries"):
            value = getattr(self, name)
            if value is not None:
                out[name] = value if isinstance(value, str) else flat(value)
        if self.facts:
            out["facts"] = flat(self.facts)
        if self.again is not None:
            out["again"] = self.again
            out["waits"], out["order"] = self.waits, self.order
            out["rests"], out["busy"] = self.rests, self.busy
        return out


RANK: Final = (
    10**13
)  # a place in line is the rank of what is wanted, then the time in ms since when


@dataclass(frozen=True, slots=True)
class Leave:
    """What `gate` answers: no wait, or how long and for what, and the line to stand in meanwhile.

    `why` is `try` for whoever may try a closed connection. `left` of each budget, in the order asked.
    """

    wait: float
    why: str = ""
    line: str = ""
    others: int = 0  # requests of others that are counted against the budgets
    left: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Lanes that wait for a connection (`budget` is empty) or one of its budgets."""

    connection: str
    budget: str
    lanes: int
    oldest: float  # seconds since what the first one wants came


def flat(fields: Mapping[str, str]) -> list[str]:
    """`{a: 1}` as `[a, 1]`, the way HSET takes it."""
    return [part for pair in fields.items() for part in pair]


def _turn(lane: str, room_id: str, rows: Sequence[Any]) -> Turn:
    """What lua/look.lua returned, as a record."""
    events = []
    for eid, says, fields in rows[0]:
        known = _pairs(fields)
        events.append(
            Event(
                eid.decode(), known.get("c", ""), float(known.get("at", 0)) / 1000,
                known.get("k", ""), doc_in(known.get("doc")), known, _pairs(says),
            )
        )  # fmt: skip
    intent, tries, room, other = (_pairs(row) for row in rows[1:5])
    paused, version, mutes, shut = (row.decode() for row in rows[5:9])
    return Turn(
        lane, room_id, tuple(events), intent, tries, room, other, paused, version, mutes, shut,
        _pairs(rows[9]),
    )  # fmt: skip


def _pairs(row: Sequence[bytes]) -> dict[str, str]:
    words = [part.decode("utf-8", "replace") for part in row]
    return dict(zip(words[::2], words[1::2], strict=True))


def _dumps(value: object) -> str:
    # Lone surrogates never get here (core.untrusted); escapes keep Lua's JSON reader byte-safe.
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


JOB_MARK: Final = "--[[the job's fields: store.py puts them here]]"


@functools.cache
def _prelude() -> str:
    """What all scripts begin with; in it the job that means "there is work", made once by RQ itself.

    Its fields are part of the source because sending them with each call costs more than the call.
    They must be the same in all processes, or each start would leave another copy in Redis.
    """
    job = Job.create(
        "bridge.jobs.drain", connection=redis.Redis(), serializer=JSONSerializer,
        timeout=3600, result_ttl=60, failure_ttl=3600, description="drain", origin=QUEUE,
        status=JobStatus.QUEUED,
    )  # fmt: skip
    fields: dict[str, Any] = {**job.to_dict(), "created_at": "2026-01-01T00:00:00.000000Z"}
    listed = ",".join(_lua_text(part) for pair in fields.items() for part in pair)
    return (_LUA / "prelude.lua").read_text().replace(JOB_MARK, listed)


def _source(name: str) -> str:
    """The script *name* with what it is built on."""
    parts = (*_PARTS.get(name, ()), name)
    return _prelude() + "".join((_LUA / f"{part}.lua").read_text() for part in parts)


def _lua_text(value: object) -> str:
    plain = value.value if isinstance(value, JobStatus) else value  # str() of it is its name
    whole = plain if isinstance(plain, bytes) else str(plain).encode()
    return '"' + "".join(f"\\{byte:03}" for byte in whole) + '"'


class Store:
    """The journal over one Redis. Raises TransientError('redis_away') when Redis cannot be used now."""

    def __init__(
        self, client: redis.Redis, *, keep: float, keep_raw: float, clock: Callable[[], datetime],
        hasty: bool = False,
    ) -> None:  # fmt: skip
        self.client = client
        self._clock = clock
        self.keep_ms = int(keep * 1000)
        self.keep_raw_ms = int(keep_raw * 1000)
        self._scripts = {name: client.register_script(_source(name)) for name in _SCRIPTS}
        self._line = Line(client, hasty=hasty)

    def close(self) -> None:
        """Hang up; a later call dials again."""
        self._line.close()
        self.client.close()

    def _run(self, name: str, *args: Any) -> Any:
        script = self._scripts[name]
        return self._do(lambda: self._line.script(script.sha, script.script, *args))

    # -- the way in -----------------------------------------------------------------------------

    def accept(
        self, delivery: str, connection: str, source: str, headers: Mapping[str, str],
        body: bytes, at: datetime,
    ) -> bool:  # fmt: skip
        """Keep a delivery in one round trip; False when it was here already."""
        return bool(
            self._run(
                "accept", delivery, connection, source, _dumps(dict(headers)) if headers else "{}",
                body, at.isoformat(),
            )
        )  # fmt: skip

    def claim(
        self, owner: str, deliveries: int, lanes: int, holder: str = "",
        room: Mapping[str, int] | None = None,
    ) -> tuple[list[Kept], list[str]]:  # fmt: skip
        """Take up to so many deliveries and lanes that are due; deliveries if nobody else reads.

        The lanes are leased to *holder*, which is new at each claim: a turn that was given back and taken
        again by the same process is another turn. *room*: for how many turns more there is, by connection.
        """
        most = [part for pair in (room or {}).items() for part in pair]
        kept, names = self._run(
            "claim", owner, deliveries, lanes, int(LEASE * 1000), holder or owner, *most
        )
        for row in kept:
            if row[1] < 0:
                key = f"{PREFIX}d:{row[0].decode('utf-8', 'replace')}"
                self.alarm("damaged", f"{key} is no delivery: it was left alone, and not read")
        return [self._taken(row) for row in kept if row[1] > 0], [name.decode() for name in names]

    def _taken(self, row: Sequence[Any]) -> Kept:
        """What lua/claim.lua returned of one delivery."""
        name, tries, connection, body = row[0].decode(), int(row[1]), row[2].decode(), row[5]
        try:
            at = datetime.fromisoformat(row[6].decode())
            return Kept(
                name, tries, connection, row[3].decode(), json.loads(row[4]), bytes(body), at
            )
        except (AttributeError, TypeError, ValueError):
            return Kept(name, tries, connection, "", {}, body or b"", self._clock(), damaged=True)

    def record(
        self, delivery: str, connection: str, events: Sequence[Mapping[str, Any]], owner: str = ""
    ) -> int:
        """Record what a delivery held; running it again adds nothing. Returns how many were new.

        The turn of *owner* to read is prolonged by it.
        """
        plain = []
        for event in events:
            row = {key: value for key, value in event.items() if value not in (None, "")}
            row["f"] = flat(event["f"])
            row["lane"], row["st"] = event.get("lane", ""), event.get("st", "")
            row["reason"] = event.get("reason", "")
            row["ttl"] = self.keep_ms
            if room := event.get("room"):
                row["room"] = flat(room)
            plain.append(row)
        return int(
            self._run("record", delivery, connection, self.keep_raw_ms, _dumps(plain), owner)
        )

    # -- turns ----------------------------------------------------------------------------------

    def renew(self, held: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Prolong the leases of lanes by their holders; returns those that are still theirs."""
        parts = [part for pair in held for part in pair]
        kept = self._run("renew", int(LEASE * 1000), *parts) if held else []
        return {held[number - 1] for number in kept}

    def load(self, lane: str, owner: str, most: int = MOST) -> Turn | None:
        """What waits in *lane*; None when the lease is not ours any more."""
        room_id = lane.split(":", 1)[1]
        rows = self._run("load", lane, owner, room_id, most)
        return _turn(lane, room_id, rows) if rows else None

    def settle(self, owner: str, orders: Orders) -> int:
        """Write down what a turn did.

        0: the lease was lost and nothing was written; 2: given back, there is more; 3: nothing is left
        in the lane, the turn is over.
        """
        return self.settle_and_look(owner, orders, most=0)[0]

    def settle_and_look(
        self, owner: str, orders: Orders, most: int = MOST
    ) -> tuple[int, Turn | None]:
        """Like `settle`, and what `load` would show after it, in the same round trip.

        None in place of the turn where it is over or given back.
        """
        for item in orders.events:
            item.setdefault("ttl", self.keep_ms)
            item["f"] = flat(item.get("f", {}))
        begun = [one for item in orders.crowds if "begin" in item for one in item["begin"]["push"]]
        for item in orders.push:
            if at := item.pop("at", ""):
                until = datetime.fromisoformat(at) - self._clock()
                item["after"] = max(int(until.total_seconds() * 1000), 0)
        for item in (*orders.touch, *orders.says, *orders.push, *begun):
            item["f"] = flat(item.get("f", {}))
        code, *rows = self._run("settle", owner, _dumps(orders.plain()), most)
        return int(code), _turn(orders.lane, orders.room, rows[0]) if rows else None

    def spare(self, lane: str) -> None:
        """Whoever took *lane* last did not die of it: only their word of it was lost."""
        self._do(lambda: self.client.hdel(f"{PREFIX}s:{lane}", "taken"))

    # -- limits and troubles --------------------------------------------------------------------

    def gate(
        self, connection: str, budgets: Iterable[Budget], lane: str = "", order: int = 0
    ) -> Leave:
        """Ask for leave to send one request; where it is given, the request is counted.

        *order* is the place of *lane* among those that stand in line for the same.
        """
        args: list[Any] = []
        for one in budgets:
            args += [one.name, one.limit, int(one.seconds * 1000), "1" if one.shared else ""]
        wait, why, *rest = self._run("gate", connection, lane, order, *args)
        if wait:
            return Leave(int(wait) / 1000, why.decode(), rest[0].decode())
        return Leave(0.0, why.decode(), others=int(rest[0]), left=tuple(int(n) for n in rest[1:]))

    def told(self, connection: str, budget: Budget, left: int, seconds: float) -> int:
        """The provider says that *left* of a budget are left; returns how much others have spent of it."""
        window, lasts = int(budget.seconds * 1000), max(int(seconds * 1000), 1)
        return int(self._run("told", connection, budget.name, budget.limit, window, left, lasts))

    def cheer(self, connection: str) -> None:
        """A closed connection answered: it opens, and what waited for it goes on."""
        self._run("cheer", connection)

    def stop(self, connection: str, budget: str, seconds: float) -> None:
        """The provider told us to wait: nobody spends this budget before then, or a later time told before."""
        key, lasts = f"{PREFIX}rate:{connection}:{budget}:stop", max(int(seconds * 1000), 100)
        if self._do(lambda: self.client.pttl(key)) < lasts:
            self._do(lambda: self.client.set(key, "1", px=lasts))

    def slow(self, connection: str, budget: str, gap: float, seconds: float) -> None:
        """For so many seconds this budget is spent one by one, *gap* seconds apart."""
        key = f"{PREFIX}rate:{connection}:{budget}:slow"
        self._do(lambda: self.client.set(key, int(gap * 1000), px=int(seconds * 1000)))

    def trouble(self, connection: str, why: str, wait: float = 60, alarm: str = "") -> bool:
        """Note an outage, a refused credential or a pause; True when the connection is closed by it.

        It is closed for *wait* seconds, after an outage for less at first.
        """
        text = _dumps({"text": alarm, "at": self._clock().isoformat()}) if alarm else ""
        return bool(self._run("trouble", connection, why, int(wait * 1000), text))

    def alarm(self, name: str, text: str | None, lasts: float | None = None) -> None:
        """Raise the alarm *name*, for good or for *lasts* seconds, or clear it."""
        key = PREFIX + "alarms"
        if text is None:
            self._do(lambda: self.client.hdel(key, name))
            return
        now = self._clock()
        told = {"text": text, "at": now.isoformat()}
        if lasts is not None:
            told["until"] = (now + timedelta(seconds=lasts)).isoformat()
        self._do(lambda: self.client.hset(key, name, _dumps(told)))

    def note(self, name: str, about: str, text: str, seconds: float) -> None:
        """Note *text* for whoever is called *name*, once for what it is about."""

        def call() -> None:
            pipe = self.client.pipeline(transaction=False)
            pipe.hset(PREFIX + "notices", f"{name} {about}", text)
            pipe.expire(PREFIX + "notices", int(seconds))
            pipe.execute()

        self._do(call)

    def notes(self) -> dict[str, dict[str, str]]:
        """What is noted and not sent yet: `{name: {about: text}}`."""
        found: dict[str, dict[str, str]] = {}
        for field_, text in self.hash("notices").items():
            name, _, about = field_.partition(" ")
            found.setdefault(name, {})[about] = text
        return found

    def noted(self, name: str, about: Iterable[str]) -> None:
        """These were sent."""
        fields = [f"{name} {one}" for one in about]
        self._do(lambda: self.client.hdel(PREFIX + "notices", *fields))

    # -- the rules in force ---------------------------------------------------------------------

    def publish(
        self, version: str, files: Mapping[str, str], origin: str, author: str = "", note: str = "",
        *, over: bool = True,
    ) -> int:  # fmt: skip
        """Put a version of the rules in force; its number, or 0 when a published one stays.

        *origin* is `published` or `files`; files give way to what was published, unless *over*.
        """
        args = (version, _dumps(dict(files)), origin, author, note, int(over))
        return int(self._run("publish", *args))

    def rules(self) -> dict[str, str]:
        """What is in force: n, version, origin, at, author, note; empty when nothing ever was."""
        return self.hash("rules")

    def rules_files(self, version: str) -> dict[str, str] | None:
        """The files of a version by their path; None when it is not kept (any more)."""
        text = self.get(f"rulebook:{version}")
        return None if text is None else json.loads(text)

    def rules_history(self) -> list[dict[str, Any]]:
        """The versions that were in force, at most 100, the latest first."""
        rows = self._do(lambda: self.client.lrange(PREFIX + "versions", 0, -1))
        return [json.loads(row) for row in rows]

    # -- what is muted ----------------------------------------------------------------------------

    def mutes(self) -> dict[str, str]:
        """What is muted, by id, as `core.mutes.mute_out` wrote it; and under `now` when that last changed."""
        return self.hash("mutes")

    def muted(self) -> dict[str, int]:
        """How many messages each mute has held back."""
        return {name: int(count) for name, count in self.hash("muted").items()}

    def mute(self, name: str, text: str, standing: str = "") -> bool:
        """Mute something, or end it by an empty *text*; False where another one than *standing* stands there."""
        return bool(self._run("mute", name, text, standing))

    def sweep(self) -> int:
        """Wake somebody if anything is due and nobody was woken; returns how much is due."""
        return int(self._run("sweep"))

    def mend(self, cursor: int) -> int:
        """Look at some keys for work that fell out of its index, and put it back; the next cursor."""
        cursor, keys = self._do(lambda: self.client.scan(cursor, match=PREFIX + "*", count=500))
        for kind in ("l", "d"):
            head = f"{PREFIX}{kind}:"
            texts = (key.decode() if isinstance(key, bytes) else key for key in keys)
            names = [text[len(head) :] for text in texts if text.startswith(head)]
            if names:
                self._run("mend", kind, *names)
        return int(cursor)

    # -- small things by name ---------------------------------------------------------------------

    def _do(self, call: Any) -> Any:
        try:
            return call()
        except redis.RedisError as error:
            if not (why := away(error)):
                raise
            raise TransientError("redis_away", why) from error

    def get(self, key: str) -> str | None:
        value = self._do(lambda: self.client.get(PREFIX + key))
        return None if value is None else value.decode()

    def several(self, *keys: str) -> list[str | None]:
        """The values of *keys*, in one round trip."""
        values = self._do(lambda: self.client.mget([PREFIX + key for key in keys]))
        return [None if value is None else value.decode() for value in values]

    def tallied(self, seconds: int, *keys: str) -> list[int]:
        """How many different things each of *keys* has counted in so many seconds, in one round trip."""
        since = int(self._clock().timestamp() - seconds) * 1000
        pipe = self.client.pipeline(transaction=False)
        for key in keys:
            pipe.zcount(PREFIX + key, since, "+inf")
        return [int(count) for count in self._do(pipe.execute)]

    def put(self, key: str, value: str, seconds: float) -> None:
        self._do(lambda: self.client.set(PREFIX + key, value, px=max(int(seconds * 1000), 1)))

    def forget(self, key: str) -> None:
        self._do(lambda: self.client.delete(PREFIX + key))

    def age(self) -> float:
        """Seconds since this Redis was first used as a journal."""
        now = self._clock()
        self._do(lambda: self.client.set(PREFIX + "born", now.isoformat(), nx=True))
        return (now - datetime.fromisoformat(self.get("born") or now.isoformat())).total_seconds()

    def take(self, key: str, owner: str, seconds: float) -> bool:
        """Become the one who does *key*; also True when we are already (a lost answer harms nothing)."""
        name = PREFIX + key
        self._do(lambda: self.client.set(name, owner, nx=True, px=int(seconds * 1000)))
        return bool(self._do(lambda: self.client.get(name)) == owner.encode())

    def give_back(self, key: str, owner: str) -> None:
        """End what `take` began; nothing where its time is over and somebody else has it."""
        if self.get(key) == owner:
            self.forget(key)

    def writable(self) -> None:
        """Make sure that something can be kept now: a full Redis, or a replica, answers a ping too."""
        self._do(lambda: self.client.set(PREFIX + "probe", "1", px=60_000))

    def known(self, eids: Sequence[str]) -> set[str]:
        """Those of these events that are kept."""
        pipe = self.client.pipeline(transaction=False)
        for eid in eids:
            pipe.exists(f"{PREFIX}e:{eid}")
        return {eid for eid, there in zip(eids, self._do(pipe.execute), strict=True) if there}

    def heard(self, connection: str, counts: Mapping[str, int], at: float, keep: float) -> None:
        """Count events of sources by the hour, *keep* seconds long, and end the alarm of their silence."""
        hour, gone = int(at // 3600), int((at - keep) // 3600)
        pipe = self.client.pipeline(transaction=False)
        for source, count in counts.items():
            key = f"{PREFIX}hours:{connection}:{source}"
            pipe.hsetnx(f"{PREFIX}heard:{connection}", f"first {source}", str(int(at)))
            pipe.hset(f"{PREFIX}heard:{connection}", f"last {source}", str(int(at)))
            pipe.hincrby(key, str(hour), count)
            pipe.hdel(key, *(str(gone - back) for back in range(168)))
            pipe.expire(key, int(keep))
            pipe.hdel(PREFIX + "alarms", f"silence:{connection}:{source}")
        self._do(pipe.execute)

    def last_heard(self, connection: str) -> dict[str, float]:
        """When each source of a connection was last heard, in seconds since 1970."""
        row = self.hash(f"heard:{connection}")
        return {
            field.removeprefix("last "): float(at)
            for field, at in row.items()
            if field.startswith("last ")
        }

    def gap(self, connection: str) -> dict[str, Any]:
        """How far a connection was read back, and what came of it; empty before the first time."""
        told: dict[str, Any] = json.loads(self.get(f"gap:{connection}") or "{}")
        return told

    def hours(self, connection: str, source: str, wanted: Sequence[int]) -> dict[int, int]:
        """How many events of a source came in these hours."""
        key = f"{PREFIX}hours:{connection}:{source}"
        row = self._do(lambda: self.client.hmget(key, [str(hour) for hour in wanted]))
        return {hour: int(count or 0) for hour, count in zip(wanted, row, strict=True)}

    # -- crowds -------------------------------------------------------------------------------------

    def spikes(self) -> dict[str, dict[str, Any]]:
        """The incidents that last, by their crowd."""
        return {crowd: json.loads(text) for crowd, text in self.hash("spikes").items()}

    def crowd(
        self, crowd: str, room: str, over: int, start: int, most: int
    ) -> tuple[int, int, list[str]]:
        """Messages of *crowd* in the last *over* seconds; members of the incident *room*; *most* of them from *start*."""
        since = int((self.time() - over) * 1000)
        pipe = self.client.pipeline(transaction=False)
        pipe.zcount(f"{PREFIX}crowd:{crowd}", since, "+inf")
        pipe.llen(f"{PREFIX}members:{room}")
        pipe.lrange(f"{PREFIX}members:{room}", start, start + most - 1)
        count, total, eids = self._do(pipe.execute)
        return int(count), int(total), [eid.decode() for eid in eids]

    def rows(self, keys: Sequence[str], *names: str) -> list[dict[str, str]]:
        """These fields of each of these hashes, those that are there."""
        pipe = self.client.pipeline(transaction=False)
        for key in keys:
            pipe.hmget(PREFIX + key, list(names))
        return [
            {
                name: value.decode("utf-8", "replace")
                for name, value in zip(names, row, strict=True)
                if value is not None
            }
            for row in self._do(pipe.execute)
        ]

    # -- looking ------------------------------------------------------------------------------------

    def connections(self) -> list[str]:
        """Every connection that ever brought an event, and `bridge` for what is our own."""
        brought = self._do(lambda: self.client.hkeys(PREFIX + "last"))
        ours = ["bridge"] if self._do(lambda: self.client.exists(PREFIX + "books:bridge")) else []
        return sorted([*(name.decode() for name in brought), *ours])

    def books(self) -> dict[str, dict[str, int]]:
        """`{connection: {received, duplicates, done, ignored, parked, dead, in_progress}}`."""
        names = ("received", "duplicates", "done", "ignored", "parked", "dead", "in_progress")
        out = {}
        for connection in self.connections():
            row = self.hash(f"books:{connection}")
            out[connection] = {name: int(row.get(name, "0")) for name in names}
        return out

    def matches(self) -> dict[str, tuple[int, datetime]]:
        """How often each rule matched since this Redis was first used, and when last.

        By name, those in the shadow as `shadow NAME`; counted with the end of each event.
        """
        counts, last = self.hash("matches"), self.hash("matched")
        return {
            rule: (int(count), datetime.fromtimestamp(float(last[rule]) / 1000, UTC))
            for rule, count in counts.items()
            if rule in last
        }

    def answers(self, connections: Iterable[str]) -> dict[str, dict[str, int]]:
        """`{connection: {waiting, overdue, in_time, late, found_late, unanswered}}`: who waits, and how it ended.

        Only of those where an answer was ever promised.
        """
        now, found = int(self._clock().timestamp() * 1000), {}
        for name in connections:
            pipe = self.client.pipeline(transaction=False)
            pipe.zcard(f"{PREFIX}waiting:{name}")
            pipe.zcount(f"{PREFIX}waiting:{name}", "-inf", now)
            pipe.hgetall(f"{PREFIX}answers:{name}")
            waiting, overdue, counted = self._do(pipe.execute)
            if waiting or counted:
                ends = {one: int(counted.get(one.encode(), 0)) for one in ANSWERS}
                found[name] = {"waiting": waiting, "overdue": overdue, **ends}
        return found

    def hash(self, key: str) -> dict[str, str]:
        row = self._do(lambda: self.client.hgetall(PREFIX + key))
        return {k.decode(): v.decode("utf-8", "replace") for k, v in row.items()}

    def hash_field(self, key: str, field: str) -> str | None:
        value = self._do(lambda: self.client.hget(PREFIX + key, field))
        return None if value is None else value.decode()

    def event(self, eid: str) -> dict[str, str]:
        """The stored fields of one event, empty when it is not known (any more)."""
        return self.hash(f"e:{eid}")

    def raw(self, delivery: str) -> bytes | None:
        """The body of a delivery as it came, while it is kept."""
        body: bytes | None = self._do(lambda: self.client.hget(f"{PREFIX}d:{delivery}", "b"))
        return body

    def dead(self, most: int = 1000) -> list[str]:
        """Ids of dead letters, newest first."""
        rows = self._do(lambda: self.client.zrevrange(PREFIX + "dead", 0, most - 1))
        return [row.decode() for row in rows]

    def revive(self, eid: str, what: str) -> bool:
        """Retry or drop a dead letter; False when it is not dead (any more)."""
        return bool(self._run("revive", eid, what, self.keep_ms))

    def feed(self, since: str, most: int = 200) -> list[tuple[str, str]]:
        """(position, event id) of what was decided after *since*; '' gives the newest."""
        stream = PREFIX + "feed"
        if since:
            rows = self._do(lambda: self.client.xrange(stream, f"({since}", "+", count=most))
        else:
            rows = self._do(lambda: self.client.xrevrange(stream, count=most))[::-1]
        return [(pos.decode(), fields[b"e"].decode()) for pos, fields in rows]

    def queues(self) -> dict[str, int]:
        """How much waits where."""
        pipe = self.client.pipeline(transaction=False)
        pipe.llen("rq:queue:bridge")
        for index in ("ingest", "due", "dead"):
            pipe.zcard(PREFIX + index)
        pipe.scard("rq:workers")
        names = ("wake_ups", "deliveries", "lanes", "dead_letters", "workers")
        found = dict(zip(names, (int(n) for n in self._do(pipe.execute)), strict=True))
        return {**found, "lanes": found["lanes"] - self._resting()}

    def _resting(self) -> int:
        """How many lanes wait for nothing but a clock: a reminder, a held notice."""
        now = self._do(lambda: self.client.time())[0]
        soon = (now + 1) * 1000
        later = self._do(lambda: self.client.zrangebyscore(PREFIX + "due", soon, "+inf"))
        pipe = self.client.pipeline(transaction=False)
        for lane in later:
            pipe.exists(f"{PREFIX}w:{lane.decode()}")
        return sum(int(n) for n in self._do(pipe.execute))

    def alarms(self) -> dict[str, dict[str, str]]:
        """`{name: {text, at}}` of what an operator should know; those whose time is over go."""
        now, found = self._clock().isoformat(), {}
        for name, text in self.hash("alarms").items():
            told = json.loads(text)
            if told.pop("until", now) < now:
                self.alarm(name, None)
            else:
                found[name] = told
        return found

    def down(self, connection: str) -> dict[str, str]:
        return self.hash(f"down:{connection}")

    def resume(self, connection: str) -> bool:
        """Open a closed or paused connection again and wake what waited for it."""
        key = f"{PREFIX}down:{connection}"

        def call() -> int:
            # Open first: a lane that settles after this sees it and waits no more.
            pipe = self.client.pipeline()
            pipe.delete(key)
            pipe.hdel(PREFIX + "alarms", f"down:{connection}")
            opened = int(pipe.execute()[0])
            self.client.zadd(PREFIX + "lines", {connection: 0}, xx=True)
            return opened

        return bool(self._do(call))

    # -- looking closer: for the commands of daily work --------------------------------------------

    SILENT: Final = 90.0  # seconds without a heartbeat after which a worker counts as gone

    def time(self) -> float:
        """Redis' own clock, in seconds since 1970."""
        seconds, micros = self._do(self.client.time)
        return float(seconds) + float(micros) / 1e6

    def overdue(self) -> dict[str, float]:
        """For how many seconds the oldest due delivery and lane have been waiting for a worker."""
        now = self.time()
        out = {}
        for name, index in (("deliveries", "ingest"), ("lanes", "due")):
            first = self._do(functools.partial(self._first, PREFIX + index))
            out[name] = max(now - first[0][1] / 1000, 0.0) if first else 0.0
        return out

    def _first(self, key: str) -> list[tuple[bytes, float]]:
        return self.client.zrange(key, 0, 0, withscores=True)  # type: ignore[return-value]

    def workers(self) -> dict[str, float]:
        """Seconds since the last heartbeat of each registered worker; a killed one goes silent."""
        now, out = self.time(), {}
        for key in self._do(lambda: self.client.smembers("rq:workers")):
            beat = self._do(functools.partial(self.client.hget, key, "last_heartbeat"))
            if beat:
                at = datetime.fromisoformat(beat.decode().replace("Z", "+00:00"))
                out[key.decode().removeprefix("rq:worker:")] = max(now - at.timestamp(), 0.0)
        return out

    def spent(self, connection: str, budget: str, window: float) -> tuple[int, float]:
        """What of a budget was used in its *window*, and the seconds we were told to wait."""
        key = f"{PREFIX}rate:{connection}:{budget}"
        width = max(int(window * 1000) // 60, 1)
        oldest = int(self.time() * 1000) // width - 60
        row = self._do(lambda: self.client.hgetall(key))
        barred = self._do(lambda: self.client.pttl(f"{key}:stop"))
        others = int(self._do(lambda: self.client.get(f"{key}:other")) or 0)
        ours = sum(int(n) for at, n in row.items() if int(at) >= oldest)
        return ours + others, max(barred, 0) / 1000

    def lines(self) -> list[Waiting]:
        """The lines in which lanes wait for a connection or a budget, those with names first in order."""
        found = []
        for name in sorted(self._do(lambda: self.client.zrange(PREFIX + "lines", 0, -1))):
            line = name.decode()
            pipe = self.client.pipeline(transaction=False)
            pipe.zcard(f"{PREFIX}line:{line}")
            pipe.zrange(f"{PREFIX}line:{line}", 0, 0, withscores=True)
            many, head = self._do(pipe.execute)
            connection, _, budget = line.partition(" ")
            if head:
                since = int(head[0][1]) % RANK / 1000
                found.append(Waiting(connection, budget, many, max(self.time() - since, 0.0)))
        return found

    def place(self, lane: str) -> tuple[str, str, int] | None:
        """(connection, budget or '', place from 1) of *lane* where it stands in line."""
        for name in self._do(lambda: self.client.zrange(PREFIX + "lines", 0, -1)):
            key = f"{PREFIX}line:{name.decode()}"
            place = self._do(functools.partial(self.client.zrank, key, lane))
            if place is not None:
                connection, _, budget = name.decode().partition(" ")
                return connection, budget, int(place) + 1
        return None

    def soon(self) -> float:
        """Seconds until a line is looked at again; infinite where nobody stands in one."""
        first = self._do(lambda: self._first(PREFIX + "lines"))
        return first[0][1] / 1000 - self.time() if first else float("inf")

    def delivery(self, did: str) -> dict[str, str]:
        """What is known of a delivery beside its body: connection, time, how many events it held."""
        row = self._do(lambda: self.client.hmget(f"{PREFIX}d:{did}", "c", "at", "n"))
        names = ("connection", "at", "events")
        return {k: v.decode() for k, v in zip(names, row, strict=True) if v is not None}

    def events(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Every event that is kept, in no order; a look at all of them, so not for often."""
        return self._hashes("e:")

    def every(self, names: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
        """These fields of every event that is kept; the same."""
        for eids in self.kept():
            yield from zip(eids, self.some(eids, names), strict=True)

    def rooms(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Every conversation that is known; the same."""
        return self._hashes("r:")

    def _hashes(self, kind: str) -> Iterator[tuple[str, dict[str, str]]]:
        for names in self._names(kind):
            pipe = self.client.pipeline(transaction=False)
            for name in names:
                pipe.hgetall(f"{PREFIX}{kind}{name}")
            for name, row in zip(names, self._do(pipe.execute), strict=True):
                yield name, {k.decode(): v.decode("utf-8", "replace") for k, v in row.items()}

    def kept(self) -> Iterator[list[str]]:
        """The ids of all events that are kept, each once, in no order, some at a time."""
        return self._names("e:")

    def _names(self, kind: str) -> Iterator[list[str]]:
        """What stands behind *kind* in the names of keys, each once, some at a time."""
        head, cursor, told = PREFIX + kind, -1, set[str]()
        while cursor:
            call = functools.partial(self.client.scan, max(cursor, 0), match=head + "*", count=1000)
            cursor, keys = self._do(call)
            names = {
                key.decode()[len(head) :] for key in keys
            } - told  # a walk may meet a key twice
            told |= names
            yield list(names)

    def some(self, eids: Sequence[str], names: Sequence[str]) -> list[dict[str, str]]:
        """These fields of these events, in their order, in one round trip; those that are gone are empty."""
        pipe = self.client.pipeline(transaction=False)
        for eid in eids:
            pipe.hmget(f"{PREFIX}e:{eid}", names)
        return [
            {
                name: value.decode("utf-8", "replace")
                for name, value in zip(names, row, strict=True)
                if value is not None
            }
            for row in self._do(pipe.execute)
        ]
