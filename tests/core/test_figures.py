"""Numbers after the fact: what counts where, and that what is not known is not zero."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.core import receipt
from bridge.core.calendars import Calendar
from bridge.core.deeds import Deeds, Said, Turn, Wait, Words
from bridge.core.figures import BY, ENDS, figures, high, middle
from bridge.core.model import Author, Change, Kind, Message, Visibility
from bridge.core.stored import message_out, moment_out

NOW = datetime(2026, 11, 20, 17, tzinfo=UTC)  # a Friday
NINE_TO_FIVE = Calendar(week=(((540, 1020),),) * 5 + ((), ()))
T = NOW.timestamp()


def said(name: str, ago: float = 3600, **more: Any) -> Said:
    usual = Said(
        id=name, at=T - ago, late=1.0, connection="meta", channel="facebook", account="1",
        kind="comment", room="r", ticket="", end="ignored", step="", reason="praise", rule="praise",
        mood="neutral", post="", link=None,
    )  # fmt: skip
    return usual._replace(**more)


def opened(name: str, ago: float = 3600, **more: Any) -> Said:
    ticket = {"end": "escalated", "step": "opened", "ticket": f"zendesk:{name}", "rule": "refund"}
    return said(name, ago, **{**ticket, "reason": "", **more})


def wait(of: str, took: float | None = None, ago: float = 3600, **more: Any) -> Wait:
    at = T - ago
    answered = at + took if took is not None else None
    result = "" if took is None else "in_time" if took <= 3600 else "late"
    return Wait(f"w{of}", of, at, at + 3600, answered, result)._replace(**more)


def told(deeds: Deeds, by: str = "channel", hours: Calendar | None = None) -> dict[str, Any]:
    return figures(deeds, by, NOW, lambda one: hours)


def row(deeds: Deeds, hours: Calendar | None = None) -> dict[str, Any]:
    (found,) = told(deeds, "channel", hours)["groups"]
    return dict(found)


# --- counting --------------------------------------------------------------------------------------


def test_every_message_has_one_end_and_each_group_adds_up() -> None:
    deeds = Deeds(said=[said(name, end=name, channel=name[:1]) for name in ENDS])
    for by in BY:
        found = told(deeds, by)
        assert sum(one["messages"] for one in found["groups"]) == len(ENDS)
        for one in (*found["groups"], found["all"]):
            assert sum(one[name] for name in ENDS) == one["messages"]


def test_only_what_is_ignored_is_ignored_because_of_something() -> None:
    deeds = Deeds(
        said=[said("a"), said("b"), said("c", reason="spam"), said("d", end="muted", reason="muted: x")]
    )  # fmt: skip
    assert row(deeds)["ignored_because"] == {"praise": 2, "spam": 1}


def test_the_share_of_negative_ones_is_of_those_whose_mood_is_known() -> None:
    moods = ["negative", "positive", "neutral", "neutral", "unknown"]
    deeds = Deeds(said=[said(f"{at}", mood=name) for at, name in enumerate(moods)])
    assert (row(deeds)["negative"], row(deeds)["negative_share"]) == (1, 0.25)
    nobody_knows = row(Deeds(said=[said("a", mood="unknown")]))
    assert (nobody_knows["negative"], nobody_knows["negative_share"]) == (None, None)


@pytest.mark.parametrize(
    ("values", "half", "most"),
    [([5.0], 5, 5), ([1.0, 2.0, 3.0, 100.0], 2, 100), ([*map(float, range(1, 11))], 6, 9), ([], None, None)],
)  # fmt: skip
def test_the_median_and_what_nine_in_ten_were_within(
    values: list[float], half: int | None, most: int | None
) -> None:
    assert middle(values) == half
    assert high(values) == most


# --- answers ---------------------------------------------------------------------------------------


def test_answers_are_timed_and_the_share_in_time_is_of_those_that_came() -> None:
    deeds = Deeds(
        said=[opened("1"), opened("2"), opened("3"), opened("4"), said("5")],
        waits=[wait("1", 600), wait("2", 1200), wait("3", 7200), wait("4", ago=7200)],
    )
    found = row(deeds)
    assert (found["promised"], found["in_time"], found["late"], found["overdue"]) == (4, 2, 1, 1)
    assert found["in_time_share"] == 0.6667
    assert (found["answers"], found["answer_median"], found["answer_p90"]) == (3, 1200, 7200)
    assert (found["business_median"], found["business_p90"]) == (None, None)  # nobody set any


def test_nobody_who_still_has_time_is_overdue() -> None:
    found = row(Deeds(said=[opened("1")], waits=[wait("1", ago=60)]))
    assert (found["promised"], found["overdue"], found["in_time_share"]) == (1, 0, None)


def test_business_time_leaves_the_weekend_out() -> None:
    friday_four = 3600.0
    monday_ten = 3 * 86400 - 7 * 3600 + friday_four
    deeds = Deeds(said=[opened("1", friday_four)], waits=[wait("1", monday_ten, friday_four)])
    found = row(deeds, NINE_TO_FIVE)
    assert (found["answer_median"], found["business_median"]) == (monday_ten, 2 * 3600)


def test_what_was_found_too_late_is_counted_apart_and_in_no_time() -> None:
    deeds = Deeds(said=[opened("1", late=9000.0)], waits=[wait("1", 9100, result="found_late")])
    found = row(deeds)
    assert (found["found_late"], found["answers"], found["answer_median"]) == (1, 0, None)
    assert (found["in_time_share"], found["found_after_p90"]) == (None, 9000)


def test_who_was_never_answered_is_in_no_time() -> None:
    deeds = Deeds(said=[opened("1")], waits=[wait("1", result="unanswered")])
    found = row(deeds)
    assert (found["unanswered"], found["answers"], found["in_time_share"]) == (1, 0, None)


def test_an_answer_without_a_target_has_a_time_and_is_in_no_share() -> None:
    steps_alone = wait("1", 600, due=None, result="over")
    found = row(Deeds(said=[opened("1")], waits=[steps_alone]))
    assert (found["answer_median"], found["promised"], found["in_time_share"]) == (600, 0, None)


def test_negative_ones_are_timed_against_the_rest() -> None:
    deeds = Deeds(
        said=[opened("1", mood="negative"), opened("2", mood="positive"), opened("3", mood="unknown")],
        waits=[wait("1", 7200), wait("2", 600), wait("3", 800)],
    )  # fmt: skip
    found = told(deeds, "mood")
    assert [(one["group"], one["answer_median"]) for one in found["groups"]] == [
        ("positive", 600), ("negative", 7200), ("unknown", 800),
    ]  # fmt: skip
    assert (found["rest"]["answer_median"], found["all"]["answer_median"]) == (700, 800)
    assert "rest" not in told(deeds, "channel")


# --- tickets ---------------------------------------------------------------------------------------


def turn(ago: float, *, over: bool, ticket: str = "zendesk:1") -> Turn:
    return Turn(ticket, T - ago, over)


def test_a_ticket_is_solved_when_it_stays_so() -> None:
    turns = [
        turn(3000, over=True),
        turn(2900, over=True),
        turn(2000, over=False),
        turn(600, over=True),
    ]
    found = row(Deeds(said=[opened("1")], turns=turns))
    assert (found["solved"], found["solved_median"], found["reopened"]) == (1, 3000, 1)
    found = row(Deeds(said=[opened("1")], turns=turns[:3]))
    assert (found["solved"], found["solved_median"], found["reopened"]) == (0, None, 1)


def test_a_customers_words_open_it_again_and_the_helpdesks_echo_counts_no_second_time() -> None:
    again = said("2", 1000, end="appended", step="reopened", ticket="zendesk:1", reason="", rule="")
    deeds = Deeds(
        said=[opened("1"), again], turns=[turn(2000, over=True), turn(990, over=False), turn(500, over=False)]
    )  # fmt: skip
    assert row(deeds)["reopened"] == 1


def test_another_tickets_turns_and_those_before_it_are_none_of_it() -> None:
    turns = [turn(9000, over=True), turn(100, over=True, ticket="freshdesk:1")]
    found = row(Deeds(said=[opened("1")], turns=turns))
    assert (found["solved"], found["reopened"]) == (0, 0)


def test_without_a_ticket_nobody_knows_of_reopenings() -> None:
    found = row(Deeds(said=[said("1")]))
    assert (found["reopened"], found["solved_median"]) == (None, None)


# --- groups ----------------------------------------------------------------------------------------


def test_what_comes_on_a_ticket_belongs_to_the_rule_that_opened_it() -> None:
    more = said("2", end="appended", ticket="zendesk:1", rule="", room="r")
    stranger = said("3", end="appended", ticket="zendesk:9", rule="")
    found = told(Deeds(said=[opened("1"), more, stranger]), "rule")["groups"]
    assert [(one["group"], one["messages"]) for one in found] == [("refund", 2), (None, 1)]


def test_groups_are_in_the_order_of_their_size_and_what_has_none_is_last() -> None:
    deeds = Deeds(said=[said("1"), said("2"), said("3"), said("4", post="p"), opened("5", post="q", link="l"),
                        opened("6", post="q")])  # fmt: skip
    found = told(deeds, "post")["groups"]
    assert [(one["group"], one["link"]) for one in found] == [
        ("facebook:q", "l"), ("facebook:p", None), (None, None),
    ]  # fmt: skip
    assert [one["group"] for one in told(deeds, "desk")["groups"]] == ["zendesk", None]


def words(of: str, ago: float = 10, *, code: str = "", automatic: bool = True) -> Words:
    return Words("r", of, T - ago, automatic, code)


def test_words_count_where_the_message_does_that_they_are_for() -> None:
    deeds = Deeds(
        said=[opened("1", 3600, channel="facebook"), said("2", 1800, channel="messenger"), said("3", 60, channel="x")],
        waits=[wait("1")],
        words=[
            words("1"), words("w1"), words("2", code="window_closed"),
            words("", 600, code="not_found", automatic=False),  # an agent's, after the second message
            words("", 700, automatic=False),
            words("", 9999),  # before all that is counted
        ],
    )  # fmt: skip
    rows = {one["group"]: one for one in told(deeds)["groups"]}
    assert (rows["facebook"]["automatic"], rows["facebook"]["failed"]) == (2, 0)
    assert rows["messenger"]["failed_because"] == {"not_found": 1, "window_closed": 1}
    assert (rows["messenger"]["automatic"], rows["x"]["automatic"], rows["x"]["failed"]) == (
        0,
        0,
        0,
    )


# --- what events tell ------------------------------------------------------------------------------


def taken(kind: str, doc: Mapping[str, Any], **fields: str) -> Deeds:
    deeds = Deeds()
    row = {
        "k": kind,
        "c": "zendesk",
        "at": str(T * 1000),
        "room": "r",
        "doc": json.dumps(doc),
        **fields,
    }
    deeds.take("e", row, NOW - timedelta(days=1))
    return deeds


def message(**more: Any) -> dict[str, Any]:
    usual = Message(
        channel="facebook", account_id="1", kind=Kind.COMMENT, external_id="c", thread_id="c",
        visibility=Visibility.PUBLIC, author=Author(id="31", name="Ana"), text="nice", dedupe="c",
        sent_at=NOW - timedelta(minutes=5), **more,
    )  # fmt: skip
    return message_out(usual)


def test_a_message_tells_its_post_and_how_late_it_was_heard() -> None:
    (one,) = taken("m", message(extra={"post": {"id": "p", "permalink_url": "https://p"}})).said
    assert (one.post, one.link, one.late) == ("p", "https://p", 300.0)
    (one,) = taken("m", message(extra={"post": {"id": "p", "url": ["?"]}})).said
    assert (one.post, one.link) == ("p", None)
    (one,) = taken("m", message(extra={"post": "p"})).said
    assert (one.post, one.link) == ("", None)


def test_what_is_no_new_message_of_a_customer_is_not_counted() -> None:
    for more in ({"own": True}, {"ignored": "test"}, {"change": Change.EDITED}):
        assert taken("m", message(**more)).said == []
    long_ago = str((T - 2 * 86400) * 1000)
    assert taken("m", message(), at=long_ago).said == []


@pytest.mark.parametrize(
    ("reason", "code"),
    [("delivered", ""), ("not delivered: window_closed", "window_closed"), ("refused later: blocked", "blocked")],
)  # fmt: skip
def test_words_were_said_or_lost(reason: str, code: str) -> None:
    (one,) = taken("s", {"reply": "acknowledged", "for": "m"}, reason=reason).words
    assert (one.of, one.automatic, one.code) == ("m", True, code)
    (one,) = taken("u", {"comment": {"id": "1"}}, reason=reason).words
    assert (one.of, one.automatic, one.code) == ("", False, code)


def test_a_private_note_and_words_that_wait_are_neither() -> None:
    assert taken("u", {"comment": {"id": "1"}}, reason="private note").words == []
    assert taken("s", {"reply": "acknowledged"}, reason="").words == []


def test_a_wait_tells_when_a_person_answered_and_while_it_lasts_nothing() -> None:
    doc = {"wait": moment_out(NOW), "due": None, "for": "m"}
    slip = {"v": 1, "outcome": "in_time", "answered": moment_out(NOW + timedelta(minutes=1))}
    (one,) = taken("s", doc, state="done", receipt=receipt.pack(slip)).waits
    assert (one.of, one.answered, one.result, one.due) == ("m", T + 60, "in_time", None)
    (one,) = taken("s", doc, state="timer", receipt=receipt.pack({"outcome": "waits"})).waits
    assert (one.answered, one.result) == (None, "")


@pytest.mark.parametrize(
    ("status", "over"),
    [("solved", True), ("closed", True), ("open", False), ("pending", False), ("deleted", None)],
)
def test_a_change_of_status_is_a_turn(status: str, over: bool | None) -> None:
    doc = {"ticket": "7", "status": status, "previous": "new", "at": moment_out(NOW)}
    assert [one.over for one in taken("u", doc).turns] == ([] if over is None else [over])
    assert taken("u", {**doc, "previous": None}).turns == []
