"""Instagram, end to end: comments and messages of one person on one ticket, answered where they belong."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from support.world import World

from bridge.sandbox import wires

HERE = "instagram"


def case(world: World, text: str = "My order is broken", **more: Any) -> tuple[int, str]:
    """The ticket that Ana's comment opens, and the comment."""
    said = world.comment("Ana", text, channel=HERE, **more)
    number = world.opened(text)
    world.calm()
    return number, said


def chat(world: World, text: str = "My parcel is broken", **more: Any) -> int:
    world.message(HERE, "Ana", text, **more)
    number = world.opened(text)
    world.calm()
    return number


def private(world: World, number: int) -> None:
    """From now on answers on this ticket go out in private."""
    world.answer(number, "/dm", public=False)
    world.noted(number, "From now on")
    world.calm()


def answered(world: World, number: int, text: str, **more: Any) -> dict[str, Any]:
    """What the platform holds of the agent's answer *text*, once it is there."""
    world.answer(number, text, **more)
    world.until(lambda: text in world.texts(), f"the answer {text!r}")
    world.calm()
    return next(one for one in world.spoken() if one["text"] == text)


# --- comments -----------------------------------------------------------------------------------


def test_a_comment_becomes_a_ticket_and_its_answer_stands_under_it_once(world: World) -> None:
    number, said = case(world)
    post = answered(world, number, "We are sorry, a new cup is coming.")
    assert (post["what"], post["channel"], post["parent_id"]) == ("comment", HERE, said)
    assert len(world.texts()) == 1
    # Its own comment came back by webhook and started nothing.
    assert world.tickets() == [number]
    assert not any("cup is coming" in one for one in world.words(number, public=False))


def test_a_reply_to_a_reply_stays_on_the_ticket_and_is_answered_under_the_root(
    world: World,
) -> None:
    number, root = case(world)
    staff = world.sandbox.post("staff/comment", {"text": "Which order?", "channel": HERE,
                                                 "reply_to": root})["id"]  # fmt: skip
    world.noted(number, "Which order?")
    under_root = world.fault(
        "meta", path=f"/{root}/replies$", effect="delay", seconds=0, times=None
    )
    world.comment("Ana", "Number 12345", channel=HERE, reply_to=staff)
    assert world.opened("Number 12345") == number
    post = answered(world, number, "Thank you, we look.")
    assert post["parent_id"] == root
    (rule,) = [one for one in world.sandbox.get("faults")["faults"] if one["id"] == under_root]
    assert rule["hits"] == 1  # asked of the root itself, not of the reply that was answered


def test_another_person_under_the_same_root_is_another_case(world: World) -> None:
    number, root = case(world)
    world.comment("Tom", "Mine is broken too", channel=HERE, reply_to=root)
    assert world.opened("Mine is broken too") != number


def test_the_lost_answer_of_a_comment_is_looked_up_and_not_posted_again(world: World) -> None:
    number, _ = case(world)
    world.fault("meta", method="POST", path="/replies$", effect="drop_after", times=1)
    answered(world, number, "We are sorry.")
    assert world.texts() == ["We are sorry."]
    assert world.store.dead() == []


def test_a_mention_gets_its_words_before_the_rules_decide(world: World) -> None:
    world.sandbox.post("customer/mention", {"channel": HERE, "person": "Ana",
                                            "text": "@acme_coffee my cup is broken"})  # fmt: skip
    number = world.opened("my cup is broken")
    world.calm()
    assert "complaint" in world.ticket(number)["tags"]  # the rule that reads words, not a catch-all
    post = answered(world, number, "Oh no. Tell us more.")
    assert post["what"] == "comment"


def test_a_mention_waits_for_a_platform_that_does_not_tell_its_words(world: World) -> None:
    world.fault("meta", method="GET", effect="status", status=500, times=3)
    world.sandbox.post("customer/mention", {"channel": HERE, "person": "Ana",
                                            "text": "@acme_coffee my cup is broken"})  # fmt: skip
    world.opened("my cup is broken")
    world.calm()
    assert world.store.dead() == []


def test_a_mention_of_nothing_bad_opens_no_ticket(world: World) -> None:
    world.sandbox.post("customer/mention", {"channel": HERE, "person": "Ana",
                                            "text": "@acme_coffee lovely place"})  # fmt: skip
    world.calm()
    assert world.tickets() == []


def test_a_comment_on_a_live_cannot_be_answered_in_public_and_the_agent_learns_it(
    world: World,
) -> None:
    number, _ = case(world, live=True)
    world.answer(number, "We are sorry.")
    note = world.noted(number, "Not delivered")
    assert "public answer" not in note
    assert "cannot be answered in public" in note
    assert "/dm" in note  # what is left
    assert world.spoken() == []
    private(world, number)
    assert answered(world, number, "Here, then.")["what"] == "private_reply"


