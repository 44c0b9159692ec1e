"""Customers who wait for an answer: what is done when nobody comes, and what an answer ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.world import World

HOUR = 3600
SOON, LATER = (
    6,
    12,
)  # seconds: until an answer is late, for those who get none, and for those who get one
DOUBT = (
    90  # seconds of patience: WhatsApp's report of words whose sender died is waited for a minute
)
NOTE = "Nobody has answered for an hour."
RULES = """
target:
  first_answer: 60m
  warn_at: 59m
  on_warn: {notify: team}
  on_breach: [{priority: urgent}, {tags: [late]}, {note: "Nobody has answered for an hour."}]
rules:
  - name: everything
    then:
      escalate: {priority: normal}
      wait: [{after: 58m, then: {reply: {private: acknowledged}}}]
"""
CHANNELS = ("messenger", "whatsapp")  # the one on Zendesk, the other on Freshdesk
URGENT = {"messenger": "urgent", "whatsapp": 4}


@pytest.fixture(scope="module")
def promising() -> Iterator[World]:
    with World(workers=1, rules=RULES) as world:
        yield world


@pytest.fixture
def world(promising: World) -> Iterator[World]:
    promising.fresh()
    yield promising
    assert promising.balanced(), promising.store.books()


def waiting(world: World, left: float) -> dict[str, int]:
    """On each helpdesk the ticket of somebody whose answer is late in *left* seconds."""
    for channel in CHANNELS:
        world.message(channel, "Ola", f"Broken, on {channel}", ago=HOUR - left)
    return {channel: world.opened(f"Broken, on {channel}") for channel in CHANNELS}


def answers(world: World) -> dict[str, int]:
    return world.store.answers(["meta"]).get("meta", {})


def urged(world: World, channel: str, number: int) -> bool:
    """Whether all was done that is done where nobody answers."""
    ticket: dict[str, Any] = world.ticket(number)
    noted = [one for one in world.words(number, public=False) if NOTE in one]
    assert len(noted) < 2
    return bool(noted) and ticket["priority"] == URGENT[channel] and "late" in ticket["tags"]


def test_where_nobody_answers_the_team_is_told_and_the_ticket_raised_once(world: World) -> None:
    tickets = waiting(world, SOON)
    for channel, number in tickets.items():
        note = world.noted(number, "An answer is due by ")
        assert "the customer waits since" in note
        world.until(lambda: urged(world, channel, number), "the steps")  # noqa: B023 - now
    assert "notify:team" in world.store.alarms()
    world.until(lambda: len(world.texts()) == 2, "the words for those who wait")
    told = answers(world)
    assert (told["waiting"], told["overdue"], told["late"]) == (2, 2, 0)
    for number in tickets.values():
        world.answer(number, "Sorry, here we are.")
    world.until(lambda: answers(world)["late"] == 2, "counted as late")
    world.calm()
    told = answers(world)
    assert (told["waiting"], told["in_time"], told["late"]) == (0, 0, 2)
    assert len(world.texts()) == 4
    assert all(urged(world, channel, number) for channel, number in tickets.items())


@pytest.mark.parametrize("by", ["the ticket", "the platform"])
def test_a_persons_answer_ends_the_wait_and_nothing_is_done(world: World, by: str) -> None:
    tickets = waiting(world, LATER)
    for channel, number in tickets.items():
        if by == "the ticket":
            world.answer(number, "Sorry, here we are.")
        else:
            body = {"channel": channel, "person": "Ola", "text": "We called you."}
            world.sandbox.post("staff/message", body)
    world.until(lambda: answers(world).get("in_time") == 2, "counted as in time")
    assert answers(world)["waiting"] == 0
    world.calm()
    for number in tickets.values():
        ticket = world.ticket(number)
        assert "late" not in ticket["tags"]
        assert not [one for one in world.words(number, public=False) if NOTE in one]
    for channel in CHANNELS:
        world.message(channel, "Ola", "Thanks!")
        world.message(channel, "Ola", "And are you open today?")
    world.until(lambda: answers(world)["waiting"] == 2, "they wait again")
    world.calm()
    assert answers(world)["in_time"] == 2


def test_who_dies_meanwhile_and_a_helpdesk_that_is_down_lose_no_step(world: World) -> None:
    tickets = waiting(world, LATER)
    for number in tickets.values():
        world.noted(number, "An answer is due by ")
    world.kill_workers()
    down = [
        world.fault(system, method="PUT", effect="status", status=503, times=None)
        for system in ("zendesk", "freshdesk")
    ]
    world.until(lambda: answers(world)["overdue"] == 2, "late")
    world.start_worker()
    world.until(lambda: "notify:team" in world.store.alarms(), "the step was taken")
    rows = lambda: world.sandbox.get("faults")["faults"]  # noqa: E731
    tried = lambda: all(one["hits"] for one in rows() if one["id"] in down)  # noqa: E731
    world.until(tried, "it was tried", DOUBT)
    for one in down:
        world.sandbox.delete(f"faults/{one}")
    for name in ("zendesk", "freshdesk"):
        world.store.resume(name)
    for channel, number in tickets.items():
        world.until(lambda: urged(world, channel, number), "the steps", DOUBT)  # noqa: B023 - now
    world.calm()
    assert all(urged(world, channel, number) for channel, number in tickets.items())
