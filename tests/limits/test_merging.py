"""What waits for one ticket goes onto it as one update, whole and in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from support.world import World

from bridge.cli.pause import FOR_EVER


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    with World(workers=1) as world:
        yield world
        assert world.balanced(), world.store.books()


@contextmanager
def paused(world: World) -> Iterator[None]:
    """Let the helpdesks wait meanwhile, until all that came has been read."""
    for name in ("zendesk", "freshdesk"):
        world.store.trouble(name, "paused", FOR_EVER)
    try:
        yield
        world.until(lambda: world.sandbox.get("idle?wait=20")["idle"], "all told")
        world.until(lambda: world.store.queues()["deliveries"] == 0, "all read")
    finally:
        for name in ("zendesk", "freshdesk"):
            world.store.resume(name)


Says = Callable[..., object]


def on_facebook(world: World) -> tuple[int, Says]:
    """A ticket at Zendesk, and how its customer says more."""
    said = world.comment("Ana", "My order is broken")
    number = world.opened("My order is broken")
    return number, lambda text, **more: world.comment("Ana", text, reply_to=said, **more)


def on_whatsapp(world: World) -> tuple[int, Says]:
    """The same at Freshdesk."""
    world.message("whatsapp", "Ana", "My order is broken")
    number = world.opened("My order is broken")
    return number, lambda text, **more: world.message("whatsapp", "Ana", text, **more)


def public(world: World, number: int) -> list[dict[str, Any]]:
    return world.sandbox.record("ticket_comment", ticket=number)


@pytest.mark.parametrize("begin", [on_facebook, on_whatsapp])
def test_what_came_while_the_helpdesk_waited_is_one_update_in_order(
    running: World, begin: Callable[[World], tuple[int, Says]]
) -> None:
    running.fresh()
    number, say = begin(running)
    running.calm()
    before = len(public(running, number))
    with paused(running):
        for count in range(1, 8):
            say(f"line {count} of it", image=count == 3)
            running.sandbox.idle()
    running.until(
        lambda: any("line 7 of it" in (one["text"] or "") for one in public(running, number)),
        "the update",
    )
    running.calm()
    (update,) = public(running, number)[before:]
    places = [update["text"].index(f"line {count} of it") for count in range(1, 8)]
    assert places == sorted(places)
    files = [len(one["attachments"]) for one in running.ticket(number)["comments"]]
    assert sum(files) == 1


@pytest.mark.parametrize("begin", [on_facebook, on_whatsapp])
def test_more_than_one_comment_holds_becomes_several_and_nothing_is_missing(
    running: World, begin: Callable[[World], tuple[int, Says]]
) -> None:
    running.fresh()
    number, say = begin(running)
    running.calm()
    before = len(public(running, number))
    with paused(running):
        for count in range(30):
            say(f"begin{count:02} {'x' * 3500} end{count:02}")
            running.sandbox.idle()  # webhooks that are on their way together may overtake each other
    running.until(
        lambda: any("end29" in (one["text"] or "") for one in public(running, number)), "the last"
    )
    running.calm()
    updates = public(running, number)[before:]
    whole = "\n".join(one["text"] for one in updates)
    assert len(updates) == 2
    marks = [f"{mark}{count:02}" for count in range(30) for mark in ("begin", "end")]
    assert [whole.count(mark) for mark in marks] == [1] * 60
    assert sorted(marks, key=whole.index) == marks
