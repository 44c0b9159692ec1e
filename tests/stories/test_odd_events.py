"""Stories 4, 5, 18, 19 and 20: odd, broken, anonymous and overtaken events cost nobody a word."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from support.people import (
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
from support.platforms import PAGE, SOURCE_OF, fixtures, recorded
from support.world import World

from bridge.sandbox import wires

# --- one odd item among good ones ----------------------------------------------------------------

ODD = {
    "facebook": {"object": "page", "entry": [page(
        feed("1", "first is broken"), feed("2", None), feed("3", "hm", verb="frobnicate"),
        feed("4", "hm", item="hologram"), feed("5", {"not": "text"}), feed("6", "second is broken"),
    )]},
    "messenger": {"object": "page", "entry": [page(messaging=(
        direct("1", {"text": "first is broken"}, "31"), direct("2", {"text": None}, "32"),
        direct("3", None, "33"), {"sender": {"id": "34"}, "hologram": {}},
        direct("5", {"text": ["not", "text"]}, "35"), direct("6", {"text": "second is broken"}, "36"),
    ))]},
    "instagram": {"object": "instagram", "entry": [on_instagram(
        ("comments", comment_on_instagram("1", "first is broken")),
        ("comments", comment_on_instagram("2", None)), ("comments", "rubbish"), ("hologram", {}),
        ("comments", comment_on_instagram("5", ["not", "text"])),
        ("comments", comment_on_instagram("6", "second is broken")),
    )]},
    "whatsapp": {"object": "whatsapp_business_account", "entry": [on_whatsapp(
        text_on_whatsapp("1", "first is broken"), text_on_whatsapp("2", None), None,
        {"from": "999000111222", "id": "wamid.4", "timestamp": "1795000000", "type": "hologram"},
        text_on_whatsapp("5", ["not", "text"]), text_on_whatsapp("6", "second is broken"),
    )]},
}  # fmt: skip


@pytest.mark.parametrize("channel", ODD)
def test_one_odd_item_neither_fails_its_batch_nor_blocks_what_comes_behind_it(
    world: World, channel: str
) -> None:
    """Story 4: good, null text, unknown kind, broken, good; one delivery, answered 200."""
    deliver(world, ODD[channel])
    world.opened("first is broken")
    world.opened("second is broken")
    world.comment("Tom", "And the one behind is broken")
    world.opened("And the one behind is broken")
    world.calm()
    row = world.store.books()["meta"]
    assert row["received"] == 7
    assert row["dead"] >= 1
    for eid in world.store.dead():
        fields = world.store.event(eid)
        assert fields["reason"]
        assert "crashed" not in fields["reason"]
        assert json.loads(world.store.raw(fields["d"]) or b"{}")["entry"]  # as it came, to look at


def test_one_picture_that_cannot_be_had_does_not_stop_the_channel(world: World) -> None:
    """Story 4, reserve list: links that are gone or lie where they should not."""
    for number, url in enumerate(
        (
            f"{world.sandbox.url}/cdn/gone.png",
            "http://169.254.169.254/latest/meta-data/",
            "https://elsewhere.example/a.png",
        )
    ):
        world.comment(f"Person {number}", f"{number}: this came broken", image=url)
    numbers = [world.opened(f"{number}: this came broken") for number in range(3)]
    world.calm()
    for number in numbers:
        (said,) = [one for one in world.ticket(number)["comments"] if one["by"] == "customer"]
        assert said["attachments"] == []
    assert world.store.dead() == []


# --- what nobody has ever seen ---------------------------------------------------------------------


def payloads() -> Iterator[tuple[str, Any]]:
    """Every sample of every platform, as if it were sent to our accounts."""
    ours = {PAGE: wires.PAGE_ID, "106000000000001": wires.WHATSAPP_NUMBER_ID}
    samples = [(SOURCE_OF[channel], one["payload"]) for channel, _, one in fixtures()]
    for source, payload in [*samples, *recorded()]:
        body = json.dumps(payload)
        for theirs, own in ours.items():
            body = body.replace(theirs, own)
        yield source, json.loads(body)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key) of everything inside *value*."""
    rows = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(rows):
        yield value, key
        if isinstance(inner, dict | list):
            yield from places(inner)


