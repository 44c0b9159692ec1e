"""Looking at what is kept: deliveries, events, conversations, dead letters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bridge.store.access import PREFIX, Access


class Looking(Access):
    # -- one by one ------------------------------------------------------------------------------

    def event(self, eid: str) -> dict[str, str]:
        """The stored fields of one event, empty when it is not known (any more)."""
        return self.hash(f"e:{eid}")

    def known(self, eids: Sequence[str]) -> set[str]:
        """Those of these events that are kept."""
        pipe = self.client.pipeline(transaction=False)
        for eid in eids:
            pipe.exists(f"{PREFIX}e:{eid}")
        return {eid for eid, there in zip(eids, self._do(pipe.execute), strict=True) if there}

    def some(self, eids: Sequence[str], names: Sequence[str]) -> list[dict[str, str]]:
        """These fields of these events, in their order, in one round trip; those that are gone are empty."""
        return self.rows([f"e:{eid}" for eid in eids], *names)

    def raw(self, delivery: str) -> bytes | None:
        """The body of a delivery as it came, while it is kept."""
        body: bytes | None = self._do(lambda: self.client.hget(f"{PREFIX}d:{delivery}", "b"))
        return body

    def delivery(self, did: str) -> dict[str, str]:
        """What is known of a delivery beside its body: connection, time, how many events it held."""
        row = self._do(lambda: self.client.hmget(f"{PREFIX}d:{did}", "c", "at", "n"))
        names = ("connection", "at", "events")
        return {k: v.decode() for k, v in zip(names, row, strict=True) if v is not None}

    # -- lists -----------------------------------------------------------------------------------

    def dead(self, most: int = 1000) -> list[str]:
        """Ids of dead letters, newest first."""
        rows = self._do(lambda: self.client.zrevrange(PREFIX + "dead", 0, most - 1))
        return [row.decode() for row in rows]

    def feed(self, since: str, most: int = 200) -> list[tuple[str, str]]:
        """(position, event id) of what was decided after *since*; '' gives the newest."""
        stream = PREFIX + "feed"
        if since:
            rows = self._do(lambda: self.client.xrange(stream, f"({since}", "+", count=most))
        else:
            rows = self._do(lambda: self.client.xrevrange(stream, count=most))[::-1]
        return [(pos.decode(), fields[b"e"].decode()) for pos, fields in rows]

    # -- all there are: not for often ------------------------------------------------------------

    def kept(self) -> Iterator[list[str]]:
        """The ids of all events that are kept, each once, in no order, some at a time."""
        return self._names("e:")

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

    def _names(self, kind: str) -> Iterator[list[str]]:
        """What stands behind *kind* in the names of keys, each once, some at a time."""
        head, told = PREFIX + kind, set[str]()
        for keys in self._walk(head):
            names = {key.decode()[len(head) :] for key in keys} - told
            told |= names
            yield list(names)
