"""What customers say becomes tickets: one a case, each message once, in order."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import Any

import pytest
from support.world import World

from bridge.sandbox import wires


def test_a_complaint_becomes_a_ticket_that_a_person_can_read(world: World) -> None:
    said = world.comment("Ana", "My order arrived broken and nobody answers")
    number = world.opened("arrived broken")
    world.calm()
    ticket = world.ticket(number)
    assert ticket["subject"].startswith("Facebook comment from Ana")
    assert len(ticket["external_id"]) == 32
    assert set(ticket["external_id"]) <= set("0123456789abcdef")
    assert ticket["requester"]["name"] == "Ana"
    assert {"bridge", "facebook", "comment"} <= set(ticket["tags"])
    assert world.words(number) == ["My order arrived broken and nobody answers"]
    (note,) = world.words(number, public=False)
    assert "rule complaint" in note
    assert said in note  # the readable key names the comment
    assert "bridge why" in note


def test_praise_opens_nothing_and_says_why(world: World) -> None:
    said = world.comment("Ola", "I love this coffee, best in town!")
    world.calm()
    assert world.tickets() == []
    (decision,) = [one for one in world.bridge.decisions() if one["external_id"] == said]
    assert (decision["state"], decision["reason"]) == ("ignored", "praise")
    assert any(one["failed"] for one in decision["tried"])


def test_eight_copies_at_once_make_one_ticket(world: World) -> None:
    world.sandbox.post("customer/comment", {"person": "Ana", "text": "It is broken!", "copies": 8})
    number = world.opened("It is broken!")
    world.calm()
    assert world.tickets() == [number]
    assert world.words(number) == ["It is broken!"]
    assert world.store.books()["meta"]["duplicates"] == 7
    # And again when it is long done.
    answer = world.sandbox.post("hooks/again", {"system": "meta", "copies": 8})
    assert answer["statuses"] == [200] * 8
    world.calm()
    assert world.words(number) == ["It is broken!"]


def test_messages_of_one_moment_stand_on_one_ticket_in_their_order(world: World) -> None:
    for text in ("My parcel is broken", "the cup too", "and the box", "what now?"):
        world.message("messenger", "Ana", text)
        time.sleep(0.04)  # the platform's deliveries of one instant overtake each other
    number = world.opened("what now?")
    world.calm()
    assert world.tickets() == [number]
    together = "\n".join(world.words(number))
    places = [
        together.index(text) for text in ("parcel is broken", "cup too", "the box", "what now?")
    ]
    assert places == sorted(places)
    assert together.count("the cup too") == 1


def test_two_people_under_one_post_are_two_cases(world: World) -> None:
    root = world.comment("Ana", "My order is broken")
    first = world.opened("My order is broken")
    world.comment("Tom", "Mine is broken as well", reply_to=root)
    second = world.opened("Mine is broken as well")
    assert first != second


def test_a_comment_removed_before_it_was_seen_opens_nothing(world: World) -> None:
    world.sandbox.post("hooks/hold", {"system": "meta"})
    said = world.comment("Ana", "This is broken, I want a refund")
    world.sandbox.post("customer/comment/remove", {"id": said})
    world.sandbox.post("hooks/send", {"system": "meta", "order": "reversed"})
    world.calm()
    assert world.tickets() == []


def test_of_an_edit_that_overtakes_its_comment_the_latest_words_count(world: World) -> None:
    world.sandbox.post("hooks/hold", {"system": "meta"})
    said = world.comment("Ana", "This is nice")
    world.sandbox.post("customer/comment/edit", {"id": said, "text": "This is broken, refund me"})
    world.sandbox.post("hooks/send", {"system": "meta", "order": "reversed"})
    number = world.opened("This is broken, refund me")
    world.calm()
    assert world.tickets() == [number]
    assert world.words(number) == ["This is broken, refund me\n(edited)"]


def change(said: str, text: str, verb: str, under: str = f"{wires.PAGE_ID}_1", ago: int = 0) -> Any:
    """One change of a comment of Ana's."""
    value = {
        "item": "comment", "verb": verb, "comment_id": said, "post_id": f"{wires.PAGE_ID}_1",
        "parent_id": under, "message": text, "created_time": int(time.time()) - ago,
        "from": {"id": "24", "name": "Ana"},
    }  # fmt: skip
    return {"field": "feed", "value": value}


