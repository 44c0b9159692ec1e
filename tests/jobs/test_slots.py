"""A slow connection may have its share of the threads, and no more."""

import pytest

from bridge.core.errors import TransientError
from bridge.jobs.slots import LONGEST, Slots, threads_for


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
    slots.ask("zendesk")
    with slots.one("zendesk"):
        pass


def test_asking_takes_nothing() -> None:
    slots = Slots(1)
    slots.ask("zendesk")
    with slots.one("zendesk"), pytest.raises(TransientError):
        slots.ask("zendesk")


def test_the_longer_the_queue_the_longer_each_waits_up_to_a_limit() -> None:
    slots = Slots(4)
    waits: list[float] = []
    with slots.one("a"), slots.one("a"), slots.one("a"), slots.one("a"):
        for _ in range(500):
            with pytest.raises(TransientError) as full:
                slots.ask("a")
            waits.append(full.value.retry_after or 0)
    assert waits == sorted(waits)
    assert waits[0] < 1
    assert waits[-1] == LONGEST


def test_who_was_served_does_not_count_as_waiting() -> None:
    slots = Slots(1)
    with slots.one("a"), pytest.raises(TransientError) as first:
        slots.ask("a")
    with slots.one("a"), pytest.raises(TransientError) as second:
        slots.ask("a")
    assert second.value.retry_after == first.value.retry_after


@pytest.mark.parametrize("slots", [1, 2, 16, 192])
def test_some_threads_are_always_left_for_the_others(slots: int) -> None:
    assert threads_for(slots) >= slots + 2
