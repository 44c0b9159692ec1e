"""What belongs together, how many are many, and what an incident says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bridge.core import crowds
from bridge.core.conditions import condition
from bridge.core.facts import view
from bridge.core.model import Change, Kind, Message, Visibility
from bridge.core.rules import Crowd

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
CROWD = Crowd(
    name="outage", when=condition({"text": {"any_of": ["outage"]}}), over=900, at_least=3, ends_after=3600
)  # fmt: skip
MESSAGE = Message(
    channel="facebook", account_id="1067", kind=Kind.COMMENT, change=Change.CREATED, dedupe="d",
    external_id="1067_99", thread_id="1067_98", visibility=Visibility.PUBLIC, text="An outage!", author=None,
    answer={"post_id": "1067_55"},
)  # fmt: skip


def test_a_message_belongs_to_the_crowds_whose_conditions_hold() -> None:
    other = replace(CROWD, name="other", when=condition({"text": {"any_of": ["invoice"]}}))
    assert crowds.meeting([other, CROWD], view(MESSAGE)) == (CROWD,)
    assert crowds.meeting([other, CROWD], view(replace(MESSAGE, text="Hello"))) == ()


@pytest.mark.parametrize(
    ("per", "value"),
    [(None, ""), ("rule", "angry"), ("account", "facebook:1067"), ("post", "facebook:1067_55")],
)
def test_what_is_counted_together(per: str | None, value: str) -> None:
    assert crowds.apart(replace(CROWD, per=per), MESSAGE, "angry") == value


def test_a_private_message_stands_under_no_post() -> None:
    dm = replace(MESSAGE, kind=Kind.DM, visibility=Visibility.PRIVATE)
    assert crowds.apart(replace(CROWD, per="post"), dm, "angry") is None


def test_what_is_usual_raises_the_number_and_never_lowers_it() -> None:
    measured = replace(CROWD, at_least=20, times_usual=4)
    assert crowds.needed(measured, 2.0) == 20
    assert crowds.needed(measured, 7.1) == 29
    assert crowds.needed(replace(measured, times_usual=None), 7.1) == 20


def test_what_an_incident_says_of_how_it_began() -> None:
    by_itself = crowds.opening(CROWD, "", 3, None)
    assert by_itself.startswith(
        "3 messages or more within 15 minutes belong to the crowd 'outage'."
    )
    assert "It ends by itself" in by_itself
    hand = crowds.by_hand("begun", {"because": "the press writes.", "by": "Ewa"})
    begun = crowds.opening(CROWD, "", 0, None, hand)
    assert "was begun by hand by Ewa: the press writes." in begun
    assert "lasts until somebody ends it" in begun
    overflow = replace(CROWD, name="overflow", over=60)
    assert "3 tickets" not in crowds.opening(overflow, "", 3, None)
    assert crowds.opening(overflow, "", 3, None).startswith(
        "More than 2 tickets were wanted within 1 minute."
    )
    assert "more tickets than may open" in crowds.title("overflow", "")
    assert crowds.by_hand("begun", {}) == ""


def test_the_spells_of_what_is_past() -> None:
    morning = [float(10 * number) for number in range(5)]
    evening = [40_000.0, 40_001.0, 40_002.0]
    lone = [20_000.0, 21_000.0, 22_000.0]
    first, second = crowds.spells(CROWD, [*evening, *lone, *morning])
    assert (first.begun, first.ended, first.messages) == (20.0, 40.0, 5)
    assert (second.begun, second.messages) == (40_002.0, 3)


def test_fewer_than_a_crowd_are_no_spell() -> None:
    assert crowds.spells(CROWD, [0.0, 1.0, 901.0, 1801.0]) == []


def member(number: int, **more: str) -> crowds.Member:
    return crowds.Member(
        room=f"r{number % 3}", channel="Facebook", who=f"Ana {number}", text=f"words {number}",
        at=AT + timedelta(minutes=number), link=f"https://facebook.com/{number}", post="p", **more,
    )  # fmt: skip


def test_the_list_names_each_message_and_counts_those_it_has_no_room_for() -> None:
    many = [member(number) for number in range(50)]
    told = crowds.listing(many, 20)
    assert "Messages 21 to 70 of this incident" in told
    assert 'Ana 3: "words 3"' in told
    assert "Ana 45" not in told
    assert "and 10 more" in told


def test_the_summary_counts_messages_people_and_those_without_a_ticket() -> None:
    told = crowds.summary("outage", [member(0, ticket="7"), member(1), member(4)], 3, 900, False)
    assert "3 messages of 2 people; at most 3 within 15 minutes." in told
    assert "First 2026-11-22 10:00 UTC, last 2026-11-22 10:04 UTC." in told
    assert "Without a ticket of their own: 1 people." in told
    assert "https://facebook.com/0: 3" in told


def test_a_strangers_markup_stays_words() -> None:
    told = crowds.listing(
        [replace(member(1), who="<b>Ana</b>\n[x](http://evil)", text="a\u202eb")], 0
    )
    assert "\u202e" not in told
    assert len(told.splitlines()) == 2


def test_what_came_in_earlier_weeks_at_the_same_hour_makes_it_no_spell() -> None:
    week = 7 * 24 * 3600.0
    noon = 12 * 3600.0
    every = [noon + number * week + 360 * one for number in range(4) for one in range(30)]
    usual = replace(CROWD, over=3600, at_least=5, times_usual=2)
    assert (
        len(crowds.spells(usual, every)) == 2
    )  # of the first two weeks' hour nothing is known yet
    assert len(crowds.spells(replace(usual, times_usual=None), every)) == 4
