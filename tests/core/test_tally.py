"""How often each rule matched, in the order of the file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bridge.core.receipt import matched
from bridge.core.tally import Tally, tallies

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_rules_stand_in_the_order_of_the_file_also_those_that_never_matched() -> None:
    counts = {"refund": (3, NOW), "safety": (1, NOW)}
    found = tallies(["safety", "quiet", "refund"], counts)
    assert [(one.rule, one.matches, one.last) for one in found] == [
        ("safety", 1, NOW), ("quiet", 0, None), ("refund", 3, NOW),
    ]  # fmt: skip


def test_what_a_rule_would_have_matched_in_the_shadow_is_counted_apart() -> None:
    later = NOW + timedelta(hours=1)
    (found,) = tallies(["refund"], {"refund": (3, NOW), "shadow refund": (40, later)})
    assert found == Tally(rule="refund", matches=3, shadow=40, last=later)


def test_tickets_that_left_a_rules_group_are_counted_apart_and_match_nothing() -> None:
    (found, gone) = tallies(["refund"], {"refund": (3, NOW), "moved refund": (2, NOW),
                                         "moved old": (1, NOW)})  # fmt: skip
    assert found == Tally(rule="refund", matches=3, moved=2, last=NOW)
    assert gone == Tally(rule="old", moved=1, in_force=False)


def test_what_was_counted_for_rules_that_are_gone_comes_last() -> None:
    found = tallies(["b"], {"shadow old": (2, NOW), "b": (1, NOW), "a": (5, NOW)})
    assert [(one.rule, one.in_force) for one in found] == [
        ("b", True),
        ("a", False),
        ("old", False),
    ]


def test_a_receipt_counts_the_rules_that_matched_and_no_others() -> None:
    tried = [
        {
            "rule": "one",
            "matched": False,
            "failed": {"condition": "kind is dm", "value": "comment"},
        },
        {"rule": "two", "matched": True, "shadow": True, "failed": None},
        {"rule": "three", "matched": True, "failed": None},
    ]
    assert matched({"tried": tried}) == ["shadow two", "three"]
    assert matched({"v": 1, "outcome": "append"}) == []
