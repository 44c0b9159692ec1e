"""How much there was, and is: the books, rules that matched, waits, sources, crowds, workers."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from bridge.store.access import PREFIX, Access

ANSWERS: Final = ("in_time", "late", "found_late", "unanswered")  # how the waits of customers ended


class Counts(Access):
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

    # -- sources and crowds ----------------------------------------------------------------------

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

    def hours(self, connection: str, source: str, wanted: Sequence[int]) -> dict[int, int]:
        """How many events of a source came in these hours."""
        key = f"{PREFIX}hours:{connection}:{source}"
        row = self._do(lambda: self.client.hmget(key, [str(hour) for hour in wanted]))
        return {hour: int(count or 0) for hour, count in zip(wanted, row, strict=True)}

    def gap(self, connection: str) -> dict[str, Any]:
        """How far a connection was read back, and what came of it; empty before the first time."""
        told: dict[str, Any] = json.loads(self.get(f"gap:{connection}") or "{}")
        return told

    def tallied(self, seconds: int, *keys: str) -> list[int]:
        """How many different things each of *keys* has counted in so many seconds, in one round trip."""
        since = int(self._clock().timestamp() - seconds) * 1000
        pipe = self.client.pipeline(transaction=False)
        for key in keys:
            pipe.zcount(PREFIX + key, since, "+inf")
        return [int(count) for count in self._do(pipe.execute)]

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

    # -- what waits, and for whom ----------------------------------------------------------------

    SILENT: Final = 90.0  # seconds without a heartbeat after which a worker counts as gone

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

    def overdue(self) -> dict[str, float]:
        """For how many seconds the oldest due delivery and lane have been waiting for a worker."""
        now = self.time()
        out = {}
        for name, index in (("deliveries", "ingest"), ("lanes", "due")):
            first = self._first(index)
            out[name] = max(now - first[0][1] / 1000, 0.0) if first else 0.0
        return out

    def workers(self) -> dict[str, float]:
        """Seconds since the last heartbeat of each registered worker; a killed one goes silent."""
        now, out = self.time(), {}
        for key in self._do(lambda: self.client.smembers("rq:workers")):
            beat = self._do(functools.partial(self.client.hget, key, "last_heartbeat"))
            if beat:
                at = datetime.fromisoformat(beat.decode().replace("Z", "+00:00"))
                out[key.decode().removeprefix("rq:worker:")] = max(now - at.timestamp(), 0.0)
        return out
