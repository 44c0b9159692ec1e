"""Mutes in a running bridge: set in a note or by a command, with their end told where they were set."""

from __future__ import annotations

import json
from datetime import timedelta

from support.world import World

from bridge.core.mutes import mute_out
from bridge.jobs import mutes


def reasons(world: World) -> dict[str, str]:
    """Why each message ended as it did, by its words."""
    told = (fields for _, fields in world.store.events() if fields.get("k") == "m")
    return {json.loads(one["doc"]).get("text", ""): one.get("reason", "") for one in told}


def test_a_person_is_muted_with_a_reason_and_the_end_is_noted_on_the_ticket(world: World) -> None:
    said = world.comment("Ana", "my order is broken")
    number = world.opened("my order is broken")
    world.calm()
    world.answer(number, "/mute 7d insults everybody", public=False)
    assert "insults everybody" in world.noted(number, "is muted until")
    world.comment("Ana", "broken broken broken", reply_to=said)
    world.calm()
    assert reasons(world)["broken broken broken"] == "muted: insults everybody"
    world.comment("Ana", "now the charger caught fire and burned my hand", reply_to=said)
    assert world.opened("caught fire") == number
    world.calm()
    assert world.tickets() == [number]

    now = world.bridge.now()
    assert mutes.end_those_over(world.bridge, now) == 0
    assert mutes.end_those_over(world.bridge, now + timedelta(days=8)) == 1
    told = world.noted(number, "is over")
    assert "1 message of it was held back" in told
    assert "insults everybody" in told
    world.comment("Ana", "and it is broken again", reply_to=said)
    assert world.opened("and it is broken again") == number
    assert mutes.end_those_over(world.bridge, now + timedelta(days=8)) == 0
    world.calm()
    assert world.store.mutes().keys() == {"now"}
    assert not [name for name in world.store.alarms() if name.startswith("mute:")]


def test_an_agent_ends_the_mute_before_its_time(world: World) -> None:
    said = world.comment("Ana", "my order is broken")
    number = world.opened("my order is broken")
    world.calm()
    world.answer(number, "/unmute", public=False)
    assert "not muted" in world.noted(number, "/unmute was not carried out")
    world.answer(number, "/mute", public=False)
    world.noted(number, "is muted until")
    world.comment("Ana", "still broken", reply_to=said)
    world.calm()
    world.answer(number, "/unmute", public=False)
    assert "1 message" in world.noted(number, "muted no more")
    world.comment("Ana", "broken for good", reply_to=said)
    assert world.opened("broken for good") == number


def test_a_muted_post_opens_nothing_and_its_end_is_an_alarm(world: World) -> None:
    world.comment("Ana", "first: broken")
    world.opened("first: broken")
    world.calm()
    post = next(
        json.loads(fields["doc"])["extra"]["post"]["id"]
        for _, fields in world.store.events()
        if fields.get("k") == "m"
    )
    now = world.bridge.now()
    mute = mutes.new("post", post, 3600, now, because="contest", by="Ewa")
    world.store.mute(mute.id, mute_out(mute))
    world.comment("Tom", "second: broken")
    world.calm()
    assert len(world.tickets()) == 1
    assert reasons(world)["second: broken"] == "muted: contest"
    mutes.end_those_over(world.bridge, now + timedelta(hours=2))
    told = world.store.alarms()[f"mute:{mute.id}"]["text"]
    assert "contest" in told
    assert "1 message" in told
    world.comment("Tom", "third: broken")
    world.opened("third: broken")
