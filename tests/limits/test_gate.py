"""Budgets: so many requests in a window, shared by all, spent in order, corrected by what providers say."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
import redis

from bridge.core.limits import Budget
from bridge.store import PREFIX, RANK, Leave, Orders, Store

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
ACCOUNT = Budget("account", 5, 60.0, shared=True)
TICKET = Budget("ticket:1", 1, 60.0)


@pytest.fixture
def store(client: redis.Redis) -> Store:
    return Store(client, keep=3600, keep_raw=600, clock=lambda: AT)


def waits(store: Store, lane: str, order: int, line: str = "z account") -> None:
    """Put *lane* in line, as a turn does that was told to."""
    store.client.zadd(PREFIX + "due", {lane: 9e12})
    store.client.zadd(f"{PREFIX}line:{line}", {lane: order})
    store.client.zadd(PREFIX + "lines", {line: 0})


def due(store: Store) -> list[str]:
    """The lanes that may go on now."""
    rows = store.client.zrangebyscore(PREFIX + "due", "-inf", store.time() * 1000)
    return [row.decode() for row in rows]


# --- counting -----------------------------------------------------------------------------------------


def test_a_budget_lets_its_number_through_and_then_says_how_long(store: Store) -> None:
    assert [store.gate("z", [ACCOUNT]).left for _ in range(5)] == [(4,), (3,), (2,), (1,), (0,)]
    full = store.gate("z", [ACCOUNT])
    assert 50 < full.wait <= 62
    assert (full.why, full.line) == ("budget", "z account")
    assert store.gate("other", [ACCOUNT]).wait == 0


def test_a_budget_that_one_lane_alone_spends_has_no_line(store: Store) -> None:
    assert store.gate("z", [TICKET]).wait == 0
    full = store.gate("z", [TICKET])
    assert (full.wait > 50, full.why, full.line) == (True, "budget", "")


@pytest.mark.parametrize("asked", [[TICKET, ACCOUNT], [ACCOUNT, TICKET]])
def test_a_full_budget_spends_nothing_of_the_others(store: Store, asked: list[Budget]) -> None:
    assert store.gate("z", asked).wait == 0
    for _ in range(10):
        assert store.gate("z", asked).wait > 0
    assert [store.gate("z", [ACCOUNT]).wait for _ in range(4)] == [0.0] * 4


@pytest.mark.parametrize(("ago", "free"), [(30, False), (59, False), (60, False), (62, True)])
def test_what_was_spent_is_given_back_after_the_window_and_never_within_it(
    store: Store, ago: int, free: bool
) -> None:
    key, found, began = PREFIX + "rate:z:account", None, -1
    while int(store.time()) != began:  # once more, where a second went by meanwhile
        began = int(store.time())
        store.client.delete(key)
        store.client.hset(key, str(began - ago), 5)  # sixty buckets, a second each, make the window
        found = store.spent("z", "account", 60)[0], store.gate("z", [ACCOUNT]).wait == 0
    assert found == ((0, True) if free else (5, False))


def test_one_waits_until_the_oldest_of_what_was_spent_is_given_back(store: Store) -> None:
    now = int(store.time())
    for ago, spent in ((0, 3), (40, 2)):
        store.client.hset(PREFIX + "rate:z:account", str(now - ago), spent)
    assert 18 < store.gate("z", [ACCOUNT]).wait <= 22


def test_what_a_provider_told_us_to_wait_holds_for_all(store: Store) -> None:
    store.stop("z", "account", 30)
    told = store.gate("z", [ACCOUNT])
    assert 29 < told.wait <= 30
    assert (told.why, told.line) == ("limit", "z account")
    assert store.gate("z", [Budget("other", 100, 60.0)]).wait == 0


def test_a_short_wait_does_not_end_a_long_one(store: Store) -> None:
    store.stop("z", "account", 3600)
    store.stop("z", "account", 10)
    assert store.gate("z", [ACCOUNT]).wait > 3500


def test_a_budget_that_is_nearly_used_up_is_spent_one_by_one(store: Store) -> None:
    store.slow("z", "account", 7, 60)
    assert store.gate("z", [ACCOUNT]).wait == 0
    assert 6 < store.gate("z", [ACCOUNT]).wait <= 7


# --- when it is counted --------------------------------------------------------------------------------


def answered(store: Store, budget: Budget, at: int) -> None:
    """Write down, as a turn does, that a request with leave of *at* was answered."""
    store.client.set(PREFIX + "lease:in:x", "me")
    late = ["z", at, budget.name, int(budget.seconds * 1000)]
    assert store.settle("me", Orders("in:x", "x", late=[late])) == 3


def test_what_was_answered_later_is_given_back_as_much_later(store: Store) -> None:
    second = Budget("account", 1, 1.0, shared=True)
    began = time.monotonic()
    leave = store.gate("z", [second])
    time.sleep(0.5)
    answered(store, second, leave.at)
    while store.gate("z", [second]).wait:
        time.sleep(0.01)
    assert time.monotonic() - began > 1.45  # and not 1.0: they may have counted it only after 0.5


def test_what_is_counted_nowhere_any_more_is_not_moved(store: Store) -> None:
    leave = store.gate("z", [ACCOUNT])
    answered(store, ACCOUNT, leave.at - 10_000)
    assert store.client.hvals(PREFIX + "rate:z:account") == [b"1"]


# --- what others spend --------------------------------------------------------------------------------


def test_what_others_spend_counts(store: Store) -> None:
    assert store.gate("z", [ACCOUNT]).left == (4,)
    assert store.told("z", ACCOUNT, 1, 30) == 3
    last = store.gate("z", [ACCOUNT])
    assert (last.wait, last.left, last.others) == (0, (0,), 3)
    assert store.gate("z", [ACCOUNT]).why == "budget"
    assert 29_000 < store.client.pttl(PREFIX + "rate:z:account:other") <= 30_000


def test_it_counts_no_more_once_the_provider_says_that_there_is_room(store: Store) -> None:
    store.told("z", ACCOUNT, 1, 30)
    assert store.told("z", ACCOUNT, 5, 30) == 0
    assert store.gate("z", [ACCOUNT]) == Leave(0.0, left=(4,))


# --- lines --------------------------------------------------------------------------------------------


def test_whoever_comes_does_not_go_before_those_who_wait(store: Store) -> None:
    waits(store, "in:old", 3 * RANK + 10)
    assert store.gate("z", [ACCOUNT], "in:new", 3 * RANK + 20).line == "z account"
    assert store.gate("z", [ACCOUNT], "in:old", 3 * RANK + 10).wait == 0


def test_what_is_more_pressing_goes_first_however_late_it_comes(store: Store) -> None:
    waits(store, "in:old", 3 * RANK + 10)
    assert store.gate("z", [ACCOUNT], "in:urgent", 1 * RANK + 99).wait == 0


def test_as_many_go_on_as_there_is_room_for_and_the_oldest_first(store: Store) -> None:
    for _ in range(3):
        store.gate("z", [ACCOUNT])
    for at in (30, 10, 20):
        waits(store, f"in:{at}", 3 * RANK + at)
    assert store.gate("z", [ACCOUNT], "in:late", 3 * RANK + 99).wait  # tells how much there is
    store.sweep()
    assert due(store) == ["in:10", "in:20"]
    # What they were let go on for is not given to others meanwhile.
    store.client.zadd(PREFIX + "lines", {"z account": 0})
    store.sweep()
    assert due(store) == ["in:10", "in:20"]
    assert [(one.budget, one.lanes) for one in store.lines()] == [("account", 1)]


def test_who_has_spent_what_they_were_let_go_on_for_counts_once(store: Store) -> None:
    for at in range(6):
        waits(store, f"in:{at}", at)
    assert store.gate("z", [ACCOUNT], "in:late", 99).wait
    store.sweep()
    for at in range(5):
        assert store.gate("z", [ACCOUNT], f"in:{at}", at).wait == 0
    store.client.delete(PREFIX + "rate:z:account")  # the window is over
    store.client.zadd(PREFIX + "lines", {"z account": 0})
    store.sweep()
    assert "in:5" in due(store)


def test_whoever_looks_for_work_lets_those_in_line_go_on(store: Store) -> None:
    waits(store, "in:1", 1)
    assert store.claim("me", 0, 10)[1] == ["in:1"]


def test_nobody_in_line_is_let_go_on_while_the_provider_wants_us_to_wait(store: Store) -> None:
    waits(store, "in:1", 10)
    store.stop("z", "account", 30)
    store.sweep()
    assert due(store) == []
    assert 29 < store.soon() <= 30


def test_of_those_in_line_for_what_is_nearly_used_up_one_goes_on_at_a_time(store: Store) -> None:
    for at in (1, 2, 3):
        waits(store, f"in:{at}", at)
    store.slow("z", "account", 7, 60)
    store.sweep()
    assert due(store) == ["in:1"]


def test_a_lane_that_would_have_to_wait_stands_in_line_before_anybody_works_on_it(
    store: Store,
) -> None:
    store.stop("z", "updates", 30)
    waits(store, "in:old", 3 * RANK + 10, "z updates")
    store.sweep()  # looks, and finds that nobody may go on
    for room, ticket in (("update", "7"), ("fresh", "")):
        store.client.hset(PREFIX + "r:" + room, mapping={"ticket": ticket, "desk": "z"})
        store.client.zadd(PREFIX + "due", {f"in:{room}": 0})
    assert store.claim("me", 0, 10)[1] == ["in:fresh"]
    assert store.place("in:update") == ("z", "updates", 2)


def test_words_after_a_solved_ticket_are_decided_on_and_not_put_in_line(store: Store) -> None:
    waits(store, "in:old", 3 * RANK + 10, "z updates")
    store.stop("z", "updates", 30)
    store.sweep()
    told = {"ticket": "7", "desk": "z", "status": "solved"}
    store.client.hset(PREFIX + "r:solved", mapping=told)
    store.client.zadd(PREFIX + "due", {"in:solved": 0})
    assert store.claim("me", 0, 10)[1] == ["in:solved"]


# --- connections that closed --------------------------------------------------------------------------


def closed(store: Store) -> None:
    for _ in range(5):
        store.trouble("z", "outage", 0, "z is away")


def test_four_failures_are_none_and_the_fifth_closes(store: Store) -> None:
    assert [store.trouble("z", "outage") for _ in range(5)] == [False] * 4 + [True]
    store.client.hset(PREFIX + "down:z", "until", int(store.time() * 1000) + 60_000)
    assert store.gate("z", []).line == "z"


def test_a_success_in_between_begins_the_count_of_failures_anew(store: Store) -> None:
    for _ in range(2):
        assert [store.trouble("z", "outage") for _ in range(4)] == [False] * 4
        store.client.set(PREFIX + "lease:in:x", "me")
        store.settle("me", Orders("in:x", "x", cheer=["z"]))


def test_while_it_is_closed_nobody_goes_on_and_then_one_tries(store: Store) -> None:
    closed(store)
    for at in (2, 1, 3):
        waits(store, f"in:{at}", at, "z")
    store.client.hset(PREFIX + "down:z", "until", int(store.time() * 1000) + 60_000)
    store.sweep()
    assert due(store) == []
    store.client.hset(PREFIX + "down:z", "until", 1)  # its time is over
    store.client.zadd(PREFIX + "lines", {"z": 0})
    store.sweep()
    assert due(store) == ["in:1"]
    assert store.gate("z", [], "in:1", 1).why == "try"
    assert store.gate("z", [], "in:9", 9).line == "z"


def test_a_try_that_fails_closes_it_for_longer(store: Store) -> None:
    closed(store)
    first = float(store.down("z")["until"])
    store.client.hset(PREFIX + "down:z", "until", 1)
    assert store.gate("z", []).why == "try"
    assert store.trouble("z", "outage")
    assert float(store.down("z")["until"]) > first + 1000


def test_what_fails_beside_the_try_makes_it_no_longer(store: Store) -> None:
    closed(store)
    store.client.hset(PREFIX + "down:z", "until", 1)
    assert store.gate("z", []).why == "try"
    store.trouble("z", "outage")
    until = store.down("z")["until"]
    for _ in range(3):
        assert store.trouble("z", "outage")
    assert store.down("z")["until"] == until


def test_it_is_closed_for_no_longer_than_told_and_its_failures_are_known_at_the_next_try(
    store: Store,
) -> None:
    assert not store.trouble("z", "outage")
    assert 0 < store.client.pttl(PREFIX + "fails:z") <= 60_000  # in a row, and not over days
    closed(store)
    for _ in range(8):
        store.client.hset(PREFIX + "down:z", "until", 1)
        store.gate("z", [])
        store.trouble("z", "outage", 60)
    wait = store.gate("z", []).wait
    assert 50 < wait <= 60
    assert store.client.pttl(PREFIX + "fails:z") > wait * 1000 + 30_000


def test_those_who_wait_for_an_open_connection_are_taken_by_whoever_has_room_the_oldest_first(
    store: Store,
) -> None:
    closed(store)
    store.client.hset(PREFIX + "down:z", "until", int(store.time() * 1000) + 60_000)
    for at in reversed(range(100)):
        waits(store, f"in:{at:03}", at, "z")
    assert store.claim("me", 0, 10, room={"z": 3})[1] == []
    store.cheer("z")
    assert store.sweep() == 100  # which is work, and wakes somebody
    assert store.client.llen("rq:queue:bridge") == 1
    assert store.claim("me", 0, 10, room={"z": 3})[1] == ["in:000", "in:001", "in:002"]
    assert store.claim("you", 0, 10, room={"z": 0, "y": 9})[1] == []
    found = store.claim("she", 0, 2, room={"z": 9})[1]
    assert [(one, one.asks) for one in found] == [("in:003", "z"), ("in:004", "z")]
    assert store.place("in:005") == ("z", "", 1)


def test_whose_helpdesk_there_is_no_room_for_stands_in_line_and_others_go_on(store: Store) -> None:
    for at, (room, desk) in enumerate([("1", "z"), ("2", "z"), ("other", "y"), ("3", "z")]):
        told = {"ticket": "7", "desk": desk, "status": "open"}
        store.client.hset(PREFIX + "r:" + room, mapping=told)
        store.client.zadd(PREFIX + "due", {f"in:{room}": at})
        store.client.rpush(f"{PREFIX}l:in:{room}", f"e{room}")
        store.client.hset(f"{PREFIX}e:e{room}", "at", 1_000 + at)
    store.client.zadd(PREFIX + "due", {"in:new": 9})  # nobody knows yet whether it needs one
    found = store.claim("me", 0, 10, room={"z": 1, "y": 9})[1]
    assert [(one, one.asks) for one in found] == [("in:1", "z"), ("in:other", "y"), ("in:new", "")]
    assert [store.place(f"in:{room}") for room in "23"] == [("z", "", 1), ("z", "", 2)]
    assert store.client.llen("rq:queue:bridge") == 1  # another may have room
    assert store.claim("you", 0, 10, room={"z": 1})[1] == ["in:2"]


def test_one_that_stood_in_line_and_is_in_hand_or_has_nothing_left_is_not_taken(
    store: Store,
) -> None:
    waits(store, "in:gone", 1, "z")
    store.client.zrem(PREFIX + "due", "in:gone")
    waits(store, "in:held", 2, "z")
    store.client.set(PREFIX + "lease:in:held", "somebody")
    assert store.claim("me", 0, 10, room={"z": 3})[1] == []
    assert store.place("in:gone") is None


def test_one_that_stood_in_line_for_a_budget_and_is_in_hand_or_has_nothing_left_is_not_let_go_on(
    store: Store,
) -> None:
    waits(store, "in:gone", 1)
    store.client.zrem(PREFIX + "due", "in:gone")
    waits(store, "in:held", 2)
    store.client.set(PREFIX + "lease:in:held", "somebody")
    waits(store, "in:waits", 3)
    store.sweep()
    assert due(store) == ["in:waits"]


def test_a_turn_that_found_no_room_stands_in_line_in_its_order(store: Store) -> None:
    lanes = [f"in:{number:02}" for number in range(20)]
    store.client.hset(PREFIX + "e:x", "state", "in_progress")
    for lane in lanes:
        store.client.rpush(PREFIX + "l:" + lane, "x")
        store.client.zadd(PREFIX + "due", {lane: 0})
    assert sorted(store.claim("me", 0, 20)[1]) == lanes
    for number, lane in enumerate(lanes):
        order = 3 * RANK + 1_000 - number
        store.settle("me", Orders(lane, lane[3:], again=5000, waits="z", busy=True, order=order))
    assert due(store) == []
    assert store.client.llen("rq:queue:bridge") == 1
    assert store.claim("me", 0, 20, room={"z": 0})[1] == []
    assert store.claim("me", 0, 20, room={"z": 2})[1] == lanes[:-3:-1]


def test_a_pause_holds_until_an_operator_ends_it(store: Store) -> None:
    store.trouble("z", "paused", 1)
    waits(store, "in:1", 1, "z")
    store.client.hset(PREFIX + "down:z", "until", 1)
    store.sweep()
    assert due(store) == []
    assert store.claim("me", 0, 9, room={"z": 9})[1] == []
    assert store.soon() > 1
    store.resume("z")
    assert store.soon() <= 0  # those in line are looked at now
    assert store.claim("me", 0, 9, room={"z": 9})[1] == ["in:1"]
