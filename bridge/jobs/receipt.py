"""Why an event ended as it did: the rules tried, the values seen, what was done and what came of it.

Receipts are many and alike, so they lie in Redis packed: `z` and base64 of deflated JSON.
"""

from __future__ import annotations

import base64
import json
import zlib
from datetime import datetime
from typing import Any

from bridge.core.rules import Decision


def pack(receipt: dict[str, Any]) -> str:
    """*receipt* as a short text."""
    plain = json.dumps(receipt, separators=(",", ":"), ensure_ascii=False, default=str)
    return "z" + base64.b64encode(zlib.compress(plain.encode("utf-8", "replace"), 6)).decode()


def unpack(text: str | None) -> dict[str, Any]:
    """The receipt *text* holds; empty when there is none."""
    if not text:
        return {}
    plain = zlib.decompress(base64.b64decode(text[1:])) if text[:1] == "z" else text
    return json.loads(plain)  # type: ignore[no-any-return]


def of_decision(decision: Decision, rules_hash: str) -> dict[str, Any]:
    """The part of a receipt that says how the rules decided."""
    return {
        "v": 1,
        "rule": decision.rule,
        "outcome": decision.outcome,
        "reason": decision.reason,
        "rules_hash": rules_hash,
        "tried": [
            {
                "rule": one.rule,
                "matched": one.matched,
                "failed": None
                if one.condition is None
                else {"condition": one.condition, "value": _short(one.value)},
            }
            for one in decision.tried
        ],
    }


def action(at: datetime, what: str, result: str) -> dict[str, str]:
    """One thing that was done."""
    return {"at": at.isoformat(), "what": what, "result": result}


def _short(value: Any) -> Any:
    return value[:120] if isinstance(value, str) else value
