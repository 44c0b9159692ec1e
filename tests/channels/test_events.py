"""What no single payload shows of events: which two are the same one, whose they are, how much of them is kept."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from bridge.channels import meta, telegram
from bridge.core.model import Delivery, Kind, Message, Visibility

PAGE = "1067"
POST = f"{PAGE}_2000"
EDIT = {
    "item": "comment", "verb": "edited", "post_id": POST, "parent_id": POST, "comment_id": "2000_31",
    "created_time": 1795341595, "message": "now", "from": {"id": "24", "name": "Ana"},
}  # fmt: skip
REVIEW = {
    "item": "rating", "verb": "add", "open_graph_story_id": "904", "created_time": 1795341595,
    "rating": 2, "recommendation_type": "NEGATIVE", "review_text": "bad", "reviewer_id": "24",
}  # fmt: skip
PHOTO = {
    "item": "photo", "verb": "add", "post_id": POST, "created_time": 1795341595, "message": "look",
    "from": {"id": "24"},
}  # fmt: skip


def page(**lists: Any) -> list[Message]:
    entry = {"id": PAGE, "time": 1795341600, **lists}
    body = json.dumps({"object": "page", "entry": [entry]}).encode()
    return meta.parse(Delivery(connection="meta", source="meta", body=body))


def change(field: str, value: Any) -> Message:
    (found,) = page(changes=[{"field": field, "value": value}])
    return found


def direct(**item: Any) -> Message:
    whole = {"sender": {"id": "31"}, "recipient": {"id": PAGE}, "timestamp": 1795341595000, **item}
    (found,) = page(messaging=[whole])
    return found


@pytest.mark.parametrize(
    ("field", "event", "other"),
    [
        ("feed", EDIT, {"message": "now again"}),  # edited twice, in the same second
        ("feed", EDIT, {"verb": "add"}),
        ("feed", EDIT, {"verb": "remove"}),
        ("feed", EDIT, {"verb": "hide"}),
        ("feed", {**EDIT, "verb": "hide"}, {"verb": "unhide"}),
        ("feed", EDIT, {"comment_id": "2000_32"}),
        ("feed", EDIT, {"created_time": 1795341596}),
        ("feed", PHOTO, {"item": "status"}),  # the text and the photo of one post come alone
        ("ratings", REVIEW, {"rating": 1}),
        ("ratings", REVIEW, {"recommendation_type": "POSITIVE"}),
        ("ratings", REVIEW, {"review_text": "worse"}),
        ("ratings", REVIEW, {"created_time": 1795341596}),  # taken back and written once more
    ],
)
def test_another_change_on_a_page_is_another_event(
    field: str, event: dict[str, Any], other: dict[str, Any]
) -> None:
    first = change(field, event)
    assert first.kind is not first.kind.OTHER
    assert change(field, {**event, **other}).dedupe != first.dedupe
    assert change(field, copy.deepcopy(event)).dedupe == first.dedupe


@pytest.mark.parametrize(
    "other", [{"from": {"id": "24", "name": "Ana Nowak"}}, {"post": {"id": POST}}]
)
def test_what_is_told_beside_a_change_makes_no_other_event(other: dict[str, Any]) -> None:
    assert change("feed", {**EDIT, **other}).dedupe == change("feed", EDIT).dedupe


def edit(words: str, **more: Any) -> Message:
    return direct(message_edit={"mid": "m_1", "text": words, **more})


def test_an_edited_message_is_another_event_for_each_edit() -> None:
    assert edit("a", num_edit=1).dedupe != edit("a", num_edit=2).dedupe
    assert edit("a", num_edit=1).dedupe == edit("a", num_edit=1).dedupe
    # Without a count the words tell.
    assert edit("a").dedupe != edit("b").dedupe
    assert edit("a").dedupe == edit("a").dedupe


def test_a_message_its_edit_and_its_end_are_three_events() -> None:
    said = direct(message={"mid": "m_1", "text": "a"})
    gone = direct(message={"mid": "m_1", "is_deleted": True})
    assert len({said.dedupe, edit("a", num_edit=1).dedupe, gone.dedupe}) == 3
    assert {one.external_id for one in (said, edit("a"), gone)} == {"m_1"}


def test_the_same_message_heard_as_owner_and_from_aside_is_one_event() -> None:
    item = {
        "sender": {"id": "31"}, "recipient": {"id": PAGE}, "timestamp": 1795341595000,
        "message": {"mid": "m_1", "text": "a"},
    }  # fmt: skip
    heard, aside = page(messaging=[item], standby=[item])
    assert heard.dedupe == aside.dedupe
    assert (heard.extra, aside.extra) == ({}, {"standby": True})


def test_a_receipt_heard_as_owner_and_from_aside_is_two() -> None:
    """It has no name of its own, and what a bot may ignore is not what we may."""
    item = {"sender": {"id": "31"}, "recipient": {"id": PAGE}, "postback": {"payload": "HELP"}}
    heard, aside = page(messaging=[item], standby=[item])
    assert heard.dedupe != aside.dedupe


@pytest.mark.parametrize("sign", [{"is_echo": True}, {"is_self": True}, {}])
def test_what_the_page_itself_wrote_is_its_own_with_and_without_a_sign(
    sign: dict[str, Any],
) -> None:
    own = direct(
        sender={"id": PAGE}, recipient={"id": "31"}, message={"mid": "m_1", "text": "a", **sign}
    )
    assert (own.own, own.ignored, own.person) == (True, "own", "31")


def test_whether_a_comment_is_the_pages_own_is_unknown_where_the_page_is_not_named() -> None:
    body = {"object": "page", "entry": [{"changes": [{"field": "feed", "value": EDIT}]}]}
    (found,) = meta.parse(
        Delivery(connection="meta", source="meta", body=json.dumps(body).encode())
    )
    assert (found.account_id, found.own) == (None, None)


def test_what_the_dashboard_tries_is_a_test_and_what_is_broken_in_it_is_broken() -> None:
    body = {
        "object": "page",
        "entry": [{"id": "0", "changes": [{"field": "feed", "value": EDIT}, 5]}],
    }
    tried, spoilt = meta.parse(
        Delivery(connection="meta", source="meta", body=json.dumps(body).encode())
    )
    assert tried.ignored == "test"
    assert (spoilt.ignored, spoilt.extra) == (
        "broken item: the item is not an object", {"broken": True},
    )  # fmt: skip


def test_of_what_a_bot_says_as_it_hands_over_so_much_is_kept() -> None:
    handed = direct(pass_thread_control={"new_owner_app_id": "1", "metadata": " a" * 5000})
    assert handed.ignored is None
    assert handed.extra["handover"] == ("a " * 500)[:999]


def update(number: int | None, **more: Any) -> Message:
    told = {
        "message_id": 7, "date": 1795341595, "chat": {"id": 500, "type": "private"},
        "from": {"id": 500, "first_name": "Ana"}, "text": "hi", **more,
    }  # fmt: skip
    body = {"message": told} if number is None else {"update_id": number, "message": told}
    (found,) = telegram.SOURCE.parse(
        Delivery(connection="telegram", source="telegram", body=json.dumps(body).encode())
    )
    return found


def test_an_update_of_telegram_is_named_by_its_number_and_what_it_is_about() -> None:
    """The numbers begin anew after a quiet week; without one the whole of it is its name."""
    assert update(1).dedupe == update(1).dedupe
    assert update(1).dedupe != update(2).dedupe
    assert update(1).dedupe != update(1, message_id=8).dedupe
    assert update(None).dedupe == update(None).dedupe
    assert update(None).dedupe != update(None, text="ho").dedupe


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("private", Visibility.PRIVATE),
        ("group", Visibility.PUBLIC),
        ("supergroup", Visibility.PUBLIC),
    ],
)
def test_what_is_said_in_a_group_is_public_also_by_a_button(kind: str, seen: Visibility) -> None:
    chat = {"id": 500 if kind == "private" else -1001, "type": kind}
    pressed = {
        "id": "q1",
        "from": {"id": 500},
        "data": "HELP",
        "message": {"message_id": 7, "chat": chat},
    }
    body = json.dumps({"update_id": 1, "callback_query": pressed}).encode()
    (found,) = telegram.SOURCE.parse(Delivery(connection="t", source="telegram", body=body))
    assert (found.visibility, found.answer["chat_type"]) == (seen, kind)
    assert update(1, chat=chat).visibility is seen


def test_what_telegrams_own_account_brings_into_a_group_is_the_channels_post() -> None:
    """Older forwards have no sign but their author."""
    group = {"id": -1001, "type": "supergroup"}
    post = update(1, chat=group, **{"from": {"id": 777000, "first_name": "Telegram"}})
    assert (post.kind, post.own, post.author) == (Kind.POST, True, None)
    said = update(1, chat=group)
    assert (said.kind, said.own) == (Kind.DM, False)
