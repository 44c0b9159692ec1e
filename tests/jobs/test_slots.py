"""A slow connection may have its share of the threads, and no more."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.core.errors import TransientError
from bridge.jobs.slots import LONGEST, SHORTEST, Slots, threads_for


def test_each_connection_has_its_own_slots() -> None:
    slots = Slots(2)
    with slots.one("zendesk"), slots.one("zendesk"), slots.one("freshdesk"):
        with pytest.raises(TransientError) as full, slots.one("zendesk"):
            pass
        with slots.one("freshdesk"):
            pass
    assert (full.value.code, full.value.connection) == ("busy", "zendesk")
    assert full.value.limited  # told to wait: it neither counts as a failure nor ages


def test_a_slot_is_free_again_also_after_an_error() -> None:
    slots = Slots(1)
    with pytest.raises(ValueError, match="oops"), slots.one("zendesk"):
        raise ValueError("oops")
    with slots.one("zendesk"):
        pass


def test_a_turn_keeps_its_slot_and_needs_no_other() -> None:
    slots = Slots(1)
    slots.keep("zendesk")
    slots.keep("zendesk")
    with slots.one("zendesk"), slots.one("zendesk"):
        pass
    with ThreadPoolExecutor(1) as others:
        assert others.submit(turned_away, slots, "zendesk", 1).result() != []
        slots.end()
        others.submit(slots.keep, "zendesk").result()
        assert turned_away(slots, "zendesk", 1) != []
        others.submit(slots.end).result()
    slots.keep("zendesk")


def turned_away(slots: Slots, connection: str, count: int) -> list[float]:
    waits: list[float] = []
    for _ in range(count):
        with pytest.raises(TransientError) as full, slots.one(connection):
            pass
        waits.append(full.value.retry_after or 0)
    return waits


def test_those_turned_away_come_again_one_by_one() -> None:
    now = [100.0]
    slots = Slots(1, lambda: now[0])
    for _ in range(50):  # calls of two seconds each
        with slots.one("a"):
            now[0] += 2
    with slots.one("a"):
        waits = turned_away(slots, "a", 5)
        assert [round(one) for one in waits] == [1, 3, 4, 5, 7]
        now[0] += 2
    now[0] += 60
    with slots.one("a"):
        assert round(turned_away(slots, "a", 1)[0]) == 1  # all have come and gone meanwhile
        assert turned_away(slots, "a", 100)[-1] == LONGEST


def test_nobody_comes_again_at_once() -> None:
    slots = Slots(4, lambda: 0.0)
    with slots.one("a"), slots.one("a"), slots.one("a"), slots.one("a"):
        assert turned_away(slots, "a", 3) == [SHORTEST] * 3


@pytest.mark.parametrize("slots", [1, 2, 16, 192])
def test_some_threads_are_always_left_for_the_others(slots: int) -> None:
    assert threads_for(slots) >= slots + 2


def test_what_has_just_become_slow_is_known_by_those_that_do_not_come_back() -> None:
    now = [100.0]
    slots = Slots(2, lambda: now[0])
    for _ in range(50):  # a tenth of a second each
        with slots.one("a"):
            now[0] += 0.1
    with slots.one("a"), slots.one("a"):
        quick = turned_away(slots, "a", 60)[-1]
        now[0] += 10.0
        slow = turned_away(slots, "a", 6)[-1]
    assert quick < 3  # sixty, of whom thirty are served in a second
    assert slow > 15  # six, of whom it may be one in five seconds
