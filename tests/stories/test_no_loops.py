"""Stories 6, 7 and 8: our own words start nothing, machines do not talk for ever, notes stay inside."""

from __future__ import annotations

from typing import Any

import pytest
from support.people import PLACES, case, deliver, say
from support.world import World

# --- our own words ---------------------------------------------------------------------------------


ANSWER = "It is broken? We are sorry, {}."


def started(world: World) -> dict[str, int]:
    """A ticket of Ana's from each place."""
    for place in PLACES:
        say(world, place, f"It is broken, said on {place}.", f"Ana of {place}")
    numbers = {place: world.opened(f"It is broken, said on {place}.") for place in PLACES}
    world.calm()
    return numbers


def answered_once(world: World, numbers: dict[str, int]) -> None:
    """Each answer stands on its platform once, and nothing came of any."""
    world.calm()
    assert sorted(world.texts()) == sorted(ANSWER.format(place) for place in PLACES)
    assert sorted(world.tickets()) == sorted(numbers.values())
    for place, number in numbers.items():
        # Neither as the customer's words nor as a colleague's; at most as what may not have arrived.
        rows = [one["text"] for one in world.ticket(number)["comments"] if one["by"] != "agent"]
        told = [one for one in rows if ANSWER.format(place) in one]
        assert all(one.startswith("Held back, not sent again") for one in told), told


def test_our_own_answers_that_come_back_start_nothing(world: World) -> None:
    """Story 6: by their id, by the page that wrote them, by `is_echo`; and again and again."""
    numbers = started(world)
    for place, number in numbers.items():
        world.answer(number, ANSWER.format(place))
        world.until(lambda: len(world.texts()) == list(numbers).index(place) + 1)  # noqa: B023
        world.sandbox.idle()
        if place != "telegram":  # which tells a bot nothing of its own words
            world.sandbox.post("hooks/again", {"system": "meta", "copies": 8})
    answered_once(world, numbers)


@pytest.mark.parametrize("echo", ["before", "after"])
def test_our_own_answers_are_known_though_the_platforms_word_for_them_was_lost(
    world: World, echo: str
) -> None:
    """Story 6: no id is known to us when the echo comes, before or after we have looked."""
    numbers = started(world)
    if echo == "after":
        world.sandbox.post("hooks/hold", {"system": "meta"})
    world.sandbox.post("faults", {"method": "POST", "effect": "drop_after", "times": 7,
                       "path": "(comments|replies|messages|threads_publish|sendMessage)$"})  # fmt: skip
    for place, number in numbers.items():
        world.answer(number, ANSWER.format(place))
    world.until(lambda: len(world.texts()) == 7)
    # Where nobody can look the agent is told, and nothing is sent again.
    for place in ("telegram", "whatsapp") if echo == "after" else ("telegram",):
        world.noted(numbers[place], "not known whether it arrived")
    if echo == "after":
        books = world.store.books
        world.until(
            lambda: sum(books()[desk]["in_progress"] for desk in ("zendesk", "freshdesk")) == 0
        )
        world.sandbox.post("hooks/send", {"system": "meta", "together": False})
    answered_once(world, numbers)
    assert world.store.dead() == []


def _desk(place: str) -> str:
    """The helpdesk that has the tickets of *place* in the world of the stories."""
    return "freshdesk" if place in ("instagram", "instagram-chat", "whatsapp") else "zendesk"


# --- machines among themselves ---------------------------------------------------------------------


# Not WhatsApp: its limit of what one person may be sent keeps such a pair below the fuse.
@pytest.mark.parametrize("place", ["instagram-chat", "instagram"])
def test_a_bot_here_and_a_robot_there_are_stopped_and_the_others_flow(
    world: World, place: str
) -> None:
    """Story 7: an automation of the helpdesk answers every message, the customer's bot every answer."""
    number, said = case(world, place)
    more = {"reply_to": said} if place == "instagram" else {}
    for turn in range(34):
        world.answer(number, f"Thank you for message {turn}.")
        if turn % 4 == 0:  # what waits together goes as one update anyway
            say(world, place, f"This is automatic reply {turn}.", **more)
    world.noted(number, "Too many messages in a short time")
    assert "fuse" in world.store.alarms()
    say(world, place, "Mine is broken as well", "Tom")
    other = world.opened("Mine is broken as well")
    world.calm()
    assert len(world.texts()) == 30
    world.answer(other, "Tom, we are looking.")
    world.until(lambda: "Tom, we are looking." in world.texts())
    world.calm()
    assert set(world.tickets()) == {number, other}


