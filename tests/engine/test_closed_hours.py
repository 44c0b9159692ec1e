"""What is said while nobody is there: once in a thread and closed period, and seldom to one person."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from support.world import ROOT, World

from bridge.core.calendars import DAYS
from bridge.core.opening import told

RULES = """
rules:
  - name: greeting
    when: {text: {any_of: [hello]}}
    then: {reply: {public: greeted, cooldown: 1h}}
  - name: aloud
    when: {kind: comment, text: {any_of: [anybody]}}
    then: {reply: {public: away, when: closed}}
  - name: night
    when: {business_hours: closed, text: {any_of: [broken]}}
    then:
      escalate: {priority: high}
      reply: {private: away, when: closed}
  - name: default
    then: {ignore: nothing-to-do}
"""
WORDS = """
away:
  plain: ["We are back {opens}."]
greeted:
  plain: ["Welcome.", "Good to see you."]
"""


START = datetime.now(UTC)


def opening(days: int) -> datetime:
    """Nine in the morning, so many days from the start: three or more, which are told by their weekday."""
    return (START + timedelta(days=days)).replace(hour=9, minute=0)


def hours(days: int) -> str:
    """A calendar that is open once a week, from then on."""
    day = DAYS[opening(days).weekday()]
    return f'calendars: {{default: {{time_zone: UTC, hours: {{{day}: "09:00-17:00"}}}}}}'


def back(days: int) -> str:
    """The words of one who is back then."""
    return f"We are back {told(opening(days), START, UTC, 'en')}."


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    files = {"calendars.yaml": hours(3)}
    for language, words in {"en": WORDS, "pl": WORDS.replace("We are back", "Wracamy")}.items():
        name = f"replies/{language}.yaml"
        files[name] = (ROOT / "mappings" / name).read_text("utf-8") + words
    with World(workers=1, rules=RULES, files=files) as world:
        yield world


def chat(world: World, text: str, person: str = "Ola", **more: object) -> None:
    world.message("messenger", person, text, **more)
    world.calm()


def test_who_writes_at_night_hears_once_when_somebody_is_there(world: World) -> None:
    chat(world, "It is broken")
    number = world.opened("It is broken")
    assert world.ticket(number)["priority"] == "high"
    assert world.texts() == [back(3)]
    chat(world, "Very broken")
    chat(world, "Hm")
    assert world.texts() == [back(3)]
    chat(world, "Mine is broken as well", person="Ela")
    assert world.texts() == [back(3), back(3)]


def test_a_restart_and_a_lost_answer_make_it_no_second_one(world: World) -> None:
    world.fault("meta", method="POST", path="/messages$", effect="drop_after", times=1)
    chat(world, "It is broken")
    assert world.texts() == [back(3)]
    world.kill_workers()
    world.message("messenger", "Ola", "Is somebody there, it is broken")
    world.start_worker()
    world.opened("Is somebody there")
    world.calm()
    assert world.texts() == [back(3)]


def test_a_comment_hears_it_only_where_public_words_are_asked_for(world: World) -> None:
    world.comment("Ana", "My parcel is broken")
    world.opened("My parcel is broken")
    world.calm()
    assert world.texts() == []
    world.comment("Tom", "Is anybody there")
    world.until(lambda: world.texts() == [back(3)], "public words")
    world.calm()
    assert world.texts() == [back(3)]


def test_who_talks_with_a_person_does_not_hear_it(world: World) -> None:
    chat(world, "a word")
    world.sandbox.post(
        "staff/message", {"channel": "messenger", "person": "Ola", "text": "We called you."}
    )
    world.calm()
    chat(world, "but it is broken")
    world.opened("but it is broken")
    chat(world, "mine is broken", person="Ela")
    assert world.texts() == [back(3)]


@pytest.mark.parametrize(
    ("days", "unsaid"), [(5, [["away", "somebody has been there since"]]), (1, [])]
)
def test_what_is_handled_after_somebody_was_there_hears_nothing(
    world: World, days: int, unsaid: list[list[str]]
) -> None:
    world.message("telegram", "Olek", "It is broken", ago=days * 86400)
    world.opened("It is broken")
    world.calm()
    (one,) = (one for one in world.bridge.decisions() if one["rule"])
    assert one["unsaid"] == unsaid
    command = [sys.executable, "-m", "bridge", "why", one["id"]]
    why = subprocess.run(command, env=world.environ, capture_output=True, text=True, timeout=60)
    told = "Not said: away, for somebody has been there since."
    assert (told in why.stdout) is bool(unsaid)
    assert 'business_hours "closed"' in why.stdout
    assert world.texts() == ([] if unsaid else [back(3)])


def test_in_the_next_closed_period_an_open_ticket_says_it_again(world: World) -> None:
    chat(world, "It is broken")
    world.opened("It is broken")
    assert world.texts() == [back(3)]
    path = Path(world.environ["BRIDGE_MAPPINGS"]) / "calendars.yaml"

    def version() -> str:
        ready = requests.get(f"{world.url}/readyz", timeout=20).json()
        return str((ready["rules"] or {}).get("version") or "")

    before = world.until(version, "a calendar in force")  # Redis has just been emptied
    try:
        path.write_text(hours(4))
        world.until(lambda: version() not in ("", before), "another calendar in force")
        chat(world, "Thank you!")
        assert world.texts() == [back(3)]
        chat(world, "Still nobody")
        assert world.texts() == [back(3), back(4)]
        chat(world, "Still")
        assert world.texts() == [back(3), back(4)]
    finally:
        changed = version()
        path.write_text(hours(3))
        world.until(lambda: version() != changed, "the first calendar in force")


def test_automatic_words_with_a_cooldown_come_to_a_person_once_wherever_they_write(
    world: World,
) -> None:
    world.comment("Ana", "hello")
    world.until(lambda: len(world.texts()) == 1, "a greeting")
    world.comment("Ana", "hello again")
    world.calm()
    assert len(world.texts()) == 1
    world.comment("Tom", "hello you")
    world.until(lambda: len(world.texts()) == 2, "a greeting of somebody else")
    world.calm()
    assert len(world.texts()) == 2
