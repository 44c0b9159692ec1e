"""What of a ticket goes to the customer: an agent's public words, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bridge.core.errors import PermanentError, TransientError
from bridge.core.model import Connection, Status, TicketComment, TicketUpdate
from bridge.jobs import answer, news, speak, waiting
from bridge.jobs.room import LINKED, Room
from bridge.jobs.turn import Hand
from bridge.store import Event, Orders, Turn

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DESK = Connection(name="desk", type="freshdesk")
EVENT = Event("e1", "desk", NOW.timestamp(), "u", {}, {}, {})
TURN = Turn("out:r", "r", (EVENT,), {}, {}, {}, {})
ANSWER = TicketComment(id="9", text="It comes.", public=True, author_id="agent", staff=True)
HINT = TicketUpdate(dedupe="hint", ticket_id="7", actor_id="agent", hint=True)


def hand(listed: Sequence[TicketComment] | Exception = ()) -> Any:
    """What these steps need of a hand: `ended` is what became of the event, *listed* what the helpdesk shows."""

    def asked(desk: Connection, calls: Any) -> Any:
        if isinstance(listed, Exception):
            raise listed
        return list(listed)

    ended, settled = list[tuple[str, str]](), list[Orders]()
    store = SimpleNamespace(known=lambda names: set(), keep_ms=10 * 86_400_000)
    return SimpleNamespace(
        ended=ended,
        settled=settled,
        settle=settled.append,
        closing=lambda event, state, reason: Orders("out:r", "r"),
        orders=lambda: Orders("out:r", "r"),
        close=lambda room, event, state, reason: ended.append((state, reason)),
        outside=SimpleNamespace(desk=asked, whoami=lambda desk: "bridge bridge@acme.test"),
        bridge=SimpleNamespace(
            now=lambda: NOW,
            store=store,
            config=SimpleNamespace(connections={"desk": DESK}),
            helpdesk=lambda desk: SimpleNamespace(comments=lambda desk, ticket: None),
        ),
    )


def room(**facts: str) -> Room:
    return Room.read("r", {"desk": "desk", "ticket": "7", "requester": "customer", **facts})


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """What is said to the customer when the helpdesk tells of a comment."""

    def tell(
        comment: TicketComment, working: Any = None, actor: str = "agent", **more: Any
    ) -> list[str]:
        said = list[str]()

        def say(hand: Hand, room: Room, event: Event, comment: TicketComment, way: str) -> None:
            said.append(comment.text)

        monkeypatch.setattr(speak, "say", say)
        known = {"ticket_id": "7", "read": True, **more}
        update = TicketUpdate(dedupe="c", actor_id=actor, comment=comment, **known)
        news.update(cast(Hand, working or hand()), TURN, room(), EVENT, update)
        return said

    return tell


def test_an_agents_public_words_are_said(told: Callable[..., list[str]]) -> None:
    assert told(ANSWER) == ["It comes."]


@pytest.mark.parametrize(
    ("is_not", "actor"),
    [
        ({"public": False}, "agent"),
        ({"public": None}, "agent"),
        ({"marker": "ours"}, "agent"),
        ({"author_id": "bridge"}, "agent"),
        ({"author_id": None}, "bridge"),
        ({"author_id": None}, "bridge@acme.test"),
        ({"staff": False}, "agent"),
        # Nobody says who is staff: the customer may have acted, or somebody else than who wrote it.
        ({"staff": None, "author_id": "customer"}, "customer"),
        ({"staff": None, "author_id": "another"}, "agent"),
        ({"staff": None, "author_id": None}, "agent"),
    ],
)
def test_whatever_is_not_that_is_not(
    told: Callable[..., list[str]], is_not: dict[str, Any], actor: str
) -> None:
    assert told(replace(ANSWER, **is_not), actor=actor) == []


@pytest.mark.parametrize("public", [False, None])
def test_what_nobody_calls_public_is_a_private_note(
    told: Callable[..., list[str]], public: bool | None
) -> None:
    working = hand()
    assert told(replace(ANSWER, public=public), working) == []
    assert working.ended == [("ignored", "private note")]


def test_who_acted_is_staff_where_nobody_says_so(told: Callable[..., list[str]]) -> None:
    assert told(replace(ANSWER, staff=None)) == ["It comes."]


@pytest.mark.parametrize(
    ("event", "now", "said"),
    [(True, False, False), (True, None, True), (True, True, True), (None, None, False)],
)
def test_it_counts_what_stands_there_now(
    told: Callable[..., list[str]], event: bool | None, now: bool | None, said: bool
) -> None:
    listed = [replace(ANSWER, public=now)]
    found = told(replace(ANSWER, public=event), hand(listed), read=False)
    assert found == (["It comes."] if said else [])


@pytest.mark.parametrize("away", [PermanentError("gone"), TransientError("budget", limited=True)])
def test_where_the_helpdesk_does_not_tell_its_signed_word_is_believed(
    told: Callable[..., list[str]], away: Exception
) -> None:
    assert told(ANSWER, hand(away), read=False) == ["It comes."]


def test_news_of_another_ticket_than_this_one_say_nothing(told: Callable[..., list[str]]) -> None:
    working = hand()
    assert told(ANSWER, working, ticket_id="6") == []
    assert working.ended == [("ignored", "an earlier ticket of this conversation")]


@pytest.mark.parametrize(
    ("minutes", "reason", "status"),
    [(6, "older than the status we know", "open"), (4, "own write", "solved")],
)
def test_an_older_status_that_comes_late_changes_nothing(
    minutes: float, reason: str, status: str
) -> None:
    working, here = hand(), room(status="open", status_at=ago(5))
    update = TicketUpdate(
        dedupe="s", ticket_id="7", actor_id="bridge", status=Status.SOLVED, previous=Status.OPEN,
        at=NOW - timedelta(minutes=minutes),
    )  # fmt: skip
    news.update(cast(Hand, working), TURN, here, EVENT, update)
    assert working.ended == [("ignored", reason)]
    assert here.facts["status"] == status


def test_after_a_merge_answers_come_from_the_target_unless_they_go_to_another_room() -> None:
    working, here = hand(), room(status="solved")
    update = TicketUpdate(dedupe="m", ticket_id="7", merged_into="8")
    news.update(cast(Hand, working), TURN, here, EVENT, update)
    (orders,) = working.settled
    assert (orders.facts["ticket"], orders.facts["status"]) == ("8", "open")
    assert orders.set == [("ticket:desk:8", "r", LINKED, True)]


def test_words_that_were_taken_back_while_they_waited_are_not_even_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = list[str]()
    monkeypatch.setattr(news, "update", lambda *told: asked.append(told[3].id))
    monkeypatch.setattr(waiting, "rests", lambda *told: 0.0)

    def left(*more: Event) -> list[tuple[str, str]]:
        working = hand()
        answer.step(cast(Hand, working), replace(TURN, events=(comment_of("9"), *more)))
        return working.ended

    assert left(comment_of("8", withdrawn=True)) == []
    assert asked == ["event 9"]
    assert left(comment_of("9", withdrawn=True)) == [("ignored", "withdrawn before it was sent")]
    assert asked == ["event 9"]


def comment_of(ident: str, **more: Any) -> Event:
    doc = {"ticket": "7", "comment": {"id": ident, "public": True}, **more}
    return replace(EVENT, id=f"event {ident}", doc=doc)


# --- what is read --------------------------------------------------------------------------------------


def found(comments: list[TicketComment], **facts: str) -> list[str]:
    """The ids of the comments, told newest first, that are new to a room with these facts."""
    new = news._new_comments(cast(Hand, hand()), room(**facts), HINT, comments)
    return [one.comment.id for one in new if one.comment]


def at(minutes: float, ident: str = "9", **more: Any) -> TicketComment:
    """A comment of so many minutes ago."""
    return replace(ANSWER, id=ident, created_at=NOW - timedelta(minutes=minutes), **more)


def ago(minutes: float) -> str:
    return (NOW - timedelta(minutes=minutes)).isoformat()


def test_all_is_new_at_first_and_the_oldest_comes_first() -> None:
    assert found([at(1, "b"), at(2, "a")]) == ["a", "b"]


def test_our_own_is_never_new_nor_what_was_there_before_us() -> None:
    assert found([at(1, "a"), at(2, "b", marker="ours")]) == ["a"]
    assert found([at(1, "a"), at(30, "b")], read_from=ago(20)) == ["a"]
    assert found([at(1, "a"), at(30, "b")], opened_at=ago(20)) == ["a"]
    assert found([at(1, "a"), at(24, "b")], opened_at=ago(20)) == ["b", "a"]  # clocks differ


def test_who_has_not_acted_is_left_to_a_hint_of_their_own() -> None:
    listed = [
        at(1, "a", staff=None),
        at(2, "b", staff=None, author_id="another"),
        at(3, "c", author_id="another"),
    ]
    assert found(listed) == ["c", "a"]


def test_what_is_listed_late_is_found_and_what_may_be_forgotten_is_not_taken_for_new() -> None:
    assert found([at(4, "a"), at(12, "b"), at(16, "c")], read_to=ago(5)) == ["b", "a"]
    long = 9 * 24 * 60  # handled, and we may not know it any more
    assert found([at(long + 2, "a")], read_to=ago(long)) == []
    assert found([at(long + 2, "a")]) == ["a"]


def test_how_far_was_read_only_ever_grows() -> None:
    here = room(read_to=ago(5))
    news._new_comments(cast(Hand, hand()), here, HINT, [at(7)])
    assert here.facts["read_to"] == ago(5)
    news._new_comments(cast(Hand, hand()), here, HINT, [at(2), at(7)])
    assert here.facts["read_to"] == at(2).created_at.isoformat()  # type: ignore[union-attr]


def taken_back(comments: list[TicketComment]) -> list[str]:
    """Which of two answers that went out, 30 and 10 minutes ago, are not there any more."""
    spoken = f'[{{"id": "a", "at": "{ago(30)}"}}, {{"id": "b", "at": "{ago(10)}"}}]'
    gone = news._gone_comments(room(spoken=spoken), comments)
    return [one.comment.id for one in gone if one.comment]


@pytest.mark.parametrize(
    ("listed", "gone"),
    [
        ([at(10, "b"), at(30, "a")], []),
        ([at(10, "b"), at(30, "a", public=False)], ["a"]),
        ([at(10, "b"), at(30, "a", public=None)], []),
        ([at(30, "a")], ["b"]),
        ([at(5, "c"), at(20, "x")], ["b"]),  # older than all that is listed: nobody can tell
        ([], []),
    ],
)
def test_an_answer_that_stands_there_no_more_is_missed(
    listed: list[TicketComment], gone: list[str]
) -> None:
    assert taken_back(listed) == gone
