"""In which conversation a message ends, where its author talks in several places or goes by several ids."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import redis

from bridge.store import PREFIX, Store

COMMENT, TALK = "c" * 32, "d" * 32
OPEN, SOLVED = {"ticket": "7", "status": "open"}, {"ticket": "7", "status": "solved"}
NONE = {"key": "known"}


@pytest.fixture
def store(client: redis.Redis) -> Iterator[Store]:
    built = Store(client, keep=3600, keep_raw=600, clock=lambda: datetime(2026, 11, 22, tzinfo=UTC))
    yield built
    built.close()


def stands(store: Store, room: str, facts: dict[str, str], *, busy: bool = False) -> None:
    """A conversation that is known, and perhaps worked on."""
    store.client.hset(PREFIX + "r:" + room, mapping=facts)
    if busy:
        store.client.hset(f"{PREFIX}i:in:{room}", "id", "under way")


def came(store: Store, st: str, **more: object) -> str:
    """The conversation in which a message for *st* ends; empty for none."""
    row = {"e": "m", "state": "in_progress", "lane": "in", "st": st, "f": {"k": "m", "doc": "{}"}}
    store.record("", "meta", [{**row, **more}])
    return store.event("m")["room"]


@pytest.mark.parametrize(
    ("comment", "comment_busy", "talk", "talk_busy", "joins"),
    [
        (OPEN, False, {}, False, True),
        (OPEN, False, SOLVED, False, True),
        (OPEN, False, OPEN, False, False),  # a talk with an open ticket of its own stays there
        (OPEN, False, NONE, True, False),  # as one whose own is being opened
        (SOLVED, False, {}, False, False),
        (NONE, False, {}, False, False),
        (NONE, True, {}, False, True),  # the comment's ticket is being opened
        (SOLVED, True, {}, False, False),
    ],
)
def test_a_talk_joins_the_open_ticket_of_the_comment(
    store: Store, comment: dict[str, str], comment_busy: bool, talk: dict[str, str], talk_busy: bool,
    joins: bool,
) -> None:  # fmt: skip
    stands(store, COMMENT, comment, busy=comment_busy)
    if talk:
        stands(store, TALK, talk, busy=talk_busy)
    store.client.set(PREFIX + "person:ana", COMMENT)
    assert came(store, TALK, dm="ana") == (COMMENT if joins else TALK)
    assert (store.get(f"join:{TALK}") == COMMENT) is joins


@pytest.mark.parametrize(
    ("other", "busy", "named"),
    [({}, False, COMMENT), (NONE, False, COMMENT), (NONE, True, TALK), (SOLVED, False, TALK)],
)
def test_words_in_public_name_the_person_unless_a_ticket_or_its_making_does(
    store: Store, other: dict[str, str], busy: bool, named: str
) -> None:
    if other:
        stands(store, TALK, other, busy=busy)
        store.client.set(PREFIX + "person:ana", TALK)
    came(store, COMMENT, aloud="ana")
    assert store.get("person:ana") == named


def test_what_is_known_of_a_conversation_is_not_written_over(store: Store) -> None:
    stands(store, COMMENT, {"key": "its own", "c": "meta"})
    store.client.set(f"{PREFIX}join:{TALK}", COMMENT, ex=60)
    assert came(store, TALK, room={"v": "1", "key": "of the talk", "c": "meta"}) == COMMENT
    assert store.hash(f"r:{COMMENT}")["key"] == "its own"


def test_a_conversation_and_what_joined_it_last_from_their_last_words_on(store: Store) -> None:
    stands(store, COMMENT, NONE)
    store.client.expire(PREFIX + "r:" + COMMENT, 60)
    store.client.set(f"{PREFIX}join:{TALK}", COMMENT, ex=60)
    came(store, TALK)
    assert store.client.ttl(PREFIX + "r:" + COMMENT) > 60
    assert store.client.ttl(f"{PREFIX}join:{TALK}") > 60


# --- people with several ids ---------------------------------------------------------------------------


def test_who_is_known_under_another_id_goes_on_there(store: Store) -> None:
    stands(store, COMMENT, OPEN)
    assert came(store, TALK, also=[COMMENT]) == COMMENT


def test_who_is_known_under_both_ids_stays_where_they_write(store: Store) -> None:
    stands(store, COMMENT, OPEN)
    stands(store, TALK, NONE)
    assert came(store, TALK, also=[COMMENT]) == TALK
    assert store.get(f"join:{COMMENT}") is None


def test_a_new_id_leads_to_the_conversation_there_is(store: Store) -> None:
    stands(store, COMMENT, OPEN)
    assert came(store, COMMENT, becomes=TALK, known=True) == COMMENT
    assert store.get(f"join:{TALK}") == COMMENT


def test_a_new_id_that_is_known_keeps_its_own(store: Store) -> None:
    stands(store, COMMENT, OPEN)
    stands(store, TALK, OPEN)
    came(store, COMMENT, becomes=TALK, known=True)
    assert store.get(f"join:{TALK}") is None


def test_a_new_id_of_nobody_we_know_is_ignored(store: Store) -> None:
    assert came(store, COMMENT, becomes=TALK, known=True) == ""
    assert store.event("m")["state"] == "ignored"


# --- what helpdesks and platforms tell -----------------------------------------------------------------


def test_a_ticket_without_a_link_is_known_by_its_stamp_where_that_is_known(store: Store) -> None:
    stands(store, COMMENT, NONE)
    assert came(store, COMMENT, lane="out", ticket="zendesk:7", lookup=True) == COMMENT


@pytest.mark.parametrize(("lookup", "room"), [(True, "ticket:zendesk:7"), (False, "")])
def test_one_with_a_stamp_that_we_have_forgotten_is_read(
    store: Store, lookup: bool, room: str
) -> None:
    assert came(store, COMMENT, lane="out", ticket="zendesk:7", lookup=lookup) == room
    assert store.event("m")["state"] == ("in_progress" if room else "ignored")


def test_the_link_goes_before_the_stamp(store: Store) -> None:
    stands(store, COMMENT, NONE)
    stands(store, TALK, NONE)
    store.client.set(PREFIX + "ticket:zendesk:7", TALK)
    assert came(store, COMMENT, lane="out", ticket="zendesk:7") == TALK


@pytest.mark.parametrize(("sent", "state"), [(True, "ignored"), (False, "in_progress")])
def test_the_echo_of_words_that_we_have_sent_is_ours(store: Store, sent: bool, state: str) -> None:
    stands(store, COMMENT, NONE)
    if sent:
        store.client.set(PREFIX + "sent:77", f"{COMMENT} e1")
    came(store, COMMENT, own="thread", msg="77")
    assert store.event("m")["state"] == state


def test_a_report_of_words_whose_answer_is_lost_says_that_they_arrived(store: Store) -> None:
    about = "ab12"
    store.client.hset(f"{PREFIX}e:{about}", mapping={"state": "in_progress", "room": COMMENT})
    assert came(store, "", lane="out", told="77", marker=f"{about}.0", of="wamid.1") == COMMENT
    assert store.get(f"found:{about}.0") == "wamid.1"
    assert store.event("m")["about"] == about


def test_a_report_of_words_that_are_none_of_ours_is_nobodys(store: Store) -> None:
    assert came(store, "", lane="out", told="77", marker="ab12.0", of="wamid.1") == ""
    assert store.event("m")["reason"] == "not about words of ours"
    assert store.get("found:ab12.0") is None