def spoilt(payload: Any, dice: random.Random) -> Any:
    """*payload* with one field dropped, nulled or of another kind."""
    payload = copy.deepcopy(payload)
    inside = list(places(payload)) if isinstance(payload, dict | list) else []
    if not inside:
        return payload
    container, key = dice.choice(inside)
    odd = dice.choice(("drop", None, 7, "", [], {}, [None], {"": {}}, "\ud83d\ude00" * 9, -1, True))
    if odd == "drop":
        container.pop(key)
    else:
        container[key] = odd
    return payload


def test_no_recorded_sample_whole_or_with_a_field_spoilt_is_refused_or_lost(world: World) -> None:
    """Story 5: never 500, never silent; each delivery ends in the books with a reason."""
    dice = random.Random(20261122)
    samples = list(payloads())
    assert len(samples) > 150
    sent = {"meta": 0, "telegram": 0}
    for source, payload in samples:
        for body in (payload, spoilt(payload, dice), spoilt(payload, dice)):
            product = "threads" if "values" in json.dumps(body)[:400] else "app"
            more = {"product": product} if source == "meta" else {}
            deliver(world, body, source, **more)
            sent[source] += 1
    world.comment("Tom", "And the one behind is broken")
    world.opened("And the one behind is broken")

    def left() -> int:
        return sum(row["in_progress"] for row in world.store.books().values())

    # Many samples are of one person, and a ticket's budget lets the last of them wait.
    world.until(lambda: left() <= len(samples) // 10, "the end of the samples")
    for connection, count in sent.items():
        row = world.store.books()[connection]
        assert row["received"] + row["duplicates"] >= count
    reasons = [world.store.event(eid)["reason"] for eid in world.store.dead()]
    assert all(reasons)
    assert not [one for one in reasons if "crashed" in one]
    assert all(": " in one and len(one) > 8 for one in outcomes(world).values())


# --- the end before the beginning ------------------------------------------------------------------


def test_removed_edited_and_added_in_any_order_and_the_last_words_count(world: World) -> None:
    """Story 18: edit, remove, add and edit again of one comment, within a second and out of order."""
    orders = (
        ("remove", "add"), ("remove", "edited", "add"), ("edited", "remove", "edited"),
        ("add", "remove"), ("remove", "add", "edited"),
    )  # fmt: skip
    for number, verbs in enumerate(orders):
        values = [feed(f"{number}", "It is broken, I want a refund", verb) for verb in verbs]
        deliver(world, {"object": "page", "entry": [page(*values)]})
    world.sandbox.post("hooks/hold", {"system": "meta"})
    said = world.comment("Ana", "Nice cups")
    world.sandbox.post("customer/comment/edit", {"id": said, "text": "It is broken, refund me"})
    world.sandbox.post("customer/comment/edit", {"id": said, "text": "It is smashed, refund me"})
    world.sandbox.post("hooks/send", {"system": "meta", "together": True, "order": "reversed"})
    number = world.opened("It is smashed, refund me")
    world.calm()
    assert world.tickets() == [number]
    assert not any("broken" in one for one in world.words(number))


@pytest.mark.parametrize("channel", ["messenger", "whatsapp", "telegram", "instagram"])
def test_a_message_edited_before_we_saw_it_stands_there_once_with_its_last_words(
    world: World, channel: str
) -> None:
    """Story 18, in chats."""
    system = "telegram" if channel == "telegram" else "meta"
    world.sandbox.post("hooks/hold", {"system": system})
    said = world.message(channel, "Ola", "My parcel is nowhere")
    told = {"channel": channel, "chat": str(said["chat"]), "id": said["id"]}
    world.sandbox.post("customer/message/edit", {**told, "text": "My parcel is broken"})
    world.sandbox.post("hooks/send", {"system": system, "together": True, "order": "reversed"})
    number = world.opened("My parcel is broken")
    world.calm()
    assert world.tickets() == [number]
    assert not any("nowhere" in one for one in world.words(number))


@pytest.mark.parametrize("channel", ["messenger", "whatsapp", "instagram"])
def test_a_message_unsent_before_we_saw_it_opens_nothing(world: World, channel: str) -> None:
    """Story 18: no ghost tickets."""
    world.sandbox.post("hooks/hold", {"system": "meta"})
    said = world.message(channel, "Ola", "My parcel is broken")
    told = {"channel": channel, "chat": str(said["chat"]), "id": said["id"]}
    world.sandbox.post("customer/message/remove", told)
    world.sandbox.post("hooks/send", {"system": "meta", "together": True, "order": "reversed"})
    world.calm()
    assert world.tickets() == []


# --- nobody said something ----------------------------------------------------------------------------


def test_words_of_nobody_are_a_ticket_of_an_unknown_person_with_its_link(world: World) -> None:
    """Story 19: no `from`, a null one, one without id or name."""
    for number, author in enumerate((None, {}, {"id": None, "name": None}, {"name": ""})):
        value = feed(f"{number}", f"{number}: it is broken")
        value["from"] = author
        if number == 0:
            del value["from"]
        deliver(world, {"object": "page", "entry": [page(value)]})
    numbers = [world.opened(f"{number}: it is broken") for number in range(4)]
    world.calm()
    for number in numbers:
        ticket = world.ticket(number)
        assert "Facebook user" in ticket["requester"]["name"]
        (note, *_) = [one["text"] for one in ticket["comments"] if not one["public"]]
        assert "The platform does not tell who wrote this." in note
        assert "https://www.facebook.com/" in note
    world.calm()
    assert len(world.tickets()) == 4


def test_no_words_or_only_a_sticker_have_a_reason_and_break_nothing(world: World) -> None:
    """Story 19."""
    empty = feed("1", "")
    without = feed("2", "")
    del without["message"]
    deliver(world, {"object": "page", "entry": [page(empty, without)]})
    for channel in ("messenger", "instagram", "whatsapp", "telegram"):
        world.message(channel, "Ola", "", sticker=True)
    world.calm()
    assert world.tickets() == []
    told = outcomes(world)
    assert len(told) == 6
    assert all(one.startswith("ignored: ") for one in told.values()), told


# --- posts of every kind ---------------------------------------------------------------------------------

# On a photo `parent_id` is the album's photo, under an album the bare id of the album.
PARENTS = {
    "link": (f"{wires.PAGE_ID}_1", f"{wires.PAGE_ID}_1"),
    "photo": (f"{wires.PAGE_ID}_2", "555_777"),
    "album": (f"{wires.PAGE_ID}_3", "556"),
    "reel": (f"{wires.PAGE_ID}_4", f"{wires.PAGE_ID}_4444"),
    "ad": (f"{wires.PAGE_ID}_5", f"{wires.PAGE_ID}_5"),
    "live": (f"{wires.PAGE_ID}_6", f"{wires.PAGE_ID}_6666"),
}


def test_under_a_post_of_any_kind_a_top_level_comment_is_seen_as_one(world: World) -> None:
    """Story 20: and a reply to it as a reply."""
    for kind, (post, parent) in PARENTS.items():
        value = feed(kind, f"the {kind} is broken", post_id=post, parent_id=parent,
                     post={"status_type": kind, "promotion_status": "ad" if kind == "ad" else "none"})  # fmt: skip
        deliver(world, {"object": "page", "entry": [page(value)]})
    tickets = {kind: world.opened(f"the {kind} is broken") for kind in PARENTS}
    assert len(set(tickets.values())) == len(PARENTS)
    world.calm()
    for kind, (post, _) in PARENTS.items():
        value = feed(f"{kind}2", f"still the {kind}", post_id=post, parent_id=f"1_{kind}")
        value["from"] = {"id": f"24{kind}", "name": "Ana"}
        deliver(world, {"object": "page", "entry": [page(value)]})
    for kind, number in tickets.items():
        assert world.opened(f"still the {kind}") == number
    world.calm()
    rows = [one for one in world.bridge.decisions() if one["external_id"] == "1_photo"]
    assert rows[0]["state"] == "done"


def test_what_the_page_says_itself_is_no_ticket(world: World) -> None:
    """Reserve list: the page's own posts, comments and stories."""
    world.sandbox.post("staff/post", {"text": "Our new cup is never broken"})
    post = world.sandbox.record("post")[-1]["id"]
    for channel in ("facebook", "instagram", "threads"):
        at = {"post": post} if channel == "facebook" else {}
        said = say(world, channel, f"lovely, {channel}")
        world.sandbox.post(
            "staff/comment",
            {"text": "It was never broken", "channel": channel, "reply_to": said, **at},
        )
    world.calm()
    assert world.tickets() == []
