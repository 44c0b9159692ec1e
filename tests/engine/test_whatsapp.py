"""WhatsApp, end to end: people with and without a number, statuses that come late, templates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from support.world import World

from bridge.sandbox import wires

HERE = "whatsapp"
DAY = 86400
ECHO = 6  # seconds for which this world waits for a status


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    known = f'business_account: "{wires.WABA_ID}"'
    patient = {known: f"{known}, status_seconds: {ECHO}"}
    with World(workers=2, edits={"connections.yaml": patient}) as world:
        yield world


@pytest.fixture
def world(running: World) -> Iterator[World]:
    running.fresh()
    yield running
    assert running.balanced(), running.store.books()


def chat(world: World, text: str = "My parcel is broken", person: str = "Ola", **more: Any) -> int:
    world.message(HERE, person, text, **more)
    number = world.opened(text)
    world.calm()
    return number


def answered(world: World, number: int, text: str) -> dict[str, Any]:
    """What the platform holds of the agent's answer *text*, once it is there."""
    world.answer(number, text)
    world.until(lambda: text in world.texts(), f"the answer {text!r}")
    world.calm()
    (post,) = [one for one in world.spoken() if one["text"] == text]
    return post


def hide_number(world: World, person: str = "Ola", *, shown: bool = False) -> dict[str, Any]:
    return world.sandbox.post("customer/identity", {"person": person, "phone_shown": shown})


# --- to and fro ----------------------------------------------------------------------------------


def test_a_chat_becomes_a_ticket_and_is_answered_once(world: World) -> None:
    number = chat(world)
    assert world.sandbox.record("ticket")[0]["system"] == "freshdesk"
    post = answered(world, number, "It comes tomorrow.")
    assert (post["channel"], post["person"]) == (HERE, "Ola")
    assert world.texts() == ["It comes tomorrow."]
    world.sandbox.post("customer/seen", {"channel": HERE, "person": "Ola"})
    world.calm()
    assert not any("Not delivered" in one for one in world.words(number, public=False))
    assert world.tickets() == [number]


def test_what_somebody_writes_next_stands_on_the_same_ticket(world: World) -> None:
    number = chat(world)
    world.message(HERE, "Ola", "It was order 7")
    assert world.opened("It was order 7") == number


def test_a_group_is_answered_in_the_group(world: World) -> None:
    number = chat(world, chat="group")
    post = answered(world, number, "Sorry, all of you.")
    assert post["chat"] == "120363000000000001"


@pytest.mark.parametrize(
    ("kind", "name"), [("image", "image"), ("document", "receipt"), ("voice", "")]
)
def test_files_are_fetched_with_the_token_and_stand_on_the_ticket(
    world: World, kind: str, name: str
) -> None:
    number = chat(world)
    world.message(HERE, "Ola", "", **{kind: True})

    def files() -> list[str]:
        rows = world.sandbox.record("ticket_comment", ticket=number)
        return [file for row in rows for file in row["attachments"]]

    (file,) = world.until(files, "the file on the ticket")
    assert name in file
    world.calm()


def test_a_place_stands_on_the_ticket_with_its_map(world: World) -> None:
    number = chat(world)
    world.message(HERE, "Ola", "", location=True)
    world.until(lambda: any("maps.google.com" in one for one in world.words(number)))
    world.calm()


def test_what_staff_write_in_the_app_is_noted(world: World) -> None:
    number = chat(world)
    world.sandbox.post("staff/message", {"channel": HERE, "person": "Ola", "text": "Got it, Ola!"})
    assert "WhatsApp" in world.noted(number, "Got it, Ola!")
    assert world.spoken() == []


def test_edited_and_unsent_messages_are_noted(world: World) -> None:
    first = world.message(HERE, "Ola", "My parcel is broken")
    number = world.opened("My parcel is broken")
    world.calm()
    told = {"channel": HERE, "chat": first["chat"], "id": first["id"]}
    world.sandbox.post("customer/message/edit", {**told, "text": "My parcel is late"})
    assert "My parcel is late" in world.noted(number, "has edited")
    world.sandbox.post("customer/message/remove", told)
    world.noted(number, "has deleted")


# --- what became of our words ----------------------------------------------------------------------


