"""A slow connection may have its share of the threads, and no more."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.core.errors import TransientError
from bridge.jobs.slots import Slots, threads_for


def test_each_connection_has_its_own_slots() -> None:
    slots = Slots(2)
    with slots.one("zendesk"), slots.one("zendesk"), slots.one("freshdesk"):
        with pytest.raises(TransientError) as full, slots.one("zendesk"):
            pass
        with slots.one("freshdesk"):
            pass
        assert slots.room(["zendesk", "freshdesk"]) == {"zendesk": 0, "freshdesk": 1}
    assert (full.value.code, full.value.connection) == ("busy", "zendesk")
    assert full.value.line == "zendesk"  # where it waits, behind those who came before it
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
        assert others.submit(turned_away, slots, "zendesk").result()
        slots.end()
        others.submit(slots.keep, "zendesk").result()
        assert turned_away(slots, "zendesk")
        others.submit(slots.end).result()
    slots.keep("zendesk")


def test_a_slot_taken_for_a_turn_is_the_turns_until_it_ends() -> None:
    slots = Slots(1)
    assert slots.taken("zendesk") == "zendesk"
    assert slots.room(["zendesk"]) == {"zendesk": 0}
    assert slots.taken("zendesk") == ""
    assert slots.taken("") == ""

    def turn() -> None:
        slots.have("zendesk")
        with slots.one("zendesk"):
            pass
        slots.end()

    assert turned_away(slots, "zendesk")
    with ThreadPoolExecutor(1) as others:
        others.submit(turn).result()
    assert slots.room(["zendesk"]) == {"zendesk": 1}


def turned_away(slots: Slots, connection: str) -> bool:
    try:
        with slots.one(connection):
            return False
    except TransientError:
        return True


@pytest.mark.parametrize("slots", [1, 2, 16, 192])
def test_some_threads_are_always_left_for_the_others(slots: int) -> None:
    assert threads_for(slots) >= slots + 2
