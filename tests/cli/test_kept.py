"""How far back: commands that look at what was kept know the lengths that rules know."""

from __future__ import annotations

import argparse
from datetime import timedelta

import pytest

from bridge.cli.parts import length


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("4w", timedelta(weeks=4)),
        ("1d 12h", timedelta(hours=36)),
        ("2 weeks", timedelta(weeks=2)),
    ],
)
def test_a_length_is_read_as_in_rules(text: str, found: timedelta) -> None:
    assert length(text) == found


@pytest.mark.parametrize("text", ["", "0h", "soon", "-3d", "30", "2026-11-22", "9999w"])
def test_what_is_no_length_is_answered_with_one(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="such as 30m, 12h or 30d"):
        length(text)