def test_hide_hides_the_comment(world: World) -> None:
    number, said = case(world)
    world.answer(number, "/hide", public=False)
    world.noted(number, "is hidden")
    assert [one["id"] for one in world.sandbox.record("comment_hidden", by="bridge")] == [said]


@pytest.mark.parametrize("gone", ["hidden", "deleted"])
def test_a_comment_that_is_gone_cannot_be_answered_and_the_agent_learns_it(
    world: World, gone: str
) -> None:
    number, said = case(world)
    if gone == "deleted":
        world.sandbox.post("customer/comment/remove", {"id": said})  # Instagram tells nobody
    else:
        world.sandbox.post("staff/hide", {"id": said, "hidden": True})
    world.answer(number, "Here is your refund.")
    assert "Here is your refund." in world.noted(number, "Not delivered")
    assert world.spoken() == []


# --- messages ------------------------------------------------------------------------------------


def test_a_message_becomes_a_ticket_and_is_answered_in_the_chat_once(world: World) -> None:
    number = chat(world)
    post = answered(world, number, "It comes tomorrow.")
    assert (post["what"], post["channel"]) == ("message", HERE)
    assert len(world.texts()) == 1
    assert world.tickets() == [number]


def test_the_lost_answer_of_a_message_is_looked_up_and_not_sent_again(world: World) -> None:
    number = chat(world)
    world.fault("meta", method="POST", path="/messages$", effect="drop_after", times=1)
    answered(world, number, "It comes tomorrow.")
    assert world.texts() == ["It comes tomorrow."]


def test_a_long_message_goes_out_in_pieces_of_a_thousand_bytes(world: World) -> None:
    number = chat(world)
    words = " ".join(f"żółć{count:03}" for count in range(200))
    world.answer(number, words)
    world.until(lambda: len(world.texts()) >= 2)
    world.calm()
    pieces = world.texts()
    assert all(len(piece.encode()) <= 1000 for piece in pieces)
    assert any(len(piece) < len(piece.encode()) for piece in pieces)
    assert " ".join(piece.split(" ", 1)[1] for piece in pieces) == words


@pytest.mark.parametrize("story", ["story_reply", "story_mention"])
def test_a_story_reaches_the_ticket_with_its_file(world: World, story: str) -> None:
    world.message(HERE, "Ana", "This is broken", **{story: True})
    number = world.opened("This is broken")
    world.calm()
    (said,) = world.sandbox.record("ticket_comment", ticket=number, public=True)
    assert len(said["attachments"]) == 1


def test_edited_and_unsent_messages_are_noted(world: World) -> None:
    first = world.message(HERE, "Ana", "My order is broken")
    number = world.opened("My order is broken")
    world.calm()
    told = {"channel": HERE, "chat": first["chat"], "id": first["id"]}
    world.sandbox.post("customer/message/edit", {**told, "text": "My order is late"})
    note = world.noted(number, "has edited")
    assert "My order is broken" in note
    assert "My order is late" in note
    world.sandbox.post("customer/message/remove", told)
    assert "My order is late" in world.noted(number, "has deleted")


def test_what_staff_write_in_the_inbox_is_noted_and_not_sent_again(world: World) -> None:
    number = chat(world)
    world.sandbox.post("staff/message", {"channel": HERE, "person": "Ana", "text": "Got it, Ana!"})
    assert "Instagram" in world.noted(number, "Got it, Ana!")
    assert world.spoken() == []


def test_a_talk_that_another_app_holds_is_shown_to_the_agents(world: World) -> None:
    number = chat(world, standby=True)
    assert world.tickets() == [number]
    assert world.spoken() == []


def test_own_comments_echoes_and_words_to_oneself_open_nothing(world: World) -> None:
    world.sandbox.post("staff/comment", {"text": "Is yours broken?", "channel": HERE})
    body = {"channel": HERE, "person": "Ana", "text": "Yours is broken, we heard?"}
    world.sandbox.post("staff/message", body)
    item = {"sender": {"id": wires.INSTAGRAM_ID}, "recipient": {"id": wires.INSTAGRAM_ID},
            "timestamp": int(time.time() * 1000),
            "message": {"mid": "aWdfself", "text": "It is broken", "is_self": True}}  # fmt: skip
    entry = {"id": wires.INSTAGRAM_ID, "time": int(time.time() * 1000), "messaging": [item]}
    raw = json.dumps({"object": "instagram", "entry": [entry]})
    sent = world.sandbox.post("hooks/raw", {"system": "meta", "body": raw, "sign": True})
    assert sent["statuses"] == [200]
    world.calm()
    assert world.tickets() == []
    assert world.store.books()["meta"]["dead"] == 0