def tell(world: World, *changes: Any) -> None:
    """One delivery of *changes*."""
    entry = {"id": wires.PAGE_ID, "time": 1, "changes": changes}
    body = json.dumps({"object": "page", "entry": [entry]})
    sent = world.sandbox.post("hooks/raw", {"system": "meta", "body": body, "sign": True})
    assert sent["statuses"] == [200]


def test_a_comment_that_comes_after_its_edit_was_handled_changes_nothing(world: World) -> None:
    tell(world, change("1_77", "This is broken, refund me", "edited"))
    number = world.opened("This is broken, refund me")
    world.calm()
    tell(world, change("1_77", "This is broken", "add"))
    world.calm()
    assert world.tickets() == [number]
    assert world.words(number) == ["This is broken, refund me\n(edited)"]
    assert not any("Now:" in one for one in world.words(number, public=False))
    tell(world, change("1_77", "This is broken, refund me now", "edited"))  # a real edit is told
    world.calm()
    assert any("Now:" in one for one in world.words(number, public=False))


def test_old_words_that_come_late_move_nobody_past_an_edit(world: World) -> None:
    tell(world, change("100_51", "My cup is broken", "add", ago=9))
    number = world.opened("My cup is broken")
    world.calm()
    world.fault("zendesk", method="PUT", effect="status", status=503, headers={"Retry-After": "2"},
                times=1)  # fmt: skip
    under = partial(change, under="100_51")
    edit, made = under("100_54", "lids, edited", "edited"), under("100_54", "ltds", "add", ago=3)
    tell(world, under("100_53", "and the saucer", "add", ago=4), edit, made)
    world.until(lambda: world.store.books()["meta"]["ignored"], "who came behind its edit")
    tell(world, under("100_52", "and the spoon", "add", ago=6))
    world.calm()
    told = "\n".join(world.words(number))
    order = [told.index(one) for one in ("cup", "spoon", "saucer", "lids, edited")]
    assert order == sorted(order)


def test_an_edit_and_a_removal_are_told_on_the_ticket(world: World) -> None:
    said = world.comment("Ana", "My cup is broken")
    number = world.opened("My cup is broken")
    world.sandbox.post("customer/comment/edit", {"id": said, "text": "My cup is broken and cold"})
    world.until(lambda: any("broken and cold" in one for one in world.words(number, public=False)))
    world.sandbox.post("customer/comment/remove", {"id": said})
    world.until(lambda: any("deleted" in one for one in world.words(number, public=False)))
    assert world.words(number) == ["My cup is broken"]


def test_words_that_were_edited_while_a_note_came_before_them_keep_their_place(
    world: World,
) -> None:
    root = world.comment("Ana", "My cup is broken")
    number = world.opened("My cup is broken")
    world.calm()
    world.sandbox.post("hooks/hold", {"system": "meta"})
    world.sandbox.post("customer/comment/edit", {"id": root, "text": "My cups are broken"})
    said = world.comment("Ana", "Both of then", reply_to=root)
    world.comment("Ana", "And the saucer", reply_to=root)
    world.sandbox.post("customer/comment/edit", {"id": said, "text": "Both of them"})
    world.sandbox.post("hooks/send", {"system": "meta", "together": True})
    world.calm()
    told = "\n".join(world.words(number))
    assert told.count("Both of the") == told.count("And the saucer") == 1
    assert told.index("Both of them\n(edited)") < told.index("And the saucer")
    assert any("My cups are broken" in one for one in world.words(number, public=False))


