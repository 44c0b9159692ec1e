"""Stories 12 and 13: what a platform does not allow is not tried, and the agent learns what is left."""

from __future__ import annotations

from typing import Any

import pytest
from support.people import case
from support.world import World

HOUR, DAY = 3600, 86400
AGES = {"23:59": DAY - 60, "24:01": DAY + 60, "6 d 23 h": 7 * DAY - HOUR, "7 d 1 h": 7 * DAY + HOUR}
HUMAN = {
    "23:59": None,
    "24:01": "HUMAN_AGENT",
    "6 d 23 h": "HUMAN_AGENT",
}  # how long with which tag
REACH = {
    "messenger": HUMAN, "instagram": HUMAN, "whatsapp": {"23:59": None}
}  # fmt: skip


def waiting(world: World, told: str) -> dict[tuple[str, str], int]:
    """A ticket of somebody who wrote that long ago, by channel and age."""
    people = [(channel, age) for channel in REACH for age in AGES]
    for channel, age in people:
        text = f"Broken ({told}, {channel}, {age})"
        world.message(channel, f"{channel} {age}", text, ago=AGES[age])
    # Not until it is calm: whose window ends in a minute, of that one the agent is reminded in half of it.
    return {
        (channel, age): world.opened(f"Broken ({told}, {channel}, {age})")
        for channel, age in people
    }


def tags(world: World) -> dict[tuple[str, str], str | None]:
    """The tag of each message the bridge wrote, by channel and age of the person."""
    rows = world.sandbox.record("message", by="bridge")
    found = {tuple(one["person"].split(" ", 1)): one["tag"] for one in rows}
    assert len(found) == len(rows)  # nobody heard anything twice
    return found


def test_what_a_person_writes_goes_out_with_the_right_tag_or_not_at_all(world: World) -> None:
    """Story 12."""
    numbers = waiting(world, "by a person")
    for number in numbers.values():
        world.answer(number, "We are sorry.")
    late = {key for key in numbers if key[1] not in REACH[key[0]]}
    for key in late:
        note = world.noted(numbers[key], "Not delivered")
        assert "The time in which the platform allows answers here is over" in note
        assert "We are sorry." in note
        assert ("/template NAME" in note) is (key[0] == "whatsapp")
    sent = sum(map(len, REACH.values()))
    world.until(lambda: len(tags(world)) == sent)
    assert tags(world) == {
        (channel, age): tag for channel, ages in REACH.items() for age, tag in ages.items()
    }
    assert world.sandbox.record("refused", system="meta") == []  # known before the call
    assert world.sandbox.record("undelivered") == []


def test_what_a_machine_says_never_wears_the_tag_of_a_person(world: World) -> None:
    """Story 12: a notice goes out within the day, or waits for the customer's next words."""
    numbers = waiting(world, "by a machine")
    for number in numbers.values():
        status: Any = "solved" if world.ticket(number)["status"] in ("new", "open") else 4
        world.sandbox.post("agent/status", {"ticket": number, "status": status})
    world.until(lambda: len(tags(world)) == len(REACH))
    late = len(numbers) - len(REACH)
    world.until(lambda: world.store.books()["bridge"]["parked"] == late, "the others held")
    assert tags(world) == {(channel, "23:59"): None for channel in REACH}
    assert world.sandbox.record("refused", system="meta") == []
    assert world.sandbox.record("undelivered") == []


@pytest.mark.parametrize("channel", ["messenger", "instagram", "whatsapp"])
def test_a_window_that_closes_unseen_between_our_look_and_the_call_is_explained(
    world: World, channel: str
) -> None:
    """Story 12, reserve list: the platform's clock jumps over the edge."""
    world.message(channel, "Ana", "My order is broken")
    number = world.opened("My order is broken")
    world.calm()
    world.sandbox.post("clock", {"advance": 8 * DAY})
    world.answer(number, "We are sorry.")
    note = world.noted(number, "Not delivered")
    assert "The time in which the platform allows answers here is over" in note
    assert "We are sorry." in note
    world.calm()
    assert world.spoken() == []


# --- private replies -------------------------------------------------------------------------------


def private(world: World, number: int) -> None:
    """From now on answers on this ticket are to go out in private."""
    world.answer(number, "/dm", public=False)
    world.calm()


def refused(world: World, number: int, text: str, why: str) -> str:
    """The note that says why *text* was not sent; neither in private nor, by itself, in public."""
    before = world.texts()
    tried = len(world.sandbox.record("refused", system="meta"))
    world.answer(number, text)
    note = world.noted(number, why)
    assert text in note
    world.calm()
    assert world.texts() == before
    assert len(world.sandbox.record("refused", system="meta")) == tried  # refused before the call
    return note


@pytest.mark.parametrize("place", ["facebook", "instagram"])
def test_a_second_private_reply_to_a_comment_is_not_tried(world: World, place: str) -> None:
    """Story 13."""
    number, said = case(world, place)
    private(world, number)
    world.answer(number, "First.")
    world.until(lambda: "First." in world.texts())
    world.calm()
    refused(
        world, number, "Second.", "The one private reply that a comment allows was sent already"
    )
    assert [one["comment_id"] for one in world.sandbox.record("private_reply")] == [said]


def test_a_private_reply_after_seven_days_is_not_tried_and_the_public_way_is_named(
    world: World,
) -> None:
    """Story 13."""
    number, _ = case(world, "facebook", ago=8 * DAY)
    private(world, number)
    note = refused(world, number, "Too late.", "only within 7 days of the comment")
    assert "public answer" in note
    assert "private answer" not in note
    world.answer(number, "/public", public=False)
    world.noted(number, "everybody reads")
    world.answer(number, "Then in public.")
    world.until(lambda: "Then in public." in world.texts())


def test_where_a_comment_does_not_tell_its_age_the_platform_says_that_it_is_too_old(
    world: World,
) -> None:
    """Story 13: Instagram's comments carry no time; the agent learns it all the same."""
    number, _ = case(world, "instagram", ago=8 * DAY)
    private(world, number)
    world.answer(number, "Too late.")
    assert "Too late." in world.noted(number, "Not delivered")
    world.calm()
    assert world.spoken() == []
    assert [one["code"] for one in world.sandbox.record("refused", system="meta")] == ["10903"]


@pytest.mark.parametrize("place", ["threads", "instagram comment", "instagram caption"])
def test_where_there_is_no_private_reply_none_is_tried(world: World, place: str) -> None:
    """Story 13: the wrong node (a reply on Threads, a mention) and somebody else's media."""
    if place == "threads":
        number, _ = case(world, place)
    else:
        wish = {"channel": "instagram", "person": "Tom", "text": "@acme_coffee the cup is broken",
                "comment": place.endswith("comment")}  # fmt: skip
        world.sandbox.post("customer/mention", wish)
        number = world.opened("the cup is broken")
        world.calm()
    private(world, number)
    note = refused(world, number, "Between us.", "Not delivered")
    assert "no way to do this" in note or "cannot be answered in private" in note
    assert "public answer" in note
    assert "private answer" not in note


def test_a_private_reply_to_a_reply_on_instagram_goes_to_who_wrote_it(world: World) -> None:
    """Story 13: the nested comment, not its root."""
    root = world.comment("Tom", "Nice cups", channel="instagram")
    number, said = case(world, "instagram", reply_to=root)
    private(world, number)
    world.answer(number, "Ana, in private.")
    world.until(world.texts)
    world.calm()
    (reply,) = world.sandbox.record("private_reply")
    assert (reply["comment_id"], reply["text"]) == (said, "Ana, in private.")
