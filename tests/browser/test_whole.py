"""The whole product as a person sees it: complain on the left, read why, answer on the right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from support.world import World

if TYPE_CHECKING:
    from support.page import Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World(workers=1) as running:
        yield running


def test_a_complaint_typed_on_the_left_is_answered_on_the_right(
    visit: Callable[..., Page], world: World
) -> None:
    page = visit(world.sandbox.url)
    page.complain("My grinder arrived broken!", person="Ana")
    page.sees_decision("opened ticket")
    number = page.sees_ticket("My grinder arrived broken!")
    page.answer("A new one ships today.", number)
    page.sees_words("A new one ships today.", by="Acme Coffee")
    page.answer("she is a regular, be generous", number, private=True)
    world.calm()
    page.misses_words("she is a regular, be generous")


def test_praise_is_ignored_and_the_page_says_why(visit: Callable[..., Page], world: World) -> None:
    page = visit(world.sandbox.url)
    page.complain("I love your coffee, it is the best!", person="Ola")
    page.sees_decision("ignored: praise")


def test_a_chat_is_answered_in_the_chat(visit: Callable[..., Page], world: World) -> None:
    page = visit(world.sandbox.url)
    page.complain("My parcel never arrived, where is it?", person="Jan", channel="messenger")
    number = page.sees_ticket("My parcel never arrived")
    page.answer("It comes tomorrow.", number)
    page.sees_words("It comes tomorrow.")


def test_an_instagram_comment_and_a_message_are_answered_each_in_its_place(
    visit: Callable[..., Page], world: World
) -> None:
    page = visit(world.sandbox.url)
    page.complain("My kettle arrived broken!", person="Ewa", channel="instagram")
    page.answer("A new kettle ships today.", page.sees_ticket("My kettle arrived broken!"))
    page.sees_words("A new kettle ships today.", by="Brand, through the bridge")
    page.complain("My beans never arrived!", "Ola", channel="instagram", how="Direct message")
    page.answer("They come tomorrow.", page.sees_ticket("My beans never arrived!"))
    page.sees_words("They come tomorrow.")
    page.misses_words("A new kettle ships today.")
    page.turn_to_half("Posts")
    page.sees_words("A new kettle ships today.")
    page.misses_words("They come tomorrow.")


def test_a_threads_reply_is_answered_under_it(visit: Callable[..., Page], world: World) -> None:
    page = visit(world.sandbox.url)
    page.complain("My order came broken, refund please", person="Leo", channel="threads")
    page.answer("It is on its way.", page.sees_ticket("My order came broken, refund please"))
    page.sees_words("It is on its way.", by="Brand, through the bridge")
    replies = page.words("My order came broken, refund please").locator(".comments .words")
    assert replies.all_inner_texts() == ["It is on its way."]


def test_a_whatsapp_chat_is_answered_from_freshdesk(
    visit: Callable[..., Page], world: World
) -> None:
    page = visit(world.sandbox.url)
    page.complain("My mug never arrived, where is it?", person="Tom", channel="whatsapp")
    number = page.sees_ticket("My mug never arrived")
    page.open_ticket(number)
    page.tab.locator("#ticket-head").get_by_text("Freshdesk").wait_for()
    page.answer("It left this morning.", number)
    page.sees_words("It left this morning.")
    page.words("It left this morning.").get_by_text("delivered").wait_for()
    page.answer("he has asked three times, hurry", number, private=True)
    world.calm()
    page.misses_words("he has asked three times, hurry")
    assert int(number) in [one["id"] for one in world.sandbox.get("state")["freshdesk"]["tickets"]]


def test_a_comment_goes_on_in_private_and_everybody_reads_one_line(
    visit: Callable[..., Page], world: World
) -> None:
    page = visit(world.sandbox.url)
    page.complain("You charged me twice!", person="Kim", channel="instagram")
    number = page.sees_ticket("You charged me twice!")
    page.answer("/dm", number, private=True)
    page.answer("Which order is it?", number)
    page.turn_to_half("Messages")
    page.sees_words("Which order is it?")
    page.complain("Order 4711", "Kim", channel="instagram", how="Direct message")
    page.tab.locator("#thread .entry").get_by_text("Order 4711").wait_for()
    page.turn_to_half("Posts")
    page.misses_words("Which order is it?")
    lines = page.words("You charged me twice!").locator(".comments .words")
    texts = world.config.replies.texts["en"]["moved_to_private"]
    assert lines.all_inner_texts() in [[one.text] for one in texts if not one.named]
