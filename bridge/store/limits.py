"""Leave to send, connections that are closed, and the lines in which lanes wait for either."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from bridge.core.limits import Budget, sixtieth
from bridge.store.access import PREFIX, Access, dumps
from bridge.store.records import RANK, Leave, Waiting, asking, leave_of


class Limits(Access):
    # -- budgets ---------------------------------------------------------------------------------

    def gate(
        self, connection: str, budgets: Iterable[Budget], lane: str = "", order: int = 0
    ) -> Leave:
        """Ask for leave to send one request; where it is given, the request is counted.

        *order* is the place of *lane* among those that stand in line for the same.
        """
        return leave_of(self._run("gate", *asking(connection, budgets, lane, order)))

    def told(self, connection: str, budget: Budget, left: int, seconds: float) -> int:
        """The provider says that *left* of a budget are left; returns how much others have spent of it."""
        window, lasts = int(budget.seconds * 1000), max(int(seconds * 1000), 1)
        return int(self._run("told", connection, budget.name, budget.limit, window, left, lasts))

    def stop(self, connection: str, budget: str, seconds: float) -> None:
        """The provider told us to wait: nobody spends this budget before then, or a later time told before."""
        key, lasts = f"{PREFIX}rate:{connection}:{budget}:stop", max(int(seconds * 1000), 100)
        if self._do(lambda: self.client.pttl(key)) < lasts:
            self._do(lambda: self.client.set(key, "1", px=lasts))

    def slow(self, connection: str, budget: str, gap: float, seconds: float) -> None:
        """For so many seconds this budget is spent one by one, *gap* seconds apart."""
        key = f"{PREFIX}rate:{connection}:{budget}:slow"
        self._do(lambda: self.client.set(key, int(gap * 1000), px=int(seconds * 1000)))

    def spent(self, connection: str, budget: str, window: float) -> tuple[int, float]:
        """What of a budget was used in its *window*, and the seconds we were told to wait."""
        key = f"{PREFIX}rate:{connection}:{budget}"
        width = sixtieth(window)
        oldest = int(self.time() * 1000) // width - 60
        row = self._do(lambda: self.client.hgetall(key))
        barred = self._do(lambda: self.client.pttl(f"{key}:stop"))
        others = int(self._do(lambda: self.client.get(f"{key}:other")) or 0)
        ours = sum(int(n) for at, n in row.items() if int(at) >= oldest)
        return ours + others, max(barred, 0) / 1000

    # -- connections that are closed -------------------------------------------------------------

    def trouble(self, connection: str, why: str, wait: float = 60, alarm: str = "") -> bool:
        """Note an outage, a refused credential or a pause; True when the connection is closed by it.

        It is closed for *wait* seconds, after an outage for less at first.
        """
        text = dumps({"text": alarm, "at": self._clock().isoformat()}) if alarm else ""
        return bool(self._run("trouble", connection, why, int(wait * 1000), text))

    def cheer(self, connection: str) -> None:
        """A closed connection answered: it opens, and what waited for it goes on."""
        self._run("cheer", connection)

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

    # -- standing in line ------------------------------------------------------------------------

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
        first = self._first("lines")
        return first[0][1] / 1000 - self.time() if first else float("inf")
