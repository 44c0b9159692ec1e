"""The journal against a model: whatever happens in whatever order, nothing is lost.

The model (tests/support/journal.py) knows what was accepted, which event stands where, and who has which
turn. Time does not pass by itself: what would end by a clock (a lease, a wait) ends when a rule says so.
All commands go to a real Redis; a lost answer is the same script run twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from support.journal import LANES, ROOMS, Delivery, Event, Watched
from support.many import many

from bridge.store import PREFIX, Orders, Turn

HOUR = 3_600_000  # milliseconds
CONNECTIONS = st.sampled_from(sorted(ROOMS.values()))


class Journal(Watched):
    """Everything that web, workers and operators do to the journal, and everything that befalls it."""

    # --- the way in --------------------------------------------------------------------------------

    def _accept(self, did: str, connection: str) -> bool:
        return self.store.accept(did, connection, connection, {}, b"{}", self.at)

    @rule(connection=CONNECTIONS)
    def accept(self, connection: str) -> None:
        did = f"d{next(self._numbers)}"
        assert self._accept(did, connection)
        self.model.deliveries[did] = Delivery(connection)
        self.model.unread.append(did)
        self.model.count(connection, "received")
        self.model.count(connection, "in_progress")

    @rule(connection=CONNECTIONS, number=st.integers(0, 20), lane=st.sampled_from(["in", "out"]))
    def something_new_comes(self, connection: str, number: int, lane: str) -> None:
        """A delivery with one event, read at once."""
        self.accept(connection)
        did = self.model.unread[-1]
        row = self._row(number, lane, connection)
        self.store.record(did, connection, [row], "one")
        self._recorded(did, self.model.deliveries[did], [row])

    @precondition(lambda self: self.model.deliveries)
    @rule(data=st.data())
    def accept_again(self, data: st.DataObject) -> None:
        did = data.draw(st.sampled_from(sorted(self.model.deliveries)))
        known = self.model.deliveries[did]
        assert not self._accept(did, known.connection)
        self.model.count(known.connection, "duplicates", 1 if known.holds is None else known.holds)

    @precondition(lambda self: self.model.unread or self.model.reader)
    @rule(owner=st.sampled_from(["one", "two"]), most=st.integers(1, 4))
    def read(self, owner: str, most: int) -> None:
        """One reads at a time, oldest first."""
        kept, _ = self.store.claim(owner, most, 0)
        wanted = self.model.unread[:most] if self.model.reader in ("", owner) else []
        assert [one.id for one in kept] == wanted
        if self.model.reader in ("", owner):
            self.model.reader = owner if wanted else ""
        self.client.persist(PREFIX + "reading")  # however slow this machine is

    @precondition(lambda self: self.model.reader)
    @rule()
    def the_reader_dies(self) -> None:
        self.client.delete(PREFIX + "reading")
        self.model.reader = ""

    @precondition(lambda self: self.model.unread)
    @rule(
        events=st.lists(
            st.tuples(st.integers(0, 20), st.sampled_from(["in", "in", "out", "ignored", "dead"])),
            max_size=4,
        ),
        again=st.booleans(),
        owner=st.sampled_from(["one", "two"]),
        data=st.data(),
    )
    def record(
        self, events: list[tuple[int, str]], again: bool, owner: str, data: st.DataObject
    ) -> None:
        """A delivery is read; which events it holds is drawn, so some are known already."""
        did = data.draw(st.sampled_from(self.model.unread))
        delivery = self.model.deliveries[did]
        rows = [self._row(*one, delivery.connection) for one in events]
        names = {row["e"] for row in rows}
        new = self.store.record(did, delivery.connection, rows, owner)
        assert new == len(names - set(self.model.events))
        self._recorded(did, delivery, rows)
        if again:  # the answer was lost
            rows = [self._row(*one, delivery.connection) for one in events]
            assert self.store.record(did, delivery.connection, rows, owner) == 0

    def _row(self, number: int, what: str, connection: str) -> dict[str, Any]:
        room = next(room for room, name in ROOMS.items() if name == connection)
        row = {"e": f"{connection}-{number}", "f": {"k": "m", "doc": "{}"}, "st": room}
        if what not in ("in", "out"):
            return {**row, "state": what, "lane": ""}
        known = {"v": "1", "c": connection}
        return {**row, "state": "in_progress", "lane": what, "room": known}

    def _recorded(self, did: str, delivery: Delivery, rows: list[dict[str, Any]]) -> None:
        model, connection, before = self.model, delivery.connection, len(self.model.events)
        for row in rows:
            if row["e"] in model.events:
                model.count(connection, "duplicates")
                continue
            lane = f"{row['lane']}:{row['st']}" if row["lane"] else ""
            model.events[row["e"]] = Event(connection, row["state"], lane, did)
            model.count(connection, row["state"])
            if lane:
                model.comes(lane, row["e"])
                model.rooms.add(row["st"])
        model.count(connection, "received", len(model.events) - before - 1)
        model.count(connection, "in_progress", -1)
        delivery.holds = len(rows)
        model.unread.remove(did)
        self.client.persist(PREFIX + "reading")

    # --- turns -------------------------------------------------------------------------------------

    @precondition(lambda self: self.model.due)
    @rule(most=st.integers(1, 8))
    def claim(self, most: int) -> None:
        holder = f"h{next(self._numbers)}"
        _, lanes = self.store.claim("w", 0, most, holder)
        up = {lane for lane, when in self.model.due.items() if when == "now"} - set(
            self.model.turns
        )
        assert set(lanes) <= up
        assert len(lanes) == min(most, len(up))
        self.model.turns.update(dict.fromkeys(lanes, holder))
        for lane in lanes:
            self._due_behind_its_lease(lane)

    def _due_behind_its_lease(self, lane: str) -> None:
        pipe = self.client.pipeline()
        pipe.time()
        pipe.pttl(f"{PREFIX}lease:{lane}")
        pipe.zscore(PREFIX + "due", lane)
        pipe.persist(f"{PREFIX}lease:{lane}")  # however slow this machine is
        (seconds, micros), lease, due, _ = pipe.execute()
        assert 0 < due - (seconds * 1000 + micros / 1000 + lease) <= 1000

    @precondition(lambda self: self.model.turns)
    @rule(data=st.data())
    def look(self, data: st.DataObject) -> None:
        lane, holder = data.draw(st.sampled_from(sorted(self.model.turns.items())))
        turn = self.store.load(lane, holder)
        assert turn is not None
        self._seen(turn)

    def _seen(self, turn: Turn) -> None:
        """What one look shows is what there is."""
        assert [one.id for one in turn.events] == self.model.lanes[turn.lane]
        assert bool(turn.intent) == (turn.lane in self.model.intents)
        connection = ROOMS[turn.room_id] if turn.room_id in self.model.rooms else ""
        why = self.model.closed.get(connection, "")
        # An agent's words are read while the platform rests; they wait where they would go out.
        assert turn.paused == (
            connection if why == "paused" and turn.lane.startswith("in:") else ""
        )
        assert turn.shut == why
        self.model.news.discard(turn.lane)

    @precondition(lambda self: self.model.turns)
    @rule(
        ends=st.sampled_from(["", "done", "done", "ignored", "dead", "parked"]),
        most=st.integers(0, 3),
        intent=st.sampled_from(["", "", "begins", "ends"]),
        push=st.sampled_from(["", "", "note", "held", "timer"]),
        back=st.sampled_from(["", "now", "later", "rests", "rests", "meta", "telegram"]),
        again=st.booleans(),
        data=st.data(),
    )
    def settle(
        self, ends: str, most: int, intent: str, push: str, back: str, again: bool,
        data: st.DataObject,
    ) -> None:  # fmt: skip
        """A turn writes down what it did: all of it, or nothing."""
        lane, holder = data.draw(st.sampled_from(sorted(self.model.turns.items())))
        pushed = f"n{next(self._numbers)}", data.draw(st.sampled_from(LANES))
        told = self.model.lanes[lane][:most], ends, intent, push, pushed, back
        code, turn = self.store.settle_and_look(holder, self._orders(lane, *told))
        assert code == self._settled(lane, *told)
        assert (turn is not None) is (lane in self.model.turns)
        if turn:
            self._seen(turn)
        if again:  # the answer was lost
            second = self.store.settle(holder, self._orders(lane, *told))
            assert second == (1 if lane in self.model.turns else 0)
        if lane not in self.model.turns:
            self._stale.append((lane, holder))

    def _orders(
        self, lane: str, ids: list[str], ends: str, intent: str, push: str,
        pushed: tuple[str, str], back: str,
    ) -> Orders:  # fmt: skip
        orders = Orders(lane, lane.partition(":")[2])
        if ends == "parked":
            orders.touch = [{"e": eid, "f": {}, "state": "parked"} for eid in ids]
        elif ends:
            orders.events = [{"e": eid, "state": ends, "f": {"reason": "x"}} for eid in ids]
        orders.intent = {"": None, "begins": {"id": "i"}, "ends": ""}[intent]
        if push:
            side, room = pushed[1].split(":")
            more = {"held": {"state": "parked"}, "timer": {"state": "timer", "after": HOUR}}
            note = {"e": pushed[0], "lane": side, "room": room, "c": "bridge", "f": {"k": "n"}}
            orders.push = [{**note, **more.get(push, {})}]
        if back:
            orders.again = 0 if back == "now" else HOUR
            orders.rests = back == "rests"
            orders.waits = back if back in ROOMS.values() else ""
        return orders

    def _settled(
        self, lane: str, ids: list[str], ends: str, intent: str, push: str,
        pushed: tuple[str, str], back: str,
    ) -> int:  # fmt: skip
        """What the model says to the same orders; their answer."""
        model = self.model
        for eid in ids if ends else ():
            model.move(eid, ends)
            if ends != "parked":
                model.lanes[lane].remove(eid)
        if intent:
            (model.intents.add if intent == "begins" else model.intents.discard)(lane)
        if push:
            state = {"held": "parked", "timer": "timer"}.get(push, "in_progress")
            model.events[pushed[0]] = Event("bridge", state, pushed[1])
            if state != "timer":
                model.count("bridge", "received")
                model.count("bridge", state)
            model.comes(pushed[1], pushed[0], "rests" if push == "timer" else "now")
        if model.busy(lane):
            return self._given_back(lane, back) if back else 1
        model.leaves(lane)
        return 1 if back else 3

    def _given_back(self, lane: str, back: str) -> int:
        model = self.model
        model.turns.pop(lane)
        model.due[lane] = back
        if back in ROOMS.values():  # it waits for a connection; where that has opened, it goes on
            model.due[lane] = "later" if back in model.closed else "now"
            if back in model.closed:
                model.waiting.setdefault(back, set()).add(lane)
        elif back == "rests" and lane in model.news:
            model.due[lane] = "now"
        return 2

    @precondition(lambda self: self._stale)
    @rule(data=st.data())
    def who_lost_the_turn_writes_nothing(self, data: st.DataObject) -> None:
        lane, holder = data.draw(st.sampled_from(self._stale))
        orders = Orders(lane, lane.partition(":")[2], intent={"id": "stale"}, again=0)
        orders.events = [{"e": eid, "state": "done"} for eid in self.model.lanes[lane]]
        assert self.store.settle(holder, orders) == 0
        assert self.store.load(lane, holder) is None
        assert self.store.renew([(lane, holder)]) == set()

    @precondition(lambda self: self.model.turns)
    @rule(data=st.data())
    def the_holder_dies(self, data: st.DataObject) -> None:
        """Its lease runs out, and a moment later the lane is due."""
        lane, holder = data.draw(st.sampled_from(sorted(self.model.turns.items())))
        self.client.delete(f"{PREFIX}lease:{lane}")
        self.client.zadd(PREFIX + "due", {lane: 0})
        del self.model.turns[lane]
        self.model.due[lane] = "now"
        self._stale.append((lane, holder))

    @precondition(lambda self: self.model.turns)
    @rule()
    def everybody_renews(self) -> None:
        held = sorted(self.model.turns.items())
        assert self.store.renew(held) == set(held)
        for lane, _ in held:
            self._due_behind_its_lease(lane)

    @precondition(lambda self: self.model.due)
    @rule()
    def time_passes(self) -> None:
        """An hour: whatever waited for its time is due; whoever has a turn renews it."""
        for lane, when in self.model.due.items():
            if lane not in self.model.turns and when != "now":
                self.client.zadd(PREFIX + "due", {lane: 0})
                self.client.delete(f"{PREFIX}w:{lane}")
                self.model.due[lane] = "now"

    # --- operators, and the other side -------------------------------------------------------------

    @precondition(lambda self: self._dead())
    @rule(what=st.sampled_from(["retry", "drop"]), data=st.data())
    def revive(self, what: str, data: st.DataObject) -> None:
        eid = data.draw(st.sampled_from(self._dead()))
        event = self.model.events[eid]
        assert self.store.revive(eid, what)
        assert not self.store.revive(eid, what)
        if what == "drop":
            self.model.move(eid, "ignored")
        elif event.lane:
            self.model.move(eid, "in_progress")
            self.model.comes(event.lane, eid)
        else:
            self._read_again(eid, event)

    def _read_again(self, eid: str, event: Event) -> None:
        """What could not be read is an unread delivery again."""
        del self.model.events[eid]
        self.model.count(event.connection, "dead", -1)
        delivery = self.model.deliveries[event.delivery]
        if delivery.holds is None:  # it waits to be read already, and is counted
            self.model.count(event.connection, "received", -1)
            return
        delivery.holds = None
        self.model.count(event.connection, "in_progress")
        self.model.unread.append(event.delivery)

    @rule(connection=CONNECTIONS, why=st.sampled_from(["paused", "auth"]))
    def close(self, connection: str, why: str) -> None:
        closed = self.store.trouble(connection, why, HOUR)
        assert closed is (self.model.closed.get(connection) != "paused")
        if closed:
            self.model.closed[connection] = why

    @precondition(lambda self: self.model.closed)
    @rule(connection=CONNECTIONS)
    def resume(self, connection: str) -> None:
        assert self.store.resume(connection) is (connection in self.model.closed)
        self.model.closed.pop(connection, None)
        self._woken(connection)

    @precondition(lambda self: self.model.closed)
    @rule(connection=CONNECTIONS)
    def answers_again(self, connection: str) -> None:
        """The other side answered: that opens what was closed, but not what an operator has paused."""
        self.store.cheer(connection)
        if self.model.closed.get(connection, "paused") != "paused":
            del self.model.closed[connection]
            self._woken(connection)

    def _woken(self, connection: str) -> None:
        """Those who stood in line for it are taken from it by whoever has room: here by hand, all at once."""
        self.store.sweep()
        for lane in self.model.waiting.pop(connection, set()):
            if lane in self.model.due and lane not in self.model.turns:
                stood = self.client.zrem(f"{PREFIX}line:{connection}", lane)
                assert stood or self.client.zscore(PREFIX + "due", lane) <= self._now()
                self.client.zadd(PREFIX + "due", {lane: 0})
                self.model.due[lane] = "now"

    @precondition(lambda self: self.model.due or self.model.unread)
    @rule()
    def an_index_is_lost_and_mended(self) -> None:
        """What fell out of `due` and `ingest` comes back, if no later than when it was due."""
        self.client.delete(PREFIX + "due", PREFIX + "ingest")
        cursor = self.store.mend(0)
        while cursor:
            cursor = self.store.mend(cursor)
        for lane in LANES:
            if self.model.lanes[lane]:
                self.model.due[lane] = "now"
            else:
                self.model.due.pop(lane, None)
        self._in_order()
        self.everybody_renews()  # which brings back what is in somebody's hand
        for lane in self.model.intents:
            # An intent without its event is made by this test alone.
            self.client.zadd(PREFIX + "due", {lane: 0}, nx=True)
        self.model.due |= dict.fromkeys(self.model.intents | set(self.model.turns), "now")

    def _in_order(self) -> None:
        """The order in which deliveries came is lost with the index."""
        listed = [one.decode() for one in self.client.zrange(PREFIX + "ingest", 0, -1)]
        assert sorted(listed) == sorted(self.model.unread)
        self.model.unread = listed

    @rule()
    def the_wake_up_is_lost_and_the_sweep_wakes(self) -> None:
        self.client.delete("rq:queue:bridge")
        due = self.store.sweep()
        assert bool(due) == bool(self.client.llen("rq:queue:bridge"))
        assert due >= len(self.model.unread) + len(self._up())

    def teardown(self) -> None:
        """Work everything off: it all ends, and no lane leaves a thing behind."""
        self.time_passes()
        for connection in ("meta", "telegram"):
            self.store.resume(connection)
        for did in list(self.model.unread):
            self.store.record(did, self.model.deliveries[did].connection, [], "one")
        for lane, holder in self._all_turns():
            turn = self.store.load(lane, holder)
            assert turn is not None
            done = [{"e": one.id, "state": "done"} for one in turn.events]
            orders = Orders(lane, turn.room_id, events=done, intent="")
            assert self.store.settle(holder, orders) == 3
        for row in self.store.books().values():
            assert row["in_progress"] == row["parked"] == 0
            assert row["received"] == row["done"] + row["ignored"] + row["dead"]
        left = {key.decode().split(":")[1] for key in self.client.scan_iter(PREFIX + "*")}
        assert not left & {"l", "i", "s", "w", "lease", "due", "ingest"}

    def _all_turns(self) -> Iterator[tuple[str, str]]:
        yield from sorted(self.model.turns.items())
        while lanes := self.store.claim("last", 0, 3, "last")[1]:
            yield from ((lane, "last") for lane in lanes)


@pytest.fixture(autouse=True)
def _redis(client: redis.Redis) -> None:
    Journal.client = client


Journal.TestCase.settings = many(60, stateful_step_count=50)
TestJournal = Journal.TestCase
