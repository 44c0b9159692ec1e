"""The time in which a platform allows answers: told on the ticket, reminded of, waited for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from support.world import World

from bridge.store import PREFIX

HOUR, DAY = 3600, 86400
# How long a person may answer on each of these channels.
REACH = {"messenger": 7 * DAY, "instagram": 7 * DAY, "whatsapp": DAY}
LABELS = {"messenger": "Messenger", "instagram": "Instagram", "whatsapp": "WhatsApp"}
LEAD = 2 * HOUR  # before the end the agent is reminded: what the shipped maps say
SOON, LATER = 6, 15  # seconds: for what waits for a reminder, and for what is done before one
REMINDED = "The customer waits for an answer"


def chat(world: World, channel: str, text: str = "My parcel is broken", **more: object) -> int:
    world.message(channel, "Ola", text, **more)
    return world.opened(text)


def waiting(world: World, left: float, who: str = "Ola") -> dict[str, int]:
    """On each channel a ticket of *who*, of whom the agent is to be reminded in *left* seconds."""
    for channel, reach in REACH.items():
        world.message(channel, who, f"{who}: broken, on {channel}", ago=reach - LEAD - left)
    return {channel: world.opened(f"{who}: broken, on {channel}") for channel in REACH}


def reminders(world: World, number: int) -> list[str]:
    return [one for one in world.words(number, public=False) if REMINDED in one]


def held(world: World) -> int:
    return world.store.books().get("bridge", {}).get("parked", 0)


def clock(seconds: float) -> str:
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%d}"


# --- what the note says ------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", REACH)
def test_the_note_says_until_when_a_person_and_a_machine_can_answer(
    world: World, channel: str
) -> None:
    number = chat(world, channel)
    note = world.noted(number, f"private answer on {LABELS[channel]} until {clock(REACH[channel])}")
    if channel == "whatsapp":
        assert "automatic" not in note
        assert "approved template on WhatsApp, at any time" in note
    else:
        assert f"(automatic messages until {clock(DAY)}" in note
        assert "template" not in note
    world.calm()


@pytest.mark.parametrize("channel", ["messenger", "instagram"])
def test_after_a_day_the_note_says_that_a_person_must_write(world: World, channel: str) -> None:
    number = chat(world, channel, ago=2 * DAY)
    note = world.noted(number, f"private answer on {LABELS[channel]} until {clock(5 * DAY)}")
    assert "(written by a person)" in note
    world.calm()


@pytest.mark.parametrize("channel", REACH)
def test_after_the_window_the_note_says_what_is_left(world: World, channel: str) -> None:
    number = chat(world, channel, ago=8 * DAY)
    way = "approved template" if channel == "whatsapp" else "No answer is possible from here now"
    assert "private answer" not in world.noted(number, way)
    world.calm()


@pytest.mark.parametrize(
    ("channel", "private"), [("facebook", "Facebook"), ("instagram", "Instagram")]
)
def test_the_note_on_a_comment_names_the_public_and_the_one_private_answer(
    world: World, channel: str, private: str
) -> None:
    world.comment("Ana", "My order is broken", channel=channel)
    number = world.opened("My order is broken")
    note = world.noted(number, f"one private answer on {private} until {clock(7 * DAY)}")
    assert f"public answer on {private};" in note
    world.calm()


# --- reminders -----------------------------------------------------------------------------------------


def test_the_agent_is_reminded_once_before_the_window_closes(world: World) -> None:
    tickets = waiting(world, SOON)
    for channel, number in tickets.items():
        note = world.noted(number, REMINDED)
        assert f"answer on {LABELS[channel]}; it is possible until {clock(LEAD)}" in note
    world.calm()
    for channel, number in tickets.items():
        assert len(reminders(world, number)) == 1, channel


def test_who_waits_no_more_is_no_reason_to_remind(world: World) -> None:
    tickets = {who: waiting(world, LATER, who) for who in ("Ola", "Ewa", "Iga")}
    for channel in REACH:
        world.answer(tickets["Ola"][channel], f"Sorry, you on {channel}.")
        status = {"status": 4} if channel == "whatsapp" else {"status": "solved"}
        world.sandbox.post("agent/status", {"ticket": tickets["Ewa"][channel], **status})
        body = {"channel": channel, "person": "Iga", "text": "We called you."}
        world.sandbox.post("staff/message", body)
    world.calm()  # which waits for the reminders, too
    for who, found in tickets.items():
        for channel, number in found.items():
            assert reminders(world, number) == [], (who, channel)


def test_a_customer_who_goes_on_writing_brings_one_reminder(world: World) -> None:
    tickets = waiting(world, SOON)
    for count in range(4):
        for channel, reach in REACH.items():
            ago = reach - LEAD - SOON - count
            world.message(channel, "Ola", f"{count}: still broken", ago=ago)
    for number in tickets.values():
        world.noted(number, REMINDED)
    world.calm()
    for channel, number in tickets.items():
        assert len(reminders(world, number)) == 1, channel


def test_words_that_came_late_leave_less_time_and_the_agent_is_reminded_still(
    world: World,
) -> None:
    number = chat(world, "whatsapp", ago=REACH["whatsapp"] - 6)
    world.noted(number, REMINDED)
    world.calm()
    assert len(reminders(world, number)) == 1


@pytest.fixture(scope="module")
def silent() -> Iterator[World]:
    never = {"remind_hours: 2": "remind_hours: 0"}
    nothing = {"\nrules:\n": "\ntarget: false\nrules:\n"}
    edits = {"zendesk.yaml": never, "freshdesk.yaml": never, "rules.yaml": nothing}
    with World(workers=1, edits=edits) as world:
        yield world


def test_without_hours_nobody_is_reminded(silent: World) -> None:
    tickets = waiting(silent, 1)
    silent.calm()
    for channel, number in tickets.items():
        assert reminders(silent, number) == [], channel
    with silent.redis.client() as client:
        assert client.zcard(PREFIX + "due") == 0  # and nothing waits for its time
    assert silent.balanced()


# --- notices behind a closed window ------------------------------------------------------------------------

CLOSED = 2 * DAY  # for automatic words


def solved(world: World, number: int, channel: str) -> None:
    status = {"status": 4} if channel == "whatsapp" else {"status": "solved"}
    world.sandbox.post("agent/status", {"ticket": number, **status})
    world.until(lambda: held(world), "the notice is held")
    world.calm()


@pytest.mark.parametrize("channel", REACH)
def test_a_notice_behind_a_closed_window_goes_when_the_customer_writes_again(
    world: World, channel: str
) -> None:
    number = chat(world, channel, ago=CLOSED)
    world.calm()
    solved(world, number, channel)
    assert world.spoken() == []
    world.message(channel, "Ola", "It is still broken")  # which opens the ticket again
    assert world.opened("It is still broken") == number
    world.until(world.texts, "the notice")
    world.calm()
    assert len(world.texts()) == 1
    assert held(world) == 0


@pytest.mark.parametrize("channel", REACH)
def test_a_held_notice_does_not_go_when_a_person_has_changed_the_status(
    world: World, channel: str
) -> None:
    number = chat(world, channel, ago=CLOSED)
    world.calm()
    solved(world, number, channel)
    status = {"status": 2} if channel == "whatsapp" else {"status": "open"}
    world.sandbox.post("agent/status", {"ticket": number, **status})
    world.calm()
    world.message(channel, "Ola", "It is still broken")
    assert world.opened("It is still broken") == number
    world.until(lambda: held(world) == 0, "the notice is dropped")
    world.calm()
    assert world.spoken() == []


def test_a_held_notice_is_given_up_after_a_week(world: World) -> None:
    number = chat(world, "messenger", ago=2 * DAY)
    world.calm()
    solved(world, number, "messenger")
    (eid,) = [eid for eid, row in world.store.events() if row.get("state") == "parked"]
    lane = f"out:{world.store.event(eid)['room']}"
    before = datetime.now(UTC) - timedelta(days=8)
    with world.redis.client() as client:  # the week has gone by, and the lane's time comes
        client.hset(f"{PREFIX}e:{eid}", "held", before.isoformat())
        client.delete(f"{PREFIX}w:{lane}")
        client.zadd(PREFIX + "due", {lane: 0})
    world.until(lambda: held(world) == 0, "the notice is given up")
    assert "of no use" in world.store.event(eid)["reason"]
    assert world.spoken() == []


def test_a_notice_that_the_platform_turns_down_later_goes_when_the_customer_writes_again(
    world: World,
) -> None:
    number = chat(world, "whatsapp")
    world.calm()
    world.sandbox.post("clock", {"advance": 25 * HOUR})  # the platform's clock, not ours
    solved(world, number, "whatsapp")
    assert world.spoken() == []
    world.message("whatsapp", "Ola", "It is still broken")
    assert world.opened("It is still broken") == number
    world.until(world.texts, "the notice")
    world.calm()
    assert len(world.texts()) == 1


def test_what_waits_for_its_time_survives_workers_and_redis() -> None:
    with World(workers=1) as world:
        number = chat(world, "messenger", ago=2 * DAY)
        world.calm()
        solved(world, number, "messenger")
        world.message("instagram", "Ewa", "Mine is broken", ago=7 * DAY - LEAD - 12)
        waits = world.opened("Mine is broken")
        world.kill_workers()
        world.redis.kill()
        world.redis.start()
        world.start_worker()
        world.noted(waits, REMINDED)
        world.message("messenger", "Ola", "It is still broken")
        world.until(world.texts, "the notice")
        world.calm()
        assert len(world.texts()) == 1
        assert len(reminders(world, waits)) == 1
        assert world.balanced()
