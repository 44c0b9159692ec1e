"""With real processes: who waits goes on after the repair, in order; a backlog keeps to the limit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.world import World

PEOPLE = ("Tom", "Jan", "Ola", "Ewa", "Ada", "Iga")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World(workers=1) as running:
        yield running
        assert running.balanced(), running.store.books()


def cases(world: World) -> dict[str, tuple[int, str]]:
    """A ticket for each of PEOPLE, and the comment it was opened for."""
    world.fresh()
    said = {name: world.comment(name, f"{name}: my cup is broken") for name in PEOPLE}
    found = {name: (world.opened(f"{name}: my cup is broken"), said[name]) for name in PEOPLE}
    world.calm()
    return found


def taken(world: World) -> int:
    """The customers' events that have come so far."""
    return world.store.books()["meta"]["received"]


def test_what_waited_for_an_outage_goes_on_once_and_the_oldest_first(world: World) -> None:
    found = cases(world)
    fault = world.fault("zendesk", effect="status", status=500, times=None)
    for name in PEOPLE:
        before = taken(world)
        world.comment(name, f"{name}: hello?", reply_to=found[name][1])
        world.until(lambda had=before: taken(world) > had, "one after the other")
    world.until(lambda: world.store.down("zendesk"), "the breaker")
    alarm = world.store.alarms()["down:zendesk"]
    assert "does not answer properly" in alarm["text"]
    world.until(
        lambda: [one.lanes for one in world.store.lines() if not one.budget] == [len(PEOPLE)],
        "all in line",
    )
    world.sandbox.delete(f"faults/{fault}")
    for name in PEOPLE:
        assert world.opened(f"{name}: hello?") == found[name][0]
    world.calm()
    rows = world.sandbox.record("ticket_comment", public=True)
    order = [one["text"].split(":")[0] for one in rows if "hello?" in one["text"]]
    assert sorted(order) == sorted(PEOPLE)  # each once
    assert order[0] == PEOPLE[0]  # the one that tried
    assert world.store.alarms() == {}
    assert world.store.lines() == []


def test_a_backlog_keeps_to_the_limit_and_a_new_urgent_case_does_not_wait_for_it(
    world: World,
) -> None:
    found = cases(world)
    with world.redis.client() as client:  # somebody else has used the updates up, but for three
        now = int(world.store.time())
        client.hset("bridge:rate:zendesk:updates", mapping={str(now - 20): 97 - len(PEOPLE)})
    for name in PEOPLE:
        world.comment(name, f"{name}: hello?", reply_to=found[name][1])

    def said() -> int:
        rows = world.sandbox.record("ticket_comment", public=True)
        return sum("hello?" in one["text"] for one in rows)

    world.until(lambda: said() == 3, "three updates")
    world.until(
        lambda: [(one.budget, one.lanes) for one in world.store.lines()] == [("updates", 3)],
        "three in line",
    )
    world.comment("Ana", "Nobody answers, I want to die")
    urgent = world.opened("I want to die")
    assert world.ticket(urgent)["priority"] == "urgent"
    assert said() == 3  # it went before them
    assert "is used up" in str(waiting(world))
    with world.redis.client() as client:  # the minute is over
        client.delete("bridge:rate:zendesk:updates")
    world.until(lambda: said() == len(PEOPLE), "the rest")
    world.calm()
    assert not world.sandbox.record("refused", status=429)


def waiting(world: World) -> list[str | None]:
    """What `bridge why` says of those in line."""
    from bridge.cli.why import _waits

    events = [fields for _, fields in world.store.events() if fields.get("state") == "in_progress"]
    return [_waits(world.store, fields) for fields in events]
