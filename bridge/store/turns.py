"""The way through the journal: kept, read into events, worked off in turns, put back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from bridge.core.limits import Budget
from bridge.store.access import PREFIX, dumps
from bridge.store.alarms import Alarms
from bridge.store.records import (
    Kept,
    Leave,
    Orders,
    Taken,
    Turn,
    asking,
    flat,
    leave_of,
    turn_of,
)

MOST: Final = 200  # events of a lane that one look shows
LEASE: Final = 12.0  # seconds; longer than the deadline of any outside write plus a margin


class Turns(Alarms):
    """What moves events on. Each is a script, and harmless to repeat."""

    # -- the way in ------------------------------------------------------------------------------

    def accept(
        self, delivery: str, connection: str, source: str, headers: Mapping[str, str],
        body: bytes, at: datetime,
    ) -> bool:  # fmt: skip
        """Keep a delivery in one round trip; False when it was here already."""
        return bool(
            self._run(
                "accept", delivery, connection, source, dumps(dict(headers)) if headers else "{}",
                body, at.isoformat(),
            )
        )  # fmt: skip

    def claim(
        self, owner: str, deliveries: int, lanes: int, holder: str = "",
        room: Mapping[str, int] | None = None,
    ) -> tuple[list[Kept], list[Taken]]:  # fmt: skip
        """Take up to so many deliveries and lanes that are due; deliveries if nobody else reads.

        The lanes are leased to *holder*, which is new at each claim: a turn that was given back and taken
        again by the same process is another turn. *room*: for how many turns more there is, by connection.
        """
        most = [part for pair in (room or {}).items() for part in pair]
        kept, found = self._run(
            "claim", owner, deliveries, lanes, int(LEASE * 1000), holder or owner, *most
        )
        for row in kept:
            if row[1] < 0:
                key = f"{PREFIX}d:{row[0].decode('utf-8', 'replace')}"
                self.alarm("damaged", f"{key} is no delivery: it was left alone, and not read")
        taken = [Taken(name.decode(), asks.decode(), seen) for name, asks, seen in found]
        return [self._taken(row) for row in kept if row[1] > 0], taken

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
        return int(self._run("record", delivery, connection, self.keep_raw_ms, dumps(plain), owner))

    # -- turns -----------------------------------------------------------------------------------

    def renew(self, held: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Prolong the leases of lanes by their holders; returns those that are still theirs."""
        parts = [part for pair in held for part in pair]
        kept = self._run("renew", int(LEASE * 1000), *parts) if held else []
        return {held[number - 1] for number in kept}

    def load(self, lane: str, owner: str, most: int = MOST) -> Turn | None:
        """What waits in *lane*; None when the lease is not ours any more."""
        room_id = lane.split(":", 1)[1]
        rows = self._run("load", lane, owner, room_id, most)
        return turn_of(lane, room_id, rows) if rows else None

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
        code, *rows = self._run("settle", owner, dumps(self._plain(orders)), most)
        return int(code), turn_of(orders.lane, orders.room, rows[0]) if rows else None

    def settle_and_ask(
        self, owner: str, orders: Orders, connection: str, budgets: Iterable[Budget], lane: str,
        order: int,
    ) -> tuple[int, Leave]:  # fmt: skip
        """Like `settle`, once there is leave for the write that the intent is about (`gate`), in one round trip.

        4: there was no leave, and nothing was written.
        """
        plain = {**self._plain(orders), "ask": asking(connection, budgets, lane, order)}
        code, *rows = self._run("settle", owner, dumps(plain), 0)
        return int(code), leave_of(rows[0]) if rows else Leave(0.0)

    def _plain(self, orders: Orders) -> dict[str, Any]:
        """*orders* as lua/settle.lua takes them."""
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
        return orders.plain()

    def spare(self, lane: str) -> None:
        """Whoever took *lane* last did not die of it: only their word of it was lost."""
        self._do(lambda: self.client.hdel(f"{PREFIX}s:{lane}", "taken"))

    # -- back to work ----------------------------------------------------------------------------

    def revive(self, eid: str, what: str) -> bool:
        """Retry or drop a dead letter; False when it is not dead (any more)."""
        return bool(self._run("revive", eid, what, self.keep_ms))

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
