"""Whose conversation a message belongs to, whose account it came to, and what a secret shows of itself."""

from __future__ import annotations

import pytest

from bridge.core.model import (
    Account,
    Author,
    Connection,
    File,
    Kind,
    Message,
    Secret,
    Visibility,
    conversation_key,
    stamp,
)

ANA = Author(id="24", name="Ana")


def message(**given: object) -> Message:
    values = {
        "channel": "messenger", "account_id": "1067", "kind": Kind.DM, "external_id": "m1",
        "thread_id": None, "visibility": Visibility.PRIVATE, "author": ANA, "dedupe": "m1",
    }  # fmt: skip
    return Message(**(values | given))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({}, "messenger:1067:1067%3A24:24"),
        ({"thread_id": "t"}, "messenger:1067:t:24"),
        # A chat of many that is not named is nobody's private talk.
        ({"visibility": Visibility.PUBLIC}, "messenger:1067:-:24"),
        ({"kind": Kind.COMMENT}, "messenger:1067:-:24"),
        ({"author": None}, "messenger:1067:-:-"),
        ({"account_id": None}, "messenger:-:-:24"),
        # An echo belongs to whom it was written to.
        ({"author": Author(id="1067"), "customer_id": "24"}, "messenger:1067:1067%3A24:24"),
    ],
)
def test_a_conversation_is_named_for_its_place_and_its_person(
    given: dict[str, object], key: str
) -> None:
    assert message(**given).conversation == key


def test_no_part_of_a_key_can_pass_for_two() -> None:
    assert conversation_key("x", "a:b", "c", "d") != conversation_key("x", "a", "b:c", "d")
    assert conversation_key("x", "a/b", "%", None) == "x:a%2Fb:%25:-"
    assert len(stamp("x:a:b:c")) == 32
    assert stamp("x:a:b:c") != stamp("x:a:b:d")


def test_a_person_under_another_id_takes_their_private_talk_along_and_leaves_the_thread() -> None:
    assert message().known_as("99").conversation == "messenger:1067:1067%3A99:99"
    named = message(thread_id="1067:24").known_as("99")
    assert named.conversation == "messenger:1067:1067%3A99:99"
    assert message(thread_id="group").known_as("99").conversation == "messenger:1067:group:99"


def test_an_account_is_filled_in_only_where_none_was_named() -> None:
    assert message(account_id=None).at_account("7").account_id == "7"
    assert message().at_account("7").account_id == "1067"


PAGE = Account(channel="facebook", id="1067")
BOT = Account(channel="telegram")
CONNECTION = Connection(name="x", type="x", accounts=(PAGE, BOT))


@pytest.mark.parametrize(
    ("channel", "account_id", "found"),
    [
        ("facebook", "1067", PAGE),
        ("messenger", "1067", PAGE),  # a page covers its Messenger
        ("messenger", "9", None),
        ("instagram", "1067", None),
        ("facebook", None, None),
        ("telegram", "77", BOT),  # one that names no id takes all
    ],
)
def test_an_event_belongs_to_the_account_of_its_channel_and_id(
    channel: str, account_id: str | None, found: Account | None
) -> None:
    assert CONNECTION.account(channel, account_id) is found


def test_a_secret_shows_nothing_of_itself() -> None:
    held = Connection(
        name="x", type="x", options={"token": Secret("hush"), "many": (Secret("hush"),)}
    )
    shown = (
        f"{Secret('hush')} {Secret('hush')!r} {held} {Account(channel='x', token=Secret('hush'))}"
    )
    assert "hush" not in shown
    assert "hush" not in repr(File(name="a", media_type="b", content=b"hush"))
    assert held.secret("token") == "hush"


def test_an_empty_secret_is_none() -> None:
    """Else everybody who sends an empty one would be let in."""
    empty = Connection(
        name="x", type="x", options={"one": Secret(""), "many": (Secret(""), Secret("a"))}
    )
    assert empty.secrets("one") == ()
    assert empty.secrets("many") == ("a",)
    assert empty.secrets("none") == ()
    assert Connection(name="x", type="x", options={"plain": "word"}).secrets("plain") == ()
