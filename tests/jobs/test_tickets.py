"""What the fields of a ticket are filled from."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.core.mapping import HelpdeskMap, apply
from bridge.core.model import Kind, Message, Visibility
from bridge.core.rules import Escalation
from bridge.core.sentiment import Felt
from bridge.jobs.room import Room
from bridge.jobs.tickets import _facts

MESSAGE = Message(
    channel="facebook", account_id="1", kind=Kind.COMMENT, external_id="1", thread_id="1",
    visibility=Visibility.PUBLIC, author=None, text="worst service, call +44 7700 900123", dedupe="1",
)  # fmt: skip


def filled(asked: str, message: Message = MESSAGE, scorer: Any = None, **more: Any) -> Any:
    desk_map = HelpdeskMap(fields={"it": {"id": 7, "from": asked, **more}})
    facts = _facts(message, Room("r", {"language": "en"}, {}), desk_map, scorer)
    return apply(desk_map, Escalation(), facts).fields.get("7")


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        ("language", "en"), ("sentiment", -0.96), ("sentiment_source", "words"), ("praise", False),
        ("personal_data", ["phone"]), ("channel", "facebook"), ("rating", None),
    ],
)  # fmt: skip
def test_a_field_may_be_filled_from_a_signal(asked: str, value: object) -> None:
    told = filled(asked)
    assert (told < -0.5) if asked == "sentiment" else (told == value)


def test_the_tools_own_mood_fills_it_first() -> None:
    assert filled("sentiment", replace(MESSAGE, sentiment=0.5)) == 0.5


def test_another_reader_fills_it_in_our_place() -> None:
    assert filled("sentiment", scorer=lambda *_: Felt(0.25, "ours")) == 0.25


def test_a_signal_that_no_field_asks_for_is_not_worked_out() -> None:
    assert filled("channel", scorer=lambda *_: pytest.fail("asked")) == "facebook"
