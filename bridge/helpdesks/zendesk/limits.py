"""How often Zendesk may be asked, and what its answers say of it.

The plans Growth and Professional are assumed until an answer tells the account's own.
Source: "Rate limits", developer.zendesk.com, and headers of recorded answers, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bridge.core.limits import Told

LIMITS = {
    "account": (400, 60.0),
    "updates": (100, 60.0),
    "ticket": (30, 600.0),
    "webhooks": (100, 60.0),  # what sets webhooks up has a budget of its own
}

_TOTAL = ("x-rate-limit", "ratelimit-limit", "rate-limit-limit")
_LEFT = ("x-rate-limit-remaining", "ratelimit-remaining", "rate-limit-remaining")
_RESET = ("ratelimit-reset", "rate-limit-reset")
_PART = re.compile(r"(total|remaining|resets)\s*=\s*([0-9]{1,9})")


def headers(answer: Mapping[str, str]) -> dict[str, Told]:
    """What an answer's headers tell of the budgets."""
    total, left, reset = (_least(answer, names) for names in (_TOTAL, _LEFT, _RESET))
    told: dict[str, Told] = {}
    if total is not None or left is not None:
        told["account"] = Told(total=total or None, left=left, reset=_seconds(reset))
    for name, value in answer.items():
        # `zendesk-ratelimit-per-ticket-updates: total=30; remaining=29; resets=468`; older
        # answers say zendesk-rate-limit-tickets-update.
        if not name.startswith(("zendesk-ratelimit-", "zendesk-rate-limit-")):
            continue
        parts = {word: int(count) for word, count in _PART.findall(value)}
        if "remaining" not in parts:
            continue
        one = Told(
            total=parts.get("total") or None,
            left=parts["remaining"],
            reset=_seconds(parts.get("resets")),
        )
        if "per-ticket-update" in name:
            told["ticket"] = one
        elif "tickets-update" in name and (one.left == 0 or (one.total or 0) >= 100):
            # Smaller totals were recorded, and may be one ticket's.
            told["updates"] = one
    return told


def _least(answer: Mapping[str, str], names: tuple[str, ...]) -> int | None:
    found = (answer.get(name, "").strip()[:10] for name in names)
    return min((int(one) for one in found if one.isascii() and one.isdecimal()), default=None)


def _seconds(count: int | None) -> float | None:
    """Until a budget is whole again; more than an hour is no time that a budget here takes."""
    return float(count) if count is not None and 0 < count <= 3600 else None
