"""One answer for all: its wordings, what is shown before, what is told afterwards."""

from __future__ import annotations

import pytest

from bridge.core import fanout
from bridge.core.commands import command
from bridge.core.crowds import Member


def member(number: int, who: str = "Ana Nowak", channel: str = "Facebook") -> Member:
    return Member(room=f"r{number}", channel=channel, who=who, text="", at=None)


def test_wordings_are_parted_by_lines_of_dashes() -> None:
    told = command("/fanout\nHello {first_name},\nit works.\n---\nIt works.\n\n-----\nAll is well.")
    assert told is not None
    assert fanout.wordings(told.lines) == [
        "Hello {first_name},\nit works.",
        "It works.",
        "All is well.",
    ]
    assert fanout.wordings(("One - two",)) == ["One - two"]


@pytest.mark.parametrize(
    ("texts", "wrong"),
    [
        ([], "it needs words"),
        (["Hello {name}"], "{name} stands for nothing"),
        (["Hello {first_name}"], "a wording without {first_name}"),
        (["x" * 2001], "2000 are the most"),
    ],
)
def test_what_cannot_go_to_everybody_is_refused(texts: list[str], wrong: str) -> None:
    assert wrong in str(fanout.problem(texts))


def test_words_for_those_with_and_without_a_name_may_go() -> None:
    assert fanout.problem(["Hello {first_name}", "Hello"]) is None
    assert fanout.problem(["Hello"]) is None


def test_the_preview_counts_people_by_place_and_shows_both_wordings() -> None:
    people = [member(1), member(2, "x_9"), member(3, channel="Messenger")]
    told = fanout.preview(people, ["Hello {first_name}", "Hello you"])
    assert "3 people would hear this. Nothing is sent yet" in told
    assert "Facebook: 2" in told
    assert "With a name:\n| Hello Ana" in told
    assert "Without:\n| Hello you" in told
    assert "one wording" not in told


def test_one_wording_for_many_is_advised_against() -> None:
    people = [member(number) for number in range(11)]
    assert "There is one wording for all" in fanout.preview(people, ["Hello"])


def test_the_report_says_who_was_not_reached_and_why() -> None:
    people = [member(1), member(2, "Tom Kowal"), member(3, "Ewa Lis"), member(4, "Jan Zych")]
    told = fanout.report(
        people, ["delivered", "not delivered: window_closed", None, "not said: capped"]
    )
    assert "said to 1 of 4 people" in told
    assert (
        "Tom Kowal on Facebook: The time in which the platform allows answers here is over" in told
    )
    assert "Ewa Lis on Facebook: It is still on its way" in told
    assert "Jan Zych on Facebook: not said: capped" in told
