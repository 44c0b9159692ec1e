"""What a mute holds back, and what goes past it; how it is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.core.model import Author, Kind, Message, Visibility
from bridge.core.mutes import LONGEST, Mute, Standing, mute_in, mute_out, told, wrong
from bridge.jobs.mutes import holding, new
from bridge.store import Event

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SAID = Message(
    channel="facebook", account_id="1", kind=Kind.COMMENT, external_id="55_9", thread_id="55_9",
    visibility=Visibility.PUBLIC, text="Win a phone now", dedupe="x",
    author=Author(id="31", username="Ana.M", url="https://www.facebook.com/ana.m/"),
    permalink="https://www.facebook.com/1/posts/55?comment_id=9", answer={"post_id": "1_55"},
    extra={"post": {"id": "1_55", "text": "Our contest"}},
)  # fmt: skip


def mute(what: str = "author", value: str = "31", **more: Any) -> Mute:
    plain = Mute(id="a", what=what, value=value, since=NOW - DAY, until=NOW + DAY)
    return replace(plain, **more)


def held(one: Mute, message: Message = SAID, person: str = "", now: datetime = NOW) -> bool:
    return any(True for _ in Standing([one]).hits(message, person, "meta", now))


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("author", "31"),
        ("author", "@ana.m"),
        ("author", "ANA.M"),
        ("author", "http://facebook.com/ana.m"),
        ("post", "1_55"),
        ("post", "https://www.facebook.com/1/posts/55"),
        ("post", "https://facebook.com/1/posts/55/"),
        ("phrase", "win a phone"),
        ("phrase", "WIN"),
        ("phrase", "pho*"),
    ],
)
def test_it_holds_back_what_it_names(what: str, value: str) -> None:
    assert held(mute(what, value))


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("author", "3"),
        ("author", "ana"),
        ("author", "1_55"),
        ("post", "31"),
        ("post", "1_5"),
        ("post", "https://www.facebook.com/1/posts/5"),
        ("phrase", "win the phone"),
        ("phrase", "31"),
    ],
)
def test_it_lets_through_what_is_only_alike(what: str, value: str) -> None:
    assert not held(mute(what, value))


def test_a_person_of_a_ticket_is_muted_by_name_and_nobody_else() -> None:
    one = mute(value="ticket 7", people=("p1", "p2"))
    assert held(one, person="p2")
    assert not held(one, person="p3")
    assert not held(one)


def test_it_holds_until_its_end_and_no_longer() -> None:
    assert held(mute(), now=NOW + DAY - timedelta(seconds=1))
    assert not held(mute(), now=NOW + DAY)


def test_it_holds_on_its_connection_alone() -> None:
    assert held(mute(connection="meta"))
    assert not held(mute(connection="telegram"))


def said(text: str) -> tuple[Event, Message]:
    fields = {"k": "m", "pk": ""}
    return Event("e", "meta", 0.0, "m", {}, fields, {}), replace(SAID, text=text)


@pytest.mark.parametrize(("what", "value"), [("author", "31"), ("post", "1_55")])
def test_danger_goes_past_the_mute_of_an_author_or_a_post(what: str, value: str) -> None:
    standing = Standing([mute(what, value)])
    assert holding(standing, *said("it is a bad phone"), NOW) is not None
    assert holding(standing, *said("the charger caught fire and I am burned"), NOW) is None


def test_a_phrase_stays_muted_beside_words_of_danger() -> None:
    standing = Standing([mute(), mute("phrase", "fire sale", id="b")])
    found = holding(standing, *said("fire sale, the charger caught fire"), NOW)
    assert found is not None
    assert found.id == "b"


def test_nothing_muted_holds_nothing() -> None:
    assert not Standing()
    assert holding(Standing(), *said("all"), NOW) is None


def test_what_is_kept_is_what_was_set() -> None:
    one = mute(
        "phrase", "łódź", because="spam", by="Ewa", connection="meta", people=("p",), room="r"
    )
    assert mute_in("a", mute_out(one)) == one


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"what":"author"}', '{"what":"x","since":"y","until":"z"}']
)
def test_what_is_damaged_is_no_mute(text: str) -> None:
    assert mute_in("a", text) is None


def test_the_reason_is_the_one_that_was_given_else_what_is_muted() -> None:
    assert mute(because="contest").reason == "muted: contest"
    assert mute("post").reason == "muted: the post"


def test_muted_again_it_is_the_same_mute() -> None:
    first, again = (new("author", value, 60, NOW) for value in ("Ana", " ana "))
    assert first.id == again.id
    assert first.id != new("post", "ana", 60, NOW).id
    assert first.id != new("author", "ana", 60, NOW, connection="meta").id


def test_a_reason_is_one_short_harmless_line() -> None:
    assert "\n" not in told("a\nb")
    assert len(told("x" * 1000)) <= LONGEST


@pytest.mark.parametrize(
    ("value", "fine"), [("spam*", True), ("...", False), ("", False), ("*", False)]
)
def test_a_phrase_has_words(value: str, fine: bool) -> None:
    assert (wrong("phrase", value) is None) is fine
