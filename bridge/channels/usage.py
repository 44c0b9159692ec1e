"""How often Meta may be asked, and what its answers say of it.

Most of Meta's limits grow with the number of people who use the app, so that nobody knows them before;
its answers tell how much of them is used, in percent. What is counted here is what is said in numbers.
Source: facts collected from Meta's "Rate Limits" and from senders' experience, read 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bridge.core.limits import Told
from bridge.core.untrusted import items, mapping, number

HOUR, DAY = 3600.0, 86400.0
LONGEST = 6 * HOUR  # of what is told: then it is asked again

LIMITS = {
    "app": (300, 1.0),  # no limit of Meta's: ours, so that a mistake of ours is no storm
    "meta": (300, 1.0),  # one account: what Messenger and Instagram take of messages
    "talks": (2, 1.0),  # the lists of private talks
    "private": (750, HOUR),  # private replies to comments
    "number": (80, 1.0),  # messages of a WhatsApp number; 20 where it is used in the app as well
    "pair": (10, 60.0),  # to one person: one in six seconds, and some of them borrowed
    "threads": (1000, DAY),  # replies on Threads
}


def headers(answer: Mapping[str, str]) -> dict[str, Told]:
    """How much the app and the account have used, by the usage headers.

    `X-App-Usage` is `{"call_count": 28, "total_time": 25, "total_cputime": 25}`, of which the highest
    counts; `X-Business-Use-Case-Usage` is a list of such for each business, with the minutes after
    which one that is used up may go on.
    """
    told = {}
    if app := list(_percents(_read(answer, "x-app-usage"))):
        told["app"] = Told(percent=max(app))
    cases = [
        mapping(one)
        for many in _read(answer, "x-business-use-case-usage").values()
        for one in items(many)
    ]
    if account := [one for case in cases for one in _percents(case)]:
        minutes = max(number(case.get("estimated_time_to_regain_access")) or 0 for case in cases)
        reset = min(minutes * 60.0, LONGEST) if minutes > 0 else None
        told["meta"] = Told(percent=max(account), reset=reset)
    return told


def _read(answer: Mapping[str, str], name: str) -> Mapping[str, Any]:
    try:
        return mapping(json.loads(answer.get(name, "")))
    except (ValueError, RecursionError):
        return {}


def _percents(usage: Mapping[str, Any]) -> Iterator[float]:
    for name in ("call_count", "total_time", "total_cputime"):
        count = number(usage.get(name))
        if count is not None and 0 <= count < 1e6:  # NaN is neither
            yield float(count)
