"""Words for closed hours: said where, to whom and until when; each reason with its twin."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bridge.core.calendars import Calendar, Clock
from bridge.core.closed import fitting
from bridge.core.facts import View
from bridge.core.rules import Decision, Reply

WARSAW = ZoneInfo("Europe/Warsaw")
OFFICE = Calendar(zone=WARSAW, week=(((540, 1020),),) * 5 + ((), ()))
MINUTE = timedelta(minutes=1)
AWAY = Reply("private", "away", when="closed")
PLAIN = Reply("private", "hello")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=WARSAW)


NIGHT, MONDAY = at("2026-11-20 20:00"), at("2026-11-23 09:00")  # Friday night


def seen(moment: datetime = NIGHT, **facts: Any) -> View:
    usual = {"text": "hello", "kind": "dm", "visibility": "private"}
    return View({**usual, **facts}, clock=Clock(OFFICE, moment))


def said(view: View, *, now: datetime = NIGHT, answered: datetime | None = None) -> Decision:
    decision = Decision(rule="any", outcome="reply", replies=(AWAY,))
    return fitting(decision, view, now, answered)


def test_in_a_closed_hour_the_words_are_said_until_somebody_is_there() -> None:
    decision = said(seen())
    assert [(one.name, one.until) for one in decision.replies] == [("away", MONDAY)]
    assert decision.outcome == "reply"
    assert decision.unsaid == ()


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"kind": "review"}, "it is a review"),
        ({"visibility": "public"}, "it is for what was written in private"),
        ({"standby": True}, "a bot has the talk"),
        ({"is_bot": True}, "a bot has the talk"),
        ({"author.label": ["troll"]}, "the author is labelled troll"),
        ({"incident": True}, "an incident lasts"),
    ],
)
def test_where_they_are_out_of_place_they_are_not_said_and_why(
    facts: dict[str, Any], why: str
) -> None:
    decision = said(seen(**facts))
    assert decision.replies == ()
    assert decision.unsaid == (("away", why),)
    assert decision.outcome == "none"


@pytest.mark.parametrize(
    "facts", [{"kind": "comment"}, {"standby": False}, {"author.label": ["vip"]}]
)
def test_whom_nothing_speaks_against_they_are_said(facts: dict[str, Any]) -> None:
    assert said(seen(**facts)).replies


def test_public_words_are_said_in_public_alone() -> None:
    aloud = Decision(rule="any", outcome="reply", replies=(Reply("public", "away", when="closed"),))
    public = seen(kind="comment", visibility="public")
    assert fitting(aloud, public, NIGHT).replies
    assert not fitting(aloud, seen(), NIGHT).replies


def test_in_open_hours_only_the_other_words_are_said() -> None:
    noon = at("2026-11-20 12:00")
    both = Decision(rule="any", outcome="reply", replies=(PLAIN, AWAY))
    decision = fitting(both, seen(noon), noon)
    assert decision.replies == (PLAIN,)
    assert decision.unsaid == (("away", "somebody is there"),)
    assert decision.outcome == "reply"


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ("2026-11-22 23:00", True),  # the same closed weekend
        ("2026-11-23 09:00", False),  # open again
        ("2026-11-23 20:00", False),  # the next night
    ],
)
def test_words_that_come_too_late_are_not_said(now: str, words: bool) -> None:
    assert bool(said(seen(), now=at(now)).replies) is words


@pytest.mark.parametrize(("minutes", "words"), [(59, False), (60, True)])
def test_who_is_in_a_talk_with_a_person_does_not_hear_them(minutes: int, words: bool) -> None:
    decision = said(seen(), answered=NIGHT - minutes * MINUTE)
    assert bool(decision.replies) is words
    assert bool(decision.unsaid) is not words


def test_what_else_the_rule_does_is_done_all_the_same() -> None:
    noon = at("2026-11-20 12:00")
    told = Decision(rule="any", outcome="reply", replies=(AWAY,), notify=("lead",))
    assert fitting(told, seen(noon), noon).outcome == "notify"
    opened = Decision(rule="any", outcome="escalate", replies=(AWAY,))
    assert fitting(opened, seen(noon), noon).outcome == "escalate"
    plain = Decision(rule="any", outcome="reply", replies=(PLAIN,))
    assert fitting(plain, seen(noon), noon) is plain
