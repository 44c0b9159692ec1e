"""Who lost the turn does nothing more, and whoever is about to write makes sure of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from support.lane import LANE, House

from bridge.jobs.turn import MARGIN, Hand, Leases, Lost
from bridge.store import LEASE, PREFIX, Orders, Turn
from bridge.wiring import Bridge


def about_to_end(hand: Hand) -> None:
    """As far as we know, little is left of the lease."""
    hand.leases.hold(LANE, "me", time.monotonic() - LEASE + MARGIN - 1)


def begins(hand: Hand) -> Orders:
    orders = hand.orders()
    orders.intent = {"v": "1", "kind": "update", "events": "[]"}
    return orders


DEEDS: dict[str, Callable[[Hand], Any]] = {
    "looks": lambda hand: hand.load(),
    "writes down": lambda hand: hand.settle(hand.orders()),
    "asks for leave": lambda hand: hand.intending(begins(hand))("zendesk", []),
    "is about to write": lambda hand: (about_to_end(hand), hand.guard()),
}


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("lost", [True, False])
def test_who_lost_the_turn_learns_it_whatever_they_do(house: House, deed: str, lost: bool) -> None:
    learned = list[bool]()

    def step(hand: Hand, turn: Turn) -> None:
        if lost:
            house.store.client.set(f"{PREFIX}lease:{LANE}", "other")
        try:
            DEEDS[deed](hand)
            learned.append(False)
        except Lost:
            learned.append(True)
            raise

    house.turn(step)
    assert learned == [lost]


def test_with_enough_of_the_lease_left_nobody_is_asked(house: House) -> None:
    passed = list[bool]()

    def step(hand: Hand, turn: Turn) -> None:
        house.store.client.set(f"{PREFIX}lease:{LANE}", "other")
        hand.guard()
        passed.append(True)

    house.turn(step)
    assert passed == [True]


def leases(renewed: Callable[[list[Any]], set[Any]]) -> Leases:
    """One lease that is held since now, and what comes of renewing it."""
    found = Leases(cast(Bridge, SimpleNamespace(store=SimpleNamespace(renew=renewed))))
    found.stop()
    found.hold("in:r", "me", time.monotonic())
    return found


def test_a_lease_counts_from_before_it_was_asked_for() -> None:
    def slow(held: list[Any]) -> set[Any]:
        time.sleep(0.2)
        return set(held)

    held = leases(slow)
    held.renew([("in:r", "me")])
    assert 0 < held.left("in:r", "me") <= LEASE - 0.2


def test_a_lease_that_was_not_prolonged_is_lost_at_once() -> None:
    held = leases(lambda held: set())
    held.renew([("in:r", "me")])
    assert held.left("in:r", "me") <= 0


def test_a_turn_that_ended_meanwhile_is_not_brought_back() -> None:
    held = leases(lambda held: set(held))
    held.drop("in:r", "me")
    held.renew([("in:r", "me")])
    assert held.left("in:r", "me") <= 0
