"""Every Redis command the code issues: its answer is lost once, and once it is not even carried out.

COMMANDS has an entry for each, found by MONITOR: a new command without one fails the test that asks
(`found`). The entry is the part of the flow in which somebody issues it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator
from typing import Final

import redis

from matrix import flow, rare
from matrix.cells import Cell
from matrix.deeds import Case
from matrix.scene import Scene
from matrix.wire import name_of

# By part of the flow; in each, what it is the shortest to issue.
COMMANDS: Final[dict[str, tuple[str, ...]]] = {
    "ticket": (
        "accept", "claim", "record", "settle", "gate", "sweep", "mend", "SCRIPT LOAD",
        "GET bridge:me", "SET bridge:me", "MGET", "SET bridge:post",
        "MULTI", "EXEC", "BLMOVE rq:queue", "LREM rq:queue", "HGETALL rq:job", "HSET rq:job",
        "PERSIST rq:job", "EXPIRE rq:job", "SMEMBERS rq:job", "WATCH rq:job", "HSET rq:worker",
        "EXPIRE rq:worker", "SADD rq:worker", "SREM rq:worker", "HINCRBY rq:worker",
        "HINCRBYFLOAT rq:worker", "HSET rq:execution", "EXPIRE rq:execution", "DEL rq:execution",
        "ZADD rq:executions", "EXPIRE rq:executions", "ZREM rq:executions", "ZADD rq:wip",
        "ZREM rq:wip", "ZADD rq:finished", "XADD rq:results", "EXPIRE rq:results",
        "EXISTS rq:suspended",
        "GET bridge:asked", "GET bridge:gap", "HSETNX bridge:heard", "HSET bridge:heard",
        "HINCRBY bridge:hours", "HDEL bridge:hours", "EXPIRE bridge:hours", "SET bridge:listening",
        "GET bridge:listening", "GET bridge:open", "SET bridge:open", "HGETALL bridge:heard",
        "HGETALL bridge:mutes", "HGETALL bridge:erasures",
    ),
    "ticket in Freshdesk": ("GET bridge:born", "SET bridge:born"),
    "update": ("settle",),
    "answer": ("settle", "DEL bridge:found"),
    "answer in doubt": ("settle", "GET bridge:found", "SET bridge:found"),
    "answer in private to a comment": ("settle", "HGETALL bridge:r"),
    "status": ("settle",),
    "status in Freshdesk": ("GET bridge:names", "SET bridge:names"),
    "pause and resume": (
        "trouble", "DEL bridge:down", "HDEL bridge:alarms", "ZADD bridge:lines",
        "ZCARD bridge:line", "ZRANGE bridge:line",
    ),
    "dead letters": ("revive", "HGET bridge:d", "ZREVRANGE bridge:dead", "HGETALL bridge:e"),
    "token refused": (
        "GET bridge:refused", "GET bridge:renew", "SET bridge:renew", "DEL bridge:renew",
        "SET bridge:token",
    ),
    "limit": ("SET bridge:rate",),
    "read back": (
        "SET bridge:gap", "SET bridge:reading", "GET bridge:reading", "DEL bridge:reading",
        "DEL bridge:asked",
    ),
    "mute": ("mute", "HGETALL bridge:muted"),
    "rules": ("publish", "GET bridge:rulebook"),
    "alarm": ("HSET bridge:alarms",),
    "outage": ("load", "trouble", "cheer"),
    "slow helpdesk": ("renew",),
    "restart": (
        "publish", "HGETALL bridge:rules", "GET bridge:told", "SET bridge:told", "GET bridge:token",
        "CLIENT INFO", "CLIENT SETINFO", "CLIENT SETNAME", "CONFIG GET", "INFO", "DEL rq:clean", "SET rq:clean",
        "DEL rq:worker", "EXISTS rq:worker", "LRANGE rq:queue", "SADD rq:workers",
        "SMEMBERS rq:groups", "SMEMBERS rq:rl-keys", "SMEMBERS rq:workers", "SREM rq:workers", "ZRANGE rq:wip",
        "ZRANGE rq:ready", "ZRANGEBYSCORE rq:wip", "ZREMRANGEBYSCORE rq:failed",
        "ZREMRANGEBYSCORE rq:finished",
    ),
    "look": (
        "EXISTS bridge:books", "EXISTS bridge:w", "HGETALL bridge:spikes", "LRANGE bridge:versions", "HGET rq:worker", "HGETALL bridge:alarms",
        "HGETALL bridge:answers", "HGETALL bridge:books", "HGETALL bridge:down", "HGETALL bridge:last",
        "HGETALL bridge:matches", "HGETALL bridge:matched", "HGETALL bridge:rate",
        "HKEYS bridge:last", "LLEN rq:queue", "PING", "PTTL bridge:rate", "SET bridge:probe", "SCAN",
        "SCAN bridge:e", "SCARD rq:workers", "TIME", "XREVRANGE bridge:feed", "ZCARD bridge:dead", "ZCARD bridge:due",
        "ZCARD bridge:ingest", "ZCARD bridge:waiting", "ZCOUNT bridge:waiting", "ZRANGE bridge:lines", "GET bridge:rate", "ZRANGE bridge:due",
        "ZRANGE bridge:ingest", "ZRANGEBYSCORE bridge:due",
    ),
    "words said once": ("SET bridge:once", "GET bridge:once", "DEL bridge:once"),
    "colleagues": (
        "HSET bridge:notices", "EXPIRE bridge:notices", "HGETALL bridge:notices", "HDEL bridge:notices",
        "GET bridge:notified", "SET bridge:notified",
    ),
    "summary": (
        "GET bridge:digested", "SET bridge:digested", "SET bridge:digesting", "GET bridge:digesting",
    ),
    "label": ("GET bridge:label",),
    "incident": (
        "settle", "MGET", "ZCOUNT bridge:crowd", "LLEN bridge:members", "LRANGE bridge:members",
    ),
    "absence": ("SET bridge:asked", "GET bridge:ticket", "GET bridge:sent", "EXISTS bridge:e"),
    "silence": ("HMGET bridge:hours",),
    "forgotten ticket": ("GET bridge:join",),
    "answer to a comment": ("ZCOUNT bridge:aloud", "ZCOUNT bridge:same"),
    "echo before its answer": ("GET bridge:saying",),
    "turn lost": ("HDEL bridge:s",),
    "under way": ("HGETALL bridge:s",),
    "between two lists": ("SET rq:queue", "GET rq:queue", "ZADD rq:failed", "UNWATCH"),
    "limit of all": ("told",),
    "ask": (
        "HMGET bridge:e", "HMGET bridge:d", "SCAN bridge:r", "ZRANK bridge:line", "XRANGE bridge:feed",
    ),
    "erasing": (
        "erase", "MGET", "UNLINK", "SMEMBERS bridge:erasing", "SADD bridge:erasing", "SREM bridge:erasing", "HEXISTS bridge:d",
        "HDEL bridge:r", "HGETALL bridge:i", "ZREM bridge:lines", "ZREM bridge:line", "ZREM bridge:granted", "ZREM bridge:waiting",
        "BGREWRITEAOF",
    ),
    "request to be erased": (
        "HSETNX bridge:erasures", "HGET bridge:erasures", "HSET bridge:erasures", "HDEL bridge:erasures",
        "ZSCORE bridge:ingest",
    ),
}  # fmt: skip
PARTS: Final = {**flow.PARTS, **rare.PARTS}
SLOWEST: Final = 2.5  # seconds in which whatever comes round by itself has come
# They change nothing, so that it is all the same whether they were carried out.
READS: Final = frozenset({
    "GET", "MGET", "EXISTS", "HEXISTS", "HGET", "HMGET", "HGETALL", "HKEYS", "INFO", "LLEN", "LRANGE", "PING", "PTTL", "SCAN",
    "SCARD", "SMEMBERS", "TIME", "XRANGE",
    "XREVRANGE", "ZCARD", "ZCOUNT", "ZRANGE", "ZRANGEBYSCORE", "ZRANK", "ZREVRANGE", "ZSCORE",
})  # fmt: skip


def known() -> set[str]:
    return {name for names in COMMANDS.values() for name in names}


def cells() -> Iterator[Cell]:
    for part, names in COMMANDS.items():
        for name in names:
            read = name.partition(" ")[0] in READS
            for done in (True,) if read else (True, False):
                column = "done" if done else "not done"
                what = (part, name, done)
                row = f"{name} ({part})"
                yield Cell("lost answer", row, column, _run, what, patient=part == "outage")
    yield Cell(
        "lost answer", "all commands of all parts", "have cells", _complete, (), patient=True
    )


def _run(scene: Scene, part_name: str, name: str, done: bool) -> list[str]:
    part = PARTS[part_name]
    case = Case(scene, part.place)
    part.before(case)
    _forget(scene, scripts=name == "SCRIPT LOAD")
    lost = scene.wire.lost
    scene.wire.lose(name, done=done)
    part.do(case)
    scene.until(lambda: scene.wire.lost > lost, f"a {name}")
    scene.sandbox.delete("faults")
    scene.rest()
    return case.wrong()


def _complete(scene: Scene) -> list[str]:
    """Which commands have no entry. The tests ask this of the parts that take no time, and of what goes around the wire."""
    scene.wire.seen.clear()
    _flow(scene, ())
    return [f"{name} has no entry" for name in sorted(scene.wire.seen - known())]


def _forget(scene: Scene, *, scripts: bool) -> None:
    """Let nobody know by heart what the commands are about."""
    with scene.redis.client() as client:
        # RQ's maintenance: who lost the word of its end leaves a lock behind for a quarter of an hour.
        for kind in (
            "bridge:me:*",
            "bridge:names:*",
            "bridge:told:*",
            "bridge:listening",
            "rq:clean*",
        ):
            for key in client.scan_iter(kind, count=1000):
                client.delete(key)
        if scripts:
            client.script_flush()


# --- finding them ------------------------------------------------------------------------------------


class Monitor(threading.Thread):
    """What MONITOR shows of the whole server, but for what scripts do inside it."""

    def __init__(self, client: redis.Redis, scripts: dict[str, str]) -> None:
        super().__init__(name="monitor", daemon=True)
        self._client, self._scripts = client, scripts
        self._monitor = client.monitor()
        self.seen: set[str] = set()
        self.wrong: Exception | None = None
        self._ended = False

    def __enter__(self) -> Monitor:
        self._monitor.__enter__()
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended = True
        self._client.ping()  # one more line, so that the thread sees that it is over
        self.join(10)
        self._monitor.connection.disconnect()

    def run(self) -> None:
        try:
            while not self._ended:
                told = self._monitor.next_command()
                # What is evaluated as it stands is ours (Scene.change): the product's scripts go by their hash.
                if told["client_type"] != "lua" and not told["command"].startswith("EVAL "):
                    words = [word.encode() for word in told["command"].split(" ")]
                    self.seen.add(name_of(words, self._scripts))
        except (redis.RedisError, OSError, ValueError) as error:
            self.wrong = error


def found(scene: Scene, without: Collection[str] = ()) -> tuple[set[str], set[str]]:
    """The commands of one whole flow: as MONITOR shows them, and as they passed the wire."""
    with (
        scene.redis.client(timeout=600.0) as client,
        Monitor(client, scene.wire.scripts) as monitor,
    ):
        scene.wire.seen.clear()
        scene.discreet = True
        try:
            _flow(scene, without)
        finally:
            scene.discreet = False
        if monitor.wrong:
            raise AssertionError(f"MONITOR broke off: {monitor.wrong}")
    return monitor.seen, scene.wire.seen


def _flow(scene: Scene, without: Collection[str]) -> None:
    """Every part but those *without*, and whatever comes round by itself."""
    for part in PARTS.values():
        if part.name in without:
            continue
        case = Case(scene, part.place)
        part.before(case)
        part.do(case)
        scene.sandbox.delete("faults")
        scene.rest()
    time.sleep(SLOWEST)
