"""With real processes: what waited for a repair goes on the oldest first, and never more at once than is allowed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.world import World

WORKERS, THREADS, MANY = 2, 4, 30
AT_ONCE = WORKERS * THREADS  # calls to one connection


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    with World(workers=WORKERS, environ={"BRIDGE_WORKER_THREADS": str(THREADS)}) as world:
        yield world


@pytest.fixture
def world(running: World) -> Iterator[World]:
    running.fresh()
    yield running
    assert running.balanced(), running.store.books()


def said(number: int) -> str:
    return f"{number:02}: my cup is broken"


def all_wait(world: World) -> list[str]:
    """Let so many people write, wait until all stand in line for the helpdesk; their words as they came."""
    for number in range(MANY):
        world.comment(f"Person {number}", said(number))
    world.until(lambda: [one.lanes for one in world.store.lines()] == [MANY], "all in line")
    came = [(float(one["at"]), one["doc"]) for _, one in world.store.events() if one["k"] == "m"]
    return [next(said(n) for n in range(MANY) if said(n) in doc) for _, doc in sorted(came)]


def drained(world: World) -> list[str]:
    """What stands on the tickets, in the order in which they were made, once all are."""
    world.until(lambda: len(world.tickets()) == MANY, "all tickets")
    world.calm()
    made = world.sandbox.record("ticket_comment", public=True)
    return [next(said(n) for n in range(MANY) if said(n) in one["text"]) for one in made]


def in_order(came: list[str], made: list[str]) -> None:
    """Each once, and nobody overtaken but by those who are worked on beside them."""
    assert sorted(made) == sorted(came)
    moved = {words: made.index(words) - came.index(words) for words in came}
    assert max(abs(places) for places in moved.values()) < 2 * AT_ONCE, moved


def most_at_once(world: World) -> int:
    return int(world.sandbox.get("busy")["zendesk"]["most"])


def test_after_an_outage_one_tries_and_then_the_oldest_go_first(world: World) -> None:
    fault = world.fault("zendesk", effect="status", status=503, times=None)
    came = all_wait(world)
    tries = len(world.sandbox.record("fault"))
    world.sandbox.post("busy")
    world.until(lambda: len(world.sandbox.record("fault")) > tries, "another try")
    assert most_at_once(world) == 1
    world.fault("zendesk", method="POST", path="/tickets", effect="delay", seconds=0.2, times=None)
    world.sandbox.delete(f"faults/{fault}")
    in_order(came, drained(world))
    assert 1 < most_at_once(world) <= AT_ONCE
    assert world.store.alarms() == {}


def test_after_refused_credentials_the_oldest_go_first(world: World) -> None:
    world.sandbox.post("settings", {"zendesk_client": "disabled", "zendesk_tokens": "revoked"})
    came = all_wait(world)
    # Those who had found all slots taken stand in line as they are.
    assert 0 < world.store.books()["meta"]["parked"] <= MANY
    world.fault("zendesk", method="POST", path="/tickets", effect="delay", seconds=0.2, times=None)
    world.sandbox.post("busy")
    world.sandbox.post("settings", {"zendesk_client": "valid"})
    world.store.resume("zendesk")
    in_order(came, drained(world))
    assert 1 < most_at_once(world) <= AT_ONCE
    assert world.store.books()["meta"]["parked"] == 0