# --- a comment and messages of one person ----------------------------------------------------------


def test_comment_private_reply_and_messages_are_one_ticket_that_says_which_is_which(
    world: World,
) -> None:
    number, said = case(world)
    private(world, number)
    post = answered(world, number, "Please tell us your order number.")
    assert (post["what"], post["comment_id"]) == ("private_reply", said)
    _, line = world.spoken()
    assert (line["what"], line["parent_id"]) == ("comment", said)
    world.message(HERE, "Ana", "it is 12345")
    assert world.opened("it is 12345") == number
    world.calm()
    assert "Instagram message" in world.words(number)[-1]
    (told,) = [one for one in world.words(number, public=False) if "also writes in" in one]
    assert "also writes in Instagram messages" in told
    assert "private answer on Instagram until" in told
    assert "(automatic messages until" in told
    world.comment("Ana", "and I have written to you", channel=HERE, reply_to=said)
    assert world.opened("and I have written to you") == number
    assert "Instagram comment" in world.words(number)[-1]
    world.calm()
    assert sum("also writes in" in one for one in world.words(number, public=False)) == 1
    assert world.tickets() == [number]


def test_answers_go_where_the_customer_wrote_last_until_the_agent_chooses(world: World) -> None:
    number, said = case(world)
    world.message(HERE, "Ana", "it is 12345")
    assert world.opened("it is 12345") == number  # the same person, without any private reply
    world.calm()
    assert answered(world, number, "In the chat.")["what"] == "message"
    world.comment("Ana", "hello? still broken", channel=HERE, reply_to=said)
    world.opened("hello? still broken")
    world.calm()
    assert answered(world, number, "Under the comment.")["what"] == "comment"
    private(world, number)
    assert answered(world, number, "In the chat again.")["what"] == "message"
    world.message(HERE, "Ana", "and now?")
    world.opened("and now?")
    world.answer(number, "/public", public=False)
    world.noted(number, "everybody reads")
    assert answered(world, number, "For everybody.")["what"] == "comment"


@pytest.mark.parametrize("before", ["praise", "solved"])
def test_who_has_written_before_comes_to_the_ticket_of_the_comment_too(
    world: World, before: str
) -> None:
    first = chat(world) if before == "solved" else 0
    if first:
        world.sandbox.post("agent/status", {"ticket": first, "status": "solved"})
        world.until(world.texts, "the notice")
    else:
        world.message(HERE, "Ana", "I love your coffee")
    world.calm()
    number, _ = case(world)
    assert number != first
    world.message(HERE, "Ana", "it is 12345")
    assert world.opened("it is 12345") == number
    world.calm()
    assert answered(world, number, "In the chat.")["what"] == "message"


def test_of_two_comments_the_one_that_was_answered_in_private_gets_the_messages(
    world: World,
) -> None:
    world.message(HERE, "Ana", "I love your coffee")
    world.calm()
    number, _ = case(world)
    other, _ = case(world, "And the parcel never came")
    private(world, number)
    answered(world, number, "Please tell us your order number.")
    world.message(HERE, "Ana", "it is 12345")
    assert world.opened("it is 12345") == number != other


def test_a_message_that_comes_while_the_ticket_of_the_comment_is_being_opened_waits_for_it(
    world: World,
) -> None:
    world.fault("zendesk", method="POST", path="/tickets", effect="delay", seconds=2, times=1)
    world.comment("Ana", "My order is broken", channel=HERE)
    world.until(
        lambda: world.store.books().get("meta"), "the comment is kept"
    )  # else it may be second
    world.message(HERE, "Ana", "My parcel is broken")
    number = world.opened("My order is broken")
    assert world.opened("My parcel is broken") == number
    world.calm()
    assert world.tickets() == [number]


def test_a_message_that_overtakes_the_decision_on_a_comment_is_decided_by_itself(
    world: World,
) -> None:
    world.comment("Ana", "I love your coffee", channel=HERE)
    world.message(HERE, "Ana", "My parcel is broken")
    number = world.opened("My parcel is broken")
    world.calm()
    assert world.tickets() == [number]
    assert answered(world, number, "In the chat.")["what"] == "message"


def test_a_talk_with_an_open_ticket_stays_on_it(world: World) -> None:
    first = chat(world)
    number, _ = case(world)
    assert number != first
    world.message(HERE, "Ana", "it is 12345")
    assert world.opened("it is 12345") == first


def test_there_is_one_public_line_and_none_where_something_stands_already(world: World) -> None:
    number, _ = case(world)
    answered(world, number, "We have written to you.")
    private(world, number)
    assert answered(world, number, "The code is 7.")["what"] == "private_reply"
    assert world.texts() == ["We have written to you.", "The code is 7."]


