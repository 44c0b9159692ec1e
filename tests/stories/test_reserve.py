"""Story 11 where nobody told us, and the reserve list: what else has cost bridges like this a message."""

from __future__ import annotations

import pytest
from support.people import CHATS, case, say
from support.world import World

# --- tickets that are not what we think they are ---------------------------------------------------


@pytest.mark.parametrize("place", ["messenger", "whatsapp"])
@pytest.mark.parametrize("how", ["close", "delete"])
def test_words_for_a_ticket_that_ended_behind_our_back_are_not_lost(
    world: World, place: str, how: str
) -> None:
    """Story 11: closed or deleted, and the helpdesk's word of it did not reach us."""
    desk = "freshdesk" if place == "whatsapp" else "zendesk"
    number, _ = case(world, place)
    world.sandbox.post("hooks/hold", {"system": desk})
    if how == "close":
        status = "closed" if desk == "zendesk" else 5
        world.sandbox.post("agent/status", {"ticket": number, "status": status})
    else:
        world.sandbox.post("agent/delete", {"ticket": number})
    say(world, place, "The second one is broken, too")
    there = world.opened("The second one is broken, too")
    world.sandbox.post("hooks/send", {"system": desk, "together": False})
    world.calm()
    if how == "delete" or desk == "zendesk":  # Freshdesk's closed tickets can be opened again
        assert there != number
    # And what an agent answers there reaches her.
    world.answer(there, "Ana, a new one is coming.")
    world.until(lambda: "Ana, a new one is coming." in world.texts())
    world.calm()
    assert len(world.texts()) == 1
    assert world.store.dead() == []


# --- long answers ------------------------------------------------------------------------------------

LONG = {"messenger": 2000, "instagram-chat": 1000, "telegram": 4096, "whatsapp": 4096}
SENDING = "(messages|sendMessage)$"


def parts(world: World, place: str) -> tuple[int, str]:
    """A case in *place* and an answer that needs three messages there."""
    number, _ = case(world, place)
    sentence = "We are very sorry about this and will send you a new one. "
    return number, (sentence * (LONG[place] * 5 // 2 // len(sentence))).strip()


@pytest.mark.parametrize("place", CHATS)
def test_a_long_answer_whose_second_part_stumbles_goes_on_where_it_stopped(
    world: World, place: str
) -> None:
    """Reserve list: part 2 fails for a moment; no part is said twice."""
    number, text = parts(world, place)
    system = "telegram" if place == "telegram" else "meta"
    world.fault(system, method="POST", path=SENDING, effect="status", status=429, after=1, times=1,
                headers={"Retry-After": "1"},
                body={"ok": False, "error_code": 429, "parameters": {"retry_after": 1}}
                if place == "telegram" else None)  # fmt: skip
    world.answer(number, text)
    world.until(lambda: len(world.texts()) == 3)
    world.calm()
    said = " ".join(part.split(" ", 1)[1] if part[0] in "(123[" else part for part in world.texts())
    assert said.count("new one") == text.count("new one")
    assert world.store.dead() == []


@pytest.mark.parametrize("place", ["messenger", "whatsapp", "telegram"])
def test_a_long_answer_whose_second_part_is_refused_is_told_with_what_is_missing(
    world: World, place: str
) -> None:
    """Reserve list: part 2 fails for good."""
    number, text = parts(world, place)
    system = "telegram" if place == "telegram" else "meta"
    error = {"error": {"message": "no", "type": "OAuthException", "code": 100}}
    body = (
        {"ok": False, "error_code": 400, "description": "Bad Request: no"}
        if place == "telegram"
        else error
    )
    world.fault(system, method="POST", path=SENDING, effect="status", status=400, after=1, times=None,
                body=body)  # fmt: skip
    world.answer(number, text)
    note = world.noted(number, "Only 1 of 3 parts reached the customer")
    assert "new one" in note
    world.calm()
    assert len(world.texts()) == 1


# --- many at once, and one alone ---------------------------------------------------------------------


def test_a_platforms_burst_from_one_address_is_taken_whole(world: World) -> None:
    """Reserve list: no limit by address turns events away; a crisis is 300 people in one moment."""
    world.sandbox.post("hooks/hold", {"system": "meta"})
    for number in range(300):
        world.comment(f"Person {number}", f"Best coffee in town, says {number}")
    sent = world.sandbox.post("hooks/send", {"system": "meta", "together": False})
    assert sent["posts"] == 300
    world.comment("Ana", "And mine is broken")
    world.opened("And mine is broken")  # no rule holds it up behind the others
    world.calm()
    tries = world.sandbox.record("webhook", system="meta")
    assert {one["status"] for one in tries} == {200}
    assert len(tries) == 301
    assert world.store.books()["meta"]["received"] == 301


def test_a_platform_that_shuts_its_interface_takes_nobody_with_it(world: World) -> None:
    """Reserve list: Meta answers nothing but 410 and a page of HTML; the others go on."""
    number, _ = case(world, "facebook")
    world.fault("meta", effect="html", status=410, times=None)
    world.answer(number, "We are sorry.")
    assert "We are sorry." in world.noted(number, "Not delivered")
    say(world, "facebook", "This is broken, too", "Tom")
    world.opened("This is broken, too")
    other, _ = case(world, "telegram", "And this is broken", "Ola")
    world.answer(other, "Ola, we look.")
    world.until(lambda: world.texts() == ["Ola, we look."])
    world.calm()
    assert world.tickets()[0] == number
