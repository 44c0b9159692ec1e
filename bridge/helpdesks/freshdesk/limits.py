"""How often Freshdesk may be asked, and what its answers say is left.

The smallest paid plan (Growth) is assumed; with `requests_per_minute` all budgets grow alike, which
never takes more than a larger plan allows. Everything that uses the account shares them, and refused
requests count too.
Source: "Rate limit" of Freshdesk's API v2 page, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

LIMITS = {
    "account": (200, 60.0),
    "creates": (80, 60.0),
    "updates": (80, 60.0),
    "lists": (20, 60.0),
}

_COUNT = re.compile(r"\A([0-9]{1,9})(\.[0-9]{1,9})?\Z")


def headers(answer: Mapping[str, str]) -> dict[str, int]:
    """What is left of the account's budget, as `X-RateLimit-Remaining` tells (`100.0` was seen)."""
    match = _COUNT.match(answer.get("x-ratelimit-remaining", "").strip())
    return {"account": int(match[1])} if match else {}
