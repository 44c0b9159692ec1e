"""After a private reply to a comment its author's talk belongs to the comment's ticket, unless it has one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from bridge.core.model import Account, Connection, Target, conversation_key, stamp
from bridge.jobs import posting
from bridge.jobs.room import LINKED, Room
from bridge.jobs.turn import Hand
from bridge.store import Orders

PAGE = Account(channel="facebook", id="1", name="Acme")
META = Connection(name="meta", type="meta", accounts=(PAGE,))
TALK = stamp(conversation_key("messenger", "1", "1:31", "31"))


def joined(
    there: dict[str, str], *, person: str | None = "31", told: str | None = None, joins: bool = True
) -> list[Any]:
    """The indexes that are set where the talk's own room holds *there*; *told* is whom the platform names."""
    hand: Any = SimpleNamespace(
        bridge=SimpleNamespace(
            channel=lambda name: SimpleNamespace(private_channel="messenger"),
            map_at=lambda desk, account: SimpleNamespace(join_dms=joins),
            store=SimpleNamespace(hash=lambda key: there if key == f"r:{TALK}" else {}),
        )
    )
    target = Target(
        connection=META,
        account=PAGE,
        channel="facebook",
        account_id="1",
        thread_id="9",
        person_id=person,
        item_id="9",
        answer={},
    )
    orders = Orders("out:r", "r")
    posting._join_private(cast(Hand, hand), Room.read("r", {}), orders, target, told)
    return orders.set


@pytest.mark.parametrize(
    "there",
    [
        {},
        {"key": "known"},
        {"ticket": "7", "status": "solved"},
        {"ticket": "7", "status": "deleted"},
    ],
)
def test_the_talk_comes_here(there: dict[str, str]) -> None:
    assert joined(there) == [(f"join:{TALK}", "r", LINKED)]


@pytest.mark.parametrize("status", ["new", "open", "pending", "on_hold"])
def test_a_talk_that_has_an_open_ticket_stays_there(status: str) -> None:
    assert joined({"ticket": "7", "status": status}) == []


def test_it_is_that_of_whom_the_platform_names() -> None:
    assert joined({}, person="another", told="31") == [(f"join:{TALK}", "r", LINKED)]
    assert joined({}, person=None) == []


def test_where_the_map_does_not_want_it_nothing_is_joined() -> None:
    assert joined({}, joins=False) == []
