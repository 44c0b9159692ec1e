"""Whether a message that comes needs anything, by what is known of it already."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.core.model import Change, Kind, Message, Visibility
from bridge.jobs.edits import overtaken
from bridge.store import Event

CREATED, EDITED = Change.CREATED, Change.EDITED
DELETED, EDIT_FIRST = "deleted before it was handled", "its edit came first and was handled"
BACK, KNOWN = "read back before its webhook came", "known already"


@pytest.mark.parametrize(
    ("change", "says", "reason"),
    [
        (CREATED, {}, None),
        (CREATED, {"on": "1", "text": "hello"}, KNOWN),
        (CREATED, {"seen": "1", "text": "hello"}, KNOWN),
        (CREATED, {"on": "1", "text": "other words"}, None),
        (CREATED, {"text": "hello"}, None),  # nobody has handled it
        (CREATED, {"deleted": "1"}, DELETED),
        (EDITED, {"deleted": "1"}, DELETED),
        (CREATED, {"edited": "1", "on": "1", "text": "later words"}, EDIT_FIRST),
        (EDITED, {"edited": "1", "on": "1", "text": "earlier words"}, None),
        (EDITED, {"on": "1", "text": "hello"}, None),  # whether the words changed is asked later
        (CREATED, {"late": "1", "on": "1", "text": "other words"}, BACK),
    ],
)
def test_what_is_known_of_a_message_tells_whether_it_needs_anything(
    change: Change, says: dict[str, str], reason: str | None
) -> None:
    assert overtaken(told(), message(change), says) == reason


@pytest.mark.parametrize(("seen", "reason"), [("2", None), ("1", EDIT_FIRST), ("0", EDIT_FIRST)])
def test_what_is_read_back_after_an_edit_has_its_words(seen: str, reason: str | None) -> None:
    says = {"edited": "1", "on": "1", "text": "words before"}
    assert overtaken(told(seen=seen), message(CREATED, late=True), says) == reason
    assert overtaken(told(seen=seen), message(CREATED), says) == EDIT_FIRST


def test_what_is_read_back_again_is_compared_by_its_words() -> None:
    says = {"late": "1", "on": "1", "text": "other words"}
    assert overtaken(told(), message(CREATED, late=True), says) is None


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ({"seen": "1", "text": "hello"}, None),
        ({"on": "1", "text": "hello"}, "on its ticket already"),
        ({"deleted": "1", "on": "1"}, DELETED),
    ],
)
def test_what_an_agent_asks_for_is_known_and_needs_a_ticket_still(
    says: dict[str, str], reason: str | None
) -> None:
    assert overtaken(told(asked="1"), message(CREATED), says) == reason


def told(**fields: str) -> Event:
    return Event("e1", "meta", 0.0, "m", {}, fields, {})


def message(change: Change, **extra: Any) -> Message:
    return Message(
        channel="facebook", account_id="1", kind=Kind.COMMENT, external_id="9", thread_id="9",
        visibility=Visibility.PUBLIC, dedupe="9", change=change, text="hello", author=None, extra=extra,
    )  # fmt: skip
