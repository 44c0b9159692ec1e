"""A room: where its customer talks, what of it is written down, and where words for them go."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bridge.core.model import (
    Account,
    Author,
    Connection,
    Kind,
    Message,
    Status,
    Visibility,
    conversation_key,
)
from bridge.jobs.room import OURS, Room, note_event
from bridge.wiring import Bridge

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PAGE = Account(channel="facebook", id="1", name="Acme")
META = Connection(name="meta", type="meta", accounts=(PAGE,))
BRIDGE = cast(Bridge, SimpleNamespace(config=SimpleNamespace(connections={"meta": META})))


def comment(item: str = "c1", at: datetime | None = NOON, **more: Any) -> Message:
    given: dict[str, Any] = {
        "channel": "facebook", "account_id": "1", "kind": Kind.COMMENT, "external_id": item,
        "thread_id": "post", "visibility": Visibility.PUBLIC, "sent_at": at, "dedupe": item,
        "author": Author(id="7", name="Ana"), "answer": {"post": "p"},
    }  # fmt: skip
    return Message(**(given | more))


def talk(item: str = "t1", at: datetime | None = NOON) -> Message:
    return comment(
        item, at, channel="messenger", kind=Kind.DM, thread_id="7", visibility=Visibility.PRIVATE
    )


def room(**facts: str) -> Room:
    return Room.read("r" * 32, {"c": "meta", **facts})


def place_of(message: Message) -> str:
    return message.conversation


# --- hearing ----------------------------------------------------------------------------------------


def test_the_latest_words_are_where_one_answers() -> None:
    heard = room()
    heard.heard(comment("c1"), None)
    heard.heard(comment("c2", NOON + HOUR), None)
    (place,) = heard.places.values()
    assert (place["item"], place["first_item"]) == ("c2", "c1")
    assert place["last_in"] == (NOON + HOUR).isoformat()
    assert heard.name == "Ana"


def test_words_that_come_late_change_neither_place_nor_window() -> None:
    heard = room()
    heard.heard(comment("c2", NOON + HOUR), None)
    heard.heard(comment("c1", NOON, author=Author(id="7", name="Older name")), None)
    (place,) = heard.places.values()
    assert place["item"] == "c2"
    assert heard.name == "Ana"


def test_words_without_a_time_count_from_when_they_were_seen() -> None:
    heard = room()
    heard.heard(comment(at=None), NOON)
    (place,) = heard.places.values()
    assert place["last_in"] == NOON.isoformat()


def test_what_is_not_told_does_not_wipe_what_is_known() -> None:
    heard = room()
    heard.heard(comment("c1", language="pl", extra={"first_name": "Ania"}), None)
    heard.heard(comment("c2", NOON + HOUR, author=None), None)
    assert heard.facts["language"] == "pl"
    assert heard.facts["first_name"] == "Ania"
    assert heard.name == "Ana"


def test_somebody_unknown_has_no_name_and_a_user_name_is_one() -> None:
    heard = room()
    assert heard.name is None
    heard.heard(comment(author=Author(id="7", username="ana7")), None)
    assert heard.name == "ana7"


def test_nobody_is_greeted_by_a_user_name() -> None:
    heard = room()
    heard.heard(comment(author=Author(id="7", username="ana")), None)
    assert heard.own_name is None
    heard.heard(comment("c2", NOON + HOUR, author=Author(id="7", name="Ana", username="ana")), None)
    assert heard.own_name == "Ana"


# --- where ------------------------------------------------------------------------------------------


@pytest.fixture
def both() -> Room:
    heard = room()
    heard.heard(talk(at=NOON), None)
    heard.heard(comment(at=NOON + HOUR), None)
    return heard


def test_one_answers_where_the_customer_wrote_last(both: Room) -> None:
    place = both.place(None)
    assert place is not None
    assert place["channel"] == "facebook"
    both.heard(talk("t2", NOON + 2 * HOUR), None)
    place = both.place(None)
    assert place is not None
    assert place["channel"] == "messenger"


def test_unless_a_visibility_is_asked_for(both: Room) -> None:
    place = both.place(Visibility.PRIVATE)
    assert place is not None
    assert place["channel"] == "messenger"


def test_among_several_of_one_visibility_the_latest_counts(both: Room) -> None:
    both.heard(comment("c9", NOON + 2 * HOUR, thread_id="other"), None)
    both.heard(talk("t2", NOON + 3 * HOUR), None)
    place = both.place(Visibility.PUBLIC)
    assert place is not None
    assert place["thread"] == "other"


def test_there_may_be_no_such_place() -> None:
    assert room().place(None) is None
    heard = room()
    heard.heard(comment(), None)
    assert heard.place(Visibility.PRIVATE) is None


def test_a_place_becomes_a_target_with_all_that_its_channel_needs(both: Room) -> None:
    place = both.place(Visibility.PUBLIC)
    assert place is not None
    target = both.target(BRIDGE, place)
    assert target is not None
    assert (target.channel, target.account_id, target.thread_id) == ("facebook", "1", "post")
    assert (target.person_id, target.item_id, target.answer) == ("7", "c1", {"post": "p"})
    assert target.account is PAGE


def test_the_account_of_a_page_speaks_in_its_messenger_too(both: Room) -> None:
    place = both.place(Visibility.PRIVATE)
    assert place is not None
    target = both.target(BRIDGE, place)
    assert target is not None
    assert target.account is PAGE


@pytest.mark.parametrize(
    ("facts", "account"), [({"c": "gone"}, "1"), ({"c": "meta"}, "2"), ({"c": ""}, "1")]
)
def test_what_is_no_longer_configured_is_no_target(facts: dict[str, str], account: str) -> None:
    heard = room(**facts)
    heard.heard(comment(account_id=account), None)
    place = heard.place(None)
    assert place is not None
    assert heard.target(BRIDGE, place) is None


# --- what is written down ---------------------------------------------------------------------------


def test_only_what_changed_is_written_down() -> None:
    stored = {"c": "meta", "ticket": "7", "status": "open"}
    read = Room.read("r", stored)
    assert read.changed() == {}
    read.facts["status"] = "solved"
    assert read.changed() == {"status": "solved"}
    assert stored["status"] == "open"


def test_what_is_written_down_is_read_back_the_same() -> None:
    first = room()
    first.heard(comment(), None)
    again = Room.read(first.id, {"c": "meta", **first.changed()})
    assert again.places == first.places
    assert again.facts == first.facts
    assert again.changed() == {}


def test_a_place_that_changed_inside_is_a_change() -> None:
    stored = room()
    stored.heard(comment(), None)
    again = Room.read(stored.id, {"c": "meta", **stored.changed()})
    again.places[place_of(comment())]["used"] = "c1"
    assert list(again.changed()) == ["places"]


def test_an_empty_room_has_neither_ticket_nor_status() -> None:
    empty = Room.read("r", {})
    assert (empty.ticket, empty.desk, empty.status, empty.time("opened_at")) == ("", "", None, None)
    assert (empty.earlier(), empty.said()) == ([], [])
    assert room(status="on_hold").status is Status.ON_HOLD


# --- notes ------------------------------------------------------------------------------------------


def test_the_same_reasons_make_the_same_note_once() -> None:
    here = room()
    first, again = note_event(here, "a", "held", "e1"), note_event(here, "b", "held", "e1")
    assert first["e"] == again["e"]
    assert note_event(here, "a", "held", "e2")["e"] != first["e"]
    assert note_event(Room.read("other", {}), "a", "held", "e1")["e"] != first["e"]


def test_a_note_goes_into_the_lane_to_the_helpdesk_in_our_own_name() -> None:
    note = note_event(room(), "Not delivered", "x")
    assert (note["lane"], note["room"], note["c"]) == ("in", "r" * 32, OURS)
    assert json.loads(note["f"]["doc"])["text"] == "Not delivered"


def test_the_place_is_named_by_the_conversation() -> None:
    heard = room()
    heard.heard(comment(), None)
    assert list(heard.places) == [conversation_key("facebook", "1", "post", "7")]


# --- what is known of its ticket ----------------------------------------------------------------------


def test_of_answers_the_last_ten_that_all_could_read_are_kept() -> None:
    here = room()
    for number in range(12):
        here.spoke({"id": str(number), "public": True}, NOON)
    for never in ({"id": "x", "public": False}, {"id": "x"}, {"public": True}, {}):
        here.spoke(never, NOON)
    kept = json.loads(here.facts["spoken"])
    assert [one["id"] for one in kept] == [str(number) for number in range(2, 12)]


@pytest.mark.parametrize(("ticket", "linked"), [("7", ["zendesk", "99"]), ("8", None)])
def test_an_incident_is_that_of_the_ticket_it_was_linked_to(
    ticket: str, linked: list[str] | None
) -> None:
    assert room(ticket=ticket, problem="7 zendesk:99").problem == linked


def test_who_goes_by_another_id_is_answered_there_and_the_others_where_they_are() -> None:
    here = room()
    for person in ("7", "8"):
        here.places[person] = {"account": "1", "person": person, "thread": f"1:{person}"}
    here.places["group"] = {"account": "1", "person": "7", "thread": "a group"}
    here.rename("7", "9")
    found = {name: (one["person"], one["thread"]) for name, one in here.places.items()}
    assert found == {"7": ("9", "1:9"), "8": ("8", "1:8"), "group": ("9", "a group")}
