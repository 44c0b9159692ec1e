"""What kills its worker is put aside, what a newer release wrote waits, and nothing is done twice by a retry."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

import pytest
import redis
from support.lane import LANE, ROOM, House

from bridge import jobs
from bridge.core.errors import PermanentError
from bridge.jobs import suspect
from bridge.jobs.suspect import CRASHES, IN_COMPANY, INTENTS, KINDS, Company
from bridge.jobs.turn import Hand
from bridge.store import PREFIX, Orders, Turn

OUT = f"out:{ROOM}"


@pytest.fixture
def house(house: House) -> House:
    add(house, "b")
    return house


def add(house: House, eid: str, direction: str = "in") -> None:
    row: dict[str, Any] = {
        "e": eid, "state": "in_progress", "lane": direction, "st": ROOM, "f": {"k": "m", "doc": "{}"},
    }  # fmt: skip
    house.store.record("", "meta", [row])


def dies(house: House, times: int = 1) -> None:
    """Somebody takes the lane so often, and is not heard of again."""
    for number in range(times):
        house.store.client.zadd(PREFIX + "due", {house.lane: 0})
        assert house.lane in house.store.claim(f"dead {number}", 0, 10)[1]
        house.store.client.delete(PREFIX + "lease:" + house.lane)


def dies_alone(house: House, times: int) -> None:
    """Those who work the lane with nobody beside it die at it."""
    dies(house, IN_COMPANY)

    def death(hand: Hand, turn: Turn) -> None:
        raise Killed

    for _ in range(times):
        with pytest.raises(Killed):
            house.turn(death)
        house.store.client.delete(PREFIX + "lease:" + house.lane)


class Killed(BaseException):
    """As good as a SIGKILL: nobody writes anything down."""


class Seen:
    """A step that finishes the first event it sees, and remembers what it saw."""

    def __init__(self) -> None:
        self.looks: list[list[str]] = []

    def __call__(self, hand: Hand, turn: Turn) -> bool | None:
        self.looks.append([one.id for one in turn.events])
        if not turn.events:
            return None
        hand.close(None, turn.events[0], "done", "seen")
        return True


def test_what_killed_five_workers_is_put_aside_and_what_is_behind_it_moves(house: House) -> None:
    dies_alone(house, CRASHES)
    seen = Seen()
    house.turn(seen)  # the poison is put aside, and the turn with it
    assert seen.looks == []
    assert house.store.event("a")["reason"] == "5 workers died of it"
    house.turn(seen)
    assert seen.looks == [["b"]]
    assert house.row() == {"received": 2, "dead": 1, "done": 1}


def test_four_deaths_are_not_five(house: House) -> None:
    dies_alone(house, CRASHES - 1)
    seen = Seen()
    house.turn(seen)
    assert seen.looks == [["a"], ["b"]]
    assert house.row() == {"received": 2, "done": 2}


def test_who_dies_beside_others_or_while_waiting_for_them_is_not_charged(house: House) -> None:
    dies(house, 10 * CRASHES)
    house.turn(Seen())
    assert house.row() == {"received": 2, "done": 2}


def test_whatever_is_finished_begins_the_count_anew(house: House) -> None:
    dies_alone(house, CRASHES - 1)
    house.turn(lambda hand, turn: hand.close(None, turn.events[0], "done", "seen"))
    dies_alone(house, CRASHES - 1)
    house.turn(Seen())
    assert house.row() == {"received": 2, "done": 2}


def test_a_lane_of_which_workers_died_is_worked_one_event_at_a_time(house: House) -> None:
    dies(house, IN_COMPANY - 1)
    looks: list[list[str]] = []

    def step(hand: Hand, turn: Turn) -> float:
        looks.append([one.id for one in turn.events])
        return 60.0

    house.turn(step)
    dies(house, IN_COMPANY)
    house.turn(step)
    assert looks == [["a", "b"], ["a"]]


def test_towards_the_customer_all_is_seen_for_some_of_it_may_wait_for_a_clock(
    client: redis.Redis,
) -> None:
    house = House(client, OUT)
    add(house, "b", "out")
    dies(house, IN_COMPANY)
    seen = Seen()
    house.turn(seen)
    house.leases.stop()
    assert seen.looks[0] == ["a", "b"]


def test_a_turn_whose_word_was_lost_is_no_death(house: House) -> None:
    def step(hand: Hand, turn: Turn) -> bool:
        house.store.client.delete(PREFIX + "lease:" + LANE)  # as if Redis had been away for long
        hand.close(None, turn.events[0], "done", "seen")
        return True

    for _ in range(CRASHES + 1):
        house.turn(step)
        assert house.leases._spared == {LANE}
        house.leases._spared.clear()
        house.store.spare(LANE)
    assert house.row() == {"received": 2, "in_progress": 2}


def test_a_suspect_is_worked_alone(house: House) -> None:
    company, inside, log = Company(), threading.Event(), []
    go = threading.Event()

    def innocent() -> None:
        with company.of(False):
            inside.set()
            assert go.wait(20)
            log.append("innocent")

    def poisonous() -> None:
        with company.of(True):
            log.append("suspect")

    def later() -> None:
        with company.of(False):
            log.append("later")

    threads = [threading.Thread(target=innocent), threading.Thread(target=poisonous)]
    threads[0].start()
    assert inside.wait(20)
    threads[1].start()
    while not company._waiting:
        pass
    threads.append(threading.Thread(target=later))
    threads[2].start()
    go.set()
    for one in threads:
        one.join(20)
    assert log == ["innocent", "suspect", "later"]


# -- stored by a newer release


@pytest.mark.parametrize("where", ["e:b", "doc", "i:" + LANE, "r:" + ROOM])
def test_what_a_newer_release_stored_is_parked_with_a_word_and_goes_on_after_the_update(
    house: House, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if where == "doc":
        house.store.client.hset(PREFIX + "e:b", "doc", '{"v": 2}')
    else:
        house.store.client.hset(PREFIX + where, "v", "2")
    seen = Seen()
    house.turn(seen)
    assert seen.looks == []
    assert house.row() == {"received": 2, "parked": 2}
    assert "newer release has stored it (version 2)" in house.store.event("a")["reason"]
    assert list(house.store.alarms()) == ["newer"]
    assert 0 < house.wait() <= 5  # for a neighbour that is newer
    monkeypatch.setattr(suspect, "VERSION", 2)
    house.store.client.delete(PREFIX + "i:" + LANE)
    house.turn(seen)
    assert house.row() == {"received": 2, "done": 2}


@pytest.mark.parametrize(("where", "field"), [("e:b", "k"), ("i:" + LANE, "kind")])
def test_a_kind_of_event_or_write_that_a_newer_release_has_waits_and_is_not_taken_for_another(
    house: House, where: str, field: str
) -> None:
    house.store.client.hset(PREFIX + where, mapping={"v": "1", field: "zap"})
    seen = Seen()
    house.turn(seen)
    assert seen.looks == []
    assert house.row() == {"received": 2, "parked": 2}
    assert "newer release has stored it (kind zap)" in house.store.event("a")["reason"]
    known = {"k": "m", "kind": "create"}
    house.store.client.hset(PREFIX + where, field, known[field])  # as the newer one reads it
    house.turn(seen)
    assert seen.looks[0] == ["a", "b"]


def test_a_kind_that_is_only_damaged_is_no_news_from_a_newer_release(house: House) -> None:
    house.store.client.hset(PREFIX + "e:b", "k", b"\xff\x00")
    seen = Seen()
    house.turn(seen)
    assert seen.looks
    assert house.store.alarms() == {}


def test_every_kind_of_event_that_we_store_is_one_that_we_read() -> None:
    """Whoever adds a kind adds it here, or workers of this release park their own work."""
    code = "".join(one.read_text("utf-8") for one in Path(jobs.__file__).parent.glob("*.py"))
    stored = {
        *re.findall(r'"k": "(\w)"', code),
        *re.findall(r'our_event\(\s*[^,]+, [^,]+, "(\w)"', code),
    }
    assert stored - {"d"} == KINDS  # d: a delivery that nobody could read, which is in no lane
    assert set(re.findall(r'write\(\s*hand, room, "(\w+)"', code)) | {"post"} == INTENTS


def test_what_this_release_stores_it_can_read(house: House) -> None:
    seen = Seen()
    house.turn(seen)
    assert seen.looks == [["a", "b"], ["b"]]
    assert house.store.alarms() == {}


# -- a dead letter whose write may have been done

INTENT = {"v": "1", "kind": "create", "id": "x", "events": json.dumps(["a", "b"]), "body": "{}"}


def crashes(hand: Hand, turn: Turn) -> bool:
    if not turn.intent:
        hand.settle(Orders(hand.lane, hand.room_id, intent=INTENT))
    raise ValueError("a bug")


def test_a_retry_takes_up_the_write_that_may_have_been_done(house: House) -> None:
    for _ in range(CRASHES):
        house.turn(crashes)
    assert house.row() == {"received": 2, "dead": 2}
    assert house.store.hash(f"i:{LANE}") == {}
    assert house.store.hash(f"r:{ROOM}")["doubt"] == "1"
    assert house.store.revive("a", "retry")
    found = []

    def step(hand: Hand, turn: Turn) -> None:
        found.append(dict(turn.intent))

    house.turn(step)
    assert found == [INTENT]
    assert house.store.event("a")["doubt"] == ""


def test_a_write_that_workers_died_of_may_have_been_done(house: House) -> None:
    house.store.client.hset(f"{PREFIX}i:{LANE}", mapping=INTENT)
    dies_alone(house, CRASHES)
    house.turn(Seen())
    assert house.row() == {"received": 2, "dead": 2}
    assert json.loads(house.store.event("a")["doubt"]) == INTENT


@pytest.mark.parametrize("first", ["a", "b"])
def test_whichever_letter_is_retried_first_takes_the_write_up_that_they_share(
    house: House, first: str
) -> None:
    for _ in range(CRASHES):
        house.turn(crashes)
    house.store.revive(first, "retry")
    found = []

    def was_done(hand: Hand, turn: Turn) -> bool:
        found.append(dict(turn.intent))
        done = [{"e": eid, "state": "done"} for eid in json.loads(turn.intent["events"])]
        hand.settle(Orders(hand.lane, hand.room_id, intent="", events=done))
        return True

    house.turn(was_done)
    assert found == [INTENT]
    assert house.row() == {"received": 2, "done": 2}
    assert house.store.dead() == []
    assert not house.store.revive("b" if first == "a" else "a", "retry")


def test_letters_that_share_a_write_and_are_retried_together_take_it_up_once(house: House) -> None:
    for _ in range(CRASHES):
        house.turn(crashes)
    for eid in ("a", "b"):
        house.store.revive(eid, "retry")
    found = []

    def refused(hand: Hand, turn: Turn) -> bool | None:
        found.append(turn.intent.get("id"))
        if not turn.intent:
            return None
        hand.settle(Orders(hand.lane, hand.room_id, intent=""))
        return True

    house.turn(refused)
    assert found == ["x", None]


def test_a_retry_waits_for_the_write_that_is_under_way(house: House) -> None:
    for _ in range(CRASHES):
        house.turn(crashes)
    house.store.revive("a", "retry")
    house.store.client.hset(f"{PREFIX}i:{LANE}", mapping={**INTENT, "id": "under way"})
    found = []

    def step(hand: Hand, turn: Turn) -> bool | None:
        found.append(turn.intent.get("id"))
        if turn.intent["id"] == "x":
            return None
        hand.settle(Orders(hand.lane, hand.room_id, intent=""))
        return True

    house.turn(step)
    assert found == ["under way", "x"]


def test_a_retry_of_what_was_refused_begins_anew(house: House) -> None:
    def refused(hand: Hand, turn: Turn) -> bool:
        hand.settle(Orders(hand.lane, hand.room_id, intent=INTENT))
        raise PermanentError("refused", "the field does not exist")

    house.turn(refused)
    assert house.row() == {"received": 2, "dead": 2}
    assert "doubt" not in house.store.hash(f"r:{ROOM}")
    house.store.revive("a", "retry")
    seen = Seen()
    house.turn(seen)
    assert seen.looks[0] == ["a"]
