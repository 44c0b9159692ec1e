"""Stories 1 to 3: every event once, however often and however bundled it comes, and in order."""

from __future__ import annotations

import time

import pytest
from support.people import (
    CHATS,
    PLACES,
    SYSTEM,
    comment_on_instagram,
    deliver,
    direct,
    feed,
    on_instagram,
    on_whatsapp,
    outcomes,
    page,
    say,
    text_on_whatsapp,
)
from support.world import World


@pytest.mark.parametrize("place", PLACES)
def test_the_same_event_eight_times_at_the_same_instant_is_one_message(
    world: World, place: str
) -> None:
    """Story 1."""
    say(world, place, "It is broken!", copies=8)
    number = world.opened("It is broken!")
    world.calm()
    again = {"system": SYSTEM.get(place, "meta"), "copies": 8}  # long after it was done
    assert world.sandbox.post("hooks/again", again)["statuses"] == [200] * 8
    world.calm()
    assert world.tickets() == [number]
    assert world.words(number) == ["It is broken!"]
    assert world.store.books()[again["system"]]["duplicates"] == 15


def test_the_same_event_after_everything_was_restarted_is_still_the_same() -> None:
    """Story 1: the memory of what came is kept, not held by a process."""
    with World(workers=3) as world:
        for place in PLACES:
            say(world, place, f"It is broken, said on {place}.", f"Ana of {place}")
        for place in PLACES:
            world.opened(f"It is broken, said on {place}.")
        world.calm()
        everything = world.sandbox.record("ticket_comment")
        world.kill_workers()
        assert world.web is not None
        assert world.web.stdout is not None
        world.web.kill()
        world.web.wait(10)
        world.web.stdout.close()
        world.redis.kill()
        world.redis.start()
        world.start_web()
        world.start_worker()
        for system in ("meta", "telegram"):
            sent = world.sandbox.post("hooks/again", {"system": system, "copies": 8})
            assert sent["statuses"] == [200] * 8
        world.comment("Tom", "Mine is broken as well")
        world.opened("Mine is broken as well")
        world.calm()
        assert len(world.tickets()) == len(PLACES) + 1
        assert world.sandbox.record("ticket_comment")[: len(everything)] == everything
        assert world.balanced()


PARTS = {
    "messenger": ({"text": "My cup is broken"}, {"image": True}, {"text": "and the saucer"}),
    "instagram-chat": ({"image": True}, {"text": "My cup is broken"}, {"text": "and the saucer"}),
    "whatsapp": ({"image": True}, {"voice": True}, {"text": "My cup is broken"}),
    "telegram": ({"image": True}, {"text": "My cup is broken"}, {"text": "and the saucer"}),
}


@pytest.mark.parametrize("place", CHATS)
def test_picture_voice_and_words_within_200_ms_are_three_entries_on_one_ticket_in_order(
    world: World, place: str
) -> None:
    """Story 2."""
    channel = place.removesuffix("-chat")
    for part in PARTS[place]:
        world.message(channel, "Ana", **{"text": "", **part})
        time.sleep(0.05)  # the platform's deliveries of one instant overtake each other
    number = world.opened("My cup is broken")
    world.calm()
    assert world.tickets() == [number]
    together = "\n".join(world.words(number))
    signs = [part.get("text") or ("voice" if "voice" in part else "photo") for part in PARTS[place]]
    places = [together.find(sign) for sign in signs]
    files = [
        one for said in world.ticket(number)["comments"] if said["public"] for one in said["attachments"]
    ]  # fmt: skip
    assert len(files) == sum("text" not in part for part in PARTS[place])
    worded = [place for place, part in zip(places, PARTS[place], strict=True) if "text" in part]
    assert -1 not in worded
    assert worded == sorted(worded)


def test_of_a_batch_every_entry_change_and_message_is_handled(world: World) -> None:
    """Story 3: two entries with three things each, of mixed kinds."""
    review = {
        "item": "rating", "verb": "add", "review_text": "Never again", "recommendation_type": "negative",
        "reviewer_id": "77", "reviewer_name": "Jan", "open_graph_story_id": "9_1", "created_time": 1795000000,
    }  # fmt: skip
    first = page(feed("1", "mine is broken"), feed("2", "lovely", item="reaction"), review)
    first["changes"][2]["field"] = "ratings"
    second = page(
        messaging=(
            direct("1", {"text": "where is my order?"}, "31"),
            {**direct("2", None, "32"), "message": None, "read": {"watermark": 1}},
            direct("3", {"text": "my parcel is damaged"}, "33"),
        )
    )
    del second["messaging"][1]["message"]
    deliver(world, {"object": "page", "entry": [first, second]})
    for text in ("mine is broken", "Never again", "where is my order?", "my parcel is damaged"):
        world.opened(text)
    world.calm()
    assert len(world.tickets()) == 4
    row = world.store.books()["meta"]
    assert (row["received"], row["done"], row["ignored"], row["dead"]) == (6, 4, 2, 0)


def test_of_a_batch_on_instagram_and_whatsapp_nothing_is_left_out(world: World) -> None:
    """Story 3."""
    one, two = (
        on_instagram(
            ("comments", comment_on_instagram(f"{number}1", f"{number}: it is broken")),
            ("comments", comment_on_instagram(f"{number}2", f"{number}: it is cracked")),
            ("story_insights", {"media_id": f"{number}"}),
        )
        for number in (1, 2)
    )
    deliver(world, {"object": "instagram", "entry": [one, two]}, product="app")
    person = {"first": "999000111221", "second": "999000111222"}
    body = [
        on_whatsapp(
            *(
                text_on_whatsapp(f"{name}{at}", f"{name} {at} is broken", number)
                for at in (1, 2, 3)
            ),
            person=number,
        )
        for name, number in person.items()
    ]
    deliver(world, {"object": "whatsapp_business_account", "entry": body})
    for text in ("1: it is broken", "1: it is cracked", "2: it is broken", "2: it is cracked"):
        world.opened(text)
    for name in person:
        assert len({world.opened(f"{name} {at} is broken") for at in (1, 2, 3)}) == 1
    world.calm()
    assert len(world.tickets()) == 6
    row = world.store.books()["meta"]
    assert (row["received"], row["done"], row["ignored"], row["dead"]) == (12, 10, 2, 0)
    assert outcomes(world)["17911"].startswith("done")
