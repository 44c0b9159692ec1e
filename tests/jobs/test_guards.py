"""What counts as too much in public, and what waits for the agent's word."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bridge.core.mapping import HelpdeskMap
from bridge.core.rules import Caps, Rules
from bridge.jobs import guards
from bridge.jobs.room import Room
from bridge.jobs.turn import Hand
from bridge.store import Event

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PLACE = {"channel": "facebook", "account": "1", "post": "p"}


class Counted:
    """A journal that knows how much was said, and hears alarms."""

    def __init__(self, said: int = 0, alike: int = 0) -> None:
        self.counts, self.alarms, self.asked = [said, alike], list[str](), 0

    def tallied(self, seconds: int, *keys: str) -> list[int]:
        self.asked += 1
        return self.counts

    def alarm(self, name: str, text: str, lasts: float) -> None:
        self.alarms.append(text)


def hand(caps: Caps, store: Counted | None = None, **words: Any) -> Hand:
    config = SimpleNamespace(
        rules=Rules(caps=caps), maps={"zendesk": replace(HelpdeskMap(), **words)}
    )
    bridge = SimpleNamespace(config=config, store=store or Counted(), now=lambda: NOON)
    return cast(Hand, SimpleNamespace(bridge=bridge))


def room(**facts: str) -> Room:
    return Room("r", {"desk": "zendesk", "ticket": "7", "c": "meta", **facts}, {})


def event(**doc: Any) -> Event:
    return Event("e1", "bridge", 0.0, "s", doc, {}, {})


def code(
    given: Hand, text: str = "We are on it.", *, human: bool = True, where: Room | None = None,
    **doc: Any,
) -> str | None:  # fmt: skip
    every = guards.objections(given, where or room(), event(**doc), text, PLACE, human)
    return next((one.code for one in every), None)


def test_without_limits_nothing_is_asked_and_nothing_is_too_much() -> None:
    store = Counted(said=1000, alike=1000)
    assert code(hand(Caps(), store), where=room(aloud="7 1000")) is None
    assert store.asked == 0


@pytest.mark.parametrize(("said", "expected"), [("7 1", None), ("7 2", "thread_cap"), ("", None)])
def test_a_person_hears_so_many_public_answers(said: str, expected: str | None) -> None:
    assert code(hand(Caps(public_replies_per_thread=2)), where=room(aloud=said)) == expected


def test_an_agents_answer_needs_another_agent_where_the_ticket_says_so() -> None:
    here = room(approve="press")
    assert code(hand(Caps()), where=here) == "approval"
    assert code(hand(Caps()), where=here, approved="78") is None
    assert code(hand(Caps()), where=here, human=False) is None
    assert code(hand(Caps()), where=room(approve="")) is None


def test_a_new_ticket_begins_to_count_anew() -> None:
    here = room(aloud="6 9")
    assert guards.said_aloud(here) == 0
    guards.count_aloud(here)
    guards.count_aloud(here)
    assert here.facts["aloud"] == "7 2"


def test_without_a_ticket_answers_count_too() -> None:
    here = room(ticket="")
    guards.count_aloud(here)
    assert guards.said_aloud(here) == 1


def test_the_line_that_it_goes_on_in_private_is_always_said() -> None:
    caps = Caps(public_replies_per_thread=1, public_replies_per_post=1)
    given = hand(caps, Counted(said=5))
    assert code(given, human=False, where=room(aloud="7 5"), line="c1") is None
    assert code(given, human=False, where=room(aloud="7 5")) == "thread_cap"


@pytest.mark.parametrize(("said", "expected"), [(3, None), (4, "post_cap")])
def test_a_post_takes_so_many_answers(said: int, expected: str | None) -> None:
    assert code(hand(Caps(public_replies_per_post=4), Counted(said=said))) == expected


@pytest.mark.parametrize(("alike", "alarms"), [(1, 0), (2, 1)])
def test_the_same_words_too_often_are_said_with_an_alarm(alike: int, alarms: int) -> None:
    store = Counted(alike=alike)
    assert code(hand(Caps(same_answer_per_post=2), store)) is None
    assert len(store.alarms) == alarms


def test_a_first_name_makes_no_other_words_of_it() -> None:
    ana = room(author='{"name": "Ana Kowalska"}')
    tom = room(author='{"name": "Tom"}')
    said = guards.tallies(ana, "Hello Ana, it is  mended.", PLACE)
    assert guards.tallies(tom, "hello Tom, it is mended.", PLACE) == said
    assert guards.tallies(tom, "Hello Tom, it is broken.", PLACE)[1] != said[1]
    assert guards.tallies(ana, "Hello Ana, it is mended.", {**PLACE, "post": "q"})[0] != said[0]


def test_personal_data_is_an_agents_matter_and_can_be_switched_off() -> None:
    text = "Call +48 601 234 567."
    assert code(hand(Caps()), text) == "personal_data"
    assert code(hand(Caps()), text, human=False) is None
    assert code(hand(Caps(), hold_personal_data=False), text) is None
    assert code(hand(Caps(), our_contacts=("601 234 567",)), text) is None


# --- a pause between automatic texts ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("ago", "cause", "doc", "cools"),
    [
        (10, "a", {"for": "b"}, True),
        (31, "a", {"for": "b"}, False),
        (10, "a", {"for": "a"}, False),  # both ask for the same words of the customer
        (10, "a", {"for": "b", "line": "c1"}, False),
        (10, "e1", {}, False),
        (10, "a", {}, True),
    ],
)
def test_automatic_texts_keep_their_distance(
    ago: int, cause: str, doc: dict[str, str], cools: bool
) -> None:
    at = (NOON - timedelta(seconds=ago)).isoformat()
    here = room(automatic_at=at, automatic_for=cause)
    assert guards.cools(hand(Caps(cooling=30)), here, event(**doc)) is cools
    assert guards.cools(hand(Caps()), here, event(**doc)) is False
    assert guards.cools(hand(Caps(cooling=30)), room(), event(**doc)) is False


# --- what waits ----------------------------------------------------------------------------------------


def test_an_answer_that_was_taken_back_waits_no_more() -> None:
    here = room(waiting="e7")
    guards.withdraw(here, "e8")
    assert here.facts["waiting"] == "e7"
    guards.withdraw(here, "e7")
    assert here.facts["waiting"] == ""
