"""What was said, counted: what becomes an item, and what the reports make of many."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.core import receipt, reports, unanswered
from bridge.core.heard import Item, items, mood
from bridge.core.model import Author, Change, Kind, Message, Visibility
from bridge.core.stored import message_out, moment_out

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
Row = tuple[str, Mapping[str, str]]


def said(
    name: str, text: str = "nice", *, ago: timedelta = DAY, state: str = "ignored",
    reason: str = "praise", slip: Mapping[str, Any] | None = None, change: Change = Change.CREATED,
    person: str = "31", followers: int | None = None, mid: str = "", channel: str = "facebook",
    ticket: str = "", **more: Any,
) -> Row:  # fmt: skip
    """A kept event, as the engine leaves it behind."""
    at = NOW - ago
    message = Message(
        channel=channel, account_id="1", kind=more.pop("kind", Kind.COMMENT), change=change,
        external_id=name, thread_id="1_55", visibility=Visibility.PUBLIC, text=text, sent_at=at,
        author=Author(id=person, name="Ana Nowak", username=f"user{person}", followers=followers),
        permalink=f"https://example.com/{name}", dedupe=name, **more,
    )  # fmt: skip
    packed = receipt.pack({"v": 1, "outcome": "ignore", **(slip or {})})
    return name, {
        "k": "m", "c": "meta", "at": str(at.timestamp() * 1000), "state": state, "reason": reason,
        "doc": json.dumps(message_out(message)), "receipt": packed, "mid": mid or name, "room": "r",
        "pk": f"p{person}", "ticket": ticket,
    }  # fmt: skip


def read(*rows: Row, since: datetime = NOW - 30 * DAY) -> list[Item]:
    return list(items(rows, since))


TOPIC = {"outcome": "feedback", "feedback": ["delivery"]}


# --- items -----------------------------------------------------------------------------------------


def test_what_customers_wrote_is_an_item_and_nothing_else_is() -> None:
    rows = [
        said("a"),
        said("old", ago=40 * DAY),
        said("own", own=True),
        said("test", ignored="test"),
        said("other", kind=Kind.OTHER),
        ("note", {"k": "n", "at": str(NOW.timestamp() * 1000), "doc": "{}"}),
        ("damaged", {"k": "m", "at": str(NOW.timestamp() * 1000), "doc": "{"}),
    ]
    assert [one.id for one in read(*rows)] == ["a"]


def test_edited_words_are_shown_as_they_are_now_and_deleted_ones_not_at_all() -> None:
    rows = [
        said("a", "first", mid="m1"),
        said("a2", "second", mid="m1", change=Change.EDITED, ago=DAY / 2),
        said("a3", "third", mid="m1", change=Change.EDITED, ago=DAY / 3),
        said("b", "secret", mid="m2"),
        said("b2", "edited", mid="m2", change=Change.EDITED, ago=DAY / 3),
        said("b3", "", mid="m2", change=Change.DELETED, ago=DAY / 2),
    ]
    for order in (rows, rows[::-1]):
        found = {one.id: one for one in read(*order)}
        assert set(found) == {"a", "b"}
        assert (found["a"].text, found["a"].deleted) == ("third", False)
        assert (found["b"].text, found["b"].deleted, found["b"].link) == ("", True, None)


@pytest.mark.parametrize(
    ("row", "end"),
    [
        ({"state": "done", "ticket": "zendesk:7"}, "ticket"),
        ({"state": "done", "slip": {"csat": 4}}, "ticket"),
        ({"state": "done", "slip": {"outcome": "reply"}, "reason": "reply"}, "answered"),
        ({"state": "done", "slip": TOPIC, "reason": "feedback"}, "feedback"),
        ({"state": "done", "slip": {"outcome": "label"}, "reason": "label"}, "nothing"),
        ({"state": "done", "slip": {"outcome": "hide"}, "reason": "hide"}, "hidden"),
        ({"state": "done", "slip": {"outcome": "incident"}, "reason": "x"}, "incident"),
        ({"reason": "praise"}, "ignored"),
        ({"reason": "muted: contest"}, "muted"),
        ({"reason": "none", "slip": {"outcome": "none"}}, "nothing"),
        ({"state": "parked"}, "waiting"),
        ({"state": "in_progress"}, "waiting"),
        ({"state": "dead"}, "dead"),
    ],
)
def test_each_has_one_end(row: dict[str, Any], end: str) -> None:
    assert read(said("a", **row))[0].end == end
    assert end in reports.ENDS


def test_the_mood_is_the_one_that_was_read_then() -> None:
    kind, then, unknown = read(
        said("a", "I love it, wonderful!"),
        said("b", "I love it, wonderful!", slip={"signals": {"sentiment": -0.5}}),
        said("c", "I love it, wonderful!", slip={"signals": {"sentiment": None}}),
    )
    assert mood(kind.feeling()) == "positive"
    assert mood(then.feeling()) == "negative"
    assert mood(unknown.feeling()) == "unknown"


# --- reports ---------------------------------------------------------------------------------------


def test_words_of_customers_are_in_no_row_unless_they_are_asked_for() -> None:
    (one,) = read(said("a", "my secret", slip=TOPIC))
    row = reports.row(one, None, texts=False)
    assert "secret" not in json.dumps(row)
    assert "Nowak" not in json.dumps(row)
    assert (row["topics"], row["link"]) == (["delivery"], "https://example.com/a")
    assert reports.row(one, None, texts=True)["text"] == "my secret"
    (score,) = read(said("b", "5", state="done", slip={"csat": 5}))
    assert (reports.row(score, None, texts=False)["csat"], row["csat"]) == (5, None)


def test_a_summary_counts_topics_moods_channels_ends_and_the_week_before() -> None:
    found = read(
        said("a", "the courier was wonderful", slip=TOPIC, state="done"),
        said("b", "the courier was awful", slip=TOPIC, state="done", channel="instagram"),
        said("c", "so so", slip=TOPIC, state="done", ago=9 * DAY),
        said("d", reason="muted: contest"),
        said("e", reason="chatter"),
        said("f", state="done", slip={"csat": 5}),
        said("g", state="done", slip={"csat": 2}, ticket="zendesk:7"),
    )
    told = reports.summary(found, NOW - 7 * DAY, NOW)
    assert told["messages"] == 6
    assert told["ends"] == {"feedback": 2, "ticket": 2, "muted": 1, "ignored": 1}
    assert told["messages"] == sum(told["ends"].values())
    assert (told["ignored"], told["muted"]) == ({"chatter": 1}, {"muted: contest": 1})
    (topic,) = told["topics"]
    assert (topic["topic"], topic["messages"], topic["before"]) == ("delivery", 2, 1)
    assert (topic["mood"]["positive"], topic["mood"]["negative"]) == (1, 1)
    assert topic["channels"] == {"facebook": 1, "instagram": 1}
    assert sorted(topic["links"]) == ["https://example.com/a", "https://example.com/b"]
    assert [(one["channel"], one["messages"]) for one in told["channels"]] == [
        ("facebook", 5), ("instagram", 1),
    ]  # fmt: skip
    assert told["csat"]["answers"] == 2
    assert told["csat"]["mean"] == 3.5
    assert told["csat"]["scores"]["5"] == 1
    assert "courier" not in json.dumps(told)
    assert reports.summary(found, NOW - 7 * DAY, NOW, before=False)["topics"][0]["before"] is None


def test_of_nothing_the_summary_is_empty() -> None:
    told = reports.summary([], NOW - 7 * DAY, NOW)
    assert (told["messages"], told["topics"], told["csat"]["mean"]) == (0, [], None)


def many(person: str, kind: int, against: int = 0, **more: Any) -> Iterator[Row]:
    for number in range(kind):
        yield said(f"{person}+{number}", "I love it, wonderful!", person=person, **more)
    for number in range(against):
        yield said(f"{person}-{number}", "this is awful", person=person, **more)


def test_who_praises_often_before_many_comes_first() -> None:
    found = read(
        *many("few", 2, followers=10**6),
        *many("known", 3, followers=5_000),
        *many("small", 4, followers=10),
        *many("unknown", 9),
        *many("mixed", 5, 2, followers=10**6),
        *many("fair", 6, 2, followers=100),
    )
    rows = reports.ambassadors(found)
    assert [one["id"] for one in rows] == ["fair", "known", "small", "unknown"]
    assert [one["followers"] for one in rows] == [100, 5_000, 10, None]
    assert (rows[0]["positive"], rows[0]["negative"]) == (6, 2)
    assert "love" not in json.dumps(rows)
    assert [one["id"] for one in reports.ambassadors(found, least=9)] == ["unknown"]


def test_deleted_praise_does_not_count() -> None:
    rows = list(many("31", 3, followers=10))
    gone = said("x", "", mid="31+0", change=Change.DELETED, ago=DAY / 2)
    assert len(reports.ambassadors(read(*rows))) == 1
    assert reports.ambassadors(read(*rows, gone)) == []


# --- unanswered ------------------------------------------------------------------------------------


def left(
    *rows: Row, room: Mapping[str, str] | None = None, delivered: tuple[str, ...] = ()
) -> list[str]:
    found = unanswered.candidates(rows, NOW - 30 * DAY, NOW - DAY / 2)
    return [one["id"] for one in unanswered.loose(found, {"r": room or {}}, delivered, texts=False)]


def test_what_nobody_looked_after_is_listed_and_the_rest_is_not() -> None:
    rows = [
        said("none", reason="none", slip={"outcome": "none"}),
        said("label", state="done", reason="label", slip={"outcome": "label"}),
        said("dead", state="dead"),
        said("parked", state="parked"),
        said("reply", state="done", slip={"outcome": "reply"}),
        said("told", state="done", slip={"outcome": "reply"}),
        said("praise"),
        said("muted", reason="muted: x"),
        said("topic", state="done", slip=TOPIC),
        said("ticket", state="done", ticket="zendesk:7"),
        said("young", reason="none", ago=DAY / 4),
        said("gone", reason="none", mid="g"),
        said("gone2", change=Change.DELETED, mid="g"),
    ]
    assert left(*rows, delivered=("told",)) == ["none", "label", "dead", "parked", "reply"]


@pytest.mark.parametrize("name", ["human_at", "staff_at", "waived_at"])
def test_a_person_who_wrote_there_since_has_answered(name: str) -> None:
    row = said("a", reason="none")
    assert left(row, room={name: moment_out(NOW) or ""}) == []
    assert left(row, room={name: moment_out(NOW - 2 * DAY) or ""}) == ["a"]


def ticket(ago: timedelta, **more: str) -> tuple[str, dict[str, str]]:
    places = {
        "a": {"channel": "messenger", "last_in": moment_out(NOW - ago)},
        "b": {"channel": "x"},
    }
    room = {"ticket": "7", "desk": "zendesk", "status": "open", "places": json.dumps(places)}
    return "r", {**room, **more}


@pytest.mark.parametrize(
    ("room", "waits"),
    [
        (ticket(2 * DAY), True),
        (ticket(DAY / 4), False),
        (ticket(2 * DAY, status="pending"), False),
        (ticket(2 * DAY, status="solved"), False),
        (ticket(2 * DAY, ticket=""), False),
        (ticket(2 * DAY, human_at=moment_out(NOW - DAY) or ""), False),
        (ticket(2 * DAY, staff_at=moment_out(NOW - DAY) or ""), False),
        (ticket(2 * DAY, human_at=moment_out(NOW - 3 * DAY) or ""), True),
        (ticket(2 * DAY, answered_at=moment_out(NOW - DAY) or ""), True),  # automatic words
        (ticket(2 * DAY, places="{"), False),
    ],
)
def test_a_ticket_waits_where_the_customer_wrote_last(room: Row, waits: bool) -> None:
    found = unanswered.waiting([room], NOW - DAY)
    assert [one["ticket"] for one in found] == (["7"] if waits else [])


def test_the_digest_of_those_who_wait_begins_with_the_longest_wait_and_has_no_words() -> None:
    found = unanswered.candidates([said("a", "grr", reason="none")], NOW - 30 * DAY, NOW - DAY / 2)
    loose = unanswered.loose(found, {}, (), texts=True)
    tickets = unanswered.waiting([ticket(2 * DAY)], NOW - DAY)
    told = unanswered.digest({"items": loose, "tickets": tickets}, NOW, DAY)
    assert told == [
        "Not answered for 1 d and longer: 1 message and 1 ticket",
        "2 d ago  ticket zendesk 7 (open): the customer on messenger waits",
        "1 d ago  facebook  https://example.com/a: no rule asks for anything",
    ]
    assert unanswered.digest({"items": [], "tickets": []}, NOW, DAY) == []
