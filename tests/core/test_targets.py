"""What a customer who waits may count on: when what comes, and what became of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridge.core.calendars import Calendar
from bridge.core.conditions import condition
from bridge.core.rules import Escalation, Outcome, Reply, Rule, Rules, decide, example_view
from bridge.core.targets import (
    NO_TARGET,
    USUAL,
    Measures,
    Promise,
    Target,
    Wait,
    course,
    does,
    plain,
    result,
    span,
    told,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)  # a Friday
LATE = Measures(tags=("late",))
SOON = Measures(notify=("team",))
WEEK = Calendar(week=(((9 * 60, 17 * 60),),) * 5 + ((), ()))  # Monday to Friday, nine to five


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def at(hour: int, minute: int = 0, day: int = 20) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


# --- the clock -----------------------------------------------------------------------------------------


def test_an_answer_is_due_within_an_hour_and_nothing_more_is_done() -> None:
    due = course(Promise(), NOON)
    assert (due.since, due.deadline, due.steps) == (NOON, at(13), ())


def test_without_a_target_nothing_is_due_and_steps_come_all_the_same() -> None:
    promise = Promise(target=NO_TARGET, waits=(Wait(after=1800, then=LATE),))
    due = course(promise, NOON)
    assert due.deadline is None
    assert [(one.at, one.why) for one in due.steps] == [(at(12, 30), "waited")]


def test_what_comes_stands_in_the_order_of_its_time() -> None:
    target = Target(first_answer=3600, warn_at=2700, on_warn=SOON, on_breach=LATE)
    waits = (Wait(after=7200, then=LATE), Wait(after=1800, then=SOON))
    due = course(Promise(target=target, waits=waits), NOON)
    assert [(one.at - NOON, one.why) for one in due.steps] == [
        (minutes(30), "waited"), (minutes(45), "warn"), (minutes(60), "breach"), (minutes(120), "waited"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("since", "deadline"),
    [
        (at(12), at(13)),
        (at(16, 30), at(9, 30, day=23)),  # half an hour on Friday, half an hour on Monday
        (at(20), at(10, day=23)),
        (at(11, day=21), at(10, day=23)),  # a Saturday
    ],
)
def test_a_business_clock_counts_open_hours_alone(since: datetime, deadline: datetime) -> None:
    promise = Promise(target=Target(clock="business"))
    assert promise.business
    assert course(promise, since, WEEK).deadline == deadline


def test_a_calendars_clock_counts_the_night_too() -> None:
    promise = Promise(target=Target())
    assert not promise.business
    assert course(promise, at(20), WEEK).deadline == at(21)


def test_each_step_has_its_own_clock() -> None:
    promise = Promise(waits=(Wait(after=1800, clock="business", then=LATE),))
    assert promise.business
    due = course(promise, at(20), WEEK)
    assert (due.deadline, due.steps[0].at) == (at(21), at(9, 30, day=23))


def test_nobody_is_warned_of_what_was_late_when_we_learned_of_it() -> None:
    promise = Promise(target=Target(on_warn=SOON, on_breach=LATE))
    assert [one.why for one in course(promise, NOON, found=at(12, 50)).steps] == ["warn", "breach"]
    assert [one.why for one in course(promise, NOON, found=at(13)).steps] == ["breach"]


# --- what became of it -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answered", "found", "became"),
    [
        (at(12, 59), NOON, "in_time"),
        (at(13), NOON, "in_time"),  # at the very moment
        (at(13, 1), NOON, "late"),
        (at(13, 1), at(12, 59), "late"),  # it was told late, and there was a minute left
        (at(15), at(14), "found_late"),  # nobody could have known
        (at(12, 30), at(14), "in_time"),  # answered on the platform before we knew
    ],
)
def test_an_answer_is_in_time_or_late_or_could_not_be_in_time(
    answered: datetime, found: datetime, became: str
) -> None:
    assert result(answered, at(13), found) == became


# --- what rules say --------------------------------------------------------------------------------------


def promised(*rules: Rule, target: Target = USUAL) -> Promise:
    last = Rule(name="rest", then=Outcome(escalate=Escalation()))
    found = decide(Rules(rules=(*rules, last), target=target), example_view({"text": "x"})).promise
    assert found is not None
    return found


def test_without_a_ticket_nothing_is_promised() -> None:
    ignored = Rule(name="rest", then=Outcome(ignore="x"))
    assert decide(Rules(rules=(rule(target=USUAL), ignored)), example_view({})).promise is None


def rule(name: str = "one", go_on: bool = True, **then: object) -> Rule:
    outcome = Outcome(go_on=go_on, **then)  # type: ignore[arg-type]
    return Rule(name=name, then=outcome, when=condition({"kind": "comment"}))


def test_the_target_of_the_file_holds_where_a_rule_has_none() -> None:
    half = Target(first_answer=1800)
    assert promised(target=half).target == half
    assert promised(rule(labels={"vip": 1}), target=half).target == half


def test_the_first_rule_that_has_a_target_says_it() -> None:
    quick, slow = Target(first_answer=600), Target(first_answer=7200)
    assert promised(rule("a", target=quick), rule("b", target=slow)).target == quick
    assert promised(rule("a", target=NO_TARGET), rule("b", target=slow)).target == NO_TARGET


def test_the_steps_of_all_rules_that_match_are_taken_together() -> None:
    first, second = Wait(after=60, then=LATE), Wait(after=120, then=SOON)
    assert promised(rule("a", waits=(first,)), rule("b", waits=(second,))).waits == (first, second)
    other = Rule(name="o", then=Outcome(waits=(first,)), when=condition({"kind": "dm"}))
    assert promised(other).waits == ()


# --- how it is told --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3600, "1 h"), (2700, "45 min"), (5400, "1 h 30 min"), (90061, "1 d 1 h"), (45, "45 s"), (0, "0 s")],
)  # fmt: skip
def test_a_time_is_told_in_two_words_at_most(seconds: int, words: str) -> None:
    assert span(seconds) == words


def test_the_note_tells_until_when_and_since_when() -> None:
    assert told(course(Promise(), NOON)) == (
        "An answer is due by 2026-11-20 13:00 UTC; the customer waits since 2026-11-20 12:00 UTC"
    )
    assert told(course(Promise(target=NO_TARGET), NOON)) == ""


def test_each_thing_that_is_done_is_told() -> None:
    measures = Measures(
        priority="urgent", tags=("late", "pr"), notify=("lead",), note="Look!",
        replies=(Reply("private", "still-waiting"),),
    )  # fmt: skip
    assert list(does(measures)) == [
        "priority urgent or higher", "tags late, pr", "notifies lead", "a private note",
        "says still-waiting in private",
    ]  # fmt: skip
    assert not Measures()


def test_a_receipt_keeps_what_was_promised_and_nothing_that_was_not_said() -> None:
    assert plain(Promise()) == {"target": {"first_answer": 3600, "clock": "calendar"}}
    assert plain(Promise(target=NO_TARGET)) == {"target": None}
    waits = (Wait(after=60, then=LATE, clock="business"),)
    assert plain(Promise(target=Target(on_breach=LATE), waits=waits)) == {
        "target": {"first_answer": 3600, "clock": "calendar", "on_breach": {"tags": ("late",)}},
        "wait": [{"after": 60, "clock": "business", "then": {"tags": ("late",)}}],
    }
