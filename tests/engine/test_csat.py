"""How content a customer was: asked once in private after the solving, answered, noted, never in the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from support.world import World

from bridge.core import receipt
from bridge.store import PREFIX

ASKS = {"csat: null ": "csat: {ask: satisfaction, after: 1h} "}


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    with World(workers=1, edits={"zendesk.yaml": ASKS}) as world:
        yield world


def solved(world: World, person: str = "Ola", channel: str = "messenger") -> int:
    """A ticket of a private talk that was answered and solved."""
    world.message(channel, person, "my order is broken")
    number = world.opened("my order is broken")
    world.calm()
    solve(world, number)
    return number


def solve(world: World, number: int) -> None:
    world.sandbox.post("agent/status", {"ticket": number, "status": "solved"})
    world.calm()


def questions(world: World) -> list[str]:
    texts = [one.text for one in world.config.replies.texts["en"]["satisfaction"]]
    starts = [text.split("{first_name}")[-1] for text in texts]
    return [text for text in world.texts() if any(start in text for start in starts)]


def hour(world: World, hours: float = 1) -> None:
    """Let the time pass that a question waits for."""
    with world.redis.client() as client:
        for eid, fields in world.store.events():
            doc = json.loads(fields.get("doc") or "{}")
            if "csat" in doc and fields["state"] == "timer":
                doc["not_before"] = (world.bridge.now() - timedelta(seconds=1)).isoformat()
                client.hset(f"{PREFIX}e:{eid}", "doc", json.dumps(doc))
                client.zadd(PREFIX + "due", {f"out:{fields['room']}": 0})
    world.calm()


def scores(world: World) -> list[int]:
    """The scores in the receipts of what customers wrote."""
    slips = (receipt.unpack(fields.get("receipt")) for _, fields in world.store.events())
    return [slip["csat"] for slip in slips if "csat" in slip]


def test_the_answer_is_noted_and_the_ticket_stays_solved(world: World) -> None:
    number = solved(world)
    assert questions(world) == []  # not before its time
    hour(world)
    assert len(questions(world)) == 1
    world.message("messenger", "Ola", "5, thanks!")
    assert "5 of 5" in world.noted(number, "Asked how content they were")
    world.calm()
    assert world.ticket(number)["status"] == "solved"
    assert scores(world) == [5]
    world.message("messenger", "Ola", "4")  # answered already: words like all others
    assert world.opened("4") == number
    world.calm()
    assert scores(world) == [5]


def test_a_complaint_beside_the_answer_opens_the_ticket_again(world: World) -> None:
    number = solved(world)
    hour(world)
    world.message("messenger", "Ola", "1, it is still broken and nobody called")
    assert world.opened("nobody called") == number
    world.calm()
    assert world.ticket(number)["status"] == "open"
    assert scores(world) == [1]


def test_it_is_asked_once_for_a_ticket(world: World) -> None:
    number = solved(world)
    hour(world)
    world.message("messenger", "Ola", "and the bill was wrong, too")
    world.calm()
    assert world.ticket(number)["status"] == "open"
    solve(world, number)
    hour(world)
    assert len(questions(world)) == 1


def test_it_is_not_asked_when_the_ticket_is_open_again(world: World) -> None:
    number = solved(world)
    world.sandbox.post("agent/status", {"ticket": number, "status": "open"})
    world.calm()
    hour(world)
    assert questions(world) == []


def test_it_is_not_asked_in_public(world: World) -> None:
    world.comment("Ana", "my order is broken")
    number = world.opened("my order is broken")
    world.calm()
    solve(world, number)
    hour(world)
    assert questions(world) == []


def test_nobody_is_asked_while_an_incident_lasts(world: World) -> None:
    solved(world)
    spike = {"v": 1, "room": "0" * 32, "crowd": "outage", "desk": "zendesk", "ticket": "1"}
    with world.redis.client() as client:
        client.hset(PREFIX + "spikes", "c", json.dumps(spike))
    hour(world)
    assert questions(world) == []


def test_it_is_not_asked_once_the_window_has_closed(world: World) -> None:
    number = solved(world)
    with world.redis.client() as client:
        (room,) = {fields["room"] for _, fields in world.store.events() if fields.get("k") == "m"}
        places = json.loads(client.hget(f"{PREFIX}r:{room}", "places") or b"{}")
        for place in places.values():
            place["last_in"] = (world.bridge.now() - timedelta(days=3)).isoformat()
        client.hset(f"{PREFIX}r:{room}", "places", json.dumps(places))
    before = len(world.words(number, public=False))
    hour(world)
    assert questions(world) == []
    assert len(world.words(number, public=False)) == before  # nobody is troubled with it


def test_in_freshdesk_the_answer_is_noted_too_and_opens_nothing() -> None:
    edits = {
        "connections.yaml": {"helpdesk: zendesk": "helpdesk: freshdesk"},
        "freshdesk.yaml": ASKS,
    }
    with World(workers=1, edits=edits) as world:
        world.message("messenger", "Ola", "my order is broken")
        number = world.opened("my order is broken")
        world.calm()
        world.sandbox.post("agent/status", {"ticket": number, "status": 4})
        world.calm()
        hour(world)
        assert len(questions(world)) == 1
        world.message("messenger", "Ola", "👍")
        assert "5 of 5" in world.noted(number, "Asked how content they were")
        world.calm()
        assert world.ticket(number)["status"] == 4
        assert scores(world) == [5]
        assert world.balanced()