def test_the_status_confirms_words_whose_answer_was_lost(world: World) -> None:
    number = chat(world)
    world.fault("meta", method="POST", path="/messages$", effect="drop_after", times=1)
    answered(world, number, "It comes tomorrow.")
    world.until(lambda: world.store.books()["freshdesk"]["in_progress"] == 0)
    assert world.texts() == ["It comes tomorrow."]
    assert not any("not known" in one for one in world.words(number, public=False))
    assert world.store.dead() == []


def test_without_any_status_the_agent_is_told_and_nothing_is_sent_again(world: World) -> None:
    number = chat(world)
    world.sandbox.post("settings", {"whatsapp_receipts": False})
    world.fault("meta", method="POST", path="/messages$", effect="drop_after", times=1)
    world.answer(number, "It comes tomorrow.")
    note = world.noted(number, "not known whether it arrived")
    assert "It comes tomorrow." in note
    world.calm()
    assert world.texts() == ["It comes tomorrow."]


def test_words_whose_answer_was_lost_and_that_failed_are_told_once(world: World) -> None:
    number = chat(world)
    world.sandbox.post("customer/block", {"channel": HERE, "person": "Ola", "blocked": True})
    world.fault("meta", method="POST", path="/messages$", effect="drop_after", times=1)
    world.answer(number, "Are you there?")
    assert "cannot be written to" in world.noted(number, "Not delivered")
    world.calm()
    notes = [one for one in world.words(number, public=False) if "Are you there?" in one]
    assert len(notes) == 1
    assert len(world.sandbox.record("undelivered")) == 1


def test_a_window_that_closed_unseen_is_told_later_with_the_words_and_the_way(world: World) -> None:
    number = chat(world)
    world.sandbox.post("clock", {"advance": 25 * 3600})  # the platform's clock, not ours
    world.answer(number, "It comes tomorrow.")
    note = world.noted(number, "Not delivered")
    assert "The time in which the platform allows answers here is over" in note
    assert "It comes tomorrow." in note
    assert "/template NAME" in note
    assert (
        "private answer" not in note
    )  # by our clock there is time left, but the platform has spoken
    assert world.spoken() == []


def test_somebody_who_blocked_us_is_told_to_the_agent(world: World) -> None:
    number = chat(world)
    world.sandbox.post("customer/block", {"channel": HERE, "person": "Ola", "blocked": True})
    world.answer(number, "Are you there?")
    assert "cannot be written to" in world.noted(number, "Not delivered")


# --- after the window --------------------------------------------------------------------------------


def test_after_a_day_the_agent_is_told_the_way_of_templates(world: World) -> None:
    number = chat(world, ago=25 * 3600)
    world.answer(number, "Sorry for the wait.")
    note = world.noted(number, "Not delivered")
    assert "/template NAME" in note
    assert world.spoken() == []


def test_a_template_reaches_the_person_after_a_day(world: World) -> None:
    number = chat(world, ago=25 * 3600)
    world.answer(number, "/template ticket_news pl\nOla", public=False)
    world.until(world.spoken, "the template")
    world.calm()
    (post,) = world.spoken()
    assert post["template"] == "ticket_news"
    assert post["text"].startswith("Cześć Ola, mamy wieści")
    assert "ticket_news" in world.noted(number, "The template was sent")


def test_a_template_was_never_public_so_nothing_of_it_is_taken_back(world: World) -> None:
    number = chat(world, ago=25 * 3600)
    world.answer(number, "/template ticket_news pl\nOla", public=False)
    world.noted(number, "The template was sent")
    world.calm()
    world.sandbox.post("agent/status", {"ticket": number, "status": 4})
    world.calm()
    assert not any("made private" in one for one in world.words(number, public=False))


@pytest.mark.parametrize(
    ("note", "why"),
    [
        ("/template no_such_thing en", "The platform refused the template"),
        ("/template ticket_news en", "The platform refused the template"),  # its value is missing
        ("/template", "it needs the template's name"),
    ],
)
def test_a_template_that_cannot_be_sent_is_explained(world: World, note: str, why: str) -> None:
    number = chat(world)
    world.answer(number, note, public=False)
    world.noted(number, why)
    assert world.spoken() == []


