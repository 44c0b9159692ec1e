"""A turn that goes wrong: by its verdict it waits, is parked, or ends among the dead letters."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
from support.lane import LANE, ROOM, House

from bridge.core.errors import Ambiguous, AuthError, BridgeError, PermanentError, TransientError
from bridge.core.limits import Budget
from bridge.jobs.suspect import CRASHES
from bridge.jobs.turn import Hand
from bridge.store import PREFIX, Leave, Orders, Turn


def failing(error: Exception, connection: str = "zendesk") -> Callable[[Hand, Turn], bool]:
    def step(hand: Hand, turn: Turn) -> bool:
        if isinstance(error, BridgeError):
            error.connection = connection
        raise error

    return step


def test_what_failed_for_the_moment_is_tried_later_and_later(house: House) -> None:
    waits = []
    for _ in range(4):
        house.turn(failing(TransientError("server_error")))
        waits.append(house.wait())
    assert waits == sorted(waits)
    assert 0.5 < waits[0] < 1.5
    assert house.row() == {"received": 1, "in_progress": 1}


@pytest.mark.parametrize(
    "error",
    [
        TransientError("unreachable"),
        TransientError("broken_off"),
        Ambiguous("broken_off"),
        Ambiguous("timeout"),
        TransientError("server_error"),
        TransientError("unavailable"),
        TransientError("unreadable_answer"),
    ],
    ids=str,
)
def test_the_fifth_failure_in_a_row_closes_the_connection(house: House, error: BridgeError) -> None:
    for _ in range(4):
        house.turn(failing(error))
    assert house.store.gate("zendesk", []) == Leave(0.0)
    house.turn(failing(error))
    assert house.store.gate("zendesk", []).why == "outage"


def fails_since(house: House, hours: float) -> None:
    """The lane has failed for so long."""
    first = str(time.time() - hours * 3600)
    house.store.client.hset(f"{PREFIX}s:{house.lane}", mapping={"n": "99", "first": first})


@pytest.mark.parametrize(("hours", "dead"), [(73, 1), (71, 0)])
def test_what_fails_for_three_days_is_given_up_with_the_doubt_whether_it_was_done(
    house: House, hours: float, dead: int
) -> None:
    fails_since(house, hours)
    house.turn(begin({"id": "i", "kind": "update", "events": '["a"]'}, Ambiguous("timeout")))
    assert house.row().get("dead", 0) == dead
    told = house.store.event("a")
    assert told.get("reason", "").startswith("gave up after 72 hours") is bool(dead)
    assert json.loads(told.get("doubt", "{}")).get("id") == ("i" if dead else None)
    assert bool(house.store.hash(f"i:{LANE}")) is not bool(dead)


def test_who_retries_words_that_were_given_up_goes_on_behind_what_was_said(house: House) -> None:
    fails_since(house, 73)
    said = {"id": "i", "kind": "post", "part": "1", "sure": "1", "events": '["a"]'}
    house.store.client.hset(f"{PREFIX}i:{LANE}", mapping=said)
    house.turn(failing(TransientError("unreachable")))
    assert house.row() == {"received": 1, "dead": 1}
    house.store.revive("a", "retry")
    found = []
    house.turn(lambda hand, turn: found.append(dict(turn.intent)))
    assert found == [said]


def test_a_letter_that_waited_for_an_agents_word_waits_no_more(client: redis.Redis) -> None:
    house = House(client, f"out:{ROOM}")
    house.store.client.hset(PREFIX + "r:" + ROOM, "waiting", "h")
    broken = PermanentError("broken", "no such thing")
    house.turn(begin({"id": "i", "kind": "post", "held": "h", "events": '["a"]'}, broken))
    house.leases.stop()
    assert house.store.hash(f"r:{ROOM}")["waiting"] == ""


def test_what_waits_for_its_time_is_not_parked(house: House) -> None:
    timer = {"e": "t", "lane": "in", "room": ROOM, "c": "meta", "state": "timer", "after": 60_000}

    def step(hand: Hand, turn: Turn) -> None:
        row = {**timer, "f": {"k": "n", "doc": "{}"}}
        hand.settle(Orders(hand.lane, hand.room_id, push=[row]))
        error = AuthError("unauthorised")
        error.connection = "zendesk"
        raise error

    house.turn(step)
    assert house.row() == {"received": 1, "parked": 1}


def test_nobody_gives_up_while_they_are_told_to_wait(house: House) -> None:
    fails_since(house, 1000)
    house.turn(failing(TransientError("rate_limited", retry_after=1, limited=True)))
    assert house.row() == {"received": 1, "in_progress": 1}


@pytest.mark.parametrize(
    ("code", "state"),
    [("outage", "parked"), ("paused", "parked"), ("auth", "parked"), ("budget", "in_progress")],
)
def test_what_waits_for_a_closed_connection_is_parked_in_the_books(
    house: House, code: str, state: str
) -> None:
    house.turn(failing(TransientError(code, retry_after=1, limited=True)))
    assert house.row() == {"received": 1, state: 1}


def test_being_told_to_wait_counts_as_no_failure(house: House) -> None:
    for _ in range(3):
        house.turn(failing(TransientError("rate_limited", retry_after=40, limited=True)))
    assert 38 < house.wait() < 45
    assert house.store.hash(f"s:{LANE}") == {}


def test_a_refused_credential_parks_and_raises_one_alarm(house: House) -> None:
    house.turn(failing(AuthError("unauthorised", "zendesk answered 401")))
    assert house.row() == {"received": 1, "parked": 1}
    assert list(house.store.alarms()) == ["down:zendesk"]
    assert house.store.gate("zendesk", []).why == "auth"


def test_what_will_never_work_is_a_dead_letter_with_its_reason(house: House) -> None:
    house.turn(failing(PermanentError("refused", "priority is invalid")))
    assert house.row() == {"received": 1, "dead": 1}
    assert "priority is invalid" in house.store.event("a")["reason"]
    assert house.store.client.zscore(PREFIX + "due", LANE) is None


def test_what_is_worked_on_is_put_aside_also_where_it_is_not_the_first(house: House) -> None:
    house.store.accept("d2", "meta", "meta", {}, b"{}", house.bridge.now())
    row = {"e": "b", "state": "in_progress", "lane": "in", "st": ROOM, "f": {"k": "m", "doc": "{}"}}
    house.store.record("d2", "meta", [row])

    def step(hand: Hand, turn: Turn) -> bool:
        hand.at_hand = "b"
        raise PermanentError("refused", "not this one")

    house.turn(step)
    assert [house.store.event(one)["state"] for one in "ab"] == ["in_progress", "dead"]


def test_an_event_that_crashes_its_worker_is_put_aside_after_five_times(house: House) -> None:
    for count in range(CRASHES):
        assert house.row() == {"received": 1, "in_progress": 1}, count
        house.turn(failing(ValueError("a bug")))
    assert house.row() == {"received": 1, "dead": 1}
    assert house.store.event("a")["reason"] == "crashed: ValueError"


def test_an_agent_learns_that_an_answer_ended_among_the_dead_letters(client: redis.Redis) -> None:
    house = House(client, f"out:{ROOM}")
    house.turn(failing(PermanentError("broken", "no such thing")))
    house.leases.stop()
    (note,) = house.store.client.lrange(PREFIX + "l:" + LANE, 0, -1)
    assert "put aside" in house.store.event(note.decode())["doc"]


def begin(
    intent: dict[str, str], error: BridgeError, connection: str = "zendesk"
) -> Callable[[Hand, Turn], bool]:
    """A step that records an intent, and then fails."""

    def step(hand: Hand, turn: Turn) -> bool:
        if not turn.intent:
            hand.settle(Orders(hand.lane, hand.room_id, intent=intent))
        error.connection = connection
        raise error

    return step


@pytest.mark.parametrize(
    ("error", "stays"),
    [
        (Ambiguous("timeout"), True),
        (TransientError("rate_limited", retry_after=1, limited=True), False),
        (TransientError("unreachable"), False),
        (AuthError("unauthorised"), False),
    ],
    ids=["unknown", "limited", "unreachable", "unauthorised"],
)
def test_an_intent_stays_exactly_when_its_outcome_is_unknown(
    house: House, error: BridgeError, stays: bool
) -> None:
    house.turn(begin({"id": "i", "kind": "update", "events": '["a"]'}, error))
    assert bool(house.store.hash(f"i:{LANE}")) is stays


def test_an_intent_stays_when_it_was_our_redis_that_failed_after_the_write(house: House) -> None:
    away = TransientError("redis_away")
    house.turn(begin({"id": "i", "kind": "post"}, away, connection=""))
    assert house.store.hash(f"i:{LANE}")["id"] == "i"


def test_what_was_answered_late_is_counted_with_the_next_thing_that_is_written(
    house: House,
) -> None:
    account = Budget("account", 5, 60.0, shared=True)

    def step(hand: Hand, turn: Turn) -> None:
        leave = house.store.gate("zendesk", [account])
        then = int(leave.at) - 3000  # and answered three seconds after it
        house.store.client.rename(PREFIX + "rate:zendesk:account", PREFIX + "now")
        (spent,) = house.store.client.hvals(PREFIX + "now")
        house.store.client.hset(PREFIX + "rate:zendesk:account", str(then // 1000), spent)
        hand.asker.late.append(["zendesk", then, "account", 60_000])

    house.turn(step)
    counted = house.store.client.hgetall(PREFIX + "rate:zendesk:account")
    assert sorted(counted.values()) == [b"0", b"1"]
    assert counted[min(counted)] == b"0"


def test_an_intent_whose_recording_failed_is_planned_anew(house: House) -> None:
    real = house.store.settle_and_ask

    def lost(*asked: Any) -> tuple[int, Leave]:
        assert real(*asked) == (1, Leave(0.0))
        house.store.settle_and_ask = real  # type: ignore[method-assign]
        raise TransientError("redis_away", "the answer was lost")

    def step(hand: Hand, turn: Turn) -> bool:
        house.store.settle_and_ask = lost  # type: ignore[method-assign]
        orders = Orders(hand.lane, hand.room_id, intent={"id": "i"})
        try:
            hand.intending(orders)("zendesk", [])
        except TransientError as error:
            error.connection = "zendesk"  # as whoever wanted to write to it does
            raise
        raise AssertionError("nothing may be written now")

    house.turn(step)
    assert house.store.hash(f"i:{LANE}") == {}
    assert house.row() == {"received": 1, "in_progress": 1}


def test_an_intent_is_recorded_once_there_is_leave_for_its_write(house: House) -> None:
    def step(hand: Hand, turn: Turn) -> None:
        orders = Orders(hand.lane, hand.room_id, intent={"id": "i"})
        found.append(hand.intending(orders)("zendesk", [Budget("account", 1, 60.0, shared=True)]))

    found = list[Leave]()
    house.turn(step)
    assert house.store.hash(f"i:{LANE}") == {"id": "i"}
    house.store.client.delete(f"{PREFIX}i:{LANE}")
    house.turn(step)
    assert house.store.hash(f"i:{LANE}") == {}
    assert [(one.why, one.wait > 0) for one in found] == [("", False), ("budget", True)]


def test_an_intent_in_doubt_stays_while_nobody_can_look(house: House) -> None:
    house.turn(begin({"id": "i", "kind": "post"}, Ambiguous("timeout")))
    house.turn(failing(TransientError("rate_limited", retry_after=1, limited=True)))
    assert house.store.hash(f"i:{LANE}")["id"] == "i"


def test_words_of_which_a_part_is_said_go_on_where_they_stopped(house: House) -> None:
    house.turn(begin({"id": "i", "kind": "post", "part": "1"}, TransientError("unreachable")))
    assert house.store.hash(f"i:{LANE}") == {"id": "i", "kind": "post", "part": "1", "sure": "1"}


def test_who_lost_the_lease_stops_without_a_trace(house: House) -> None:
    def step(hand: Hand, turn: Turn) -> bool:
        house.store.client.set(PREFIX + "lease:" + LANE, "other")
        hand.settle(Orders(hand.lane, hand.room_id, facts={"ticket": "8"}))
        return True

    house.turn(step)
    assert house.store.hash(f"r:{ROOM}")["ticket"] == "7"
    assert house.row() == {"received": 1, "in_progress": 1}


def test_a_step_that_waits_for_its_time_is_called_again_then(house: House) -> None:
    house.turn(lambda hand, turn: 7.5)
    assert 6 < house.wait() <= 7.5
