"""How often Zendesk may be asked, and what its answers say is left.

Source: "Rate limits", developer.zendesk.com, and headers of recorded answers, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

LIMITS = {"account": (400, 60.0), "updates": (100, 60.0), "ticket": (30, 600.0)}

_ACCOUNT_LEFT = ("x-rate-limit-remaining", "ratelimit-remaining", "rate-limit-remaining")
_LEFT = re.compile(r"remaining\s*=\s*([0-9]{1,9})")


def headers(answer: Mapping[str, str]) -> dict[str, int]:
    """What is left of the budgets, as an answer's headers tell: budget -> requests."""
    left: dict[str, int] = {}
    counts = [answer[name] for name in _ACCOUNT_LEFT if answer.get(name, "").isdecimal()]
    if counts:
        left["account"] = min(int(count[:9]) for count in counts)
    for name, value in answer.items():
        # `zendesk-ratelimit-per-ticket-updates: total=30; remaining=29; resets=468`; older
        # answers say zendesk-rate-limit-tickets-update.
        if not name.startswith(("zendesk-ratelimit-", "zendesk-rate-limit-")):
            continue
        match = _LEFT.search(value)
        if match and "per-ticket-update" in name:
            left["ticket"] = int(match[1])
        elif match and "tickets-update" in name:
            left["updates"] = int(match[1])
    return left