@pytest.mark.parametrize("together", [True, False])
def test_a_joined_ticket_has_one_writer_and_the_order_of_writing(
    world: World, together: bool
) -> None:
    number, root = case(world)
    said = [f"({count}) and this" for count in range(8)]  # a ticket takes ten a minute at once
    if together:
        world.sandbox.post("hooks/hold", {"system": "meta"})
    for count, text in enumerate(said):
        if count % 2:
            world.message(HERE, "Ana", text)
        else:
            world.comment("Ana", text, channel=HERE, reply_to=root)
        if together:
            world.sandbox.post("clock", {"advance": 3})  # comments tell their time in seconds
    if together:
        order = {"system": "meta", "together": True, "order": "reversed"}
        world.sandbox.post("hooks/send", order)
    world.until(lambda: all(text in "\n".join(world.words(number)) for text in said))
    world.calm()
    told = "\n".join(world.words(number))
    assert [told.count(text) for text in said] == [1] * len(said)
    assert world.tickets() == [number]
    if together:  # what comes in one delivery is put right; several may overtake each other
        assert sorted(said, key=told.index) == said


# --- settings ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def apart() -> Iterator[World]:
    """Messages are not joined with comments, and nothing is said in public of private replies."""
    quiet = {
        "join_dms: true": "join_dms: false",
        "public_line: moved_to_private": "public_line: null",
    }
    with World(workers=1, edits={"zendesk.yaml": quiet}) as world:
        yield world


def test_without_joining_a_message_opens_a_ticket_of_its_own(apart: World) -> None:
    number, _ = case(apart)
    private(apart, number)
    answered(apart, number, "Please tell us your order number.")
    assert apart.texts() == ["Please tell us your order number."]  # and no public line
    apart.message(HERE, "Ana", "the parcel is broken, too")
    second = apart.opened("the parcel is broken, too")
    apart.calm()
    assert second != number
    assert apart.balanced()


TALKATIVE = """
rules:
  - name: everything
    when: {text: {any_of: [broken]}}
    then:
      escalate: {}
      reply: {private: acknowledged, public: acknowledged}
    examples:
      - {text: "it is broken", gives: everything}
  - name: nothing
    then: {ignore: nothing}
"""


def test_where_a_rule_has_said_something_in_public_the_line_is_not_said_besides() -> None:
    with World(workers=1, rules=TALKATIVE) as world:
        number, said = case(world)
        world.until(lambda: len(world.spoken()) == 2)
        world.calm()
        assert sorted(one["what"] for one in world.spoken()) == ["comment", "private_reply"], (
            world.texts()
        )
        assert [one["parent_id"] for one in world.spoken() if one["what"] == "comment"] == [said]
        assert world.tickets() == [number]
        assert world.balanced()


@pytest.fixture(scope="module")
def by_itself() -> Iterator[World]:
    """The account is connected by Instagram Login: its own token, host and secret."""
    old = f'token: "${{META_PAGE_TOKEN}}", helpdesk: zendesk, language: en,\n         page: "{wires.PAGE_ID}", '
    new = 'token: "${INSTAGRAM_TOKEN}", helpdesk: zendesk, language: en, login: instagram, '
    with World(workers=1, edits={"connections.yaml": {old: new}}) as world:
        world.sandbox.post("settings", {"instagram_login": True})
        yield world


def test_with_instagram_login_comments_and_messages_are_answered_with_its_own_token(
    by_itself: World,
) -> None:
    world = by_itself
    # The Page's token does nothing here: had we used it, all this would be refused.
    world.sandbox.post("settings", {"meta_token": "revoked", "meta_token_of": "page"})
    number, said = case(world)
    assert answered(world, number, "We are sorry.")["parent_id"] == said
    world.message(HERE, "Ana", "my parcel is broken, too")
    assert world.opened("my parcel is broken, too") == number
    world.calm()
    assert answered(world, number, "It comes tomorrow.")["what"] == "message"
    # Mentions come as comments under somebody else's post here.
    world.sandbox.post("customer/mention", {"channel": HERE, "person": "Tom", "text": "@acme_coffee broken!"})  # fmt: skip
    world.opened("@acme_coffee broken!")
    world.calm()
    assert world.balanced()


def test_a_talk_that_joined_a_ticket_is_found_again_when_redis_has_forgotten_it(
    world: World,
) -> None:
    number, _ = case(world)
    world.message(HERE, "Ana", "it is about order 12345")
    assert world.opened("it is about order 12345") == number
    world.calm()
    world.forget()
    world.sandbox.post("clock", {"advance": 600})  # the search's index is minutes behind
    world.message(HERE, "Ana", "hello, is my order still broken?")
    assert world.opened("is my order still broken") == number
    world.calm()
    assert world.tickets() == [number]
