"""What is read back: all that nobody told us of, as old as it is, in its order, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bridge.core.model import Account, Author, Connection, Kind, Message, Ticket, Visibility
from bridge.jobs import gaps
from bridge.jobs.gaps import Found
from bridge.jobs.ingest import message_name, of_message
from bridge.wiring import Bridge

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PAGE = Account(channel="facebook", id="1", name="Acme")
DESK = Connection(name="desk", type="zendesk")
META = Connection(name="meta", type="meta", accounts=(PAGE,))


def said(ident: str, minutes: float | None, **more: Any) -> Message:
    """A comment of so many minutes ago; None where nobody tells when."""
    at = None if minutes is None else NOW - timedelta(minutes=minutes)
    return Message(
        channel="facebook", account_id="1", kind=Kind.COMMENT, external_id=ident, thread_id=ident, dedupe=ident,
        visibility=Visibility.PUBLIC, author=Author(id="7", name="Ana"), text=ident, sent_at=at, **more,
    )  # fmt: skip


def read_back(
    messages: list[Message], known: tuple[str, ...] = (), sent: tuple[Message, ...] = ()
) -> tuple[list[str], Found]:
    """Which of *messages*, listed newest first, are written down; an hour back, but for the last two minutes."""
    recorded, found = list[Any](), Found()
    ours = {f"sent:{message_name('meta', one)}": "r e1" for one in sent}

    def record(delivery: str, connection: str, rows: list[dict[str, Any]]) -> int:
        recorded.extend(rows)
        return len(rows)

    bridge: Any = SimpleNamespace(
        source=lambda connection: SimpleNamespace(recognise=lambda connection, message: message),
        joins=lambda account: False,
    )
    told = {of_message(bridge, META, one, NOW)["e"] for one in messages if one.external_id in known}
    bridge.store = SimpleNamespace(
        record=record,
        get=ours.get,
        known=lambda names: told & set(names),
        rows=lambda keys, *names: [{} for _ in keys],
    )
    since, late = NOW - timedelta(hours=1), NOW - timedelta(minutes=2)
    gaps._messages(cast(Bridge, bridge), META, messages, since, late, found, NOW)
    docs = [json.loads(row["f"]["doc"]) for row in recorded]
    assert all(one["extra"]["late"] for one in docs)
    return [one["id"] for one in docs], found


def test_what_nobody_told_of_is_written_down_in_the_order_it_was_said() -> None:
    ids, found = read_back([said("c", 5), said("b", 10), said("a", 30)])
    assert ids == ["a", "b", "c"]
    assert (found.new, found.seen, found.fresh) == (3, 3, False)


def test_of_several_lists_and_of_one_second_the_oldest_comes_first() -> None:
    ids, _ = read_back([said("d", 5), said("b", 30), said("c", 10), said("a", 30)])
    assert ids == ["a", "b", "c", "d"]


def test_what_was_told_is_not_written_down_again() -> None:
    ids, found = read_back([said("b", 5), said("a", 10)], known=("a",))
    assert (ids, found.new, found.seen) == (["b"], 1, 2)


def test_what_is_young_is_left_to_its_webhook_and_looked_for_later() -> None:
    ids, found = read_back([said("b", 1), said("a", 5)])
    assert (ids, found.fresh, found.seen) == (["a"], True, 2)


def test_what_is_older_than_wanted_and_what_has_no_time_is_left_alone() -> None:
    ids, found = read_back([said("b", 5), said("old", 61), said("none", None)])
    assert (ids, found.seen) == (["b"], 1)


def test_our_own_words_are_no_news_and_a_colleagues_are() -> None:
    ours, staff = (said(name, 5, own=True, ignored="own") for name in ("ours", "staff"))
    ids, found = read_back([ours, staff], sent=(ours,))
    assert (ids, found.new) == (["staff"], 1)


# --- tickets that changed ------------------------------------------------------------------------------


def looked_at(minutes: float, forever: bool = True, **facts: str) -> tuple[list[Any], Found]:
    """What is looked at of one ticket that changed so long ago, whose room holds *facts*."""
    recorded, found = list[Any](), Found()
    kept = {"ticket:desk:7": "r"} if facts else {}
    helpdesk: Any = SimpleNamespace(changed=lambda *told: iter(()), closed_for_good=forever)
    bridge: Any = SimpleNamespace(
        helpdesk=lambda connection: helpdesk,
        store=SimpleNamespace(
            get=kept.get,
            hash=lambda key: facts,
            known=lambda names: set(),
            record=lambda delivery, connection, rows: recorded.extend(rows) or len(rows),
        ),
    )
    ticket = Ticket(id="7", updated_at=NOW - timedelta(minutes=minutes))
    told = SimpleNamespace(tickets=[ticket], until=None)
    outside: Any = SimpleNamespace(desk=lambda connection, calls: told)
    since, late = NOW - timedelta(hours=1), NOW - timedelta(minutes=2)
    gaps._tickets(cast(Bridge, bridge), outside, DESK, since, late, found)
    return [json.loads(row["f"]["doc"]) for row in recorded], found


def test_a_ticket_of_ours_that_changed_is_looked_at_as_one_that_was_told_late() -> None:
    (hint,), found = looked_at(5, ticket="7", status="open")
    assert (hint["ticket"], hint["hint"], hint["late"]) == ("7", True, True)
    assert (found.tickets, found.fresh) == (1, False)


@pytest.mark.parametrize(
    ("facts", "forever", "looks"),
    [
        ({"ticket": "7", "status": "closed"}, False, True),  # it can be opened again
        ({"ticket": "7", "status": "closed"}, True, False),
        ({"ticket": "7", "status": "deleted"}, False, False),
        ({"ticket": "8", "status": "open"}, True, False),  # the room has another one by now
        ({}, True, False),
    ],
)
def test_one_on_which_nothing_can_happen_any_more_or_of_nobody_is_left_alone(
    facts: dict[str, str], forever: bool, looks: bool
) -> None:
    hints, found = looked_at(5, forever, **facts)
    assert (len(hints), found.tickets) == ((1, 1) if looks else (0, 0))


def test_one_that_changed_just_now_is_left_to_its_webhook_where_it_is_ours() -> None:
    assert looked_at(1, ticket="7", status="open") == ([], Found(seen=1, fresh=True))
    assert looked_at(1) == ([], Found(seen=1))
