"""What Meta's usage headers tell of the budgets: the highest of each, and nothing of rubbish."""

from __future__ import annotations

import json

import pytest

from bridge.channels.usage import LONGEST, headers
from bridge.core.limits import Told


def told(app: object = None, business: object = None) -> dict[str, Told]:
    return headers(
        {"x-app-usage": json.dumps(app), "x-business-use-case-usage": json.dumps(business)}
    )


def test_the_most_used_of_what_is_counted_counts() -> None:
    assert told({"call_count": 28, "total_time": 75, "total_cputime": 25}) == {
        "app": Told(percent=75.0)
    }
    one, other = {"call_count": 5, "total_time": 90}, {"call_count": 60}
    assert told(business={"1": [one], "2": [other]}) == {"meta": Told(percent=90.0)}


@pytest.mark.parametrize(
    ("minutes", "reset"), [(0, None), (7, 420.0), (99_999, LONGEST), (-3, None), ("7", None)]
)
def test_the_longest_wait_counts_and_is_bounded(minutes: object, reset: float | None) -> None:
    used = {"call_count": 100, "estimated_time_to_regain_access": minutes}
    assert told(business={"1": [{"call_count": 1}, used]}) == {
        "meta": Told(percent=100.0, reset=reset)
    }


@pytest.mark.parametrize(
    "usage", [None, [], 5, {}, {"call_count": "many"}, {"call_count": -1}, {"call_count": 1e6},
              {"call_count": float("nan")}, {"else": 5}]
)  # fmt: skip
def test_rubbish_tells_nothing(usage: object) -> None:
    assert told(usage, {"1": [usage]}) == {}
    assert headers({"x-app-usage": "{" * 100_000}) == {}
