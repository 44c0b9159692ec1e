"""Threads, end to end: replies answered in two steps, once."""

from __future__ import annotations

from typing import Any

from support.world import World

HERE = "threads"


def case(world: World, text: str = "My order is broken") -> tuple[int, str]:
    said = world.comment("Ana", text, channel=HERE)
    number = world.opened(text)
    world.calm()
    return number, said


def answered(world: World, number: int, text: str) -> dict[str, Any]:
    world.answer(number, text)
    world.until(lambda: text in world.texts(), f"the answer {text!r}")
    world.calm()
    (post,) = [one for one in world.spoken() if one["text"] == text]
    return post


def test_a_reply_becomes_a_ticket_and_is_answered_under_itself_once(world: World) -> None:
    number, said = case(world)
    post = answered(world, number, "We are sorry, a new cup is coming.")
    assert (post["channel"], post["parent_id"]) == (HERE, said)
    assert len(world.texts()) == 1
    # Its own reply came back by webhook and started nothing.
    assert world.tickets() == [number]
    assert not any("cup is coming" in one for one in world.words(number, public=False))


def test_what_the_person_replies_next_stands_on_the_ticket_and_is_answered_there(
    world: World,
) -> None:
    number, _ = case(world)
    answer = answered(world, number, "Which order?")
    more = world.comment("Ana", "Number 12345", channel=HERE, reply_to=answer["id"])
    assert world.opened("Number 12345") == number
    world.calm()
    assert answered(world, number, "Thank you.")["parent_id"] == more


def test_a_publish_whose_answer_is_lost_is_looked_up_and_not_posted_again(world: World) -> None:
    number, _ = case(world)
    world.fault("meta", method="POST", path="/threads_publish$", effect="drop_after", times=1)
    answered(world, number, "We are sorry.")
    assert world.texts() == ["We are sorry."]
    assert world.store.dead() == []


def test_a_first_step_whose_answer_is_lost_shows_nothing_and_is_taken_again(world: World) -> None:
    number, _ = case(world)
    world.fault("meta", method="POST", path="/threads$", effect="drop_after", times=1)
    answered(world, number, "We are sorry.")
    assert world.texts() == ["We are sorry."]


def test_an_answer_of_a_thousand_characters_goes_out_in_pieces(world: World) -> None:
    number, _ = case(world)
    words = " ".join(f"word{count:03}" for count in range(120))
    world.answer(number, words)
    world.until(lambda: len(world.texts()) >= 2)
    world.calm()
    pieces = world.texts()
    assert all(len(piece) <= 500 for piece in pieces)
    assert " ".join(piece.split(" ", 1)[1] for piece in pieces) == words


def test_there_is_no_private_way_and_the_agent_learns_it(world: World) -> None:
    number, _ = case(world)
    world.answer(number, "/dm", public=False)
    world.noted(number, "From now on")
    world.answer(number, "Only for you.")
    assert "Only for you." in world.noted(number, "Not delivered")
    assert world.spoken() == []


def test_hide_hides_the_reply(world: World) -> None:
    number, said = case(world)
    world.answer(number, "/hide", public=False)
    world.noted(number, "is hidden")
    assert [one["id"] for one in world.sandbox.record("comment_hidden", by="bridge")] == [said]


def test_a_deleted_reply_cannot_be_answered_and_the_agent_learns_it(world: World) -> None:
    number, said = case(world)
    world.sandbox.post("customer/comment/remove", {"id": said})
    world.answer(number, "Here is your refund.")
    assert "Here is your refund." in world.noted(number, "Not delivered")
    assert world.spoken() == []


def test_a_mention_becomes_a_ticket_and_is_answered_where_it_stands(world: World) -> None:
    body = {"channel": HERE, "person": "Ana", "text": "@acme_coffee my cup is broken"}
    said = world.sandbox.post("customer/mention", body)["id"]
    number = world.opened("my cup is broken")
    world.calm()
    post = answered(world, number, "Oh no.")
    assert post["post_id"] == said


def test_what_staff_reply_in_the_app_is_noted(world: World) -> None:
    number, said = case(world)
    world.sandbox.post("staff/comment", {"text": "Hi Ana!", "channel": HERE, "reply_to": said})
    world.noted(number, "Hi Ana!")
    assert world.spoken() == []


def test_an_echo_that_overtakes_its_answer_is_no_colleague_of_another_customer(
    world: World,
) -> None:
    number, _ = case(world)
    world.comment("Tom", "Mine is broken too", channel=HERE)
    other = world.opened("Mine is broken too")
    world.calm()
    world.fault("meta", method="POST", path="/threads_publish$", effect="drip", seconds=4)
    answered(world, number, "We are sorry.")
    for ticket in (number, other):
        notes = world.words(ticket, public=False)
        assert not any("answered directly" in one for one in notes), notes
