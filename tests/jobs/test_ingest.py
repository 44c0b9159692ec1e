"""Names of events, and what a delivery becomes when it cannot be read."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.channels.base import Source
from bridge.core.errors import TransientError, Unreadable
from bridge.core.model import Account, Author, Connection, Delivery, Kind, Message, Visibility
from bridge.core.signing import Proof
from bridge.jobs.ingest import POISON, ingest, message_name, name_of, person_key
from bridge.store import Kept
from bridge.wiring import Bridge

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PAGE = Account(channel="facebook", id="1", name="Acme")
META = Connection(name="meta", type="meta", accounts=(PAGE,))
Parse = Callable[[Delivery], list[Message]]
alarms: list[tuple[str, str]] = []  # raised while reading


def comment(**more: Any) -> Message:
    given: dict[str, Any] = {
        "channel": "facebook", "account_id": "1", "kind": Kind.COMMENT, "external_id": "c1",
        "thread_id": "post", "visibility": Visibility.PUBLIC, "author": Author(id="7"),
        "dedupe": "c1", "text": "It broke",
    }  # fmt: skip
    return Message(**(given | more))


def rows(parse: Parse, *, connection: str = "meta", tries: int = 1) -> list[dict[str, Any]]:
    """What is recorded of one delivery that *parse* reads."""
    taken: list[dict[str, Any]] = []

    def record(delivery: str, name: str, events: list[dict[str, Any]], owner: str) -> int:
        taken.extend(events)
        return len(events)

    source = Source(name="meta", channels={}, proof=cast(Proof, None), parse=parse)
    bridge = SimpleNamespace(
        owner="me",
        config=SimpleNamespace(connections={"meta": META}),
        store=SimpleNamespace(record=record, alarm=lambda *told: alarms.append(told[:2])),
        source=lambda connection: source,
        joins=lambda account: True,
    )
    kept = Kept("d", tries, connection, "meta", {}, b"{}", NOW)
    assert ingest(cast(Bridge, bridge), kept) == len(taken)
    return taken


@pytest.mark.parametrize("error", [MemoryError(), TransientError("redis_away")])
def test_what_says_nothing_of_the_delivery_leaves_it_where_it_is(error: Exception) -> None:
    with pytest.raises(type(error)):
        rows(raising(error))
    assert rows(raising(error), tries=POISON + 1)[0]["state"] == "dead"


def raising(error: Exception) -> Parse:
    def parse(delivery: Delivery) -> list[Message]:
        raise error

    return parse


# --- names ------------------------------------------------------------------------------------------


@given(st.lists(st.text(max_size=5).filter(lambda t: "\0" not in t), min_size=2, max_size=4))
def test_where_one_part_ends_and_the_next_begins_makes_a_difference(parts: list[str]) -> None:
    together = ["".join(parts[:2]), *parts[2:]]
    assert name_of(*parts) == name_of(*parts)
    assert name_of(*parts) != name_of(*together)


def test_names_are_short_and_fit_for_an_id() -> None:
    assert len(name_of("a", None, "ż")) == 20
    assert name_of("a", None).isalnum()


def test_an_edit_has_the_name_of_what_it_edits_and_other_pages_have_their_own() -> None:
    assert message_name("meta", comment()) == message_name("meta", comment(dedupe="c1:edited"))
    assert message_name("meta", comment()) != message_name("meta", comment(account_id="2"))
    assert message_name("meta", comment()) != message_name("other", comment())


def test_a_person_is_the_same_on_a_page_and_in_its_messenger() -> None:
    talk = comment(channel="messenger", kind=Kind.DM, visibility=Visibility.PRIVATE)
    assert person_key("meta", comment()) == person_key("meta", talk)
    assert person_key("meta", comment()) != person_key("meta", comment(author=Author(id="8")))


# --- deliveries that cannot be read -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parse", "how", "reason"),
    [
        (raising(Unreadable("bad_json", "the body is no JSON")), {}, "bad_json: the body is no JSON"),
        (raising(KeyError("secret words")), {}, "reading it failed: KeyError"),
        (raising(ValueError("never read")), {"tries": POISON + 1}, "reading it failed 5 times"),
        (raising(ValueError("never read")), {"connection": "gone"}, "the connection is no longer configured"),
    ],
)  # fmt: skip
def test_a_delivery_that_cannot_be_read_is_one_dead_letter(
    parse: Parse, how: dict[str, Any], reason: str
) -> None:
    (row,) = rows(parse, **how)
    assert (row["state"], row["reason"]) == ("dead", reason)


def test_bad_news_of_an_account_are_an_alarm_and_others_are_none() -> None:
    news = comment(kind=Kind.OTHER, ignored="account: gone", alarm="it may be switched off")
    alarms.clear()
    rows(lambda _: [news, comment(), news])
    assert {text for _, text in alarms} == {"meta: it may be switched off"}
    assert len({name for name, _ in alarms}) == 1


def test_a_redis_that_is_away_while_a_delivery_is_read_makes_no_dead_letter_of_it() -> None:
    with pytest.raises(TransientError) as caught:
        rows(raising(TransientError("redis_away", "Redis does not answer")))
    assert caught.value.code == "redis_away"


# --- where an event goes ------------------------------------------------------------------------------


def test_a_comment_goes_into_its_lane_and_tells_whose_thread_it_is() -> None:
    (row,) = rows(lambda delivery: [comment()])
    assert (row["state"], row["lane"]) == ("in_progress", "in")
    assert row["thread"] and "dm" not in row  # noqa: PT018 - one thought
    assert json.loads(row["f"]["doc"])["text"] == "It broke"


def test_a_private_talk_tells_whose_ticket_it_may_join() -> None:
    talk = comment(channel="messenger", kind=Kind.DM, visibility=Visibility.PRIVATE)
    (row,) = rows(lambda delivery: [talk])
    assert row["dm"] == person_key("meta", talk)
    assert "thread" not in row


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (comment(ignored="test"), "test"),
        (comment(account_id="99"), "no account 99 of facebook in connections.yaml"),
    ],
)
def test_what_concerns_nobody_waits_in_no_lane(message: Message, reason: str) -> None:
    (row,) = rows(lambda delivery: [message])
    assert (row["state"], row["lane"], row["reason"]) == ("ignored", "", reason)


def test_what_the_brand_wrote_is_looked_at_by_its_thread() -> None:
    (row,) = rows(lambda delivery: [comment(own=True, ignored="own")])
    (customers,) = rows(lambda delivery: [comment()])
    assert row["own"] == customers["thread"]
    assert "room" not in row


def test_a_part_that_cannot_be_read_does_not_take_the_others_along() -> None:
    broken = comment(dedupe="x", ignored="broken entry", extra={"broken": True})
    first, second = rows(lambda delivery: [broken, comment()])
    assert (first["state"], second["state"]) == ("dead", "in_progress")
