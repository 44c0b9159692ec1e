"""How often Freshdesk may be asked, and what its answers say of it.

The smallest paid plan (Growth) is assumed until an answer tells the account's own; all budgets grow alike,
which never takes more than a larger plan allows. Everything that uses the account shares them, and
refused requests count too.
Source: "Rate limit" of Freshdesk's API v2 page, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bridge.core.limits import Told

LIMITS = {
    "account": (200, 60.0),
    "creates": (80, 60.0),
    "updates": (80, 60.0),
    "lists": (20, 60.0),
}

_COUNT = re.compile(r"\A([0-9]{1,9})(\.[0-9]{1,9})?\Z")
BY_THE_HOUR = 3000  # old accounts have so many an hour, and no plan has so many a minute


def headers(answer: Mapping[str, str]) -> dict[str, Told]:
    """The account's budget, as `X-RateLimit-Total` and `-Remaining` tell (`100.0` was seen)."""
    total, left = _count(answer, "x-ratelimit-total"), _count(answer, "x-ratelimit-remaining")
    if total is not None and not 0 < total < BY_THE_HOUR:
        total = None
    if left is not None and left >= BY_THE_HOUR:
        left = None
    return {} if total is left is None else {"account": Told(total=total, left=left)}


def _count(answer: Mapping[str, str], name: str) -> int | None:
    match = _COUNT.match(answer.get(name, "").strip())
    return int(match[1]) if match else None
