"""Words under way belong to what they answer, wherever the customer has gone on since."""

from __future__ import annotations

import json

from bridge.jobs.posting import _place
from bridge.jobs.room import Room

NOW = {"channel": "facebook", "item": "2", "answer": {"comment_id": "2"}, "last_in": "later"}
ROOM = Room("r", {}, {"here": NOW})


def test_the_item_is_the_one_that_was_answered_and_the_rest_is_as_it_is_now() -> None:
    intent = {"place": "here", "item": "1", "answer": json.dumps({"comment_id": "1"})}
    assert _place(ROOM, intent) == {**NOW, "item": "1", "answer": {"comment_id": "1"}}
    assert ROOM.places["here"] is NOW


def test_what_an_earlier_release_has_recorded_goes_where_the_place_is_now() -> None:
    assert _place(ROOM, {"place": "here"}) == NOW


def test_a_place_that_is_gone_is_none() -> None:
    assert _place(ROOM, {"place": "elsewhere", "item": "1", "answer": "{}"}) == {}