def test_a_thousand_events_in_one_body_all_count(world: World) -> None:
    world.sandbox.post("hooks/hold", {"system": "meta"})
    for number in range(60):
        world.comment(f"Person {number}", f"nice day {number}")
    world.comment("Ana", "and mine is broken")
    sent = world.sandbox.post("hooks/send", {"system": "meta", "together": True})
    assert sent["posts"] == 1
    number = world.opened("and mine is broken")
    world.calm()
    assert world.tickets() == [number]
    assert world.store.books()["meta"]["received"] == 61


def test_a_mention_without_an_author_is_a_ticket_of_an_unknown_person(world: World) -> None:
    world.sandbox.post("customer/mention", {"text": "@Acme your delivery is a scandal, refund me"})
    number = world.opened("your delivery is a scandal")
    assert "Facebook user" in world.ticket(number)["requester"]["name"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"object": "page", ', "json"),
        ('{"object": "page", "object": "page", "entry": []}', "duplicate"),
        ('{"object": "page", "entry": [NaN]}', "number"),
        ('{"object": "page", "entry": ' + "[" * 100_000 + "]" * 100_000 + "}", "deep"),
        ('{"object": "page", "entry": [{"id": "\\ud800"}]}', "surrogate"),
        ('{"object": "page", "entry": [' + "9" * 5000 + "]}", "number"),
    ],
    ids=["cut", "duplicate-keys", "nan", "nesting", "lone-surrogate", "huge-number"],
)
def test_an_authentic_body_that_cannot_be_read_is_kept_as_a_dead_letter(
    world: World, body: str, reason: str
) -> None:
    answer = world.sandbox.post("hooks/raw", {"system": "meta", "body": body, "sign": True})
    assert answer["statuses"] == [200]
    world.calm()
    (dead,) = world.store.dead()
    fields = world.store.event(dead)
    assert reason in fields["reason"].replace("_", " ")
    assert world.store.raw(fields["d"]) == body.encode()


def test_a_broken_item_does_not_stop_its_neighbours(world: World) -> None:
    page = world.sandbox.get("credentials")["meta"]["page_id"]

    def change(ident: str, text: object) -> dict[str, object]:
        return {
            "field": "feed",
            "value": {
                "item": "comment", "verb": "add", "comment_id": ident, "post_id": f"{page}_1",
                "parent_id": f"{page}_1", "created_time": 1795000000, "message": text,
                "from": {"id": "77", "name": "Ana"},
            },
        }  # fmt: skip

    body = {
        "object": "page",
        "entry": [
            {"id": page, "time": 1795000000, "changes": [change("1_1", "first is broken")]},
            {"id": page, "time": 1795000000, "changes": ["rubbish"]},
            {"id": page, "time": 1795000000, "changes": [change("1_2", "second is broken")]},
        ],
    }
    world.sandbox.post("hooks/raw", {"system": "meta", "body": json.dumps(body), "sign": True})
    world.opened("first is broken")
    world.opened("second is broken")
    world.calm()
    books = world.store.books()["meta"]
    assert (books["received"], books["done"], books["dead"]) == (3, 2, 1)


@pytest.mark.parametrize("sign", [False, "wrong"])
def test_what_is_not_authentic_is_refused_and_not_kept(world: World, sign: object) -> None:
    answer = world.sandbox.post("hooks/raw", {"system": "meta", "body": "{}", "sign": sign})
    assert answer["statuses"] == [401]
    assert world.store.books() == {}


def test_words_that_a_webhook_kept_to_itself_are_asked_for(world: World) -> None:
    world.sandbox.post("hooks/hold", {"system": "meta"})
    said = world.comment("Ana", "My grinder is broken")
    page = world.sandbox.get("credentials")["meta"]["page_id"]
    post = world.sandbox.record("comment")[-1]["post_id"]
    value = {
        "item": "comment",
        "verb": "add",
        "comment_id": said,
        "post_id": post,
        "parent_id": post,
    }
    body = {
        "object": "page",
        "entry": [{"id": page, "time": 1795000000, "changes": [{"field": "feed", "value": value}]}],
    }
    world.sandbox.post("hooks/raw", {"system": "meta", "body": json.dumps(body), "sign": True})
    world.opened("My grinder is broken")
