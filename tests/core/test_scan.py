"""One look at the words for all rules: the same answers as asking each rule by itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bridge.core.conditions import condition
from bridge.core.facts import View
from bridge.core.scan import Scan

WORDS = ("refund", "refunds", "ref", "zwrot", "zwrotu", "money", "back", "not", "😡", "don't", "l")
PHRASES = (
    "refund", "money back", "zwrot*", "ref*", "not refund", "zwrot* money", "refund money*", "😡",
    "don't", "l*",
)  # fmt: skip

texts = some.lists(some.sampled_from(WORDS), max_size=6).map(" ".join)
asked = some.lists(some.sampled_from(PHRASES), min_size=1, max_size=4)
of_text = some.one_of(
    asked.map(lambda several: {"text": {"any_of": several}}),
    asked.map(lambda several: {"text": {"none_of": several}}),
    some.tuples(asked, asked).map(
        lambda pair: {"text": {"any_of": pair[0], "none_of": pair[1]}, "channel": "facebook"}
    ),
)
others = some.sampled_from(
    [{"kind": "dm"}, {"kind": ["comment", "dm"]}, {"rating": {"at_most": 2}}, {"question": True}]
)
wholes = some.one_of(
    of_text,
    others,
    some.tuples(others, of_text).map(lambda pair: {**pair[0], **pair[1]}),
    some.tuples(of_text, others).map(lambda pair: {"any": [*pair]}),
    of_text.map(lambda one: {"kind": "comment", "not": one}),
    some.tuples(others, of_text).map(lambda pair: {"all": [*pair], "visibility": "public"}),
)


def seen(text: str) -> View:
    return View({"text": text, "kind": "comment", "channel": "facebook", "visibility": "public"})


@given(texts, some.lists(some.one_of(some.none(), wholes), max_size=6))
def test_every_rule_gets_the_answer_that_it_gets_alone(text: str, asking: list[Any]) -> None:
    conditions = [condition(one) if one else None for one in asking]
    alone, together = seen(text), seen(text)
    wanted = [one.failure(alone) if one else None for one in conditions]
    assert list(Scan(conditions).failures(together)) == wanted
    assert together.read == alone.read


@pytest.mark.parametrize("text", ["", " ", "zwrotów 😡😡 l'avocat DON’T", "x" * 120_000])
def test_words_are_looked_up_as_rules_compare_them(text: str) -> None:
    conditions = [condition({"text": {"any_of": [phrase]}}) for phrase in PHRASES]
    wanted = [one.failure(seen(text)) for one in conditions]
    assert list(Scan(conditions).failures(seen(text))) == wanted


def test_nothing_is_asked_before_it_is_wanted() -> None:
    view = seen("a refund")
    failures = iter(Scan([condition({"kind": "dm"}), condition({"urgent": True})]).failures(view))
    next(failures)
    assert view.read == {}
    next(failures)
    assert set(view.read) == {"urgent"}