# --- who somebody is -----------------------------------------------------------------------------------


def test_a_person_without_a_number_is_answered_by_the_other_id(world: World) -> None:
    known = hide_number(world)
    number = chat(world)
    post = answered(world, number, "It comes tomorrow.")
    assert post["chat"] == known["bsuid"]


@pytest.mark.parametrize("first", [True, False])
def test_with_the_number_and_without_it_is_one_person(world: World, first: bool) -> None:
    hide_number(world, shown=first)
    number = chat(world)
    hide_number(world, shown=not first)
    world.message(HERE, "Ola", "It is me again")
    assert world.opened("It is me again") == number
    world.calm()
    answered(world, number, "We know.")
    hide_number(world, shown=first)
    world.message(HERE, "Ola", "And again")
    assert world.opened("And again") == number
    assert world.tickets() == [number]


@pytest.mark.parametrize("shown", [True, False])
def test_who_changed_the_number_is_answered_at_the_new_one(world: World, shown: bool) -> None:
    old = hide_number(world, shown=shown)
    number = chat(world)
    new = world.sandbox.post("customer/identity", {"person": "Ola", "new_number": True})
    world.calm()
    assert new["bsuid"] != old["bsuid"]
    post = answered(world, number, "It comes tomorrow.")
    assert post["chat"] == (new["phone"] if shown else new["bsuid"])
    world.message(HERE, "Ola", "Thank you, from my new number")
    assert world.opened("Thank you, from my new number") == number
    assert world.tickets() == [number]


# --- what the note tells ---------------------------------------------------------------------------------


def told(world: World, message: dict[str, Any], person: str = "999000000007") -> None:
    """One message of *person* as Meta would tell it, with what the sandbox does not play."""
    item = {"from": person, "id": f"wamid.{person}", "timestamp": "1795000000", **message}
    value = {
        "messaging_product": "whatsapp", "contacts": [{"wa_id": person, "profile": {"name": "Ewa"}}],
        "metadata": {"phone_number_id": wires.WHATSAPP_NUMBER_ID}, "messages": [item],
    }  # fmt: skip
    hooked(world, {"field": "messages", "value": value})


def hooked(world: World, change: dict[str, Any]) -> None:
    entry = {"id": wires.WABA_ID, "time": 1795000000, "changes": [change]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]})
    sent = world.sandbox.post("hooks/raw", {"system": "meta", "body": body, "sign": True})
    assert sent["statuses"] == [200]


def test_the_answers_of_a_form_and_the_advertisement_stand_in_the_note(world: World) -> None:
    answers = json.dumps({"order": "A-1001", "wish": "a refund"})
    reply = {"name": "flow", "body": "My order is broken", "response_json": answers}
    told(world, {
        "type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": reply},
        "referral": {"headline": "Autumn blend", "source_id": "77", "source_type": "ad"},
    })  # fmt: skip
    number = world.opened("My order is broken")
    note = world.noted(number, "A-1001")
    assert "a refund" in note
    assert "Autumn blend" in note
    told(world, {
        "id": "wamid.later", "type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {
            "name": "flow", "body": "Sent", "response_json": json.dumps({"street": "Main Street 1"})}},
    })  # fmt: skip
    world.noted(number, "Form, street: Main Street 1")


# --- the account -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("account_update", {"event": "DISABLED_UPDATE"}, "DISABLED_UPDATE"),
        ("message_template_status_update", {"event": "REJECTED", "message_template_name": "ticket_news"}, "ticket_news"),
        ("phone_number_quality_update", {"event": "FLAGGED"}, "FLAGGED"),
    ],
)  # fmt: skip
def test_trouble_of_the_account_is_an_operators_alarm(
    world: World, field: str, value: dict[str, Any], word: str
) -> None:
    hooked(world, {"field": field, "value": value})
    world.until(lambda: any(word in one["text"] for one in world.store.alarms().values()))


def test_ordinary_news_of_the_account_alarm_nobody(world: World) -> None:
    hooked(world, {"field": "message_template_status_update",
                   "value": {"event": "APPROVED", "message_template_name": "ticket_news"}})  # fmt: skip
    world.until(lambda: world.store.books()["meta"]["ignored"])
    world.calm()
    assert world.store.alarms() == {}