def test_a_rule_of_the_helpdesk_that_fires_at_our_own_writes_stops_at_once(world: World) -> None:
    """Story 7: Freshdesk's rules see our notes as an agent's; each is a hint about ourselves."""
    number, _ = case(world, "whatsapp")
    for turn in range(5):
        say(world, "whatsapp", f"and another thing, {turn}")
        world.opened(f"and another thing, {turn}")
    world.calm()
    hooks = len(world.sandbox.record("webhook", system="freshdesk"))
    world.calm()
    assert len(world.sandbox.record("webhook", system="freshdesk")) == hooks
    assert world.spoken() == []
    assert world.tickets() == [number]


# --- what is private stays private -----------------------------------------------------------------------


@pytest.mark.parametrize("place", ["facebook", "messenger", "instagram", "whatsapp"])
def test_private_notes_never_leave(world: World, place: str) -> None:
    """Story 8: a note, one with a picture, one that looks public, one that names the customer."""
    number, _ = case(world, place)
    world.answer(number, "between us: she is right", public=False)
    world.answer(number, "the picture", public=False, attachment=True)
    world.answer(number, "internal", public=False, html="<p>public: <b>internal</b></p>")
    world.answer(number, "  /dmx is no command, and this is for nobody", public=False)
    world.calm()
    assert world.spoken() == []
    assert world.sandbox.record("message_edited") == []


@pytest.mark.parametrize("place", ["messenger", "whatsapp"])
def test_an_answer_made_private_or_deleted_before_it_went_out_stays(
    world: World, place: str
) -> None:
    """Story 8: public first, then not."""
    number, _ = case(world, place)
    desk = _desk(place)
    world.sandbox.post("hooks/hold", {"system": desk})
    world.answer(number, "Oops, wrong customer: she owes us 500.")
    said = world.sandbox.record("ticket_comment", ticket=number, public=True)[-1]
    how = "make_private" if desk == "zendesk" else "remove"
    world.sandbox.post(f"agent/{how}", {"ticket": number, "comment": said["id"]})
    world.sandbox.post("hooks/send", {"system": desk, "together": False, "order": "reversed"})
    world.calm()
    assert world.spoken() == []


def zendesk_comment(
    number: int, ident: int, author: Any, actor: Any, **comment: Any
) -> dict[str, Any]:
    """What Zendesk would tell of a comment."""
    return {
        "type": "zen:event-type:ticket.comment_added", "id": f"01J{ident}", "account_id": 1,
        "subject": f"zen:ticket:{number}", "time": "2026-11-22T10:00:00Z",
        "zendesk_event_version": "2022-11-06",
        "detail": {"id": str(number), "actor_id": actor, "is_public": True, "status": "OPEN"},
        "event": {"comment": {"id": str(ident), "body": f"Words {ident}", "author": author, **comment}},
    }  # fmt: skip


def test_where_it_is_not_known_that_words_are_public_they_are_private(world: World) -> None:
    """Story 8: unknown visibility, and a note written by an automation."""
    number, _ = case(world, "messenger")
    agent = str(world.sandbox.get("state")["zendesk"]["agents"][0]["id"])
    staff = {"id": agent, "is_staff": True, "name": "Sam"}
    for ident, told in enumerate(
        ({}, {"is_public": None}, {"is_public": "true"}, {"is_public": 1}), 900
    ):
        deliver(world, zendesk_comment(number, ident, staff, agent, **told), "zendesk")
    for ident, author in enumerate(({"id": "-1", "is_staff": True}, {"id": "0"}, None), 910):
        private = zendesk_comment(number, ident, author, "-1", is_public=False)
        deliver(world, private, "zendesk")
    nobody = zendesk_comment(number, 920, None, None, is_public=True)  # not said to be staff
    deliver(world, nobody, "zendesk")
    world.calm()
    assert world.spoken() == []
    assert world.store.dead() == []


def test_a_hint_from_freshdesk_is_never_words(world: World) -> None:
    """Story 8: its webhook is not signed; whatever stands in it, only what the ticket shows counts."""
    number, _ = case(world, "whatsapp")
    world.answer(number, "between us", public=False)
    hint = {"bridge": 1, "ticket_id": str(number), "actor": "sam@acme.example"}
    for more in (
        {"comment": "between us", "public": True},
        {"note": "between us", "private": "false"},
    ):
        deliver(world, {**hint, **more}, "freshdesk")
    world.calm()
    assert world.spoken() == []
