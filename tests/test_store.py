"""The journal's scripts: harmless to repeat, fenced by the lease, and the books always add up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from rq import Queue
from rq.serializers import JSONSerializer

from bridge.core.errors import TransientError
from bridge.core.limits import Budget
from bridge.redisclient import client as connect
from bridge.store import LEASE, PREFIX, Leave, Orders, Store

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
ROOM = "0" * 32
LANE = f"in:{ROOM}"


@pytest.fixture
def store(client: redis.Redis) -> Iterator[Store]:
    built = Store(client, keep=3600, keep_raw=600, clock=lambda: AT)
    yield built
    built.close()


def keep(store: Store, name: str = "d1", connection: str = "meta") -> bool:
    return store.accept(name, connection, "meta", {"x-a": "1"}, b'{"a": 1}', AT)


def event(eid: str, **more: object) -> dict[str, object]:
    return {
        "e": eid, "state": "in_progress", "lane": "in", "st": ROOM, "room": {"v": "1", "c": "meta"},
        "f": {"k": "m", "doc": "{}", "mid": f"m-{eid}"}, **more,
    }  # fmt: skip


def row(store: Store, connection: str = "meta") -> dict[str, int]:
    return {name: count for name, count in store.books()[connection].items() if count}


def test_what_is_kept_is_kept_once_and_counted(store: Store) -> None:
    assert keep(store) is True
    assert keep(store) is False
    assert row(store) == {"received": 1, "duplicates": 1, "in_progress": 1}
    (kept,), lanes = store.claim("me", 10, 10)
    assert (kept.body, kept.headers, kept.received_at, kept.tries) == (
        b'{"a": 1}',
        {"x-a": "1"},
        AT,
        1,
    )
    assert lanes == []


def test_one_wake_up_is_enough_and_it_is_a_job_rq_can_run(store: Store) -> None:
    for number in range(5):
        keep(store, f"d{number}")
    queue = Queue("bridge", connection=store.client, serializer=JSONSerializer)
    (job,) = queue.jobs
    assert job.func_name == "bridge.jobs.drain"
    assert (list(job.args), job.kwargs, job.description) == ([], {}, "drain")


def test_a_taken_delivery_comes_up_again_when_its_reader_dies(store: Store) -> None:
    keep(store)
    assert len(store.claim("one", 10, 0)[0]) == 1
    assert store.claim("two", 10, 0)[0] == []
    store.client.delete(PREFIX + "reading")  # its turn has run out
    assert store.claim("two", 10, 0)[0][0].tries == 2


def test_one_reads_at_a_time_in_the_order_in_which_things_came(store: Store) -> None:
    names = [f"d{number}" for number in (3, 1, 4, 2, 5)]
    for name in names:
        keep(store, name)
    first, _ = store.claim("one", 2, 0)
    assert [one.id for one in first] == names[:2]
    assert store.claim("two", 2, 0)[0] == []
    store.record(names[0], "meta", [], "one")
    assert [one.id for one in store.claim("one", 9, 0)[0]] == names[1:]
    store.client.delete(PREFIX + "reading")  # killed: whoever comes begins where it was
    assert [one.id for one in store.claim("two", 9, 0)[0]] == names[1:]


def test_who_finds_nothing_to_read_gives_the_turn_to_read_back(store: Store) -> None:
    keep(store, "d1")
    store.claim("one", 1, 0)
    store.record("d1", "meta", [], "one")
    keep(store, "d2")
    assert store.claim("two", 1, 0)[0] == []
    assert len(store.claim("one", 1, 0)[0]) == 1
    store.record("d2", "meta", [], "one")
    assert store.claim("one", 1, 0)[0] == []
    keep(store, "d3")
    assert len(store.claim("two", 1, 0)[0]) == 1


def test_a_death_counts_against_the_delivery_that_was_being_read_alone(store: Store) -> None:
    for name in ("d1", "d2", "d3"):
        keep(store, name)
    for _ in range(5):
        tries = [one.tries for one in store.claim("one", 3, 0)[0]]
    assert tries == [5, 1, 1]
    store.record("d1", "meta", [], "one")
    assert [one.tries for one in store.claim("one", 3, 0)[0]] == [1, 1]


def test_the_turn_to_read_lasts_as_long_as_it_is_used(store: Store) -> None:
    keep(store, "d1")
    store.claim("one", 1, 0)
    store.client.pexpire(PREFIX + "reading", 100)
    store.record("d1", "meta", [], "two")  # somebody else's does not prolong it
    assert store.client.pttl(PREFIX + "reading") <= 100
    store.record("d1", "meta", [], "one")
    assert store.client.pttl(PREFIX + "reading") > 1000


def test_recording_again_adds_nothing(store: Store) -> None:
    keep(store)
    assert store.record("d1", "meta", [event("a"), event("b")]) == 2
    before = snapshot(store)
    assert store.record("d1", "meta", [event("a"), event("b")]) == 0
    assert snapshot(store) == before
    assert row(store) == {"received": 2, "in_progress": 2}


def test_the_same_event_in_another_delivery_is_a_duplicate(store: Store) -> None:
    keep(store)
    keep(store, "d2")
    store.record("d1", "meta", [event("a")])
    assert store.record("d2", "meta", [event("a"), event("b")]) == 1
    assert row(store) == {"received": 2, "duplicates": 1, "in_progress": 2}
    assert store.client.lrange(PREFIX + "l:" + LANE, 0, -1) == [b"a", b"b"]


@pytest.mark.parametrize(("first", "then"), [("10:00:02", "10:00:01"), ("10:00:01", "10:00:02")])
def test_an_event_was_heard_when_the_first_of_its_deliveries_came(
    store: Store, first: str, then: str
) -> None:
    for name, at in (("d1", first), ("d2", then)):
        keep(store, name)
        one = event("a")
        one["f"] = {**one["f"], "seen": f"2026-11-22T{at}+00:00"}  # type: ignore[dict-item]
        store.record(name, "meta", [one])
    assert store.event("a")["seen"] == "2026-11-22T10:00:01+00:00"


def test_ignored_and_dead_events_wait_in_no_lane(store: Store) -> None:
    keep(store)
    store.record("d1", "meta", [
        event("a", state="ignored", lane="", reason="read"),
        event("b", state="dead", lane="", reason="broken item"),
    ])  # fmt: skip
    assert row(store) == {"received": 2, "ignored": 1, "dead": 1}
    assert store.dead() == ["b"]
    assert store.client.ttl(PREFIX + "e:a") > 0
    assert store.client.ttl(PREFIX + "e:b") == store.client.ttl(PREFIX + "d:d1") == -1


@pytest.mark.parametrize("named", [{}, {"msg": "m1"}])
def test_words_of_the_brand_go_where_the_customer_is_whether_or_not_they_have_an_id(
    store: Store, named: dict[str, str]
) -> None:
    keep(store)
    store.record("d1", "meta", [event("a", thread="t")])
    keep(store, "d2")
    own = event("b", own="t", st="", **named)
    stranger = event("c", own="nobody's thread", st="", **named)
    assert store.record("d2", "meta", [own, stranger]) == 2
    assert store.client.lrange(PREFIX + "l:" + LANE, 0, -1) == [b"a", b"b"]
    assert row(store) == {"received": 3, "in_progress": 2, "ignored": 1}


def begun(store: Store, *eids: str) -> None:
    keep(store)
    store.record("d1", "meta", [event(eid) for eid in eids])
    assert store.claim("me", 10, 10)[1] == [LANE]


def test_a_lane_has_one_holder_until_its_lease_ends(store: Store) -> None:
    begun(store, "a")
    assert store.claim("other", 10, 10)[1] == []
    assert store.load(LANE, "other") is None
    assert store.renew([(LANE, "other")]) == set()
    assert store.renew([(LANE, "other"), (LANE, "me"), ("in:none", "me")]) == {(LANE, "me")}
    assert 0 < store.client.pttl(PREFIX + "lease:" + LANE) <= LEASE * 1000
    store.client.delete(PREFIX + "lease:" + LANE)  # the holder died, its lease ran out
    store.client.zadd(PREFIX + "due", {LANE: 0})
    assert store.claim("other", 10, 10)[1] == [LANE]


def test_a_lane_that_is_taken_is_shown_where_that_is_little(store: Store) -> None:
    store.record("", "meta", [event("e1")])
    (lane,) = store.claim("me", 0, 10)[1]
    seen = store.load(lane, "me")
    assert seen is not None
    assert [one.id for one in seen.events] == ["e1"]
    assert lane.look() == seen


def test_of_a_long_lane_nothing_is_shown_nor_of_a_damaged_one_which_stops_no_other(
    store: Store,
) -> None:
    other = {"st": "1" * 32}
    store.record("", "meta", [event(f"e{number}") for number in range(5)])
    store.record("", "meta", [event("damaged", **other), event("whole", st="2" * 32)])
    store.client.delete(PREFIX + "e:damaged")
    store.client.set(PREFIX + "e:damaged", "no hash")
    store.client.set(PREFIX + "l:in:no-list", "words")
    store.client.zadd(PREFIX + "due", {"in:no-list": 0})
    found = {lane: lane.look() for lane in store.claim("me", 0, 10)[1]}
    hidden = {lane for lane, seen in found.items() if seen is None}
    assert hidden == {LANE, "in:" + "1" * 32, "in:no-list"}
    shown = found["in:" + "2" * 32]
    assert shown is not None
    assert [one.id for one in shown.events] == ["whole"]


def test_who_lost_the_lease_writes_nothing(store: Store) -> None:
    begun(store, "a")
    store.client.set(PREFIX + "lease:" + LANE, "other")
    orders = Orders(LANE, ROOM, facts={"ticket": "7"}, events=[{"e": "a", "state": "done"}])
    before = snapshot(store)
    assert store.settle("me", orders) == 0
    assert snapshot(store) == before


def test_settling_again_changes_nothing(store: Store) -> None:
    begun(store, "a", "b")

    def orders() -> Orders:
        return Orders(
            LANE, ROOM, events=[{"e": "a", "state": "done", "f": {"reason": "x"}, "rules": ["r", "shadow s"]}], intent="",
            facts={"ticket": "7"}, says=[{"m": "m-a", "f": {"on": "1"}}], set=[("ticket:z:7", ROOM, 60)],
            push=[{"e": "n1", "lane": "in", "room": ROOM, "c": "bridge", "f": {"k": "n", "doc": "{}"}}],
        )  # fmt: skip

    assert store.settle("me", orders()) == 1
    before = snapshot(store)
    assert store.settle("me", orders()) == 1
    assert snapshot(store) == before
    assert row(store) == {"received": 2, "done": 1, "in_progress": 1}
    assert row(store, "bridge") == {"received": 1, "in_progress": 1}
    turn = store.load(LANE, "me")
    assert turn is not None
    assert [one.id for one in turn.events] == ["b", "n1"]
    assert turn.room["ticket"] == "7"


def test_a_rule_is_counted_once_for_each_event_however_often_its_end_is_written(
    store: Store,
) -> None:
    begun(store, "a", "b")

    def ended(eid: str, state: str, *rules: str) -> None:
        item = {"e": eid, "state": state, "f": {"reason": "x"}, "rules": list(rules)}
        store.settle("me", Orders(LANE, ROOM, events=[item]))

    ended("a", "done", "refund", "shadow loud")
    ended("a", "done", "refund", "shadow loud")
    assert {name: one[0] for name, one in store.matches().items()} == {
        "refund": 1, "shadow loud": 1,
    }  # fmt: skip
    ended("b", "ignored", "refund")
    assert store.matches()["refund"][0] == 2
    assert abs(store.matches()["refund"][1].timestamp() - store.time()) < 60


def test_who_lost_the_lease_counts_no_rule(store: Store) -> None:
    begun(store, "a")
    item = {"e": "a", "state": "done", "f": {}, "rules": ["refund"]}
    assert store.settle("another", Orders(LANE, ROOM, events=[item])) == 0
    assert store.matches() == {}


def test_every_event_is_found_once_and_its_fields_are_read_together(store: Store) -> None:
    keep(store)
    store.record("d1", "meta", [event(f"e{number}") for number in range(1200)])
    found = [eid for eids in store.kept() for eid in eids]
    assert len(found) == len(set(found)) == 1200
    assert len(list(store.events())) == 1200
    assert store.some(["e7", "gone"], ("k", "mid", "none")) == [{"k": "m", "mid": "m-e7"}, {}]


def test_a_turn_that_ends_gives_the_lane_back_and_wakes_for_what_is_left(store: Store) -> None:
    begun(store, "a", "b")
    done = [{"e": "a", "state": "done"}]
    assert store.settle("me", Orders(LANE, ROOM, events=done, again=0)) == 2
    assert store.claim("other", 0, 10)[1] == [LANE]
    done = [{"e": "b", "state": "done"}]
    assert store.settle("other", Orders(LANE, ROOM, events=done, again=0)) == 1
    assert store.client.zscore(PREFIX + "due", LANE) is None
    assert store.client.exists(PREFIX + "lease:" + LANE) == 0


def test_a_turn_that_leaves_nothing_behind_is_over(store: Store) -> None:
    begun(store, "a", "b")
    assert store.settle("me", Orders(LANE, ROOM, events=[{"e": "a", "state": "done"}])) == 1
    assert store.settle("me", Orders(LANE, ROOM, intent={"id": "i"})) == 1
    assert store.settle("me", Orders(LANE, ROOM, events=[{"e": "b", "state": "done"}])) == 1
    assert store.settle("me", Orders(LANE, ROOM, intent="")) == 3
    assert store.client.exists(PREFIX + "lease:" + LANE) == 0
    assert store.client.zscore(PREFIX + "due", LANE) is None
    assert store.settle("me", Orders(LANE, ROOM, facts={"ticket": "9"})) == 0


def test_what_is_written_down_is_seen_in_the_same_round_trip(store: Store) -> None:
    begun(store, "a", "b")
    done = [{"e": "a", "state": "done"}]
    code, turn = store.settle_and_look("me", Orders(LANE, ROOM, events=done, facts={"ticket": "9"}))
    assert (code, turn) == (1, store.load(LANE, "me"))
    assert turn is not None
    assert [one.id for one in turn.events] == ["b"]
    assert turn.room["ticket"] == "9"
    last = Orders(LANE, ROOM, events=[{"e": "b", "state": "done"}])
    assert store.settle_and_look("me", last) == (3, None)
    assert store.settle_and_look("other", Orders(LANE, ROOM)) == (0, None)


def test_a_turn_that_was_given_back_and_taken_again_by_the_same_process_is_another(
    store: Store,
) -> None:
    keep(store)
    store.record("d1", "meta", [event("a")])
    assert store.claim("me", 0, 10, "me.1")[1] == [LANE]
    store.settle("me.1", Orders(LANE, ROOM, again=0))  # its answer was lost
    assert store.claim("me", 0, 10, "me.2")[1] == [LANE]
    store.settle("me.2", Orders(LANE, ROOM, intent={"id": "i"}))
    assert store.settle("me.1", Orders(LANE, ROOM, intent="", again=0)) == 0
    assert store.hash(f"i:{LANE}") == {"id": "i"}


def test_what_comes_after_the_last_look_is_looked_at_before_the_lane_rests(store: Store) -> None:
    begun(store, "a")
    store.load(LANE, "me")
    keep(store, "d2")
    store.record("d2", "meta", [event("b")])
    assert store.settle("me", Orders(LANE, ROOM, again=3_600_000, rests=True)) == 2
    assert store.claim("me", 0, 10)[1] == [LANE]
    assert store.load(LANE, "me") is not None
    store.settle("me", Orders(LANE, ROOM, again=3_600_000, rests=True))  # seen now: it may rest
    assert store.claim("me", 0, 10)[1] == []


def test_what_is_woken_while_it_is_in_hand_is_looked_at_once_more(store: Store) -> None:
    begun(store, "a")
    store.load(LANE, "me")
    out = f"out:{ROOM}"
    pushed = [{"e": "s", "lane": "out", "room": ROOM, "c": "bridge", "f": {"k": "s", "doc": "{}"}}]
    store.settle("me", Orders(LANE, ROOM, push=pushed))
    assert store.claim("me", 0, 10)[1] == [out]
    store.load(out, "me")
    store.settle("me", Orders(LANE, ROOM, wake=[out]))
    store.settle("me", Orders(out, ROOM, again=3_600_000, rests=True))
    assert store.claim("me", 0, 10)[1] == [out]


def test_news_do_not_shorten_the_wait_of_a_lane_in_trouble(store: Store) -> None:
    begun(store, "a")
    store.load(LANE, "me")
    keep(store, "d2")
    store.record("d2", "meta", [event("b")])
    store.settle("me", Orders(LANE, ROOM, again=60_000))
    assert store.claim("me", 0, 10)[1] == []


def test_a_lane_that_rests_is_up_for_whatever_comes_and_counts_as_no_work(store: Store) -> None:
    begun(store, "a")
    assert store.queues()["lanes"] == 1
    store.settle("me", Orders(LANE, ROOM, again=3_600_000, rests=True))
    assert store.queues()["lanes"] == 0
    assert store.claim("other", 0, 10)[1] == []
    keep(store, "d2")
    store.record("d2", "meta", [event("c")])
    assert store.queues()["lanes"] == 1
    assert store.claim("other", 0, 10)[1] == [LANE]


def test_a_lane_in_trouble_keeps_its_time_whatever_comes(store: Store) -> None:
    begun(store, "a")
    store.settle("me", Orders(LANE, ROOM, again=3_600_000))
    keep(store, "d2")
    store.record("d2", "meta", [event("c")])
    assert store.queues()["lanes"] == 1
    assert store.claim("other", 0, 10)[1] == []


def test_a_timer_stands_in_no_book_before_it_does_something(store: Store) -> None:
    begun(store, "a")
    timer = {"e": "t", "lane": "out", "room": ROOM, "c": "bridge", "state": "timer", "after": 50}
    store.settle("me", Orders(LANE, ROOM, push=[{**timer, "f": {"k": "s", "doc": "{}"}}]))
    assert store.books().get("bridge", {}).get("received", 0) == 0
    time.sleep(0.06)
    assert store.claim("me", 0, 10)[1] == [f"out:{ROOM}"]
    store.settle("me", Orders(f"out:{ROOM}", ROOM, events=[{"e": "t", "state": "done"}]))
    assert (row(store, "bridge")["received"], row(store, "bridge")["done"]) == (1, 1)


def waits(store: Store, eid: str, due: float, **more: Any) -> None:
    """A customer of `meta` waits, to whom an answer is promised by *due* seconds from now."""
    begun(store, "a")
    deadline = int((AT.timestamp() + due) * 1000)
    wait = {
        "e": eid,
        "lane": "out",
        "room": ROOM,
        "c": "bridge",
        "state": "timer",
        "after": 0,
        **more,
    }
    fields = {"k": "s", "doc": '{"wait": ""}', "waits": "meta"}
    push = [{**wait, "f": dict(fields), "waits": ["meta", deadline]} for _ in range(2)]
    store.settle("me", Orders(LANE, ROOM, push=push))


def over(eid: str, count: str) -> Orders:
    return Orders(
        f"out:{ROOM}", ROOM, events=[{"e": eid, "state": "done", "waited": ["meta", count]}]
    )


def test_who_waits_is_counted_once_and_how_it_ended_too(store: Store) -> None:
    waits(store, "w", 60)
    told = store.answers(["meta", "telegram"])
    assert told == {"meta": {"waiting": 1, "overdue": 0, "in_time": 0, "late": 0, "found_late": 0, "unanswered": 0}}  # fmt: skip
    other = {"e": "x", "lane": "out", "room": ROOM, "c": "bridge", "f": {"k": "s", "doc": "{}"}}
    store.settle("me", Orders(LANE, ROOM, push=[other]))  # the turn goes on after the wait
    store.claim("me", 0, 10)
    for _ in range(2):  # the answer of the first was lost
        assert store.settle("me", over("w", "in_time")) == 1
    told = store.answers(["meta"])
    assert (told["meta"]["waiting"], told["meta"]["in_time"]) == (0, 1)


def test_who_waits_longer_than_promised_is_told_apart_and_an_end_may_count_as_nothing(
    store: Store,
) -> None:
    waits(store, "w", -5)
    assert store.answers(["meta"])["meta"]["overdue"] == 1
    store.claim("me", 0, 10)
    store.settle("me", over("w", ""))
    assert store.answers(["meta"]) == {}


def test_a_wait_that_an_operator_drops_is_over(store: Store) -> None:
    waits(store, "w", 60)
    store.claim("me", 0, 10)
    store.settle("me", Orders(f"out:{ROOM}", ROOM, events=[{"e": "w", "state": "dead"}]))
    assert store.answers(["meta"])["meta"]["waiting"] == 1
    assert store.revive("w", "drop")
    assert store.answers(["meta"]) == {}


def test_what_waits_until_a_moment_is_looked_at_then_by_the_clock_of_now(store: Store) -> None:
    begun(store, "a")
    wait = {"e": "w", "lane": "out", "room": ROOM, "c": "bridge", "state": "timer", "f": {"k": "s"}}
    at = (AT - timedelta(hours=1)).isoformat()
    store.settle("me", Orders(LANE, ROOM, push=[{**wait, "at": at}]))
    assert store.claim("me", 0, 10)[1] == [f"out:{ROOM}"]


def test_an_index_set_gently_leaves_another_value_alone(store: Store) -> None:
    begun(store, "a")
    for value in ("mine", "other"):
        store.settle("me", Orders(LANE, ROOM, set=[("ticket:z:1", value, 60, True)]))
    assert store.get("ticket:z:1") == "mine"


def test_an_empty_lane_with_an_intent_is_looked_at_again(store: Store) -> None:
    begun(store, "a")
    orders = Orders(LANE, ROOM, intent={"id": "i"}, again=0, events=[{"e": "a", "state": "done"}])
    assert store.settle("me", orders) == 2


def test_parked_events_are_parked_in_the_books(store: Store) -> None:
    begun(store, "a")
    store.settle("me", Orders(LANE, ROOM, touch=[{"e": "a", "state": "parked", "f": {}}]))
    assert row(store) == {"received": 1, "parked": 1}


def test_a_dead_letter_is_retried_or_dropped_once(store: Store) -> None:
    begun(store, "a", "b")
    dead = [{"e": eid, "state": "dead", "f": {"reason": "why"}} for eid in ("a", "b")]
    store.settle("me", Orders(LANE, ROOM, events=dead, again=0))
    assert sorted(store.dead()) == ["a", "b"]
    assert store.revive("a", "retry") is True
    assert store.revive("a", "retry") is False
    assert store.revive("b", "drop") is True
    assert row(store) == {"received": 2, "in_progress": 1, "ignored": 1}
    assert store.client.lrange(PREFIX + "l:" + LANE, 0, -1) == [b"a"]


def test_the_fifth_failure_opens_the_breaker_and_a_success_closes_it(store: Store) -> None:
    opened = [store.trouble("z", "outage", 60, "z is away") for _ in range(5)]
    assert opened == [False] * 4 + [True]
    assert store.gate("z", []).why == "outage"
    assert "down:z" in store.alarms()
    begun(store, "a")
    store.settle("me", Orders(LANE, ROOM, cheer=["z"]))
    assert store.gate("z", []).wait == 0
    assert store.alarms() == {}


def test_one_may_try_a_closed_connection_and_its_first_answer_opens_it_for_all(
    store: Store,
) -> None:
    store.trouble("z", "auth", 1, "z refuses us")
    assert store.gate("z", []).why == "auth"
    store.client.hset(PREFIX + "down:z", "until", 0)  # the time has passed
    assert store.gate("z", []) == Leave(0.0, "try")
    assert store.gate("z", []).wait > 5  # the others wait for what becomes of it
    store.cheer("z")
    assert store.gate("z", []) == Leave(0.0)
    assert store.alarms() == {}


def test_a_paused_connection_is_not_opened_by_an_answer(store: Store) -> None:
    store.trouble("z", "paused", 60_000)
    store.cheer("z")
    assert store.gate("z", []).why == "paused"


def test_an_alarm_that_lasts_a_while_ends_by_itself(client: redis.Redis) -> None:
    times = [AT, AT, AT + timedelta(days=2)]
    store = Store(client, keep=1, keep_raw=1, clock=lambda: times.pop(0))
    store.alarm("notify:boss", "look", 86400)
    assert store.alarms() == {"notify:boss": {"text": "look", "at": AT.isoformat()}}
    assert store.alarms() == {}


def test_a_half_open_breaker_lets_one_try(store: Store) -> None:
    for _ in range(5):
        store.trouble("z", "outage")
    store.client.hset(PREFIX + "down:z", "until", 1)
    assert store.gate("z", []).wait == 0
    assert store.gate("z", []).wait > 0


def test_calls_that_fail_together_close_a_connection_no_longer_than_one(store: Store) -> None:
    closed = [store.trouble("z", "outage") for _ in range(12)]
    assert closed == [False] * 4 + [True] * 8
    assert store.gate("z", []).wait <= 2


def test_each_try_that_fails_closes_it_for_longer(store: Store) -> None:
    for _ in range(5):
        store.trouble("z", "outage")
    for wait in (4, 8, 16):
        store.client.hset(PREFIX + "down:z", "until", 1)
        assert store.gate("z", []) == Leave(0.0, "try")
        store.trouble("z", "outage")
        assert wait - 1 < store.gate("z", []).wait <= wait


def test_the_sweep_wakes_for_due_work_and_only_then(store: Store) -> None:
    assert store.sweep() == 0
    keep(store)
    store.client.delete("rq:queue:bridge")
    assert store.sweep() == 1
    assert store.client.llen("rq:queue:bridge") == 1


def test_what_fell_out_of_its_index_is_put_back(store: Store) -> None:
    keep(store, "d1")
    store.record("d1", "meta", [event("a")])
    keep(store, "d2")
    store.client.delete(PREFIX + "ingest", PREFIX + "due")
    cursor = -1
    while cursor:
        cursor = store.mend(max(cursor, 0))
    assert store.client.zrange(PREFIX + "ingest", 0, -1) == [b"d2"]
    assert store.client.zrange(PREFIX + "due", 0, -1) == [LANE.encode()]


def test_a_damaged_delivery_says_so_and_those_behind_it_are_taken(store: Store) -> None:
    for number, spoilt in enumerate((("s", None), ("h", "{"), ("at", "yesterday"), ("b", None))):
        keep(store, f"d{number}")
        field, value = spoilt
        if value is None:
            store.client.hdel(PREFIX + f"d:d{number}", field)
        else:
            store.client.hset(PREFIX + f"d:d{number}", field, value)
    keep(store, "other")
    store.client.delete(PREFIX + "d:other")
    store.client.set(PREFIX + "d:other", "no delivery")
    keep(store, "good")
    kept, _ = store.claim("me", 10, 0)
    assert [(one.id, one.damaged) for one in kept] == [
        ("d0", True), ("d1", True), ("d2", True), ("d3", True), ("good", False)
    ]  # fmt: skip
    assert kept[1].connection == "meta"
    assert "bridge:d:other" in store.alarms()["damaged"]["text"]
    assert store.client.get(PREFIX + "d:other") == b"no delivery"
    assert "other" not in [one.id for one in store.claim("me", 10, 0)[0]]


def test_an_event_that_nobody_can_read_is_shown_without_its_words(store: Store) -> None:
    keep(store)
    store.record("d1", "meta", [event("a"), event("b")])
    store.client.hset(PREFIX + "e:a", "doc", b"{\xff")
    assert store.claim("me", 0, 1)[1] == [LANE]
    turn = store.load(LANE, "me")
    assert turn is not None
    assert [(one.id, one.doc) for one in turn.events] == [("a", {}), ("b", {})]


def test_what_is_of_another_kind_stops_no_look_at_the_others(store: Store) -> None:
    store.client.set(PREFIX + "l:in:odd", "no list")
    store.client.set(PREFIX + "d:odd", "no delivery")
    keep(store, "d2")
    store.client.delete(PREFIX + "ingest")
    cursor = -1
    while cursor:
        cursor = store.mend(max(cursor, 0))
    assert store.client.zrange(PREFIX + "ingest", 0, -1) == [b"d2"]


def test_without_redis_there_is_a_verdict_and_no_traceback() -> None:
    lost = Store(connect("redis://127.0.0.1:1"), keep=1, keep_raw=1, clock=lambda: AT)
    with pytest.raises(TransientError) as caught:
        keep(lost)
    assert caught.value.code == "redis_away"


@pytest.mark.parametrize(
    ("breaks", "mends"),
    [
        (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
        (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
    ],
    ids=["full", "replica"],
)
def test_a_redis_that_cannot_write_is_away_and_comes_back_by_itself(
    store: Store, breaks: tuple[str, ...], mends: tuple[str, ...]
) -> None:
    store.client.execute_command(*breaks)
    try:
        for write in (lambda: keep(store), lambda: store.put("k", "v", 60)):
            with pytest.raises(TransientError) as caught:
                write()
            assert caught.value.code == "redis_away"
    finally:
        store.client.execute_command(*mends)
    assert keep(store) is True
    assert row(store) == {"received": 1, "in_progress": 1}


def test_a_mistake_of_ours_is_not_taken_for_a_redis_that_is_away(store: Store) -> None:
    store.client.rpush(PREFIX + "k", "a list")
    with pytest.raises(redis.ResponseError):
        store.get("k")


def test_every_key_of_finished_work_has_an_end(store: Store) -> None:
    begun(store, "a")
    orders = Orders(
        LANE, ROOM, events=[{"e": "a", "state": "done"}], says=[{"m": "m-a", "f": {"on": "1"}}],
        facts={"ticket": "7"}, set=[("ticket:z:7", ROOM, 60)], again=0,
    )  # fmt: skip
    store.settle("me", orders)
    store.gate("z", [Budget("account", 3, 60.0, shared=True)])
    endless = {key.decode() for key in store.client.scan_iter("*") if store.client.ttl(key) == -1}
    # Counters, indexes and the bounded feed; nothing that grows with what came in.
    assert endless == {
        "bridge:books:meta",
        "bridge:last",
        "bridge:feed",
        "bridge:wakes",
        "rq:queues",
        "rq:queue:bridge",
    }


def snapshot(store: Store) -> dict[str, object]:
    """Everything in Redis except the clocks, the queue and the feed."""
    out: dict[str, object] = {}
    for key in store.client.scan_iter(PREFIX + "*"):
        name = key.decode()
        if name in ("bridge:feed", "bridge:wakes", "bridge:due", "bridge:last"):
            continue
        kind = store.client.type(key)
        if kind == b"hash":
            out[name] = store.client.hgetall(key)
        elif kind == b"list":
            out[name] = store.client.lrange(key, 0, -1)
        elif kind == b"zset":
            out[name] = store.client.zrange(key, 0, -1)
        else:
            out[name] = store.client.get(key)
    return out


def test_what_was_taken_is_given_back_by_its_owner_alone(store: Store) -> None:
    assert store.take("renew:z", "one", 15)
    assert not store.take("renew:z", "two", 15)
    store.give_back("renew:z", "two")  # its own time was over long ago
    assert not store.take("renew:z", "two", 15)
    store.give_back("renew:z", "one")
    assert store.take("renew:z", "two", 15)


# --- what is muted -------------------------------------------------------------------------------


def test_a_message_that_is_muted_counts_once_however_often_it_is_written_down(store: Store) -> None:
    keep(store)
    store.record("d1", "meta", [event("a"), event("b")])
    store.claim("me", 0, 10)
    assert store.mute("m1", '{"v":1}')
    for _ in range(2):
        item = {"e": "a", "state": "ignored", "muted": "m1"}
        store.settle("me", Orders(LANE, ROOM, events=[item]))
    assert store.muted() == {"m1": 1}
    store.settle("me", Orders(LANE, ROOM, events=[{"e": "b", "state": "ignored", "muted": "gone"}]))
    assert store.muted() == {"m1": 1}


def test_each_change_of_what_is_muted_is_seen_by_the_next_look(store: Store) -> None:
    keep(store)
    store.record("d1", "meta", [event("a")])
    store.claim("me", 0, 10)

    def look() -> str:
        turn = store.load(LANE, "me")
        assert turn is not None
        return turn.mutes

    seen = [look()]
    store.mute("m1", '{"v":1}')
    seen.append(look())
    store.settle("me", Orders(LANE, ROOM, mutes=[("m2", '{"v":1}')]))
    seen.append(look())
    assert set(store.mutes()) == {"now", "m1", "m2"}
    store.mute("m1", "")
    seen.append(look())
    assert seen[0] == ""
    assert len(set(seen)) == 4
    assert store.mutes() == {"now": seen[-1], "m2": '{"v":1}'}


def test_a_mute_that_was_set_again_is_not_ended_by_who_saw_the_other(store: Store) -> None:
    store.mute("m1", "old")
    store.mute("m1", "new")
    assert store.mute("m1", "", "old") is False
    assert store.mutes()["m1"] == "new"
    assert store.mute("m1", "", "new") is True
    assert "m1" not in store.mutes()
