"""How long what the journal holds lasts, and when a lane that waits for its time is up again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import redis

from bridge.store import PREFIX, Orders, Store

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
ROOM = "0" * 32
LANE, OUT = f"in:{ROOM}", f"out:{ROOM}"


@pytest.fixture
def store(client: redis.Redis) -> Iterator[Store]:
    built = Store(client, keep=3600, keep_raw=600, clock=lambda: AT)
    yield built
    built.close()


def begun(store: Store, *eids: str) -> None:
    """One delivery with these events, and their lane in our hand."""
    store.accept("d1", "meta", "meta", {}, b"{}", AT)
    rows = [
        {"e": eid, "state": "in_progress", "lane": "in", "st": ROOM, "f": {"k": "m", "doc": "{}"}}
        for eid in eids
    ]
    store.record("d1", "meta", rows)
    assert store.claim("me", 10, 10)[1] == [LANE]


def ends(store: Store, key: str) -> bool:
    """Whether *key* goes by itself."""
    return bool(store.client.ttl(PREFIX + key) > 0)


# --- how long it lasts ---------------------------------------------------------------------------------


def test_what_came_stays_as_long_as_a_part_of_it_is_a_dead_letter(store: Store) -> None:
    begun(store, "a")
    assert ends(store, "d:d1")
    store.settle("me", Orders(LANE, ROOM, events=[{"e": "a", "state": "dead"}], again=0))
    assert not ends(store, "d:d1")
    store.revive("a", "retry")
    assert ends(store, "d:d1")


@pytest.mark.parametrize("what", ["retry", "drop"])
def test_another_life_for_one_dead_letter_takes_nothing_from_its_neighbour(
    store: Store, what: str
) -> None:
    begun(store, "a", "b")
    dead = [{"e": eid, "state": "dead"} for eid in ("a", "b")]
    store.settle("me", Orders(LANE, ROOM, events=dead, again=0))
    store.revive("a", what)
    assert not ends(store, "d:d1")
    store.revive("b", what)
    assert ends(store, "d:d1")


def test_what_is_read_again_stays_while_another_part_of_it_is_dead(store: Store) -> None:
    store.accept("d1", "meta", "meta", {}, b"{}", AT)
    rows = [
        {"e": eid, "state": "dead", "f": {"k": "m", "doc": "{}", "unread": "1"}}
        for eid in ("a", "b")
    ]
    store.record("d1", "meta", rows)
    store.revive("a", "retry")
    store.record("d1", "meta", [{**rows[0], "state": "ignored"}, rows[1]])
    assert not ends(store, "d:d1")
    store.revive("b", "drop")
    assert ends(store, "d:d1")


def test_an_index_lasts_from_its_last_use_on(store: Store) -> None:
    begun(store, "a")
    for seconds in (60, 600):
        store.settle("me", Orders(LANE, ROOM, set=[("ticket:z:1", ROOM, seconds, True)]))
    assert store.client.ttl(PREFIX + "ticket:z:1") > 60
    store.settle("me", Orders(LANE, ROOM, set=[("ticket:z:1", "another room", 6000, True)]))
    assert store.client.ttl(PREFIX + "ticket:z:1") <= 600


def test_what_is_counted_for_a_time_is_forgotten_after_it(store: Store) -> None:
    begun(store, "a")
    store.client.zadd(PREFIX + "aloud:p", {"yesterday": (store.time() - 61) * 1000})
    store.settle("me", Orders(LANE, ROOM, tally=[("aloud:p", "now", 60)]))
    assert store.client.zrange(PREFIX + "aloud:p", 0, -1) == [b"now"]


def test_a_room_that_a_turn_has_made_ends_too(store: Store) -> None:
    begun(store, "a")
    store.settle("me", Orders(LANE, ROOM, facts={"ticket": "7"}))
    assert ends(store, f"r:{ROOM}")


def test_of_a_delivery_that_is_gone_nothing_is_written_down(store: Store) -> None:
    row = {"e": "a", "state": "in_progress", "lane": "in", "st": ROOM, "f": {"k": "m", "doc": "{}"}}
    assert store.record("gone", "meta", [row]) == 0
    assert store.event("a") == {}


# --- what is told of it --------------------------------------------------------------------------------


def test_the_same_delivery_again_counts_all_that_it_held(store: Store) -> None:
    begun(store, "a", "b", "c")
    store.accept("d1", "meta", "meta", {}, b"{}", AT)
    assert store.books()["meta"]["duplicates"] == 3


def test_what_was_decided_is_in_the_feed(store: Store) -> None:
    begun(store, "a", "b")
    store.settle("me", Orders(LANE, ROOM, events=[{"e": "a", "state": "done"}]))
    newest = store.feed("", 1)
    assert [eid for _, eid in newest] == ["a"]


# --- what a turn sees ----------------------------------------------------------------------------------


def test_what_is_gone_leaves_its_lane(store: Store) -> None:
    begun(store, "a", "b")
    store.client.delete(PREFIX + "e:a")
    turn = store.load(LANE, "me")
    assert turn is not None
    assert [one.id for one in turn.events] == ["b"]
    assert store.client.lrange(PREFIX + "l:" + LANE, 0, -1) == [b"b"]


def test_each_lane_of_a_room_sees_what_the_other_is_about_to_write(store: Store) -> None:
    begun(store, "a")
    store.client.hset(f"{PREFIX}i:{OUT}", "id", "post")
    turn = store.load(LANE, "me")
    assert turn is not None
    assert (turn.intent, turn.other_intent) == ({}, {"id": "post"})


@pytest.mark.parametrize(
    ("paused", "inward", "outward"), [("meta", "meta", ""), ("desk", "desk", "desk"), ("", "", "")]
)
def test_a_paused_platform_keeps_no_answer_from_being_read(
    store: Store, paused: str, inward: str, outward: str
) -> None:
    begun(store, "a")
    store.client.hset(PREFIX + "r:" + ROOM, mapping={"c": "meta", "desk": "desk"})
    store.client.set(PREFIX + "lease:" + OUT, "me")
    if paused:
        store.trouble(paused, "paused", 60)
    seen = [store.load(lane, "me") for lane in (LANE, OUT)]
    assert [one and one.paused for one in seen] == [inward, outward]


# --- when a lane is up ---------------------------------------------------------------------------------


def test_a_lane_in_which_only_a_timer_waits_is_up_for_whatever_comes(store: Store) -> None:
    begun(store, "a")
    mine = {"lane": "out", "room": ROOM, "c": "bridge", "f": {"k": "s", "doc": "{}"}}
    timer = {"e": "t", "state": "timer", "after": 3_600_000, **mine}
    store.settle("me", Orders(LANE, ROOM, push=[timer]))
    assert store.claim("me", 0, 10)[1] == []
    store.settle("me", Orders(LANE, ROOM, push=[{"e": "s", **mine}]))
    assert store.claim("me", 0, 10)[1] == [OUT]


def test_what_a_turn_leaves_to_another_lane_wakes_somebody(store: Store) -> None:
    begun(store, "a")
    store.client.delete("rq:queue:bridge")
    note = {"e": "n", "room": ROOM, "c": "bridge", "f": {"k": "n", "doc": "{}"}}
    store.settle("me", Orders(LANE, ROOM, push=[{**note, "lane": "in"}]))
    assert store.client.llen("rq:queue:bridge") == 0  # who has it in hand looks again
    store.settle("me", Orders(LANE, ROOM, push=[{**note, "e": "s", "lane": "out"}]))
    assert store.client.llen("rq:queue:bridge") == 1


def test_a_lane_that_rested_and_is_in_trouble_now_keeps_its_time(store: Store) -> None:
    begun(store, "a")
    store.settle("me", Orders(LANE, ROOM, again=3_600_000, rests=True))
    note = {"lane": "in", "room": ROOM, "c": "bridge", "f": {"k": "n", "doc": "{}"}}
    begun_by(store, {"e": "n1", **note})
    assert store.claim("me", 0, 10)[1] == [LANE]
    store.settle("me", Orders(LANE, ROOM, again=3_600_000))
    begun_by(store, {"e": "n2", **note})
    assert store.claim("me", 0, 10)[1] == []


def begun_by(store: Store, event: dict[str, object]) -> None:
    """The other lane of the room pushes *event*."""
    store.client.set(PREFIX + "lease:" + OUT, "other")
    store.settle("other", Orders(OUT, ROOM, push=[event]))
    store.client.delete(PREFIX + "lease:" + OUT)


def mended(store: Store) -> None:
    cursor = store.mend(0)
    while cursor:
        cursor = store.mend(cursor)


def test_what_is_in_its_index_keeps_its_place_there(store: Store) -> None:
    begun(store, "a")
    store.settle("me", Orders(LANE, ROOM, again=3_600_000))
    store.accept("d2", "meta", "meta", {}, b"{}", AT)
    before = [
        store.client.zrange(PREFIX + key, 0, -1, withscores=True) for key in ("due", "ingest")
    ]
    mended(store)
    after = [store.client.zrange(PREFIX + key, 0, -1, withscores=True) for key in ("due", "ingest")]
    assert after == before
    assert all(after)


def test_a_lane_that_fell_out_of_its_index_is_not_taken_from_its_holder(store: Store) -> None:
    begun(store, "a")
    store.client.delete(PREFIX + "due")
    mended(store)
    assert store.client.zscore(PREFIX + "due", LANE) is not None
    assert store.claim("other", 0, 10)[1] == []


# --- what is counted against it ------------------------------------------------------------------------


def test_a_success_ends_the_count_of_failures_though_more_waits(store: Store) -> None:
    begun(store, "a", "b")
    store.settle("me", Orders(LANE, ROOM, tries={"n": "4", "first": "1"}))
    done = [{"e": "a", "state": "done"}]
    _, turn = store.settle_and_look("me", Orders(LANE, ROOM, events=done, tries=""))
    assert turn is not None
    assert "n" not in turn.tries


def test_who_dies_after_something_was_finished_has_not_died_of_it(store: Store) -> None:
    begun(store, "a", "b")
    store.settle("me", Orders(LANE, ROOM, events=[{"e": "a", "state": "done"}]))
    assert "taken" not in store.hash(f"s:{LANE}")


def test_what_is_read_again_has_all_its_tries_and_no_end_before_it_was(store: Store) -> None:
    store.accept("d1", "meta", "meta", {}, b"{}", AT)
    for _ in range(6):
        store.claim("me", 1, 0)
    row = {"e": "a", "state": "dead", "f": {"k": "d", "unread": "1"}}
    store.record("d1", "meta", [row])
    store.client.expire(PREFIX + "d:d1", 60)  # kept by an earlier release
    assert store.revive("a", "retry")
    assert not ends(store, "d:d1")
    (kept,), _ = store.claim("me", 1, 0)
    assert kept.tries == 1


def test_a_letter_that_is_retried_has_all_its_tries(store: Store) -> None:
    begun(store, "a", "b")
    dead = [{"e": "a", "state": "dead"}]
    store.settle("me", Orders(LANE, ROOM, events=dead, tries={"n": "99", "first": "1"}))
    store.revive("a", "retry")
    assert store.hash(f"s:{LANE}") == {}
