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

from matrix import flow
from matrix.cells import Cell
from matrix.deeds import Case
from matrix.scene import Scene
from matrix.wire import name_of

# By part of the flow; in each, what it is the shortest to issue.
COMMANDS: Final[dict[str, tuple[str, ...]]] = {
    "ticket": (
        "accept", "claim", "record", "settle", "gate", "sweep", "mend", "SCRIPT LOAD",
        "GET bridge:me", "SET bridge:me", "MGET bridge:post", "SET bridge:post",
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
}  # fmt: skip
SLOWEST: Final = 2.5  # seconds in which whatever comes round by itself has come
# Known, but nobody can be made to issue them: why.
SELDOM: Final = {
    "SET rq:queue": "RQ notes a job that it meets between two lists, in its maintenance",
    "GET rq:queue": "the same",
    "GET bridge:ticket": "asked of tickets that are read back, which Zendesk lists after a minute",
    "GET bridge:sent": "asked where a look at a platform is quicker than the echo",
    "told": "where an answer says that others spend of the same limit (tests/limits/test_taught.py)",
    "SET bridge:asked": "after an absence",
    "SET bridge:once": "where a rule says `once:` (tests/engine/test_guards.py)",
    "GET bridge:once": "the same",
    "DEL bridge:once": "where such words did not arrive",
    "ZCOUNT bridge:aloud": "where rules.yaml has `limits:` (tests/engine/test_guards.py)",
    "ZCOUNT bridge:same": "the same",
    "HMGET bridge:hours": "once a source has been heard for a while",
    "EXISTS bridge:e": "asked of words that are read back",
    "HDEL bridge:s": "where the word of a turn was lost, or a worker ends; done twice it is the same",
    "HSET bridge:notices": "where BRIDGE_NOTIFY gives addresses (tests/jobs/test_notify.py): noted twice it is one note",
    "EXPIRE bridge:notices": "the same",
    "HGETALL bridge:notices": "the same",
    "HDEL bridge:notices": "the same; colleagues may read a digest twice, and miss none",
    "GET bridge:notified": "the same",
    "SET bridge:notified": "the same",
    "GET bridge:digested": "where somebody wants the summary of a week, or a day (tests/jobs/test_notify.py)",
    "SET bridge:digested": "the same; it may come twice, and does come",
    "SET bridge:digesting": "the same; where its answer is lost it comes an hour later",
    "GET bridge:join": "where Redis has forgotten the ticket of which a helpdesk tells",
    "GET bridge:saying": "where an echo comes before the answer to our call",
    "GET bridge:label": "where an agent sets labels, and in `bridge ambassadors`",
    "HGETALL bridge:s": "in `bridge why`, of what was tried in vain",
    "HMGET bridge:d": "in `bridge why`, of what was not read yet",
    "HMGET bridge:e": "in commands that read everything that is kept",
    "ZCOUNT bridge:crowd": "while an incident lasts (tests/engine/test_crowds.py)",
    "LLEN bridge:members": "the same",
    "LRANGE bridge:members": "the same",
    "erase": "in `bridge erase` (tests/cli/test_erase.py): given again it finds what is left",
    "SMEMBERS bridge:erasing": "the same",
    "ZREM bridge:lines": "the same, where a chat's own limit was waited for",
    "HDEL bridge:r": "the same, of words without an id",
    "SADD bridge:erasing": "the same",
    "SREM bridge:erasing": "the same",
    "HSETNX bridge:erasures": "where Meta asks for somebody to be erased; kept twice it is one request",
    "HGET bridge:erasures": "the same",
    "HSET bridge:erasures": "the same; an erased person is erased again",
    "HDEL bridge:erasures": "the same",
    "ZSCORE bridge:ingest": "the same",
}
# They change nothing, so that it is all the same whether they were carried out.
READS: Final = frozenset({
    "GET", "MGET", "EXISTS", "HGET", "HGETALL", "HKEYS", "INFO", "LLEN", "LRANGE", "PING", "PTTL", "SCAN",
    "SCARD", "SMEMBERS", "TIME", "XREVRANGE", "ZCARD", "ZCOUNT", "ZRANGE", "ZRANGEBYSCORE", "ZREVRANGE",
})  # fmt: skip


def known() -> set[str]:
    return {*SELDOM, *(name for names in COMMANDS.values() for name in names)}


def cells() -> Iterator[Cell]:
    for part, names in COMMANDS.items():
        for name in names:
            read = name.partition(" ")[0] in READS
            for done in (True,) if read else (True, False):
                column = "done" if done else "not done"
                what = (part, name, done)
                row = f"{name} ({part})"
                yield Cell("lost answer", row, column, _run, what, patient=part == "outage")


def _run(scene: Scene, part_name: str, name: str, done: bool) -> list[str]:
    part = flow.PARTS[part_name]
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
                if told["client_type"] != "lua":
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
        scene.discreet = True
        scene.wire.seen.clear()
        for part in flow.PARTS.values():
            if part.name in without:
                continue
            case = Case(scene, part.place)
            part.before(case)
            part.do(case)
            scene.sandbox.delete("faults")
        time.sleep(SLOWEST)
        scene.discreet = False
        if monitor.wrong:
            raise AssertionError(f"MONITOR broke off: {monitor.wrong}")
    return monitor.seen, scene.wire.seen
