"""One Redis: how a command and a script get there, and small things by name."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import redis

from bridge.core.errors import TransientError
from bridge.redisclient import Line, away
from bridge.store.scripts import SCRIPTS, source

PREFIX: Final = "bridge:"


def dumps(value: object) -> str:
    # Lone surrogates never get here (core.untrusted); escapes keep Lua's JSON reader byte-safe.
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


class Access:
    """What every part of the journal stands on. `client` is for tests and for what has no name here."""

    def __init__(
        self, client: redis.Redis, *, keep: float, keep_raw: float, clock: Callable[[], datetime],
        hasty: bool = False,
    ) -> None:  # fmt: skip
        self.client = client
        self._clock = clock
        self.keep_ms = int(keep * 1000)
        self.keep_raw_ms = int(keep_raw * 1000)
        self._scripts = {name: client.register_script(source(name)) for name in SCRIPTS}
        self._line = Line(client, hasty=hasty)

    def close(self) -> None:
        """Hang up; a later call dials again."""
        self._line.close()
        self.client.close()

    def _run(self, name: str, *args: Any) -> Any:
        script = self._scripts[name]
        return self._do(lambda: self._line.script(script.sha, script.script, *args))

    def _do(self, call: Any) -> Any:
        try:
            return call()
        except redis.RedisError as error:
            if not (why := away(error)):
                raise
            raise TransientError("redis_away", why) from error

    def time(self) -> float:
        """Redis' own clock, in seconds since 1970."""
        seconds, micros = self._do(self.client.time)
        return float(seconds) + float(micros) / 1e6

    def age(self) -> float:
        """Seconds since this Redis was first used as a journal."""
        now = self._clock()
        self._do(lambda: self.client.set(PREFIX + "born", now.isoformat(), nx=True))
        return (now - datetime.fromisoformat(self.get("born") or now.isoformat())).total_seconds()

    def writable(self) -> None:
        """Make sure that something can be kept now: a full Redis, or a replica, answers a ping too."""
        self._do(lambda: self.client.set(PREFIX + "probe", "1", px=60_000))

    # -- values ----------------------------------------------------------------------------------

    def get(self, key: str) -> str | None:
        value = self._do(lambda: self.client.get(PREFIX + key))
        return None if value is None else value.decode()

    def several(self, *keys: str) -> list[str | None]:
        """The values of *keys*, in one round trip."""
        values = self._do(lambda: self.client.mget([PREFIX + key for key in keys]))
        return [None if value is None else value.decode() for value in values]

    def put(self, key: str, value: str, seconds: float) -> None:
        self._do(lambda: self.client.set(PREFIX + key, value, px=max(int(seconds * 1000), 1)))

    def forget(self, key: str) -> None:
        self._do(lambda: self.client.delete(PREFIX + key))

    def take(self, key: str, owner: str, seconds: float) -> bool:
        """Become the one who does *key*; also True when we are already (a lost answer harms nothing)."""
        name = PREFIX + key
        self._do(lambda: self.client.set(name, owner, nx=True, px=int(seconds * 1000)))
        return bool(self._do(lambda: self.client.get(name)) == owner.encode())

    def give_back(self, key: str, owner: str) -> None:
        """End what `take` began; nothing where its time is over and somebody else has it."""
        if self.get(key) == owner:
            self.forget(key)

    # -- hashes ----------------------------------------------------------------------------------

    def hash(self, key: str) -> dict[str, str]:
        row = self._do(lambda: self.client.hgetall(PREFIX + key))
        return {k.decode(): v.decode("utf-8", "replace") for k, v in row.items()}

    def hash_field(self, key: str, field: str) -> str | None:
        value = self._do(lambda: self.client.hget(PREFIX + key, field))
        return None if value is None else value.decode()

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

    def _walk(self, head: str) -> Iterator[list[bytes]]:
        """All keys that begin with *head*, some at a time, in no order; one may come twice."""
        cursor = -1
        while cursor:
            call = functools.partial(self.client.scan, max(cursor, 0), match=head + "*", count=1000)
            cursor, keys = self._do(call)
            yield keys

    def _first(self, index: str) -> list[tuple[bytes, float]]:
        """What stands first in a sorted set, and at which place; nothing where it is empty."""
        call = functools.partial(self.client.zrange, PREFIX + index, 0, 0, withscores=True)
        return self._do(call)  # type: ignore[no-any-return]
